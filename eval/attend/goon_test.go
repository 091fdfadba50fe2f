package attend

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/train"
)

// At each length the same held-out bytes are foreseen, by the probabilities that the model gives them.
func TestTextsGoOn(t *testing.T) {
	ctx := context.Background()
	random := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, train.LeastText)
	for i := range data {
		data[i] = "abcdefgh"[random.IntN(8)]
	}
	text, err := train.NewText(data)
	if err != nil {
		t.Fatal(err)
	}
	r, err := train.TextRecipeOf(text, "dense", 1)
	if err != nil {
		t.Fatal(err)
	}
	r.Shape.Width, r.Shape.HeadSize, r.Shape.Inner, r.Length, r.Batch, r.Steps, r.Rate = 32, 16, 32, 48, 4, 40, 1e-2
	m, err := train.TrainText(ctx, r, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, d := opened(t, m)
	o := TrainedOptions{Lengths: []int{160, 300}, Trials: 3, Seed: 4, Text: text}
	row, err := o.goOn(ctx, d, train.TextTask, "dense", 160)
	if err != nil {
		t.Fatal(err)
	}
	// Eight letters drawn at random cost three bits each, once it is known that they are all there is.
	if row.Asked != 3*scoredBytes || row.Bits < 2.9 || row.Bits > 3.4 || row.Recall > .3 || row.Read != 1 {
		t.Errorf("%+v", row)
	}
	o.Trials, o.Seed = 1, 9 // slowly: by the trainer's own logits
	if row, err = o.goOn(ctx, d, train.TextTask, "dense", 160); err != nil {
		t.Fatal(err)
	}
	end := 300 + rand.New(rand.NewPCG(9, 0)).IntN(len(text.Held[0])-300+1)
	ids, want := train.TextIDs(text.Held[0][end-159:end]), 0.
	logits := m.Logits(ids)
	for at := 160 - scoredBytes; at < 160; at++ {
		sum := 0.
		for _, v := range logits[at-1] {
			sum += math.Exp(float64(v))
		}
		want += math.Log2(sum) - float64(logits[at-1][ids[at]])/math.Ln2
	}
	if want /= scoredBytes; math.Abs(row.Bits-want) > 1e-3 {
		t.Errorf("%g bits a byte, by the trainer %g", row.Bits, want)
	}
	o.Lengths = []int{300, 1 << 13, scoredBytes}
	if got := o.lengthsOfText(); !slices.Equal(got, []int{300}) {
		t.Errorf("parts of %d bytes have the lengths %d", len(text.Held[0]), got)
	}
	o.Lengths = o.Lengths[1:]
	if _, err := o.RecipeOf(train.TextTask, "dense"); err == nil || !strings.Contains(err.Error(), "no length is between these") {
		t.Errorf("no length: %v", err)
	}
	if _, err := (TrainedOptions{}).RecipeOf(train.TextTask, "dense"); err == nil {
		t.Error("a text is learned without one")
	}
	var b strings.Builder
	if err := (&TrainedReport{Rows: []TrainedRow{row}}).WriteTable(&b); err != nil || !strings.Contains(b.String(), "bits a byte") {
		t.Errorf("%v: %s", err, b.String())
	}
}
