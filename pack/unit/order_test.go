package unit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/gather"
	"github.com/tamis-search/tamis/text"
)

// logbook is a document of three chapters with lists and tables, and its passages.
func logbook(t *testing.T, kind string) gather.Document {
	t.Helper()
	a, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	doc := corpus.Document{ID: "log"}
	add := func(kind corpus.BlockKind, level uint8, label, s string) {
		at := len(doc.Source)
		doc.Source += s + "\n"
		doc.Blocks = append(doc.Blocks, corpus.Block{Kind: kind, Level: level, Label: label, Start: at, End: at + len(s)})
	}
	for c := range 3 {
		add(corpus.Heading, 1, fmt.Sprint("Chapter ", c), fmt.Sprint("Chapter ", c))
		for s := range 3 {
			add(corpus.Heading, 2, fmt.Sprint("Watch ", s), fmt.Sprint("Watch ", s))
			for n := range 12 {
				add(corpus.Paragraph, 0, "", fmt.Sprintf("In watch %d of chapter %d the lamp number %d burned through the night without a fault.", s, c, n))
			}
			for n := range 12 {
				add(corpus.TableRow, 0, "", fmt.Sprintf("lamp %d\t%d hours\tkeeper %d\t%s", n, n*c, s, strings.Repeat("oil ", 9)))
			}
		}
	}
	d := gather.Document{ID: "log", Type: kind, Analyzer: a}
	for _, p := range split.Split(&doc, split.Options{}) {
		d.Passages = append(d.Passages, gather.Passage{Passage: p, Text: doc.Source[p.Start:p.End]})
	}
	return d
}

// layout are the units of a document as they stand in it, with the headings above each
// and what it needs, wherever they were read.
func layout(all *Set) (out []string) {
	for _, i := range all.Of(0) {
		u := &all.Units[i]
		line := fmt.Sprintf("%d-%d %q", u.Start, u.End, u.Text)
		if u.Kind != corpus.Heading { // which may be read alone, under fewer
			for _, h := range all.HeadingsOf(0, u.Section) {
				line += " < " + all.Units[max(h, 0)].Text
			}
		}
		for _, n := range all.needs(i, []string{TableHeader, Letter, Keys}) {
			line += fmt.Sprint(" needs ", all.Units[n.Unit].Start)
		}
		out = append(out, line)
	}
	return out
}

// TestPiecesMakeTheWhole: a document that is read in pieces, in any order, single
// sentences before the passages that they stand in, has every byte of it once, under the
// same headings.
func TestPiecesMakeTheWhole(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	for round := range 60 {
		d := logbook(t, "")
		read := func(pieces ...[]gather.Passage) *Set {
			all := New([]string{"lamp"}, func(string) float64 { return 1 })
			all.HeadingsApart = true // no thought joins what pieces divide
			for _, p := range pieces {
				part := d
				part.Passages = p
				if err := all.Add(&part); err != nil {
					t.Fatal(err)
				}
			}
			return all
		}
		want := read(d.Passages)
		var needs []gather.Passage // sentences that stand alone
		for _, p := range d.Passages {
			if s := p.Sentences[rng.IntN(len(p.Sentences))]; rng.IntN(3) == 0 && s.Kind != corpus.TableRow {
				text, headings := p.Text[s.Start-p.Start:s.End-p.Start], p.Headings
				if s.Kind == corpus.Heading {
					headings = headings[:1+slices.Index(headings, strings.TrimSpace(text))]
				}
				needs = append(needs, gather.Passage{Passage: corpus.Passage{Start: s.Start, End: s.End, Headings: headings, Sentences: []corpus.Sentence{s}}, Text: text})
			}
		}
		var some, rest []gather.Passage
		for _, p := range d.Passages {
			if rng.IntN(2) == 0 {
				some = append(some, p)
			} else {
				rest = append(rest, p)
			}
		}
		pieces := [][]gather.Passage{needs, some, rest}
		rng.Shuffle(3, func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		got := read(pieces...)
		a, b := layout(want), layout(got)
		if !slices.Equal(a, b) {
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("round %d, unit %d of %d and %d:\n%s\nwant\n%s", round, i, len(b), len(a), b[i], a[i])
				}
			}
			t.Fatalf("round %d: %d units, want %d", round, len(b), len(a))
		}
		end := d.Passages[len(d.Passages)-1].End
		if got.Slice(0, 0, end) != want.Slice(0, 0, end) {
			t.Fatalf("round %d: the pieces are not the whole text", round)
		}
	}
}

// TestLetterHeads: what a mail says needs the head above it, as it stands: without who was
// copied, of a long line the beginning, of a forwarded mail the head of that.
func TestLetterHeads(t *testing.T) {
	many := "To: " + strings.Repeat("Crew <crew@example.org>, ", 9) + "Cy"
	p := passageOf("h:Paint", "\n\n", "p:From: Ann", "\n", "p:"+many, "\n", "p:Cc: Dan", "\n", "p:Date: Monday", "\n\n",
		"p:The gates are painted on Thursday.", "\n\n", "p:To: whom it may concern, this is no head.", "\n\n", "p:From: Bob", "\n", "p:Date: Sunday", "\n\n", "p:Do paint the gates.")
	all := New([]string{"gates"}, func(string) float64 { return 1 })
	d := logbook(t, "mail")
	d.Passages = []gather.Passage{*p}
	if err := all.Add(&d); err != nil {
		t.Fatal(err)
	}
	for said, want := range map[string]string{
		"The gates are": "Date: Monday|To: Crew <crew@example.org>, Crew <crew@example.org>, Crew <crew@example.org>,|From: Ann|Paint",
		"To: whom":      "Date: Monday|To: Crew <crew@example.org>, Crew <crew@example.org>, Crew <crew@example.org>,|From: Ann|Paint",
		"Do paint":      "Date: Sunday|From: Bob",
		"From: Bob":     "Date: Monday|To: Crew <crew@example.org>, Crew <crew@example.org>, Crew <crew@example.org>,|From: Ann|Paint",
		"From: Ann":     "Paint",
		"Paint":         "",
	} {
		i := slices.IndexFunc(all.Units, func(u Unit) bool { return strings.HasPrefix(u.Text, said) })
		if i < 0 {
			t.Fatalf("no unit %q", said)
		}
		var got []string
		for _, n := range all.letter(i) {
			s := all.Units[n.Unit].Text
			if n.Head > 0 {
				s = s[:n.Head]
			}
			got = append(got, s)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q needs %q, want %q", said, strings.Join(got, "|"), want)
		}
	}
}
