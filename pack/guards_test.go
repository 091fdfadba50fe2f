package pack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
)

// structured adds a document with the blocks of a Markdown-like source: lines of
// "# " are headings, code stands between fences.
func (l *library) structured(id, source string) {
	var blocks []corpus.Block
	at := 0
	code := -1
	para := -1
	flush := func(end int) {
		if para >= 0 {
			blocks = append(blocks, corpus.Block{Kind: corpus.Paragraph, Start: para, End: end})
			para = -1
		}
	}
	for _, line := range strings.SplitAfter(source, "\n") {
		start, end := at, at+len(line)
		at = end
		kind := corpus.Paragraph
		switch {
		case strings.HasPrefix(line, "```"):
			flush(start)
			if code < 0 {
				code = end
			} else {
				blocks = append(blocks, corpus.Block{Kind: corpus.Code, Start: code, End: start})
				code = -1
			}
			continue
		case code >= 0:
			continue
		case strings.TrimSpace(line) == "":
			flush(start)
			continue
		case strings.HasPrefix(line, "# "):
			kind = corpus.Heading
		case strings.HasPrefix(line, "- "):
			kind = corpus.ListItem
		case strings.HasPrefix(line, "|"):
			kind = corpus.TableRow
		}
		if kind == corpus.Paragraph {
			if para < 0 {
				para = start
			}
			continue
		}
		flush(start)
		b := corpus.Block{Kind: kind, Start: start, End: end}
		if kind == corpus.Heading {
			b.Level, b.Label = 1, strings.TrimSpace(line[2:])
		}
		blocks = append(blocks, b)
	}
	flush(at)
	l.sources[id] = source
	d := gather.Document{ID: id, Path: id + ".md", Analyzer: l.a, Score: 1}
	for _, p := range split.Split(&corpus.Document{ID: id, Source: source, Blocks: blocks}, split.Options{}) {
		d.Passages = append(d.Passages, gather.Passage{Passage: p, Text: source[p.Start:p.End]})
	}
	l.docs = append(l.docs, d)
}

// A site says its slogan on each of its pages, and only a question with words of it asks
// for that. Copies of a page say what they say.
func TestFurniture(t *testing.T) {
	pages := func(titles ...string) *library {
		l := newLibrary(t)
		for k, title := range titles {
			l.add(fmt.Sprint(k), title, "Quick and small. The sluice of gate "+string(rune('a'+k))+" was built long ago by Ada.")
		}
		return l
	}
	for _, c := range []struct {
		question string
		titles   []string
		kept     bool
	}{
		{"who built the sluice", []string{"Sluice one", "Sluice two", "Sluice three"}, false},
		{"is the sluice quick", []string{"Sluice one", "Sluice two", "Sluice three"}, true},
		{"who built the sluice", []string{"Sluice", "Sluice", "Sluice"}, true},
		{"who built the sluice", []string{"Sluice one", "Sluice two"}, true},
	} {
		l := pages(c.titles...)
		o := Options{Budget: 400, Counter: counter(t, "o200k_base")}
		got, err := Select(t.Context(), l.question(c.question), l.docs, o)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(got.Text, "Quick") != c.kept || !strings.Contains(got.Text, "Ada") {
			t.Errorf("%s of %v: %q", c.question, c.titles, got.Text)
		}
		l.check(t, got, o)
	}
}

