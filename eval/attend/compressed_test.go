package attend

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/train"
)

// Each way reads as many positions as it says, and a context whose segments are all open answers as its tokens do.
func TestCompressedContextsAreAsked(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	ctx := context.Background()
	m, err := learned()
	if err != nil {
		t.Fatal(err)
	}
	dir, d := opened(t, m)
	made, err := train.TrainCompressor(ctx, m, train.CompressorRecipe{Model: m.Recipe, Rate: 4, Segment: 32, Length: 64, Facts: 6, Batch: 4, Steps: 2, Learn: 1e-3}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Write(dir, "r4"); err != nil {
		t.Fatal(err)
	}
	c, err := compress.Open(d, dir, "r4")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o := CompressedOptions{TrainedOptions: TrainedOptions{Trials: 2, Questions: 8, Seed: 5}, Open: []float64{.25, 1}}
	rows, err := o.askCompressed(ctx, d, []*compress.Compressor{c}, "recall", 1+8*32)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		read, open string
		positions  float64
	}{
		{"all", "none", 257}, {"last 1/4", "none", 1 + 64}, {"r4", "none", 1 + 64}, {"r4", "0.25", 1 + 6*8 + 2*32}, {"r4", "0.25 at random", 1 + 6*8 + 2*32}, {"r4", "1", 257}, {"r4", "1 at random", 257},
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows: %+v", len(rows), rows)
	}
	for i, w := range want {
		row := rows[i]
		if row.Read != w.read || row.Open != w.open || math.Abs(row.Positions-w.positions) > 1e-9 || row.Asked != 16 || row.Prefill <= 0 || (row.Make > 0) != (i == 2) {
			t.Errorf("%+v instead of %+v", row, w)
		}
	}
	if rows[0].Recall < .5 || rows[5].Recall != rows[0].Recall || rows[6].Recall != rows[0].Recall {
		t.Errorf("the tokens answer %g, all segments open %g and %g", rows[0].Recall, rows[5].Recall, rows[6].Recall)
	}
	if rows[1].Recall > .6 || rows[2].Recall > .6 {
		t.Errorf("a quarter of the tokens answers %g, vectors of nothing learned %g", rows[1].Recall, rows[2].Recall)
	}
	folded(t, o, dir, d, m)
	var b strings.Builder
	if err := (&CompressedReport{Rows: rows}).WriteTable(&b); err != nil || !strings.Contains(b.String(), "0.25 at random") {
		t.Errorf("%v: %s", err, b.String())
	}
}

// folded asks recurrent compressors of a model: they take as many positions at any length, beside as many of the last
// tokens, no segment is opened, and where a question is known each is read for itself.
func folded(t *testing.T, o CompressedOptions, dir string, d *decoder.Decoder, m *train.Model) {
	t.Helper()
	ctx := context.Background()
	var all []*compress.Compressor
	for _, name := range []string{"n5", "n5q"} {
		made, err := train.TrainCompressor(ctx, m, train.CompressorRecipe{Model: m.Recipe, State: 5, Asked: name == "n5q", Segment: 16, Length: 64, Facts: 6, Batch: 4, Steps: 2, Learn: 1e-3}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := made.Write(dir, name); err != nil {
			t.Fatal(err)
		}
		c, err := compress.Open(d, dir, name)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		all = append(all, c)
	}
	for _, n := range []int{200, 257} {
		rows, err := o.askCompressed(ctx, d, all, "recall", n)
		if err != nil || len(rows) != 4 {
			t.Fatalf("%d rows: %v", len(rows), err)
		}
		for i, read := range []string{"all", "last 5", "n5", "n5q"} {
			positions := 6.
			if i == 0 {
				positions = float64(n)
			}
			if row := rows[i]; row.Read != read || row.Open != "none" || row.Positions != positions || row.Asked != 16 || row.Recall > .3 && i > 0 {
				t.Errorf("%+v, %s of %g positions", row, read, positions)
			}
		}
	}
}

func TestCompressedFails(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	dir := filepath.Join(t.TempDir(), "models")
	if r, err := Compressed(ctx, CompressedOptions{TrainedOptions: TrainedOptions{Lengths: []int{256}, Trials: 1, Questions: 1, Models: dir}}); !errors.Is(err, context.Canceled) || len(r.Rows) > 0 {
		t.Errorf("given up: %v", err)
	}
	if _, err := train.CompressorRecipeOf("recall", "zip", 1); err == nil || !strings.Contains(err.Error(), "r4s64") {
		t.Errorf("no such compressor: %v", err)
	}
}
