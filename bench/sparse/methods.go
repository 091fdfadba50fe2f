package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// method is an engine with the settings that are tried.
type method struct {
	name     string
	command  []string
	env      []string
	builds   []string // parameters of building
	searches []string // and of searching; exact ones first
	exact    int      // this many of the searches promise the best k of the engine's own weights
	batch    bool     // the library also takes all queries in one call
	// reordered: the index holds the documents in the order of set.order, whose price is part of building.
	reordered bool
	told      string             // the one knob, as "recall=", where the engine has one: it is measured untuned too
	only      map[[2]string]bool // of the inexact settings, builds and searches, these are tried; all if nil
}

// tries reports whether a setting is tried: search is its place in m.searches.
func (m *method) tries(build string, search int) bool {
	return m.only == nil || search < m.exact || m.only[[2]string{build, m.searches[search]}]
}

// narrow leaves of the engines' settings those that lay on the curve of an earlier report. Ours keep all of theirs, which are few.
func narrow(report io.Reader, methods []*method) error {
	var r struct{ Curves []row }
	if err := json.NewDecoder(report).Decode(&r); err != nil {
		return err
	}
	for _, m := range methods {
		if strings.HasPrefix(m.name, "tamis") {
			continue
		}
		for _, x := range r.Curves {
			if x.Engine == m.name {
				if m.only == nil {
					m.only = map[[2]string]bool{}
				}
				m.only[[2]string{x.Build, x.Search}] = true
			}
		}
		m.builds = slices.DeleteFunc(m.builds, func(build string) bool {
			for i := range m.searches {
				if m.tries(build, i) {
					return false
				}
			}
			return true
		})
	}
	return nil
}

