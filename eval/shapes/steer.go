package shapes

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"text/tabwriter"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/encode/autoencoder"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// SteerOptions of Steer.
type SteerOptions struct {
	autoencoder.Options
	By []float64 // steps, in means of the feature's activation
}

// Steered is what searches find that are steered along one feature for each query.
type Steered struct {
	Along string  `json:"along"`
	By    float64 `json:"by"`
	NDCG  float64 `json:"ndcg@10"`
	// Rest is that without the half of the relevant documents that chose the feature, over
	// queries with two or more of them.
	Rest       float64            `json:"rest_ndcg@10"`
	Difference figures.Difference `json:"difference"` // of Rest, to no steering
}

// SteerReport is what eval steering prints.
type SteerReport struct {
	Documents int       `json:"documents"`
	Queries   int       `json:"queries"`
	Halved    int       `json:"halved_queries"` // with two relevant documents and more
	Features  int       `json:"features"`
	Active    int       `json:"active"`
	Explained float64   `json:"explained"`
	Rows      []Steered `json:"rows"`
}

// How the feature of a query is chosen.
const (
	alongAll    = "what all relevant documents share"    // an oracle
	alongHalf   = "what half of the relevant ones share" // feedback by a person
	alongBest   = "what the five best hits share"        // nobody's
	alongRandom = "a feature drawn at random"            // and none
	bestHits    = 5
)

// steering is a set whose queries are moved.
type steering struct {
	s       *Set
	m       *autoencoder.Model
	rows    []vector.Dense
	queries []vector.Dense
	codes   [][]autoencoder.Activation
	mean    []float64      // activation of a feature where it fires
	share   []float64      // of the mean of all documents
	first   []map[int]bool // the half of the relevant documents that chooses, by query; nil for none
	all     [][]int        // relevant documents, by query
}

// Steer measures what becomes of dense searches whose queries are moved along a feature: q + by ·
// mean · direction.
func Steer(ctx context.Context, s *Set, m encode.Maker, o SteerOptions) (*SteerReport, error) {
	if m.Kind() != vector.KindDense {
		return nil, fmt.Errorf("%s makes %s vectors: features are of dense ones", m.Place(), m.Kind())
	}
	t := &steering{s: s}
	for v, err := range s.made(ctx, m) {
		if err != nil {
			return nil, err
		}
		t.rows = append(t.rows, v.(vector.Dense))
	}
	asked, err := s.asked(ctx, m)
	if err != nil {
		return nil, err
	}
	for _, v := range asked {
		t.queries = append(t.queries, v.(vector.Dense))
	}
	if t.m, err = dictionary(ctx, t.rows, o.Options); err != nil {
		return nil, err
	}
	if err := t.read(o.Seed); err != nil {
		return nil, err
	}
	r := &SteerReport{Documents: len(s.Documents), Queries: len(s.Queries), Features: t.m.Features, Active: t.m.Active}
	if r.Explained, err = t.m.Explained(t.rows); err != nil {
		return nil, err
	}
	for _, f := range t.first {
		if f != nil {
			r.Halved++
		}
	}
	return r, t.measure(ctx, r, o)
}

// read finds the features of documents, and halves the relevant ones.
func (t *steering) read(seed uint64) (err error) {
	if t.codes, err = t.m.Encode(t.rows); err != nil {
		return err
	}
	t.mean, t.share = make([]float64, t.m.Features), make([]float64, t.m.Features)
	fires := make([]float64, t.m.Features)
	place := map[string]int{}
	for i, d := range t.s.Documents {
		place[d.ID] = i
		for _, a := range t.codes[i] {
			t.mean[a.Feature] += float64(a.Weight)
			fires[a.Feature]++
		}
	}
	for f, n := range fires {
		t.share[f] = t.mean[f] / float64(len(t.rows))
		t.mean[f] /= max(1, n)
	}
	rng := rand.New(rand.NewPCG(seed, 0x7374656572))
	for _, q := range t.s.Queries {
		var relevant []int
		for id, grade := range t.s.Judged[q.ID] {
			if at, there := place[id]; there && grade > 0 {
				relevant = append(relevant, at)
			}
		}
		slices.Sort(relevant)
		rng.Shuffle(len(relevant), func(i, j int) { relevant[i], relevant[j] = relevant[j], relevant[i] })
		t.all = append(t.all, relevant)
		var half map[int]bool
		if len(relevant) > 1 {
			half = map[int]bool{}
			for _, d := range relevant[:len(relevant)/2] {
				half[d] = true
			}
		}
		t.first = append(t.first, half)
	}
	return nil
}

// shared is the feature of which some documents have most beside what all have in the mean; -1
// for none.
func (t *steering) shared(docs []int) int {
	sum := map[int]float64{}
	for _, d := range docs {
		for _, a := range t.codes[d] {
			sum[a.Feature] += float64(a.Weight)
		}
	}
	best, most := -1, 0.0
	for f := range t.m.Features {
		if x := sum[f] - float64(len(docs))*t.share[f]; sum[f] > 0 && x > most {
			best, most = f, x
		}
	}
	return best
}

