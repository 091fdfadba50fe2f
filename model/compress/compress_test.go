package compress_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/train"
	"github.com/tamis-search/tamis/model/weights"
)

// made is a folder with a model that has learned recall, and a compressor of it at the rate 4, which learned in seconds.
var made = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tamis-compress-")
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "model")
	r := train.Recipe{
		Task: "recall", Length: 64, Batch: 16, Steps: 110, Rate: 3e-3, Goal: .97, Seed: 7,
		Shape: train.Shape{Words: train.Words, Width: 64, Layers: 2, Heads: 2, HeadSize: 32, Inner: 32, Positions: 4096, Base: 10000, Still: 1},
	}
	steps := 60
	if raced {
		r.Steps, steps = 2, 2
	}
	m, err := train.Train(context.Background(), r, nil)
	if err != nil {
		return "", err
	}
	if err := m.Write(dir); err != nil {
		return "", err
	}
	c, err := train.TrainCompressor(context.Background(), m, train.CompressorRecipe{
		Model: r, Rate: 4, Segment: 32, Length: 64, Facts: 6, Batch: 16, Steps: steps, Learn: 3e-3, Seed: 1,
	}, nil)
	if err != nil {
		return "", err
	}
	return dir, c.Write(dir, "r4")
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := made(); err == nil {
		os.RemoveAll(filepath.Dir(dir))
	}
	os.Exit(code)
}

func open(t *testing.T) (string, *decoder.Decoder, *compress.Compressor) {
	t.Helper()
	dir, err := made()
	if err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Open(dir, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	c, err := compress.Open(d, dir, "r4")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return dir, d, c
}

// exam is a text with facts, and one question each.
func exam(t *testing.T, seed uint64, length, facts int) ([]int32, []train.Question) {
	t.Helper()
	ids, questions, err := train.Exam("recall", rand.New(rand.NewPCG(seed, 1)), length, facts)
	if err != nil {
		t.Fatal(err)
	}
	return ids, questions
}

func prompt(ids []int32, q train.Question) compress.Prompt {
	return compress.Prompt{Before: ids[:1], Between: [][]int32{ids[1:]}, Behind: q.Ask}
}

func best(logits []float32) int32 {
	at := 0
	for i, v := range logits {
		if v > logits[at] {
			at = i
		}
	}
	return int32(at)
}

// Vectors answer what the text says, and those of another text do not; what the question looks at is the segment
// that has the answer, and where that one is open the answer is there, where another is it is no better.
func TestVectorsAnswer(t *testing.T) {
	if raced {
		t.Skip("nothing is learned under the race detector; .ci/run asks this without it")
	}
	ctx := context.Background()
	_, d, c := open(t)
	asked, right, wrong, sensed, opened, other := 0, 0, 0, 0, 0, 0
	for seed := range uint64(12) {
		ids, questions := exam(t, seed, 1+4*32, 6)
		strange, _ := exam(t, 100+seed, 1+4*32, 6)
		for _, q := range questions {
			read := func(p compress.Prompt, open ...int) bool {
				logits, err := c.ReadOpen(ctx, d.NewCache(), p, open)
				if err != nil {
					t.Fatal(err)
				}
				return best(logits) == q.Answer[0]
			}
			at := (slices.Index(ids, q.Ask[0]) - 1) / 32
			asked++
			if read(prompt(ids, q)) {
				right++
			}
			if read(prompt(strange, q)) {
				wrong++
			}
			scores, err := c.Sense(ctx, prompt(ids, q))
			if err != nil || len(scores) != 4 {
				t.Fatal(scores, err)
			}
			if slices.Index(scores, slices.Max(scores)) == at {
				sensed++
			}
			if read(prompt(ids, q), at) {
				opened++
			}
			if read(prompt(ids, q), (at+1)%4) {
				other++
			}
		}
	}
	t.Logf("%d questions: vectors %d, of another text %d; the segment found %d, open %d, another open %d", asked, right, wrong, sensed, opened, other)
	if right*10 < 5*asked || wrong*10 > asked || sensed*10 < 6*asked || opened*10 < 9*asked || other > right+asked/10 {
		t.Errorf("%d questions: vectors answer %d, those of another text %d; the segment is found for %d; where it is open %d are right, where another is %d", asked, right, wrong, sensed, opened, other)
	}
}

// Where all segments are open the logits are those of the tokens, to the last bit; so they are where Read opens all.
func TestOpenIsTokens(t *testing.T) {
	ctx := context.Background()
	_, d, c := open(t)
	ids, questions := exam(t, 3, 150, 6)
	want, err := d.Read(ctx, d.NewCache(), append(slices.Clone(ids), questions[0].Ask...))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := c.Read(ctx, d.NewCache(), prompt(ids, questions[0]), 1)
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("all open, the logits are others than those of the tokens: %v", err)
		}
	}
	if c.Positions(prompt(ids, questions[0])) != 1+4*8+6+1 { // 149 tokens: four whole segments, and 21 tokens
		t.Errorf("%d positions", c.Positions(prompt(ids, questions[0])))
	}
	cache := d.NewCache()
	if _, err := c.Read(ctx, cache, prompt(ids, questions[0]), 0); err != nil || len(cache.Tokens()) != 1+4*8+6+1 {
		t.Errorf("%d positions are read, %v", len(cache.Tokens()), err)
	}
	for _, share := range []float64{-.1, 1.1, math.NaN()} {
		if _, err := c.Read(ctx, d.NewCache(), prompt(ids, questions[0]), share); err == nil {
			t.Errorf("a share of %g is opened", share)
		}
	}
}

