// Package lens shows what a text becomes inside of a language model, layer by layer: how near each layer
// is to an affine map, how much a state tells of the tokens before its own, in how many dimensions
// states lie, and what the model would say if it ended there.
//
// The measures are those of LLM-Microscope (Razzhigaev et al. 2025, 2502.15007) but for one. How much of its
// past a token carries is there the loss of a reader that is trained to write the text again from states;
// here the reader is an affine map to the embeddings of a few tokens before, so that any model can be
// looked at in a minute. It finds what lies open in a state, and less than a trained reader would.
//
// Maps are fitted on half of the windows of a text and judged on the other, and the other way round,
// since a map with as many numbers as a state fits any text of as many tokens. The first token of a window
// is left out: it is where trained models put attention that has nowhere to go, and its state is so great
// that nothing else would count.
package lens

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"unicode"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/text"
)

// Options say what is read.
type Options struct {
	Tokens int // at most; 0 for DefaultTokens
	Window int // tokens that are read by themselves; 0 for DefaultWindow
	// Progress, where not nil, is told how many of the steps are done.
	Progress func(done, all int)
}

// What is read where nothing else is said.
const (
	DefaultTokens = 4096
	DefaultWindow = 256
)

const (
	fewest    = 16   // windows of less are of no use
	projected = 64   // numbers of an embedding that is to be read out of a state
	pairs     = 600  // tokens whose neighbours are looked for
	asked     = 128  // tokens after which layers are asked for what comes next
	tried     = 256  // tokens that choose how sure a reader is
	cautious  = .1   // penalty of readers of the past
	memory    = 4e9  // bytes of states
	most      = 1200 // tokens of the report
)

// Distances are how far before a token those stand that its state is asked for.
var Distances = []int{1, 2, 4}

const farthest = 4

// Layer is what leaves a layer, or comes to the first where Number is 0.
type Layer struct {
	Number int `json:"layer"`
	// Linearity is the share of a state that an affine map of the state before the layer gives, on tokens
	// that the map was not fitted to; Fitted on those that it was, which is too much where they are few. Update is Linearity of
	// what the layer adds alone: a layer that adds little is nearly linear whatever it does. All are of layers from 1 on.
	Linearity float64 `json:"linearity"`
	Fitted    float64 `json:"linearity_fitted"`
	Update    float64 `json:"linearity_update"`
	// Anisotropy is the share of the variance that lies in one direction, Dimension the intrinsic one.
	Anisotropy float64 `json:"anisotropy"`
	Dimension  float64 `json:"dimension"`
	// Context is how many nats a state tells of the tokens at Distances before its own beyond how often
	// these come, in sum; Share of all there are to tell. By is Context by distance.
	Context float64   `json:"context_nats"`
	Share   float64   `json:"context_share"`
	By      []float64 `json:"context_by_distance"`
	// Next is the mean probability of the token that comes, Nats the mean of its negative logarithm, if the model ended here; Agrees
	// how often its choice is that of the last layer.
	Next   float64 `json:"next_probability"`
	Nats   float64 `json:"next_nats"`
	Agrees float64 `json:"agrees"`
}

// Token is one of the text, without the first of each window.
type Token struct {
	Text string `json:"text"`
	Kind string `json:"kind"`
	// Context is what its states tell of the tokens before it beyond what the token itself tells, the mean of the
	// layers, in nats; 0 for one that has not four before it in its window. Unlike is
	// how much an affine map leaves of it, beside the mean token's variance, the mean of the layers.
	Context float64 `json:"context_nats"`
	Unlike  float64 `json:"nonlinearity"`
	Place   int     `json:"place"` // in its window
}

// Kind is a kind of tokens, with the means of those that have a whole past.
type Kind struct {
	Name    string  `json:"kind"`
	Tokens  int     `json:"tokens"`
	Context float64 `json:"context_nats"`
	Unlike  float64 `json:"nonlinearity"`
}

// Report is what is found.
type Report struct {
	Model  string  `json:"model"`
	Text   string  `json:"text"`
	Tokens int     `json:"tokens"`
	Window int     `json:"window"`
	Width  int     `json:"width"`
	Scarce bool    `json:"scarce"` // maps are fitted to fewer than two tokens for each number of a state
	Layers []Layer `json:"layers"` // from what comes to the first layer on
	Kinds  []Kind  `json:"kinds"`
	First  []Token `json:"first"` // tokens of the text
}

