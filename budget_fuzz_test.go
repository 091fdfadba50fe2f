package tamis_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/internal/hostile"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

const (
	worldFiles   = 10  // files of most indexes
	sweep        = 40  // budgets that a question is asked under, in a small index
	worldCases   = 400 // contexts of an index
	worldSession = 6   // sessions of an index, of sessionTurns turns each
	sessionTurns = 8
)

// Which checks are on.
const (
	checkOverlap = true // no two kept spans share bytes
	checkDropped = true // no dropped range shares bytes with a kept one
	checkOrder   = true // within a label, spans stand in the order of the source in every rendering
)

// TestContextsHold asks random questions of random texts, with random options
// and small budgets: whatever comes in, contexts and sessions keep what
// promises checks. TAMIS_HEAVY=full: a million cases; tenth: a tenth. TAMIS_WORLD=N
// runs the index N alone and shows all that is found.
func TestContextsHold(t *testing.T) {
	worlds := uint64(3)
	switch all := uint64(1_000_000/(worldCases+worldSession*sessionTurns) + 1); os.Getenv("TAMIS_HEAVY") {
	case "full":
		worlds = all
	case "tenth":
		worlds = all / 10
	}
	first := uint64(0)
	if one := os.Getenv("TAMIS_WORLD"); one != "" {
		var err error
		if first, err = strconv.ParseUint(one, 10, 64); err != nil {
			t.Fatal(err)
		}
		worlds = 1
	}
	found := &findings{of: map[string][]string{}}
	start, next := time.Now(), atomic.Uint64{}
	next.Store(first)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for n := next.Add(1) - 1; n < first+worlds; n = next.Add(1) - 1 {
				w := newWorld(t, n, found)
				w.contexts()
				w.sessions()
				w.ix.Close()
			}
		})
	}
	wg.Wait()
	show := 3
	if os.Getenv("TAMIS_WORLD") != "" {
		show = 1000
	}
	took := time.Since(start).Seconds()
	t.Logf("%d cases in %d indexes, %.0f a second; %d contexts with text, %d errors of too small a budget", found.cases, worlds, float64(found.cases)/took, found.texts, found.small)
	for _, what := range slices.Sorted(maps.Keys(found.of)) {
		t.Errorf("%s: %d times\n\t%s", what, len(found.of[what]), strings.Join(found.of[what][:min(show, len(found.of[what]))], "\n\t"))
	}
	if found.texts < found.cases/5 {
		t.Errorf("only %d of %d cases gave a text", found.texts, found.cases)
	}
}

// findings are broken promises, each with the cases that broke it.
type findings struct {
	mu                  sync.Mutex
	of                  map[string][]string
	cases, texts, small int
}

func (f *findings) add(what, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.of[what] = append(f.of[what], fmt.Sprintf(format, args...))
}

func (f *findings) count(c *tamis.Context, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cases++
	if errors.Is(err, tamis.ErrBudget) {
		f.small++
	}
	if err == nil && c.Text != "" {
		f.texts++
	}
}

// world is an index of random texts.
type world struct {
	t       testing.TB
	seed    uint64
	g       hostile.Gen
	ix      *tamis.Index
	small   bool // it has a single short file
	sources map[string]string
	found   *findings
}

