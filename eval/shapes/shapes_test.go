package shapes

import (
	"context"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/encode/autoencoder"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// maker makes vectors of a kind of the words of a text: each word has numbers of its own.
type maker struct{ kind vector.Kind }

func (m maker) Name() string      { return "words" }
func (m maker) Place() string     { return "here" }
func (m maker) Kind() vector.Kind { return m.kind }
func (m maker) Width() int        { return 48 }

func (m maker) All(ctx context.Context, texts iter.Seq[string], _ encode.Use) iter.Seq2[vector.Value, error] {
	return func(yield func(vector.Value, error) bool) {
		for s := range texts {
			var tokens vector.Multi
			named, sum := vector.Named{}, make(vector.Dense, m.Width())
			for _, w := range strings.Fields(s) {
				seed := uint64(0)
				for _, c := range w {
					seed = seed*31 + uint64(c)
				}
				rng := rand.New(rand.NewPCG(seed, 7))
				v := make(vector.Dense, m.Width())
				for i := range v {
					v[i] = float32(rng.NormFloat64())
					sum[i] += v[i]
				}
				tokens, named[w] = append(tokens, v), named[w]+1
			}
			v := map[vector.Kind]vector.Value{vector.KindDense: sum, vector.KindSparse: named, vector.KindMulti: tokens}[m.kind]
			if !yield(v, ctx.Err()) {
				return
			}
		}
	}
}

// drawn is a set whose queries have three words of the one document that is relevant.
func drawn(rng *rand.Rand, n int) *Set {
	s := &Set{Judged: trec.Qrels{}}
	for i := range n {
		var words []string
		for range 20 {
			words = append(words, fmt.Sprintf("w%d", rng.IntN(600)))
		}
		s.Documents = append(s.Documents, Document{ID: fmt.Sprintf("d%d", i), Text: strings.Join(words, " ")})
		if i < 20 {
			id := fmt.Sprintf("q%d", i)
			s.Queries = append(s.Queries, trec.Query{ID: id, Text: strings.Join(words[3:6], " ")})
			s.Judged[id] = map[string]int{s.Documents[i].ID: 1}
		}
	}
	return s
}

// TestMeasure: every shape of every kind of model is there, the first of each agrees with
// itself, stored numbers agree with floats, and a smaller index has what is relevant.
func TestMeasure(t *testing.T) {
	s := drawn(rand.New(rand.NewPCG(1, 2)), 300)
	r, err := Measure(t.Context(), s, Options{Analyzer: "english", Seed: 1, Sizes: []float64{.1, 1},
		Models: []encode.Maker{maker{vector.KindDense}, maker{vector.KindSparse}, maker{vector.KindMulti}}})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, row := range r.Rows {
		if count[row.Of]++; count[row.Of] == 1 && (row.Agree != 1 || row.NDCG < .4) {
			t.Errorf("%+v", row)
		}
		if len(row.Sizes) != 2 || row.Sizes[0].Documents != 48 || row.Sizes[1].Documents != 300 || row.Sizes[1].NDCG != row.NDCG || row.Bytes <= 0 {
			t.Errorf("%+v", row)
		}
		if strings.HasPrefix(row.Shape, "8 bits a number") && row.Agree < .9 || row.Shape == "MaxSim, recall 0.9" && row.Agree != 1 {
			t.Errorf("%+v", row)
		}
	}
	if count["words"] != 8 || count["dense"] != 13 || count["sparse"] != 5 || count["multi"] != 4 {
		t.Error(count)
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil || strings.Count(b.String(), "\n") != len(r.Rows)+1 {
		t.Error(b.String(), err)
	}
}

// TestSketches: the products of sketches are those of the weights, without bias.
func TestSketches(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 3))
	drift, size := 0.0, 0.0
	for range 200 {
		shared := rng.Uint32()
		draw := func() vector.Sparse {
			w := map[uint32]float64{}
			for range 30 {
				w[rng.Uint32()] = rng.Float64() + .1
			}
			for i := range uint32(8) {
				w[shared+i] = 1
			}
			v, err := sparse(w)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		pair := []vector.Sparse{draw(), draw()}
		want := 0.0
		for i, x := range pair[0].Terms {
			if j, ok := slices.BinarySearch(pair[1].Terms, x); ok {
				want += float64(pair[0].Weights[i]) * float64(pair[1].Weights[j])
			}
		}
		d := sketches(pair, 1024)
		got := 0.0
		for i, x := range d[0] {
			got += float64(x) * float64(d[1][i])
		}
		drift, size = drift+got-want, size+want
		if math.Abs(got-want) > 4 {
			t.Errorf("%g, want %g", got, want)
		}
	}
	if math.Abs(drift) > .02*size {
		t.Errorf("they are off by %g of %g", drift, size)
	}
}

// TestDensified: with a slice for each term nothing is lost but steps of weights.
func TestDensified(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 4))
	var rows []vector.Sparse
	for range 200 {
		w := map[uint32]float64{}
		for range 10 {
			w[uint32(rng.IntN(100))] = float64(1+rng.IntN(255)) / 255
		}
		w[uint32(rng.IntN(100))] = 1 // the greatest, so that steps are whole
		v, err := sparse(w)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, v)
	}
	exact, err := weights("exact", impact.Float32, rows, rows)
	if err != nil {
		t.Fatal(err)
	}
	for n, least := range map[int]float64{100: .99, 40: .4} {
		x := densified(n, rows, rows, 1)
		same := 0
		for q := range 50 {
			want, err := exact.rank(t.Context(), q, 10, topk.Mask{})
			got, err2 := x.rank(t.Context(), q, 10, topk.Mask{})
			if err != nil || err2 != nil {
				t.Fatal(err, err2)
			}
			for _, h := range want {
				if slices.ContainsFunc(got, func(o topk.Hit) bool { return o.Row == h.Row }) {
					same++
				}
			}
		}
		if share := float64(same) / 500; share < least {
			t.Errorf("%d slices agree in %.3f", n, share)
		}
	}
}

