// Command sparse measures engines for learned sparse vectors beside each other: recall against latency, bytes, build time.
//
// Every engine gets the same vectors and queries, runs in a process of its own on one thread and takes each query's time itself.
// Settings are chosen on the first half of the queries and reported on the second. See README.md of this folder.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/bench/internal/peer"
)

// peers are all engines that can run.
var peers = []string{"tamis", "tamis-float32", "exhaustive", "exhaustive-rerank", "bmp", "pisa", "seismic", "sindi"}

type options struct {
	data, out string
	peers     []string
	ks        []int
	targets   []float64
	rounds    int
	wide      bool
	rebuild   bool
	buildOnly bool
	narrow    string
	processor string
}

// report is what the JSON file holds.
type report struct {
	Machine   peer.Machine `json:"machine"`
	Processor string       `json:"processor,omitempty"`
	Data      string       `json:"data"`
	Documents int          `json:"documents"`
	Nonzeros  int          `json:"nonzeros"`
	Tuned     int          `json:"queries_tuned_on"`
	Reported  int          `json:"queries_reported"`
	Rows      []row        `json:"rows"`
	Curves    []row        `json:"curves"`
}

func main() {
	var o options
	names := flag.String("peers", strings.Join(peers, ","), "engines to run")
	ks := flag.String("k", "10,100,1000", "depths at which exact search is measured")
	targets := flag.String("targets", ".9,.95,.99", "recalls at 10 that approximate search is tuned to")
	flag.StringVar(&o.data, "data", "out/sparse/100k", "`folder` with docs.csr and queries.csr, as gen makes it")
	flag.StringVar(&o.out, "out", "", "`file` without extension for the JSON report and the plot (default: the data folder's name under out/sparse)")
	flag.IntVar(&o.rounds, "rounds", 5, "interleaved rounds of the final measurement")
	flag.BoolVar(&o.wide, "wide", false, "the whole documented grids, not only what tuning has left of them")
	flag.BoolVar(&o.rebuild, "rebuild", false, "build indexes anew that are there and younger than vectors and programs")
	flag.BoolVar(&o.buildOnly, "build", false, "only build what is missing: a machine that is busy with other things does no harm to that")
	flag.StringVar(&o.narrow, "narrow", "", "an earlier report, a JSON `file`: of the peers' settings only those on its curves are tried again")
	flag.StringVar(&o.processor, "processor", "", "avx2: tamis and exhaustive scoring stop at AVX2")
	flag.Parse()
	o.peers = strings.Split(*names, ",")
	err := numbers(*ks, strconv.Atoi, &o.ks)
	if err == nil {
		err = numbers(*targets, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) }, &o.targets)
	}
	if err == nil {
		var r *report
		if r, err = run(o); err == nil && r != nil {
			table(os.Stdout, r)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sparse:", err)
		os.Exit(1)
	}
}

func numbers[T any](list string, parse func(string) (T, error), to *[]T) error {
	for _, s := range strings.Split(list, ",") {
		v, err := parse(s)
		if err != nil {
			return err
		}
		*to = append(*to, v)
	}
	return nil
}

// run builds and measures, and writes the JSON file and the plot. There is no report when it only builds.
func run(o options) (*report, error) {
	if o.out == "" {
		o.out = filepath.Join("out", "sparse", filepath.Base(o.data))
	}
	set, err := openSet(o.data)
	if err != nil {
		return nil, err
	}
	methods, err := methodsFor(o, set)
	if err != nil {
		return nil, err
	}
	if o.narrow != "" {
		f, err := os.Open(o.narrow)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		if err := narrow(f, methods); err != nil {
			return nil, fmt.Errorf("%s: %w", o.narrow, err)
		}
	}
	if err := set.prepare(methods); err != nil {
		return nil, err
	}
	debug.FreeOSMemory() // the engines need it now
	for _, m := range methods {
		for _, build := range m.builds {
			if _, err := built(o, set, m, build); err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
		}
	}
	o.rebuild = false
	if o.buildOnly {
		return nil, nil
	}
	r := &report{Machine: peer.ThisMachine(), Processor: o.processor, Data: filepath.Base(o.data), Documents: set.docs.Rows(),
		Nonzeros: len(set.docs.Terms), Tuned: set.half(), Reported: set.queries.Rows() - set.half()}
	var chosen []choice
	for _, m := range methods {
		picked, curve, err := tune(o, set, m)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		chosen, r.Curves = append(chosen, picked...), append(r.Curves, curve...)
	}
	// What tuning found is kept already: it is most of the work, and -narrow can start from it.
	if err := r.write(o.out); err != nil {
		return nil, err
	}
	if r.Rows, err = measure(o, set, chosen); err != nil {
		return nil, err
	}
	return r, r.write(o.out)
}

// write writes the JSON file and the plot.
func (r *report) write(name string) error {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".json", data, 0o666); err != nil {
		return err
	}
	return os.WriteFile(name+".svg", plot(r), 0o666)
}
