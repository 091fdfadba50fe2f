// Package encode turns texts into vectors with a model in a folder: the tokenizer,
// the encoder and what the folder says about their use (how many tokens, which words
// stand before a question).
//
// An Encoder is a model whose tokens read each other; Causal is a language model whose tokens read those before
// them alone; Remote is an endpoint.
package encode

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/internal/inorder"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/vector"
)

// version is to be counted up where a model's vectors of a text change.
const version = 2

const (
	// Texts that are encoded together have about so many bytes, some 2,000 tokens of
	// English: enough to keep the products busy, few enough to wait for.
	batchBytes = 8 << 10
	batchTexts = 64
	underWay   = 64 * batchBytes
	mostFile   = 1 << 20
)

// Encoder makes vectors of texts. It does not change: several goroutines may use it.
type Encoder struct {
	model   *model.Encoder
	tokens  *tokenizer.Tokenizer
	most    int // tokens of a text
	prompts map[string]string
	table   *Table // of the weights of questions; nil where the model makes those too
	labels  bool   // are what the model says of a text
	input   Input
	dir     string
	name    string
	files   string // names the files, whatever the precision
}

// Name names what the vectors depend on: the same for all folders with the same
// weights, of the same precision, and the same words before texts.
func (e *Encoder) Name() string { return named(e.name, e.input) }

// With is the encoder for passages with another Input: its vectors are in a field of their
// own. It has the same files open: close one of both.
func (e *Encoder) With(in Input) *Encoder {
	other := *e
	other.input = in
	return &other
}

// Input is what of their documents passages are encoded with.
func (e *Encoder) Input() Input { return e.input }

// Place is the absolute path of the folder.
func (e *Encoder) Place() string { return e.dir }

// Width is how many numbers a dense vector has, how many words a sparse one may.
func (e *Encoder) Width() int { return e.Info().Width }

// Open loads the model in dir with weights of the precision given.
func Open(dir string, p model.Precision) (*Encoder, error) {
	m, err := model.Open(dir, p)
	if err != nil {
		return nil, err
	}
	e := &Encoder{model: m, input: DefaultInput}
	err = e.read(dir)
	if err == nil {
		e.dir, err = filepath.Abs(dir)
	}
	if err == nil {
		e.name, e.files, err = name(dir, p)
	}
	if err != nil {
		m.Close()
		return nil, err
	}
	return e, nil
}

