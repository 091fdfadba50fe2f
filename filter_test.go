package tamis_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/filter"
)

// TestFiltersAndGroups: a restricted search is the whole ranking less what the
// restriction's oracle denies, with the same scores; no context holds anything
// else. The metadata changes its type between documents.
func TestFiltersAndGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	ix := open(t, "")
	words := strings.Fields("sieve flour water bread oven crust salt yeast dough knead")
	fields := map[string]filter.Fields{}
	var docs []tamis.Document
	for i := range 300 {
		d := tamis.Document{ID: fmt.Sprint("d", i), Path: fmt.Sprintf("/p/%d/%d", i%7, i), Type: "text", Lang: "en", Metadata: map[string]any{}}
		for range 1 + r.IntN(60) {
			d.Source += words[r.IntN(len(words))] + " "
		}
		switch r.IntN(3) {
		case 0:
			d.Metadata["year"] = float64(2000 + r.IntN(30))
		case 1:
			d.Metadata["year"] = fmt.Sprint(2000 + r.IntN(30))
		}
		switch r.IntN(4) {
		case 0:
			d.Metadata["groups"] = []string{"staff", "board"}[:1+r.IntN(2)]
		case 1:
			d.Metadata["groups"] = "board"
		}
		f := filter.Fields{}
		for k, v := range d.Metadata {
			f.Set(k, v)
		}
		f.Set("path", d.Path)
		f.Set("type", d.Type)
		f.Set("lang", d.Lang)
		fields[d.ID] = f
		docs = append(docs, d)
	}
	add(t, ix, docs...)
	if n, err := ix.Delete(t.Context(), "d5", "d6", "d7"); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	for _, unit := range []tamis.Unit{tamis.Passages, tamis.Documents} {
		for _, expr := range []string{"", "year >= 2010", `year = "2011"`, "not has year", `path ^ "/p/3/"`, `year < 2020 and not path ^ "/p/3" or lang = "de"`, `year != 2011`, "year > 3000"} {
			for _, groups := range [][]string{nil, {}, {"staff"}, {"board", "x"}} {
				allowed := func(id string) bool {
					ok := groups == nil || filter.Visible(groups).Match(fields[id])
					if expr != "" {
						e, err := filter.Parse(expr)
						if err != nil {
							t.Fatal(err)
						}
						ok = ok && e.Match(fields[id])
					}
					return ok
				}
				q := tamis.Query{Text: "bread oven salt", K: 1000, Unit: unit}
				all, err := ix.Search(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				var want []tamis.Hit
				for _, h := range all.Hits {
					if allowed(h.Doc) {
						h.Rank = len(want) + 1
						want = append(want, h)
					}
				}
				q.Filter, q.Groups = expr, groups
				for _, k := range []int{1, 10, 1000} {
					q.K = k
					got, err := ix.Search(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					if len(got.Hits) != min(k, len(want)) || len(got.Hits) > 0 && !reflect.DeepEqual(got.Hits, want[:len(got.Hits)]) {
						t.Fatalf("%s, filter %q, groups %q, k %d: %d hits, want %d of %d", unit, expr, groups, k, len(got.Hits), min(k, len(want)), len(want))
					}
				}
				c, err := ix.Context(t.Context(), "bread oven salt", tamis.Budget{Tokens: 500}, tamis.Scope{Filter: expr, Groups: groups})
				if err != nil {
					t.Fatal(err)
				}
				for _, s := range c.Spans {
					if !allowed(s.Doc) {
						t.Fatalf("filter %q, groups %q: %s is in the context", expr, groups, s.Doc)
					}
				}
				for _, s := range c.Dropped {
					if !allowed(s.Doc) {
						t.Fatalf("filter %q, groups %q: %s is in the receipt", expr, groups, s.Doc)
					}
				}
			}
		}
	}
	_, err := ix.Search(t.Context(), tamis.Query{Text: "bread", Filter: "year >="})
	var bad *tamis.InvalidError
	if !errors.As(err, &bad) || bad.Field != "filter" || bad.Place != "byte 7" || !errors.Is(err, tamis.ErrInvalid) {
		t.Fatalf("a wrong filter: %v", err)
	}
}

// TestUnknownField: a field that no document has is refused, by the documents that
// the asker may see; one that only other documents have, or once had, is not told.
func TestUnknownField(t *testing.T) {
	ix := open(t, "")
	if _, err := ix.Search(t.Context(), tamis.Query{Text: "sieve", Filter: "year = 1"}); err != nil {
		t.Errorf("an empty index: %v", err)
	}
	add(t, ix, tamis.Document{ID: "a", Source: "A sieve.", Metadata: map[string]any{"year": 2020.0, "groups": "staff"}},
		tamis.Document{ID: "b", Source: "A sieve.", Metadata: map[string]any{"old": true}}, tamis.Document{ID: "c", Source: "A sieve."})
	if _, err := ix.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		filter string
		groups []string
		want   string
	}{
		{filter: "year = 2020"},
		{filter: `year = 1999 or path ^ "x" or has groups`},
		{"year = 2020", []string{"staff"}, ""},
		{"year = 2020", []string{}, `filter: no document has the field "year"; known are groups, lang, mtime, path, role, type`},
		{"not has yeer", nil, `filter: no document has the field "yeer" (did you mean "year"?); known are groups, lang, mtime, path, role, type, year`},
		{"not (year = 1 and old = true)", nil, `filter: no document has the field "old"; known are groups, lang, mtime, path, role, type, year`},
	} {
		scope := tamis.Scope{Filter: c.filter, Groups: c.groups}
		_, search := ix.Search(t.Context(), tamis.Query{Text: "sieve", Filter: c.filter, Groups: c.groups})
		_, packed := ix.Context(t.Context(), "sieve", tamis.Budget{Tokens: 100}, scope)
		_, source := ix.Source(t.Context(), "c", tamis.Scope{Filter: c.filter + " or not has year", Groups: c.groups})
		for i, err := range []error{search, packed, source} {
			if i == 2 && c.want == "" {
				continue
			}
			var wrong *tamis.InvalidError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%d: %q as %q: %v", i, c.filter, c.groups, err)
			case c.want != "" && (!errors.As(err, &wrong) || wrong.Field != "filter" || err.Error() != c.want):
				t.Errorf("%d: %q as %q: %v, want %s", i, c.filter, c.groups, err, c.want)
			}
		}
	}
}

