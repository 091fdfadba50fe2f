package encode

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/vector"
)

const (
	causalVersion = 1    // is to be counted up where the vectors of a text change
	causalTerms   = 256  // of a sparse vector, where nothing is said
	mostCausal    = 2048 // tokens of a text, whatever a model takes
	mostWeight    = 4    // of a term: that of a logit of 53, where what a decoder says ends
)

// What stands around both copies of an echoed text. Any words that ask for the text again do (Springer
// et al. 2024).
const echoFirst, echoAgain = "Say the text again. Text: ", "\nThe text again: "

// Causal makes vectors with a language model, whose tokens read those before them alone. It says of itself how
// the states of a text become one vector, in the files of sentence-transformers or under pooling_type in
// a GGUF file; or what stands behind a # in its name does. Texts are read one by one, so that nothing is padded,
// and a vector does not depend on what is encoded beside it. Several goroutines may use it.
type Causal struct {
	model   *decoder.Decoder
	reading reading
	apart   bool // what stands before a text is not pooled
	most    int
	cut     int // of a dense vector: its first numbers alone; 0 for all
	prompts map[string]string
	input   Input
	place   string
	name    string
	caches  sync.Pool // of *decoder.Cache
}

// reading is how a text becomes a vector.
type reading struct {
	pooling string // "mean", "weightedmean" (a token weighs what its place is, from 1 on), "last" or "terms"
	terms   int    // of a sparse vector at most
	echo    bool   // the text is read twice, and its second copy pooled
	f32     bool
}

func (r reading) String() string {
	if r.echo {
		return "echo " + r.pooling
	}
	return r.pooling
}

// causalPath is the path in the name of a model, and what is asked for behind it; "" for nothing.
func causalPath(name string) (path, asked string) {
	if _, err := os.Stat(name); err == nil {
		return name, ""
	}
	if i := strings.LastIndexByte(name, '#'); i > 0 {
		return name[:i], name[i+1:]
	}
	return name, ""
}

// IsCausal says whether a name is that of a language model.
func IsCausal(name string) bool {
	path, asked := causalPath(name)
	return asked != "" || decoder.Knows(path)
}

// OpenCausal loads the language model in a GGUF file or a folder. Behind a # may stand what its files do not say, or
// say otherwise, with commas between: mean, weightedmean, last, or terms (sparse vectors, of 256 terms; terms:100 for
// others); echo; f32, which rounds no weights and states.
func OpenCausal(name string, p model.Precision) (*Causal, error) {
	path, asked := causalPath(name)
	e := &Causal{input: DefaultInput, reading: reading{terms: causalTerms, f32: p == model.F32}}
	folder, err := e.readFolder(path)
	if err == nil {
		err = e.reading.parse(asked)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", screen.Name(name), err)
	}
	if e.model, err = decoder.Open(path, decoder.Options{F32: e.reading.f32}); err != nil {
		if errors.Is(err, decoder.ErrUnsupported) {
			err = fmt.Errorf("%w: %w", model.ErrUnsupported, err)
		}
		return nil, err
	}
	if e.model.Threads = 1; e.reading.pooling == "" { // texts are divided between threads
		e.reading.pooling = [...]string{"", "mean", "", "last", ""}[e.model.Pooling]
	}
	if err = e.ready(path, asked, folder); err != nil {
		e.model.Close()
		return nil, fmt.Errorf("%s: %w", screen.Name(name), err)
	}
	return e, nil
}

// parse takes what stands behind the # of a name.
func (r *reading) parse(asked string) error {
	if asked == "" {
		return nil
	}
	for _, word := range strings.Split(asked, ",") {
		kind, n, counted := strings.Cut(word, ":")
		switch {
		case word == "echo":
			r.echo = true
		case word == "f32":
			r.f32 = true
		case slices.Contains([]string{"mean", "weightedmean", "last", "terms"}, kind) && (!counted || kind == "terms"):
			r.pooling = kind
			if !counted {
				continue
			}
			var err error
			if r.terms, err = strconv.Atoi(n); err != nil || r.terms < 1 {
				return fmt.Errorf("#terms:%s: a sparse vector has a number of terms, from 1 on", screen.Name(n))
			}
		default:
			return fmt.Errorf("#%s: behind a language model stand mean, weightedmean, last or terms, echo, f32", screen.Name(word))
		}
	}
	return nil
}

