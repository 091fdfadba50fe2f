package topics

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis/corpus"
)

// talk is a transcript of two topics.
func talk() string {
	r := rand.New(rand.NewPCG(7, 8))
	themes := [][]string{
		{"The gradient descent step follows the slope.", "A learning rate that is too large makes gradient descent jump.", "We fit the neural network by gradient descent.", "The network has layers and weights."},
		{"Sourdough bread wants a warm kitchen.", "Knead the dough, then let the dough rest.", "The oven must be hot before the sourdough bread goes in.", "Flour and water feed the starter."},
	}
	var b strings.Builder
	for i := range 120 {
		theme := themes[i/60]
		b.WriteString([]string{"Ann: ", "Bob: "}[i%2] + "Well, let us go on. " + theme[r.IntN(len(theme))] + " " + theme[r.IntN(len(theme))] + "\n")
	}
	return b.String()
}

func TestOutlineByTopic(t *testing.T) {
	src := talk()
	got := Outline(&corpus.Document{ID: "talk", Source: src}, english(t))
	if len(got) != 2 {
		t.Fatalf("%d chapters: %+v", len(got), got)
	}
	half := strings.Index(src, "Ann: Well, let us go on. "+src[got[1].Start:][len("Ann: Well, let us go on. "):])
	if got[1].Start != half || got[0].Start != 0 || got[0].End != got[1].Start || got[1].End != len(src)-1 {
		t.Errorf("ranges %+v", got)
	}
	if !strings.Contains(got[0].Title, "gradient descent") || !strings.Contains(got[1].Title, "ourdough bread") {
		t.Errorf("titles %q, %q", got[0].Title, got[1].Title)
	}
	for _, c := range got {
		if !c.Found || c.Sentence != src[c.SentenceStart:c.SentenceEnd] || c.SentenceStart < c.Start || c.SentenceEnd > c.End || strings.Contains(c.Title, "Bob") {
			t.Errorf("%+v", c)
		}
	}
}

// TestTitlesOfSpeech: what a transcriber heard beside the words is in no title,
// nor are words that are said all the time.
func TestTitlesOfSpeech(t *testing.T) {
	lines := strings.SplitAfter(talk(), "\n")
	for i, l := range lines {
		said := "okay, okay."
		if i < 60 { // more often in the first chapter, where it could pass for its topic
			said = "{vocalsound} okay, okay, {vocalsound} okay, okay, okay."
		}
		lines[i] = strings.Replace(l, "let us go on.", said, 1)
	}
	src := strings.Join(lines, "")
	for _, c := range Outline(&corpus.Document{ID: "talk", Source: src}, english(t)) {
		if title := strings.ToLower(c.Title); strings.Contains(title, "vocalsound") || strings.Contains(title, "okay") || title == "" {
			t.Errorf("title %q", c.Title)
		}
	}
	for s, want := range map[string]bool{"a {laugh} b": true, "a <laugh> b": true, "a [laugh] b": true, "a {laugh": false, "laugh} b": false, "a (laugh) b": false, "a {laugh out} b": false} {
		i := strings.Index(s, "laugh")
		if got := mark(s, i, i+5); got != want {
			t.Errorf("mark in %q: %v", s, got)
		}
	}
}

func TestOutlineByHeading(t *testing.T) {
	src := "Preface words here.\nGuide\nHow to begin.\nInstall\nFetch the archive. Unpack the archive.\nUse\nRun it."
	block := func(kind corpus.BlockKind, level uint8, s string) corpus.Block {
		i := strings.Index(src, s)
		b := corpus.Block{Kind: kind, Level: level, Start: i, End: i + len(s)}
		if kind == corpus.Heading {
			b.Label = s
		}
		return b
	}
	got := Outline(&corpus.Document{ID: "g", Source: src, Blocks: []corpus.Block{
		block(corpus.Paragraph, 0, "Preface words here."), block(corpus.Heading, 2, "Guide"), block(corpus.Paragraph, 0, "How to begin."),
		block(corpus.Heading, 3, "Install"), block(corpus.Paragraph, 0, "Fetch the archive. Unpack the archive."),
		block(corpus.Heading, 3, "Use"), block(corpus.Paragraph, 0, "Run it."),
	}}, english(t))
	var lines []string
	for _, c := range got {
		lines = append(lines, strings.Repeat("-", c.Level)+c.Title+"|"+strings.TrimSpace(src[c.Start:c.End])+"|"+c.Sentence)
	}
	want := "-Preface words|Preface words here.|Preface words here.\n" +
		"-Guide|Guide\nHow to begin.|How to begin.\n" +
		"--Install|Install\nFetch the archive. Unpack the archive.|Fetch the archive.\n" +
		"--Use|Use\nRun it.|Run it."
	if strings.Replace(strings.Join(lines, "\n"), "Preface, words, ", "Preface words", 1) != want && !strings.HasSuffix(strings.Join(lines, "\n"), want[strings.Index(want, "\n"):]) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), want)
	}
}

