package attending

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/eval/ring"
)

func TestRing(t *testing.T) {
	run := func(args ...string) (string, error) {
		var out strings.Builder
		c := Console{Out: &out, JSON: func(v any) error { return json.NewEncoder(&out).Encode(v) }}
		cmd := c.Ring()
		cmd.SetArgs(args)
		cmd.SetErr(io.Discard)
		cmd.SilenceUsage, cmd.SilenceErrors = true, true
		err := cmd.Execute()
		return out.String(), err
	}
	out, err := run("--tokens", "1024", "--policies", "dense,slashes:0.2", "--ranks", "4", "--json")
	var r struct{ Results []ring.Result }
	if err != nil || json.Unmarshal([]byte(out), &r) != nil || len(r.Results) != 6 {
		t.Fatalf("%v\n%s", err, out)
	}
	// What the runtime reads densely is each pair, once a head.
	if dense := r.Results[2]; dense.Layout != "zig-zag" || dense.Read != 1 || dense.Steps > 1.05 {
		t.Errorf("%+v", dense)
	}
	if sparse := r.Results[4]; sparse.Read >= 1 || sparse.Read < .05 || sparse.Steps < sparse.Workers {
		t.Errorf("%+v", sparse)
	}
	if out, err := run("--tokens", "512", "--policies", "window", "--ranks", "2"); err != nil || strings.Count(out, "window") != 3 {
		t.Errorf("%v\n%s", err, out)
	}
	for want, args := range map[string][]string{
		"each needs two tiles": {"--tokens", "512", "--ranks", "5"},
		"--tokens is 1":        {"--tokens", "1"},
		"--tile is 0":          {"--tile", "0"},
		"no such attention":    {"--policies", "everything"},
	} {
		if _, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
}
