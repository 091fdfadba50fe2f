// Package links measures whether the document that a name means is found, on links that
// people made: references between manual pages, links of Markdown, and names of packages of
// Go with what they declare. The name is asked about as it stands, without what the link
// says of its target.
package links

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/link"
)

// ErrNone: there is no link to a document of the corpus.
var ErrNone = errors.New("no document links to another one in a way that is known: name(1), [text](file.md), package.Name of Go")

// The kinds of links.
const (
	Manual   = "manual page"
	Markdown = "markdown"
	Go       = "go"
)

// Case is a mention and the documents that it means, each as good.
type Case struct {
	Kind    string
	Mention link.Mention
	Targets map[string]bool
}

// Options of Measure.
type Options struct {
	Most int // cases of a kind
	Part int // 1 or 2 for every other case, 0 for all
}

// Report is what was measured.
type Report struct {
	Kinds []Kind `json:"kinds"`
}

// Kind are the cases of a kind: which share is found first, and among the first five, by way.
type Kind struct {
	Kind  string         `json:"kind"`
	Cases int            `json:"cases"`
	Ways  map[string]Hit `json:"ways"`
	// Missed are some mentions whose document was not found first.
	Missed []string `json:"missed,omitempty"`
}

// Hit is a way's accuracy.
type Hit struct {
	At1 float64 `json:"accuracy@1"`
	At5 float64 `json:"accuracy@5"`
}

// Ways that are compared, in the order in which they are shown.
var ways = []struct {
	name string
	w    link.Weights
}{
	{"called so", link.Weights{}},
	{"words of the name", link.Weights{}},
	{"name and context", link.Weights{Context: link.Default.Context}},
	{"name and titles", link.Weights{Called: link.Default.Called, Heading: link.Default.Heading, Declares: link.Default.Declares}},
	{"tamis", link.Default},
}

var (
	page      = regexp.MustCompile(`^(.+)\.([0-9])[a-z]*(?:\.txt|\.gz)?$`)
	reference = regexp.MustCompile(`\b([A-Za-z_][\w.+-]*[\w+])\(([0-9])[a-z]*\)`)
	anchor    = regexp.MustCompile("\\[`?([^\\]\n`]{2,80})`?\\]\\(([^)#\\s:]+\\.md)(?:#[^)\\s]*)?\\)")
	anyLink   = regexp.MustCompile(`\[([^\]\n]*)\]\([^)\s]*\)`)
	qualified = regexp.MustCompile(`\b([a-z][a-z0-9]+)\.([A-Z]\w+)`)
	declared  = regexp.MustCompile(`(?m)^(?:func|type|var|const) ([A-Z]\w*)`)
)

// maker makes cases of the documents of an index.
type maker struct {
	pages    map[string]map[string]bool // by name and section
	files    map[string]map[string]bool // by path without its last suffix
	declares map[string]map[string]bool // by package and name
	packages map[string]map[string]bool // folders by the name of their package
	cases    map[string][]Case
}

func put(m map[string]map[string]bool, key, value string) {
	if m[key] == nil {
		m[key] = map[string]bool{}
	}
	m[key][value] = true
}

func unsuffixed(p string) string {
	return strings.TrimSuffix(strings.TrimSuffix(p, ".gz"), path.Ext(strings.TrimSuffix(p, ".gz")))
}

// Measure makes cases of the links of an index and asks it.
func Measure(ctx context.Context, ix engine.Index, o Options) (*Report, error) {
	m := &maker{pages: map[string]map[string]bool{}, files: map[string]map[string]bool{}, declares: map[string]map[string]bool{}, packages: map[string]map[string]bool{}, cases: map[string][]Case{}}
	for _, visit := range []func(d *tamis.Document){m.learn, m.collect} {
		for page := (tamis.Page{Limit: 1000}); ; {
			list, next, err := ix.Documents(ctx, page, tamis.Scope{})
			if err != nil {
				return nil, err
			}
			for _, d := range list {
				if d.Bytes > 4<<20 {
					continue
				}
				if d.Source, err = ix.Source(ctx, d.ID, tamis.Scope{}); err != nil {
					return nil, err
				}
				visit(&d.Document)
			}
			if page.After = next; next == "" {
				break
			}
		}
	}
	r := &Report{}
	for _, kind := range slices.Sorted(maps.Keys(m.cases)) {
		k, err := measured(ctx, ix, kind, drawn(m.cases[kind], o))
		if err != nil {
			return nil, err
		}
		r.Kinds = append(r.Kinds, *k)
	}
	if len(r.Kinds) == 0 {
		return nil, ErrNone
	}
	return r, nil
}

