// Command gen makes semi-real learned sparse documents from real encoded queries, and prints how they compare with real ones.
//
//	gen -n 1000000 -out DIR [-moved .4]
//
// A document is the noisy maximum over an anchor query, some of its neighbours, a second topic and a random query, with rare terms of the anchor's
// own and frequent terms injected. Rates of terms are calibrated to a document-frequency curve; a document's values are those of a
// real curve over ranks; a factor for each class of frequency takes the bias out of the order. -moved moves that share of the
// postings to random documents, which makes topics weaker and every method of skipping slower.
// The folder gets docs.csr and queries.csr: 1,000 real queries that were held out.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/bench/sparse/internal/csr"
	"github.com/tamis-search/tamis/vector"
)

const (
	held = 1000 // queries that are not used for documents
	live = 28000
	same = 8 // neighbours that count as the same topic
	far  = 40
)

// What a document is made of: chosen by the acceptance figures alone, on 20,000 documents.
const (
	popularity = .5  // queries are anchors by a power law of their rank
	sameTopic  = .75 // weight of a neighbour beside its anchor
	otherTopic = .4
	background = .3
	termNoise  = .3
	valueNoise = .2
	orderNoise = .45 // on the order of a document's terms
	own        = 10  // rare terms of an anchor, each taken with this probability and weight:
	ownRate    = .35
	ownWeight  = .7
	injected   = .7
	flatten    = .85 // exponent of the curve over ranks
	nnzMean    = 121.
	nnzSD      = 30.
	nnzMax     = 400
	classes    = 12 // of document frequency, a factor of two each
)

// Value over the vector's maximum by relative rank, of real documents.
var curve = [][2]float64{{0, 1}, {.02, .8087}, {.05, .6847}, {.1, .5635}, {.2, .4125}, {.3, .3146}, {.4, .2428}, {.5, .1864}, {.6, .1409}, {.7, .1011}, {.8, .0656}, {.9, .034}, {.99, .0084}, {1, .006}}

// Share of documents that have the term of a rank, of real documents.
var frequency = [][2]float64{{1, .66}, {10, .25}, {100, .11}, {1000, .028}, {5000, .0052}, {10000, .0013}, {28000, 2e-5}}

func between(points [][2]float64, x float64, f func(float64) float64) float64 {
	x = f(x)
	for i := 1; i < len(points); i++ {
		a, b := points[i-1], points[i]
		if x <= f(b[0]) || i == len(points)-1 {
			return f(a[1]) + (f(b[1])-f(a[1]))*(x-f(a[0]))/(f(b[0])-f(a[0]))
		}
	}
	return 0
}

func targetAt(rank int) float64 {
	if rank > live {
		return 0
	}
	return math.Exp(between(frequency, float64(rank), math.Log))
}

