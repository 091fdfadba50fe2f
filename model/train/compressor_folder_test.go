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
	for _, rate := range []int{4, 16} {
		m, err := Train(ctx, small("recall"), nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "model")
		if err := m.Write(dir); err != nil {
			t.Fatal(err)
		}
		r := smallCompressor("recall")
		r.Rate = rate
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
		opened, err := Open(dir, m.Recipe)
		if err != nil {
			t.Fatal(err)
		}
		n := opened.net
		n.turn(400)
		var encAll, decAll all
		made.encoder.pack(&encAll)
		n.pack(&decAll)
		p := &pupil{e: made.encoder, enc: made.encoder.worker(&encAll), dec: n.worker(&decAll)}
		for _, length := range []int{2, 17, 18, 100} {
			ids := make([]int32, length+3)
			for i := range ids {
				ids[i] = int32((i*29 + length) % Words)
			}
			text := &text{context: ids[:length], behind: ids[length:], scored: []int{1}}
			p.learn(text, 1)
			w := p.dec
			w.pick([]int{w.length - 1})
			got, err := c.Read(ctx, d.NewCache(), compress.Prompt{Before: ids[:1], Between: [][]int32{ids[1:length]}, Behind: ids[length:]}, 0)
			if err != nil {
				t.Fatal(err)
			}
			for j, v := range got {
				if math.Abs(float64(v-w.logits[j])) > 1e-4*(1+math.Abs(float64(v))) {
					t.Fatalf("rate %d, %d tokens: logit %d is %g, by the trainer %g", rate, length, j, v, w.logits[j])
				}
			}
		}
	}
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
	} {
		r := smallCompressor("recall")
		bad(&r)
		if _, err := TrainCompressor(ctx, m, r, nil); err == nil {
			t.Errorf("a recipe with a bad %s is trained", name)
		}
	}
}
