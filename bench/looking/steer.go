package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/decoder"
)

// steer adds the difference of the mean states of two kinds of texts to the states of a layer, and asks how much
// more probable other texts of the first kind become, beside those of the second: Genesis and inaugural speeches.
// Beside it a direction of the same length that is drawn at random.
func (b *bench) steer(ctx context.Context) error {
	const window, each = 48, 10
	var learn, test [2][][]int32
	for k, name := range []string{"genesis", "inaugural"} {
		ids, err := b.haystack(name, 2*window*each)
		if err != nil {
			return err
		}
		for i := range 2 * each {
			some := ids[i*window:][:window]
			if i%2 == 0 {
				learn[k] = append(learn[k], some)
			} else {
				test[k] = append(test[k], some)
			}
		}
	}
	width := b.d.Width
	layers := []int{b.d.Layers / 3, 2 * b.d.Layers / 3}
	means := [2][][]float64{}
	for k := range learn {
		means[k] = make([][]float64, b.d.Layers+1)
		for i := range means[k] {
			means[k][i] = make([]float64, width)
		}
		for _, ids := range learn[k] {
			c := b.d.NewCache()
			c.Between = func(layer int, x []float32) {
				for i, v := range x[width:] { // without the first token
					means[k][layer][i%width] += float64(v) / float64((window-1)*each)
				}
			}
			if _, err := b.d.Read(ctx, c, ids); err != nil {
				return err
			}
		}
	}
	plain, err := b.nats(ctx, test, 0, nil)
	if err != nil {
		return err
	}
	fmt.Printf("steering, %d texts of %d tokens of each kind; nats a token without: %.3f Genesis, %.3f speeches\n", each, window, figures.Mean(plain[0]), figures.Mean(plain[1]))
	random := rand.New(rand.NewPCG(1, 2))
	for _, layer := range layers {
		toward, drawn := make([]float32, width), make([]float32, width)
		length, other := 0.0, 0.0
		for j := range toward {
			toward[j], drawn[j] = float32(means[0][layer][j]-means[1][layer][j]), float32(random.NormFloat64())
			length += float64(toward[j]) * float64(toward[j])
			other += float64(drawn[j]) * float64(drawn[j])
		}
		for j := range drawn {
			drawn[j] *= float32(math.Sqrt(length / other))
		}
		for _, x := range []struct {
			name string
			by   []float32
		}{{"the difference", toward}, {"a direction drawn", drawn}} {
			moved, err := b.nats(ctx, test, layer, x.by)
			if err != nil {
				return err
			}
			var own, speech []float64
			for i := range each {
				own, speech = append(own, moved[0][i]-plain[0][i]), append(speech, moved[1][i]-plain[1][i])
			}
			low, high := figures.Interval(own)
			below, above := figures.Interval(speech)
			fmt.Printf("  after layer %d, %s, length %.2f: nats a token %+.3f [%+.3f, %+.3f] Genesis, %+.3f [%+.3f, %+.3f] speeches\n", layer, x.name, math.Sqrt(length), figures.Mean(own), low, high, figures.Mean(speech), below, above)
		}
	}
	return nil
}

// nats are those of a token of each text, where a direction is added after a layer.
func (b *bench) nats(ctx context.Context, texts [2][][]int32, at int, by []float32) (out [2][]float64, err error) {
	for k := range texts {
		for _, ids := range texts[k] {
			c := b.d.NewCache()
			if by != nil {
				c.Between = func(layer int, x []float32) {
					for i := range x {
						if layer == at {
							x[i] += by[i%b.d.Width]
						}
					}
				}
			}
			sum := 0.0
			var before []float32
			for from := 0; from < len(ids); from += decoder.MostEach {
				some := ids[from:min(from+decoder.MostEach, len(ids))]
				all, err := b.d.ReadEach(ctx, c, some)
				if err != nil {
					return out, err
				}
				for i, id := range some {
					if before != nil {
						sum += surprise(before, id)
					}
					before = all[i]
				}
			}
			out[k] = append(out[k], sum/float64(len(ids)-1))
		}
	}
	return out, nil
}

// haystack are tokens from the middle of a text.
func (b *bench) haystack(name string, n int) ([]int32, error) {
	f, err := os.Open(filepath.Join(b.data, "longcontext", "haystack", name+".txt.gz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	all := make([]byte, 20000+12*n)
	read, err := io.ReadFull(z, all)
	if err != nil && err != io.ErrUnexpectedEOF {
		return nil, err
	}
	ids := b.ids(string(all[min(20000, read):read]))
	if len(ids) < n {
		return nil, fmt.Errorf("%s has %d tokens, %d are needed", name, len(ids), n)
	}
	return ids[:n], nil
}