// look is what is read of a text.
type look struct {
	d         *decoder.Decoder
	window    int
	ids       []int32
	texts     []string
	states    []rows   // by layer
	kept      []int    // tokens that are not the first of a window
	halves    [2][]int // of these
	words     []int32  // that the text has
	place     []int    // in words, by token
	codes     rows     // of words
	packed    []float32
	frequency [2][]float64 // logarithms, in each half
}

// Run reads a text.
func Run(ctx context.Context, d *decoder.Decoder, textRead string, o Options) (*Report, error) {
	if o.Tokens <= 0 {
		o.Tokens = DefaultTokens
	}
	if o.Window <= 0 {
		o.Window = DefaultWindow
	}
	o.Window = min(o.Window, d.Positions)
	if o.Window < fewest {
		return nil, fmt.Errorf("windows of %d tokens: %d are the fewest", o.Window, fewest)
	}
	o.Tokens = min(o.Tokens, int(memory/4)/((d.Layers+1)*d.Width))
	l, err := read(ctx, d, textRead, &o)
	if err != nil {
		return nil, err
	}
	if err := l.code(); err != nil {
		return nil, err
	}
	r := &Report{Tokens: len(l.ids), Window: o.Window, Width: d.Width, Layers: make([]Layer, d.Layers+1), Scarce: len(l.halves[0]) < 2*d.Width}
	contexts, unlikes := make([][]float64, d.Layers+1), make([][]float64, d.Layers+1)
	work, done := make(chan int), 0
	var wait sync.WaitGroup
	var lock sync.Mutex
	for range max(1, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range work {
				x, context, unlike := l.layer(i)
				lock.Lock()
				r.Layers[i], contexts[i], unlikes[i] = x, context, unlike
				if done++; o.Progress != nil {
					o.Progress(len(l.ids)+done, len(l.ids)+d.Layers+1)
				}
				lock.Unlock()
			}
		})
	}
	for i := range d.Layers + 1 {
		if ctx.Err() == nil {
			work <- i
		}
	}
	close(work)
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := l.told(r); err != nil {
		return nil, err
	}
	tokens := make([]Token, len(l.ids))
	for t := range tokens {
		for i := 1; i <= d.Layers; i++ {
			tokens[t].Context += (contexts[i][t] - contexts[0][t]) / float64(d.Layers)
			tokens[t].Unlike += unlikes[i][t] / float64(d.Layers)
		}
	}
	return r, l.tokens(r, tokens)
}

// read takes the states of a text, window by window.
func read(ctx context.Context, d *decoder.Decoder, s string, o *Options) (*look, error) {
	l := &look{d: d, window: o.Window, states: make([]rows, d.Layers+1)}
	for _, t := range d.Tokenizer.Encode(s, -1) {
		if t.Start < t.End && len(l.ids) < o.Tokens { // none that the tokenizer puts around
			l.ids, l.texts = append(l.ids, t.ID), append(l.texts, s[t.Start:t.End])
		}
	}
	n := len(l.ids) / o.Window * o.Window
	if n < 4*o.Window {
		return nil, fmt.Errorf("the text has %d tokens, four windows of %d are needed: name a longer one, or give a smaller --window", len(l.ids), o.Window)
	}
	l.ids, l.texts = l.ids[:n], l.texts[:n]
	for i := range l.states {
		l.states[i] = rows{d.Width, make([]float32, 0, n*d.Width)}
	}
	before := d.Tokenizer.Before
	for from := 0; from < n; from += o.Window {
		c := d.NewCache()
		if len(before) > 0 && len(before)+o.Window <= d.Positions {
			if _, err := d.Read(ctx, c, before); err != nil {
				return nil, err
			}
		}
		c.Between = func(layer int, x []float32) { l.states[layer].x = append(l.states[layer].x, x...) }
		if _, err := d.Read(ctx, c, l.ids[from:from+o.Window]); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(from+o.Window, n+d.Layers+1)
		}
	}
	for t := range l.ids {
		if t%o.Window > 0 {
			l.kept = append(l.kept, t)
			l.halves[t/o.Window%2] = append(l.halves[t/o.Window%2], t)
		}
	}
	for i := range l.states {
		for _, v := range l.states[i].x {
			if v != v || v > math.MaxFloat32 || v < -math.MaxFloat32 {
				return nil, fmt.Errorf("layer %d: a state has no numbers: the model's weights are damaged", i)
			}
		}
	}
	return l, nil
}