func TestOutlineOfCode(t *testing.T) {
	src := "package a\n\nfunc A() {}\n\nfunc B() {}\n"
	a, b := strings.Index(src, "func A"), strings.Index(src, "func B")
	got := Outline(&corpus.Document{ID: "a.go", Type: "go", Source: src, Blocks: []corpus.Block{
		{Kind: corpus.Code, Start: 0, End: 9}, {Kind: corpus.Code, Label: "func A", Start: a, End: a + 11}, {Kind: corpus.Code, Label: "func B", Start: b, End: b + 11},
	}}, english(t))
	if len(got) != 3 || got[1].Title != "func A" || got[2].Title != "func B" || got[2].Start != b {
		t.Errorf("%+v", got)
	}
}

func TestClock(t *testing.T) {
	for in, want := range map[string]string{
		"[1:02:30] Ann: hello": "1:02:30", "00:02 hello": "00:02", "(02:30)": "02:30", "00:01:02.500 --> 00:01:04": "00:01:02.500",
		"12:30": "12:30", "": "", "[": "", "1:2 x": "", "10 past": "", "12:30pm": "", "1:02:03:04 x": "", "[12:30 Ann": "", "100:20 x": "", "12:": "", ":12": "",
	} {
		if got, n := clock(in); got != want || n > len(in) {
			t.Errorf("clock(%q) = %q, %d; want %q", in, got, n, want)
		}
	}
}

// TestOutlineIsSound: chapters of any text tile it, and what they quote stands in
// them.
func TestOutlineIsSound(t *testing.T) {
	an := english(t)
	rapid.Check(t, func(rt *rapid.T) {
		src := rapid.StringMatching(`((Ann|Bob|\[1:02\] Ann): |[a-d]{1,4} ?|\. |東京|\n\n?|# ){0,200}`).Draw(rt, "source")
		d := &corpus.Document{ID: "x", Source: src}
		for at := 0; at < len(src); {
			n := strings.IndexByte(src[at:], '\n') + 1
			if n == 0 {
				n = len(src) - at
			}
			if rapid.IntRange(0, 5).Draw(rt, "kind") == 0 {
				d.Blocks = append(d.Blocks, corpus.Block{Kind: corpus.Heading, Level: uint8(rapid.IntRange(0, 6).Draw(rt, "level")), Start: at, End: at + n})
			} else {
				d.Blocks = append(d.Blocks, corpus.Block{Start: at, End: at + n})
			}
			at += n
		}
		if rapid.Bool().Draw(rt, "plain") {
			d.Blocks = nil
		}
		last := -1
		for i, c := range Outline(d, an) {
			if last >= 0 && c.Start != last || c.End <= c.Start || c.End > len(src) || c.Level < 1 || c.Title == "" {
				rt.Fatalf("chapter %d of %q: %+v after %d", i, src, c, last)
			}
			last = c.End
			if src[c.SentenceStart:c.SentenceEnd] != c.Sentence || c.Sentence != "" && (c.SentenceStart < c.Start || c.SentenceEnd > c.End) {
				rt.Fatalf("chapter %d of %q: sentence %+v", i, src, c)
			}
			if c.Found {
				for p := range strings.SplitSeq(strings.TrimSuffix(c.Title, "…"), ", ") {
					if !strings.Contains(strings.Join(strings.Fields(src[c.Start:c.End]), " "), strings.Join(strings.Fields(p), " ")) {
						rt.Fatalf("chapter %d of %q: %q is not in it", i, src, p)
					}
				}
			}
		}
	})
}
