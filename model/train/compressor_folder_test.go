package train

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/decoder"
)

// What package compress reads of a folder gives the logits that the trainer's own passes give, for segments that
// are whole and ones that are not.
func TestSameCompressedLogits(t *testing.T) {
	ctx := context.Background()
	for _, r := range smallCompressors("recall") {
		m, err := Train(ctx, small("recall"), nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "model")
		if err := m.Write(dir); err != nil {
			t.Fatal(err)
		}
		made, err := TrainCompressor(ctx, m, r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := made.Write(dir, "own"); err != nil {
			t.Fatal(err)
		}
		d, err := decoder.Open(dir, decoder.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		c, err := compress.Open(d, dir, "own")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := Open(dir, m.Recipe); err != nil {
			t.Fatal(err)
		}
		made.pack()
		for _, length := range []int{2, 17, 18, 100} {
			if length <= r.State {
				continue // learned is from as many tokens as there are vectors at least
			}
			ids := make([]int32, length+3)
			for i := range ids {
				ids[i] = int32((i*29 + length) % Words)
			}
			text := &text{context: ids[:length], readings: []reading{{behind: ids[length:], scored: []int{1}}}}
			if r.Asked {
				text.readings[0].known = ids[1:3]
			}
			made.students[0].learn(text, 1)
			w := decoderOf(made)
			w.pick([]int{w.length - 1})
			got, err := c.Read(ctx, d.NewCache(), compress.Prompt{Before: ids[:1], Between: [][]int32{ids[1:length]}, Behind: ids[length:], Asked: text.readings[0].known}, 0)
			if err != nil {
				t.Fatal(err)
			}
			for j, v := range got {
				if math.Abs(float64(v-w.logits[j])) > 1e-4*(1+math.Abs(float64(v))) {
					t.Fatalf("%s, %d tokens: logit %d is %g, by the trainer %g", r.named(), length, j, v, w.logits[j])
				}
			}
		}
	}
}

func decoderOf(c *Compressor) *worker {
	if p, ok := c.students[0].(*reader); ok {
		return p.dec
	}
	return c.students[0].(*pupil).dec
}

func TestCompressorFolders(t *testing.T) {
	ctx := context.Background()
	m, err := Train(ctx, small("recall"), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Write(dir); err != nil {
		t.Fatal(err)
	}
	r := smallCompressor("recall")
	if _, err := MadeCompressor(dir, "own", r); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing is there: %v", err)
	}
	c, err := TrainCompressor(ctx, m, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(dir, "own"); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(dir, "own"); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a folder is written over: %v", err)
	}
	if last, err := MadeCompressor(dir, "own", r); err != nil || last != c.Last {
		t.Errorf("the folder says %+v, %v", last, err)
	}
	other := r
	other.Seed++
	if _, err := MadeCompressor(dir, "own", other); err == nil || !strings.Contains(err.Error(), "another recipe") {
		t.Errorf("a compressor of another recipe is taken: %v", err)
	}
	if all, _ := os.ReadDir(filepath.Join(dir, compress.Folder)); len(all) != 1 {
		t.Errorf("%d folders are beside the compressor", len(all)-1)
	}
	strange := m.Recipe
	strange.Seed++
	if _, err := Open(dir, strange); err == nil {
		t.Error("a model of another recipe is opened")
	}
	stop, cancel := context.WithCancel(ctx)
	r.Steps = 1000
	if _, err := TrainCompressor(stop, m, r, func(Progress) { cancel() }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
	for name, bad := range map[string]func(*CompressorRecipe){
		"rate": func(r *CompressorRecipe) { r.Rate = 1 }, "segment": func(r *CompressorRecipe) { r.Segment = 18 }, "batch": func(r *CompressorRecipe) { r.Batch = 5 },
		"learning": func(r *CompressorRecipe) { r.Learn = math.NaN() }, "model": func(r *CompressorRecipe) { r.Model.Seed++ }, "gate": func(r *CompressorRecipe) { r.Model.Shape.Gate = Gate{"nsa", 16, 3, 8, 0} },
		"facts": func(r *CompressorRecipe) { r.Facts = 0 }, "task": func(r *CompressorRecipe) { r.Model.Task = "sorting" },
		"state": func(r *CompressorRecipe) { r.State = 4 }, "few tokens": func(r *CompressorRecipe) { r.Rate, r.State = 0, 51 }, "few segments": func(r *CompressorRecipe) { r.Rate, r.State, r.Learned = 0, 32, 1 },
		"many segments": func(r *CompressorRecipe) { r.Rate, r.State, r.Learned = 0, 8, 4 }, "learned": func(r *CompressorRecipe) { r.Learned = 2 }, "known": func(r *CompressorRecipe) { r.Asked = true },
	} {
		r := smallCompressor("recall")
		bad(&r)
		if _, err := TrainCompressor(ctx, m, r, nil); err == nil {
			t.Errorf("a recipe with a bad %s is trained", name)
		}
	}
}
