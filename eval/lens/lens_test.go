package lens

import (
	"bytes"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/induction"
)

func some(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func drawn(random *rand.Rand, n, width int) rows {
	r := rows{width, make([]float32, n*width)}
	for i := range r.x {
		r.x[i] = float32(random.NormFloat64())
	}
	return r
}

// TestAffine: what is affine is found, on rows that were not fitted too; what is drawn
// otherwise, or not affine, is not.
func TestAffine(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const n, width = 600, 24
	x, m := drawn(random, n, width), drawn(random, width, width)
	affine, bent, other := rows{width, make([]float32, n*width)}, rows{width, make([]float32, n*width)}, drawn(random, n, width)
	for i := range n {
		for j := range width {
			v := float32(3)
			for k, c := range x.at(i) {
				v += c * m.at(k)[j]
			}
			affine.at(i)[j], bent.at(i)[j] = v, float32(math.Abs(float64(v-3)))
		}
	}
	half := some(n)[:n/2]
	rest := some(n)[n/2:]
	score := func(y rows) float64 {
		left, own := crossed(x, y, [2][]int{half, rest})
		if a, b := sum(left[0]), sum(own[0]); b > a {
			t.Errorf("a map leaves %g of what it was fitted to, %g of the rest", b, a)
		}
		return 1 - (sum(left[0])+sum(left[1]))/(varied(y, half)+varied(y, rest))
	}
	if s := score(affine); s < .9999 {
		t.Errorf("an affine layer scores %.5f", s)
	}
	if s := score(bent); s > .3 {
		t.Errorf("one with |x| scores %.3f", s)
	}
	if s := score(other); s > .05 {
		t.Errorf("one that has nothing to do with its input scores %.3f", s)
	}
	const penalty = .01
	// By the formula, slowly: (XᵀX + λn)⁻¹XᵀY on standardised rows has a gradient of 0.
	f := fit(x, bent, half, penalty)
	made := f.of(x, half)
	for j := range width {
		for k := range width {
			g := 0.0
			for i, at := range half {
				g += (float64(x.at(at)[j]) - f.from[j]) / f.scale[j] * (float64(bent.at(at)[k]) - float64(made.at(i)[k]))
			}
			weight := float64(f.packed[k/16*16*width+j*16+k%16])
			if math.Abs(g-weight*(penalty*n/2)) > 1e-2 {
				t.Fatalf("gradient %d, %d: %g, the penalty has %g", j, k, g, weight*penalty*n/2)
			}
		}
	}
}

// TestShapes: a plane in many dimensions has two, a line is all in one direction, a ball in none.
func TestShapes(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	const n, width = 500, 40
	basis := drawn(random, 5, width)
	spanned := func(of int) rows {
		r := rows{width, make([]float32, n*width)}
		for i := range n {
			for b := range of {
				c := float32(random.NormFloat64())
				for j, v := range basis.at(b) {
					r.at(i)[j] += c * v
				}
			}
		}
		copy(r.at(1), r.at(0)) // one comes twice
		return r
	}
	for _, of := range []int{1, 2, 5} {
		if d := dimension(spanned(of), some(n)); math.Abs(d-float64(of)) > .2*float64(of) {
			t.Errorf("%d directions: dimension %.2f", of, d)
		}
	}
	if a := anisotropy(spanned(1), some(n)); a < .9999 {
		t.Errorf("a line has anisotropy %.4f", a)
	}
	if a := anisotropy(drawn(random, n, width), some(n)); a > .1 {
		t.Errorf("a ball has anisotropy %.4f", a)
	}
	same := rows{3, make([]float32, 30)}
	if a, d := anisotropy(same, some(10)), dimension(same, some(10)); a != 0 || d != 0 {
		t.Errorf("ten rows that are one: anisotropy %g, dimension %g", a, d)
	}
}

func built(t *testing.T) *decoder.Decoder {
	t.Helper()
	at := filepath.Join(t.TempDir(), "built.gguf")
	if err := induction.WriteFile(at); err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Open(at, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// letters is a text at random: a token tells nothing of another.
func letters(n int) string {
	random := rand.New(rand.NewPCG(7, 8))
	var b strings.Builder
	for range n {
		b.WriteByte("abcdefgijklmnopq"[random.IntN(16)])
	}
	return b.String()
}

// TestBuilt: the built model has the two tokens before in the states of its first layer, by the way
// that it is made, and no others; what comes to that layer tells of none. In a random text
// tokens before are nothing that a map of the token gives, and the second layer finds nothing to add.
func TestBuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	d := built(t)
	o := Options{Tokens: 1024, Window: 128}
	r, err := Run(t.Context(), d, letters(1200), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Tokens != 1024 || len(r.Layers) != 3 {
		t.Fatalf("%d tokens, %d layers", r.Tokens, len(r.Layers))
	}
	all := math.Log(16)
	for i, want := range [][]float64{{0, 0, 0}, {all, all, 0}, {all, all, 0}} {
		for k, v := range r.Layers[i].By {
			if math.Abs(v-want[k]) > .15 {
				t.Errorf("layer %d tells %.3f nats of the token %d before; %.3f are to tell", i, v, Distances[k], want[k])
			}
		}
	}
	if x := r.Layers[1]; x.Linearity > .6 || x.Update > .1 {
		t.Errorf("a layer that fetches other tokens is linear: %+v", x)
	}
	if r.Layers[0].Dimension < 0 || r.Layers[0].Linearity != 0 {
		t.Errorf("before the first layer: %+v", r.Layers[0])
	}
	// The first token of a window is left out; those without a past carry none.
	for _, x := range r.First {
		if x.Place == 0 || x.Place < farthest && x.Context != 0 || x.Place >= farthest && math.Abs(x.Context-2*all) > 1 {
			t.Fatalf("%+v", x)
		}
	}
	again, err := Run(t.Context(), d, letters(1200), o)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, again) {
		t.Error("the same text gives another report")
	}
}

// TestLayers: of a model with random weights the last layer agrees with itself, each figure is a number
// within its bounds, and the page can be written.
func TestLayers(t *testing.T) {
	d, err := decoder.Open(tinymodel.Decoder{Architecture: "llama", Layers: 3, Width: 48, Heads: 6, KeyHeads: 2, Size: 16, Inner: 80, Positions: 512, Tied: true}.Write(t, 3), decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	s := strings.Repeat("It is <b>12</b> o'clock, and the owls sing; nobody reads them. ", 30)
	r, err := Run(t.Context(), d, s, Options{Window: 64})
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range r.Layers {
		if l.Share < 0 || l.Share > 1 || l.Next <= 0 || l.Next > 1 || l.Anisotropy <= 0 || l.Anisotropy > 1 || l.Linearity > 1 || l.Fitted > 1 || l.Agrees < 0 || l.Agrees > 1.0001 {
			t.Errorf("layer %d: %+v", i, l)
		}
	}
	if a := r.Layers[3].Agrees; math.Abs(a-1) > 1e-9 {
		t.Errorf("the last layer agrees with itself in %.3f", a)
	}
	kinds := map[string]bool{}
	for _, k := range r.Kinds {
		kinds[k.Name] = true
	}
	if !kinds[punctuation] || !kinds[number] || !kinds[space] {
		t.Errorf("kinds: %v", r.Kinds)
	}
	var b bytes.Buffer
	if err := r.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	if page := b.String(); !strings.Contains(page, "<svg") || strings.Contains(page, "<b>12") || strings.Contains(page, "NaN") {
		t.Error("the page has no picture, or the text's own tags")
	}
	b.Reset()
	if err := r.WriteTable(&b); err != nil || !strings.Contains(b.String(), "punctuation") {
		t.Errorf("%v: %s", err, b.String())
	}
}

// TestRefused: what cannot be read is said.
func TestRefused(t *testing.T) {
	d := built(t)
	for name, c := range map[string]struct {
		text string
		o    Options
		says string
	}{
		"short":   {"little", Options{}, "name a longer one"},
		"empty":   {"", Options{}, "0 tokens"},
		"windows": {letters(400), Options{Window: 3}, "16 are the fewest"},
	} {
		if _, err := Run(t.Context(), d, c.text, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