// readFolder takes what the files of sentence-transformers say, where path is a folder.
func (e *Causal) readFolder(path string) (folder bool, err error) {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return false, err
	}
	var use struct {
		Prompts map[string]string `json:"prompts"`
		Cut     int               `json:"truncate_dim"`
		Terms   int               `json:"max_active_dims"`
	}
	err = optional(filepath.Join(path, "config_sentence_transformers.json"), &use)
	if err != nil {
		return true, err
	}
	e.prompts, e.cut = use.Prompts, max(0, use.Cut)
	e.reading.terms = cmp.Or(max(0, use.Terms), causalTerms)
	if dense, _ := fs.Glob(os.DirFS(path), "*_Dense"); len(dense) > 0 {
		return true, fmt.Errorf("%w: %s, a layer behind the pooling of a language model", model.ErrUnsupported, dense[0])
	}
	return true, e.readPooling(path)
}

func (e *Causal) readPooling(path string) error {
	var p struct {
		CLS      bool   `json:"pooling_mode_cls_token"`
		Mean     bool   `json:"pooling_mode_mean_tokens"`
		Max      bool   `json:"pooling_mode_max_tokens"`
		Root     bool   `json:"pooling_mode_mean_sqrt_len_tokens"`
		Weighted bool   `json:"pooling_mode_weightedmean_tokens"`
		Last     bool   `json:"pooling_mode_lasttoken"`
		Mode     string `json:"pooling_mode"` // of later versions
		Prompt   *bool  `json:"include_prompt"`
	}
	var sparse struct {
		Strategy   string `json:"pooling_strategy"`
		Activation string `json:"activation_function"`
	}
	at, terms := filepath.Join(path, "1_Pooling", "config.json"), filepath.Join(path, "1_SpladePooling", "config.json")
	if err := errors.Join(optional(at, &p), optional(terms, &sparse)); err != nil {
		return err
	}
	if _, err := os.Stat(terms); err == nil {
		if sparse.Strategy != "" && sparse.Strategy != "max" || sparse.Activation != "" && sparse.Activation != "relu" {
			return fmt.Errorf("%s: %w: of a language model pooling is max, of relu", terms, model.ErrUnsupported)
		}
		e.reading.pooling = "terms"
		return nil
	}
	e.apart = p.Prompt != nil && !*p.Prompt
	var named []string
	for mode, on := range map[string]bool{"mean": p.Mean, "weightedmean": p.Weighted, "last": p.Last, "first": p.CLS, "max": p.Max, "root": p.Root} {
		if on || strings.TrimSuffix(p.Mode, "token") == mode {
			named = append(named, mode)
		}
	}
	switch {
	case named == nil && p.Mode == "":
	case len(named) == 1 && slices.Contains([]string{"mean", "weightedmean", "last"}, named[0]):
		e.reading.pooling = named[0]
	default:
		return fmt.Errorf("%s: %w: pooling of a language model is mean, weightedmean or lasttoken, and one of them alone", at, model.ErrUnsupported)
	}
	return nil
}

