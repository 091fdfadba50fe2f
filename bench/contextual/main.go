// Command contextual measures what a language model loses where a part of the numbers inside its feed-forward
// networks is computed, chosen anew for each token: contextual sparsity (Deja Vu, Liu et al. 2023), by an oracle that
// knows the greatest, by a predictor that is fitted on the model's own activations, and at random; and what is won back
// where the dense model reads every few tokens again (Sirius, Zhou et al. 2024).
//
//	go run ./contextual -llm FILE.gguf -text FILE.md
//
// The first half of the text fits the predictor, the second is asked. Numbers are set to nothing, not skipped: what is
// told is what is lost; what could be won is the share of a step's weights that would not be read.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"

	"github.com/tamis-search/tamis/model/decoder"
)

type options struct {
	fit, read, write, prompts, rank int
	shares                          []float64
}

func main() {
	path := flag.String("llm", "", "`file` of a language model, GGUF")
	text := flag.String("text", "../docs/guide.md", "what it reads")
	var o options
	flag.IntVar(&o.fit, "fit", 500, "tokens that the predictor is fitted on")
	flag.IntVar(&o.read, "read", 192, "tokens that are asked for the next token's probabilities")
	flag.IntVar(&o.write, "write", 32, "tokens that are written after each prompt")
	flag.IntVar(&o.prompts, "prompts", 3, "prompts")
	flag.IntVar(&o.rank, "rank", 64, "components of the predictor")
	flag.Parse()
	o.shares = []float64{.75, .5, .25}
	if err := run(context.Background(), *path, *text, o); err != nil {
		fmt.Fprintln(os.Stderr, "contextual:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path, text string, o options) error {
	d, err := decoder.Open(path, decoder.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	b, err := os.ReadFile(text)
	if err != nil {
		return err
	}
	half := len(b) / 2
	ids := func(b []byte, n int) (ids []int32) {
		for _, token := range d.Tokenizer.Encode(string(b), n) {
			ids = append(ids, token.ID)
		}
		return ids
	}
	p, err := learn(ctx, d, [][]int32{ids(b[:half], o.fit)}, o.rank)
	if err != nil {
		return err
	}
	asked := ids(b[half:], o.read)
	const prompt = 48
	long := ids(b[half:], o.read+o.prompts*prompt)
	dense, err := each(ctx, d, asked, nil)
	if err != nil {
		return err
	}
	attention := float64(d.Width*(d.Heads+2*d.KeyHeads)*d.HeadSize + d.Heads*d.HeadSize*d.Width)
	network := 3 * float64(d.Width*d.Inner)
	step := float64(d.Layers)*(attention+network) + float64(d.Width*d.Words)
	costs := float64(o.rank*(d.Width+2*d.Inner)) / network
	fmt.Printf("%d layers of %d numbers inside; networks are %.0f %% of a step's weights, the predictor of %d components costs %.0f %% of them\n", d.Layers, d.Inner, 100*float64(d.Layers)*network/step, o.rank, 100*costs)
	fmt.Println("choice     share  of the greatest  divergence  same token  a step's weights read")
	for _, share := range o.shares {
		for _, choice := range []string{"oracle", "predicted", "random"} {
			var hit [2]int
			got, err := each(ctx, d, asked, rows(choice, share, p, &hit))
			if err != nil {
				return err
			}
			divergence, same := compare(dense, got)
			read := share
			if choice == "predicted" {
				read = min(1, share+costs)
			}
			fmt.Printf("%-9s  %.2f   %.3f            %.4f      %5.1f %%     %.2f\n", choice, share, float64(hit[0])/float64(hit[1]), divergence, 100*same, 1-float64(d.Layers)*network/step*(1-read))
		}
	}
	fmt.Println("corrected: share  every  threshold  same tokens as dense  first difference  dense tokens read a token")
	var wanted [][]int32
	for i := range o.prompts {
		out, _, _, err := correction{every: 1, threshold: 1}.write(ctx, d, d.NewCache(), long[o.read+i*prompt:][:prompt], o.write)
		if err != nil {
			return err
		}
		wanted = append(wanted, out)
	}
	for _, k := range []correction{{every: 0}, {every: 16, threshold: .1}, {every: 8, threshold: .1}, {every: 8, threshold: .3}, {every: 4, threshold: .1}} {
		same, first, read := 0., 0., 0.
		for i, want := range wanted {
			var hit [2]int
			k.rows = rows("predicted", .5, p, &hit)
			out, dense, _, err := k.write(ctx, d, d.NewCache(), long[o.read+i*prompt:][:prompt], o.write)
			if err != nil {
				return err
			}
			at := len(out)
			for j := range out {
				if out[j] == want[j] {
					same++
				} else {
					at = min(at, j)
				}
			}
			first, read = first+float64(at), read+float64(dense)
		}
		n := float64(o.prompts)
		fmt.Printf("           %.2f  %5d  %.2f       %5.1f %%               %5.1f             %.2f\n", .5, k.every, k.threshold, 100*same/n/float64(o.write), first/n, read/n/float64(o.write))
	}
	return nil
}

// each are the logits after each token of a text.
func each(ctx context.Context, d *decoder.Decoder, ids []int32, inside func(layer int, x, gate, up []float32)) (all [][]float32, err error) {
	c := d.NewCache()
	c.Inside = inside
	for some := range slices.Chunk(ids, decoder.MostEach) {
		logits, err := d.ReadEach(ctx, c, some)
		if err != nil {
			return nil, err
		}
		all = append(all, logits...)
	}
	return all, nil
}

// compare is by how many nats the second's next tokens diverge from the first's, and how often the greatest is the same.
func compare(want, got [][]float32) (divergence, same float64) {
	n := float64(len(want))
	for i := range want {
		p, q := logarithms(want[i]), logarithms(got[i])
		for j, l := range p {
			divergence += math.Exp(l) * (l - q[j]) / n
		}
		if greatest(want[i]) == greatest(got[i]) {
			same += 1 / n
		}
	}
	return divergence, same
}

func logarithms(logits []float32) []float64 {
	most, sum := float64(slices.Max(logits)), 0.
	for _, v := range logits {
		sum += math.Exp(float64(v) - most)
	}
	out := make([]float64, len(logits))
	for j, v := range logits {
		out[j] = float64(v) - most - math.Log(sum)
	}
	return out
}
