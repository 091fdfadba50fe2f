package features

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/draw"
	"github.com/tamis-search/tamis/text"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": func(x float64) string { return fmt.Sprintf("%.1f", 100*x) },
}).Parse(pageText))

const (
	onPage   = 1000 // features, those that fire most often
	labelled = 40   // of them on the map
	shownOf  = 600  // bytes of an example
)

// Receipt is an example as the index has it now.
type Receipt struct {
	Example
	Line int    `json:"line,omitempty"` // where its file has lines
	Text string `json:"text"`           // "" where it is no longer what it was
}

// Receipts are the examples of a feature, with their texts.
func Receipts(ctx context.Context, ix engine.Index, f *Feature, seen tamis.Scope) ([]Receipt, error) {
	out := []Receipt{}
	for _, e := range f.Examples {
		r := Receipt{Example: e}
		source, err := ix.Source(ctx, e.Doc, seen)
		if errors.Is(err, tamis.ErrNotFound) {
			out = append(out, r)
			continue
		}
		if err != nil {
			return nil, err
		}
		if e.Start < 0 || e.End > len(source) || e.Start > e.End || digestOf(source[e.Start:e.End]) != e.Digest {
			out = append(out, r)
			continue
		}
		r.Text = source[e.Start:e.End]
		at, err := ix.Show(ctx, e.Doc, e.Start, e.End, 0, seen)
		if err != nil {
			return nil, err
		}
		r.Line = at.Place.Line
		out = append(out, r)
	}
	return out, nil
}

// piece is a part of an example, marked where it is of the feature's terms.
type piece struct {
	Text   string
	Marked bool
}

// marked is the beginning of a text, in pieces.
func marked(an *text.Analyzer, s string, list []Term) (out []piece) {
	if len(s) > shownOf {
		s = s[:strings.LastIndexByte(s[:shownOf], ' ')+1] + "…"
	}
	words := map[string]bool{}
	for _, t := range list {
		words[t.key] = true
	}
	type span struct{ start, end int }
	var spans []span
	each(an, s, func(key string, start, end int) {
		if words[key] {
			spans = append(spans, span{start, end})
		}
	})
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(b.end, a.end)) })
	at := 0
	for _, x := range spans {
		if x.end <= at {
			continue
		}
		x.start = max(x.start, at)
		out = append(out, piece{s[at:x.start], false}, piece{s[x.start:x.end], true})
		at = x.end
	}
	return append(out, piece{s[at:], false})
}

// Marked is a text with its words of a feature between two marks.
func (s *Set) Marked(of *Feature, what string, mark func(string) string) (string, error) {
	an, err := text.NewAnalyzer(s.Analyzer)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, p := range marked(an, strings.Join(strings.Fields(what), " "), of.Terms) {
		if p.Marked {
			p.Text = mark(p.Text)
		}
		b.WriteString(p.Text)
	}
	return b.String(), nil
}

// shown is a feature on the page.
type shown struct {
	*Feature
	Label    string
	Bars     []bar
	Examples []shownExample
}

type bar struct {
	Text    string
	Percent float64 // of the greatest
	Weight  float64
}

type shownExample struct {
	Receipt
	Where  string
	Pieces []piece
}

// WriteHTML writes the features as one page that needs nothing else.
func (s *Set) WriteHTML(ctx context.Context, w io.Writer, ix engine.Index, seen tamis.Scope) error {
	an, err := text.NewAnalyzer(s.Analyzer)
	if err != nil {
		return err
	}
	order := s.ByFrequency()
	data := struct {
		Set               *Set
		Left              int
		Frequencies, Plan template.HTML
		All               []shown
	}{Set: s, Left: max(0, len(order)-onPage)}
	if data.Frequencies, err = picture(s.frequencies(order).WriteSVG); err == nil {
		data.Plan, err = picture(s.plane(order).WriteSVG)
	}
	if err != nil {
		return err
	}
	for _, f := range order[:min(len(order), onPage)] {
		x := shown{Feature: f, Label: label(f)}
		for _, t := range f.Terms {
			x.Bars = append(x.Bars, bar{t.Text, 100 * t.Weight / f.Terms[0].Weight, t.Weight})
		}
		found, err := Receipts(ctx, ix, f, seen)
		if err != nil {
			return err
		}
		for _, r := range found {
			e := shownExample{Receipt: r, Where: fmt.Sprintf("%s:%d-%d", r.Doc, r.Start, r.End)}
			if r.Line > 0 {
				e.Where += fmt.Sprintf(", line %d", r.Line)
			}
			if r.Text != "" {
				e.Pieces = marked(an, r.Text, f.Terms)
			}
			x.Examples = append(x.Examples, e)
		}
		data.All = append(data.All, x)
	}
	return page.Execute(w, data)
}

