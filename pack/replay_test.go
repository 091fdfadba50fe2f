package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/text/tokens"
)

// receipts is a library with a receipt of it in every rendering, as they are
// read from a file.
func receipts(t testing.TB) (*library, []render.Context) {
	t.Helper()
	l := newLibrary(t)
	l.structured("a", "# Gates\n\nThe river gate is old.\n\n# Tides\n\nStones lie still.\n\nTides bring the river salt.\n")
	l.add("b", "Rivers", "A river runs through it. [1] Nobody knows why. The river is salty.")
	var all []render.Context
	for _, form := range render.Renderings() {
		o := Options{Budget: 200, Counter: counter(t, "o200k_base"), Render: form, Guards: []string{}, Drafts: []string{"salt\xff"}}
		c, err := Select(t.Context(), l.question("which river gate is old \xff"), l.docs, o)
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, c, o)
		all = append(all, reread(t, c))
	}
	return l, all
}

func reread(t testing.TB, c *render.Context) render.Context {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var r render.Context
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestReplayNamesWhatWasAltered edits one field after another.
func TestReplayNamesWhatWasAltered(t *testing.T) {
	l, all := receipts(t)
	edits := map[string]func(*render.Context){
		"text":                 func(c *render.Context) { c.Text += " forged" },
		"tokens (":             func(c *render.Context) { c.Tokens++ },
		"budget (":             func(c *render.Context) { c.Budget = c.Tokens - 1 },
		"tokenizer":            func(c *render.Context) { c.Tokenizer = "none" },
		"spans[1].path":        func(c *render.Context) { c.Spans[1].Path = "elsewhere" },
		"digest":               func(c *render.Context) { c.Digest = strings.Repeat("0", 64) },
		"order":                func(c *render.Context) { c.Order = "other" },
		"label":                func(c *render.Context) { c.Label += "x" },
		"rendering":            func(c *render.Context) { c.Render = "other" },
		"spans[0].cite":        func(c *render.Context) { c.Spans[0].Cite = 0 },
		"spans[0].level":       func(c *render.Context) { c.Spans[0].Level = 1e9 },
		"spans[1] is the":      func(c *render.Context) { c.Spans[1].End = c.Spans[1].Start },
		"dropped":              func(c *render.Context) { c.Dropped = append(slices.Clip(c.Dropped), render.Drop{Doc: "a"}) },
		"seal (something that": func(c *render.Context) { c.DroppedCount++; c.Dropped = nil },
		"seal (something":      func(c *render.Context) { c.Question = "why" },
		"seal (something ":     func(c *render.Context) { c.Spans[1].Score++ },
		"seal (something t":    func(c *render.Context) { c.Order = render.StablePrefix },
		"seal (something th":   func(c *render.Context) { c.Budget = 5000 },
		"seal (something tha":  func(c *render.Context) { c.Drafts = nil },
	}
	for _, r := range all {
		if s, err := render.Replay(&r, tokens.New, l.source); err != nil || s != r.Text {
			t.Fatalf("%s: %q, %v", r.Render, s, err)
		}
		short := r
		short.Text, short.Dropped = "", nil // these may be left out
		if _, err := render.Replay(&short, tokens.New, l.source); err != nil {
			t.Errorf("%s: %v", r.Render, err)
		}
		for field, edit := range edits {
			bad := r
			bad.Spans = slices.Clone(r.Spans)
			edit(&bad)
			_, err := render.Replay(&bad, tokens.New, l.source)
			if err == nil || !strings.Contains(err.Error(), field) {
				t.Errorf("%s: %s was edited: %v", r.Render, field, err)
			}
			old := bad
			old.Seal = ""
			if _, err := render.Replay(&old, tokens.New, l.source); (err == nil) != strings.HasPrefix(field, "seal") {
				t.Errorf("%s without a seal: %s was edited: %v", r.Render, field, err)
			}
		}
		// The order of the spans is not a matter of taste.
		for k := 1; k < len(r.Spans); k++ {
			bad := r
			bad.Spans = slices.Clone(r.Spans)
			bad.Spans[k-1], bad.Spans[k] = bad.Spans[k], bad.Spans[k-1]
			if _, err := render.Replay(&bad, tokens.New, l.source); !errors.Is(err, render.ErrAltered) {
				t.Errorf("%s: spans %d and %d changed places: %v", r.Render, k-1, k, err)
			}
		}
	}
}

// TestJoinsAreMarked lays out ranges with more, less and nothing between them, in
// every rendering; a receipt of a version that marked nothing replays to the text
// that it was.
func TestJoinsAreMarked(t *testing.T) {
	l := newLibrary(t)
	l.add("a", "", "One. Two.\n\n  Three. Four five six. Seven.")
	source := l.sources["a"]
	span := func(text string, level int, inline, gap bool) (render.Span, string) {
		at := strings.Index(source, text)
		return render.Span{Cite: 1, Doc: "a", Path: l.docs[0].Path, Start: at, End: at + len(text), Level: level, Inline: inline, Gap: gap}, text
	}
	for _, tt := range []struct{ rendering, marked, old string }{
		{render.Plain, "[1] One. …\nThree.\nFour … six.", "[1] One.\nThree.\nFour six."},
		{render.Markdown, "[1]\n```\nOne. …\nThree.\nFour … six.\n```", "[1]\n```\nOne.\nThree.\nFour six.\n```"},
		{render.XML, "<source id=\"1\">\nOne. …\nThree.\nFour … six.\n</source>", "<source id=\"1\">\nOne.\nThree.\nFour six.\n</source>"},
		{render.JSON, `[{"cite":1,"text":"One."},` + "\n" + `{"cite":1,"text":"Three."},` + "\n" + `{"cite":1,"text":"Four"},` + "\n" + `{"cite":1,"text":"six."}]`, ""},
		{render.Structured, "[1]\n- One. …\n- Three.\n- Four … six.", "[1]\n- One.\n- Three.\n- Four six."},
	} {
		for _, gaps := range []bool{true, false} {
			var spans []render.Span
			var texts []string
			for k, text := range []string{"One.", "Three.", "Four", "six."} {
				level := 0
				if k == 0 && tt.rendering == render.Structured {
					level = render.NoHeading
				}
				s, text := span(text, level, k == 3, gaps && k%2 == 1)
				spans, texts = append(spans, s), append(texts, text)
			}
			c := reread(t, render.Compose(spans, texts, tt.rendering, 0, 100, counter(t, "o200k_base")))
			want := tt.marked
			if !gaps && tt.old != "" {
				want = tt.old
			}
			if again, err := render.Replay(&c, tokens.New, l.source); c.Text != want || err != nil || again != want {
				t.Errorf("%s: %q replays as %q, %v; want %q", tt.rendering, c.Text, again, err, want)
			}
			for k := range c.Spans { // a mark where nothing was left out, and one that is gone
				bad := c
				bad.Spans = slices.Clone(c.Spans)
				bad.Spans[k].Gap = !bad.Spans[k].Gap
				if _, err := render.Replay(&bad, tokens.New, l.source); !errors.Is(err, render.ErrAltered) {
					t.Errorf("%s: the gap of span %d was edited: %v", tt.rendering, k, err)
				}
			}
		}
	}
	if n := counter(t, "o200k_base").Count(render.Mark + "\n"); n != 1 {
		t.Errorf("a mark costs %d tokens", n)
	}
}

// hostileReceipts ask for more than they can be made of.
func hostileReceipts(t testing.TB) (*library, []render.Context) {
	l, all := receipts(t)
	span := all[0].Spans[0]
	var bad []render.Context
	for _, r := range all {
		r.Seal = ""
		deep, long, many := r, r, r
		deep.Render, deep.Spans = render.Structured, slices.Clone(r.Spans)
		deep.Spans[0].Level = 1e9
		long.Spans, many.Spans = nil, nil
		for k := range 30_000 {
			s := r.Spans[k%len(r.Spans)]
			s.Cite = k + 1
			long.Spans = append(long.Spans, s)
			many.Spans = append(many.Spans, span)
		}
		switch r.Render {
		case render.Plain, render.Structured:
			long.Label = "[" + strings.Repeat("#", 1<<20) + "%d]"
		case render.Markdown:
			long.Label = strings.Repeat("`", 1<<20)
		case render.XML:
			long.Label = "source" + strings.Repeat("_", 1<<20)
		}
		far := r
		far.Spans = slices.Clone(r.Spans)
		far.Spans[0].Start, far.Spans[0].End = math.MinInt, math.MaxInt
		bad = append(bad, deep, long, many, far)
	}
	return l, bad
}

// replayBound is the most that a replay may take beside its input and sources:
// some for each byte of them, and a little.
const replayBound = 24 << 20

func TestReplayIsBounded(t *testing.T) {
	l, bad := hostileReceipts(t)
	for i := range bad {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := render.Replay(&bad[i], tokens.New, l.source)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > replayBound {
			t.Errorf("receipt %d: %d bytes for %v", i, n, err)
		}
		if err == nil || !strings.Contains(err.Error(), "span") && !strings.Contains(err.Error(), "label") {
			t.Errorf("receipt %d: %v", i, err)
		}
	}
}

// FuzzReplay reads anything as a receipt: it replays to the text that it states,
// or an error says why not, and neither takes more memory than a receipt of its
// size can ask for.
func FuzzReplay(f *testing.F) {
	l, good := receipts(f)
	_, bad := hostileReceipts(f)
	for _, r := range append(good, bad...) {
		r.Spans = r.Spans[:min(len(r.Spans), 100)]
		if len(r.Label) > 1000 {
			r.Label = r.Label[:1000]
		}
		raw, err := json.Marshal(&r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var r render.Context
		if json.Unmarshal(raw, &r) != nil {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		text, err := render.Replay(&r, tokens.New, l.source)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > replayBound+200*uint64(len(raw)) {
			t.Fatalf("%d bytes for a receipt of %d, %v", n, len(raw), err)
		}
		if err == nil && r.Text != "" && r.Text != text {
			t.Fatalf("%q for %q", text, r.Text)
		}
	})
}

// TestWhatIsShownIsNotKeptAgain: dropping a unit after a cut does not bring back
// what another unit needs and the window shows: the words would stand twice, and
// the budget was not made for them.
func TestWhatIsShownIsNotKeptAgain(t *testing.T) {
	rows := ""
	for i := range 12 {
		rows += fmt.Sprintf("| gate %d | %s |\n", i, strings.Repeat("river ", 1+i%4))
	}
	for _, cut := range Cuts() {
		l := newLibrary(t)
		l.structured("a", "| gate | the river that flows by it |\n"+rows)
		w := &Window{First: 2, Signs: 2, Shown: []Shown{{Cite: 1, Doc: "a", Text: "| gate | the river that flows by it |"}}}
		for budget := 8; budget < 120; budget += 3 {
			c, err := Select(t.Context(), l.question("river gate 3"), l.docs, Options{Budget: budget, Counter: counter(t, "o200k_base"), Cut: cut, Window: w, KeepDuplicates: budget%2 == 0})
			if errors.Is(err, ErrBudget) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Tokens > budget || strings.Contains(c.Text, "flows by") {
				t.Errorf("%s: %d tokens of %d: %q", cut, c.Tokens, budget, c.Text)
			}
		}
	}
}
