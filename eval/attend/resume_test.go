package attend

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestResume: a grid that is broken off, also in the middle of a line, goes on where it was and says what
// one in a single run says; what is done is not measured again, and other settings are others.
func TestResume(t *testing.T) {
	d := built64(t)
	path := filepath.Join(t.TempDir(), "grid.jsonl")
	ctx, cancel := context.WithCancel(context.Background())
	measured := map[string]bool{}
	o := Options{
		Policies: []string{"window:0.1", "window:0.5", "snapkv:0.5", "q8"}, Lengths: []int{300, 400}, Trials: 1, Questions: 4, Steps: 2, State: path,
		Watch: func(what string) {
			if measured[what] = true; strings.HasPrefix(what, "400") && strings.HasSuffix(what, "snapkv:0.5") {
				cancel()
			}
		},
	}
	if _, err := Run(ctx, d, o); err == nil {
		t.Fatal("the first run was not broken off")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-30], 0o600); err != nil { // window:0.5 of 400 tokens
		t.Fatal(err)
	}
	clear(measured)
	o.Watch = func(what string) { measured[what] = true }
	r, err := Run(context.Background(), d, o)
	if err != nil {
		t.Fatal(err)
	}
	for what := range measured {
		if strings.HasPrefix(what, "300") {
			t.Errorf("%s was measured again", what)
		}
	}
	if len(measured) == 0 {
		t.Error("nothing was measured the second time")
	}
	clear(measured)
	again, err := Run(context.Background(), d, o)
	if err != nil || len(measured) > 0 {
		t.Errorf("%v were measured a third time: %v", measured, err)
	}
	o.State = ""
	whole, err := Run(context.Background(), d, o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != len(whole.Rows) || len(again.Rows) != len(whole.Rows) {
		t.Fatalf("%d, %d and %d rows", len(r.Rows), len(again.Rows), len(whole.Rows))
	}
	for i, row := range whole.Rows {
		for _, other := range []*Row{r.Rows[i], again.Rows[i]} {
			if row.Policy != other.Policy || row.Length != other.Length || !reflect.DeepEqual(row.Recall, other.Recall) || row.Read != other.Read || row.Bytes != other.Bytes || row.Divergence != other.Divergence {
				t.Errorf("%+v is %+v", row, other)
			}
		}
	}
	var out strings.Builder
	if err := again.WriteFrontier(&out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Count(text, "snapkv") != 2 || strings.Count(text, "any") != 2*2 { // q8 and dense
		t.Errorf("the frontier says:\n%s", text)
	}
	o.State, o.Seed = path, 9
	if _, err := Run(context.Background(), d, o); err != nil || len(measured) == 0 {
		t.Errorf("another seed takes the rows of the first: %v", err)
	}
	if err := os.WriteFile(path, []byte("a letter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), d, o); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("a letter is read as results: %v", err)
	}
}

// TestFrontier: the least share is that from which on nothing is lost, and not one that a greater loses.
func TestFrontier(t *testing.T) {
	r := &Report{tasks: []string{"many"}}
	for policy, recall := range map[string]float64{"dense": 1, "a:0.1": 1, "a:0.25": .9, "a:0.5": .995, "b:0.1": .5, "b:0.25": .991, "b:0.5": 1, "c:0.1": 1, "c:0.25": 1, "c:0.5": .98} {
		r.Rows = append(r.Rows, &Row{Policy: policy, Length: 100, Recall: map[string]float64{"many": recall}})
	}
	var out strings.Builder
	if err := r.WriteFrontier(&out); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a": "0.5", "b": "0.25", "c": "none"} {
		found := false
		for line := range strings.Lines(out.String()) {
			if f := strings.Fields(line); len(f) > 4 && f[0] == name {
				found = f[4] == want
			}
		}
		if !found {
			t.Errorf("%s is not said to hold from %s on:\n%s", name, want, out.String())
		}
	}
}
