package attending

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/eval/attend"
	"github.com/tamis-search/tamis/internal/tinymodel"
)

func TestExperts(t *testing.T) {
	run := func(args ...string) (string, error) {
		var out strings.Builder
		c := Console{Out: &out, JSON: func(v any) error { return json.NewEncoder(&out).Encode(v) }}
		cmd := c.Experts()
		cmd.SetArgs(args)
		cmd.SetErr(io.Discard)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		err := cmd.Execute()
		return out.String(), err
	}
	shape := tinymodel.Decoder{Architecture: "qwen3moe", Layers: 2, Width: 40, Heads: 4, KeyHeads: 2, Size: 32, Inner: 24, Positions: 512, Experts: 8, Taken: 3}
	path := shape.Write(t, 1)
	out, err := run("--llm", path, "--json", "what is a sieve?", "pan")
	var r attend.Routing
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || len(r.Questions) != 2 || r.Experts != 8 || len(r.Questions[0].Layers) != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := run("--llm", path, "pan"); err != nil || !strings.Contains(out, "most used first") {
		t.Errorf("%v\n%s", err, out)
	}
	shape.Experts, shape.Architecture = 0, "qwen3"
	for want, args := range map[string][]string{
		"at least one QUESTION": {"--llm", path},
		"give --llm":            {"pan"},
		"no mixture":            {"--llm", shape.Write(t, 1), "pan"},
	} {
		if _, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
