package model

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/weights"
)

// head is that of masked language models.
type head struct {
	dense linear
	act   func([]float32)
	norm  norm
	words linear // width → vocab
}

// classifier scores sequences, or each token of them.
type classifier struct {
	dense  linear // absent before the labels of tokens, for most
	act    func([]float32)
	norm   norm
	out    linear
	tokens bool
	mean   bool // of all states, not that of the first token
}

// projection is a dense layer behind pooling, or for each token.
type projection struct {
	linear
	act func([]float32)
}

// Sparse says how logits become weights of words.
type Sparse struct {
	Sum    bool // over the tokens, of weights, not the greatest
	Double bool // log(1 + log(1 + x))
}

// heads loads what stands behind the encoder.
func (e *Encoder) heads(l *loader) {
	name := architecture(e.Config)
	f := l.form
	switch {
	case masked(e.Config) && l.has(f.masked.dense+".weight"):
		e.head, e.Pooling = l.head(e.Config), Terms
	case strings.HasSuffix(name, "ForSequenceClassification"):
		e.class = l.classifier(e.Config, false)
		if e.Prunes {
			e.prune = &classifier{tokens: true, out: l.linear(e.Width, 2, "pruning_head.classifier")}
		}
	case strings.HasSuffix(name, "ForTokenClassification"):
		e.class = l.classifier(e.Config, true)
	}
}

func architecture(c Config) string {
	if len(c.Architectures) != 1 {
		return ""
	}
	return c.Architectures[0]
}

func masked(c Config) bool { return strings.HasSuffix(architecture(c), "ForMaskedLM") }

func (l *loader) has(name string) bool {
	_, ok := l.find(name)
	return ok
}

func (l *loader) head(c Config) *head {
	m := l.form.masked
	h := &head{dense: l.linear(c.Width, c.Width, m.dense), norm: l.norm(m.norm, c)}
	h.act, _ = activation(c.Activation)
	if c.family == "roberta" || c.family == "xlm-roberta" || c.family == "mpnet" || c.family == "nomic_bert" {
		h.act = simd.GELU // whatever the layers have
	}
	words, bias := l.form.words+".weight", m.bias
	if l.has(m.decoder + ".weight") {
		words = m.decoder + ".weight"
	}
	if !l.has(bias) {
		bias = m.decoder + ".bias" // some files have it there
	}
	w, b := l.floats(words, c.Words, c.Width), l.bias(bias, c.Words)
	if l.err != nil {
		return nil
	}
	h.words = l.pack(w, b, c.Width, c.Words)
	return h
}

func (l *loader) classifier(c Config, tokens bool) *classifier {
	n := l.form.classify
	if n.out == "" {
		l.err = fmt.Errorf("%w: classification by a %s", ErrUnsupported, screen.Name(c.Type))
		return nil
	}
	k := &classifier{tokens: tokens, mean: c.Pools == "mean"}
	if tokens {
		n.out = "classifier"
	}
	if !tokens || n.norm != "" {
		k.dense, k.act = l.linear(c.Width, c.Width, n.dense), activations[n.activation]
		if n.norm != "" {
			k.norm = l.norm(n.norm, c)
		}
	}
	labels := 0
	if t, ok := l.find(n.out + ".weight"); ok && len(t.Shape) == 2 {
		labels = t.Shape[0]
	}
	k.out = l.linear(c.Width, labels, n.out)
	if l.err == nil && labels == 0 {
		l.err = fmt.Errorf("tensor %s.weight has no labels", n.out)
	}
	return k
}

// readUse reads what the folder says about vectors: pooling, dense layers, how wide.
func (e *Encoder) readUse(dir string) error {
	if e.head != nil {
		var p struct {
			Strategy   string `json:"pooling_strategy"`
			Activation string `json:"activation_function"`
		}
		for _, name := range []string{"1_SpladePooling", "1_SpladePooler", "document_1_SpladePooling"} {
			path := filepath.Join(dir, name, "config.json")
			switch err := readJSON(path, &p); {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				return err
			case p.Strategy != "" && p.Strategy != "max" && p.Strategy != "sum" || p.Activation != "" && p.Activation != "relu" && p.Activation != "log1p_relu":
				return fmt.Errorf("%s: %w: pooling is max or sum, of relu or log1p_relu", path, ErrUnsupported)
			}
		}
		e.Sparse = Sparse{Sum: p.Strategy == "sum", Double: p.Activation == "log1p_relu"}
		return nil
	}
	var err error
	if e.Pooling, err = readPooling(dir); err != nil {
		return err
	}
	var use struct {
		Cut int `json:"truncate_dim"`
	}
	if err := readJSON(filepath.Join(dir, "config_sentence_transformers.json"), &use); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	e.Cut = max(0, use.Cut)
	return e.readDense(dir)
}

