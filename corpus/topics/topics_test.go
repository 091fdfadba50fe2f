package topics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis/text"
)

func english(t testing.TB) *text.Analyzer {
	t.Helper()
	an, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	return an
}

// themed makes units whose words come from one theme a segment, and some that
// all themes share.
func themed(r *rand.Rand, lengths ...int) (units []string, boundaries []int) {
	for s, n := range lengths {
		if s > 0 {
			boundaries = append(boundaries, len(units))
		}
		for range n {
			var words []string
			for range 12 {
				if r.IntN(3) == 0 {
					words = append(words, fmt.Sprintf("common%d", r.IntN(40)))
				} else {
					words = append(words, fmt.Sprintf("theme%dword%d", s, r.IntN(60)))
				}
			}
			units = append(units, strings.Join(words, " "))
		}
	}
	return units, boundaries
}

// segmenters are all that take bags.
var segmenters = map[string]func(*Bags) []int{"segment": Segment, "texttiling": TextTiling, "c99": C99}

// TestClearTopics: where topics share few words, every segmenter finds them.
func TestClearTopics(t *testing.T) {
	units, want := themed(rand.New(rand.NewPCG(1, 2)), 40, 25, 60, 35)
	b := Analyse(english(t), units)
	for name, f := range segmenters {
		got := f(b)
		for _, w := range want {
			if !slices.ContainsFunc(got, func(g int) bool { return g-w <= 4 && w-g <= 4 }) {
				t.Errorf("%s: %v misses %d", name, got, w)
			}
		}
		if name == "segment" && !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestSmall: texts without anything to divide.
func TestSmall(t *testing.T) {
	an := english(t)
	for _, units := range [][]string{nil, {""}, {"one"}, {"the", "of"}, {"", "", ""}, {"the same words", "the same words"}, slices.Repeat([]string{"the same words again"}, 200)} {
		b := Analyse(an, units)
		for name, f := range segmenters {
			if got := f(b); name == "segment" && len(got) > 0 || !valid(got, len(units)) {
				t.Errorf("%s of %d units: %v", name, len(units), got)
			}
		}
	}
}

func valid(boundaries []int, n int) bool {
	last := 0
	for _, b := range boundaries {
		if b <= last || b >= n {
			return false
		}
		last = b
	}
	return true
}

// TestAnalyse: what counts as a word, and where it stands.
func TestAnalyse(t *testing.T) {
	b := Analyse(english(t), []string{"The runners, what is running?", "", "東京都 runs"})
	if got := fmt.Sprint(b.terms, b.units, b.places, b.starts); got != "[runner run 東京 京都] [[0 1] [] [2 3 1]] [[1 4] [] [5 6 7]] [0 5 5 8]" {
		t.Error(got)
	}
}

// likelihood is the score of one segmentation from its definition, by gamma
// functions.
func likelihood(b *Bags, boundaries []int) float64 {
	tf := make([]float64, len(b.terms))
	for _, u := range b.units {
		for _, t := range u {
			tf[t]++
		}
	}
	roots, vocabulary := 0.0, 0.0
	for _, f := range tf {
		if f > 1 {
			roots += math.Sqrt(f)
			vocabulary++
		}
	}
	lgamma := func(x float64) float64 { y, _ := math.Lgamma(x); return y }
	all := concentration * vocabulary
	sum, start := 0.0, 0
	for _, end := range append(slices.Clone(boundaries), b.Len()) {
		counts, size := make([]float64, len(tf)), 0.0
		for _, u := range b.units[start:end] {
			for _, t := range u {
				if tf[t] > 1 {
					counts[t]++
					size++
				}
			}
		}
		if size > 0 {
			sum += lgamma(all) - lgamma(all+size)
		}
		for t, c := range counts {
			if c > 0 {
				prior := all * math.Sqrt(tf[t]) / roots
				sum += lgamma(c+prior) - lgamma(prior)
			}
		}
		sum -= price
		start = end
	}
	return sum
}

// TestSegmentIsBest holds Segment against all segmentations of short texts.
func TestSegmentIsBest(t *testing.T) {
	an := english(t)
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(rt, "units")
		seed := rapid.Uint64().Draw(rt, "seed")
		themes := rapid.IntRange(1, 4).Draw(rt, "themes")
		r := rand.New(rand.NewPCG(seed, 1))
		units := make([]string, n)
		for i := range units {
			for range r.IntN(120) {
				units[i] += fmt.Sprintf("w%dx%d ", i*themes/n, r.IntN(12))
			}
		}
		b := Analyse(an, units)
		got := likelihood(b, Segment(b))
		best := math.Inf(-1)
		for mask := range 1 << (n - 1) {
			var s []int
			for i := range n - 1 {
				if mask>>i&1 == 1 {
					s = append(s, i+1)
				}
			}
			best = max(best, likelihood(b, s))
		}
		if got < best-1e-6 {
			rt.Fatalf("%v has %f, the best %f", Segment(b), got, best)
		}
	})
}

