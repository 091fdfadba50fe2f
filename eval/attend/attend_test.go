package attend

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/induction"
)

func built64(t *testing.T) *decoder.Decoder {
	t.Helper()
	path := filepath.Join(t.TempDir(), "induction.gguf")
	if err := induction.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Open(path, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// TestRecall: dense attention finds everything, what reads a window alone finds what is in it, and
// what is chosen by queries is found.
func TestRecall(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	d := built64(t)
	r, err := Run(context.Background(), d, Options{
		Policies: []string{"window:0.1", "quest:0.25", "snapkv:0.25", "stripes+tail"}, Lengths: []int{1500}, Trials: 2, Questions: 16, Steps: 4,
	})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := r.WriteTable(&out); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteSVG(&out); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	for _, row := range r.Rows {
		for _, task := range Tasks {
			got := row.Recall[task]
			if row.Policy == "window:0.1" && task != "needle" {
				if got > .4 {
					t.Errorf("a window of a tenth finds %.2f of %s", got, task)
				}
			} else if row.Policy == "dense" && got < 1 || row.Policy == "quest:0.25" && got < .9 {
				t.Errorf("%s finds %.2f of %s", row.Policy, got, task)
			}
		}
		if row.Read > 1 || row.ReadStep > 1 || row.Policy == "snapkv:0.25" && float64(row.Bytes) > .3*float64(r.Rows[0].Bytes) {
			t.Errorf("%+v", row)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	d := built64(t)
	for say, o := range map[string]Options{
		"no such attention policy": {Policies: []string{"all"}, Lengths: []int{500}},
		"positions":                {Lengths: []int{1 << 20}},
		"the text has 1 tokens":    {Lengths: []int{500}, Text: "th"},
	} {
		o.Trials, o.Questions = 1, 2
		if _, err := Run(context.Background(), d, o); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v instead of %q", err, say)
		}
	}
}

// TestQuarter: over a cache of a quarter of the bytes, or 8 bits, what is asked for is found as with dense
// attention, by policies that see the question and keep what stands beside what it reads.
func TestQuarter(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	d := built64(t)
	r, err := Run(context.Background(), d, Options{
		Policies: []string{"snapkv:0.25", "ada-snapkv:0.25", "chunkkv:0.25", "q8", "snapkv:0.5+q4", "finch:0.25"}, Lengths: []int{2048}, Trials: 1, Questions: 10, Steps: 2,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		found, asked := 0., 0.
		for task, recall := range row.Recall {
			found, asked = found+recall*float64(row.Asked[task]), asked+float64(row.Asked[task])
		}
		most, ok := map[string]float64{"dense": 1, "q8": .275, "snapkv:0.5+q4": .12}[row.Policy]
		if !ok {
			most = .26
		}
		if row.CacheShare > most {
			t.Errorf("%s holds %.3f of the bytes", row.Policy, row.CacheShare)
		}
		if row.Policy == "finch:0.25" { // which keeps the first token of an answer and not the next
			if found > .6*asked {
				t.Errorf("finch finds %.0f of %.0f: the test tells nothing", found, asked)
			}
		} else if found < .99*asked {
			t.Errorf("%s finds %.0f of %.0f", row.Policy, found, asked)
		}
	}
}