func (m *maker) learn(d *tamis.Document) {
	p := where(d)
	put(m.files, unsuffixed(p), d.ID)
	if f := page.FindStringSubmatch(path.Base(p)); f != nil {
		put(m.pages, f[1]+"."+f[2], d.ID)
	}
	if strings.HasSuffix(p, ".go") && !strings.HasSuffix(p, "_test.go") {
		pkg := path.Base(path.Dir(p))
		put(m.packages, pkg, path.Dir(p))
		for _, f := range declared.FindAllStringSubmatch(d.Source, -1) {
			put(m.declares, pkg+"."+f[1], d.ID)
		}
	}
}

func where(d *tamis.Document) string {
	if d.Path != "" {
		return d.Path
	}
	return d.ID
}

func (m *maker) collect(d *tamis.Document) {
	p := where(d)
	seen := map[string]bool{}
	add := func(kind, text string, start, end int, targets map[string]bool) {
		if len(targets) == 0 || targets[d.ID] || seen[text] || strings.TrimSpace(text) == "" {
			return
		}
		seen[text] = true
		around := d.Source[bound(d.Source, start-300, start):start] + text + d.Source[end:bound(d.Source, end+300, end)]
		around = reference.ReplaceAllString(anyLink.ReplaceAllString(around, "$1"), "$1")
		m.cases[kind] = append(m.cases[kind], Case{kind, link.Mention{Text: text, Context: around, Doc: d.ID}, targets})
	}
	if page.MatchString(path.Base(p)) {
		for _, at := range reference.FindAllStringSubmatchIndex(d.Source, -1) {
			name, section := d.Source[at[2]:at[3]], d.Source[at[4]:at[5]]
			add(Manual, name, at[0], at[1], m.pages[name+"."+section])
		}
	}
	if strings.HasSuffix(strings.TrimSuffix(p, ".gz"), ".md") {
		for _, at := range anchor.FindAllStringSubmatchIndex(d.Source, -1) {
			target := path.Join(path.Dir(p), d.Source[at[4]:at[5]])
			add(Markdown, d.Source[at[2]:at[3]], at[0], at[1], m.files[unsuffixed(target)])
		}
	}
	if strings.HasSuffix(p, ".go") {
		for _, at := range qualified.FindAllStringSubmatchIndex(d.Source, -1) {
			if pkg := d.Source[at[2]:at[3]]; len(m.packages[pkg]) == 1 {
				name := d.Source[at[0]:at[1]]
				add(Go, name, at[0], at[1], m.declares[name])
			}
		}
	}
}

// bound is a byte of a text near which a context ends, at a blank.
func bound(s string, at, from int) int {
	at = max(0, min(len(s), at))
	for at != from && at > 0 && at < len(s) && s[at] > ' ' {
		if at < from {
			at++
		} else {
			at--
		}
	}
	return at
}

// drawn are so many cases, from everywhere, of which a part is asked about.
func drawn(all []Case, o Options) (out []Case) {
	n := min(len(all), o.Most)
	for i := range n {
		if o.Part == 0 || i%2 == o.Part%2 {
			out = append(out, all[i*len(all)/n])
		}
	}
	return out
}

const mostMissed = 10

func measured(ctx context.Context, ix engine.Index, kind string, cases []Case) (*Kind, error) {
	k := &Kind{Kind: kind, Cases: len(cases), Ways: map[string]Hit{}}
	for i, way := range ways {
		first, five := 0, 0
		for _, c := range cases {
			w := way.w
			if i == 0 {
				w.Called = 1000 // before all else
			}
			m := c.Mention
			found, err := link.Resolve(ctx, ix, m, w, tamis.Scope{}, 5)
			if err != nil {
				return nil, err
			}
			at := slices.IndexFunc(found, func(t link.Target) bool { return c.Targets[t.Doc] })
			if i == 0 && at >= 0 && found[at].Score < w.Called {
				at = -1
			}
			if at == 0 {
				first++
			}
			if at >= 0 {
				five++
			}
			if way.name == "tamis" && at != 0 && len(k.Missed) < mostMissed {
				got := "nothing"
				if len(found) > 0 {
					got = found[0].Doc
				}
				k.Missed = append(k.Missed, fmt.Sprintf("%s in %s: %s instead of %s", m.Text, m.Doc, got, slices.Sorted(maps.Keys(c.Targets))[0]))
			}
		}
		k.Ways[way.name] = Hit{figures.Round(float64(first)/float64(max(1, len(cases))), 3), figures.Round(float64(five)/float64(max(1, len(cases))), 3)}
	}
	return k, nil
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	for _, k := range r.Kinds {
		fmt.Fprintf(w, "%s, %d links\n%-20s accuracy@1  @5\n", k.Kind, k.Cases, "")
		for _, way := range ways {
			h := k.Ways[way.name]
			if _, err := fmt.Fprintf(w, "%-20s   %.3f    %.3f\n", way.name, h.At1, h.At5); err != nil {
				return err
			}
		}
	}
	return nil
}
