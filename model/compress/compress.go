// Package compress reads a long context as few vectors: an encoder makes of each segment of tokens a vector for
// every few of them, and a decoder reads these in the place of embeddings.
//
// An encoder reads a segment by itself and, behind it, memory tokens, whose embeddings were learned; what comes out
// of its last layer there goes through a matrix and is read by the decoder. That is COCOM (Rau et al. 2024,
// 2407.09252) where a segment is long and has many memory tokens. Since a vector depends on its segment alone, it is
// kept and read again with other questions, which is what CompLLM (Berton et al. 2025, 2509.19228) makes of segments
// of 20 tokens. A segment can be opened again: REFRAG (Lin et al. 2025, 2509.01092), whose segments are one vector,
// reads the tokens of those that matter among the vectors of the others. It learns which these are; here the decoder's own
// attention says it.
//
// The kind Recurrent reads a text of any length into as many vectors as it always has, segment after segment.
//
// Vectors are of the model that they were trained for. A folder says which that is.
package compress

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/weights"
)

const (
	// Folder is where a model's folder has its compressors, each in a folder of its name.
	Folder = "compress"
	// Described is the file that says what a compressor is, and Weights the one that holds it.
	Described = "compress.json"
	Weights   = "compress.safetensors"

	// MemoryName and IntoName are its tensors: embeddings of memory tokens, and what takes the encoder's states to the
	// model's inputs.
	MemoryName = "compress.memory.weight"
	IntoName   = "compress.into.weight"

	mostDescribed = 1 << 16
	// MostSegment is how many tokens a segment has at most.
	MostSegment = 1024
)

// Description is what a compressor is.
type Description struct {
	Kind    string `json:"kind,omitempty"`    // "" where segments are compressed apart, or Recurrent
	Rate    int    `json:"rate,omitempty"`    // tokens that a vector stands for; 0 where all are folded into the same vectors
	Segment int    `json:"segment"`           // tokens that are read together; as many vectors as it has rates
	State   int    `json:"state,omitempty"`   // vectors of a state, of the kind Recurrent
	Asked   bool   `json:"asked,omitempty"`   // the question is known as the text is read, of the kind Recurrent
	Encoder bool   `json:"encoder,omitempty"` // the folder holds a model that reads segments; else that does which reads the vectors
	Model   string `json:"model"`             // Digest of the model that reads the vectors
}

// Check says what no compressor is.
func (d Description) Check() error {
	switch d.Kind {
	case "":
		if d.State != 0 || d.Asked {
			return fmt.Errorf("%d vectors of a state are said, or a known question: that is for the kind %q", d.State, Recurrent)
		}
	case Recurrent:
		if d.Rate != 0 || d.State < 1 || d.State > MostSegment || d.Segment < 1 || d.Segment > MostSegment {
			return fmt.Errorf("a state of %d vectors, segments of %d tokens and a rate of %d: a recurrent compressor has 1 to %d of the first two, and no rate", d.State, d.Segment, d.Rate, MostSegment)
		}
		return nil
	default:
		return fmt.Errorf("compressors of the kind %q are not known: there is %q, and that without a name", screen.Name(d.Kind), Recurrent)
	}
	if d.Rate < 2 || d.Segment < d.Rate || d.Segment > MostSegment || d.Segment%d.Rate != 0 {
		return fmt.Errorf("a rate of %d and segments of %d tokens: a vector stands for 2 tokens or more, and a segment is whole vectors of %d tokens at most", d.Rate, d.Segment, MostSegment)
	}
	return nil
}

// Compressor makes vectors of tokens for one model. Several goroutines may use it.
type Compressor struct {
	Description
	Name    string
	model   *decoder.Decoder
	encoder *decoder.Decoder
	memory  []float32 // Segment/Rate × the encoder's width
	into    []float32 // the model's width × the encoder's
	kept    *store

	recurrent *recurrent // of that kind
}

