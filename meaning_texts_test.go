package tamis

import (
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/vector"
)

const readTogether = 64 // as package embed has it

// listener is an Encoder that keeps what it is given.
type listener struct {
	input encode.Input
	texts []string
	runs  []encode.Run
}

func (l *listener) Name() string        { return "listener+" + l.input.String() }
func (l *listener) Place() string       { return "here" }
func (l *listener) Kind() vector.Kind   { return vector.KindDense }
func (l *listener) Width() int          { return 2 }
func (l *listener) Input() encode.Input { return l.input }

func (l *listener) All(_ context.Context, texts iter.Seq[string], _ encode.Use) iter.Seq2[Vector, error] {
	return func(yield func(Vector, error) bool) {
		for text := range texts {
			l.texts = append(l.texts, text)
			if !yield(Dense{float32(len(text)), 1}, nil) {
				return
			}
		}
	}
}

// later is one that reads runs.
type later struct{ *listener }

func (l later) Late(_ context.Context, runs iter.Seq[encode.Run]) iter.Seq2[Vector, error] {
	return func(yield func(Vector, error) bool) {
		for run := range runs {
			l.runs = append(l.runs, run)
			for _, p := range run.Passages {
				if !yield(Dense{float32(p[1] - p[0]), 1}, nil) {
					return
				}
			}
		}
	}
}

// TestEncodedWith: passages come with what of their documents they are to be encoded with.
func TestEncodedWith(t *testing.T) {
	ix, err := Open("", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	source := "# Walls\n\n" + strings.Repeat("The wall is high. ", 60) + "Nobody climbs it.\n\n## Gates\n\n" + strings.Repeat("The gate opens at noon. ", 60) + "\n"
	source += strings.Repeat("\n"+strings.Repeat("The tide comes and goes. ", 40)+"\n", 2*readTogether)
	docs := func(yield func(Document, error) bool) {
		yield(Document{ID: "w", Title: "Town", Path: "w.md", Type: "markdown", Source: source}, nil)
	}
	if _, err := ix.Add(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	heard := map[string]*listener{}
	for _, list := range []string{"none", "title", "title,headings", "previous"} {
		in, err := encode.ParseInput(list)
		if err != nil {
			t.Fatal(err)
		}
		l := &listener{input: in}
		if r, err := ix.Encode(t.Context(), l, nil); err != nil || r.Passages != len(l.texts) || r.Passages < 4 {
			t.Fatal(r, err)
		}
		heard[list] = l
	}
	passages := heard["none"].texts
	for i, text := range passages {
		if got := heard["title"].texts[i]; got != "Town. "+text {
			t.Errorf("%.40q", got)
		}
		if got := heard["title,headings"].texts[i]; !strings.HasPrefix(got, "Town. ") || !strings.HasSuffix(got, text) {
			t.Errorf("%.40q", got)
		}
		before, ok := strings.CutSuffix(heard["previous"].texts[i], text)
		if !ok || (before == "") != (i == 0) || before != "" && !strings.HasSuffix(strings.TrimSpace(passages[i-1]), strings.TrimSpace(before)) {
			t.Errorf("passage %d is encoded behind %q", i, before)
		}
	}
	l := later{&listener{input: encode.Input{Title: true, Late: true}}}
	if r, err := ix.Encode(t.Context(), l, nil); err != nil || r.Passages != len(passages) {
		t.Fatal(r, err)
	}
	var got []string
	for _, run := range l.runs {
		if run.Before != "Town. " || len(run.Passages) > readTogether {
			t.Errorf("%q stands before %d passages", run.Before, len(run.Passages))
		}
		for _, p := range run.Passages {
			got = append(got, run.Text[p[0]:p[1]])
		}
	}
	if !slices.Equal(got, passages) || len(l.runs) < 2 {
		t.Errorf("%d runs of %d passages, want %d", len(l.runs), len(got), len(passages))
	}
	if _, err := ix.Encode(t.Context(), &listener{input: encode.Input{Late: true}}, nil); err == nil || !strings.Contains(err.Error(), "late chunking needs the folder of a model") {
		t.Error(err)
	}
}
