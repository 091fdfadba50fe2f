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

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
)

// TestPrunerCommand: labels become a folder that is a reranker, measured by eval pruner; nothing else
// is left of it, and what is wrong is one sentence.
func TestPrunerCommand(t *testing.T) {
	var out bytes.Buffer
	a := &App{Out: &out, Note: t.Logf, JSON: func(v any) error { return json.NewEncoder(&out).Encode(v) }, Beside: func() string { return "" },
		Counting: func(context.Context, string) (func(done, all int), func(error)) { return nil, func(error) {} }}
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "fine", "sieve", "is", "here", "there", "thing0", "thing1", "thing2"}
	encoder := tinymodel.Shape{Words: len(words), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 40}.Write(t, 1, words...)
	var b strings.Builder
	for i := range 150 {
		fmt.Fprintf(&b, `{"question":"thing%d %d","title":"t%[2]d","sentences":["a sieve is here","fine thing%[1]d is there","a fine sieve %[2]d"],"keep":[1]}`+"\n", i%3, i)
	}
	dir := t.TempDir()
	labels, to := filepath.Join(dir, "labels.jsonl"), filepath.Join(dir, "head")
	if err := os.WriteFile(labels, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) error {
		cmd := a.Command()
		if args[0] == "eval" {
			cmd, args = a.Examine(), args[1:]
		}
		cmd.SetArgs(args)
		cmd.SetOut(io.Discard)
		cmd.SetErr(io.Discard)
		out.Reset()
		return cmd.ExecuteContext(t.Context())
	}
	if err := run("pruner", "--model", encoder, "--labels", labels, "--to", to, "--licence", "ours", "--epochs", "8", "--rate", ".01", "--hidden", "4"); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); !strings.Contains(s, "kept in ") || !strings.Contains(s, "sentences below .9 go:") {
		t.Error(s)
	}
	names, err := os.ReadDir(to)
	if err != nil || len(names) != 3 {
		t.Error(names, err)
	}
	card, err := os.ReadFile(filepath.Join(to, "README.md"))
	if err != nil || !strings.Contains(string(card), "the labels: ours") || !strings.Contains(string(card), "| sentences |") {
		t.Errorf("%s %v", card, err)
	}
	r, err := encode.OpenReranker(to, model.Int8)
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if err := run("eval", "--labels", labels, "--json", to); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Sentences struct{ Head float64 }
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Sentences.Head < .9 {
		t.Errorf("%s %v", out.String(), err)
	}
	for want, args := range map[string][]string{
		"--model names the encoder":  {"pruner", "--labels", labels, "--to", to},
		"--labels goes with --to":    {"pruner", "--model", encoder, "--labels", labels},
		"the index is in no folder":  {"pruner", "--model", encoder},
		"something else than a head": {"pruner", "--model", encoder, "--labels", labels, "--to", dir},
		"the first 2 layers":         {"pruner", "--model", encoder, "--labels", labels, "--to", to, "--layers", "2"},
		"missing --labels":           {"eval", to},
	} {
		if err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
