// Command live measures an index that changes while it is searched: bulk
// ingest beside Lucene and Bleve, searching as an index doubles, adding while
// a bulk load runs, searching while segments merge, opening, and a soak of
// writers, deleters and readers that checks every answer.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tamis-search/tamis/bench/internal/peer"
)

func main() {
	programs := map[string]func(args []string) error{
		"ingest": ingest, "ingest-tamis": ingestTamis, "growth": growth, "opening": opening,
		"adding": adding, "merging": merging, "soak": soak, "vectors": vectors,
	}
	var names []string
	for name := range programs {
		names = append(names, name)
	}
	sort.Strings(names)
	usage := "usage: live " + strings.Join(names, "|") + " [-h] [flags]"
	if len(os.Args) < 2 || programs[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	m := peer.ThisMachine()
	to := os.Stdout
	if os.Args[1] == "ingest-tamis" {
		to = os.Stderr // its standard output is the peers' protocol
	}
	fmt.Fprintf(to, "live %s: %s, %s, %d CPUs, %s\n\n", strings.Join(os.Args[1:], " "), m.Date, m.CPU, m.CPUs, m.Go)
	if err := programs[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

// sizeOf is the size of all files in a folder; those that vanish count nothing.
func sizeOf(dir string) (bytes int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			bytes += info.Size()
		}
		return err
	})
	return bytes, err
}

// cpuTime is the CPU time of this process.
func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