// TestCodes: the bits that differ are counted, and codes of the strongest have as many bits.
func TestCodes(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 5))
	p := newProjection(16, 256, 1)
	v, u := make(vector.Dense, 16), make(vector.Dense, 16)
	for range 20 {
		for i := range v {
			v[i], u[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
		}
		a, b := p.of(v), p.of(u)
		want := 0
		for i := range a {
			if (a[i] > 0) != (b[i] > 0) {
				want++
			}
		}
		if got := differ(signs(a), signs(b)); got != want {
			t.Fatalf("%d bits differ, want %d", got, want)
		}
		code, n := strongest(a), 0
		least := slices.Sorted(slices.Values(a))[len(a)-len(a)/activeOf]
		for i, w := range code {
			n += bits.OnesCount64(w)
			for ; w != 0; w &= w - 1 {
				if x := a[i*64+bits.TrailingZeros64(w)]; x < least {
					t.Fatalf("%g is none of the strongest, from %g on", x, least)
				}
			}
		}
		if n != len(a)/activeOf {
			t.Fatalf("%d bits", n)
		}
	}
}

// Steering along what relevant documents share finds more of them, along a feature drawn at random it
// does not; what chose is not counted in the other half.
func TestSteer(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := &Set{Judged: trec.Qrels{}}
	for i := range 400 {
		var words []string
		for range 6 {
			words = append(words, fmt.Sprintf("common%d", rng.IntN(60)))
		}
		subject := i % 20
		s.Documents = append(s.Documents, Document{ID: fmt.Sprint(i), Text: strings.Join(words, " ") + strings.Repeat(fmt.Sprintf(" subject%d", subject), 3)})
		if i < 20 {
			q := fmt.Sprint("q", i)
			s.Queries = append(s.Queries, trec.Query{ID: q, Text: words[0] + " " + words[1] + fmt.Sprintf(" subject%d", subject)})
			s.Judged[q] = map[string]int{}
		}
		s.Judged[fmt.Sprint("q", subject)][fmt.Sprint(i)] = 1
	}
	r, err := Steer(t.Context(), s, maker{vector.KindDense}, SteerOptions{By: []float64{1, 2}, Options: autoencoder.Options{Active: 4, Seed: 1}})
	if err != nil {
		t.Fatal(err)
	}
	row := map[string]Steered{}
	for _, x := range r.Rows {
		if x.By != 1 {
			row[x.Along] = x
		}
	}
	none, all, half, random := row["none"], row[alongAll], row[alongHalf], row[alongRandom]
	if none.NDCG > .95 || all.NDCG < none.NDCG+.02 || half.Rest < none.Rest+.02 || half.Difference.Low <= 0 || random.NDCG > none.NDCG {
		t.Errorf("none %+v\nall %+v\nhalf %+v\nrandom %+v", none, all, half, random)
	}
	if r.Halved != 20 || len(r.Rows) != 9 {
		t.Errorf("%+v", r)
	}
	again, err := Steer(t.Context(), s, maker{vector.KindDense}, SteerOptions{By: []float64{1, 2}, Options: autoencoder.Options{Active: 4, Seed: 1}})
	if err != nil || !reflect.DeepEqual(r, again) {
		t.Error("another report of the same", err)
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil || strings.Count(b.String(), "\n") != len(r.Rows)+2 {
		t.Error(b.String(), err)
	}
	if _, err := Steer(t.Context(), s, maker{vector.KindSparse}, SteerOptions{}); err == nil {
		t.Error("sparse vectors are steered")
	}
}
