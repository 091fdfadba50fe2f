package peer

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

type fake struct{}

func (fake) Build() (Build, error) { return Build{Documents: 3}, nil }
func (fake) Queries() int          { return 2 }
func (fake) Search(q, k int) ([]Hit, error) {
	return []Hit{{Row: q, Score: 0.1}, {Row: 7, Score: 1.0 / 3}}[:min(k, 2)], nil
}

func TestServe(t *testing.T) {
	var out bytes.Buffer
	if err := Serve(fake{}, strings.NewReader("build\npass 10\ntop 2\n"), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var b Build
	var pass Pass
	var top [][]Hit
	for i, v := range []any{&b, &pass, &top} {
		if err := json.Unmarshal([]byte(lines[i]), v); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
	}
	if b.Documents != 3 || len(pass.Wall) != 2 || len(pass.CPU) != 2 || len(top) != 2 || top[1][0] != (Hit{1, 0.1}) || top[0][1] != (Hit{7, 1.0 / 3}) {
		t.Errorf("answers %v", lines)
	}
	for _, bad := range []string{"pass x\n", "jump 3\n"} {
		if Serve(fake{}, strings.NewReader(bad), &out) == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestDisagreement(t *testing.T) {
	h := func(pairs ...float32) (hits []Hit) {
		for i := 0; i < len(pairs); i += 2 {
			hits = append(hits, Hit{int(pairs[i]), pairs[i+1]})
		}
		return hits
	}
	for _, c := range []struct {
		name string
		a, b []Hit
		k    int
		same bool
	}{
		{"equal", h(1, 3, 2, 2), h(1, 3, 2, 2), 2, true},
		{"rounding", h(1, 3, 2, 2), h(1, 3.000001, 2, 2), 2, true},
		{"tied order", h(1, 3, 2, 3, 5, 1), h(2, 3, 1, 3, 5, 1), 9, true},
		{"tie at the end", h(1, 3, 2, 2), h(1, 3, 9, 2), 2, true},
		{"other document in a short list", h(1, 3, 2, 2), h(1, 3, 9, 2), 3, false},
		{"score", h(1, 3, 2, 2), h(1, 3, 2, 2.1), 2, false},
		{"length", h(1, 3), h(1, 3, 2, 2), 2, false},
		{"wrong document", h(1, 3, 2, 2), h(4, 3, 2, 2), 2, false},
		{"swapped", h(1, 3, 2, 2), h(2, 3, 1, 2), 2, false},
	} {
		if got := Disagreement(c.a, c.b, c.k); (got == "") != c.same {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

func TestQuantile(t *testing.T) {
	v := []int64{5, 1, 4, 2, 3}
	if a, b, c := Quantile(v, .5), Quantile(v, .99), Quantile(v, 0); a != 3 || b != 5 || c != 1 {
		t.Errorf("quantiles %d %d %d", a, b, c)
	}
	if got := Minimum([][]int64{{3, 1}, {2, 2}}); !slices.Equal(got, []int64{2, 1}) {
		t.Errorf("minimum %v", got)
	}
}

func TestRecords(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.jsonl")
	want := []Record{{ID: "a", Title: "T", Text: "<x>\n\u2028"}, {ID: "b", Text: "y", Name: "n"}}
	if err := WriteRecords(name, want); err != nil {
		t.Fatal(err)
	}
	got, err := ReadRecords(name)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v %v", got, err)
	}
	if a, b := want[0].Flat(), want[1].Flat(); a != "T <x>\n\u2028" || b != "y" {
		t.Errorf("flat %q %q", a, b)
	}
}