// TestSegmentersAreSound: boundaries of any text are in order and inside it, and
// the same each time.
func TestSegmentersAreSound(t *testing.T) {
	an := english(t)
	rapid.Check(t, func(rt *rapid.T) {
		units := rapid.SliceOfN(rapid.StringMatching(`([a-f]{1,2} |the |東|\n){0,60}`), 0, 60).Draw(rt, "units")
		b := Analyse(an, units)
		for name, f := range segmenters {
			got := f(b)
			if !valid(got, len(units)) {
				rt.Fatalf("%s: %v of %d units", name, got, len(units))
			}
			if !slices.Equal(got, f(Analyse(an, units))) {
				rt.Fatalf("%s is not deterministic", name)
			}
		}
	})
}

// TestC99Density checks the prefix sums of the rank matrix against plain sums.
func TestC99Density(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const n = 17
	rank := make([]float32, n*n)
	for i := range rank {
		rank[i] = float32(r.IntN(100)) / 100
	}
	d := newDensity(rank, n)
	for a := range n {
		for b := a + 1; b <= n; b++ {
			want := 0.0
			for i := a; i < b; i++ {
				for j := a; j < b; j++ {
					want += float64(rank[i*n+j])
				}
			}
			if math.Abs(d.square(a, b)-want) > 1e-9 {
				t.Fatalf("square(%d, %d) = %f, want %f", a, b, d.square(a, b), want)
			}
		}
	}
}

// TestC99Ranks: by hand, a 3×3 matrix whose square neighbourhoods are the whole.
func TestC99Ranks(t *testing.T) {
	sim := []float32{1, .2, 0, .2, 1, .5, 0, .5, 1}
	want := []float32{6. / 8, 2. / 8, 0, 2. / 8, 6. / 8, 4. / 8, 0, 4. / 8, 6. / 8}
	if got := ranks(sim, 3); !slices.Equal(got, want) {
		t.Errorf("ranks %v, want %v", got, want)
	}
}

// TestDepths: by hand; the first and last two gaps have none.
func TestDepths(t *testing.T) {
	got := depthsOf([]float64{9, 8, 5, 1, 4, 4, 2, 6, 3, 7})
	if want := []float64{0, 0, 4, 11, 0, 0, 6, 0, 0, 0}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("depths %v, want %v", got, want)
	}
}

// TestLong: a transcript of three hours; the log says how long it takes.
func TestLong(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var lengths []int
	for n := 0; n < 3000; n += lengths[len(lengths)-1] {
		lengths = append(lengths, 50+r.IntN(150))
	}
	units, want := themed(r, lengths...)
	b := Analyse(english(t), units)
	for name, f := range segmenters {
		begin := time.Now()
		got := f(b)
		t.Logf("%s: %d units, %d segments (%d in truth), %v", name, len(units), len(got)+1, len(want)+1, time.Since(begin))
		if name == "segment" && !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	}
}