// name is made of all files that vectors depend on, and of the precision; digest of the files
// alone.
func name(dir string, p model.Precision) (name, digest string, err error) {
	weights := xxhash.New()
	for _, pattern := range []string{"*.safetensors", "*.onnx", "onnx/*.onnx", "*_Dense/*.safetensors"} {
		files, err := fs.Glob(os.DirFS(dir), pattern)
		if err != nil {
			return "", "", err
		}
		for _, path := range files {
			f, err := os.Open(filepath.Join(dir, filepath.FromSlash(path)))
			if err != nil {
				return "", "", err
			}
			_, err = io.Copy(weights, f)
			if err = errors.Join(err, f.Close()); err != nil {
				return "", "", fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	h := sha256.New()
	for _, file := range []string{"config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt", "sentence_bert_config.json", "config_sentence_transformers.json", "1_Pooling/config.json"} {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", file, len(data), data)
	}
	modules, err := fs.Glob(os.DirFS(dir), "*_*/config.json") // dense layers, SPLADE's pooling
	if err != nil {
		return "", "", err
	}
	for _, file := range modules {
		if file == "1_Pooling/config.json" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			return "", "", err
		}
		fmt.Fprintf(h, "%s %d\n%s", file, len(data), data)
	}
	digest = fmt.Sprintf("%x-%016x", h.Sum(nil)[:8], weights.Sum64())
	fmt.Fprintf(h, "%d %d %d", version, p, weights.Sum64())
	return fmt.Sprintf("model:%x", h.Sum(nil)[:8]), digest, nil
}

func (e *Encoder) read(dir string) (err error) {
	if e.tokens, err = tokenizer.Open(dir); err != nil {
		return err
	}
	if n := e.tokens.Words(); n > e.model.Words {
		return fmt.Errorf("%s: the tokenizer has %d words, the weights %d: they belong to different models", dir, n, e.model.Words)
	}
	var use struct {
		Prompts map[string]string `json:"prompts"`
	}
	limit, err := longest(dir, e.tokens.Most)
	if err != nil {
		return err
	}
	if err := optional(filepath.Join(dir, "config_sentence_transformers.json"), &use); err != nil {
		return err
	}
	e.prompts, e.labels = use.Prompts, e.model.LabelWidth() > 0
	e.most = e.model.Positions
	if limit > 0 {
		e.most = min(e.most, limit)
	}
	if n := len(e.tokens.Before) + len(e.tokens.After) + 1; e.most < n {
		return fmt.Errorf("%s: a sequence of %d tokens has no room for text", dir, e.most)
	}
	if HasTable(dir) && e.Kind() == vector.KindSparse {
		e.table, err = readTable(dir, e.tokens)
	}
	return err
}

// longest is how many tokens of a text the files of sentence-transformers have a model read: in their own, else where
// tokenizer.json cuts, else, as later versions have it, in what else they say of the tokenizer; 0 where they say nothing.
func longest(dir string, cut int) (int, error) {
	var most struct {
		Sequence int     `json:"max_seq_length"`
		Model    float64 `json:"model_max_length"` // 1e30 where nothing bounds it
	}
	err := errors.Join(optional(filepath.Join(dir, "sentence_bert_config.json"), &most), optional(filepath.Join(dir, "tokenizer_config.json"), &most))
	if n := cmp.Or(max(0, most.Sequence), cut); n > 0 {
		return n, err
	}
	if most.Model >= 1 && most.Model < 1<<26 {
		return int(most.Model), err
	}
	return 0, err
}

// optional reads a file that need not be there.
func optional(path string, into any) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Size() > mostFile {
		return fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), mostFile)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// Close gives the files back. The encoder may not be used afterwards. A nil Encoder has
// none.
func (e *Encoder) Close() error {
	if e == nil {
		return nil
	}
	return e.model.Close()
}

// Kind is that of the vectors: vector.Named for a sparse one, vector.Dense, or vector.Multi
// for one of each token. Labels of texts are numbers as those of Dense are, labels of tokens
// as those of Multi.
func (e *Encoder) Kind() vector.Kind {
	switch {
	case e.model.Pooling == model.Terms:
		return vector.KindSparse
	case e.model.Tokens || e.labels && e.model.Scores() == 0:
		return vector.KindMulti
	}
	return vector.KindDense
}

// Greatest is a weight that those of sparse vectors do not exceed; 0 where nothing is known.
// A logit of 53 makes 4; those of encoders stay below 30.
func (e *Encoder) Greatest() float32 {
	switch {
	case e.Kind() != vector.KindSparse || e.model.Sparse.Sum:
		return 0
	case e.model.Sparse.Double:
		return 2
	}
	return 4
}

// Labels says that the model scores texts, or their tokens, with labels: that is what All
// yields then, and nothing that could be searched for.
func (e *Encoder) Labels() bool { return e.labels }

// Pair is a text that a model of labels reads behind another one: a passage behind a
// question. All takes it as one text.
func Pair(first, second string) string { return first + pairMark + second }

const pairMark = "\x1d" // a control character: no model reads it

// Text is what is encoded of a text that has a title, which may be "".
func Text(title, text string) string {
	if title == "" {
		return text
	}
	return title + ". " + text
}

// Maker makes vectors of texts, in the field that its Name is.
type Maker interface {
	// Name names what the vectors depend on.
	Name() string
	// Place is where the model lies: a folder, or an address.
	Place() string
	Kind() vector.Kind
	// Width is how many numbers a dense vector has.
	Width() int
	// All yields the vector of each text, in their order; after an error, which is the
	// last, no more.
	All(ctx context.Context, texts iter.Seq[string], u Use) iter.Seq2[vector.Value, error]
}

// Together are all that make vectors where one does: those beside it first, so that what it
// made alone is never taken for the whole.
func Together(m Maker) []Maker {
	if x, ok := m.(interface{ Beside() Maker }); ok {
		if b := x.Beside(); b != nil {
			return []Maker{b, m}
		}
	}
	return []Maker{m}
}

// Question is the vector that an encoder makes of a question.
func Question(ctx context.Context, e Maker, question string) (vector.Value, error) {
	for v, err := range e.All(ctx, slices.Values([]string{question}), Query) {
		return v, err
	}
	return nil, ctx.Err()
}

// Use says what texts are, where a model treats them differently.
type Use uint8

// The uses of a text.
const (
	Passage Use = iota
	Query
)

func (e *Encoder) prompt(u Use) string { return promptOf(e.prompts, u) }

// promptOf is what stands before a text: models name it after its use.
func promptOf(prompts map[string]string, u Use) string {
	for _, name := range [][]string{{"passage", "document"}, {"query", "web_search_query"}}[u] {
		if p, ok := prompts[name]; ok {
			return p
		}
	}
	return ""
}

// All yields the vector of each text, in their order; after an error, which is the
// last, no more. Batches are encoded on all processors. The end of a text that is
// longer than the model takes is not read. What a sparse vector says nothing of is
// left out; it may be empty. Where the folder has a table of weights for questions,
// these need no pass through the model.
func (e *Encoder) All(ctx context.Context, texts iter.Seq[string], u Use) iter.Seq2[vector.Value, error] {
	if u == Query && e.table != nil {
		return e.table.All(ctx, texts, u)
	}
	prompt := e.prompt(u)
	return all(ctx, texts, func(batch []string) ([]vector.Value, error) { return e.encode(batch, prompt) })
}

// all encodes batches of texts with f on all processors, and yields the vectors in the
// order of the texts.
func all(ctx context.Context, texts iter.Seq[string], f func([]string) ([]vector.Value, error)) iter.Seq2[vector.Value, error] {
	type result struct {
		values []vector.Value
		err    error
	}
	size := func(batch []string) int64 {
		n := int64(0)
		for _, text := range batch {
			n += int64(len(text)) + 1
		}
		return n
	}
	return func(yield func(vector.Value, error) bool) {
		for r := range inorder.Map(batches(texts), size, underWay, func(batch []string) result {
			if err := ctx.Err(); err != nil {
				return result{err: err}
			}
			values, err := f(batch)
			return result{values, err}
		}) {
			for _, v := range r.values {
				if !yield(v, nil) {
					return
				}
			}
			if r.err != nil {
				yield(nil, r.err)
				return
			}
		}
	}
}

// Encode returns the vector of each text.
func (e *Encoder) Encode(ctx context.Context, texts []string, u Use) ([]vector.Value, error) {
	values := make([]vector.Value, 0, len(texts))
	for v, err := range e.All(ctx, slices.Values(texts), u) {
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}

func batches(texts iter.Seq[string]) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		var batch []string
		size := 0
		for text := range texts {
			if len(batch) > 0 && (size+len(text) > batchBytes || len(batch) == batchTexts) {
				if !yield(batch) {
					return
				}
				batch, size = nil, 0
			}
			batch = append(batch, text)
			size += len(text)
		}
		if len(batch) > 0 {
			yield(batch)
		}
	}
}

