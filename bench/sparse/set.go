package main

import (
	"cmp"
	"encoding/gob"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
)

// set is the vectors and queries of one measurement.
type set struct {
	dir           string
	docs, queries *csr.Matrix
	// thresholds holds of each query the exact scores of the best documents, falling.
	thresholds [][]float32
}

// truthDepth is the greatest k whose recall can be told.
const truthDepth = 1000

// margin is the relative difference up to which two float sums in different orders may be the same.
const margin = 1e-5

func openSet(dir string) (*set, error) {
	s := &set{dir: dir}
	var err error
	if s.docs, err = csr.Read(filepath.Join(dir, "docs.csr")); err != nil {
		return nil, err
	}
	s.queries, err = csr.Read(filepath.Join(dir, "queries.csr"))
	return s, err
}

// half is the first query that is reported; those before it are tuned on.
func (s *set) half() int { return s.queries.Rows() / 2 }

// prepare makes what is needed beside the vectors: the truth, and the forms that peers read.
func (s *set) prepare(methods []*method) error {
	needs := func(name string) bool {
		return slices.ContainsFunc(methods, func(m *method) bool { return m.name == name })
	}
	var lists *csr.Matrix
	inverted := func() *csr.Matrix {
		if lists == nil {
			lists = s.docs.Transpose()
		}
		return lists
	}
	if err := s.truth(inverted); err != nil {
		return err
	}
	if order := filepath.Join(s.dir, "order.ciff"); needs("bmp") && !exists(order) {
		plain := filepath.Join(s.dir, "docs.ciff")
		if err := csr.WriteCIFF(plain, inverted()); err != nil {
			return err
		}
		tool, err := filepath.Abs(filepath.Join("out", "sparse", "bin", "create-rgb"))
		if err != nil {
			return err
		}
		// It writes a log into the folder where it runs.
		cmd := exec.Command(tool, "--input", "docs.ciff", "--output-ciff", "order.ciff", "--min-len", fmt.Sprint(min(4096, s.docs.Rows()/256)))
		cmd.Dir, cmd.Stdout, cmd.Stderr = s.dir, os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("reordering the documents for BMP with create-rgb, a program of recursive graph bisection: %w", err)
		}
		if err := os.Remove(plain); err != nil {
			return err
		}
	}
	if dir := filepath.Join(s.dir, "index", "pisa"); needs("pisa") && !exists(filepath.Join(dir, "fwd.documents")) {
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		return csr.WritePISA(dir, inverted())
	}
	return nil
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// truth scores everything, once for a data folder.
func (s *set) truth(inverted func() *csr.Matrix) error {
	name := filepath.Join(s.dir, "truth.gob")
	if f, err := os.Open(name); err == nil {
		defer f.Close()
		if err := gob.NewDecoder(f).Decode(&s.thresholds); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(s.thresholds) == s.queries.Rows() {
			return nil
		}
	}
	lists := inverted()
	scores := make([]float32, s.docs.Rows())
	s.thresholds = make([][]float32, s.queries.Rows())
	var best []float32
	for q := range s.thresholds {
		clear(scores)
		terms, weights := s.queries.Row(q)
		for i, t := range terms {
			if int(t) >= lists.Rows() {
				continue
			}
			docs, ws := lists.Row(int(t))
			for j, d := range docs {
				scores[d] += weights[i] * ws[j]
			}
		}
		// Keep a few more than wanted and cut them back now and then.
		best = best[:0]
		limit := float32(0)
		for _, x := range scores {
			if x > limit {
				if best = append(best, x); len(best) == 8*truthDepth {
					slices.SortFunc(best, falling)
					best = best[:truthDepth]
					limit = best[truthDepth-1]
				}
			}
		}
		slices.SortFunc(best, falling)
		s.thresholds[q] = slices.Clone(best[:min(truthDepth, len(best))])
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := gob.NewEncoder(f).Encode(s.thresholds); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func falling(a, b float32) int { return cmp.Compare(b, a) }

// score is the exact score of a document.
func (s *set) score(query, doc int) float32 {
	qt, qw := s.queries.Row(query)
	dt, dw := s.docs.Row(doc)
	sum := float32(0)
	for i, j := 0, 0; i < len(qt) && j < len(dt); {
		switch {
		case qt[i] < dt[j]:
			i++
		case qt[i] > dt[j]:
			j++
		default:
			sum += qw[i] * dw[j]
			i++
			j++
		}
	}
	return sum
}

// recall is the share of the k best that the answers hold, a document counting when its exact score reaches the k-th, for the queries
// from a to b.
func (s *set) recall(answers [][]peer.Hit, k, a, b int) (float64, error) {
	found, wanted := 0, 0
	for q := a; q < b; q++ {
		truth := s.thresholds[q][:min(k, len(s.thresholds[q]))]
		if len(truth) == 0 {
			continue
		}
		least := truth[len(truth)-1] * (1 - margin)
		seen := map[int]bool{}
		for _, h := range answers[q][:min(len(answers[q]), k)] {
			if h.Row < 0 || h.Row >= s.docs.Rows() || seen[h.Row] {
				return 0, fmt.Errorf("query %d: row %d is out of range or comes twice", q, h.Row)
			}
			seen[h.Row] = true
			if s.score(q, h.Row) >= least {
				found++
			}
		}
		wanted += len(truth)
	}
	return float64(found) / float64(max(wanted, 1)), nil
}
