package decoder

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// TestExperts: the experts that tokens take are the oracle's, and, where a router's bias decides, those.
func TestExperts(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"mixtral", "qwen2moe", "qwen3moe"} {
		path := tiny[name].Write(t, 1)
		d, oracle := openAs(t, path, Options{F32: true}), openNaive(t, path)
		oracle.took = map[string][]int{}
		ids := someIDs(blockRows+20, d.Words)
		got, err := d.Routes(ctx, d.NewCache(), ids)
		if err != nil || len(got) != d.Layers {
			t.Fatal(err)
		}
		oracle.states(ids)
		for l, p := range []string{"blk.0.", "blk.1."} {
			if !slices.Equal(got[l], oracle.took[p]) {
				t.Errorf("%s, layer %d: the experts are others than the oracle's", name, l)
			}
		}
		for l, experts := range [][]int{{4, 1}, {2, 3}} {
			for i, e := range experts {
				d.layers[l].router.bias[e] = float32(40 - 10*i)
			}
		}
		if got, err = d.Routes(ctx, d.NewCache(), ids); err != nil {
			t.Fatal(err)
		}
		for l, experts := range [][]int{{4, 1}, {2, 3}} {
			for i := range ids {
				if taken := got[l][i*d.Taken:]; !slices.Equal(taken[:2], experts) {
					t.Fatalf("%s, layer %d: token %d takes %v, want %v", name, l, i, taken[:2], experts)
				}
			}
		}
	}
	d := open(t, tiny["llama"].Write(t, 1))
	if _, err := d.Routes(ctx, d.NewCache(), []int32{1}); !errors.Is(err, ErrNoExperts) {
		t.Error(err)
	}
}