func readPooling(dir string) (Pooling, error) {
	var p struct {
		CLS  bool `json:"pooling_mode_cls_token"`
		Mean bool `json:"pooling_mode_mean_tokens"`
		Max  bool `json:"pooling_mode_max_tokens"`
		Root bool `json:"pooling_mode_mean_sqrt_len_tokens"`
		Last bool `json:"pooling_mode_lasttoken"`

		Mode string `json:"pooling_mode"` // of later versions
	}
	path := filepath.Join(dir, "1_Pooling", "config.json")
	err := readJSON(path, &p)
	p.CLS, p.Mean, p.Last = p.CLS || p.Mode == "cls", p.Mean || p.Mode == "mean", p.Last || p.Mode == "lasttoken"
	switch one := !p.Max && !p.Root && slices.Contains([]string{"", "cls", "mean", "lasttoken"}, p.Mode); {
	case errors.Is(err, fs.ErrNotExist):
		return Mean, nil
	case err != nil:
		return 0, err
	case one && p.CLS && !p.Mean && !p.Last:
		return CLS, nil
	case one && p.Mean && !p.CLS && !p.Last:
		return Mean, nil
	case one && p.Last && !p.CLS && !p.Mean:
		return Last, nil
	}
	return 0, fmt.Errorf("%s: %w: pooling is that of the first or last token or the mean, and one of them alone", path, ErrUnsupported)
}

// readDense reads the dense layers behind pooling: the folders 2_Dense, 3_Dense and so
// on; 1_Dense, without pooling before it, is for each token (ColBERT).
func (e *Encoder) readDense(dir string) error {
	width := e.Width
	for i := 1; i < 10; i++ {
		folder := filepath.Join(dir, fmt.Sprintf("%d_Dense", i))
		var c struct {
			In         int    `json:"in_features"`
			Out        int    `json:"out_features"`
			Activation string `json:"activation_function"`
		}
		err := readJSON(filepath.Join(folder, "config.json"), &c)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if c.In != width || c.Out < 1 || c.Out > mostWidth || c.Out%simd.Columns != 0 {
			return fmt.Errorf("%s: %w: %d numbers of %d; of those before there are %d, and the result has a multiple of %d", folder, ErrUnsupported, c.Out, c.In, width, simd.Columns)
		}
		d, err := openDense(folder, c.In, c.Out, e.Precision)
		if err != nil {
			return err
		}
		switch kind := c.Activation[strings.LastIndexByte(c.Activation, '.')+1:]; kind {
		case "", "Identity":
		case "Tanh", "ReLU", "GELU", "SiLU":
			d.act = activations[strings.ToLower(kind)]
		default:
			return fmt.Errorf("%s: %w: activation_function %s", folder, ErrUnsupported, screen.Name(c.Activation))
		}
		if e.Tokens = i == 1; e.Tokens {
			e.each = d
			return nil
		}
		e.dense, width = append(e.dense, d), c.Out
	}
	return nil
}

func openDense(folder string, in, out int, p Precision) (projection, error) {
	set, err := weights.OpenFolder(folder)
	if err != nil {
		return projection{}, err
	}
	defer set.Close()
	l := &loader{set: set, precision: p, form: family{biasless: true}}
	return projection{linear: l.linear(in, out, "linear")}, l.err
}

// States returns the last states of each sequence: a row of Width numbers a token.
func (e *Encoder) States(sequences [][]int32) (states [][]float32, err error) {
	err = e.run(sequences, nil, func(_ *room, x []float32) error {
		for _, ids := range sequences {
			n := len(ids) * e.Width
			states = append(states, slices.Clone(x[:n]))
			x = x[n:]
		}
		return nil
	})
	return states, err
}

// Dense returns a vector of length 1 for each sequence, by the model's pooling.
func (e *Encoder) Dense(sequences [][]int32) (vectors [][]float32, err error) {
	err = e.run(sequences, nil, func(r *room, x []float32) error {
		for i, ids := range sequences {
			from, to := 0, len(ids)
			switch e.Pooling {
			case CLS:
				to = 1
			case Last:
				from = to - 1
			}
			v, err := e.pooled(r, x, from, to)
			if err != nil {
				return fmt.Errorf("sequence %d: %w", i, err)
			}
			vectors = append(vectors, v)
			x = x[len(ids)*e.Width:]
		}
		return nil
	})
	return vectors, err
}

