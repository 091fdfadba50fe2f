package attention

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/simd"
)

// random are keys of a head, and queries of the last tokens in two heads.
func random(seed uint64, n, rows, size int) (*Queries, *Keys) {
	r := rand.New(rand.NewPCG(seed, 1))
	k := &Keys{Head: 1, Heads: 2, Size: size, N: n, Packed: make([]float32, simd.Padded(n)*size)}
	for i := range k.Packed {
		k.Packed[i] = float32(r.NormFloat64())
	}
	data := make([]float32, rows*2*size)
	for i := range data {
		data[i] = float32(r.NormFloat64())
	}
	return NewQueries(data, 2*size, rows, 2, n-rows, .5), k
}

// TestPlans: ranges ascend and do not overlap, sinks and what is near are among them, and no more is
// read than was asked for, but for these.
func TestPlans(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		rows := 1 + r.IntN(96)
		if seed%3 == 0 {
			rows = 1
		}
		n, share := rows+r.IntN(1200), .02+.5*r.Float64()
		q, k := random(seed, n, rows, 16)
		for _, p := range []Planner{Window{share}, Strided{share}, Power{share}, Slashes{share}, Stripes{Theta, share}, Stripes{.5, share}, Blocks{share}, Chunks{share}, Quest{share}, Probe{share}, Hashes{share}} {
			spans := p.Plan(q, k, nil)
			total, last := 0, -1
			for _, s := range spans {
				if s.From <= last || s.To <= s.From || s.To > n {
					t.Fatalf("%T, %d of %d tokens: %v", p, rows, n, spans)
				}
				total, last = total+s.To-s.From, s.To
			}
			if last != n || spans[0].From != 0 || spans[0].To < min(sinks, q.First) {
				t.Errorf("%T, %d of %d tokens: no sinks or no end: %v", p, rows, n, spans)
			}
			f := framed(q, share)
			// A page of rounding where a window begins at a whole one.
			if most := f.budget + min(sinks, f.local) + n - f.local + Page + shard; total > most {
				t.Errorf("%T reads %d of %d tokens, %d at most were asked for", p, total, n, most)
			}
		}
	}
}

// TestBounds: no key of a page gives more than the page's bound, and means are means, also after
// keys were cut and others came.
func TestBounds(t *testing.T) {
	q, k := random(1, 320, 1, 16)
	k.Means(20)
	k.Bounds(20)
	k.Cut(100, 0)
	r := rand.New(rand.NewPCG(3, 3))
	for i := 112 * k.Size; i < len(k.Packed); i++ {
		k.Packed[i] = float32(r.NormFloat64())
	}
	k.N = 320
	means, bounds, key := k.Means(20), k.Bounds(20), make([]float32, 16)
	at := func(packed []float32, size, page, j int) float64 {
		return float64(packed[page/Page*Page*size+j*Page+page%Page])
	}
	for page := range 20 {
		bound, most, sum := 0., math.Inf(-1), 0.
		for j, x := range q.at(0, 0, 16) {
			bound += max(float64(x), 0)*at(bounds, 32, page, j) + min(float64(x), 0)*at(bounds, 32, page, 16+j)
		}
		for i := page * Page; i < (page+1)*Page; i++ {
			k.At(key, i)
			dot := 0.
			for j, x := range q.at(0, 0, 16) {
				dot += float64(x) * float64(key[j])
			}
			most, sum = max(most, dot), sum+float64(key[5])/Page
		}
		if most > bound+1e-5 || math.Abs(sum-at(means, 16, page, 5)) > 1e-5 {
			t.Errorf("page %d: %g above the bound %g, or a mean of %g instead of %g", page, most, bound, at(means, 16, page, 5), sum)
		}
	}
}

// given are scores that a test chooses.
type given [][]float32

func (given) Queries() int { return 0 }

func (g given) Score(dst []float32, k *Kept) { copy(dst, g[k.Head]) }

// TestChoose: heads that share keep what is best among all, and a fifth of their equal part.
func TestChoose(t *testing.T) {
	scores := given{make([]float32, 200), make([]float32, 200)}
	heads := []*Kept{{Keys: &Keys{Head: 0, N: 200}}, {Keys: &Keys{Head: 1, N: 200}}}
	for i := range 200 {
		scores[0][i], scores[1][i] = float32(i%7), float32(100+i%5)
	}
	for _, apart := range []bool{false, true} {
		kept := (&Policy{Cache: scores, Apart: apart}).Choose(heads, 100)
		want := [2]int{100, 100}
		if apart {
			want = [2]int{20, 180}
		}
		for h, k := range kept {
			if len(k) != want[h] || int(k[len(k)-1]) != 199 {
				t.Errorf("apart %v: head %d keeps %d tokens, up to %d", apart, h, len(k), k[len(k)-1])
			}
		}
	}
}