func main() {
	n := flag.Int("n", 100_000, "documents")
	out := flag.String("out", "", "`folder` to write (default out/sparse/N)")
	data := flag.String("evaluation", "", "folder of the evaluation data")
	moved := flag.Float64("moved", 0, "share of postings moved to random documents")
	seed := flag.Uint64("seed", 20261122, "seed")
	flag.Parse()
	if *out == "" {
		*out = filepath.Join("out", "sparse", fmt.Sprint(*n))
	}
	if err := run(*n, *out, *data, *moved, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(n int, out, data string, moved float64, seed uint64) error {
	data, err := peer.Data(data)
	if err != nil {
		return err
	}
	g, held, err := newGenerator(data, seed)
	if err != nil {
		return err
	}
	g.calibrateAll(seed)
	docs := g.documents(n, seed+100)
	if moved > 0 {
		docs = move(docs, moved, rand.New(rand.NewPCG(seed, 3)))
	}
	fmt.Printf("%d documents, %d non-zeros\n", docs.Rows(), len(docs.Terms))
	for _, f := range accept(docs, held, rand.New(rand.NewPCG(seed, 4))) {
		fmt.Println(f)
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return err
	}
	return errors.Join(docs.Write(filepath.Join(out, "docs.csr")), held.Write(filepath.Join(out, "queries.csr")))
}

type generator struct {
	base      *csr.Matrix // queries that documents are made of
	neighbour [][]int32   // of each, nearest first
	popular   []float64   // cumulated
	rare      [][]uint32  // an anchor's own terms
	keep      []float64   // rate at which a term is taken where it occurs
	inject    []float64   // and at which it is added to any document
	target    []float64   // document frequency that is wanted, by term
	factor    []float64   // on a term's value before terms are ordered
	ranks     []float64   // the curve, 1001 points
}

// newGenerator reads the queries; terms have the numbers of the vocabulary's lines.
func newGenerator(data string, seed uint64) (*generator, *csr.Matrix, error) {
	words, err := os.ReadFile(filepath.Join(data, "conformance", "bert-base-uncased-vocab.txt"))
	if err != nil {
		return nil, nil, err
	}
	v := vector.NewVocabulary()
	for _, w := range strings.Split(strings.TrimSuffix(string(words), "\n"), "\n") {
		v.Add(w)
	}
	columns := v.Len()
	var all []vector.Sparse
	for d, err := range vector.ReadFile(filepath.Join(data, "sparse", "msmarco-dev-queries-splade-v3", "queries.jsonl.gz"), v) {
		if err != nil {
			return nil, nil, err
		}
		all = append(all, d.Vector)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	g := &generator{base: matrix(all[held:], columns)}
	g.neighbour = neighbours(g.base, far, nil)
	rows := g.base.Rows()
	for _, r := range rng.Perm(rows) {
		g.popular = append(g.popular, math.Pow(float64(r+1), -popularity))
	}
	cumulate(g.popular)
	g.keep, g.inject, g.factor = make([]float64, columns), make([]float64, columns), make([]float64, columns)
	count := make([]float64, columns)
	for _, t := range g.base.Terms {
		count[t]++
	}
	order := make([]uint32, 0, columns)
	for t := range columns {
		g.keep[t], g.factor[t] = 1, 1
		if count[t] += rng.Float64() * .5; !strings.HasPrefix(v.Term(uint32(t)), "[") {
			order = append(order, uint32(t))
		}
	}
	slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(count[b], count[a]) })
	g.wish(order)
	tail := order[5000:min(live, len(order))]
	rates := make([]float64, len(tail))
	for i, t := range tail {
		rates[i] = g.target[t]
	}
	cumulate(rates)
	for range rows {
		var terms []uint32
		for range own {
			terms = append(terms, tail[draw(rng, rates)])
		}
		g.rare = append(g.rare, terms)
	}
	for i := range 1001 {
		y := between(curve, float64(i)/1000, func(x float64) float64 { return x })
		g.ranks = append(g.ranks, math.Pow(y, flatten))
	}
	return g, matrix(all[:held], columns), nil
}

// wish gives the terms, in order, the frequencies of the curve.
func (g *generator) wish(order []uint32) {
	g.target = make([]float64, len(g.keep))
	for i, t := range order {
		g.target[t] = targetAt(i + 1)
	}
}

func matrix(rows []vector.Sparse, columns int) *csr.Matrix {
	m := &csr.Matrix{Columns: columns, At: []int64{0}}
	for _, s := range rows {
		m.Terms, m.Weights = append(m.Terms, s.Terms...), append(m.Weights, s.Weights...)
		m.At = append(m.At, int64(len(m.Terms)))
	}
	return m
}

func cumulate(p []float64) {
	for i := 1; i < len(p); i++ {
		p[i] += p[i-1]
	}
}

// draw takes an index by cumulated rates.
func draw(rng *rand.Rand, p []float64) int {
	x := rng.Float64() * p[len(p)-1]
	i, _ := slices.BinarySearch(p, x)
	return min(i, len(p)-1)
}

// documents makes n documents.
func (g *generator) documents(n int, seed uint64) *csr.Matrix {
	rng := rand.New(rand.NewPCG(seed, 2))
	m := &csr.Matrix{Columns: len(g.keep), At: make([]int64, 1, n+1), Terms: make([]uint32, 0, n*120), Weights: make([]float32, 0, n*120)}
	value := make([]float64, len(g.keep))
	var touched []uint32
	inject := slices.Clone(g.inject)
	cumulate(inject)
	many := inject[len(inject)-1]
	spread := math.Sqrt(math.Log(1 + nnzSD*nnzSD/nnzMean/nnzMean))
	centre := math.Log(nnzMean) - spread*spread/2
	put := func(t uint32, x float64) {
		if value[t] == 0 {
			touched = append(touched, t)
		}
		value[t] = max(value[t], x)
	}
	for range n {
		touched = touched[:0]
		want := int(min(nnzMax, max(20, math.Exp(centre+spread*rng.NormFloat64()))))
		take := func(q int, w float64) {
			terms, weights := g.base.Row(q)
			for i, t := range terms {
				if rng.Float64() < g.keep[t] {
					put(t, w*float64(weights[i])*math.Exp(termNoise*rng.NormFloat64()))
				}
			}
		}
		close := func(q int) int { return int(g.neighbour[q][rng.IntN(same)]) }
		anchor := draw(rng, g.popular)
		take(anchor, 1)
		for range 2 + rng.IntN(3) {
			take(int(g.neighbour[anchor][int(rng.Float64()*rng.Float64()*same)]), sameTopic)
		}
		other := int(g.neighbour[anchor][same+rng.IntN(far-same)])
		take(other, otherTopic)
		take(close(other), .8*otherTopic)
		take(rng.IntN(g.base.Rows()), background)
		for _, t := range g.rare[anchor] {
			if rng.Float64() < ownRate {
				put(t, ownWeight*math.Exp(.5*rng.NormFloat64()))
			}
		}
		for range poisson(rng, many) {
			put(uint32(draw(rng, inject)), injected*math.Exp(.8*rng.NormFloat64()))
		}
		for i := 0; i < 12 && len(touched) < want; i++ {
			take(close(close(anchor)), otherTopic)
		}
		for _, t := range touched {
			value[t] *= g.factor[t] * math.Exp(orderNoise*rng.NormFloat64())
		}
		slices.SortFunc(touched, func(a, b uint32) int { return cmp.Or(cmp.Compare(value[b], value[a]), cmp.Compare(a, b)) })
		k := min(want, len(touched))
		top, most := min(1.8, max(.9, 1.28+.14*rng.NormFloat64())), 0.
		for r, t := range touched {
			if value[t] = 0; r < k {
				value[t] = g.ranks[r*1000/k] * math.Exp(valueNoise*rng.NormFloat64())
				most = max(most, value[t])
			}
		}
		chosen := slices.Sorted(slices.Values(touched[:k]))
		for _, t := range chosen {
			m.Terms = append(m.Terms, t)
			m.Weights = append(m.Weights, float32(min(1.85, max(.01, math.Round(value[t]*top/most*1000)/1000))))
			value[t] = 0
		}
		m.At = append(m.At, int64(len(m.Terms)))
	}
	return m
}

func poisson(rng *rand.Rand, mean float64) (n int) {
	for limit, p := math.Exp(-mean), rng.Float64(); p > limit; n++ {
		p *= rng.Float64()
	}
	return n
}

func (g *generator) calibrateAll(seed uint64) {
	for round := range 10 {
		g.calibrate(g.documents(20_000, seed+uint64(round)+1), round)
	}
}

// calibrate brings the frequencies of terms, and their mean weights, nearer to what is wanted.
func (g *generator) calibrate(m *csr.Matrix, round int) {
	count, sum := make([]float64, m.Columns), make([]float64, m.Columns)
	for i, t := range m.Terms {
		count[t]++
		sum[t] += float64(m.Weights[i])
	}
	n := float64(m.Rows())
	if round == 0 { // the order of what came out is kept from here on
		order := make([]uint32, 0, m.Columns)
		for t := range m.Columns {
			if count[t] > 0 || g.target[t] > 0 {
				order = append(order, uint32(t))
			}
		}
		old := g.target
		slices.SortFunc(order, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(old[b], old[a]), cmp.Compare(a, b))
		})
		g.wish(order)
	}
	var classSum, classCount [classes]float64
	all, postings := 0., 0.
	class := func(t int) int { return min(classes-1, max(0, int(-math.Log2(max(g.target[t], 1e-9))))) }
	for t := range count {
		classSum[class(t)] += sum[t]
		classCount[class(t)] += count[t]
		all, postings = all+sum[t], postings+count[t]
	}
	for t := range count {
		p := count[t] / n
		switch want := g.target[t]; {
		case p > want && g.inject[t] > 0:
			g.inject[t] = max(0, g.inject[t]-(p-want))
		case p > want:
			g.keep[t] *= max(want/p, .5)
		case g.keep[t] < .999:
			g.keep[t] = min(1, g.keep[t]*min(want/max(p, 1e-9), 2))
		default:
			g.inject[t] += want - p
		}
		if c := class(t); classCount[c] > 0 {
			g.factor[t] *= math.Pow(all/postings/(classSum[c]/classCount[c]), .7)
		}
	}
}