// Spans returns a vector of length 1 for each span of the tokens of one sequence, made of the
// mean of their states.
func (e *Encoder) Spans(sequence []int32, spans [][2]int) (vectors [][]float32, err error) {
	err = e.run([][]int32{sequence}, nil, func(r *room, x []float32) error {
		for i, s := range spans {
			if s[0] < 0 || s[0] >= s[1] || s[1] > len(sequence) {
				return fmt.Errorf("span %d, %v, is none of %d tokens", i, s, len(sequence))
			}
			v, err := e.pooled(r, x, s[0], s[1])
			if err != nil {
				return fmt.Errorf("span %d: %w", i, err)
			}
			vectors = append(vectors, v)
		}
		return nil
	})
	return vectors, err
}

// pooled is the vector of a range of states.
func (e *Encoder) pooled(r *room, x []float32, from, to int) ([]float32, error) {
	v := e.project(r, e.pool(x, from, to))
	if e.Cut > 0 {
		v = v[:min(e.Cut, len(v))]
	}
	if !normalise(v) {
		return nil, errors.New("the model's answer is not a number: its weights are damaged")
	}
	return v, nil
}

// pool makes one state of those of a range.
func (e *Encoder) pool(x []float32, from, to int) []float32 {
	v := make([]float32, e.Width)
	for j := from; j < to; j++ {
		for k := range v {
			v[k] += x[j*e.Width+k]
		}
	}
	if len(e.dense) > 0 { // what follows takes the mean, not the sum
		for k := range v {
			v[k] /= float32(to - from)
		}
	}
	return v
}

// project takes a vector through the dense layers behind pooling.
func (e *Encoder) project(r *room, v []float32) []float32 {
	for _, d := range e.dense {
		y := make([]float32, simd.Padded(d.out))
		d.apply(r, y, v, 1)
		if d.act != nil {
			d.act(y)
		}
		v = y[:d.out]
	}
	return v
}

// normalise makes the length of v 1, and says whether that can be.
func normalise(v []float32) bool {
	sum := 0.
	for _, x := range v {
		sum += float64(float64(x) * float64(x)) // rounded by itself on every machine
	}
	if !(sum > 0) || math.IsInf(sum, 0) {
		return false
	}
	factor := 1 / math.Sqrt(sum)
	for i := range v {
		v[i] = float32(float64(v[i]) * factor)
	}
	return true
}

// Weights returns, for each sequence, a weight for each word of the vocabulary, most
// of them 0. The model must have the head (Pooling is Terms).
func (e *Encoder) Weights(sequences [][]int32) (all [][]float32, err error) {
	if e.head == nil {
		return nil, fmt.Errorf("%w: the model has no masked-language head, which makes weights of words", ErrUnsupported)
	}
	err = e.run(sequences, nil, func(r *room, x []float32) error {
		for i, ids := range sequences {
			n := len(ids) * e.Width
			w := make([]float32, e.Words)
			e.head.weights(r, w, x[:n], len(ids), e.Sparse)
			if slices.ContainsFunc(w, func(v float32) bool { return v-v != 0 }) {
				return fmt.Errorf("sequence %d: the model's answer is not a number: its weights are damaged", i)
			}
			all = append(all, w)
			x = x[n:]
		}
		return nil
	})
	return all, err
}

// Multi returns a vector of length 1 for each token of each sequence, by the
// projection of the folder.
func (e *Encoder) Multi(sequences [][]int32) (all [][][]float32, err error) {
	if !e.Tokens {
		return nil, fmt.Errorf("%w: the folder has no projection of tokens (1_Dense)", ErrUnsupported)
	}
	err = e.run(sequences, nil, func(r *room, x []float32) error {
		for i, ids := range sequences {
			y := make([]float32, len(ids)*e.each.out)
			e.each.apply(r, y, x, len(ids))
			var vectors [][]float32
			for v := range slices.Chunk(y, e.each.out) {
				if !normalise(v) {
					return fmt.Errorf("sequence %d: the model's answer is not a number: its weights are damaged", i)
				}
				vectors = append(vectors, v)
			}
			all = append(all, vectors)
			x = x[len(ids)*e.Width:]
		}
		return nil
	})
	return all, err
}

// Labels returns the scores of the model's labels, which are logits: a list for each
// sequence, or, of a model that labels tokens, those of each token one after the other.
// kinds say which text of a pair each token is of; nil for texts alone.
func (e *Encoder) Labels(sequences, kinds [][]int32) (all [][]float32, err error) {
	all, _, err = e.Judge(sequences, kinds)
	return all, err
}