// measure asks each query unmoved, and moved along each choice of a feature.
func (t *steering) measure(ctx context.Context, r *SteerReport, o SteerOptions) error {
	exact, err := numbers("", 32, t.rows, t.queries)
	if err != nil {
		return err
	}
	var best [][]topk.Hit
	for i := range t.queries {
		hits, err := exact.rank(ctx, i, bestHits, topk.Mask{})
		if err != nil {
			return err
		}
		best = append(best, slices.Clone(hits))
	}
	rng := rand.New(rand.NewPCG(o.Seed, 0x72616e64))
	choose := map[string]func(q int) int{
		alongAll: func(q int) int { return t.shared(t.all[q]) },
		alongHalf: func(q int) int {
			return t.shared(t.all[q][:len(t.all[q])/2])
		},
		alongBest: func(q int) int {
			var docs []int
			for _, h := range best[q] {
				docs = append(docs, int(h.Row.Row))
			}
			return t.shared(docs)
		},
		alongRandom: func(int) int { return rng.IntN(t.m.Features) },
	}
	base, row, err := t.asked(ctx, "none", 0, nil)
	if err != nil {
		return err
	}
	r.Rows = append(r.Rows, *row)
	for _, along := range []string{alongAll, alongHalf, alongBest, alongRandom} {
		features := make([]int, len(t.queries))
		for q := range features {
			features[q] = choose[along](q)
		}
		for _, by := range o.By {
			rest, row, err := t.asked(ctx, along, by, features)
			if err != nil {
				return err
			}
			if len(rest) > 1 {
				if row.Difference, err = figures.Compare(base, rest); err != nil {
					return err
				}
			}
			r.Rows = append(r.Rows, *row)
		}
	}
	return nil
}

// asked asks each query, moved along its feature where features is not nil; rest is nDCG@10 by
// query without the documents that chose.
func (t *steering) asked(ctx context.Context, along string, by float64, features []int) (rest []float64, row *Steered, err error) {
	moved := make([]vector.Dense, len(t.queries))
	for q, v := range t.queries {
		if moved[q] = v; features == nil || features[q] < 0 {
			continue
		}
		moved[q] = slices.Clone(v)
		for i, d := range t.m.Direction(features[q]) {
			moved[q][i] += float32(by * t.mean[features[q]] * float64(d))
		}
	}
	x, err := numbers("", 32, t.rows, moved)
	if err != nil {
		return nil, nil, err
	}
	row = &Steered{Along: along, By: by}
	if row.NDCG, err = t.s.ndcg(func(q int) ([]topk.Hit, error) { return x.rank(ctx, q, bestOf, topk.Mask{}) }); err != nil {
		return nil, nil, err
	}
	for q, half := range t.first {
		if half == nil {
			continue
		}
		hits, err := x.rank(ctx, q, bestOf, x.mask(func(row uint32) bool { return !half[int(row)] }))
		if err != nil {
			return nil, nil, err
		}
		rest = append(rest, t.gain(q, hits))
	}
	row.Rest = mean(rest)
	return rest, row, nil
}

// gain is nDCG@10 of hits of a query, of the relevant documents that did not choose.
func (t *steering) gain(q int, hits []topk.Hit) float64 {
	grades := t.s.Judged[t.s.Queries[q].ID]
	var left []int
	for _, d := range t.all[q] {
		if !t.first[q][d] {
			left = append(left, grades[t.s.Documents[d].ID])
		}
	}
	slices.SortFunc(left, func(a, b int) int { return cmp.Compare(b, a) })
	got, ideal := 0.0, 0.0
	for rank, g := range left[:min(len(left), bestOf)] {
		ideal += float64(g) / math.Log2(float64(rank)+2)
	}
	for rank, h := range hits {
		got += float64(max(0, grades[t.s.Documents[h.Row.Row].ID])) / math.Log2(float64(rank)+2)
	}
	return got / ideal
}

func mean(x []float64) (m float64) {
	for _, v := range x {
		m += v / float64(len(x))
	}
	return m
}

// WriteTable writes a line for each way of steering.
func (r *SteerReport) WriteTable(out io.Writer) error {
	fmt.Fprintf(out, "%d documents, %d queries; %d features, %d active, %.1f %% of the variance explained; the last columns are of the %d queries with two relevant documents and more, without the half that chooses\n",
		r.Documents, r.Queries, r.Features, r.Active, 100*r.Explained, r.Halved)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "along\tby\tndcg@10\tother half\tdifference")
	for i, x := range r.Rows {
		if i == 0 {
			fmt.Fprintf(w, "%s\t\t%.4f\t%.4f\t\n", x.Along, x.NDCG, x.Rest)
			continue
		}
		d := x.Difference
		fmt.Fprintf(w, "%s\t%g\t%.4f\t%.4f\t%+.4f [%+.4f, %+.4f]\n", x.Along, x.By, x.NDCG, x.Rest, d.Mean, d.Low, d.High)
	}
	return w.Flush()
}
