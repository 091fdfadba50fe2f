// Command contextual measures what a language model loses where a part of the numbers inside its feed-forward
// networks, or of its heads of attention, is computed, chosen anew for each token: contextual sparsity (Deja Vu, Liu et
// al. 2023), by an oracle that knows the greatest, by predictors that are fitted on the model's own activations, and
// without looking; and what is won back where the dense model reads every few tokens again (Sirius, Zhou et al. 2024).
//
//	go run ./contextual -llm FILE.gguf -text FILE.md
//
// The first half of the text fits the predictors, the second is asked. Numbers are set to nothing, not skipped: what is
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
	fitted := ids(b[:half], o.fit)
	p, err := learn(ctx, d, [][]int32{fitted}, o.rank)
	if err != nil {
		return err
	}
	h, err := joins(d, path)
	if err == nil {
		err = h.learn(ctx, d, fitted, o.rank)
	}
	if err != nil {
		return err
	}
	m := &measured{options: o, d: d, rows: p, heads: h, asked: ids(b[half:], o.read)}
	if m.dense, err = each(ctx, d, m.asked, hooks{}); err != nil {
		return err
	}
	if err := m.leaveRows(ctx); err != nil {
		return err
	}
	if err := m.leaveHeads(ctx); err != nil {
		return err
	}
	return m.correct(ctx, ids(b[half:], o.read+o.prompts*prompt)[o.read:])
}

// measured is what is compared: the dense model's logits on the text that is asked, and predictors from another.
type measured struct {
	options
	d     *decoder.Decoder
	rows  *predictor
	heads *heads
	asked []int32
	dense [][]float32
}

// weights are those that a step reads: in one layer's networks, of its heads (queries, and what joins heads: keys and values
// are read later too, and are made for each token), and all.
func (m *measured) weights() (network, heads, step float64) {
	d := m.d
	network, heads = 3*float64(d.Width*d.Inner), 2*float64(d.Width*d.Heads*d.HeadSize)
	keys := 2 * float64(d.Width*d.KeyHeads*d.HeadSize)
	return network, heads, float64(d.Layers)*(network+heads+keys) + float64(d.Width*d.Words)
}

// leaveRows leaves numbers inside networks out.
func (m *measured) leaveRows(ctx context.Context) error {
	network, _, step := m.weights()
	layers := float64(m.d.Layers)
	costs := float64(m.rank*(m.d.Width+2*m.d.Inner)) / network
	fmt.Printf("%d layers of %d numbers inside; networks are %.0f %% of a step's weights, the predictor of %d components costs %.0f %% of them\n", m.d.Layers, m.d.Inner, 100*layers*network/step, m.rank, 100*costs)
	fmt.Println("choice     share  of the greatest  divergence  same token  a step's weights read")
	for _, share := range m.shares {
		for _, choice := range []string{"oracle", "predicted", "random"} {
			var hit [2]int
			got, err := each(ctx, m.d, m.asked, hooks{rows: rows(choice, share, m.rows, &hit)})
			if err != nil {
				return err
			}
			divergence, same := compare(m.dense, got)
			read := share
			if choice == "predicted" {
				read = min(1, share+costs)
			}
			fmt.Printf("%-9s  %.2f   %.3f            %.4f      %5.1f %%     %.2f\n", choice, share, float64(hit[0])/float64(hit[1]), divergence, 100*same, 1-layers*network/step*(1-read))
		}
	}
	return nil
}

// leaveHeads leaves heads of attention out, and then numbers inside networks too.
func (m *measured) leaveHeads(ctx context.Context) error {
	network, of, step := m.weights()
	layers, count := float64(m.d.Layers), m.d.Heads
	costs := float64(m.rank * (m.d.Width + count)) // a layer's predictor
	fmt.Printf("%d heads a layer; their queries and what joins them are %.0f %% of a step's weights, a predictor %.1f %%\n", count, 100*layers*of/step, 100*layers*costs/step)
	fmt.Println("heads      kept   rows       share  of the greatest  divergence  same token  a step's weights read")
	line := func(choice string, most int, inside string, share float64) error {
		var hit, rowsHit [2]int
		hook, read := hooks{heads: m.heads.keep(choice, most, &hit)}, of*float64(count-most)/float64(count)
		if choice == "predicted" || choice == "before" {
			read -= costs
		}
		if inside != "all" {
			hook.rows = rows(inside, share, m.rows, &rowsHit)
			read += network * (1 - share)
			if inside == "predicted" {
				read -= float64(m.rank * (m.d.Width + 2*m.d.Inner))
			}
		}
		got, err := each(ctx, m.d, m.asked, hook)
		if err != nil {
			return err
		}
		divergence, same := compare(m.dense, got)
		fmt.Printf("%-9s  %5d  %-9s  %.2f   %.3f            %.4f      %5.1f %%     %.2f\n", choice, most, inside, share, float64(hit[0])/float64(hit[1]), divergence, 100*same, 1-layers*read/step)
		return nil
	}
	kept := func(share float64) int { return int(math.Ceil(share * float64(count))) }
	most := []int{count - 1}
	for _, share := range m.shares {
		if n := kept(share); n < most[len(most)-1] {
			most = append(most, n)
		}
	}
	for _, n := range most {
		for _, choice := range []string{"oracle", "predicted", "before", "static"} {
			if err := line(choice, n, "all", 1); err != nil {
				return err
			}
		}
	}
	for _, share := range m.shares[:min(2, len(m.shares))] {
		for _, choice := range []string{"oracle", "predicted"} {
			if err := line(choice, kept(share), choice, share); err != nil {
				return err
			}
		}
	}
	return nil
}

const prompt = 48 // tokens

// correct has the dense model read again what is written with half of the numbers inside networks, those predicted.
func (m *measured) correct(ctx context.Context, prompts []int32) error {
	fmt.Println("corrected: share  every  threshold  same tokens as dense  first difference  dense tokens read a token")
	var wanted [][]int32
	for i := range m.prompts {
		out, _, _, err := correction{every: 1, threshold: 1}.write(ctx, m.d, m.d.NewCache(), prompts[i*prompt:][:prompt], m.write)
		if err != nil {
			return err
		}
		wanted = append(wanted, out)
	}
	for _, k := range []correction{{every: 0}, {every: 16, threshold: .1}, {every: 8, threshold: .1}, {every: 8, threshold: .3}, {every: 4, threshold: .1}} {
		same, first, read := 0., 0., 0.
		for i, want := range wanted {
			var hit [2]int
			k.rows = rows("predicted", .5, m.rows, &hit)
			out, dense, _, err := k.write(ctx, m.d, m.d.NewCache(), prompts[i*prompt:][:prompt], m.write)
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
		n := float64(m.prompts)
		fmt.Printf("           %.2f  %5d  %.2f       %5.1f %%               %5.1f             %.2f\n", .5, k.every, k.threshold, 100*same/n/float64(m.write), first/n, read/n/float64(m.write))
	}
	return nil
}

// hooks leave parts of a model out; nil for none.
type hooks struct {
	rows  func(layer int, x, gate, up []float32)
	heads func(layer int, x, given []float32)
}

// each are the logits after each token of a text.
func each(ctx context.Context, d *decoder.Decoder, ids []int32, leave hooks) (all [][]float32, err error) {
	c := d.NewCache()
	c.Inside, c.Heads = leave.rows, leave.heads
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