// TestAccessListOfPrograms: one that is no string and no list of strings lets
// nobody in, also after it was stored, and is reported.
func TestAccessListOfPrograms(t *testing.T) {
	ix := open(t, "")
	lists := map[string]any{"map": map[string]any{"read": "staff"}, "mixed": []any{"staff", 5}, "ints": []int{1}, "nan": map[string]string{}, "any": []any{"staff"}, "free": nil}
	report, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for id, list := range lists {
			if !yield(tamis.Document{ID: id, Source: "A sieve.", Metadata: map[string]any{"groups": list, "x": []int{1}}}, nil) {
				return
			}
		}
	})
	if err != nil || len(report.Skipped) > 0 {
		t.Fatal(report, err)
	}
	for who, want := range map[string]string{"staff": "any free", "": "free"} {
		res, err := ix.Search(t.Context(), tamis.Query{Text: "sieve", Groups: strings.Fields(who + " x")})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range res.Hits {
			got = append(got, h.Doc)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%q sees %q, want %s", who, got, want)
		}
	}
	kinds := map[string]int{}
	for _, w := range report.Warnings {
		kinds[w.Key] += w.Documents
	}
	if kinds["groups"] != 4 || kinds["x"] != 6 {
		t.Errorf("warnings %+v", report.Warnings)
	}
}
