package attend

import (
	"context"
	"math/rand/v2"

	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/decoder"
)

// calibrated is how long the texts are that masks are made of.
const calibrated = 512

// Calibrate makes masks of a model's mean attention over texts, as many as o.Trials, at which a share of
// what could be read is.
func Calibrate(ctx context.Context, d *decoder.Decoder, o Options, share float64) (*attention.Masks, error) {
	o.Lengths = []int{calibrated}
	m, err := makerOf(d, o)
	if err != nil {
		return nil, err
	}
	c := attention.NewCalibration(calibrated)
	for trial := range o.Trials {
		cache := d.NewCache()
		cache.Policy = &attention.Policy{Prefill: c}
		if o.Watch != nil {
			o.Watch("calibrating")
		}
		ids := m.plain(calibrated, rand.New(rand.NewPCG(o.Seed, uint64(2000+trial))))
		if _, err := d.Read(ctx, cache, ids); err != nil {
			return nil, err
		}
	}
	return c.Masks(share), nil
}
