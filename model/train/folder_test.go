package train

import (
	"context"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/tamis-search/tamis/model/decoder"
)

var gates = []Gate{{}, {"nsa", 16, 4, 24}, {"nsa", 32, 2, 8}, {"hsa", 16, 3, 0}, {"hsa-window", 16, 2, 24}, {"hsa-window", 32, 1, 100}}

// The decoder computes what the trainer does, however a text is divided between calls.
func TestSameLogits(t *testing.T) {
	for i, gate := range gates {
		shape := tiny(gate)
		shape.Still = i % 2
		m, err := Train(context.Background(), Recipe{Task: "recall", Shape: shape, Length: 80, Batch: 4, Steps: 3, Rate: 1e-2, Seed: uint64(i)}, nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "model")
		if err := m.Write(dir); err != nil {
			t.Fatal(err)
		}
		d, err := decoder.Open(dir, decoder.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		random := rand.New(rand.NewPCG(uint64(i), 1))
		ids := make([]int32, 300)
		for j := range ids {
			ids[j] = random.Int32N(Words)
		}
		want := m.Logits(ids)
		for _, step := range []int{300, 1, 37} {
			c := d.NewCache()
			for from := 0; from < len(ids); from += step {
				to := min(from+step, len(ids))
				got, err := d.Read(context.Background(), c, ids[from:to])
				if err != nil {
					t.Fatal(err)
				}
				for j, v := range got {
					if math.Abs(float64(v-want[to-1][j])) > 1e-4*(1+math.Abs(float64(v))) {
						t.Fatalf("%+v, %d tokens at once: logit %d after %d tokens is %g, by the trainer %g", gate, step, j, to, v, want[to-1][j])
					}
				}
			}
		}
	}
}