func (e *Encoder) encode(batch []string, prompt string) ([]vector.Value, error) {
	ids, kinds := make([][]int32, len(batch)), make([][]int32, len(batch))
	for i, text := range batch {
		if first, second, ok := strings.Cut(text, pairMark); ok && e.labels {
			p := e.tokens.Pair(first, second, e.most)
			ids[i], kinds[i] = p.IDs, p.Kinds
		} else {
			ids[i] = e.tokens.IDs(prompt+text, e.most)
			kinds[i] = make([]int32, len(ids[i]))
		}
		if len(ids[i]) == 0 { // of an empty text, by a tokenizer that puts nothing around it
			ids[i], kinds[i] = []int32{0}, []int32{0}
		}
	}
	return e.vectors(ids, kinds)
}

func (e *Encoder) vectors(ids, kinds [][]int32) ([]vector.Value, error) {
	values := make([]vector.Value, len(ids))
	switch kind := e.Kind(); {
	case e.labels:
		all, err := e.model.Labels(ids, kinds)
		for i, v := range all {
			if values[i] = vector.Dense(v); kind == vector.KindMulti {
				values[i] = rows(v, len(v)/len(ids[i]))
			}
		}
		return values[:len(all)], err
	case kind == vector.KindMulti:
		all, err := e.model.Multi(ids)
		for i, v := range all {
			m := make(vector.Multi, len(v))
			for j := range v {
				m[j] = v[j]
			}
			values[i] = m
		}
		return values[:len(all)], err
	case kind == vector.KindDense:
		all, err := e.model.Dense(ids)
		for i, v := range all {
			values[i] = vector.Dense(v)
		}
		return values[:len(all)], err
	}
	all, err := e.model.Weights(ids)
	for i, weights := range all {
		named := vector.Named{}
		for id, w := range weights {
			if w > 0 {
				named[e.tokens.Word(int32(id))] = w
			}
		}
		values[i] = named
	}
	return values[:len(all)], err
}

