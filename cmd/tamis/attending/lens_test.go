package attending

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/eval/lens"
	"github.com/tamis-search/tamis/eval/rules"
	"github.com/tamis-search/tamis/model/induction"
)

// TestLens: reports of the built model, as tables, JSON and a page; what is wrong is said, and no page is
// left half-written.
func TestLens(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := induction.WriteFile(at("m.gguf")); err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{"long.txt": strings.Repeat("A quick brown fox, of 12. ", 30), "short.txt": "little"} {
		if err := os.WriteFile(at(name), []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(of func(*Console) *cobra.Command, args ...string) (string, error) {
		var out strings.Builder
		cmd := of(&Console{Out: &out, JSON: func(v any) error { return json.NewEncoder(&out).Encode(v) }})
		cmd.SetArgs(args)
		cmd.SetErr(io.Discard)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		err := cmd.Execute()
		return out.String(), err
	}
	out, err := run((*Console).Lens, "--llm", at("m.gguf"), "--text", at("long.txt"), "--window", "32", "--html", at("page.html"), "--json")
	var r lens.Report
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || len(r.Layers) != 3 || r.Model != "m.gguf" || r.Text != "long.txt" {
		t.Fatalf("%v\n%s", err, out)
	}
	if page, err := os.ReadFile(at("page.html")); err != nil || !strings.Contains(string(page), "<svg") || !strings.Contains(string(page), "m.gguf") {
		t.Errorf("%v: %.200s", err, page)
	}
	if out, err := run((*Console).Lens, "--llm", at("m.gguf"), "--text", at("long.txt"), "--window", "32"); err != nil || !strings.Contains(out, "stop words") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = run((*Console).Rules, "--llm", at("m.gguf"), "--questions", "2", "--json")
	var asked rules.Report
	if err != nil || json.Unmarshal([]byte(out), &asked) != nil || len(asked.Rows) != 3 || asked.Rows[2].Questions != 2 {
		t.Errorf("%v\n%s", err, out)
	}
	for want, args := range map[string][]string{
		"give --llm and --text":             {"--llm", at("m.gguf")},
		"--tokens, --window and --threads":  {"--llm", at("m.gguf"), "--text", at("long.txt"), "--tokens", "-1"},
		"short.txt: the text has 6 tokens":  {"--llm", at("m.gguf"), "--text", at("short.txt"), "--html", at("no.html")},
		"nothere.txt":                       {"--llm", at("m.gguf"), "--text", at("nothere.txt")},
		"nothere.gguf":                      {"--llm", at("nothere.gguf"), "--text", at("long.txt")},
		"windows of 3 tokens: 16 are the f": {"--llm", at("m.gguf"), "--text", at("long.txt"), "--window", "3"},
	} {
		if _, err := run((*Console).Lens, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := os.Stat(at("no.html")); err == nil {
		t.Error("a page of nothing")
	}
	for want, args := range map[string][]string{"give --llm": nil, "--questions is 1": {"--llm", at("m.gguf"), "--questions", "1"}} {
		if _, err := run((*Console).Rules, args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
