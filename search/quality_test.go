//go:build linux

package search

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/text"
)

// TestLuceneParity holds nDCG@10 in Lucene's mode (its analysis, its lengths,
// one field, k1 1.2, b 0.75) to what Lucene 10.6 reached on the same files, and
// TopK to Exhaustive on real queries.
func TestLuceneParity(t *testing.T) {
	for _, set := range []struct {
		name string
		want float64
	}{{"scifact", .6826}, {"nfcorpus", .3222}, {"cranfield", .3675}, {"cacm", .4942}, {"vaswani", .4326}} {
		t.Run(set.name, func(t *testing.T) {
			docs, queries := retrievalSet(t, set.name)
			an, err := text.NewAnalyzer("lucene-english")
			if err != nil {
				t.Fatal(err)
			}
			b := index.NewBuilder(index.Config{LuceneLengths: true})
			for _, d := range docs {
				b.Add(index.Fields{Body: an.Terms(nil, d.text)})
			}
			v, err := index.OpenInverted(b.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			grades := qrels(t, set.name)
			sources := []Source{{Inverted: v}}
			sum, n := 0.0, 0
			for _, q := range queries {
				terms, names := queryTerms(an, q.text)
				stats := StatsOf(sources, names)
				hits := TopK(sources, terms, stats, DefaultParams(), 10)
				if n%7 == 0 {
					for _, k := range []int{10, 100, 1000} {
						if got, want := TopK(sources, terms, stats, DefaultParams(), k), Exhaustive(sources, terms, stats, DefaultParams(), k); !slices.Equal(got, want) {
							t.Fatalf("query %s, k %d: TopK differs from Exhaustive", q.id, k)
						}
					}
				}
				var ids []string
				for _, h := range hits {
					ids = append(ids, docs[h.Row.Row].id)
				}
				sum += ndcg(ids, grades[q.id])
				n++
			}
			if got := sum / float64(n); math.Abs(got-set.want) > .0005 {
				t.Errorf("nDCG@10 is %.4f, Lucene's %.4f", got, set.want)
			} else {
				t.Logf("nDCG@10 is %.4f, Lucene's %.4f", got, set.want)
			}
		})
	}
}

// queryTerms gives each term of a query with its number of occurrences, as
// Lucene's disjunction of the query's words scores it.
func queryTerms(an *text.Analyzer, q string) (terms []Term, names []string) {
	for _, s := range an.Terms(nil, q) {
		if i := slices.Index(names, s); i >= 0 {
			terms[i].Weight++
		} else {
			terms, names = append(terms, Term{Text: s, Weight: 1}), append(names, s)
		}
	}
	return terms, names
}

// qrels reads judgments: query, then document, then grade.
func qrels(t *testing.T, set string) map[string]map[string]int {
	f, err := os.Open(filepath.Join(evaldata.Dir(t, "retrieval/"+set), "qrels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string]map[string]int{}
	for in := bufio.NewScanner(f); in.Scan(); {
		field := strings.Fields(in.Text())
		grade, err := strconv.Atoi(field[3])
		if err != nil {
			t.Fatal(fmt.Errorf("judgment %q: %w", in.Text(), err))
		}
		if out[field[0]] == nil {
			out[field[0]] = map[string]int{}
		}
		out[field[0]][field[2]] = grade
	}
	return out
}

// ndcg is trec_eval's ndcg_cut_10: gains are the grades, discounts log2(rank+1).
func ndcg(ids []string, grades map[string]int) float64 {
	gain, ideal := 0.0, 0.0
	for i, id := range ids {
		gain += float64(max(0, grades[id])) / math.Log2(float64(i+2))
	}
	var best []int
	for _, g := range grades {
		best = append(best, g)
	}
	slices.SortFunc(best, func(a, b int) int { return b - a })
	for i, g := range best[:min(10, len(best))] {
		ideal += float64(max(0, g)) / math.Log2(float64(i+2))
	}
	if ideal == 0 {
		return 0
	}
	return gain / ideal
}
