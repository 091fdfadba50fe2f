package shaping

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/eval/shapes"
)

// run runs the command over files of lines.
func run(t *testing.T, corpus string, args ...string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"corpus":  corpus,
		"queries": `{"_id": "1", "text": "sieve for flour"}` + "\n",
		"qrels":   "1 0 a 1\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--"+name, path)
	}
	var out strings.Builder
	c := Console{Out: &out, JSON: func(v any) error { return json.NewEncoder(&out).Encode(v) }}
	cmd := c.Command()
	cmd.SetArgs(args)
	cmd.SetErr(io.Discard)
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	err := cmd.Execute()
	return out.String(), err
}

func TestShapes(t *testing.T) {
	var corpus strings.Builder
	corpus.WriteString(`{"_id": "a", "title": "A sieve", "text": "of fine wire for flour and sugar"}` + "\n")
	for _, word := range strings.Fields("bread milk sugar salt pepper oil rice corn beans lentils wheat oats barley rye") {
		corpus.WriteString(`{"_id": "` + word + `", "text": "about ` + word + ` and how it is kept in a dry room with flour"}` + "\n")
	}
	out, err := run(t, corpus.String(), "--json", "--sizes", ".5")
	var r shapes.Report
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || r.Documents != 15 || len(r.Rows) == 0 {
		t.Fatalf("%v\n%s", err, out)
	}
	if x := r.Rows[0]; x.Of != "words" || x.NDCG != 1 || len(x.Sizes) != 2 || x.Sizes[0].Documents != 8 {
		t.Errorf("%+v", x)
	}
	if out, err = run(t, corpus.String()); err != nil || !strings.Contains(out, "BM25, inverted index") {
		t.Errorf("%v\n%s", err, out)
	}
	for name, of := range map[string]struct {
		corpus string
		args   []string
		want   string
	}{
		"sizes":     {corpus.String(), []string{"--sizes", "0"}, "--sizes"},
		"twice":     {corpus.String() + `{"_id": "a", "text": "again"}`, nil, `"a" comes twice`},
		"nothing":   {"", nil, "holds no document"},
		"no model":  {corpus.String(), []string{"--model", filepath.Join(t.TempDir(), "none")}, "none"},
		"analyzers": {corpus.String(), []string{"--analyzer", "klingon"}, "klingon"},
	} {
		if _, err := run(t, of.corpus, of.args...); err == nil || !strings.Contains(err.Error(), of.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