// methodsFor says what is tried at the size of the set. The grids are those that the projects document, cut to what earlier tuning
// has left of them unless -wide asks for all.
func methodsFor(o options, s *set) ([]*method, error) {
	bin := func(name string) string { return filepath.Join("out", "sparse", "bin", name) }
	python := filepath.Join("out", "sparse", "venv", "bin", "python")
	wheel := func(m *method) {
		m.command = []string{python, filepath.Join("sparse", m.name, "main.py")}
		m.env = append(m.env, "PYTHONPATH="+filepath.Join("sparse", "python"), "PYTHONDONTWRITEBYTECODE=1")
	}
	n := s.docs.Rows()
	var all []*method
	for _, name := range o.peers {
		m := &method{name: name}
		switch name {
		case "tamis", "tamis-float32":
			m.command, m.env, m.exact = []string{bin("tamis-peer")}, []string{"GOMAXPROCS=1"}, 1
			m.told = "recall="
			m.builds = []string{"precision=8"}
			if name == "tamis-float32" {
				m.builds = []string{"precision=32"}
			}
			m.searches = []string{"recall=1", "recall=0.8", "recall=0.85", "recall=0.9", "recall=0.93", "recall=0.95", "recall=0.97", "recall=0.98", "recall=0.99", "recall=0.995"}
			if o.processor == "avx2" {
				m.env = append(m.env, "GODEBUG=cpu.avx512f=off,cpu.avx512bw=off,cpu.avx512vl=off,cpu.avx512vbmi2=off")
			}
			if err := buildTamis(bin("tamis-peer")); err != nil {
				return nil, fmt.Errorf("building the tamis peer: %w", err)
			}
		case "exhaustive", "exhaustive-rerank":
			m.command = []string{bin("exhaustive")}
			if o.processor == "avx2" {
				m.command[0] += "-avx2"
			}
			m.builds, m.searches, m.exact = []string{"forward=0"}, []string{"rerank=0"}, 1
			if name == "exhaustive-rerank" { // of its 8-bit scores the best k and 20 are scored again
				m.builds, m.searches = []string{"forward=1"}, []string{"rerank=20"}
			}
		case "bmp":
			wheel(m)
			m.exact, m.batch, m.reordered = 1, true, true
			m.builds = []string{"bsize=16", "bsize=32"}
			if n <= 300_000 {
				m.builds = append(m.builds, "bsize=8")
			} else if o.wide { // building it takes over 8 GiB of memory at a million documents
				m.builds = append(m.builds, "bsize=8 compress=1")
			}
			m.searches = []string{"alpha=1 beta=1"}
			for _, alpha := range []string{".95", ".9", ".85", ".8", ".75", ".7"} {
				for _, beta := range []string{"1", ".8", ".6"} {
					if o.wide || beta == "1" || alpha == ".85" || alpha == ".75" {
						m.searches = append(m.searches, "alpha="+alpha+" beta="+beta)
					}
				}
			}
		case "pisa":
			wheel(m)
			m.reordered = true
			m.builds, m.searches = []string{""}, []string{"algorithm=maxscore", "algorithm=block_max_maxscore"}
			if o.wide {
				m.searches = append(m.searches, "algorithm=block_max_wand", "algorithm=wand", "algorithm=ranked_or")
			}
			m.exact = len(m.searches)
		case "seismic":
			wheel(m)
			m.env, m.batch = append(m.env, "RAYON_NUM_THREADS=1"), true
			// n_postings is a mean over all dimensions. As shares of the mean list these are about 300, 500 and 700 at a million documents.
			shares := []float64{.08, .13, .18}
			if n < 500_000 {
				shares = []float64{.25, .65}
			}
			var postings []int
			for _, share := range shares {
				postings = append(postings, int(math.Ceil(share*float64(len(s.docs.Terms))/float64(s.docs.Columns))))
			}
			for _, p := range postings {
				for _, fraction := range []string{".1", ".2"} {
					for _, energy := range []string{".4", ".5"} {
						if o.wide || fraction == ".2" && energy == ".5" {
							m.builds = append(m.builds, fmt.Sprintf("n_postings=%d centroid_fraction=%s summary_energy=%s max_fraction=4", p, fraction, energy))
						}
					}
				}
			}
			for _, cut := range []int{3, 4, 5, 6, 8, 10, 12} {
				for _, factor := range []string{"1", ".95", ".9", ".8", ".7"} {
					m.searches = append(m.searches, fmt.Sprintf("query_cut=%d heap_factor=%s", cut, factor))
				}
			}
		case "sindi":
			wheel(m)
			m.builds = []string{"reorder=1"}
			if o.wide {
				m.builds = append(m.builds, "reorder=1 doc_prune_ratio=.2", "reorder=1 doc_prune_ratio=.4")
			}
			for _, candidates := range []int{20, 50, 100} {
				for _, query := range []string{"0", ".3", ".5", ".7"} {
					for _, term := range []string{"0", ".3", ".6"} {
						if o.wide || candidates < 100 {
							m.searches = append(m.searches, fmt.Sprintf("n_candidate=%d query_prune_ratio=%s term_prune_ratio=%s", candidates, query, term))
						}
					}
				}
			}
		default:
			return nil, fmt.Errorf("there is no peer %q", name)
		}
		for _, file := range m.command {
			if _, err := os.Stat(file); err != nil {
				return nil, fmt.Errorf("%s is not there: run sparse/install first, or leave %s out of -peers", file, name)
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// buildTamis builds our own peer. A program that comes out the same keeps its file, and with it what it has built.
func buildTamis(name string) error {
	build := exec.Command("go", "build", "-buildvcs=false", "-o", name+".new", "./sparse/tamis")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	fresh, err := os.ReadFile(name + ".new")
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(name); err == nil && bytes.Equal(old, fresh) {
		return os.Remove(name + ".new")
	}
	return os.Rename(name+".new", name)
}

// index is where a build of the method lives.
func (m *method) index(s *set, build string) string {
	if m.name == "pisa" {
		return filepath.Join(s.dir, "index", "pisa")
	}
	return filepath.Join(s.dir, "index", m.name+"-"+strings.NewReplacer(" ", "_", "=", "").Replace(build))
}

// start runs the method's process on a build.
func (m *method) start(s *set, build string) *exec.Cmd {
	args := append(append([]string(nil), m.command[1:]...), s.dir, m.index(s, build))
	cmd := exec.Command(m.command[0], append(args, strings.Fields(build)...)...)
	cmd.Env = append(append(os.Environ(), "OMP_NUM_THREADS=1"), m.env...)
	return cmd
}