// ready checks what was read, and names it.
func (e *Causal) ready(path, asked string, folder bool) error {
	if e.reading.pooling == "" {
		return fmt.Errorf("%w: a language model that says no pooling, so that it is no encoder as it stands: with #mean, #last or #terms behind its name it is read as one", model.ErrUnsupported)
	}
	t := e.model.Tokenizer
	if e.most = mostCausal; folder {
		n, err := longest(path, t.Most)
		if err != nil {
			return err
		}
		e.most = min(e.most, cmp.Or(n, e.most))
	}
	e.most = min(e.most, e.model.Positions)
	frame := len(t.Before) + len(t.After) + 1
	if e.reading.echo {
		frame += 1 + len(t.Encode(echoFirst+echoAgain, -1))
	}
	for _, use := range []Use{Passage, Query} {
		if n := frame + len(t.Encode(e.prompt(use), -1)); e.most < n {
			return fmt.Errorf("a sequence of %d tokens has no room for text behind %d that stand around it", e.most, n-1)
		}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	h := xxhash.New()
	if folder {
		own, _, err := name(path, 0)
		if err != nil {
			return err
		}
		_, _ = io.WriteString(h, own)
	} else {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	r := e.reading
	fmt.Fprintf(h, " %d %s %d %t %t", causalVersion, r.pooling, r.terms, r.echo, r.f32)
	e.name = fmt.Sprintf("model:%016x", h.Sum64())
	if e.place = abs; asked != "" {
		e.place += "#" + asked
	}
	return nil
}

// Name names what the vectors depend on.
func (e *Causal) Name() string { return named(e.name, e.input) }

// With is the encoder for passages with another Input. It has the same files open: close one of both.
func (e *Causal) With(in Input) *Causal {
	return &Causal{model: e.model, reading: e.reading, apart: e.apart, most: e.most, cut: e.cut, prompts: e.prompts, input: in, place: e.place, name: e.name}
}

// Input is what of their documents passages are encoded with.
func (e *Causal) Input() Input { return e.input }

// Place is the absolute path of the file or folder, and what was asked for behind it.
func (e *Causal) Place() string { return e.place }

// Close gives the files back. The encoder may not be used afterwards.
func (e *Causal) Close() error { return e.model.Close() }

// Kind is that of the vectors: vector.Dense or, of terms, vector.Named.
func (e *Causal) Kind() vector.Kind {
	if e.reading.pooling == "terms" {
		return vector.KindSparse
	}
	return vector.KindDense
}

// Greatest is a weight that those of sparse vectors do not exceed.
func (e *Causal) Greatest() float32 {
	if e.Kind() == vector.KindSparse {
		return mostWeight
	}
	return 0
}

// Width is how many numbers a dense vector has, how many words a sparse one may.
func (e *Causal) Width() int {
	switch {
	case e.Kind() == vector.KindSparse:
		return e.model.Words
	case e.cut > 0:
		return min(e.cut, e.model.Config.Width)
	}
	return e.model.Config.Width
}

// Info says what the encoder was made of.
func (e *Causal) Info() Info {
	return Info{Architecture: e.model.Config.Name, Vectors: map[vector.Kind]string{vector.KindDense: "dense", vector.KindSparse: "sparse"}[e.Kind()], Width: e.Width(),
		Pooling: e.reading.String(), Layers: e.model.Layers, Tokens: e.most, Bytes: e.model.Bytes()}
}

// Speed measures for about a second how many passages of the given number of tokens are encoded in
// a second on one thread.
func (e *Causal) Speed(ctx context.Context, tokens int) (float64, error) {
	ids := make([]int32, min(tokens, e.most))
	for i := range ids {
		ids[i] = int32(i * 7919 % e.model.Words)
	}
	best := time.Hour
	for start := time.Now(); time.Since(start) < time.Second || best == time.Hour; {
		before := time.Now()
		if _, err := e.vector(ctx, sequence{ids: ids, end: len(ids)}); err != nil {
			return 0, err
		}
		best = min(best, time.Since(before))
	}
	return 1 / best.Seconds(), ctx.Err()
}

func (e *Causal) prompt(u Use) string { return promptOf(e.prompts, u) }

// All yields the vector of each text, in their order; after an error, which is the last, no more. The end of a
// text that is longer than the model takes is not read.
func (e *Causal) All(ctx context.Context, texts iter.Seq[string], u Use) iter.Seq2[vector.Value, error] {
	prompt := e.prompt(u)
	return all(ctx, texts, func(batch []string) (values []vector.Value, err error) {
		for _, text := range batch {
			v, err := e.vector(ctx, e.sequence(prompt, text))
			if err != nil {
				return values, err
			}
			values = append(values, v)
		}
		return values, nil
	})
}

// sequence is the tokens of a text, of which those of a range are pooled.
type sequence struct {
	ids       []int32
	from, end int
}

func (e *Causal) sequence(prompt, text string) (s sequence) {
	t := e.model.Tokenizer
	room := e.most - len(t.Before) - len(t.After)
	whole, pooled := prompt+text, 0 // the first byte that is pooled
	if e.apart {
		pooled = len(prompt)
	}
	if e.reading.echo {
		around := prompt + echoFirst
		frame := len(t.Encode(around, -1)) + len(t.Encode(echoAgain, -1)) + 1 // where both meet the text there may be a token more
		if some := t.Encode(text, max(1, (room-frame)/2)); len(some) > 0 {
			text = text[:some[len(some)-1].End]
		}
		around += text + echoAgain
		whole, pooled = around+text, len(around)
	}
	s.ids = slices.Clone(t.Before)
	tokens := t.Encode(whole, room)
	s.from = len(s.ids) + len(tokens)
	for i, token := range tokens {
		if s.ids = append(s.ids, token.ID); token.End > pooled {
			s.from = min(s.from, len(t.Before)+i)
		}
	}
	if pooled == 0 { // what stands before and after is pooled too, as sentence-transformers does
		s.from = 0
	}
	s.end = len(s.ids)
	if s.ids = append(s.ids, t.After...); !e.reading.echo || s.from == s.end {
		s.end = len(s.ids)
	}
	if len(s.ids) == 0 { // of an empty text, by a tokenizer that puts nothing around it
		s.ids, s.end = []int32{0}, 1
	}
	s.from = min(s.from, s.end-1)
	return s
}

// vector pools what the model makes of a sequence.
func (e *Causal) vector(ctx context.Context, s sequence) (vector.Value, error) {
	c, _ := e.caches.Get().(*decoder.Cache)
	if c == nil {
		c = e.model.NewCache()
	}
	defer func() {
		c.Cut(0)
		e.caches.Put(c)
	}()
	if e.Kind() == vector.KindSparse {
		peaks, err := e.model.Peaks(ctx, c, s.ids[:s.end], s.from)
		if err != nil {
			return nil, err
		}
		return e.weights(peaks), nil
	}
	states, err := e.model.States(ctx, c, s.ids)
	if err != nil {
		return nil, err
	}
	sum := pool(states, e.model.Config.Width, s, e.reading.pooling)
	if e.cut > 0 {
		sum = sum[:min(e.cut, len(sum))]
	}
	v, ok := sum.Unit()
	if !ok {
		return nil, errors.New("the model's answer has no direction: its weights are damaged")
	}
	return v, nil
}

// pool is the sum of the states of a sequence, in float64. Its length does not matter.
func pool(states []float32, width int, s sequence, pooling string) vector.Dense {
	if pooling == "last" {
		return slices.Clone(states[len(states)-width:])
	}
	sum := make([]float64, width)
	for i := s.from; i < s.end; i++ {
		weight := 1.
		if pooling == "weightedmean" {
			weight = float64(i + 1)
		}
		for j, v := range states[i*width:][:width] {
			sum[j] += float64(weight * float64(v))
		}
	}
	v := make(vector.Dense, width)
	for j, x := range sum {
		v[j] = float32(x / float64(s.end-s.from))
	}
	return v
}

// weights are those of the words with the greatest logits: log(1 + max(0, logit)), as SPLADE weighs them. Of
// equal ones the first are taken.
func (e *Causal) weights(peaks []float32) vector.Named {
	var order []int32
	for id, v := range peaks {
		if v > 0 && e.model.Tokenizer.Word(int32(id)) != "" {
			order = append(order, int32(id))
		}
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(peaks[b], peaks[a]), cmp.Compare(a, b)) })
	named := make(vector.Named, min(len(order), e.reading.terms))
	for _, id := range order[:min(len(order), e.reading.terms)] {
		named[e.model.Tokenizer.Word(id)] = float32(math.Min(mostWeight, portable.Log(1+float64(peaks[id]))))
	}
	return named
}