// Open loads the compressor of that name of the model that path was opened as.
func Open(model *decoder.Decoder, path, name string) (*Compressor, error) {
	dir, err := folder(path, name)
	if err != nil {
		return nil, err
	}
	c := &Compressor{Name: name, model: model, encoder: model, kept: newStore()}
	if c.Description, err = describe(filepath.Join(dir, Described)); err != nil {
		return nil, err
	}
	digest, err := Digest(path)
	if err != nil {
		return nil, err
	}
	if digest != c.Model {
		return nil, fmt.Errorf("%s was trained for another model than %s: its vectors mean nothing to this one", dir, path)
	}
	if c.Encoder {
		if c.encoder, err = decoder.Open(dir, decoder.Options{}); err != nil {
			return nil, err
		}
		c.encoder.Threads = model.Threads
	}
	if err := c.load(filepath.Join(dir, Weights)); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// folder is that of a compressor.
func folder(path, name string) (string, error) {
	if info, err := os.Stat(path); err != nil {
		return "", err
	} else if !info.IsDir() {
		path = filepath.Dir(path)
	}
	if name == "" || name != filepath.Base(name) || strings.HasPrefix(name, ".") {
		return "", fmt.Errorf("%s is no name of a compressor: it is that of a folder in %s", screen.Name(name), filepath.Join(path, Folder))
	}
	dir := filepath.Join(path, Folder, name)
	if _, err := os.Stat(filepath.Join(dir, Described)); errors.Is(err, fs.ErrNotExist) {
		there := "and no other"
		if names := Names(path); len(names) > 0 {
			there = "it has " + strings.Join(names, ", ")
		}
		return "", fmt.Errorf("%s: %w: the model has no compressor %s, %s", filepath.Join(dir, Described), fs.ErrNotExist, screen.Name(name), there)
	}
	return dir, nil
}

// Names are the compressors in a model's folder.
func Names(path string) (names []string) {
	found, _ := filepath.Glob(filepath.Join(path, Folder, "*", Described))
	for _, f := range found {
		names = append(names, filepath.Base(filepath.Dir(f)))
	}
	return names
}

func describe(path string) (d Description, err error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > mostDescribed {
		err = fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), mostDescribed)
	}
	if err != nil {
		return d, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return d, err
	}
	if err = json.Unmarshal(b, &d); err == nil {
		err = d.Check()
	}
	if err != nil {
		return d, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Digest is that of a model's weights: of the file, or of all files of weights in the folder.
func Digest(path string) (string, error) {
	files := []string{path}
	if info, err := os.Stat(path); err != nil {
		return "", err
	} else if info.IsDir() {
		if files, err = filepath.Glob(filepath.Join(path, "*.safetensors")); err != nil {
			return "", err
		}
		slices.Sort(files)
	}
	if len(files) == 0 {
		return "", fmt.Errorf("%s holds no file of weights that ends in .safetensors", path)
	}
	h := sha256.New()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// load reads the tensors of a compressor.
func (c *Compressor) load(path string) error {
	set, err := weights.Open(path)
	if err != nil {
		return err
	}
	defer set.Close()
	read := func(name string, shape ...int) []float32 {
		if err != nil {
			return nil
		}
		t, ok := set.Tensor(name)
		if !ok {
			err = fmt.Errorf("%s: it has no tensor %s", path, name)
			return nil
		}
		if err = t.Is(shape...); err != nil {
			return nil
		}
		var v []float32
		if v, err = t.Floats(); err != nil {
			return nil
		}
		return v
	}
	if c.Kind == Recurrent {
		if wrong := c.loadRecurrent(read); err == nil {
			err = wrong
		}
		return err
	}
	c.memory = read(MemoryName, c.Segment/c.Rate, c.encoder.Width)
	c.into = read(IntoName, c.model.Width, c.encoder.Width)
	return err
}

// Close gives back what Open opened.
func (c *Compressor) Close() error {
	if c.encoder == c.model {
		return nil
	}
	return c.encoder.Close()
}

// Vectors are those of a text, Width numbers of the model for each Rate tokens, the last of a segment for what is
// left; of a recurrent compressor those of its state. The text is cut into segments from its beginning; those that were
// seen before are not read again.
func (c *Compressor) Vectors(ctx context.Context, ids []int32) ([]float32, error) {
	if c.recurrent != nil {
		in, err := c.folded(ctx, Prompt{Between: [][]int32{ids}})
		return in.rows, err
	}
	var all []float32
	for some := range slices.Chunk(ids, c.Segment) {
		v, err := c.segment(ctx, some)
		if err != nil {
			return nil, err
		}
		all = append(all, v...)
	}
	return all, nil
}

// segment are the vectors of one.
func (c *Compressor) segment(ctx context.Context, ids []int32) ([]float32, error) {
	key := keyOf(ids)
	if v, ok := c.kept.get(key); ok {
		return v, nil
	}
	n := (len(ids) + c.Rate - 1) / c.Rate
	from, width := c.encoder.Width, c.model.Width
	read := slices.Clone(ids)
	for range n {
		read = append(read, decoder.Vector)
	}
	states, err := c.encoder.States(ctx, read, c.memory[:n*from], len(ids))
	if err != nil {
		return nil, err
	}
	v := make([]float32, n*width)
	for i := range v {
		x, sum := states[i/width*from:][:from], float32(0)
		for j, w := range c.into[i%width*from:][:from] {
			sum += float32(w * x[j])
		}
		v[i] = sum
	}
	c.kept.put(key, v)
	return v, nil
}

// Prompt is what is read: the parts between are compressed, each by itself or, by a recurrent compressor, one after the
// other.
type Prompt struct {
	Before  []int32
	Between [][]int32
	Behind  []int32
	Asked   []int32 // the question, where a compressor is to know it
}

// input is what the model reads of a prompt.
type input struct {
	ids      []int32
	rows     []float32
	segments []int // where the vectors of each begin among the inputs
	end      int   // of the last
}

// input is the prompt with vectors, and with tokens where a segment is open.
func (c *Compressor) input(ctx context.Context, p Prompt, open func(segment int) bool) (in input, err error) {
	if c.recurrent != nil {
		return c.folded(ctx, p)
	}
	in.ids = slices.Clone(p.Before)
	for _, part := range p.Between {
		for segment := range slices.Chunk(part, c.Segment) {
			in.segments = append(in.segments, len(in.ids))
			if open(len(in.segments) - 1) {
				in.ids = append(in.ids, segment...)
				continue
			}
			rows, err := c.segment(ctx, segment)
			if err != nil {
				return in, err
			}
			in.rows = append(in.rows, rows...)
			for range len(rows) / c.model.Width {
				in.ids = append(in.ids, decoder.Vector)
			}
		}
	}
	in.end = len(in.ids)
	in.ids = append(in.ids, p.Behind...)
	return in, nil
}

// Read reads a prompt into a cache and returns the logits of the token that comes next. A share of the segments, those
// that Sense says matter most, is read as tokens: as many as it says, and one at least, or none for a share of 0.
func (c *Compressor) Read(ctx context.Context, cache *decoder.Cache, p Prompt, open float64) ([]float32, error) {
	var chosen []int
	if open != 0 {
		if !(open > 0 && open <= 1) {
			return nil, fmt.Errorf("a share of %g of a context cannot be read as tokens: it is 0 to 1", open)
		}
		if c.recurrent != nil {
			return nil, errFolded
		}
		scores, err := c.Sense(ctx, p)
		if err != nil {
			return nil, err
		}
		for i := range scores {
			chosen = append(chosen, i)
		}
		slices.SortStableFunc(chosen, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
		chosen = chosen[:min(len(chosen), max(1, int(open*float64(len(chosen)))))]
	}
	return c.ReadOpen(ctx, cache, p, chosen)
}

// ReadOpen is Read where the segments that are read as tokens are named, counted over all parts.
func (c *Compressor) ReadOpen(ctx context.Context, cache *decoder.Cache, p Prompt, open []int) ([]float32, error) {
	if c.recurrent != nil && len(open) > 0 {
		return nil, errFolded
	}
	in, err := c.input(ctx, p, func(i int) bool { return slices.Contains(open, i) })
	if err != nil {
		return nil, err
	}
	return c.model.ReadMixed(ctx, cache, in.ids, in.rows)
}

// Sense is how much a prompt's last token looks at each segment where all are vectors: the most that a head of the
// upper half of the layers does.
func (c *Compressor) Sense(ctx context.Context, p Prompt) ([]float32, error) {
	if c.recurrent != nil {
		return nil, errFolded
	}
	in, err := c.input(ctx, p, func(int) bool { return false })
	if err != nil || len(in.segments) == 0 {
		return nil, err
	}
	cache := c.model.NewCache()
	cache.Looks = true
	if _, err := c.model.ReadMixed(ctx, cache, in.ids, in.rows); err != nil {
		return nil, err
	}
	rows, err := c.model.Look(cache, append(slices.Clone(in.segments), in.end))
	if err != nil {
		return nil, fmt.Errorf("which segments matter cannot be told: %w", err)
	}
	scores := make([]float32, len(rows))
	for i, row := range rows {
		scores[i] = slices.Max(row[c.model.Layers/2*c.model.Heads:])
	}
	return scores, nil
}

// Positions is how many positions a prompt takes, where none is open.
func (c *Compressor) Positions(p Prompt) int {
	n := len(p.Before) + len(p.Behind)
	for _, part := range p.Between {
		if c.recurrent != nil && len(part) > 0 {
			return n + c.State
		}
		if c.recurrent != nil {
			continue
		}
		whole := len(part) / c.Segment
		n += whole*(c.Segment/c.Rate) + (len(part)%c.Segment+c.Rate-1)/c.Rate
	}
	return n
}