// move takes a share of the postings from their documents and deals them out again at random. A document that would get a term twice goes without.
func move(m *csr.Matrix, share float64, rng *rand.Rand) *csr.Matrix {
	var from []int64
	for i := range m.Terms {
		if rng.Float64() < share {
			from = append(from, int64(i))
		}
	}
	terms, weights := slices.Clone(m.Terms), slices.Clone(m.Weights)
	for i, j := range rng.Perm(len(from)) {
		terms[from[i]], weights[from[i]] = m.Terms[from[j]], m.Weights[from[j]]
	}
	out := &csr.Matrix{Columns: m.Columns, At: make([]int64, 1, m.Rows()+1)}
	for d := range m.Rows() {
		a, b := m.At[d], m.At[d+1]
		order := make([]int64, 0, b-a)
		for i := a; i < b; i++ {
			order = append(order, i)
		}
		slices.SortFunc(order, func(x, y int64) int { return cmp.Or(cmp.Compare(terms[x], terms[y]), cmp.Compare(x, y)) })
		for i, x := range order {
			if i == 0 || terms[x] != terms[order[i-1]] {
				out.Terms, out.Weights = append(out.Terms, terms[x]), append(out.Weights, weights[x])
			}
		}
		out.At = append(out.At, int64(len(out.Terms)))
	}
	return out
}
