// Package link finds the document that a name in a text means: the entry, page or declaration
// of it. The name is searched for, its surroundings weigh beside it, and what is called so, or
// has a heading that is, goes before what only speaks of it. No model is asked.
package link

import (
	"cmp"
	"context"
	"errors"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis"
)

// Index is what names are looked for in.
type Index interface {
	Search(ctx context.Context, q tamis.Query) (*tamis.Results, error)
}

// Mention is a name in a text.
type Mention struct {
	Text string
	// Context is what stands around it.
	Context string
	// Doc is the document that it stands in, which it does not mean; "" for none.
	Doc string
}

// Target is a document that a mention may mean, with the passage that has most of it.
type Target struct {
	Doc      string   `json:"doc"`
	Title    string   `json:"title,omitempty"`
	Path     string   `json:"path,omitempty"`
	Headings []string `json:"headings,omitempty"`
	Start    int      `json:"start"`
	End      int      `json:"end"`
	Score    float64  `json:"score"`
	stands   float64  // what its passage counts of it
}

// Weights say what counts beside the words of the name, whose best document counts 1.
type Weights struct {
	Context  float64 // a word around the name, beside one of it
	Called   float64 // the title or the file is called so
	Heading  float64 // a passage stands under a heading that is
	Declares float64 // a passage declares it, in a place of its package
}

// Default was chosen on every other reference between manual pages and name of Go: see
// docs/benchmarks.md.
var Default = Weights{Context: .2, Called: 1, Heading: .5, Declares: 1.5}

const (
	looked      = 50  // documents, and passages
	mostContext = 600 // bytes on the whole
	apart       = .5  // what a declaration counts in another place than that of its package
)

// Resolve are the n documents that a mention is likeliest to mean, the best first; none where
// no document has a word of it.
func Resolve(ctx context.Context, ix Index, m Mention, w Weights, scope tamis.Scope, n int) ([]Target, error) {
	q := tamis.Query{Text: m.Text, K: looked, Unit: tamis.Documents, Filter: scope.Filter, Groups: scope.Groups}
	name, inside := apartFrom(m.Text)
	f := &finder{m: m, w: w, inside: inside, plain: plain(m.Text), declares: declaration(name), by: map[string]*Target{}}
	lists := []tamis.Query{q}
	if around := strings.TrimSpace(m.Context); around != "" && w.Context > 0 {
		lists[0].Beside = tamis.Beside{{Text: around[:min(len(around), mostContext)], Weight: w.Context}}
	}
	// What is called so may have the name less often than what speaks of it all the time.
	q.Unit = tamis.Passages
	if lists = append(lists, q); inside != "" && w.Declares > 0 {
		q.Text = name
		lists = append(lists, q)
	}
	for i, q := range lists {
		res, err := ix.Search(ctx, q)
		if errors.Is(err, tamis.ErrNoTerms) {
			continue
		}
		if err != nil {
			return nil, err
		}
		f.take(res.Hits, i == 0)
	}
	slices.SortStableFunc(f.all, func(a, b *Target) int { return cmp.Compare(b.Score, a.Score) })
	var out []Target
	for _, t := range f.all[:min(n, len(f.all))] {
		out = append(out, *t)
	}
	return out, nil
}

// finder gathers what a mention may mean.
type finder struct {
	m             Mention
	w             Weights
	inside, plain string
	declares      *regexp.Regexp
	all           []*Target
	by            map[string]*Target
}

func (f *finder) take(hits []tamis.Hit, first bool) {
	for _, h := range hits {
		if h.Doc == f.m.Doc {
			continue
		}
		t := f.by[h.Doc]
		if t == nil {
			t = &Target{Doc: h.Doc, Title: h.Title, Path: h.Path, Headings: h.Headings, Start: h.Start, End: h.End}
			if file := path.Base(cmp.Or(h.Path, h.Doc)); called(f.plain, h.Title) || called(f.plain, stem(file)) || file == f.m.Text {
				t.Score = f.w.Called
			}
			f.by[h.Doc], f.all = t, append(f.all, t)
		}
		if first {
			t.Score += float64(h.Score / hits[0].Score)
		}
		worth := 0.0
		if slices.ContainsFunc(h.Headings, func(s string) bool { return called(f.plain, s) }) {
			worth = f.w.Heading
		}
		if f.w.Declares > 0 && f.declares != nil && f.declares.MatchString(h.Text) {
			d := f.w.Declares
			if f.inside != "" && !within(h.Path+" "+h.Doc, f.inside) {
				d *= apart
			}
			worth = max(worth, d)
		}
		if worth > t.stands {
			t.Score += worth - t.stands
			t.stands, t.Headings, t.Start, t.End = worth, h.Headings, h.Start, h.End
		}
	}
}

// apartFrom divides a qualified name of code, as in fmt.Sprintf: the name, and what it is in.
func apartFrom(s string) (name, inside string) {
	s = strings.TrimSuffix(strings.Trim(s, " \t\n`*&"), "()")
	if strings.ContainsAny(s, " /") {
		return s, ""
	}
	for _, sep := range []string{"::", "->", "."} {
		if i := strings.LastIndex(s, sep); i > 0 && i+len(sep) < len(s) {
			before := s[:i]
			if j := strings.LastIndexAny(before, ".:>"); j >= 0 {
				before = before[j+1:]
			}
			return s[i+len(sep):], before
		}
	}
	return s, ""
}

// declaration matches where code declares a name; nil for what is none of code.
func declaration(name string) *regexp.Regexp {
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }) {
		return nil
	}
	return regexp.MustCompile(`(?m)^\s*(?:(?:export|public|private|protected|static|async|pub|final|abstract|default)\s+)*(?:func(?:\s*\([^)\n]*\))?|type|var|const|def|class|fn|function|struct|enum|interface|trait|#define)\s+` + name + `\b`)
}

// within says that a path goes through a folder, or to a file, of a name.
func within(p, name string) bool {
	return slices.Contains(strings.FieldsFunc(p, func(r rune) bool { return strings.ContainsRune("/\\. !:", r) }), name)
}

// plain is a name in small letters and digits, with a blank between.
func plain(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }), " ")
}

// called says that a title is a name, or the name and what is said of it: "tar - store files",
// "fs.open(path)", "Buffer: the class".
func called(name, title string) bool {
	if name == "" {
		return false
	}
	t := plain(title)
	if t == name {
		return true
	}
	for _, sep := range []string{" - ", " — ", " – ", ":", "("} {
		if before, _, ok := strings.Cut(title, sep); ok && plain(before) == name {
			return true
		}
	}
	return false
}

// stem is the name of a file without what says of which kind it is.
func stem(file string) string {
	name := path.Base(file)
	for range 3 {
		i := strings.LastIndexByte(name, '.')
		if i <= 0 || len(name)-i > 9 {
			break
		}
		name = name[:i]
	}
	return name
}