// What is read is put together as it is said: vectors of each segment in its place, tokens where it is open, and the
// segment that Read opens is the one that Sense says.
func TestInputs(t *testing.T) {
	ctx := context.Background()
	_, d, c := open(t)
	ids, questions := exam(t, 4, 1+4*32, 6)
	v, err := c.Vectors(ctx, ids[1:])
	if err != nil {
		t.Fatal(err)
	}
	n := len(v) / 4
	for i := range 4 {
		mixed, rows := ids[:1:1], slices.Concat(v[:i*n], v[(i+1)*n:])
		for j := range 4 {
			if j == i {
				mixed = append(mixed, ids[1+j*32:][:32]...)
				continue
			}
			for range 8 {
				mixed = append(mixed, decoder.Vector)
			}
		}
		want, err := d.ReadMixed(ctx, d.NewCache(), append(mixed, questions[0].Ask...), rows)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.ReadOpen(ctx, d.NewCache(), prompt(ids, questions[0]), []int{i})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("with segment %d open other inputs are read: %v", i, err)
		}
		scores, err := c.Sense(ctx, prompt(ids, questions[0]))
		if err != nil {
			t.Fatal(err)
		}
		if slices.Index(scores, slices.Max(scores)) != i {
			continue
		}
		if got, err = c.Read(ctx, d.NewCache(), prompt(ids, questions[0]), .25); err != nil || !slices.Equal(got, want) {
			t.Errorf("the segment that is looked at most is not the one that is opened: %v", err)
		}
	}
}

