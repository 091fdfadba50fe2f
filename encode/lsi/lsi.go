// Package lsi makes dense vectors of texts by what was learned from one corpus alone:
// latent semantic indexing (Deerwester et al. 1990), the best subspace of the corpus's own
// words. No published model is needed, and no processor but the user's.
//
// A model is a folder of
//
//	config.json        model_type "tamis-lsi", the analysis of texts, the mean number of
//	                   terms of a passage, and what it was learned from
//	vocab.txt          the terms, one a line
//	model.safetensors  "terms", F16 of terms × width: the vector of each term, times its
//	                   inverse document frequency
//	expansion.bin      where passages are expanded (Expansion): those that lend terms
//
// The vector of a text is the sum over its terms of (1 + ln tf) times the term's vector,
// with the length 1 for a question. That of a passage is shorter the fewer terms it has
// beside the mean, since a few words say little of what a passage is about: its length
// squared is the share of the mean, 1 at most.
package lsi

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model/weights"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

const (
	kind        = "tamis-lsi"
	configFile  = "config.json"
	wordsFile   = "vocab.txt"
	weightsFile = "model.safetensors"
	tensorName  = "terms"

	mostConfig = 1 << 20
	mostWords  = 64 << 20
)

// ErrOther is wrapped by the error for a folder that holds another kind of model.
var ErrOther = errors.New("no model that tamis train made")

// Config says how a model reads texts and what it was learned from.
type Config struct {
	Kind     string `json:"model_type"`
	Analyzer string `json:"analyzer"`
	Width    int    `json:"width"`
	// Mean is how many of the model's terms a passage has, in the mean.
	Mean     float64 `json:"mean_terms"`
	Passages int     `json:"passages"`
	Seed     uint64  `json:"seed"`
}

// Model makes vectors of texts. It does not change: several goroutines may use it.
type Model struct {
	Config
	terms     map[string]int32
	words     []string
	vectors   []float32 // by term, Width each; what a file of 16 bits keeps of them
	expansion *Expansion
	analyzers text.Pool
	dir, name string
}

// Name names what the vectors depend on.
func (m *Model) Name() string { return m.name }

// Place is the absolute path of the folder; "" before it was saved.
func (m *Model) Place() string { return m.dir }

// Kind is that of the vectors.
func (m *Model) Kind() vector.Kind { return vector.KindDense }

// Similarity says that the lengths of vectors count.
func (m *Model) Similarity() vector.Similarity { return vector.InnerProduct }

// Plan is what ranks by words and these vectors: see docs/benchmarks.md. Such vectors say less
// of one passage than a published model's, and more of which passages belong together.
func (m *Model) Plan() string {
	words := "text"
	if m.expansion != nil {
		words = Expanded
	}
	return "near(linear(" + words + ", 0.2*dense, norm=best), dense)"
}

// Expanded is the plan of words and the terms that passages are lent.
const Expanded = "linear(text, sparse, norm=none)"

// Width is how many numbers a vector has.
func (m *Model) Width() int { return m.Config.Width }

// Terms is how many terms the model knows.
func (m *Model) Terms() int { return len(m.words) }

// Close does nothing: no file is open.
func (m *Model) Close() error { return nil }

// All yields the vector of each text, in their order: zeros where it has no term of the model.
func (m *Model) All(ctx context.Context, texts iter.Seq[string], u encode.Use) iter.Seq2[vector.Value, error] {
	return func(yield func(vector.Value, error) bool) {
		a, err := m.analyzers.Get(m.Analyzer)
		if err != nil {
			yield(nil, err)
			return
		}
		defer m.analyzers.Put(a)
		for s := range texts {
			if err := ctx.Err(); err != nil {
				yield(nil, err)
				return
			}
			if !yield(m.vector(m.counts(a, s), u), nil) {
				return
			}
		}
	}
}

// counts are the terms of a text that the model knows.
func (m *Model) counts(a *text.Analyzer, s string) []Count {
	return counted(a.Terms(nil, s), func(term string) (int32, bool) {
		id, ok := m.terms[term]
		return id, ok
	})
}

func (m *Model) vector(row []Count, u encode.Use) vector.Dense {
	sum := make([]float64, m.Config.Width)
	all := 0
	for _, c := range row {
		all += int(c.Times)
		by := damped(c.Times)
		for i, x := range m.vectors[int(c.Term)*len(sum):][:len(sum)] {
			sum[i] += float64(by * float64(x))
		}
	}
	square := 0.0
	for _, x := range sum {
		square += float64(x * x)
	}
	v := make(vector.Dense, len(sum))
	if !(square > 0) {
		return v
	}
	length := 1.0
	if u != encode.Query {
		length = math.Sqrt(min(1, float64(all)/m.Mean))
	}
	by := length / math.Sqrt(square)
	for i, x := range sum {
		v[i] = float32(x * by)
	}
	return v
}

// damped is the weight of a term that a text has so many times.
func damped(times int32) float64 { return 1 + portable.Log(float64(times)) }

// Is says whether a folder holds a model of this package.
func Is(dir string) bool {
	_, err := readConfig(dir)
	return err == nil
}

