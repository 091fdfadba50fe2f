package surroundings

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/pack/render"
)

// Options of a measurement.
type Options struct {
	Budgets []int
	Counter tamis.Counter
	Most    int // cases of a kind
}

// Report says, for each kind of need, how often contexts hold it, and plain windows.
type Report struct {
	Budgets []int  `json:"budgets"`
	Kinds   []Kind `json:"kinds"`
	// Milliseconds that one context took: the median, at the largest budget.
	TookMSP50 float64 `json:"took_ms_p50"`
}

// Kind is the figures of one kind of need.
type Kind struct {
	Kind  string `json:"kind"`
	Cases int    `json:"cases"`
	At    []At   `json:"at"`
	// Missed are ranges whose need the context of the largest budget lacks, a few of them.
	Missed []string `json:"missed,omitempty"`
}

// At is the figures at one budget: shares of cases whose need is kept, and mean tokens.
type At struct {
	Budget       int     `json:"budget"`
	Window       float64 `json:"window"`
	Needs        float64 `json:"needs"`
	WindowTokens float64 `json:"window_tokens"`
	NeedsTokens  float64 `json:"needs_tokens"`
}

// ErrNone says that no document has a range whose need is known.
var ErrNone = errors.New("no line of these documents has a need that is known without a model")

// mostMissed are named of a kind.
const mostMissed = 5

// Measure makes cases of the documents of an index and asks for contexts around them.
func Measure(ctx context.Context, ix engine.Index, o Options) (*Report, error) {
	m := maker{cases: map[string][]Case{}, spelled: map[string][]render.Range{}, unspelt: map[string][]render.Range{}, declared: map[string]map[string][]place{},
		comments: map[string]map[string][]render.Range{}, members: map[string]map[string][]render.Range{},
		about: map[string][]render.Range{}, named: map[string][]render.Range{}}
	for d, err := range system.Documents(ctx, ix) {
		if err != nil {
			return nil, err
		}
		m.document(d)
	}
	m.rest()
	slices.Sort(o.Budgets)
	r := &Report{Budgets: o.Budgets}
	var took []float64
	for _, kind := range Kinds {
		cases := drawn(m.cases[kind], o.Most)
		if len(cases) == 0 {
			continue
		}
		k := Kind{Kind: kind, At: make([]At, len(o.Budgets))}
		for i := range cases {
			if err := k.ask(ctx, ix, &cases[i], o, &took); err != nil {
				return nil, err
			}
		}
		for i := range k.At {
			a, n := &k.At[i], float64(max(k.Cases, 1))
			a.Budget = o.Budgets[i]
			a.Window, a.Needs, a.WindowTokens, a.NeedsTokens = a.Window/n, a.Needs/n, a.WindowTokens/n, a.NeedsTokens/n
		}
		r.Kinds = append(r.Kinds, k)
	}
	if len(r.Kinds) == 0 {
		return nil, ErrNone
	}
	slices.Sort(took)
	if len(took) > 0 {
		r.TookMSP50 = took[len(took)/2]
	}
	return r, nil
}

// drawn are some cases, the same of the same documents, in the order of a hash.
func drawn(cases []Case, most int) []Case {
	key := func(c *Case) uint64 {
		h := fnv.New64a()
		fmt.Fprint(h, c.Range)
		return h.Sum64()
	}
	slices.SortFunc(cases, func(a, b Case) int { return cmp.Compare(key(&a), key(&b)) })
	return cases[:min(len(cases), most)]
}

// ask counts one case.
func (k *Kind) ask(ctx context.Context, ix engine.Index, c *Case, o Options, took *[]float64) error {
	source, err := ix.Source(ctx, c.Range.Doc, tamis.Scope{})
	if err != nil {
		return err
	}
	at := make([]At, len(o.Budgets))
	missed := false
	for i, budget := range o.Budgets {
		began := time.Now()
		got, err := ix.Context(ctx, "", tamis.Budget{Tokens: budget, Counter: o.Counter.Name()}, tamis.Around(c.Range))
		if errors.Is(err, tamis.ErrBudget) {
			return nil // a line that is longer than the budget needs nothing more
		}
		if err != nil {
			return err
		}
		if i == len(o.Budgets)-1 {
			*took = append(*took, float64(time.Since(began).Microseconds())/1000)
		}
		var spans []render.Range
		for _, s := range got.Spans {
			spans = append(spans, render.Range{Doc: s.Doc, Start: s.Start, End: s.End})
		}
		window := around(source, c.Range, budget, o.Counter)
		at[i] = At{Window: share(c, []render.Range{window}), Needs: share(c, spans), NeedsTokens: float64(got.Tokens), WindowTokens: float64(o.Counter.Count(source[window.Start:window.End]))}
		missed = at[i].Needs == 0
	}
	k.Cases++
	for i := range at {
		a := &k.At[i]
		a.Window, a.Needs, a.WindowTokens, a.NeedsTokens = a.Window+at[i].Window, a.Needs+at[i].Needs, a.WindowTokens+at[i].WindowTokens, a.NeedsTokens+at[i].NeedsTokens
	}
	if missed && len(k.Missed) < mostMissed {
		k.Missed = append(k.Missed, fmt.Sprintf("%s:%d-%d", c.Range.Doc, c.Range.Start, c.Range.End))
	}
	return nil
}

// share is 1 where one of the needs is kept whole.
func share(c *Case, spans []render.Range) float64 {
	for _, n := range c.Needs {
		for _, s := range spans {
			if s.Doc == n.Doc && s.Start <= n.Start && n.End <= s.End {
				return 1
			}
		}
	}
	return 0
}

// around is the range with as many words on either side as a budget has room for, as many
// bytes on both where the document has them.
func around(source string, r render.Range, budget int, counter tamis.Counter) render.Range {
	widen := func(n int) render.Range {
		w := render.Range{Doc: r.Doc, Start: max(0, r.Start-n), End: min(len(source), r.End+n)}
		w.Start, w.End = max(0, w.Start-max(0, r.End+n-len(source))), min(len(source), w.End+max(0, n-r.Start))
		if i := strings.IndexAny(source[w.Start:r.Start], " \n"); w.Start > 0 && i >= 0 {
			w.Start += i + 1
		} else if w.Start > 0 {
			w.Start = r.Start
		}
		if i := strings.LastIndexAny(source[r.End:w.End], " \n"); w.End < len(source) && i >= 0 {
			w.End = r.End + i
		} else if w.End < len(source) {
			w.End = r.End
		}
		return w
	}
	// A token has at most 128 bytes, and seldom more than a few.
	n := sort.Search(16*budget, func(n int) bool {
		w := widen(n + 1)
		return counter.Count(source[w.Start:w.End]) > budget
	})
	return widen(n)
}

// WriteTable writes the figures for people.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "share of ranges whose need is kept, %%: in a window / in a context around it (mean tokens)\n%-28s %6s", "", "cases")
	for _, b := range r.Budgets {
		fmt.Fprintf(w, "%27d", b)
	}
	fmt.Fprintln(w)
	for _, k := range r.Kinds {
		fmt.Fprintf(w, "%-28s %6d", k.Kind, k.Cases)
		for _, a := range k.At {
			fmt.Fprintf(w, "   %5.1f / %5.1f (%3.0f, %3.0f)", 100*a.Window, 100*a.Needs, a.WindowTokens, a.NeedsTokens)
		}
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "took ms, median %.1f\n", r.TookMSP50)
	return err
}