// code gives each word of the text a few numbers: its embedding, centred, drawn into fewer dimensions at
// random, of length 1.
func (l *look) code() error {
	at := map[int32]int{}
	for _, id := range l.ids {
		if _, ok := at[id]; !ok {
			at[id] = len(l.words)
			l.words = append(l.words, id)
		}
		l.place = append(l.place, at[id])
	}
	width := l.d.Width
	embedded, err := l.d.Embed(l.words)
	if err != nil {
		return err
	}
	all := rows{width, embedded}
	mean := make([]float32, width)
	for i := range l.words {
		for j, v := range all.at(i) {
			mean[j] += v / float32(len(l.words))
		}
	}
	random := rand.New(rand.NewPCG(1, 0x6c656e73))
	directions := make([]float32, projected*width)
	for i := range directions {
		directions[i] = float32(random.NormFloat64())
	}
	l.codes = rows{projected, make([]float32, len(l.words)*projected)}
	for i := range l.words {
		length := 0.0
		code := l.codes.at(i)
		for k := range code {
			for j, v := range all.at(i) {
				code[k] += (v - mean[j]) * directions[k*width+j]
			}
			length += float64(code[k]) * float64(code[k])
		}
		for k := range code {
			code[k] /= float32(math.Sqrt(length) + 1e-12)
		}
	}
	l.packed = make([]float32, projected*simd.Padded(len(l.words)))
	simd.Pack(l.packed, projected, len(l.words), func(i, j int) float32 { return l.codes.at(j)[i] })
	for h := range l.frequency {
		count := make([]float64, len(l.words))
		for _, t := range l.halves[h] {
			count[l.place[t]]++
		}
		for w, c := range count {
			count[w] = math.Log((c + 1) / float64(len(l.halves[h])+len(l.words)))
		}
		l.frequency[h] = count
	}
	return nil
}

// layer measures a layer: itself, and of each token what its state tells and what a map leaves of it.
func (l *look) layer(i int) (r Layer, context, unlike []float64) {
	r.Number = i
	context = make([]float64, len(l.ids))
	x := l.states[i]
	sample := l.kept
	if len(sample) > pairs {
		sample = make([]int, pairs)
		for k := range sample {
			sample[k] = l.kept[k*len(l.kept)/pairs]
		}
	}
	r.Anisotropy, r.Dimension = anisotropy(x, l.kept), dimension(x, sample)
	if i > 0 {
		before := l.states[i-1]
		unlike = make([]float64, len(l.ids))
		var left, fitted, all, added float64
		// The map is fitted to what the layer adds, so that where little is known of it nothing is added.
		adds := more(x, before)
		over, own := crossed(before, adds, l.halves)
		for h, half := range l.halves {
			whole := varied(x, half)
			all += whole
			added += varied(adds, half)
			left += sum(over[h])
			fitted += sum(own[h])
			for k, v := range over[h] {
				unlike[half[k]] = v / (whole/float64(len(half)) + 1e-30)
			}
		}
		share := func(left, of float64) float64 {
			if of == 0 {
				return 1 // nothing to explain, and nothing left
			}
			return 1 - left/of
		}
		r.Linearity, r.Fitted, r.Update = share(left, all), share(fitted, all), share(left, added)
	}
	var possible float64
	r.By, possible = l.past(x, context)
	for _, v := range r.By {
		r.Context += v
	}
	r.Share = max(0, r.Context/max(possible, 1e-9))
	return r, context, unlike
}

// past adds to context how many nats states tell of the tokens at Distances before theirs, beyond how often
// these come; it returns the mean for each distance, and how many there are to tell in all.
func (l *look) past(x rows, context []float64) (by []float64, possible float64) {
	y := rows{projected * len(Distances), make([]float32, len(l.ids)*projected*len(Distances))}
	var some [2][]int // tokens with so long a past
	for h := range some {
		for _, t := range l.halves[h] {
			if t%l.window >= farthest {
				for k, d := range Distances {
					copy(y.at(t)[k*projected:], l.codes.at(l.place[t-d]))
				}
				some[h] = append(some[h], t)
			}
		}
	}
	var made [2]rows // by the map of the other half
	for h := range some {
		made[1-h] = fit(x, y, some[h], cautious).of(x, some[1-h])
	}
	by = make([]float64, len(Distances))
	all := float64(len(some[0]) + len(some[1]))
	for k, d := range Distances {
		for h := range some {
			// How sure a reader may be is what serves the other half best, which its map has not seen either.
			sure, best := 0.0, 0.0
			for _, s := range []float64{2, 4, 8, 16, 32, 64} {
				sum := 0.0
				for n := range min(tried, len(some[1-h])) {
					n = n * len(some[1-h]) / min(tried, len(some[1-h]))
					g, _ := l.gain(made[1-h].at(n)[k*projected:], some[1-h][n]-d, s, 1-h)
					sum += g
				}
				if sum > best {
					sure, best = s, sum
				}
			}
			for n, t := range some[h] {
				g, most := l.gain(made[h].at(n)[k*projected:], t-d, sure, h)
				context[t] += g
				by[k] += g / all
				possible += most / all
			}
		}
	}
	return by, possible
}