// picture is an SVG of numbers and escaped names: it is HTML already.
func picture(write func(io.Writer) error) (template.HTML, error) {
	var b bytes.Buffer
	err := write(&b)
	return template.HTML(bytes.Replace(b.Bytes(), []byte("<svg "), []byte(`<svg class="picture" `), 1)), err //nolint:gosec // see above
}

// ByFrequency are the features that fire, the most frequent first.
func (s *Set) ByFrequency() (out []*Feature) {
	for i := range s.Features {
		if s.Features[i].Fires > 0 {
			out = append(out, &s.Features[i])
		}
	}
	slices.SortStableFunc(out, func(a, b *Feature) int { return cmp.Compare(b.Fires, a.Fires) })
	return out
}

// label is the name of a feature, or its number.
func label(f *Feature) string { return cmp.Or(f.Name, fmt.Sprintf("feature %d", f.Number)) }

func (s *Set) frequencies(order []*Feature) *draw.Ranks {
	r := &draw.Ranks{Title: "In how many passages each feature fires", XLabel: fmt.Sprintf("%d features, the most frequent first", len(order)), Format: "%.1f %%"}
	for _, f := range order {
		r.Values = append(r.Values, 100*f.Share)
		r.Titles = append(r.Titles, fmt.Sprintf("%d %s: %.1f %% of the passages", f.Number, label(f), 100*f.Share))
	}
	return r
}

// plane places the features by the two directions in which theirs vary most.
func (s *Set) plane(order []*Feature) *draw.Dots {
	d := &draw.Dots{Title: "Features, by the two directions in which they differ most"}
	if len(order) == 0 {
		return d
	}
	width := s.model.Width
	rows := make([][]float64, len(order))
	mean := make([]float64, width)
	for i, f := range order {
		for j, x := range s.model.Direction(f.Number) {
			rows[i] = append(rows[i], float64(x))
			mean[j] += float64(x) / float64(len(order))
		}
	}
	for _, r := range rows {
		for j := range r {
			r[j] -= mean[j]
		}
	}
	var at [2][]float64
	for k := range at {
		at[k] = principal(rows, uint64(k))
	}
	for i, f := range order {
		x := draw.Dot{X: at[0][i], Y: at[1][i], Size: f.Share / max(order[0].Share, 1e-9), Title: fmt.Sprintf("%d %s: %.1f %%", f.Number, label(f), 100*f.Share)}
		if i < labelled {
			x.Name, _, _ = strings.Cut(label(f), ",")
		}
		d.Points = append(d.Points, x)
	}
	return d
}

// principal is where rows lie along the direction in which they vary most, found by powers of
// their products, and takes that out of them.
func principal(rows [][]float64, seed uint64) []float64 {
	width := len(rows[0])
	rng := rand.New(rand.NewPCG(seed, 0x706361))
	v := make([]float64, width)
	for i := range v {
		v[i] = rng.NormFloat64()
	}
	at := make([]float64, len(rows))
	for range 60 {
		next := make([]float64, width)
		for i, r := range rows {
			at[i] = 0
			for j, x := range r {
				at[i] += float64(x * v[j])
			}
			for j, x := range r {
				next[j] += float64(at[i] * x)
			}
		}
		length := 0.0
		for _, x := range next {
			length += float64(x * x)
		}
		if length == 0 {
			return at
		}
		for j := range next {
			v[j] = next[j] / math.Sqrt(length)
		}
	}
	for i, r := range rows {
		at[i] = 0
		for j, x := range r {
			at[i] += float64(x * v[j])
		}
		for j := range r {
			r[j] -= float64(at[i] * v[j])
		}
	}
	return at
}
