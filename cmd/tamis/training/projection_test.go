package training

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// TestProjectionCommand: an index and an encoder become a folder of late interaction; what is wrong is one sentence, and
// writes nothing.
func TestProjectionCommand(t *testing.T) {
	var out bytes.Buffer
	a := &App{Out: &out, Note: t.Logf, JSON: func(v any) error { return json.NewEncoder(&out).Encode(v) }, Beside: func() string { return "" },
		Counting: func(context.Context, string) (func(done, all int), func(error)) { return nil, func(error) {} },
		Open: func(ctx context.Context) (engine.Index, error) {
			ix, err := tamis.Open("", tamis.Options{})
			if err != nil {
				return nil, err
			}
			_, err = ix.Add(ctx, func(yield func(corpus.Document, error) bool) {
				for i := range 90 {
					if !yield(corpus.Document{ID: fmt.Sprint(i), Title: fmt.Sprintf("fine thing%d here %d", i%3, i), Source: fmt.Sprintf("a sieve is here for thing%d and is fine there, as %d is", i%3, i)}, nil) {
						return
					}
				}
			})
			return ix, err
		}}
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "fine", "sieve", "is", "here", "there", "thing0", "thing1", "thing2"}
	encoder := tinymodel.Shape{Words: len(words), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 40}.Write(t, 1, words...)
	dir := t.TempDir()
	to := filepath.Join(dir, "late")
	run := func(args ...string) error {
		cmd := a.Command()
		cmd.SetArgs(append([]string{"projection"}, args...))
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		out.Reset()
		return cmd.ExecuteContext(t.Context())
	}
	for range 2 { // the second time over the first
		if err := run("--model", encoder, "--to", to, "--width", "16", "--keep"); err != nil {
			t.Fatal(err)
		}
	}
	if s := out.String(); !strings.Contains(s, "16 numbers a token keep ") || !strings.Contains(s, "kept in ") {
		t.Error(s)
	}
	e, err := encode.Open(to, model.F32)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	made, err := e.Encode(t.Context(), []string{"a fine sieve"}, encode.Passage)
	if err != nil || e.Kind() != vector.KindMulti || e.Width() != 16 || len(made[0].(vector.Multi)) != 5 {
		t.Error(e.Kind(), e.Width(), err)
	}
	if card, err := os.ReadFile(filepath.Join(to, "README.md")); err != nil || !strings.Contains(string(card), "Late interaction by 16 numbers") {
		t.Errorf("%s %v", card, err)
	}
	other := filepath.Join(t.TempDir(), "colbert") // somebody's
	if err := os.MkdirAll(filepath.Join(other, "1_Dense"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "1_Dense", "config.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run("--model", encoder, "--to", other, "--width", "16", "--keep"); err == nil || !strings.Contains(err.Error(), "holds something else") {
		t.Error(err)
	}
	for want, args := range map[string][]string{
		"--model names the encoder": {"--to", to},
		"--width is a multiple":     {"--model", encoder, "--to", to, "--width", "20"},
		"at most the 32":            {"--model", encoder, "--to", filepath.Join(dir, "wide"), "--width", "64"},
		"the index is in no folder": {"--model", encoder},
		"holds something else":      {"--model", encoder, "--to", dir},
		"fewer than 50 questions":   {"--model", encoder, "--to", filepath.Join(dir, "few"), "--width", "16", "--questions", "9"},
	} {
		if err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Error(left, err)
	}
}
