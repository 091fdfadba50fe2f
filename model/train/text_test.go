package train

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Each byte of a text is in what is learned or in what is held out, a tenth, and no piece that is learned has one of
// these.
func TestHeldOutIsNotLearned(t *testing.T) {
	for _, size := range []int{LeastText, LeastText + 13, 3*LeastText + 7} {
		data := make([]byte, size)
		for i := range data {
			data[i] = byte(1 + i*textParts/size) // its part
		}
		text, err := NewText(data)
		if err != nil {
			t.Fatal(err)
		}
		learned, held := bytes.Join(text.learned, nil), bytes.Join(text.Held, nil)
		all := slices.Concat(text.learned[0], text.Held[0], text.learned[1], text.Held[1])
		if !bytes.Equal(all, data) || len(held)*10-size > 100 || size-len(held)*10 > 100 {
			t.Errorf("of %d bytes %d are learned from, %d held out", size, len(learned), len(held))
		}
		random, seen := rand.New(rand.NewPCG(1, 1)), map[int32]bool{}
		for range 2000 {
			s := text.sample(random, 48)
			if len(s.ids) != 48 || s.ids[0] != First || len(s.scored) != 47 {
				t.Fatalf("%d tokens, %d scored", len(s.ids), len(s.scored))
			}
			for _, id := range s.ids[1:] {
				seen[id] = true
				if bytes.IndexByte(held, byte(id)) >= 0 && bytes.IndexByte(learned, byte(id)) < 0 {
					t.Fatalf("part %d is held out, and learned from", id)
				}
			}
		}
		if len(seen) < 18 {
			t.Errorf("%d of 18 parts are learned from", len(seen))
		}
	}
	if ids := TextIDs([]byte{0, 7, 255}); !slices.Equal(ids, []int32{First, ' ', 7, 255}) {
		t.Error(ids)
	}
}

// What comes next is learned, the same bytes come of a seed, and text or recipes that fit no text are refused.
func TestTextIsLearned(t *testing.T) {
	ctx := context.Background()
	text, err := NewText([]byte(strings.Repeat("sieve after sieve, ", LeastText/19+1)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := TextRecipeOf(text, "hsa-window", 3)
	if err != nil {
		t.Fatal(err)
	}
	r.Shape.Width, r.Shape.HeadSize, r.Shape.Inner, r.Length, r.Batch, r.Steps, r.Rate = 32, 16, 32, 48, 4, 60, 1e-2
	m, err := TrainText(ctx, r, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Last.Right < .8 {
		t.Errorf("of bytes that repeat %.2f are foreseen", m.Last.Right)
	}
	again, err := TrainText(ctx, r, text, nil)
	if err != nil || !slices.Equal(again.net.params, m.net.params) {
		t.Errorf("the same seed makes another model: %v", err)
	}
	if _, err := NewText(make([]byte, LeastText-1)); err == nil || !strings.Contains(err.Error(), "too small") {
		t.Errorf("a small text: %v", err)
	}
	other, err := NewText(bytes.Repeat([]byte("another "), LeastText))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TrainText(ctx, r, other, nil); err == nil || !strings.Contains(err.Error(), "not one of this text") {
		t.Errorf("another text: %v", err)
	}
	long := r
	long.Length = 1 << 14
	if _, err := TrainText(ctx, long, text, nil); err == nil || !strings.Contains(err.Error(), "too small for texts of 16384") {
		t.Errorf("texts as long as the text: %v", err)
	}
	if _, err := Train(ctx, r, nil); err == nil {
		t.Error("a text is learned without one")
	}
	if _, err := TextRecipeOf(text, "sparse", 1); err == nil {
		t.Error("an attention that there is not is learned")
	}
}
