// Command speed measures tamis beside Lucene and Bleve on the same texts and
// queries in one run: CPU time of the build, bytes of the index, latency of the
// 10 and the 1000 best. It alternates passes between the peers and takes each
// query's minimum over the passes. Before it prints a figure it compares the
// answers of tamis and Lucene and says where they differ; it ends with exit
// status 1 if they do.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/bench/internal/corpora"
	"github.com/tamis-search/tamis/bench/internal/peer"
)

// The engines, in the order of the tables.
const (
	lucene       = "lucene"
	tamis        = "tamis"         // Lucene's analysis, lengths and single field
	tamisDefault = "tamis-default" // analysis and fields of tamis index
	bleve        = "bleve"
)

// slowEvery is how many rounds pass for one in which Bleve takes part.
const slowEvery = 5

var depths = []int{10, 1000}

type options struct {
	data, out      string
	corpora, peers []string
	rounds, warm   int
	wall, whole    bool
}

func main() {
	var o options
	flag.StringVar(&o.data, "data", "", "evaluation data `folder`; default $TAMIS_DATA, else ../shared/data beside the repository")
	flag.StringVar(&o.out, "out", "", "`folder` for corpora, programs and speed.json (default bench/out)")
	corpora := flag.String("corpora", "gosrc,nfx100", "corpora to measure")
	peers := flag.String("peers", strings.Join([]string{lucene, tamis, tamisDefault, bleve}, ","), "engines to measure")
	flag.IntVar(&o.rounds, "rounds", 30, "measured `passes` over the queries (Bleve: a fifth)")
	flag.IntVar(&o.warm, "warm", 20, "`passes` before the measured ones (Bleve: one)")
	flag.BoolVar(&o.whole, "whole", true, "also measure tamis index on GOROOT")
	flag.BoolVar(&o.wall, "wall", false, "latencies in wall time, not CPU time")
	flag.Parse()
	o.corpora, o.peers = strings.Split(*corpora, ","), strings.Split(*peers, ",")
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

// report is the content of speed.json.
type report struct {
	Machine peer.Machine `json:"machine"`
	Rounds  int          `json:"rounds"`
	Clock   string       `json:"clock"` // of the latencies: cpu or wall
	Corpora []*result    `json:"corpora"`
	Whole   *whole       `json:"tamis_index,omitempty"`
}

// result is what was measured on one corpus.
type result struct {
	Name          string             `json:"name"`
	Documents     int                `json:"documents"`
	Queries       int                `json:"queries"`
	Engines       map[string]*engine `json:"engines"`
	Disagreements []string           `json:"disagreements"`
}

type engine struct {
	Build peer.Build          `json:"build"`
	Top   map[string]*latency `json:"top"` // by k
	runs  map[int][][]int64   // by k: nanoseconds by pass and query
	round map[int]map[int]int // by k: round → index in runs
}

type latency struct {
	P50 float64 `json:"p50_us"` // of each query's minimum over the passes
	P99 float64 `json:"p99_us"`
	// Ratios to Lucene; Spread50 and Spread99 are the 10th and the 90th
	// percentile of the ratio between single passes of the same round.
	Ratio50  float64    `json:"ratio_p50,omitempty"`
	Ratio99  float64    `json:"ratio_p99,omitempty"`
	Spread50 [2]float64 `json:"spread_p50,omitzero"`
	Spread99 [2]float64 `json:"spread_p99,omitzero"`
}

func run(o options) error {
	dir, err := peer.Dir()
	if err != nil {
		return err
	}
	if o.data, err = peer.Data(o.data); err != nil {
		return err
	}
	if o.out == "" {
		o.out = filepath.Join(dir, "out")
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	rep := report{Machine: peer.ThisMachine(), Rounds: o.rounds, Clock: "cpu"}
	if o.wall {
		rep.Clock = "wall"
	}
	differ := false
	fmt.Printf("%s, %s, %d CPUs, %s, %d passes, latencies in %s time\n",
		rep.Machine.Date, rep.Machine.CPU, rep.Machine.CPUs, rep.Machine.Go, o.rounds, rep.Clock)
	for _, name := range o.corpora {
		c, err := corpora.Make(name, o.data, o.out)
		if err != nil {
			return fmt.Errorf("corpus %s: %w", name, err)
		}
		res, err := measure(o, dir, c)
		if err != nil {
			return fmt.Errorf("corpus %s: %w", name, err)
		}
		write(os.Stdout, res)
		rep.Corpora = append(rep.Corpora, res)
		differ = differ || len(res.Disagreements) > 0
	}
	if o.whole {
		w, err := indexWhole(dir, o.out)
		if err != nil {
			return err
		}
		rep.Whole = w
		fmt.Printf("\ntamis index GOROOT: %.1f s CPU, %.1f s wall, %.0f MB stored, %d MB resident at most\n",
			w.CPU, w.Wall, float64(w.Bytes)/1e6, w.MaxRSS>>10)
	}
	data, err := json.MarshalIndent(rep, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(o.out, "speed.json"), append(data, '\n'), 0o644); err != nil {
		return err
	}
	if differ {
		return errors.New("tamis and Lucene answer differently: the figures say nothing")
	}
	return nil
}

// command returns the command that runs an engine over c.
func command(name, dir, out string, c corpora.Corpus) (*exec.Cmd, error) {
	args := []string{"--docs", c.Docs, "--queries", c.Queries, "--repeat", strconv.Itoa(c.Repeat)}
	if name == lucene {
		return peer.Lucene(append([]string{"speed"}, args...)...)
	}
	program := name
	if name == tamisDefault {
		program, args = tamis, append(args, "--form", "default")
	}
	binary := filepath.Join(out, program)
	build := exec.Command("go", "build", "-o", binary, "./"+program)
	build.Dir = dir
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build %s: %w\n%s", name, err, text)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	return cmd, nil
}

func measure(o options, dir string, c corpora.Corpus) (*result, error) {
	res := &result{Name: c.Name, Engines: map[string]*engine{}, Disagreements: []string{}}
	processes := map[string]*peer.Process{}
	defer func() {
		for _, p := range processes {
			p.Close()
		}
	}()
	for _, name := range o.peers {
		cmd, err := command(name, dir, o.out, c)
		if err != nil {
			return nil, err
		}
		p, err := peer.Start(name, cmd)
		if err != nil {
			return nil, err
		}
		processes[name] = p
		progress("%s: %s builds", c.Name, name)
		b, err := p.Build()
		if err != nil {
			return nil, err
		}
		res.Documents = b.Documents
		res.Engines[name] = &engine{Build: b, Top: map[string]*latency{}, runs: map[int][][]int64{}, round: map[int]map[int]int{}}
	}
	if err := compare(res, processes); err != nil {
		return nil, err
	}
	for round := -o.warm; round < o.rounds; round++ {
		progress("%s: round %d of %d", c.Name, round+1, o.rounds)
		for _, name := range o.peers {
			if name == bleve && (round < -1 || round > 0 && round%slowEvery != 0) {
				continue
			}
			for _, k := range depths {
				pass, err := processes[name].Pass(k)
				if err != nil {
					return nil, err
				}
				ns := pass.CPU
				if o.wall {
					ns = pass.Wall
				}
				res.Queries = len(ns)
				if e := res.Engines[name]; round >= 0 {
					e.add(k, round, ns)
				}
			}
		}
	}
	progress("")
	for name, p := range processes {
		delete(processes, name)
		if err := p.Close(); err != nil {
			return nil, err
		}
	}
	summarise(res)
	return res, nil
}

func (e *engine) add(k, round int, ns []int64) {
	if e.round[k] == nil {
		e.round[k] = map[int]int{}
	}
	e.round[k][round] = len(e.runs[k])
	e.runs[k] = append(e.runs[k], ns)
}

// compare records where tamis in its Lucene form and Lucene answer differently.
func compare(res *result, processes map[string]*peer.Process) error {
	ours, theirs := processes[tamis], processes[lucene]
	if ours == nil || theirs == nil {
		return nil
	}
	for _, k := range depths {
		a, err := ours.Top(k)
		if err != nil {
			return err
		}
		b, err := theirs.Top(k)
		if err != nil {
			return err
		}
		if len(a) != len(b) {
			return fmt.Errorf("tamis answered %d queries, Lucene %d", len(a), len(b))
		}
		for q := range a {
			if d := peer.Disagreement(a[q], b[q], k); d != "" {
				res.Disagreements = append(res.Disagreements, fmt.Sprintf("query %d, top %d, tamis against Lucene: %s", q+1, k, d))
			}
		}
	}
	return nil
}

func summarise(res *result) {
	base := res.Engines[lucene]
	for _, e := range res.Engines {
		for _, k := range depths {
			best := peer.Minimum(e.runs[k])
			l := &latency{P50: us(best, .5), P99: us(best, .99)}
			e.Top[strconv.Itoa(k)] = l
			if base == nil {
				continue
			}
			theirs := peer.Minimum(base.runs[k])
			l.Ratio50, l.Ratio99 = l.P50/us(theirs, .5), l.P99/us(theirs, .99)
			l.Spread50, l.Spread99 = e.spread(base, k, .5), e.spread(base, k, .99)
		}
	}
}

// spread returns the 10th and 90th percentile, over rounds, of the ratio of the
// q-quantiles of two engines' single passes.
func (e *engine) spread(base *engine, k int, q float64) [2]float64 {
	var ratios []float64
	for round, i := range e.round[k] {
		if j, ok := base.round[k][round]; ok {
			ratios = append(ratios, us(e.runs[k][i], q)/us(base.runs[k][j], q))
		}
	}
	slices.Sort(ratios)
	return [2]float64{peer.Quantile(ratios, .1), peer.Quantile(ratios, .9)}
}

func us(ns []int64, q float64) float64 { return float64(peer.Quantile(ns, q)) / 1000 }

func progress(format string, args ...any) {
	if info, err := os.Stderr.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprintf(os.Stderr, "\r\x1b[K"+format, args...)
	}
}
