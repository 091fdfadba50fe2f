package decoder

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestVectorsAreTokens: the embeddings of tokens, read as vectors, give the logits of the tokens to the last bit, wherever
// they stand among tokens and however what is read is divided.
func TestVectorsAreTokens(t *testing.T) {
	ctx := context.Background()
	all := maps.Clone(tiny)
	maps.Copy(all, inBlocks)
	for name, shape := range all {
		d := open(t, shape.Write(t, 3))
		ids := someIDs(230, d.Words)
		want, err := d.Read(ctx, d.NewCache(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for which, vector := range map[string]func(i int) bool{
			"all": func(int) bool { return true }, "none": func(int) bool { return false }, "some": func(i int) bool { return i%3 == 1 || i > 90 && i < 120 }, "the last": func(i int) bool { return i == 229 },
		} {
			mixed, swapped := slices.Clone(ids), []int32(nil)
			for i, id := range ids {
				if vector(i) {
					mixed[i], swapped = Vector, append(swapped, id)
				}
			}
			rows, err := d.Embed(swapped)
			if err != nil {
				t.Fatal(err)
			}
			for _, cuts := range [][]int{{230}, {1, 100, 129}} {
				c, left := d.NewCache(), rows
				var got []float32
				for _, n := range cuts {
					some := mixed[len(c.Tokens()):][:n]
					k := 0
					for _, id := range some {
						if id == Vector {
							k += d.Width
						}
					}
					if got, err = d.ReadMixed(ctx, c, some, left[:k]); err != nil {
						t.Fatal(err)
					}
					left = left[k:]
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: where vectors are %s and read in %v, logits are others", name, which, cuts)
				}
				if !slices.Equal(c.Tokens(), mixed) {
					t.Errorf("%s: the cache says that it read %v", name, c.Tokens())
				}
			}
		}
		// Logits are a product of the last states.
		states, err := d.States(ctx, ids, nil, 200)
		if err != nil || len(states) != 30*d.Width {
			t.Fatal(name, len(states), err)
		}
		r, logits := d.room(d.NewCache(), 1), make([]float32, 2*len(want)+64)
		d.product(r, &d.logits, logits, states[29*d.Width:], 1)
		soften(logits[:d.Words], 1, d.logitsSoft)
		if !slices.Equal(logits[:d.Words], want) {
			t.Errorf("%s: the last state is not what logits are made of", name)
		}
		if first, err := d.States(ctx, ids[:210], nil, 209); err != nil || !slices.Equal(first, states[9*d.Width:][:d.Width]) {
			t.Errorf("%s: the state of a token depends on what follows: %v", name, err)
		}
	}
}

func TestBadVectors(t *testing.T) {
	ctx := context.Background()
	d := open(t, tiny["llama"].Write(t, 3))
	rows := make([]float32, 2*d.Width)
	c := d.NewCache()
	if _, err := d.Read(ctx, c, []int32{1, 2}); err != nil {
		t.Fatal(err)
	}
	broken := slices.Clone(rows)
	broken[d.Width+3] = float32(math.NaN())
	for _, bad := range []struct {
		ids  []int32
		rows []float32
		says string
	}{
		{[]int32{1, Vector}, rows, "for 1 vectors"}, {[]int32{1, Vector, Vector, Vector}, rows, "for 3 vectors"}, {[]int32{Vector}, rows[:5], "5 numbers"},
		{[]int32{1, Vector, 3, Vector}, broken, "vector 1"}, {[]int32{-2}, nil, "token -2"}, {nil, nil, "no tokens"},
	} {
		if _, err := d.ReadMixed(ctx, c, bad.ids, bad.rows); err == nil || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%v with %d numbers: %v", bad.ids, len(bad.rows), err)
		}
		if len(c.Tokens()) != 2 {
			t.Errorf("%v: the cache holds %v", bad.ids, c.Tokens())
		}
	}
	if _, err := d.Read(ctx, c, []int32{Vector}); err == nil {
		t.Error("a vector is read that is not there")
	}
	if _, err := d.Embed([]int32{int32(d.Words)}); err == nil {
		t.Error("a word has an embedding that the model does not know")
	}
}