func TestUnknownPolicies(t *testing.T) {
	for text, say := range map[string]string{
		"sparse": "there are dense, window", "quest:0": "above 0", "quest:1.5": "1 at most", "quest:NaN": "above 0", "quest:": "above 0", "ada-quest": "ada- before one for the cache",
		"documents+finch": "documents say", "documents+quest": "documents say", "ada-finch": "does not go", "q8+q4": "two parts", "q8:0.5": "no such", "snapkv+tova": "two parts for the same stage", "blocks+stripes": "two parts", "quest+tail": "tail", "+": "no such", "window+window": "two parts",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v instead of %q", text, err, say)
		}
	}
	for _, text := range []string{"", "dense", "window:0.1+tail", "stripes+quest:0.1+ada-snapkv:0.25", "chunks:0.2+quest:0.1", "quest:0.1+window", "q8", "q4+snapkv:0.1", "documents:1+snapkv+q8"} {
		if _, err := Parse(text); err != nil {
			t.Error(err)
		}
	}
}

// TestHashes: what is near to a query is read, wherever it stands, and what is far from it is not; keys
// that come later are hashed as those before; cut, they are hashed again.
func TestHashes(t *testing.T) {
	const n, size = 2000, 32
	r := rand.New(rand.NewPCG(5, 5))
	q, k := random(8, n, 1, size)
	for _, h := range []int{0, 1} { // the query is much like a few keys
		x := q.at(0, h, size)
		for i := range 6 {
			at := 100 + 150*i + h
			for j := range x {
				k.Packed[at/Page*Page*size+j*Page+at%Page] = x[j] + .3*float32(r.NormFloat64())
			}
		}
	}
	reads := func(spans []Span) (read [n]bool) {
		for _, s := range spans {
			for i := s.From; i < s.To; i++ {
				read[i] = true
			}
		}
		return read
	}
	read, total := reads(Hashes{.1}.Plan(q, k, nil)), 0
	for _, yes := range read {
		if yes {
			total++
		}
	}
	for i := range 12 {
		if at := 100 + 150*(i/2) + i%2; !read[at] {
			t.Errorf("key %d is like the query and is not read", at)
		}
	}
	if total > n/10 {
		t.Errorf("%d of %d are read", total, n)
	}
	whole := k.Clone()
	k.Cut(700, 0)
	k.N = n
	if again := reads(Hashes{.1}.Plan(q, k, nil)); again != read {
		t.Error("cut and hashed again, others are read")
	}
	if whole.hashes == nil || &whole.hashes[0] == &k.hashes[0] {
		t.Error("a clone has the hashes of its original")
	}
}

// TestProbe: of a block in which one query looks for something and all others are alike, the probe finds
// what that one looks for, and the mean does not.
func TestProbe(t *testing.T) {
	const n, size = 1600, 32
	q, k := random(3, n, 64, size)
	r := rand.New(rand.NewPCG(4, 4))
	for i := range q.Rows {
		for h := range q.Heads {
			x := q.at(i, h, size)
			for j := range x {
				x[j] = .1*float32(r.NormFloat64()) + float32(j%2)
			}
			if i == 40 {
				for j := range x {
					x[j] = 4 * float32(j%3-1)
				}
			}
		}
	}
	const page = 20
	for at := page * Page; at < (page+1)*Page; at++ {
		for j := range size {
			k.Packed[at/Page*Page*size+j*Page+at%Page] = .3 * float32(j%3-1)
		}
	}
	has := func(spans []Span) bool {
		for _, s := range spans {
			if s.From <= page*Page && s.To >= (page+1)*Page {
				return true
			}
		}
		return false
	}
	if !has(Probe{.12}.Plan(q, k, nil)) {
		t.Error("the probe does not find what one query looks for")
	}
	if has(Blocks{.12}.Plan(q, k, nil)) {
		t.Error("the mean finds it too: the test tells nothing")
	}
}

func TestEqualBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 6))
	for range 10000 {
		a, b, want := r.Uint64(), r.Uint64(), 0
		for i := range 8 {
			if r.IntN(2) == 0 {
				b = b&^(255<<(8*i)) | a&(255<<(8*i))
			}
			if a>>(8*i)&255 == b>>(8*i)&255 {
				want++
			}
		}
		if got := equalBytes(a, b); got != want {
			t.Fatalf("%d bytes of %x and %x are equal instead of %d", got, a, b, want)
		}
	}
}
