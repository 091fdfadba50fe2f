package nodes

import (
	"os"
	"syscall"
)

// attributes puts a node into a group of processes of its own, that ends with the test.
func attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if os.Getuid() == 0 {
		a.Credential = &syscall.Credential{Uid: user, Gid: user}
	}
	return a
}