func TestGuards(t *testing.T) {
	long := strings.Repeat("stones lie still and nobody moves them at all, ", 6) + "or so they say"
	stones := strings.Repeat("The "+long+". ", 3)
	for _, c := range []struct{ guard, source, question, bring, alone string }{
		{unit.Antecedent, stones + "The northern sluice was built by Ada. It also regulates salinity.", "what regulates salinity",
			"The northern sluice was built by Ada. It also regulates salinity.", "It also regulates salinity."},
		{unit.Antecedent, "# The northern sluice\n\nIt also regulates salinity.\n\n" + stones, "what regulates salinity",
			// A heading is one thought with what follows it, guard or none.
			"# The northern sluice\n\nIt also regulates salinity.", "# The northern sluice\n\nIt also regulates salinity."},
		{unit.ListLead, stones + "\n\nNever open these gates:\n\n- the eastern gate in storms\n- the salinity gate in spring\n", "salinity spring",
			"Never open these gates: …\n- the salinity gate in spring", "- the salinity gate in spring"},
		{unit.Announced, stones + "\n\nThe salinity is lowered by what follows:\n\n- open the gates at noon\n- shut them again at night\n", "what lowers salinity",
			"The salinity is lowered by what follows:\n\n- open the gates at noon", "The salinity is lowered by what follows:"},
		{unit.TableHeader, "| gate | opened in |\n|---|---|\n| north | May |\n| salinity | spring |\n\n" + stones, "salinity",
			"| gate | opened in | …\n| salinity | spring |", "| salinity | spring |"},
		{unit.Signature, stones + "\n\n```\n// Open opens a gate.\nfunc Open(g Gate) error {\n\tif g.locked {\n\t\treturn errLocked\n\t}\n\n\treturn turn(g, salinity, 2)\n}\n```\n", "salinity turn",
			"// Open opens a gate.\nfunc Open(g Gate) error { …\nreturn turn(g, salinity, 2)\n}", "return turn(g, salinity, 2)\n}"},
		{unit.Speaker, "Ann: " + stones + "Watch the salinity.\nBob: " + long + ".\nAnn: " + long + ".\nBob: " + long + ".", "salinity",
			"Ann: …\nWatch the salinity.", "Watch the salinity."},
		{unit.Caption, "00:01:02,000 --> 00:01:05,000\nThe " + long + ". Watch the salinity.\n\n00:01:09,000 --> 00:01:11,000\nThe " + long + ".", "salinity",
			"00:01:02,000 --> 00:01:05,000 …\nWatch the salinity.", "Watch the salinity."},
	} {
		for _, guards := range [][]string{{}, {c.guard}, unit.Guards()} {
			l := newLibrary(t)
			if strings.HasPrefix(c.source, "Ann") || strings.HasPrefix(c.source, "00") {
				l.add("a", "", c.source)
			} else {
				l.structured("a", c.source)
			}
			want := c.bring
			if len(guards) == 0 {
				want = c.alone
			}
			o := Options{Counter: counter(t, "o200k_base"), Guards: guards}
			o.Budget = o.Counter.Count("[1] "+want) + 4
			got, err := Select(t.Context(), l.question(c.question), l.docs, o)
			if err != nil {
				t.Fatal(c.guard, err)
			}
			if got.Text != "[1] "+want {
				t.Errorf("%s, guards %v: %q, want %q", c.guard, guards, got.Text, want)
			}
			l.check(t, got, o)
			if !slices.Equal(got.Guards, guards) {
				t.Errorf("receipt states %v", got.Guards)
			}
			// Where it does not fit, the unit stands alone rather than not at all.
			if len(guards) > 0 && c.bring != c.alone {
				o.Budget = o.Counter.Count(got.Text) - 1
				if got, err = Select(t.Context(), l.question(c.question), l.docs, o); err != nil || strings.Contains(got.Text, want) {
					t.Errorf("%s: %v, %v", c.guard, got, err)
				}
			}
		}
	}
}

// TestGuardsHoldTheBudget packs random structured documents under random guards.
func TestGuardsHoldTheBudget(t *testing.T) {
	n := 1000
	if os.Getenv("TAMIS_HEAVY") == "full" {
		n = 50_000
	}
	rng := rand.New(rand.NewPCG(20261125, 3))
	pieces := []string{"It owls.\n", "This is a mouse. They hunt.\n\n", "# Owls\n", "- owls at night\n", "The birds:\n", "| a | owls |\n", "| b | mice |\n", "```\n", "func owls() {\n\treturn mice\n}\n",
		"// owls hunt.\n", "Ann: owls\n", "[12:30] Bob: mice and owls. They hunt. At night.\n", "[1] owls [2]\n", "猫 owls。\n", "\n"}
	for i := range n {
		l := newLibrary(t)
		for d := range 1 + rng.IntN(3) {
			var b strings.Builder
			for range 1 + rng.IntN(14) {
				b.WriteString(pieces[rng.IntN(len(pieces))])
			}
			if rng.IntN(2) == 0 {
				l.structured(fmt.Sprint("d", d), b.String())
			} else {
				l.add(fmt.Sprint("d", d), "", b.String())
			}
		}
		o := Options{Budget: 1 + rng.IntN(60), Counter: counter(t, []string{"o200k_base", "words", "bytes"}[i%3]), Guards: []string{}, KeepDuplicates: rng.IntN(2) == 0,
			Cut: append(Cuts(), "", "", "")[rng.IntN(len(Cuts())+3)], Render: render.Renderings()[rng.IntN(len(render.Renderings()))]}
		for _, g := range unit.Guards() {
			if rng.IntN(2) == 0 {
				o.Guards = append(o.Guards, g)
			}
		}
		c, err := Select(t.Context(), l.question("owls hunt mice 猫"), l.docs, o)
		if errors.Is(err, ErrBudget) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		l.check(t, c, o)
	}
}
