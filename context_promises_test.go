package tamis_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/text/tokens"
)

// odd are pieces of files of every kind that a reader makes rows, headings,
// turns, captions and lines of.
var odd = strings.Split("owls|mice|night|salt| | |\n|\n|\n\n|,|;|\t|\"|\"\"|. |: |? |# |## |- |1. |\\ a \\ b \\\n|[1]|[#2]|Ann: |Bob: |[12:30] |00:00:01,000 --> 00:00:02,000\n|1\n|```\n|    |\tif owls {\n|func owls() {\n|}\n|// owls\n|<p>|<td>|<tr>|<table>|<h1>|</h1>|<li>|<ul>|</source>|source_|猫|é|\r\n|\u200b|This |They |> |gate,salt\n", "|")

// promises holds a receipt against what every context promises: the budget, the
// order of the text, no byte twice, none both kept and dropped, the same text
// again.
func promises(t *testing.T, ix *tamis.Index, c *tamis.Context) {
	t.Helper()
	count, err := tokens.New(c.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	if n := count.Count(c.Text); n != c.Tokens || n > c.Budget {
		t.Errorf("%d tokens, the receipt says %d of %d: %q", n, c.Tokens, c.Budget, c.Text)
	}
	type at struct {
		doc string
		pos int
	}
	kept := map[at]bool{}
	for k, s := range c.Spans {
		if k > 0 && c.Spans[k-1].Cite == s.Cite && s.Start < c.Spans[k-1].End {
			t.Errorf("%s: spans %+v and %+v are out of order: %q", c.Render, c.Spans[k-1], s, c.Text)
		}
		for i := s.Start; i < s.End; i++ {
			if kept[at{s.Doc, i}] {
				t.Fatalf("%s: byte %d of %s stands twice: %q", c.Render, i, s.Doc, c.Text)
			}
			kept[at{s.Doc, i}] = true
		}
	}
	for _, d := range c.Dropped {
		for i := d.Start; i < d.End; i++ {
			if kept[at{d.Doc, i}] {
				t.Fatalf("%s: byte %d of %s is kept and dropped", c.Render, i, d.Doc)
			}
		}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var read tamis.Context
	if err := json.Unmarshal(raw, &read); err != nil {
		t.Fatal(err)
	}
	if again, err := ix.Replay(t.Context(), &read, tamis.Scope{}); err != nil || again != c.Text {
		t.Errorf("%q replays as %q, %v", c.Text, again, err)
	}
}

// TestOddFilesKeepPromises asks of files of odd forms in every way, in single
// contexts and in sessions.
func TestOddFilesKeepPromises(t *testing.T) {
	n := 150
	if os.Getenv("TAMIS_HEAVY") == "full" {
		n = 3000
	}
	rng := rand.New(rand.NewPCG(20261127, 14))
	pick := func(from []string) string { return from[rng.IntN(len(from))] }
	kinds := strings.Fields(".csv .csv .tsv .tsv .md .txt .html .go .py .srt .vtt .xml .json .rst .log")
	questions := []string{"owls night", "mice salt", "summary of salt"}
	for range n {
		dir := t.TempDir()
		for i := range 1 + rng.IntN(6) {
			var b strings.Builder
			for range 1 + rng.IntN(1<<(2+rng.IntN(7))) {
				b.WriteString(strings.ReplaceAll(pick(odd), "\\", "|"))
			}
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, pick(kinds))), []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		ix := open(t, "")
		if _, err := ix.AddFiles(t.Context(), []string{dir}, tamis.FileOptions{}); err != nil {
			t.Fatal(err)
		}
		for range 8 {
			b := asked{Budget: tamis.Budget{Tokens: 1 + rng.IntN(1<<(2+rng.IntN(7))), Counter: pick(tokens.Names())}}
			b.Layout = tamis.Layout{Render: pick(render.Renderings()), Order: pick(render.Orders()),
				Cut: pick(append(pack.Cuts(), "", "", "")), MostOf: float64(max(rng.IntN(12)-8, 0)) / 4, Shrink: float64(max(rng.IntN(12)-8, 0)) / 4}
			b.KeepDuplicates = rng.IntN(3) == 0
			for _, g := range unit.Guards() {
				if rng.IntN(2) == 0 {
					b.Guards = append(b.Guards, g)
				}
			}
			c, err := ix.Context(t.Context(), pick(questions), b.Budget, b.options()...)
			if err == nil {
				promises(t, ix, c)
			} else if !errors.Is(err, tamis.ErrBudget) {
				t.Fatal(err)
			}
			s, err := session.New(ix, session.Options{Tokens: 4 * b.Tokens, Turn: b.Tokens, Counter: b.Counter, Render: pick(render.Growing())})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				b.Tokens = 0
				turn, err := s.Context(t.Context(), pick(questions), b.Budget, b.options()...)
				if errors.Is(err, tamis.ErrBudget) {
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				promises(t, ix, turn.Context)
				promises(t, ix, s.Window())
			}
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestReplayAndResumeKeepToTheScope: who may not see a document gets nothing of
// it from somebody else's receipt or session, and cannot tell it from one that
// is not there.
func TestReplayAndResumeKeepToTheScope(t *testing.T) {
	ix := open(t, "")
	doc := func(id, group string) tamis.Document {
		return tamis.Document{ID: id, Source: "The salt gate of group " + group + " opens at night.", Metadata: map[string]any{"groups": []string{group}, "year": float64(2020)}}
	}
	add(t, ix, doc("ours", "a"), doc("gone", "a"), tamis.Document{ID: "public", Source: "Everybody sees that the salt gate is old."})
	c, err := ix.Context(t.Context(), "salt gate", tamis.Budget{Tokens: 200}, tamis.Scope{Groups: []string{"a"}}, tamis.Lab{KeepDuplicates: true})
	if err != nil || len(c.Spans) != 3 {
		t.Fatal(c, err)
	}
	s, err := session.New(ix, session.Options{Tokens: 400})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Context(t.Context(), "salt gate", tamis.Budget{}, tamis.Scope{Groups: []string{"a"}}); err != nil {
		t.Fatal(err)
	}
	state, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []tamis.Scope{{}, {Groups: []string{"a"}}, {Groups: []string{"b", "a"}, Filter: "year = 2020 or not has year"}} {
		if text, err := ix.Replay(t.Context(), c, scope); err != nil || text != c.Text {
			t.Errorf("%+v: %q, %v", scope, text, err)
		}
		if _, err := session.Resume(t.Context(), ix, state, scope); err != nil {
			t.Errorf("%+v: %v", scope, err)
		}
	}
	// The same words for what is hidden and for what is not there.
	only := func(doc string) *tamis.Context {
		r := *c
		r.Spans = slices.DeleteFunc(slices.Clone(c.Spans), func(s render.Span) bool { return s.Doc != doc })
		return &r
	}
	if _, err := ix.Delete(t.Context(), "gone"); err != nil {
		t.Fatal(err)
	}
	for _, scope := range []tamis.Scope{{Groups: []string{"b"}}, {Groups: []string{}}, {Filter: "year = 1999"}} {
		text, err := ix.Replay(t.Context(), c, scope)
		var changed *render.ChangedError
		if text != "" || !errors.As(err, &changed) || !errors.Is(err, tamis.ErrNotFound) {
			t.Fatalf("%+v: %q, %v", scope, text, err)
		}
		_, hidden := ix.Replay(t.Context(), only("ours"), scope)
		_, missing := ix.Replay(t.Context(), only("gone"), scope)
		said := func(err error) string { return strings.NewReplacer("ours", "X", "gone", "X").Replace(err.Error()) }
		if said(hidden) != said(missing) {
			t.Errorf("%+v: hidden: %v; missing: %v", scope, hidden, missing)
		}
		if _, err := session.Resume(t.Context(), ix, state, scope); !errors.As(err, &changed) {
			t.Errorf("%+v: resumed: %v", scope, err)
		}
	}
	if _, err := ix.Replay(t.Context(), c, tamis.Scope{Filter: "year ="}); err == nil {
		t.Error("a filter that is none is accepted")
	}
}
