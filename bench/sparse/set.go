package main

import (
	"cmp"
	"encoding/gob"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
	"github.com/tamis-search/tamis/bench/sparse/internal/order"
)

// set is the vectors and queries of one measurement.
type set struct {
	dir           string
	docs, queries *csr.Matrix
	// thresholds holds of each query the exact scores of the best documents, falling.
	thresholds [][]float32
	order      ordering
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
	if err := s.truth(); err != nil {
		return err
	}
	ciff, pisa := filepath.Join(s.dir, "order.ciff"), filepath.Join(s.dir, "index", "pisa")
	needCIFF := needs("bmp") && !s.fresh(ciff)
	needPISA := needs("pisa") && !s.fresh(filepath.Join(pisa, "fwd.documents"))
	if err := s.readOrder(needs("bmp") || needs("pisa")); err != nil || !needCIFF && !needPISA {
		return err
	}
	lists := s.docs.TransposeIn(s.order.Rows)
	if needCIFF {
		if err := csr.WriteCIFF(ciff, lists, s.order.Rows); err != nil {
			return err
		}
	}
	if needPISA {
		if err := os.MkdirAll(pisa, 0o777); err != nil {
			return err
		}
		return csr.WritePISA(pisa, lists, s.order.Rows)
	}
	return nil
}

// ordering is the order of documents for the engines that want similar ones together, and what finding it took.
type ordering struct {
	Rows []uint32
	CPU  float64
}

// readOrder reads the order of documents, or finds it where it is needed.
func (s *set) readOrder(needed bool) error {
	name := filepath.Join(s.dir, "order.gob")
	if !needed || s.fresh(name) && decode(name, &s.order) && len(s.order.Rows) == s.docs.Rows() {
		return nil
	}
	fmt.Fprintln(os.Stderr, "bisecting: an order of documents for bmp and pisa")
	meter, b := peer.StartMeter(), peer.Build{}
	s.order.Rows = order.Bisect(s.docs)
	meter.Stop(&b)
	s.order.CPU = b.CPU
	return encode(name, s.order)
}

func decode(name string, to any) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	return gob.NewDecoder(f).Decode(to) == nil
}

func encode(name string, from any) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := gob.NewEncoder(f).Encode(from); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// fresh reports whether a file is there and younger than the vectors and what else it was made from.
func (s *set) fresh(name string, from ...string) bool {
	made, err := os.Stat(name)
	if err != nil {
		return false
	}
	for _, source := range append(from, filepath.Join(s.dir, "docs.csr"), filepath.Join(s.dir, "queries.csr")) {
		if info, err := os.Stat(source); err == nil && info.ModTime().After(made.ModTime()) {
			return false
		}
	}
	return true
}

// truth scores everything, once for a data folder.
func (s *set) truth() error {
	name := filepath.Join(s.dir, "truth.gob")
	if s.fresh(name) && decode(name, &s.thresholds) && len(s.thresholds) == s.queries.Rows() {
		return nil
	}
	lists := s.docs.Transpose()
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
	return encode(name, s.thresholds)
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
