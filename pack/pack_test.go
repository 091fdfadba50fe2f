package pack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

func analyzer(t testing.TB) *text.Analyzer {
	t.Helper()
	a, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func counter(t testing.TB, name string) tokens.Counter {
	t.Helper()
	c, err := tokens.New(name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// naming finds documents by name.
type naming func(ctx context.Context, names [][]string) ([]gather.Document, error)

// Select feeds a Pack with docs, and with what named finds, as package tamis does.
func Select(ctx context.Context, q Question, docs []gather.Document, o Options, named ...naming) (*render.Context, error) {
	p, err := New(q, o)
	if err != nil {
		return nil, err
	}
	if err := p.Add(docs...); err != nil {
		return nil, err
	}
	for _, find := range named {
		names, err := p.Wanted(ctx)
		if err != nil {
			return nil, err
		}
		found, err := find(ctx, names)
		if err != nil {
			return nil, err
		}
		if err := p.Add(found...); err != nil {
			return nil, err
		}
	}
	return p.Fill(ctx)
}

// library is a set of stored sources.
type library struct {
	a       *text.Analyzer
	sources map[string]string
	docs    []gather.Document
}

func newLibrary(t testing.TB) *library {
	return &library{a: analyzer(t), sources: map[string]string{}}
}

func (l *library) add(id, title, source string) {
	l.sources[id] = source
	l.docs = append(l.docs, l.document(id, title, source))
}

func (l *library) document(id, title, source string) gather.Document {
	d := gather.Document{ID: id, Path: id + ".txt", Title: title, Analyzer: l.a, Score: 1}
	for _, p := range split.Split(&corpus.Document{ID: id, Title: title, Source: source}, split.Options{}) {
		d.Passages = append(d.Passages, gather.Passage{Passage: p, Text: source[p.Start:p.End]})
	}
	return d
}

func (l *library) question(s string) Question {
	q := Question{Text: s, IDF: func(term string) float64 { return 1 + float64(len(term)) }}
	for _, t := range l.a.QueryTerms(nil, s) {
		if !slices.Contains(q.Terms, t) {
			q.Terms = append(q.Terms, t)
		}
	}
	return q
}

func (l *library) source(id string) (render.Source, error) {
	s, ok := l.sources[id]
	if !ok {
		return render.Source{}, errors.New("no such document")
	}
	src := render.Source{Text: s}
	for _, d := range l.docs {
		if d.ID == id {
			src.Path = d.Path
		}
	}
	return src, nil
}

// check holds c against everything that a context promises.
func (l *library) check(t testing.TB, c *render.Context, o Options) {
	t.Helper()
	if n := o.Counter.Count(c.Text); n != c.Tokens || n > o.Budget {
		t.Fatalf("%s: %d tokens, receipt says %d, budget %d", o.Counter.Name(), n, c.Tokens, o.Budget)
	}
	again, err := render.Replay(c, tokens.New, l.source)
	if err != nil {
		t.Fatal(err)
	}
	if again != c.Text {
		t.Fatalf("replay gives %q, the context is %q", again, c.Text)
	}
	if !utf8.ValidString(c.Text) {
		t.Fatal("text is not UTF-8")
	}
	type at struct {
		doc string
		pos int
	}
	kept := map[at]bool{}
	rest := c.Text
	cite := 0
	spans := c.Spans
	if c.Render != render.Plain {
		rest, spans = "", nil
		l.checkRendering(t, c)
		for k, s := range c.Spans {
			if k > 0 && c.Spans[k-1].Cite == s.Cite && s.Start < c.Spans[k-1].End {
				t.Fatalf("span %+v is out of order", s)
			}
			for i := s.Start; i < s.End; i++ {
				if kept[at{s.Doc, i}] {
					t.Fatalf("byte %d of %s is kept twice", i, s.Doc)
				}
				kept[at{s.Doc, i}] = true
			}
		}
	}
	for k, s := range spans {
		label := fmt.Sprintf(c.Label+" ", s.Cite)
		if s.Cite != cite {
			if s.Cite != cite+1 {
				t.Fatalf("label %d follows %d", s.Cite, cite)
			}
			cite = s.Cite
		} else {
			label = ""
		}
		bytes := l.sources[s.Doc][s.Start:s.End]
		var ok bool
		if k > 0 {
			if rest, ok = strings.CutPrefix(rest, l.separator(c, k)); !ok {
				t.Fatalf("no separator before span %+v: %q", s, rest)
			}
		}
		if rest, ok = strings.CutPrefix(rest, label+bytes); !ok {
			t.Fatalf("span %+v is not where it belongs", s)
		}
		if render.Signs(render.Plain, bytes) > len(c.Label)-4 {
			t.Fatalf("span %q could forge a label %s", bytes, c.Label)
		}
		for i := s.Start; i < s.End; i++ {
			if kept[at{s.Doc, i}] {
				t.Fatalf("byte %d of %s is kept twice", i, s.Doc)
			}
			kept[at{s.Doc, i}] = true
		}
	}
	if rest != "" {
		t.Fatalf("text ends with %q, which no span holds", rest)
	}
	// Every byte of a sentence is kept or dropped, never both; of a heading that is
	// shown, the label is enough.
	dropped := map[at]bool{}
	for _, d := range c.Dropped {
		for i := d.Start; i < d.End; i++ {
			if kept[at{d.Doc, i}] || dropped[at{d.Doc, i}] {
				t.Fatalf("byte %d of %s is dropped by %+v, and kept or dropped beside", i, d.Doc, d)
			}
			dropped[at{d.Doc, i}] = true
		}
		if d.Reason == "" || d.Start >= d.End {
			t.Fatalf("no reason or no range: %+v", d)
		}
	}
	for _, d := range l.docs {
		for _, p := range d.Passages {
			for _, s := range p.Sentences {
				for i := s.Start; i < s.End; i++ {
					k := at{d.ID, i}
					if c.Shrink == 0 && s.Kind != corpus.Heading && !kept[k] && !dropped[k] && !unicode.IsSpace(rune(l.sources[d.ID][i])) && l.sources[d.ID][i] < utf8.RuneSelf {
						t.Fatalf("byte %d of %s, in sentence %d-%d, is neither kept nor dropped", i, d.ID, s.Start, s.End)
					}
				}
			}
		}
	}
}

var lexicon = strings.Fields(`river delta salt water tide bridge engine Ada Lovelace Vienna 1969 sieve cook pot [1] [#2] [12] it's "quoted"
	naïve Straße 東京 大学 e.g. 3.14 … ; — 🙂 a the of and x_y camelCase http://example.org/a?b=c résumé`)

func prose(r *rand.Rand, sentences int) string {
	var b strings.Builder
	for range sentences {
		for i := range 1 + r.IntN(25) {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(lexicon[r.IntN(len(lexicon))])
		}
		b.WriteString([]string{". ", ".\n", "?\n\n", "! ", "\n", ".\t  "}[r.IntN(6)])
	}
	return b.String()
}

func TestBudgetHoldsAndReplayGivesTheText(t *testing.T) {
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := newLibrary(t)
		for i := range 1 + r.IntN(6) {
			l.add(fmt.Sprintf("doc%d", i), lexicon[r.IntN(len(lexicon))], prose(r, r.IntN(60)))
		}
		q := l.question("which river bridge in Vienna has a sieve " + lexicon[r.IntN(len(lexicon))])
		for _, name := range tokens.Names() {
			for range 4 {
				o := Options{Budget: 1 + r.IntN(1<<r.IntN(12)), Counter: counter(t, name), KeepDuplicates: r.IntN(2) == 0}
				c, err := Select(t.Context(), q, l.docs, o)
				if errors.Is(err, ErrBudget) {
					var be *BudgetError
					if !errors.As(err, &be) || be.Need <= o.Budget {
						t.Fatalf("seed %d: %v (%+v)", seed, err, be)
					}
					o.Budget = be.Need
					c, err = Select(t.Context(), q, l.docs, o)
				}
				if err != nil {
					t.Fatalf("seed %d: %s: %v", seed, name, err)
				}
				l.check(t, c, o)
			}
		}
	}
}

func FuzzSelect(f *testing.F) {
	f.Add("The sieve is fine. [1] is not a label.\nNor is [#2].", "Sieves", "which sieve", 20)
	f.Add("a\n\n\nb", "", "b", 1)
	f.Add(strings.Repeat("salt", 3000), "salt", "salt", 50)
	counters := []tokens.Counter{counter(f, "o200k_base"), counter(f, "cl100k_base"), counter(f, "words"), counter(f, "bytes")}
	f.Fuzz(func(t *testing.T, source, title, question string, budget int) {
		source = strings.ToValidUTF8(source, "\uFFFD")
		l := newLibrary(t)
		l.add("a", title, source)
		l.add("b", "", source+" And more.")
		q := l.question(question)
		for _, c := range counters {
			o := Options{Budget: budget, Counter: c, KeepDuplicates: len(source)%2 == 0}
			got, err := Select(t.Context(), q, l.docs, o)
			switch {
			case len(q.Terms) == 0:
				if !errors.Is(err, ErrNoTerms) {
					t.Fatal(err)
				}
			case err == nil:
				l.check(t, got, o)
			case !errors.Is(err, ErrBudget):
				t.Fatal(err)
			}
		}
	})
}

func TestTinyBudgets(t *testing.T) {
	l := newLibrary(t)
	l.add("a", "Sieves", "A tamis is a drum sieve. It is used for purée and for flour by cooks who care.")
	q := l.question("what is a drum sieve")
	o := Options{Counter: counter(t, "o200k_base")}
	for _, b := range []int{0, -7} {
		o.Budget = b
		if _, err := Select(t.Context(), q, l.docs, o); !errors.Is(err, ErrBudget) {
			t.Fatalf("budget %d: %v", b, err)
		}
	}
	o.Budget = 1
	var be *BudgetError
	if _, err := Select(t.Context(), q, l.docs, o); !errors.As(err, &be) {
		t.Fatal(err)
	}
	if want := o.Counter.Count("[1] A tamis is a drum sieve."); be.Need != want {
		t.Fatalf("needs %d, error says %d", want, be.Need)
	}
	o.Budget = be.Need - 1
	if _, err := Select(t.Context(), q, l.docs, o); !errors.Is(err, ErrBudget) {
		t.Fatal("one token less should be too little")
	}
	o.Budget = be.Need
	c, err := Select(t.Context(), q, l.docs, o)
	if err != nil || c.Text != "[1] A tamis is a drum sieve." {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestPassageTooLongYieldsItsBestSentences(t *testing.T) {
	l := newLibrary(t)
	filler := strings.Repeat("Nothing of interest happens in this long paragraph about the weather. ", 40)
	l.add("a", "Log", filler+"The password of the lighthouse is seagull. "+filler)
	o := Options{Budget: 40, Counter: counter(t, "o200k_base")}
	c, err := Select(t.Context(), l.question("lighthouse password"), l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	l.check(t, c, o)
	if !strings.Contains(c.Text, "seagull") {
		t.Fatal(c.Text)
	}
}

func TestGiantSentence(t *testing.T) {
	l := newLibrary(t)
	// Splitters never make such a sentence; pack must hold its promise anyway.
	giant := strings.Repeat("salt ", 200_000) + "end."
	l.sources["a"] = giant
	l.docs = append(l.docs, gather.Document{ID: "a", Analyzer: l.a, Passages: []gather.Passage{{
		Passage: corpus.Passage{End: len(giant), Sentences: []corpus.Sentence{{End: len(giant)}}}, Text: giant,
	}}})
	o := Options{Budget: 100, Counter: counter(t, "o200k_base")}
	var be *BudgetError
	if _, err := Select(t.Context(), l.question("salt"), l.docs, o); !errors.As(err, &be) {
		t.Fatal(err)
	}
	l.add("b", "", "Salt is in the sea.")
	c, err := Select(t.Context(), l.question("salt"), l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	l.check(t, c, o)
}

func TestNothingToSearchFor(t *testing.T) {
	l := newLibrary(t)
	l.add("a", "", "Text.")
	o := Options{Budget: 100, Counter: counter(t, "words")}
	for _, s := range []string{"", " \n", "?!"} {
		if _, err := Select(t.Context(), l.question(s), l.docs, o); !errors.Is(err, ErrNoTerms) {
			t.Fatal(err)
		}
	}
	c, err := Select(t.Context(), l.question("salt"), nil, o)
	if err != nil || c.Text != "" || c.Tokens != 0 || len(c.Spans) != 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	if s, err := render.Replay(c, tokens.New, l.source); s != "" || err != nil {
		t.Fatal(s, err)
	}
}

func TestLabelsCannotBeForged(t *testing.T) {
	o := Options{Budget: 200, Counter: counter(t, "o200k_base")}
	for source, label := range map[string]string{
		"The river is long.":                          "[%d]",
		"The river is long [see 1].":                  "[%d]",
		"The river is long.\n\n[2] The river is dry.": "[#%d]",
		"The river [7] is long [##12].":               "[###%d]",
		"The river [[#3]] is long.":                   "[##%d]",
	} {
		l := newLibrary(t)
		l.add("a", "", source)
		l.add("b", "", "A river runs through it.")
		c, err := Select(t.Context(), l.question("river"), l.docs, o)
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, c, o)
		if c.Label != label {
			t.Errorf("%q: label %q, want %q", source, c.Label, label)
		}
	}
}

func TestReplayNamesWhatChanged(t *testing.T) {
	l := newLibrary(t)
	l.add("a", "", "The river is long. Ducks live there. The river is salty.")
	l.add("b", "", "A river runs through it.")
	o := Options{Budget: 200, Counter: counter(t, "o200k_base")}
	c, err := Select(t.Context(), l.question("river"), l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	// The receipt survives render.JSON, and its text is not what is replayed.
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var r render.Context
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	r.Text = ""
	if s, err := render.Replay(&r, tokens.New, l.source); err != nil || s != c.Text {
		t.Fatalf("%q, %v", s, err)
	}
	var ce *render.ChangedError
	for _, s := range []string{"The river is lung. Ducks live there. The river is salty.", "short", ""} {
		l.sources["a"] = s
		if _, err := render.Replay(&r, tokens.New, l.source); !errors.As(err, &ce) || !errors.Is(err, render.ErrChanged) || ce.Doc != "a" {
			t.Fatal(err)
		}
	}
	delete(l.sources, "a")
	if _, err := render.Replay(&r, tokens.New, l.source); !errors.As(err, &ce) || ce.Err == nil {
		t.Fatal(err)
	}
	l.add("a", "", "The river is long. Ducks live there. The river is salty.")
	for _, spoil := range []func(*render.Context){
		func(c *render.Context) { c.Order = "other" },
		func(c *render.Context) { c.Label = "%s%s" },
		func(c *render.Context) { c.Digest = "0" },
		func(c *render.Context) { c.Spans = c.Spans[1:] },
		func(c *render.Context) { c.Spans[0].Start = -1 },
		func(c *render.Context) { c.Spans[0].End = math.MaxInt },
	} {
		bad := r
		bad.Spans = slices.Clone(r.Spans)
		spoil(&bad)
		if s, err := render.Replay(&bad, tokens.New, l.source); err == nil {
			t.Fatalf("a spoilt receipt gave %q", s)
		}
	}
}

func TestSameInputSameBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	l := newLibrary(t)
	for i := range 8 {
		l.add(fmt.Sprintf("doc%d", i), "Ada Lovelace", prose(r, 80))
	}
	o := Options{Budget: 300, Counter: counter(t, "o200k_base")}
	var first []byte
	for i := range 10 {
		c, err := Select(t.Context(), l.question("discuss the salt water bridge of Vienna"), l.docs, o)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = raw
		} else if string(raw) != string(first) {
			t.Fatal("two runs differ")
		}
	}
}

func TestNearDuplicatesAreFolded(t *testing.T) {
	l := newLibrary(t)
	s := "The sluice gate of the northern river was opened by two engineers on Monday morning before breakfast."
	l.add("a", "", s)
	l.add("b", "", "Report: "+strings.ToLower(s))
	o := Options{Budget: 400, Counter: counter(t, "o200k_base")}
	c, err := Select(t.Context(), l.question("who opened the sluice gate"), l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	l.check(t, c, o)
	if len(c.Spans) != 1 || len(c.Dropped) != 1 || !strings.HasPrefix(c.Dropped[0].Reason, "duplicate of ") {
		t.Fatalf("%+v %+v", c.Spans, c.Dropped)
	}
	o.KeepDuplicates = true
	if c, err = Select(t.Context(), l.question("who opened the sluice gate"), l.docs, o); err != nil || len(c.Spans) != 2 {
		t.Fatalf("%+v, %v", c, err)
	}
}

func TestNamesLeadToTheDocumentThatBearsThem(t *testing.T) {
	l := newLibrary(t)
	l.add("film", "The Long Tide", "The Long Tide is a film of 1969. It was directed by Ada Lindqvist at the coast of Gotland.")
	for i := range 30 {
		l.add(fmt.Sprintf("other%d", i), fmt.Sprintf("Tide %d", i), "Nobody waits for the harbour.")
	}
	director := l.document("person", "Ada Lindqvist (director)", "She was born in Visby. Later she moved away.")
	l.sources["person"] = "She was born in Visby. Later she moved away."
	var asked [][]string
	o := Options{Budget: 70, Counter: counter(t, "o200k_base")}
	find := func(_ context.Context, names [][]string) ([]gather.Document, error) {
		asked = names
		return []gather.Document{director, l.document("stranger", "Olof Palme", "He was born in Stockholm.")}, nil
	}
	c, err := Select(t.Context(), l.question("where was the director of The Long Tide born"), l.docs, o, find)
	if err != nil {
		t.Fatal(err)
	}
	l.docs = append(l.docs, director)
	l.check(t, c, o)
	if !strings.Contains(c.Text, "Visby") || strings.Contains(c.Text, "Stockholm") {
		t.Fatal(c.Text)
	}
	if !slices.ContainsFunc(asked, func(n []string) bool { return slices.Equal(n, l.a.Terms(nil, "Ada Lindqvist")) }) {
		t.Fatal(asked)
	}
	broken := errors.New("disk on fire")
	fail := func(context.Context, [][]string) ([]gather.Document, error) { return nil, broken }
	if _, err := Select(t.Context(), l.question("the director of The Long Tide"), l.docs, o, fail); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Select(cancelled, l.question("tide"), l.docs, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestNothingMatches(t *testing.T) {
	l := newLibrary(t)
	l.add("a", "River", "Ducks live there. So do geese.")
	for _, budget := range []int{1, 100} {
		o := Options{Budget: budget, Counter: counter(t, "o200k_base")}
		c, err := Select(t.Context(), l.question("lighthouse"), l.docs, o)
		if err != nil || len(c.Spans) != 0 || len(c.Dropped) != 2 || c.Dropped[0].Reason != "no question term" {
			t.Fatalf("%+v, %v", c, err)
		}
		l.check(t, c, o)
	}
}

func TestHeadingsCountForWhatStandsBelow(t *testing.T) {
	l := newLibrary(t)
	source := "Run make.\n\nRun make."
	l.sources["a"] = source
	passage := func(start, end int, heading string) gather.Passage {
		return gather.Passage{Text: source[start:end], Passage: corpus.Passage{Start: start, End: end, Headings: []string{heading},
			Sentences: []corpus.Sentence{{Start: start, End: start + 9}}}}
	}
	l.docs = append(l.docs, gather.Document{ID: "a", Analyzer: l.a, Passages: []gather.Passage{passage(0, 11, "Removal"), passage(11, 20, "Installation")}})
	o := Options{Budget: 7, Counter: counter(t, "o200k_base")}
	c, err := Select(t.Context(), l.question("how to run the installation"), l.docs, o)
	if err != nil {
		t.Fatal(err)
	}
	l.check(t, c, o)
	if len(c.Spans) != 1 || c.Spans[0].Start != 11 {
		t.Fatalf("%+v", c.Spans)
	}
}

func BenchmarkSelect(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	l := newLibrary(b)
	size := 0
	for i := range 60 {
		s := prose(r, 100)
		size += len(s)
		l.add(fmt.Sprintf("doc%d", i), "Ada Lovelace", s)
	}
	q := l.question("which salt water bridge in Vienna did the engine of Ada Lovelace cross in 1969")
	o := Options{Budget: 1000, Counter: counter(b, "o200k_base")}
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := Select(b.Context(), q, l.docs, o); err != nil {
			b.Fatal(err)
		}
	}
}
