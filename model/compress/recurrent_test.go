package compress_test

import (
	"bytes"
	"context"
	"math"
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

// folding puts two recurrent compressors beside the one that is made for all tests: n8 and, which knows the question and
// has learned for seconds, n6q.
var folding = sync.OnceValue(func() error {
	dir, err := made()
	if err != nil {
		return err
	}
	var r train.Recipe
	if r, err = train.ReaderRecipeOf("recall", 7); err != nil {
		return err
	}
	r.Length, r.Batch, r.Steps, r.Goal = 64, 16, 110, .97
	if r.Shape.Positions = 4096; raced {
		r.Steps = 2
	}
	m, err := train.Open(dir, r)
	if err != nil {
		return err
	}
	for name, c := range map[string]train.CompressorRecipe{
		"n8": {State: 8, Steps: 2}, "n6q": {State: 6, Asked: true, Steps: 150},
	} {
		c.Model, c.Segment, c.Length, c.Facts, c.Batch, c.Learn, c.Seed = r, 16, 64, 6, 8, 3e-3, 1
		if raced {
			c.Steps = 1
		}
		made, err := train.TrainCompressor(context.Background(), m, c, nil)
		if err != nil {
			return err
		}
		if err := made.Write(dir, name); err != nil {
			return err
		}
	}
	return nil
})

func openRecurrent(t *testing.T, name string) (string, *decoder.Decoder, *compress.Compressor) {
	t.Helper()
	if err := folding(); err != nil {
		t.Fatal(err)
	}
	dir, d, _ := open(t)
	c, err := compress.Open(d, dir, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return dir, d, c
}

// slowly is what a state becomes, by its formula in float64.
func slowly(t *testing.T, dir, name string, ids, asked []int32) []float64 {
	t.Helper()
	own := filepath.Join(dir, compress.Folder, name)
	e, err := decoder.Open(own, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	set, err := weights.Open(filepath.Join(own, compress.Weights))
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	w := e.Width
	tensor := func(name string) (all [][]float64) {
		x, ok := set.Tensor(name)
		if !ok {
			t.Fatal(name)
		}
		v, err := x.Floats()
		if err != nil {
			t.Fatal(err)
		}
		for row := range slices.Chunk(v, x.Shape[len(x.Shape)-1]) {
			all = append(all, nil)
			for _, f := range row {
				all[len(all)-1] = append(all[len(all)-1], float64(f))
			}
		}
		return all
	}
	dot := func(a, b []float64) (sum float64) {
		for i := range a {
			sum += a[i] * b[i]
		}
		return sum
	}
	times := func(m [][]float64, x []float64) (y []float64) {
		for _, row := range m {
			y = append(y, dot(row, x))
		}
		return y
	}
	states := func(ids []int32) (all [][]float64) {
		s, err := e.States(context.Background(), ids, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range s {
			if i%w == 0 {
				all = append(all, nil)
			}
			all[i/w] = append(all[i/w], float64(f))
		}
		return all
	}
	state, place, keep := tensor(compress.StartName), tensor(compress.PlaceName), tensor(compress.KeepName)[0]
	query, key, value := tensor(compress.QueryName), tensor(compress.KeyName), tensor(compress.ValueName)
	shift := make([]float64, w)
	if asked != nil {
		mean := make([]float64, w)
		for _, s := range states(asked) {
			for j, v := range s {
				mean[j] += v / float64(len(asked))
			}
		}
		shift = times(tensor(compress.AskedName), mean)
	}
	for segment := range slices.Chunk(ids, 16) {
		seen := states(segment)
		next := make([][]float64, len(state))
		for i, before := range state {
			q := times(query, before)
			for j := range q {
				q[j] += place[i][j] + shift[j]
			}
			share, sum := []float64{math.Exp(keep[i])}, math.Exp(keep[i])
			for _, s := range seen {
				p := math.Exp(dot(q, times(key, s)) / math.Sqrt(float64(w)))
				share, sum = append(share, p), sum+p
			}
			next[i] = make([]float64, w)
			for k, p := range share {
				from := before
				if k > 0 {
					from = times(value, seen[k-1])
				}
				for j, v := range from {
					next[i][j] += p / sum * v
				}
			}
		}
		state = next
	}
	var all []float64
	for _, s := range state {
		all = append(all, times(tensor(compress.IntoName), s)...)
	}
	return all
}

// The vectors are those of the formula, for texts of one token to many segments, and are as many for all of them.
func TestFoldIsItsFormula(t *testing.T) {
	ctx := context.Background()
	dir, d, c := openRecurrent(t, "n8")
	all, _ := exam(t, 5, 500, 6)
	for _, n := range []int{1, 15, 16, 17, 200, 500} {
		got, err := c.Vectors(ctx, all[:n])
		if err != nil || len(got) != 8*d.Width {
			t.Fatalf("%d numbers of %d tokens: %v", len(got), n, err)
		}
		for i, v := range slowly(t, dir, "n8", all[:n], nil) {
			if math.Abs(v-float64(got[i])) > 1e-4*(1+math.Abs(v)) {
				t.Fatalf("%d tokens: number %d is %g, by its formula %g", n, i, got[i], v)
			}
		}
	}
	_, _, q := openRecurrent(t, "n6q")
	p := compress.Prompt{Between: [][]int32{all[:100]}, Asked: []int32{7, 9, 11}}
	cache, want := d.NewCache(), make([]float32, 0)
	for _, v := range slowly(t, dir, "n6q", all[:100], p.Asked) {
		want = append(want, float32(v))
	}
	got, err := q.Read(ctx, cache, p, 0)
	if err != nil || q.Positions(p) != 6 || len(cache.Tokens()) != 6 {
		t.Fatalf("%d positions: %v", q.Positions(p), err)
	}
	read, err := d.ReadMixed(ctx, d.NewCache(), slices.Repeat([]int32{decoder.Vector}, 6), want)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range read {
		if math.Abs(float64(v-got[i])) > 1e-3*(1+math.Abs(float64(v))) {
			t.Fatalf("logit %d is %g, of the formula's vectors %g", i, got[i], v)
		}
	}
}

// A text that goes on is read from where it was left, one that begins otherwise from its beginning, and either way the
// bytes are those of reading all at once; the order of segments shows, and parts are cut each for itself.
func TestStatesGoOn(t *testing.T) {
	ctx := context.Background()
	_, d, c := openRecurrent(t, "n8")
	ids, _ := exam(t, 6, 160, 6)
	vectors := func(ids []int32) []float32 {
		t.Helper()
		v, err := c.Vectors(ctx, ids)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	fresh := vectors(ids)
	c.Forget()
	vectors(ids[:96])
	if got := vectors(ids); !slices.Equal(got, fresh) {
		t.Error("a state that goes on becomes another than that of all")
	}
	if made, reused := c.Reused(); made != 10 || reused != 6 {
		t.Errorf("of 10 segments behind 6 that were read, %d were made and %d taken again", made, reused)
	}
	turned := slices.Concat(ids[16:32], ids[:16], ids[32:])
	if other := vectors(turned); slices.Equal(other, fresh) {
		t.Error("the order of segments does not show")
	}
	if made, _ := c.Reused(); made != 20 {
		t.Errorf("of another beginning %d states were made", made-10)
	}
	read := func(parts ...[]int32) []float32 {
		t.Helper()
		logits, err := c.Read(ctx, d.NewCache(), compress.Prompt{Before: ids[:1], Between: parts, Behind: ids[:2]}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return logits
	}
	whole := read(ids)
	if !slices.Equal(read(ids[:32], nil, ids[32:]), whole) || slices.Equal(read(ids[:30], ids[30:]), whole) {
		t.Error("parts are not cut each for itself")
	}
	want, err := d.Read(ctx, d.NewCache(), []int32{ids[0], ids[0], ids[1]})
	if err != nil || !slices.Equal(read(), want) || !slices.Equal(read(nil), want) {
		t.Errorf("where nothing is compressed, there are vectors: %v", err)
	}
	var wait sync.WaitGroup
	c.Forget()
	for range 4 {
		wait.Go(func() {
			if got, err := c.Vectors(ctx, ids); err != nil || !slices.Equal(got, fresh) {
				t.Errorf("asked at once, vectors are others: %v", err)
			}
		})
	}
	wait.Wait()
}

// A question that is known is answered from the vectors, those of another question answer it less, and the states of
// segments are kept for the next question.
func TestKnownQuestionIsAnswered(t *testing.T) {
	ctx := context.Background()
	_, d, c := openRecurrent(t, "n6q")
	asked, right, other := 0, 0, 0
	for seed := range uint64(8) {
		c.Forget()
		ids, questions := exam(t, 40+seed, 1+256, 6)
		for i, q := range questions {
			p := prompt(ids, q)
			for _, known := range [][]int32{q.Ask, questions[(i+1)%6].Ask} {
				p.Asked = known
				logits, err := c.Read(ctx, d.NewCache(), p, 0)
				if err != nil {
					t.Fatal(err)
				}
				if best(logits) == q.Answer[0] && &known[0] == &q.Ask[0] {
					right++
				} else if best(logits) == q.Answer[0] {
					other++
				}
			}
			asked++
		}
		if made, reused := c.Reused(); made != 16 || reused != 16*11 {
			t.Errorf("of 16 segments, for 12 questions, %d were made and %d taken again", made, reused)
		}
	}
	t.Logf("of %d questions %d are answered, of another question's vectors %d", asked, right, other)
	if !raced && (right*10 < 6*asked || other*2 > right) {
		t.Errorf("of %d questions %d are answered, of another question's vectors %d", asked, right, other)
	}
	p := compress.Prompt{Between: [][]int32{{1, 2}}}
	for _, known := range [][]int32{nil, make([]int32, compress.MostSegment+1)} {
		p.Asked = known
		if _, err := c.Read(ctx, d.NewCache(), p, 0); err == nil || !strings.Contains(err.Error(), "n6q depend on the question") {
			t.Errorf("a question of %d tokens: %v", len(known), err)
		}
	}
	p.Asked = []int32{3}
	if _, err := c.Read(ctx, d.NewCache(), p, .5); err == nil || !strings.Contains(err.Error(), "none of them can be read as tokens") {
		t.Errorf("a share is opened: %v", err)
	}
	if _, err := c.ReadOpen(ctx, d.NewCache(), p, []int{0}); err == nil {
		t.Error("a segment is opened")
	}
	if _, err := c.Sense(ctx, p); err == nil {
		t.Error("segments are sensed")
	}
}

// What is wrong with the folder of a recurrent compressor is said by name.
func TestBadRecurrentFolders(t *testing.T) {
	dir, d, _ := openRecurrent(t, "n6q")
	own := filepath.Join(dir, compress.Folder, "n6q")
	described, err := os.ReadFile(filepath.Join(own, compress.Described))
	if err != nil {
		t.Fatal(err)
	}
	whole := func() (all []weights.Written) {
		for _, name := range []string{compress.StartName, compress.PlaceName, compress.KeepName, compress.QueryName, compress.KeyName, compress.ValueName, compress.IntoName, compress.AskedName} {
			shape := []int{64, 64}
			switch name {
			case compress.KeepName:
				shape = []int{6}
			case compress.StartName, compress.PlaceName:
				shape = []int{6, 64}
			}
			n := 1
			for _, k := range shape {
				n *= k
			}
			all = append(all, weights.Written{Name: name, Shape: shape, Floats: make([]float32, n)})
		}
		return all
	}
	try := func(name string, described []byte, tensors []weights.Written, says string) {
		t.Helper()
		to := filepath.Join(dir, compress.Folder, "bad")
		if err := os.CopyFS(to, os.DirFS(own)); err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(to)
		b, err := weights.Safetensors(tensors)
		if err != nil {
			t.Fatal(err)
		}
		for file, data := range map[string][]byte{compress.Described: described, compress.Weights: b} {
			if err := os.WriteFile(filepath.Join(to, file), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c, err := compress.Open(d, dir, "bad")
		if err == nil {
			c.Close()
		}
		if says == "" != (err == nil) || err != nil && (!strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v instead of %q", name, err, says)
		}
	}
	try("whole", described, whole(), "")
	for i, w := range whole() {
		try("without "+w.Name, described, slices.Delete(whole(), i, i+1), "no tensor "+w.Name)
		wrong := whole()
		wrong[i].Shape, wrong[i].Floats = []int{3, 2}, make([]float32, 6)
		try("misshapen "+w.Name, described, wrong, w.Name)
		none := whole()
		none[i].Floats[2] = float32(math.NaN())
		try("no number in "+w.Name, described, none, "number 2 of tensor "+w.Name)
	}
	for what, says := range map[[2]string]string{
		{`"recurrent"`, `"loop"`}:               "the kind",
		{`"recurrent"`, `""`}:                   "for the kind",
		{`"state": 6`, `"state": 0`}:            "a state of 0 vectors",
		{`"state": 6`, `"state": 2000`}:         "a state of 2000 vectors",
		{`"state": 6`, `"state": 7`}:            compress.StartName,
		{`"segment": 16`, `"segment": 0`}:       "segments of 0 tokens",
		{`"segment": 16`, `"segment": -1`}:      "segments of -1 tokens",
		{`"state": 6`, `"state": 6, "rate": 4`}: "a rate of 4",
	} {
		changed := bytes.Replace(described, []byte(what[0]), []byte(what[1]), 1)
		if bytes.Equal(changed, described) {
			t.Fatalf("%s has no %s", described, what[0])
		}
		try(what[1], changed, whole(), says)
	}
}
