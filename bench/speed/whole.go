package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tamis-search/tamis/internal/gosrc"
)

// whole is the cost of "tamis index" on the files that gosrc is made of and all others
// under GOROOT: reading, splitting, both units, storing durably.
type whole struct {
	CPU    float64 `json:"cpu_s"` // user and system time of the process
	Wall   float64 `json:"wall_s"`
	Bytes  int64   `json:"bytes"`      // of everything in the index folder
	MaxRSS int64   `json:"max_rss_kb"` // resident, as the system counts
}

// indexWhole builds the tamis command and indexes GOROOT with it, on all cores.
func indexWhole(dir, out string) (*whole, error) {
	root, err := gosrc.Root()
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(out, "tamis-command")
	build := exec.Command("go", "build", "-o", binary, "./cmd/tamis")
	build.Dir = filepath.Dir(dir)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the tamis command: %w\n%s", err, text)
	}
	store, err := os.MkdirTemp(out, "index")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(store)
	progress("tamis index %s", root)
	cmd := exec.Command(binary, "index", "--index", store, root)
	start := time.Now()
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%.2000s", cmd, err, text)
	}
	w := &whole{Wall: time.Since(start).Seconds()}
	w.CPU = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		w.MaxRSS = u.Maxrss
	}
	progress("")
	return w, filepath.WalkDir(store, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			w.Bytes += info.Size()
		}
		return err
	})
}