func newWorld(t testing.TB, seed uint64, found *findings) *world {
	w := &world{t: t, seed: seed, g: hostile.New(seed), small: seed%2 == 0, sources: map[string]string{}, found: found}
	var err error
	if w.ix, err = tamis.Open("", tamis.Options{Language: []string{"", "auto"}[w.g.IntN(2)]}); err != nil {
		t.Error(err)
		return w
	}
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Error(err)
		return w
	}
	defer os.RemoveAll(dir)
	files := worldFiles
	if w.small {
		files = 1
	}
	for i := range files {
		name, text := w.g.File(i)
		if w.small {
			name, text = w.g.Scrap()
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Error(err)
		}
	}
	report, err := w.ix.AddFiles(context.Background(), []string{dir}, tamis.FileOptions{})
	if err != nil {
		t.Errorf("world %d: %+v, %v", seed, report, err)
	}
	given := map[string]string{}
	for i := range files / 3 { // and texts without a format, that a program gives
		given["given-"+strconv.Itoa(i)] = w.g.Text(60)
	}
	_, err = w.ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
		for _, id := range slices.Sorted(maps.Keys(given)) {
			if !yield(tamis.Document{ID: id, Title: hostile.Words[w.g.IntN(len(hostile.Words))], Source: given[id]}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
	return w
}

// source is the stored source of a document.
func (w *world) source(doc string) string {
	s, ok := w.sources[doc]
	if !ok {
		var err error
		if s, err = w.ix.Source(context.Background(), doc, tamis.Scope{}); err != nil {
			w.found.add("a source cannot be read", "world %d: %s: %v", w.seed, doc, err)
		}
		w.sources[doc] = s
	}
	return s
}

// asked is all that a context is asked for with, beside the question.
type asked struct {
	tamis.Budget
	tamis.Layout
	tamis.Lab
	Drafts tamis.Drafts
}

func (a asked) options() []tamis.ContextOption {
	return []tamis.ContextOption{a.Layout, a.Lab, a.Drafts}
}

// budget is a random one, with random options.
func (w *world) budget() asked {
	g := w.g
	var b asked
	b.Tokens, b.Counter, b.Order = 1+g.IntN(300), tokens.Names()[g.IntN(4)], render.Orders()[g.IntN(len(render.Orders()))]
	b.Render, b.KeepDuplicates = render.Renderings()[g.IntN(len(render.Renderings()))], g.IntN(3) == 0
	switch g.IntN(8) {
	case 0:
		b.Tokens = 300 + g.IntN(3000)
	case 1, 2, 3:
		b.Tokens = 1 + g.IntN(40)
	}
	if b.Counter == "bytes" {
		b.Tokens *= 4
	}
	if g.IntN(3) == 0 {
		b.Cut = pack.Cuts()[g.IntN(len(pack.Cuts()))]
	}
	if g.IntN(2) == 0 {
		b.Guards = []string{}
		for _, guard := range unit.Guards() {
			if g.IntN(2) == 0 {
				b.Guards = append(b.Guards, guard)
			}
		}
	}
	if g.IntN(4) == 0 {
		b.MostOf = g.Float64()
	}
	if g.IntN(3) == 0 {
		b.Shrink, b.ShrinkByQuestion = g.Float64(), g.IntN(2) == 0
	}
	if g.IntN(6) == 0 {
		b.Drafts = []string{g.Sentence(), g.Question()}
	}
	return b
}

func describe(question string, b asked) string {
	b.Weights = nil
	j, _ := json.Marshal(struct {
		Question           string
		Tokens             int
		Counter            string
		Render, Order, Cut string
		KeepDuplicates     bool
		Guards             []string
		MostOf, Shrink     float64
		ShrinkByQuestion   bool
		Drafts             []string
	}{question, b.Tokens, b.Counter, b.Render, b.Order, b.Cut, b.KeepDuplicates, b.Guards, b.MostOf, b.Shrink, b.ShrinkByQuestion, b.Drafts})
	return string(j)
}

// contexts asks. In a small index each question is asked under one budget
// after the other, with a cut; elsewhere half of the answers are asked for again
// under a budget that they just fill, or just do not, with a cut.
func (w *world) contexts() {
	again, tight := "", asked{}
	for n := range worldCases {
		w.g = hostile.New(w.seed<<20 | uint64(n))
		if w.small {
			w.g = hostile.New(w.seed<<20 | uint64(n/sweep))
		}
		question, b := w.g.Question(), w.budget()
		cut := pack.Cuts()[w.g.IntN(len(pack.Cuts()))]
		switch {
		case w.small:
			b.Cut, b.Tokens, b.Guards = cut, 5+n%sweep, nil
			if w.g.IntN(2) == 0 {
				b.Render = render.JSON
			}
			if b.Counter == "bytes" {
				b.Tokens *= 3
			}
		case again != "":
			question, b = again, tight
			b.Cut = cut
		}
		c := w.ask(n, question, b)
		again = ""
		if c != nil && c.Tokens > 1 && n%2 == 0 {
			again, tight = question, b
			tight.Tokens = c.Tokens - w.g.IntN(2)
		}
	}
}

// ask returns nil where there is no context.
func (w *world) ask(n int, question string, b asked) *tamis.Context {
	ctx := context.Background()
	c, err := w.ix.Context(ctx, question, b.Budget, b.options()...)
	w.found.count(c, err)
	at := fmt.Sprintf("world %d case %d: %s", w.seed, n, describe(question, b))
	var small *pack.BudgetError
	switch {
	case errors.As(err, &small) && small.Need > b.Tokens:
		more := b
		more.Tokens = small.Need
		if _, err := w.ix.Context(ctx, question, more.Budget, more.options()...); err != nil {
			w.found.add("the budget that an error says is enough is not", "%s: %v", at, err)
		}
		return nil
	case errors.Is(err, tamis.ErrNoTerms):
		return nil
	case err != nil:
		w.found.add("an error", "%s: %v", at, err)
		return nil
	}
	w.promises(at, c, b.Tokens)
	if n%8 == 0 {
		again, err := w.ix.Context(ctx, question, b.Budget, b.options()...)
		if err != nil || again.Text != c.Text || !reflect.DeepEqual(again.Spans, c.Spans) || !slices.Equal(again.Dropped, c.Dropped) {
			w.found.add("the same question has another answer", "%s: %v", at, err)
		}
	}
	return c
}

// promises checks a context and its receipt.
func (w *world) promises(at string, c *tamis.Context, budget int) {
	if c.Tokens > budget {
		w.found.add("over the budget", "%s: %d tokens, by the counter that was asked for", at, c.Tokens)
	}
	if n := recount(c.Tokenizer, c.Text); n != c.Tokens {
		w.found.add("another number of tokens", "%s: %d in the receipt, %d recounted: %q", at, c.Tokens, n, c.Text)
	}
	for _, broken := range []string{spansHold(c, w.source), w.replays(c)} {
		if broken != "" {
			what, where, _ := strings.Cut(broken, ": ")
			w.found.add(what, "%s: %s", at, where)
		}
	}
	if checkOverlap {
		if where := overlap(c); where != "" {
			w.found.add("kept spans overlap", "%s: %s", at, where)
		}
	}
	if checkDropped {
		if where := w.dropsKept(c); where != "" {
			w.found.add("a dropped range overlaps a kept one", "%s: %s", at, where)
		}
	}
}

// replays holds the text against what replaying gives, with the receipt as it is
// and as it comes back from its JSON.
func (w *world) replays(c *tamis.Context) string {
	var back tamis.Context
	j, err := json.Marshal(c)
	if err == nil {
		err = json.Unmarshal(j, &back)
	}
	if err != nil {
		return "a receipt has no JSON: " + err.Error()
	}
	if j2, err := json.Marshal(&back); err != nil || string(j) != string(j2) {
		return fmt.Sprintf("a receipt is another after its JSON: %s, %s", j, j2)
	}
	for _, receipt := range []*tamis.Context{c, &back} {
		if again, err := w.ix.Replay(context.Background(), receipt, tamis.Scope{}); err != nil || again != c.Text {
			return fmt.Sprintf("replay fails: %v: %q instead of %q", err, again, c.Text)
		}
	}
	return ""
}

// spansHold says what is wrong with the spans: each is a range of its source,
// they stand in the order of their source, and with labels and separators, which
// no span forges, they are the text.
func spansHold(c *tamis.Context, source func(string) string) string {
	texts := c.Texts()
	if len(texts) != len(c.Spans) {
		return fmt.Sprintf("the receipt lacks texts: %d of %d", len(texts), len(c.Spans))
	}
	for k, s := range c.Spans {
		src := source(s.Doc)
		switch {
		case s.Start < 0 || s.End <= s.Start || s.End > len(src):
			return fmt.Sprintf("a span is no range: %d-%d of %d bytes", s.Start, s.End, len(src))
		case src[s.Start:s.End] != texts[k]:
			return fmt.Sprintf("a span is not verbatim: %q instead of %q", texts[k], src[s.Start:s.End])
		case !utf8.ValidString(texts[k]):
			return fmt.Sprintf("a span cuts a rune: %q", texts[k])
		case k > 0 && c.Spans[k-1].Cite == s.Cite && c.Spans[k-1].Doc != s.Doc:
			return fmt.Sprintf("a label is of two documents: %s and %s", c.Spans[k-1].Doc, s.Doc)
		case k > 0 && c.Spans[k-1].Cite == s.Cite && c.Spans[k-1].Start > s.Start && (checkOrder || c.Render != render.Structured):
			return fmt.Sprintf("spans are out of order (%s): %s %d-%d after %d-%d", c.Render, filepath.Base(s.Doc), s.Start, s.End, c.Spans[k-1].Start, c.Spans[k-1].End)
		}
		if gap := k > 0 && c.Spans[k-1].Cite == s.Cite && strings.TrimSpace(src[min(c.Spans[k-1].End, s.Start):s.Start]) != ""; gap != s.Gap {
			return fmt.Sprintf("a join is marked wrongly: gap %v before %d-%d of %q", s.Gap, s.Start, s.End, src)
		}
	}
	if c.Render == render.JSON {
		return jsonHolds(c)
	}
	if want := rendered(c); c.Text != want {
		return fmt.Sprintf("the text is not that of the spans: %q instead of %q", c.Text, want)
	}
	form := regexp.QuoteMeta(c.Label)
	if c.Render == render.Plain || c.Render == render.Structured {
		form = strings.Replace(form, "%d", "[0-9]+", 1)
	}
	label := regexp.MustCompile("(?i)" + form)
	for _, text := range texts {
		if label.MatchString(text) {
			return fmt.Sprintf("a label is forged: %q has the form of %s", text, c.Label)
		}
	}
	return ""
}

// rendered is the text of the spans, by what the renderings are documented to be.
func rendered(c *tamis.Context) string {
	var lines []string
	add := func(s string) { lines = append(lines, s) }
	more := func(s string) { lines[len(lines)-1] += s }
	cite, level := 0, 0
	closed := func() {
		switch {
		case cite == 0:
		case c.Render == render.Markdown:
			add(c.Label)
		case c.Render == render.XML:
			add("</" + c.Label + ">")
		}
	}
	for k, s := range c.Spans {
		text, mark := c.Texts()[k], ""
		if s.Gap {
			mark = " …"
		}
		switch begins := s.Cite != cite; {
		case c.Render == render.Structured && s.Inline && !begins && s.Level == 0:
			more(mark + " " + text)
		case c.Render == render.Structured:
			if group := begins || s.Level == render.NoHeading || s.Level > 0 && (level <= 0 || s.Level <= level); group {
				add(fmt.Sprintf(c.Label, s.Cite))
				if s.Level > 0 {
					more(strings.Repeat(" >", s.Level-1) + " " + text)
				}
			} else if s.Level > 0 {
				more(" > " + text)
			} else if level <= 0 {
				more(mark)
			}
			if s.Level <= 0 {
				add("- " + text)
			}
			level = s.Level
		case s.Inline && !begins:
			more(mark + " " + text)
		case begins:
			closed()
			switch c.Render {
			case render.Markdown:
				add(fmt.Sprintf("[%d]\n%s\n%s", s.Cite, c.Label, text))
			case render.XML:
				add(fmt.Sprintf("<%s id=\"%d\">\n%s", c.Label, s.Cite, text))
			default:
				add(fmt.Sprintf(c.Label, s.Cite) + " " + text)
			}
		default:
			more(mark)
			add(text)
		}
		cite = s.Cite
	}
	closed()
	return strings.Join(lines, "\n")
}

func jsonHolds(c *tamis.Context) string {
	var items []struct {
		Cite int
		Text string
	}
	if c.Text == "" && len(c.Spans) == 0 {
		return ""
	}
	if err := json.Unmarshal([]byte(c.Text), &items); err != nil || len(items) != len(c.Spans) {
		return fmt.Sprintf("the text is not the JSON of the spans: %v: %q", err, c.Text)
	}
	for k, item := range items {
		if item.Cite != c.Spans[k].Cite || item.Text != c.Texts()[k] {
			return fmt.Sprintf("the text is not the JSON of the spans: %q instead of %q", item.Text, c.Texts()[k])
		}
	}
	return ""
}

type byteRange struct {
	doc        string
	start, end int
}

func ranges(c *tamis.Context) []byteRange {
	var all []byteRange
	for _, s := range c.Spans {
		all = append(all, byteRange{s.Doc, s.Start, s.End})
	}
	slices.SortFunc(all, func(a, b byteRange) int { return cmp.Or(cmp.Compare(a.doc, b.doc), cmp.Compare(a.start, b.start)) })
	return all
}

// overlap says which kept spans share bytes.
func overlap(c *tamis.Context) string {
	all := ranges(c)
	for k := 1; k < len(all); k++ {
		if a, b := all[k-1], all[k]; a.doc == b.doc && b.start < a.end {
			return fmt.Sprintf("%s: (%d,%d) with (%d,%d)", filepath.Base(a.doc), a.start, a.end, b.start, b.end)
		}
	}
	return ""
}

// dropsKept says which dropped range shares bytes with a kept span.
func (w *world) dropsKept(c *tamis.Context) string {
	kept := map[string][]byteRange{}
	for _, r := range ranges(c) {
		kept[r.doc] = append(kept[r.doc], r)
	}
	for _, d := range c.Dropped {
		for _, r := range kept[d.Doc] {
			if d.Start < r.end && r.start < d.End {
				return fmt.Sprintf("%s: dropped (%d,%d) %q, kept (%d,%d) %q", filepath.Base(d.Doc), d.Start, d.End, d.Reason, r.start, r.end, w.source(d.Doc)[min(r.start, d.Start):max(r.end, d.End)])
			}
		}
	}
	return ""
}
