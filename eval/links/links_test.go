package links

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

func indexOf(t *testing.T, files map[string]string) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for path, source := range files {
			if !yield(tamis.Document{ID: path, Path: path, Source: source}, nil) {
				return
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	return ix
}

// TestMeasure: links of each kind are found with the documents that they lead to, and not those to
// themselves, to nowhere, or to what several packages are called.
func TestMeasure(t *testing.T) {
	ix := indexOf(t, map[string]string{
		"man/apt.8":        "APT(8)\n\napt is what people use. The cache is searched by apt-cache(8), and apt(8) says so. See nothing(5).",
		"man/apt-cache.8":  "APT-CACHE(8)\n\napt-cache looks into the cache of packages.",
		"docs/a.md":        "# Start\n\nRead the [rules of the house](sub/b.md#top) and [the web](http://x.md), [this](a.md).",
		"docs/sub/b.md":    "# Rules of the house\n\nNo shoes.",
		"src/ring/ring.go": "package ring\n\nfunc Fold() {}\n",
		"src/use/use.go":   "package use\n\nfunc F() { ring.Fold(); ring.Missing(); two.Thing() }\n",
		"src/x/two/two.go": "package two\n\nfunc Thing() {}\n",
		"src/y/two/two.go": "package two\n\nfunc Other() {}\n",
	})
	r, err := Measure(t.Context(), ix, Options{Most: 100})
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]int{}
	for _, k := range r.Kinds {
		cases[k.Kind] = k.Cases
		if len(k.Ways) != len(ways) {
			t.Errorf("%s: %v", k.Kind, k.Ways)
		}
		if h := k.Ways["tamis"]; h.At1 != 1 || h.At5 != 1 || len(k.Missed) != 0 {
			t.Errorf("%s: %+v, missed %v", k.Kind, h, k.Missed)
		}
	}
	if fmt.Sprint(cases) != "map[go:1 manual page:1 markdown:1]" {
		t.Errorf("%v", cases)
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil || strings.Count(b.String(), "tamis") != 3 {
		t.Errorf("%v, %s", err, &b)
	}
	if _, err := Measure(t.Context(), indexOf(t, map[string]string{"a": "No links."}), Options{Most: 9}); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

// TestContextDoesNotTell: what is asked about has nothing of the link's target but the name.
func TestContextDoesNotTell(t *testing.T) {
	m := &maker{files: map[string]map[string]bool{"sub/b": {"sub/b.md": true}}, cases: map[string][]Case{}}
	m.collect(&tamis.Document{ID: "a.md", Source: "Before all, read [the rules](sub/b.md) and tr(1) and [more](c.md). Then go."})
	c := m.cases[Markdown]
	if len(c) != 1 || c[0].Mention.Text != "the rules" || strings.Contains(c[0].Mention.Context, ".md") || strings.Contains(c[0].Mention.Context, "(1)") || !strings.Contains(c[0].Mention.Context, "Then go.") {
		t.Errorf("%+v", c)
	}
}

// TestDrawn: cases come from everywhere, and the two parts have none in common.
func TestDrawn(t *testing.T) {
	var all []Case
	for i := range 100 {
		all = append(all, Case{Kind: fmt.Sprint(i)})
	}
	seen := map[string]bool{}
	for part := range 3 {
		out := drawn(all, Options{Most: 20, Part: part})
		if want := []int{20, 10, 10}[part]; len(out) != want {
			t.Errorf("part %d has %d", part, len(out))
		}
		for _, c := range out {
			if part > 0 && seen[c.Kind] {
				t.Errorf("%s is in both parts", c.Kind)
			}
			seen[c.Kind] = part > 0
		}
	}
	if out := drawn(all[:3], Options{Most: 20}); len(out) != 3 {
		t.Errorf("%d of 3", len(out))
	}
}
