package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"
)

// grace is how long a command may take to end after a signal.
const grace = 700 * time.Millisecond

// interruptible is a context that a signal ends. What goes on after it all the same
// (a library that cannot be stopped, a read that waits for its input) ends with
// the process, at the latest when the grace is over or at a second signal: an
// index is then as after a crash, which loses nothing that was acknowledged.
func interruptible() context.Context {
	allowed := new(atomic.Int64)
	allowed.Store(int64(grace))
	ctx, cancel := context.WithCancelCause(context.WithValue(context.Background(), graceKey{}, allowed))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		by := interrupt{<-signals}
		cancel(by)
		select {
		case <-signals:
		case <-time.After(time.Duration(allowed.Load())):
		}
		fmt.Fprintln(os.Stderr, "tamis: interrupted at work; what was committed is there, the same command goes on from it")
		os.Exit(by.code())
	}()
	return ctx
}

type graceKey struct{}

// linger makes the grace of a command longer: that of a server, which has others to answer.
func linger(ctx context.Context, d time.Duration) {
	if allowed, ok := ctx.Value(graceKey{}).(*atomic.Int64); ok {
		allowed.Store(int64(d))
	}
}

// interrupt is the signal that ended a command.
type interrupt struct{ os.Signal }

func (i interrupt) Error() string { return "interrupted: " + i.String() }

// code is the exit code by which shells know the signal.
func (i interrupt) code() int {
	if n, ok := i.Signal.(syscall.Signal); ok {
		return 128 + int(n)
	}
	return 1
}
