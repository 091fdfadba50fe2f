package attend

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/train"
)

// scoredBytes is how many of a text's last bytes are scored.
const scoredBytes = 128

// lengthsOfText are those that the text has.
func (o TrainedOptions) lengthsOfText() []int {
	return slices.DeleteFunc(slices.Clone(o.Lengths), func(n int) bool {
		return n <= scoredBytes || slices.ContainsFunc(o.Text.Held, func(part []byte) bool { return len(part) < n })
	})
}

// goOn is how well a model goes on with what was held out of its text, behind as many bytes as a length says. At each
// length the same bytes are scored: what differs is how much stands before them.
func (o TrainedOptions) goOn(ctx context.Context, d *decoder.Decoder, task, kind string, n int) (TrainedRow, error) {
	row := TrainedRow{Attention: kind, Task: task, Length: n}
	most := slices.Max(o.Lengths)
	var text, steps decoder.Watch
	bits, right, random := 0., 0, rand.New(rand.NewPCG(o.Seed, 0))
	for i := range o.Trials {
		part := o.Text.Held[i%len(o.Text.Held)]
		end := most + random.IntN(len(part)-most+1)
		ids := train.TextIDs(part[end-n+1 : end])
		c := d.NewCache()
		c.Watch = &text
		begin := time.Now()
		logits, err := d.Read(ctx, c, ids[:n-scoredBytes])
		if err != nil {
			return row, err
		}
		least(&row.Prefill, begin)
		c.Watch = &steps
		for _, next := range ids[n-scoredBytes:] {
			bits += surprise(logits, next) / math.Ln2
			if likeliest(logits) == next {
				right++
			}
			row.Asked++
			if logits, err = d.Read(ctx, c, []int32{next}); err != nil {
				return row, err
			}
		}
	}
	row.Nats = bits / float64(row.Asked) * math.Ln2
	row.Recall, row.Bits = float64(right)/float64(row.Asked), bits/float64(row.Asked)
	row.Read, row.ReadStep = float64(text.Read)/float64(text.Visible), float64(steps.Read)/float64(steps.Visible)
	return row, nil
}
