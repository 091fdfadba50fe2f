package tamis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

// lecture is a subtitle file about sieves, then about bees, forty cues each, two seconds apart.
func lecture() string {
	themes := [][]string{
		{"A sieve has a mesh of wire.", "Flour falls through the mesh of the sieve.", "The wire is woven.", "A fine mesh holds the bran."},
		{"The hive has one queen.", "Bees carry nectar to the hive.", "The queen lays eggs in the comb.", "Nectar becomes honey in the comb."},
	}
	var b strings.Builder
	b.WriteString("WEBVTT\n\n")
	for i := range 160 {
		at := 2 * i
		said := themes[i/80][i*7%4]
		if i == 100 {
			said = "They dance to show the way."
		}
		fmt.Fprintf(&b, "%02d:%02d.000 --> %02d:%02d.500\n%s\n\n", at/60, at%60, (at+1)/60, (at+1)%60, said)
	}
	return b.String()
}

// TestChapters: talk without headings has chapters with titles and times, which hits, spans
// and searches have and no text shows; once set they stay, in indexes made without them too.
func TestChapters(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	file := filepath.Join(dir, "talk.vtt")
	if err := os.WriteFile(file, []byte(lecture()), 0o600); err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, "index")
	for i, o := range []tamis.Options{{}, {Chapters: true}, {}, {ReadOnly: true}} {
		ix, err := tamis.Open(at, o)
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			if _, err := ix.AddFiles(ctx, []string{file}, tamis.FileOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := ix.Ready(ctx); err != nil || ix.Settings().Chapters != (i > 0) {
			t.Fatal(err, ix.Settings())
		}
		r, err := ix.Search(ctx, tamis.Query{Text: "bees dance"})
		if err != nil || len(r.Hits) == 0 {
			t.Fatal(r, err)
		}
		heading := strings.Join(r.Hits[0].Headings, " > ")
		if made := strings.HasPrefix(heading, "≈ 0:02:"); made != (i > 0) || strings.Contains(heading, "mesh") {
			t.Errorf("%d: %q", i, heading)
		}
		for _, h := range r.Hits {
			if strings.Contains(h.Text, "≈") {
				t.Errorf("%q", h.Text)
			}
		}
		c, err := ix.Context(ctx, "why do they dance?", tamis.Budget{Tokens: 60})
		if err != nil || strings.Contains(c.Text, "≈") || !strings.Contains(c.Text, "They dance") {
			t.Fatalf("%q, %v", c.Text, err)
		}
		for _, s := range c.Spans {
			if strings.HasPrefix(s.Heading, "≈ 0:0") != (i > 0) {
				t.Errorf("%d: %+v", i, s)
			}
		}
		if again, err := ix.Replay(ctx, c, tamis.Scope{}); err != nil || again != c.Text {
			t.Errorf("%q, %v", again, err)
		}
		if err := ix.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