// A segment's vectors are the same bytes whether they were kept or not, whatever stands before it, and however many
// ask; a segment that was seen is not read again; order shows.
func TestSegmentsAreKept(t *testing.T) {
	ctx := context.Background()
	_, d, c := open(t)
	ids, questions := exam(t, 9, 1+5*32, 6)
	fresh, err := c.Vectors(ctx, ids[1:])
	if err != nil {
		t.Fatal(err)
	}
	if made, reused := c.Reused(); made != 5 || reused != 0 {
		t.Errorf("of 5 segments %d were made, %d taken again", made, reused)
	}
	again, err := c.Vectors(ctx, ids[1:])
	if err != nil || !slices.Equal(again, fresh) {
		t.Errorf("kept vectors are others: %v", err)
	}
	if made, reused := c.Reused(); made != 5 || reused != 5 {
		t.Errorf("asked twice, %d were made, %d taken again", made, reused)
	}
	first, err := c.ReadOpen(ctx, d.NewCache(), prompt(ids, questions[0]), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Forget()
	cold, err := c.ReadOpen(ctx, d.NewCache(), prompt(ids, questions[0]), nil)
	if err != nil || !slices.Equal(first, cold) {
		t.Errorf("with kept vectors the logits are others: %v", err)
	}
	for i := range 5 {
		one, err := c.Vectors(ctx, ids[1+i*32:][:32])
		if n := 8 * d.Width; err != nil || !slices.Equal(one, fresh[i*n:][:n]) {
			t.Errorf("alone, segment %d has other vectors: %v", i, err)
		}
	}
	turned := slices.Concat(ids[1+32:], ids[1:1+32])
	other, err := c.ReadOpen(ctx, d.NewCache(), compress.Prompt{Before: ids[:1], Between: [][]int32{turned}, Behind: questions[0].Ask}, nil)
	if err != nil || slices.Equal(other, first) {
		t.Errorf("the order of segments does not show: %v", err)
	}
	parts, err := c.ReadOpen(ctx, d.NewCache(), compress.Prompt{Before: ids[:1], Between: [][]int32{ids[1:65], ids[65:]}, Behind: questions[0].Ask}, nil)
	if err != nil || !slices.Equal(parts, first) {
		t.Errorf("a context in two parts of whole segments gives other logits: %v", err)
	}
	var wait sync.WaitGroup
	c.Forget()
	for range 4 {
		wait.Go(func() {
			if got, err := c.Vectors(ctx, ids[1:]); err != nil || !slices.Equal(got, fresh) {
				t.Errorf("asked at once, vectors are others: %v", err)
			}
		})
	}
	wait.Wait()
}

// What is wrong with a folder is said by name.
func TestBadFolders(t *testing.T) {
	dir, d, c := open(t)
	own := filepath.Join(dir, compress.Folder)
	tensors := func(change func([]weights.Written) []weights.Written) []byte {
		b, err := weights.Safetensors(change([]weights.Written{
			{Name: compress.MemoryName, Shape: []int{8, 64}, Floats: make([]float32, 8*64)}, {Name: compress.IntoName, Shape: []int{64, 64}, Floats: make([]float32, 64*64)},
		}))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	described, err := os.ReadFile(filepath.Join(own, "r4", compress.Described))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]struct {
		file string
		data []byte
		says string
	}{
		"memory": {compress.Weights, tensors(func(w []weights.Written) []weights.Written { return w[1:] }), "no tensor " + compress.MemoryName},
		"into":   {compress.Weights, tensors(func(w []weights.Written) []weights.Written { return w[:1] }), "no tensor " + compress.IntoName},
		"shape": {compress.Weights, tensors(func(w []weights.Written) []weights.Written {
			w[0] = weights.Written{Name: compress.MemoryName, Shape: []int{4, 64}, Floats: make([]float32, 4*64)}
			return w
		}), "shape 4 × 64"},
		"number": {compress.Weights, tensors(func(w []weights.Written) []weights.Written {
			w[1].Floats[70] = float32(math.Inf(1))
			return w
		}), "number 70 of tensor " + compress.IntoName},
		"cut":   {compress.Weights, []byte{1, 2, 3}, compress.Weights},
		"model": {compress.Described, bytes.Replace(described, []byte(c.Model), []byte(strings.Repeat("0", 64)), 1), "trained for another model"},
		"rate":  {compress.Described, bytes.Replace(described, []byte(`"rate": 4`), []byte(`"rate": 5`), 1), "a rate of 5 and segments of 32"},
		"json":  {compress.Described, []byte("{"), compress.Described},
		"coder": {"config.json", []byte("{}"), "bad-coder: unsupported model"},
		"half":  {compress.Described, bytes.Replace(described, []byte(`"rate": 4`), []byte(`"rate": 16`), 1), "shape 8 × 64"},
	} {
		to := filepath.Join(own, "bad-"+name)
		if err := os.CopyFS(to, os.DirFS(filepath.Join(own, "r4"))); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, bad.file), bad.data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := compress.Open(d, dir, "bad-"+name)
		if err == nil || !strings.Contains(err.Error(), bad.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v instead of %q", name, err, bad.says)
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := compress.Open(d, dir, "r8"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "it has r4") {
		t.Errorf("no such compressor: %v", err)
	}
	for _, name := range []string{"", ".", "..", "../compress/r4", "a/b"} {
		if _, err := compress.Open(d, dir, name); err == nil || !strings.Contains(err.Error(), "no name of a compressor") {
			t.Errorf("the name %q: %v", name, err)
		}
	}
}
