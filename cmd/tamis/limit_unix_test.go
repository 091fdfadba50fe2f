//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

func init() {
	limitFiles = func(n uint64) {
		signal.Ignore(syscall.SIGXFSZ)
		limit := syscall.Rlimit{Cur: n, Max: n}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			panic(err)
		}
	}
}
