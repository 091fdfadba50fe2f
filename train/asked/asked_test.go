package asked

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
)

// TestFromIndex: questions with the passage that answers them, and others; and what cannot be asked.
func TestFromIndex(t *testing.T) {
	open := func(docs int, title string) *tamis.Index {
		ix, err := tamis.Open("", tamis.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { ix.Close() })
		_, err = ix.Add(t.Context(), func(yield func(corpus.Document, error) bool) {
			for i := range docs {
				text := ""
				var blocks []corpus.Block
				if title != "" {
					label := fmt.Sprintf("%s number %d of the kitchen", title, i)
					text = "# " + label + "\n\n"
					blocks = append(blocks, corpus.Block{Kind: corpus.Heading, Level: 1, Label: label, End: len(text) - 2})
				}
				start := len(text)
				text += fmt.Sprintf("The sieve of kind %d keeps what is coarse and lets the rest of the flour through, so the cook is glad. It was made in the year %d by hand.\n", i, 1900+i)
				if blocks != nil {
					blocks = append(blocks, corpus.Block{Kind: corpus.Paragraph, Start: start, End: len(text) - 1})
				}
				if !yield(corpus.Document{ID: fmt.Sprint("d", i), Source: text, Blocks: blocks, Type: "markdown"}, nil) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return ix
	}
	if _, err := FromIndex(t.Context(), open(1, "Sieve"), 100, 1); err == nil || !strings.Contains(err.Error(), "the index has 1 documents") {
		t.Error(err)
	}
	if all, err := FromIndex(t.Context(), open(20, ""), 100, 1); err == nil || !strings.Contains(err.Error(), "--labels") {
		t.Error(len(all), err)
	}
	all, err := FromIndex(t.Context(), open(20, "Sieve"), 100, 1)
	if err != nil || len(all) == 0 {
		t.Fatal(len(all), err)
	}
	for _, a := range all {
		right, wrong := 0, 0
		for _, p := range a.Passages {
			if p.Answers != slices.Contains(p.Keep, true) {
				t.Errorf("%+v", p)
			}
			if p.Answers {
				right++
			} else {
				wrong++
			}
		}
		if right == 0 || wrong == 0 || wrong > Negatives {
			t.Errorf("%+v", a)
		}
	}
}

// TestFromTitles: a title asks for its document's own text, in which it does not stand.
func TestFromTitles(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	title := func(i int) string { return fmt.Sprintf("sieves of the kitchen, kind %d", i) }
	_, err = ix.Add(t.Context(), func(yield func(corpus.Document, error) bool) {
		for i := range 40 {
			text := fmt.Sprintf("%s\nThe sieve of kind %d keeps what is coarse, so the cook of the kitchen is glad.", title(i), i)
			if !yield(corpus.Document{ID: fmt.Sprint("d", i), Title: title(i), Source: text}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := FromTitles(t.Context(), ix, 30, 1)
	if err != nil || len(all) < 20 || len(all) > 30 {
		t.Fatal(len(all), err)
	}
	for _, q := range all {
		right := 0
		for _, p := range q.Passages {
			if !strings.HasPrefix(p.Text, "The sieve of kind ") || p.Title != "" {
				t.Errorf("%q", p.Text)
			}
			if own := strings.HasPrefix(p.Text, fmt.Sprintf("The sieve of kind %s keeps", strings.TrimPrefix(q.From, "d"))); own != p.Answers {
				t.Errorf("%s: %+v", q.Text, p)
			}
			if p.Answers {
				right++
			}
		}
		if right != 1 || len(q.Passages) > 1+Negatives {
			t.Errorf("%+v", q)
		}
	}
	if again, err := FromTitles(t.Context(), ix, 30, 1); err != nil || fmt.Sprint(again) != fmt.Sprint(all) {
		t.Error("others the second time", err)
	}
}
