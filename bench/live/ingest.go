package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/corpora"
	"github.com/tamis-search/tamis/bench/internal/peer"
)

// ingest builds the same durable index with stored texts by each engine in
// turn, each in a process of its own on one core.
func ingest(args []string) error {
	f := flag.NewFlagSet("ingest", flag.ExitOnError)
	names := f.String("corpora", "gosrc,nfx100", "corpora to measure")
	engines := f.String("engines", "lucene,tamis,bleve", "engines to measure")
	rounds := f.Int("rounds", 3, "builds by each engine")
	_ = f.Parse(args)
	dir, err := peer.Dir()
	if err != nil {
		return err
	}
	data, err := peer.Data("")
	if err != nil {
		return err
	}
	out := filepath.Join(dir, "out")
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, name := range strings.Split(*names, ",") {
		c, err := corpora.Make(name, data, out)
		if err != nil {
			return err
		}
		builds := map[string][]peer.Build{}
		for range *rounds {
			for _, e := range strings.Split(*engines, ",") {
				b, err := build(e, dir, out, c)
				if err != nil {
					return err
				}
				builds[e] = append(builds[e], b)
			}
		}
		table(name, strings.Split(*engines, ","), builds)
	}
	return nil
}

// build has one engine build its index on one core.
func build(engine, dir, out string, c corpora.Corpus) (b peer.Build, err error) {
	args := []string{"--docs", c.Docs, "--repeat", strconv.Itoa(c.Repeat)}
	var cmd *exec.Cmd
	switch engine {
	case "lucene":
		if cmd, err = peer.Lucene(append([]string{"ingest"}, args...)...); err != nil {
			return b, err
		}
	case "bleve":
		binary := filepath.Join(out, engine)
		compile := exec.Command("go", "build", "-o", binary, "./"+engine)
		compile.Dir, compile.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
		if text, err := compile.CombinedOutput(); err != nil {
			return b, fmt.Errorf("build %s: %w\n%s", engine, err, text)
		}
		cmd = exec.Command(binary, append(args, "--stored")...)
	case "tamis":
		cmd = exec.Command(os.Args[0], append([]string{"ingest-tamis"}, args...)...)
	default:
		return b, fmt.Errorf("unknown engine %q", engine)
	}
	if taskset, err := exec.LookPath("taskset"); err == nil {
		cmd.Args = append([]string{taskset, "-c", "1", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = taskset
	}
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	p, err := peer.Start(engine, cmd)
	if err != nil {
		return b, err
	}
	if b, err = p.Build(); err != nil {
		return b, err
	}
	return b, p.Close()
}

func table(name string, engines []string, builds map[string][]peer.Build) {
	best := func(e string, value func(b peer.Build) float64) float64 {
		var v []float64
		for _, b := range builds[e] {
			v = append(v, value(b))
		}
		return peer.Quantile(v, .5)
	}
	fmt.Printf("%s: %d documents, median of %d builds\n\n| | %s |\n|---|%s\n", name, builds[engines[0]][0].Documents, len(builds[engines[0]]),
		strings.Join(engines, " | "), strings.Repeat("---|", len(engines)))
	for _, row := range []struct {
		title string
		value func(b peer.Build) float64
	}{
		{"documents/s of thread CPU", func(b peer.Build) float64 { return float64(b.Documents) / b.CPU }},
		{"documents/s of process CPU", func(b peer.Build) float64 { return float64(b.Documents) / b.ProcessCPU }},
		{"documents/s on the clock", func(b peer.Build) float64 { return float64(b.Documents) / b.Wall }},
		{"index MB, texts included", func(b peer.Build) float64 { return float64(b.IndexBytes) / 1e6 }},
	} {
		fmt.Printf("| %s |", row.title)
		for _, e := range engines {
			v := best(e, row.value)
			fmt.Printf(" %.0f", v)
			if e != engines[0] {
				fmt.Printf(" (%.2f)", v/best(engines[0], row.value))
			}
			fmt.Print(" |")
		}
		fmt.Println()
	}
	fmt.Println()
}

// ours is tamis as a peer.
type ours struct {
	records []peer.Record
	repeat  int
	profile string
}

func ingestTamis(args []string) error {
	f := flag.NewFlagSet("ingest-tamis", flag.ExitOnError)
	docs := f.String("docs", "", "JSON Lines `file` of documents")
	repeat := f.Int("repeat", 1, "index the documents `N` times")
	profile := f.String("profile", "", "write a CPU profile to `file`")
	_ = f.Parse(args)
	records, err := peer.ReadRecords(*docs)
	if err != nil {
		return err
	}
	return peer.Serve(&ours{records, *repeat, *profile}, os.Stdin, os.Stdout)
}

func (e *ours) Queries() int { return 0 }

func (e *ours) Search(int, int) ([]peer.Hit, error) { return nil, errors.New("only builds") }

func (e *ours) Build() (b peer.Build, err error) {
	dir, remove, err := workDir("", "tamis-ingest")
	if err != nil {
		return b, err
	}
	defer remove()
	runtime.GC() // of reading the file
	if e.profile != "" {
		w, err := os.Create(e.profile)
		if err != nil {
			return b, err
		}
		defer w.Close()
		if err := pprof.StartCPUProfile(w); err != nil {
			return b, err
		}
		defer pprof.StopCPUProfile()
	}
	meter := peer.StartMeter()
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		return b, err
	}
	report, err := ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
		for r := range e.repeat {
			for _, d := range e.records {
				if !yield(tamis.Document{ID: fmt.Sprintf("%d/%s", r, d.ID), Title: d.Title, Source: d.Text}, nil) {
					return
				}
			}
		}
	})
	if err := errors.Join(err, ix.Close()); err != nil {
		return b, err
	}
	meter.Stop(&b)
	b.Documents = report.Added
	if len(report.Skipped) > 0 {
		return b, fmt.Errorf("%d documents were skipped: %s", len(report.Skipped), report.Skipped[0].Reason)
	}
	b.IndexBytes, err = sizeOf(dir)
	return b, err
}