func readConfig(dir string) (*Config, error) {
	path := filepath.Join(dir, configFile)
	data, err := read(path, mostConfig)
	if err != nil {
		return nil, err
	}
	c := &Config{}
	if err := json.Unmarshal(data, c); err != nil || c.Kind != kind {
		return nil, fmt.Errorf("%s: %w", screen.Name(dir), ErrOther)
	}
	return c, nil
}

func read(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > most {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", screen.Name(path), info.Size(), most)
	}
	return os.ReadFile(path)
}

// Open reads the model in a folder.
func Open(dir string) (*Model, error) {
	c, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	if c.Width <= 0 || c.Width > vector.MaxDims || !(c.Mean >= 1) {
		return nil, fmt.Errorf("%s: a model of %d numbers a vector and %g terms a passage is none: train it anew", screen.Name(dir), c.Width, c.Mean)
	}
	words, err := read(filepath.Join(dir, wordsFile), mostWords)
	if err != nil {
		return nil, err
	}
	m := &Model{Config: *c, terms: map[string]int32{}}
	lines := bufio.NewScanner(bytes.NewReader(words))
	lines.Buffer(nil, mostWords)
	for lines.Scan() {
		m.terms[lines.Text()] = int32(len(m.words))
		m.words = append(m.words, lines.Text())
	}
	if err := errors.Join(lines.Err(), m.readWeights(dir)); err != nil {
		return nil, err
	}
	if len(m.terms) != len(m.words) {
		return nil, fmt.Errorf("%s has a term twice: train the model anew", screen.Name(filepath.Join(dir, wordsFile)))
	}
	if _, err := text.NewAnalyzer(m.Analyzer); err != nil {
		return nil, fmt.Errorf("%s: %w", screen.Name(dir), err)
	}
	if err := m.readExpansion(dir); err != nil {
		return nil, err
	}
	m.rename()
	return m, m.placed(dir)
}

func (m *Model) readWeights(dir string) (err error) {
	path := filepath.Join(dir, weightsFile)
	set, err := weights.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, set.Close()) }()
	t, ok := set.Tensor(tensorName)
	if !ok {
		return fmt.Errorf("%s has no tensor %s: train the model anew", screen.Name(path), tensorName)
	}
	if err := t.Is(len(m.words), m.Config.Width); err != nil {
		return fmt.Errorf("%s: %w; the terms are those of %s", screen.Name(path), err, wordsFile)
	}
	if m.vectors, err = t.Floats(); err != nil {
		return err
	}
	for i, x := range m.vectors {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return fmt.Errorf("%s: number %d of the term %s is %g: train the model anew", screen.Name(path), i%m.Config.Width, screen.Name(m.words[i/m.Config.Width]), x)
		}
	}
	return nil
}

// file is one of a model's.
type file struct {
	name string
	data []byte
}

// files are those of a model: the one that says what the folder holds is the last.
func (m *Model) files() []file {
	config, err := json.MarshalIndent(m.Config, "", "  ")
	if err != nil {
		panic(err) // numbers and strings
	}
	words := strings.Join(m.words, "\n") + "\n"
	all := []file{{wordsFile, []byte(words)}, {weightsFile, m.safetensors()}}
	if m.expansion != nil {
		all = append(all, file{expansionFile, m.expansion.bytes()})
	}
	return append(all, file{configFile, append(config, '\n')})
}

// rename gives a model the name that its files make.
func (m *Model) rename() {
	m.name = named(m.files())
	if m.expansion != nil {
		m.expansion.name = m.name + expandedMark
	}
}

// named is the name that a model of these files has.
func named(files []file) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%s %d\n%s", f.name, len(f.data), f.data)
	}
	return fmt.Sprintf("own:%x", h.Sum(nil)[:8])
}

// Takes says what is wrong with a folder that a model is to be saved into: it holds another
// kind of one.
func Takes(dir string) error {
	_, err := os.Stat(filepath.Join(dir, configFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err == nil && !Is(dir):
		return fmt.Errorf("%s: %w; name another folder", screen.Name(dir), ErrOther)
	}
	return err
}

// Save writes the model into a folder, which is made where there is none. The file that says
// what the folder holds is written last: a folder half written is no model.
func (m *Model) Save(dir string) error {
	if err := Takes(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, old := range []string{configFile, expansionFile} {
		if err := os.Remove(filepath.Join(dir, old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, f := range m.files() {
		if err := replace.File(filepath.Join(dir, f.name), f.data); err != nil {
			return err
		}
	}
	return m.placed(dir)
}

// placed notes where the model lies.
func (m *Model) placed(dir string) (err error) {
	m.dir, err = filepath.Abs(dir)
	return err
}

func (m *Model) safetensors() []byte {
	size := 2 * len(m.vectors)
	header := fmt.Sprintf(`{"%s":{"dtype":"F16","shape":[%d,%d],"data_offsets":[0,%d]}}`, tensorName, len(m.words), m.Config.Width, size)
	for len(header)%8 != 0 {
		header += " "
	}
	data := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(header)+size), uint64(len(header)))
	data = append(data, header...)
	for _, x := range m.vectors {
		data = binary.LittleEndian.AppendUint16(data, simd.ToHalf(x))
	}
	return data
}
