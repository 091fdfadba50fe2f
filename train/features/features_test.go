package features

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode/autoencoder"
	"github.com/tamis-search/tamis/vector"
)

var subjects = []string{"espresso machine", "tape library", "tomato plants", "steam turbine", "violin strings", "tax returns", "coral reef", "railway signal"}

const width = 32

// made is an index of notes about two of the subjects each, whose vectors are sums of one
// direction a subject, with noise.
func made(t *testing.T, n int) (*tamis.Index, []vector.Dense) {
	t.Helper()
	rng := rand.New(rand.NewPCG(1, 1))
	var directions []vector.Dense
	for range subjects {
		d := make(vector.Dense, width)
		for i := range d {
			d[i] = float32(rng.NormFloat64())
		}
		d, _ = d.Unit()
		directions = append(directions, d)
	}
	ix, err := tamis.Open("", tamis.Options{Vectors: map[string]tamis.VectorField{"v": {Kind: vector.KindDense, Similarity: vector.Cosine}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	_, err = ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for i := range n {
			v := make(vector.Dense, width)
			var b strings.Builder
			for _, s := range rng.Perm(len(subjects))[:2] {
				by := 1 + rng.Float32()
				for j, x := range directions[s] {
					v[j] += by * x
				}
				fmt.Fprintf(&b, "The colleagues wrote <notes> about the %s again.\n", subjects[s])
			}
			for j := range v {
				v[j] += .02 * float32(rng.NormFloat64())
			}
			if !yield(tamis.Document{ID: fmt.Sprintf("note-%d", i), Source: b.String(), Lang: "en", Vectors: map[string]tamis.Vector{"v": v}}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ix, directions
}

var options = Options{Options: autoencoder.Options{Features: 16, Active: 2, Rounds: 40, Seed: 1, Rate: 5e-3}}

func bytesOf(t *testing.T, s *Set) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "f")
	if err := s.Save(file); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Each subject has a feature that is called after it and points where the notes about it lie,
// and names tell where features fire while those of others do not.
func TestNames(t *testing.T) {
	ix, directions := made(t, 600)
	s, err := Learn(t.Context(), ix, options)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range subjects {
		found, err := s.Find(name)
		if err != nil || len(found) == 0 {
			t.Errorf("no feature is called %s: %v", name, err)
			continue
		}
		ok := slices.ContainsFunc(found, func(f *Feature) bool {
			d := s.model.Direction(f.Number)
			return strings.Contains(f.Name, name) && directions[i].Dot(d) > .8
		})
		if !ok {
			t.Errorf("%s: %q, %+v", name, found[0].Name, found[0].Terms)
		}
	}
	l := s.Learned
	if l.Names.AUC < .9 || math.Abs(l.Names.Shuffled-.5) > .2 || l.Names.Judged < len(subjects) {
		t.Errorf("names: %+v", l.Names)
	}
	if l.Unseen < .8 || l.Passages+l.HeldOut != 600 || l.HeldOut < 30 {
		t.Errorf("%+v", l)
	}
	for _, f := range s.Features {
		for _, e := range f.Examples {
			found, err := Receipts(t.Context(), ix, &Feature{Examples: []Example{e}}, tamis.Scope{})
			if err != nil || found[0].Text == "" {
				t.Fatalf("%+v: %v", e, err)
			}
		}
	}
	// What was changed since is not shown as an example.
	f := *s.ByFrequency()[0]
	f.Examples = slices.Clone(f.Examples)
	f.Examples[0].Digest = "other"
	if found, err := Receipts(t.Context(), ix, &f, tamis.Scope{}); err != nil || found[0].Text != "" || found[1].Text == "" {
		t.Errorf("a changed example: %v", err)
	}
}

// A file is read as it was written, the same index makes the same file, and damage is named.
func TestFile(t *testing.T) {
	ix, _ := made(t, 300)
	s, err := Learn(t.Context(), ix, options)
	if err != nil {
		t.Fatal(err)
	}
	want := bytesOf(t, s)
	again, err := Learn(t.Context(), ix, options)
	if err != nil || !bytes.Equal(want, bytesOf(t, again)) {
		t.Errorf("the same index makes another file: %v", err)
	}
	file := filepath.Join(t.TempDir(), "features")
	write := func(b []byte) {
		if err := os.WriteFile(file, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(want)
	read, err := Open(file)
	if err != nil || !bytes.Equal(want, bytesOf(t, read)) {
		t.Fatalf("a file is read as another: %v", err)
	}
	if !reflect.DeepEqual(read.Features, s.Features) {
		t.Error("the names are others")
	}
	for _, n := range []int{0, 10, len(magic) + 4, len(want) / 2, len(want) - 1} {
		if write(want[:n]); true {
			if _, err := Open(file); !errors.Is(err, ErrFile) || !strings.Contains(err.Error(), file) {
				t.Errorf("%d of %d bytes: %v", n, len(want), err)
			}
		}
	}
	if _, err := Open(file + "x"); err == nil || !strings.Contains(err.Error(), "tamis train features") {
		t.Errorf("no file: %v", err)
	}
}

// A training that is interrupted goes on, and makes what it would have made.
func TestInterrupted(t *testing.T) {
	ix, _ := made(t, 300)
	s, err := Learn(t.Context(), ix, options)
	if err != nil {
		t.Fatal(err)
	}
	o := options
	o.Checkpoint = filepath.Join(t.TempDir(), "f.partial")
	ctx, stop := context.WithCancel(t.Context())
	o.Progress = func(done, all int) {
		if done > all/2 {
			stop()
		}
	}
	if _, err := Learn(ctx, ix, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	first := 0
	o.Progress = func(done, all int) {
		if first == 0 {
			first = done
		}
		if done*2 < all {
			t.Fatal("it begins anew")
		}
	}
	other := o
	other.Seed = 9
	if _, err := Learn(t.Context(), ix, other); !errors.Is(err, autoencoder.ErrOther) || !strings.Contains(err.Error(), o.Checkpoint) {
		t.Errorf("other options: %v", err)
	}
	again, err := Learn(t.Context(), ix, o)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytesOf(t, s), bytesOf(t, again)) {
		t.Error("what was interrupted makes another file")
	}
	if _, err := os.Stat(o.Checkpoint); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the checkpoint is left: %v", err)
	}
}

// Steering along the feature of a subject brings notes about it to the front, steering away
// takes them from there.
func TestSteered(t *testing.T) {
	ix, directions := made(t, 600)
	s, err := Learn(t.Context(), ix, options)
	if err != nil {
		t.Fatal(err)
	}
	share := func(q vector.Dense, subject string) float64 {
		r, err := ix.Search(t.Context(), tamis.Query{Vector: q, Field: "v", K: 20})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, h := range r.Hits {
			if strings.Contains(h.Text, subject) {
				n++
			}
		}
		return float64(n) / float64(len(r.Hits))
	}
	q, to := directions[0], subjects[1]
	steps, err := s.ParseSteps([]string{to + "=+1"})
	if err != nil {
		t.Fatal(err)
	}
	towards, err := s.Steered(q, steps)
	if err != nil {
		t.Fatal(err)
	}
	steps[0].By = -1
	away, err := s.Steered(q, steps)
	if err != nil {
		t.Fatal(err)
	}
	before, after, less := share(q, to), share(towards, to), share(away, to)
	if after < before+.3 || less > before {
		t.Errorf("of the best 20 %.2f are about the %s, steered there %.2f, away %.2f", before, to, after, less)
	}
	for _, bad := range []string{"", "=2", "espresso", "espresso=x", "espresso=NaN", "espresso=1e9", "99=1", "nothing=1"} {
		if _, err := s.ParseSteps([]string{bad}); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if _, err := s.Steered(q[1:], nil); err == nil {
		t.Error("a vector of another width is steered")
	}
	of, err := s.Of(t.Context(), ix, "note-0", -1, tamis.Scope{})
	if err != nil || len(of) != 1 || len(of[0].Features) == 0 {
		t.Errorf("features of a note: %v %v", of, err)
	}
}

// The page is well-formed, needs nothing from elsewhere, and shows texts as text.
func TestPage(t *testing.T) {
	ix, _ := made(t, 300)
	s, err := Learn(t.Context(), ix, options)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := s.WriteHTML(t.Context(), &b, ix, tamis.Scope{}); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	text := b.String()
	for _, want := range []string{"&lt;notes&gt;", "<mark>espresso machine</mark>", "<circle", "<rect", "note-"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	for _, not := range []string{"<script", "src=", "href=", "@import", "NaN", "<notes>"} {
		if strings.Contains(text, not) {
			t.Errorf("%s is there", not)
		}
	}
}

func TestRefused(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if _, err := Learn(t.Context(), ix, options); !errors.Is(err, ErrField) || !strings.Contains(err.Error(), "tamis index --model") {
		t.Errorf("no vectors: %v", err)
	}
	few, _ := made(t, 40)
	if _, err := Learn(t.Context(), few, options); !errors.Is(err, autoencoder.ErrFew) {
		t.Errorf("few vectors: %v", err)
	}
	o := options
	o.Field = "other"
	if _, err := Learn(t.Context(), few, o); !errors.Is(err, ErrField) {
		t.Errorf("another field: %v", err)
	}
}

// The area under the curve is the share of pairs in order.
func TestArea(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		n := 2 + rng.IntN(12)
		scores, positive := make([]float64, n), make([]bool, n)
		for i := range n {
			scores[i], positive[i] = float64(rng.IntN(4)), rng.IntN(2) == 0
		}
		sum, pairs := 0.0, 0.0
		for i := range n {
			for j := range n {
				if positive[i] && !positive[j] {
					pairs++
					if scores[i] > scores[j] {
						sum++
					} else if scores[i] == scores[j] {
						sum += .5
					}
				}
			}
		}
		want := .5
		if pairs > 0 {
			want = sum / pairs
		}
		if got := area(scores, positive); math.Abs(got-want) > 1e-12 {
			t.Fatalf("%v %v: %g, want %g", scores, positive, got, want)
		}
	}
}

// A pair of words stands in a name for those that it holds.
func TestCalled(t *testing.T) {
	for want, keys := range map[string][]string{
		"":                          nil,
		"layer":                     {"layer"},
		"boundary layer, flow":      {"layer", "boundary", "flow", "boundary layer", "layer flow"},
		"a, boundary layer, b":      {"a", "boundary layer", "layer", "b", "c"},
		"boundary layer, flow, new": {"boundary", "flow", "layer", "boundary layer", "new"},
	} {
		var list []Term
		for _, k := range keys {
			list = append(list, Term{Text: k, key: k})
		}
		if got := called(list); got != want {
			t.Errorf("%v is called %q, want %q", keys, got, want)
		}
	}
}
