// Package peer runs engines beside each other: one child process an engine,
// which answers one JSON line for each line of its standard input, so that the
// runner can alternate passes between them.
//
//	build    builds the index; answers a Build
//	pass K   runs every query once for its K best; answers a Pass
//	top K    answers [[row, score], …] of every query
//
// Peers of the sparse benchmark keep what they build, so that one process builds and
// another, which holds nothing else, searches:
//
//	load           reads what build wrote
//	set NAME=VALUE …  changes how the next queries are searched
//	batch K        answers {"mean_ns": …}: CPU time a query when the library is given all queries in one call, on one thread
//
// A row is the number of a document in the order of the input, from 0. What
// is timed: making the query from its analysed terms, and finding rows and
// scores of the K best. The words of the query are analysed before.
package peer

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Build is what making an index cost. The texts are in memory when it starts,
// the index is a file or a byte slice when it ends.
type Build struct {
	Documents int `json:"documents"`
	// CPU is the time of the one thread that analyses and indexes, in seconds.
	// A Go process has no such thread: there it is the process's whole CPU
	// time, garbage collection included, under GOMAXPROCS=1.
	CPU float64 `json:"cpu_s"`
	// ProcessCPU is the CPU time of the whole process, which in Lucene's case
	// holds compilation and garbage collection.
	ProcessCPU float64          `json:"process_cpu_s"`
	Wall       float64          `json:"wall_s"`
	IndexBytes int64            `json:"index_bytes"`
	Parts      map[string]int64 `json:"parts,omitempty"` // bytes of parts, by their own names
}

// Pass is what every query cost in one pass, in nanoseconds. CPU is that of the
// searching thread; in a Go process that of the whole process.
type Pass struct {
	Wall []int64 `json:"wall"`
	CPU  []int64 `json:"cpu"`
}

// Hit is a row and its score: [row, score] in JSON.
type Hit struct {
	Row   int
	Score float32
}

// MarshalJSON writes [row, score], the score so that it reads back exactly.
func (h Hit) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "[%d,%s]", h.Row, strconv.FormatFloat(float64(h.Score), 'g', -1, 32)), nil
}

// UnmarshalJSON reads [row, score].
func (h *Hit) UnmarshalJSON(data []byte) error {
	var pair [2]float64
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	h.Row, h.Score = int(pair[0]), float32(pair[1])
	return nil
}

// Engine is a Go engine that holds its texts and queries.
type Engine interface {
	Build() (Build, error)
	Queries() int
	Search(query, k int) ([]Hit, error)
}

// Keeper is an Engine whose index outlives it.
type Keeper interface {
	Load() error
	Set(words []string) error // NAME=VALUE each
}

// Serve answers commands from in until it ends.
func Serve(e Engine, in io.Reader, out io.Writer) error {
	lines, enc := bufio.NewScanner(in), json.NewEncoder(out)
	for lines.Scan() {
		answer, err := serve(e, lines.Text())
		if err != nil {
			return fmt.Errorf("%s: %w", lines.Text(), err)
		}
		if err := enc.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func serve(e Engine, line string) (any, error) {
	command, arg, _ := strings.Cut(line, " ")
	switch command {
	case "build":
		return e.Build()
	case "load", "set":
		k, ok := e.(Keeper)
		if !ok {
			return nil, errors.New("this peer keeps nothing")
		}
		if command == "load" {
			return struct{}{}, k.Load()
		}
		return struct{}{}, k.Set(strings.Fields(arg))
	}
	k, err := strconv.Atoi(arg)
	if err != nil {
		return nil, err
	}
	switch command {
	case "pass":
		p := Pass{make([]int64, e.Queries()), make([]int64, e.Queries())}
		for q := range p.Wall {
			wall, cpu := time.Now(), cpuClock()
			if _, err := e.Search(q, k); err != nil {
				return nil, err
			}
			p.Wall[q], p.CPU[q] = time.Since(wall).Nanoseconds(), cpuClock()-cpu
		}
		return p, nil
	case "top":
		all := make([][]Hit, e.Queries())
		for q := range all {
			if all[q], err = e.Search(q, k); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	return nil, errors.New("unknown command")
}

// Meter measures a build.
type Meter struct {
	wall time.Time
	cpu  int64
}

// StartMeter starts measuring this process.
func StartMeter() Meter { return Meter{time.Now(), cpuClock()} }

// Stop fills in the times of b.
func (m Meter) Stop(b *Build) {
	b.ProcessCPU = float64(cpuClock()-m.cpu) / 1e9
	b.CPU = b.ProcessCPU
	b.Wall = time.Since(m.wall).Seconds()
}

// cpuClock is the CPU time of this process in nanoseconds, 0 where the system does
// not tell.
func cpuClock() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return 0
	}
	return t.Nano()
}

// Process is a running peer.
type Process struct {
	Name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
}

// Start starts cmd, which speaks the protocol on its standard streams; its
// standard error goes to ours.
func Start(name string, cmd *exec.Cmd) (*Process, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return &Process{name, cmd, in, bufio.NewReaderSize(out, 1<<20)}, nil
}

// Build builds the index of p.
func (p *Process) Build() (b Build, err error) {
	err = p.ask("build", &b)
	return b, err
}

// Load reads the index that another process built.
func (p *Process) Load() error { return p.ask("load", &struct{}{}) }

// Set changes how the next queries are searched: NAME=VALUE, separated by blanks.
func (p *Process) Set(words string) error { return p.ask("set "+words, &struct{}{}) }

// Batch returns the mean CPU time of a query in nanoseconds when all are given to the library at once. Not every peer can.
func (p *Process) Batch(k int) (mean float64, err error) {
	var answer struct {
		Mean float64 `json:"mean_ns"`
	}
	err = p.ask("batch "+strconv.Itoa(k), &answer)
	return answer.Mean, err
}

// Resident is the memory of p that is in use now, in bytes, 0 where the system does not tell.
func (p *Process) Resident() int64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	var size, resident int64
	fmt.Sscan(string(data), &size, &resident)
	return resident * int64(os.Getpagesize())
}

// Pass runs all queries once.
func (p *Process) Pass(k int) (pass Pass, err error) {
	err = p.ask("pass "+strconv.Itoa(k), &pass)
	return pass, err
}

// Top returns the k best hits of every query.
func (p *Process) Top(k int) (hits [][]Hit, err error) {
	err = p.ask("top "+strconv.Itoa(k), &hits)
	return hits, err
}

func (p *Process) ask(command string, answer any) error {
	if _, err := fmt.Fprintln(p.in, command); err != nil {
		return fmt.Errorf("%s: %s: %w", p.Name, command, err)
	}
	line, err := p.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, answer)
	}
	if err != nil {
		return fmt.Errorf("%s: answer to %q: %w", p.Name, command, err)
	}
	return nil
}

// Close ends p.
func (p *Process) Close() error {
	if err := p.in.Close(); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%s: %w", p.Name, err)
	}
	return nil
}
