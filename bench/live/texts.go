package main

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/internal/gosrc"
)

// textBytes is about how long a made text is: one passage.
const textBytes = 600

// texts makes any number of texts that differ, each one passage long, out of
// the sentences of gosrc: about half the sentences of one piece, filled up with
// sentences of pieces near by and from anywhere. Words keep their document
// frequencies, as a share, and keep each other's company; no new words come as
// the texts become more, so that every list of postings grows with them.
type texts struct {
	pieces    [][]string // sentences
	questions []string
}

func newTexts() (*texts, error) {
	root, err := gosrc.Root()
	if err != nil {
		return nil, err
	}
	t := &texts{}
	for p, err := range gosrc.Pieces(root) {
		if err != nil {
			return nil, err
		}
		var sentences []string
		for _, passage := range split.Split(&tamis.Document{Source: p.Text}, split.Options{}) {
			for _, s := range passage.Sentences {
				sentences = append(sentences, p.Text[s.Start:s.End])
			}
		}
		if len(sentences) > 0 {
			t.pieces = append(t.pieces, sentences)
		}
	}
	t.questions, err = gosrc.Questions(root, 200)
	return t, err
}

// text is the text with a number; always the same.
func (t *texts) text(n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 4))
	var b strings.Builder
	add := func(s string) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	home := r.IntN(len(t.pieces))
	for _, s := range t.pieces[home] {
		if r.IntN(2) == 0 && b.Len() < textBytes/2 {
			add(s)
		}
	}
	for b.Len() < textBytes {
		from := t.pieces[r.IntN(len(t.pieces))]
		if r.IntN(2) == 0 {
			from = t.pieces[(home+r.IntN(40)+len(t.pieces)-20)%len(t.pieces)]
		}
		s := from[r.IntN(len(from))]
		add(s[:min(len(s), textBytes)])
	}
	return strings.ToValidUTF8(b.String(), "")
}

// documents yields the texts numbered from, from + 1 … before to.
func (t *texts) documents(from, to int) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for n := from; n < to; n++ {
			if !yield(tamis.Document{ID: fmt.Sprintf("made/%d", n), Source: t.text(n)}, nil) {
				return
			}
		}
	}
}
