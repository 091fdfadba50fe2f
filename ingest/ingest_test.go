package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/text"
)

var update = flag.Bool("update", false, "write the golden file of what this version makes")

// samples are documents of several kinds and languages.
func samples() []corpus.Document {
	prose := "A segment that is damaged is built anew from the documents, while the others go on answering. " +
		"Dr. Smith didn't agree (see p. 3): \"It costs $3.14 at most!\" Nobody's café was naïve. " +
		"Der Käufer trägt die Kosten, z. B. für den Versand. 東京は日本の首都です。 Москва — столица России. " +
		"HTTPServer2 calls user_id and max_concurrent_streams; e.g. version v1.2.3-rc1 of example.com/path. "
	code := "package main\n\n// Run starts it.\nfunc (s *Server) Run(ctx context.Context) error {\n\treturn s.listenAndServe(ctx, 8080)\n}\n\nvar ErrClosed = errors.New(\"closed\")\n"
	table := "| name | size |\n|---|---|\n| alpha | 12 |\n| beta | 7 |\n"
	markdown := "# How it works\n\n" + prose + "\n\n## Parts\n\n- one thing\n- another thing, with more words than one\n\n" + table
	end := strings.Index(markdown, "## Parts")
	return []corpus.Document{
		{ID: "prose", Title: "Damaged segments", Type: "text", Source: strings.Repeat(prose, 9)},
		{ID: "empty", Title: "", Type: "text"},
		{ID: "code", Path: "/a/main.go", Title: "main.go", Type: "go", Lang: "go", Source: code, Blocks: []corpus.Block{
			{Kind: corpus.Code, Start: 0, End: len(code) - 36, Label: "func (*Server) Run"}, {Kind: corpus.Code, Start: len(code) - 35, End: len(code) - 1, Label: "var ErrClosed"}}},
		{ID: "markdown", Title: "How it works", Type: "markdown", Source: markdown, ModTime: time.Unix(1e9, 0), Metadata: map[string]any{"year": 2020.0, "tags": []string{"a", "b"}},
			Blocks: []corpus.Block{{Kind: corpus.Heading, Level: 1, Start: 0, End: 14, Label: "How it works"}, {Start: 16, End: end - 2}, {Kind: corpus.Heading, Level: 2, Start: end, End: end + 8, Label: "Parts"}, {Kind: corpus.ListItem, Start: end + 10, End: end + 21}}},
		{ID: "turns", Title: "A talk", Type: "text", Source: "Ann: Where did we meet?\nBob: In Vienna, in 1999. You wore a red coat.\n",
			Blocks: []corpus.Block{{Kind: corpus.Turn, Start: 0, End: 23}, {Kind: corpus.Turn, Start: 24, End: 70}}},
	}
}

func digest(t *testing.T, p *Pipeline) string {
	t.Helper()
	sum := sha256.New()
	for _, d := range samples() {
		analyzer := p.Analyzer(&d)
		rows, err := p.Rows(&d, analyzer)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal([]any{analyzer, rows})
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(b)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// TestMadeNamesTheRows: what a version makes of documents stays what it is.
// Where it does not, stored indexes must be told: count up the Version of the
// package that changed (text, split, or this one), then run with -update.
func TestMadeNamesTheRows(t *testing.T) {
	const path = "testdata/rows.json"
	golden := map[string]string{} // by configuration and Made
	if b, err := os.ReadFile(path); err == nil {
		if err := json.Unmarshal(b, &golden); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []Config{{Similarity: BM25F, Language: "english"}, {Similarity: BM25F, Language: "german"}, {Similarity: BM25F, Language: "auto"}, {Similarity: Lucene, Language: "english"}} {
		p, err := New(c, Variant{})
		if err != nil {
			t.Fatal(err)
		}
		key, got := string(c.Similarity)+" "+c.Language+": "+p.Made(), digest(t, p)
		if *update {
			if before, ok := golden[key]; ok && before != got {
				t.Errorf("%s: the rows have changed and the versions have not", key)
			}
			golden[key] = got
		}
		if golden[key] != got {
			t.Errorf("%s: the rows are %q, want %q: where that is meant, count up the version of what changed, then run with -update", key, got, golden[key])
		}
	}
	if *update {
		b, err := json.MarshalIndent(golden, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVariants: whatever changes the rows changes the name of what made them.
func TestVariants(t *testing.T) {
	seen := map[string]string{}
	for _, v := range []Variant{{}, {Title: 2}, {Split: split.Options{PassageTokens: 60}}, {Split: split.Options{WholeTokens: 3}}, {Split: split.Options{SentenceTokens: 30}}} {
		p, err := New(Config{Similarity: BM25F, Language: "english"}, v)
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[p.Made()]; ok {
			t.Errorf("%+v is called %s, as is %s", v, p.Made(), before)
		}
		seen[p.Made()] = p.Made()
	}
	if len(slices.Collect(maps.Keys(seen))) != 5 {
		t.Error(seen)
	}
}

// TestConcurrent: one pipeline makes the same rows for many at once.
func TestConcurrent(t *testing.T) {
	p, err := New(Config{Similarity: BM25F, Language: "auto"}, Variant{})
	if err != nil {
		t.Fatal(err)
	}
	want := digest(t, p)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := digest(t, p); got != want {
				t.Errorf("rows %s, want %s", got, want)
			}
		})
	}
	wg.Wait()
}

func TestUnknownLanguage(t *testing.T) {
	if _, err := New(Config{Similarity: BM25F, Language: "klingon"}, Variant{}); err == nil {
		t.Error("an unknown language was accepted")
	}
}

// TestLong: the rows of a long document are those of its passages, made one
// after another instead of all at once.
func TestLong(t *testing.T) {
	p, err := New(Config{Similarity: BM25F, Language: "english"}, Variant{})
	if err != nil {
		t.Fatal(err)
	}
	part := "# Part of it\n\nThe sieves are finer than they were. Cooks know them.\n\n"
	d := &corpus.Document{ID: "long", Title: "Long", Source: strings.Repeat(part, longSource/len(part)+1)}
	for at := 0; at < len(d.Source); at += len(part) {
		d.Blocks = append(d.Blocks, corpus.Block{Kind: corpus.Heading, Level: 1, Start: at, End: at + 12, Label: "Part of it"}, corpus.Block{Start: at + 14, End: at + len(part) - 2})
	}
	an, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Rows(d, "english")
	if err != nil || !Long(d) || r.Passages != nil || r.Fields != nil || r.Document.Body != nil || !r.Joined {
		t.Fatalf("%d passages at once, %v", len(r.Passages), err)
	}
	at := 0
	err = r.Each(func(p corpus.Passage, f index.Fields) error {
		if p.Start != at || !slices.Equal(f.Body, an.Terms(nil, d.Source[p.Start:p.End])) || !slices.Equal(f.Headings, []string{"part"}) || !slices.Equal(f.Title, []string{"long"}) {
			t.Fatalf("passage [%d,%d) after %d: %v", p.Start, p.End, at, f)
		}
		at = p.End
		return nil
	})
	if err != nil || at != len(d.Source) {
		t.Errorf("%v at %d of %d", err, at, len(d.Source))
	}
	stop := errors.New("enough")
	if err := r.Each(func(corpus.Passage, index.Fields) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v", err)
	}
}