// Judge returns the scores of Labels and, of a model that prunes, the probability for each
// token that it is worth keeping.
func (e *Encoder) Judge(sequences, kinds [][]int32) (all, kept [][]float32, err error) {
	if e.class == nil {
		return nil, nil, fmt.Errorf("%w: the model has no labels", ErrUnsupported)
	}
	err = e.run(sequences, kinds, func(r *room, x []float32) error {
		before := x // the last norm, where there is one
		if len(r.unnormed) == len(x) {
			before = r.unnormed
		}
		for i, ids := range sequences {
			n := len(ids) * e.Width
			scores := e.class.labels(r, x[:n], len(ids))
			var keep []float32
			if e.prune != nil {
				keep = Kept(e.prune.labels(r, before[:n], len(ids)))
			}
			if slices.ContainsFunc(slices.Concat(scores, keep), func(v float32) bool { return v-v != 0 }) {
				return fmt.Errorf("sequence %d: the model's answer is not a number: its weights are damaged", i)
			}
			all, kept = append(all, scores), append(kept, keep)
			x, before = x[n:], before[n:]
		}
		return nil
	})
	return all, kept, err
}

// Scores is how many labels a sequence has; 0 of a model that has none, or labels tokens.
func (e *Encoder) Scores() int {
	if e.class == nil || e.class.tokens {
		return 0
	}
	return e.class.out.out
}

// Out is how many numbers the vector of a text has.
func (e *Encoder) Out() int {
	n := e.Width
	if len(e.dense) > 0 {
		n = e.dense[len(e.dense)-1].out
	}
	if e.Cut > 0 {
		n = min(n, e.Cut)
	}
	return n
}

// LabelWidth is how many labels a sequence or a token has; 0 of a model that has none.
func (e *Encoder) LabelWidth() int {
	if e.class == nil {
		return 0
	}
	return e.class.out.out
}

// Projected is how many numbers the vector of a token has, of a model that makes such.
func (e *Encoder) Projected() int { return e.each.out }

func (k *classifier) labels(r *room, x []float32, rows int) []float32 {
	width := k.out.in
	if !k.tokens {
		state := slices.Clone(x[:width])
		for i := width; i < len(x) && k.mean; i++ {
			state[i%width] += x[i]
		}
		for i := range state {
			if k.mean {
				state[i] /= float32(rows)
			}
		}
		x, rows = state, 1
	}
	if k.act != nil {
		y := make([]float32, rows*width)
		k.dense.apply(r, y, x, rows)
		k.act(y)
		if k.norm.weight != nil {
			k.norm.apply(y)
		}
		x = y
	}
	padded := simd.Padded(k.out.out)
	y := make([]float32, rows*padded)
	k.out.apply(r, y, x, rows)
	scores := make([]float32, 0, rows*k.out.out)
	for i := range rows {
		scores = append(scores, y[i*padded:][:k.out.out]...)
	}
	return scores
}

// Kept is the probability of the last of two labels for each token: that a pruner keeps
// it.
func Kept(labels []float32) []float32 {
	p := make([]float32, len(labels)/2)
	for i := range p {
		p[i] = float32(portable.Logistic(float64(labels[2*i+1]) - float64(labels[2*i])))
	}
	return p
}

// weights overwrites dst with the weight of each word: log(1 + max(0, logit)), of the
// greatest logit or summed over the tokens.
func (h *head) weights(r *room, dst, x []float32, rows int, s Sparse) {
	width := h.dense.in
	y := sized(&r.mixed, rows*width)
	h.dense.apply(r, y, x, rows)
	h.act(y)
	h.norm.apply(y)
	logits := sized(&r.inner, blockRows*blockWords)
	greatest := sized(&r.scores, blockWords)
	h.words.quantize(r, y, rows)
	blocks(simd.Padded(h.words.out), blockWords, func(first, end int) {
		n := end - first
		blocks(rows, blockRows, func(from, to int) {
			h.words.columns(r, logits, n, y, from, to-from, first, n)
			for i := from; i < to; i++ {
				row := logits[(i-from)*n:][:n]
				if s.Sum {
					for j := range row {
						row[j] = s.weight(row[j])
					}
				}
				switch {
				case i == 0:
					copy(greatest, row)
				case s.Sum:
					for j, v := range row {
						greatest[j] += v
					}
				default:
					simd.Raise(greatest[:n], row)
				}
			}
		})
		for j, v := range greatest[:min(n, len(dst)-first)] {
			if !s.Sum {
				v = s.weight(v)
			}
			dst[first+j] = v
		}
	})
}

func (s Sparse) weight(logit float32) float32 {
	v := portable.Log(1 + float64(max(logit, 0)))
	if s.Double {
		v = portable.Log(1 + v)
	}
	return float32(v)
}
