package decoder

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/attention"
)

// TestStatesAreTheNaiveModels compares states and greatest logits with the oracle's, and says that
// neither depends on what the cache held.
func TestStatesAreTheNaiveModels(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"llama", "qwen3", "gemma2", "gpt2", "mixtral"} {
		path := tiny[name].Write(t, 1)
		d, oracle := openAs(t, path, Options{F32: true}), openNaive(t, path)
		c := d.NewCache()
		if _, err := d.Read(ctx, c, someIDs(40, d.Words)); err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 17, blockRows + 9} {
			ids := someIDs(n, d.Words)
			c.Cut(0)
			got, err := d.States(ctx, c, ids)
			if err != nil || len(c.Tokens()) != n {
				t.Fatal(err)
			}
			want := oracle.states(ids)
			for i, v := range got {
				if w := want[i/d.Width][i%d.Width]; math.Abs(float64(v)-w) > 2e-5*max(1, math.Abs(w)) {
					t.Fatalf("%s, %d tokens: number %d is %g, want %g", name, n, i, v, w)
				}
			}
			from := n / 2
			peaks := slices.Repeat([]float64{math.Inf(-1)}, d.Words)
			for _, state := range want[from:] {
				for j, v := range oracle.logitsOf(state) {
					peaks[j] = max(peaks[j], v)
				}
			}
			c.Cut(0)
			greatest, err := d.Peaks(ctx, c, ids, from)
			if err != nil {
				t.Fatal(err)
			}
			for j, v := range greatest {
				if math.Abs(float64(v)-peaks[j]) > 2e-5*max(1, math.Abs(peaks[j])) {
					t.Fatalf("%s, %d tokens: the greatest logit of %d is %g, want %g", name, n, j, v, peaks[j])
				}
			}
		}
	}
}

func TestWrongStates(t *testing.T) {
	d := open(t, tiny["llama"].Write(t, 1))
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	windowed := d.NewCache()
	var err error
	if windowed.Policy, err = attention.Parse("window"); err != nil {
		t.Fatal(err)
	}
	for _, try := range []struct {
		ctx context.Context
		c   *Cache
		ids []int32
		say string
	}{
		{context.Background(), d.NewCache(), nil, "no tokens"},
		{context.Background(), d.NewCache(), someIDs(600, d.Words), "too long"},
		{context.Background(), windowed, []int32{1}, "policy"},
		{gone, d.NewCache(), []int32{1}, "canceled"},
	} {
		if _, err := d.States(try.ctx, try.c, try.ids); err == nil || !strings.Contains(err.Error(), try.say) {
			t.Errorf("%v instead of %q", err, try.say)
		}
	}
}

// TestKnows: a model is known by what it says of itself, and one whose tokens read those after them is
// refused.
func TestKnows(t *testing.T) {
	shape := tiny["qwen3"]
	path := shape.Write(t, 1)
	shape.Change = func(v map[string]any) { v["qwen3.attention.causal"] = false }
	both := shape.Write(t, 1)
	shape.Change = func(v map[string]any) { v["qwen3.pooling_type"] = uint32(3) }
	if d := open(t, shape.Write(t, 1)); d.Pooling != 3 {
		t.Errorf("pooling is %d", d.Pooling)
	}
	if _, err := Open(both, Options{}); err == nil || !strings.Contains(err.Error(), "those that come after") {
		t.Error(err)
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "config.json")
	for _, c := range []struct {
		config string
		known  bool
	}{{`{"model_type":"qwen3"}`, true}, {`{"model_type":"bert"}`, false}, {`{`, false}} {
		if err := os.WriteFile(config, []byte(c.config), 0o600); err != nil {
			t.Fatal(err)
		}
		if Knows(dir) != c.known {
			t.Errorf("%s is taken for another", c.config)
		}
	}
	if !Knows(path) || Knows(config) || Knows(filepath.Join(dir, "none.gguf")) {
		t.Error("files are taken for others")
	}
}