// rows cuts v into vectors of width numbers.
func rows(v []float32, width int) (m vector.Multi) {
	for row := range slices.Chunk(v, width) {
		m = append(m, row)
	}
	return m
}

// Info says what a model folder is.
type Info struct {
	Architecture string `json:"architecture"`
	Vectors      string `json:"vectors"` // "dense", "sparse", "multi", or "labels"
	Width        int    `json:"width"`   // numbers of a dense vector, or of each of several; words of a sparse one; labels
	Pooling      string `json:"pooling"`
	Layers       int    `json:"layers"`
	Tokens       int    `json:"tokens"` // of a text
	Bytes        int    `json:"bytes"`  // of the weights
}

// Info says what the encoder was made of.
func (e *Encoder) Info() Info {
	i := Info{Architecture: cmp.Or(slices.Concat(e.model.Architectures, []string{e.model.Type})...), Vectors: "dense", Width: e.model.Out(),
		Pooling: e.model.Pooling.String(), Layers: e.model.Layers, Tokens: e.most, Bytes: e.model.Bytes()}
	switch {
	case e.labels:
		i.Vectors, i.Width = "labels", e.model.LabelWidth()
	case e.Kind() == vector.KindSparse:
		i.Vectors, i.Width = "sparse", e.model.Words
	case e.Kind() == vector.KindMulti:
		i.Vectors, i.Width = "multi", e.model.Projected()
	}
	return i
}

// Speed measures for about a second how many passages of the given number of tokens
// are encoded in a second on one thread.
func (e *Encoder) Speed(ctx context.Context, tokens int) (float64, error) {
	ids := make([]int32, min(tokens, e.most))
	for i := range ids {
		ids[i] = int32(i * 7919 % e.model.Words)
	}
	if _, err := e.vectors([][]int32{ids}, nil); err != nil { // makes room
		return 0, err
	}
	best := time.Hour
	for start := time.Now(); time.Since(start) < time.Second && ctx.Err() == nil; {
		before := time.Now()
		if _, err := e.vectors([][]int32{ids}, nil); err != nil {
			return 0, err
		}
		best = min(best, time.Since(before))
	}
	return 1 / best.Seconds(), ctx.Err()
}