// gain is how many nats what a reader made tells of a token in a half, where it is so sure; and how many it could.
func (l *look) gain(made []float32, token int, sure float64, half int) (gain, possible float64) {
	prior := l.frequency[1-half]
	right := l.place[token]
	if sure == 0 {
		return 0, -prior[right]
	}
	wide := simd.Padded(len(l.words))
	out := make([]float32, wide)
	simd.Multiply(out, wide, made, projected, l.packed, make([]float32, wide), 1, projected, len(l.words))
	sum := 0.0
	for w := range l.words {
		sum += math.Exp(sure*float64(out[w]) + prior[w])
	}
	return sure*float64(out[right]) - math.Log(sum), -prior[right]
}

// told asks layers for what comes next.
func (l *look) told(r *Report) error {
	var some []int
	for k := range min(asked, len(l.kept)) {
		if t := l.kept[k*len(l.kept)/min(asked, len(l.kept))]; (t+1)%l.window > 0 {
			some = append(some, t)
		}
	}
	choice := make([]int, len(some))
	for i := len(l.states) - 1; i >= 0; i-- {
		for from := 0; from < len(some); from += decoder.MostEach {
			part := some[from:min(from+decoder.MostEach, len(some))]
			var states []float32
			for _, t := range part {
				states = append(states, l.states[i].at(t)...)
			}
			all, err := l.d.Told(states)
			if err != nil {
				return err
			}
			for k, logits := range all {
				first, sum := 0, 0.0
				for w, v := range logits {
					if v > logits[first] {
						first = w
					}
				}
				for _, v := range logits {
					sum += math.Exp(float64(v - logits[first]))
				}
				nats := math.Log(sum) - float64(logits[l.ids[part[k]+1]]-logits[first])
				r.Layers[i].Nats += nats / float64(len(some))
				r.Layers[i].Next += math.Exp(-nats) / float64(len(some))
				if i == len(l.states)-1 {
					choice[from+k] = first
				}
				if choice[from+k] == first {
					r.Layers[i].Agrees += 1 / float64(len(some))
				}
			}
		}
	}
	return nil
}

// The kinds of tokens.
const (
	punctuation = "punctuation"
	number      = "numbers"
	stop        = "stop words"
	word        = "other words"
	rest        = "rests of words"
	space       = "white space"
)

func (l *look) tokens(r *Report, all []Token) error {
	an, err := text.NewAnalyzer("english")
	if err != nil {
		return errors.Join(errors.New("stop words"), err)
	}
	byKind := map[string]*Kind{}
	for _, k := range []string{punctuation, stop, word, rest, number, space} {
		byKind[k] = &Kind{Name: k}
	}
	for _, t := range l.kept {
		x := &all[t]
		x.Text, x.Place, x.Kind = l.texts[t], t%l.window, kindOf(an, l.texts[t], l.texts[t-1])
		if len(r.First) < most {
			r.First = append(r.First, *x)
		}
		if x.Place < farthest {
			continue
		}
		k := byKind[x.Kind]
		k.Tokens++
		k.Context += x.Context
		k.Unlike += x.Unlike
	}
	for _, name := range []string{punctuation, stop, word, rest, number, space} {
		if k := byKind[name]; k.Tokens > 0 {
			k.Context /= float64(k.Tokens)
			k.Unlike /= float64(k.Tokens)
			r.Kinds = append(r.Kinds, *k)
		}
	}
	return nil
}

// kindOf is the kind of a token after another.
func kindOf(an *text.Analyzer, s, before string) string {
	letters, digits, signs := 0, 0, 0
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsDigit(r):
			digits++
		case !unicode.IsSpace(r):
			signs++
		}
	}
	ends := []rune(before)
	switch {
	case letters+digits+signs == 0:
		return space
	case letters == 0 && digits > 0:
		return number
	case letters == 0:
		return punctuation
	case unicode.IsLetter([]rune(s)[0]) && len(ends) > 0 && unicode.IsLetter(ends[len(ends)-1]):
		return rest
	case len(an.Terms(nil, s)) == 0:
		return stop
	}
	return word
}
