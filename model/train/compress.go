package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/weights"
)

// CompressorRecipe is all that a compressor depends on: the same recipe gives the same bytes on any machine.
type CompressorRecipe struct {
	Model   Recipe  `json:"model"`             // that reads the vectors
	Rate    int     `json:"rate"`              // tokens that a vector stands for; 0 for a recurrent compressor
	Segment int     `json:"segment"`           // tokens that are compressed together
	State   int     `json:"state,omitempty"`   // vectors of a recurrent compressor
	Asked   bool    `json:"asked,omitempty"`   // it knows the question as it reads
	Learned int     `json:"learned,omitempty"` // segments of a text that it learns from, drawn at random; 0 for all
	Length  int     `json:"length"`            // tokens of a context
	Facts   int     `json:"facts"`             // in a context, at most
	Batch   int     `json:"batch"`             // texts of a step, a multiple of 4
	Steps   int     `json:"steps"`             // at most
	Learn   float64 `json:"learn"`             // rate of learning at its highest
	Goal    float64 `json:"goal"`              // share of right answers at which training ends early; 0 for never
	Seed    uint64  `json:"seed"`
}

func (r CompressorRecipe) check() error {
	if err := r.Model.check(); err != nil {
		return err
	}
	if r.Model.Shape.Gate.Kind != "" {
		return errors.New("compressors are trained for models with dense attention")
	}
	if err := r.described("").Check(); err != nil {
		return err
	}
	if r.Length < 48 || r.Length > 1<<14 || r.Facts < 1 || r.Batch < shards || r.Batch%shards != 0 || r.Steps < 1 || !(r.Learn > 0 && r.Learn < 1) {
		return fmt.Errorf("a recipe of %d steps of %d contexts of %d tokens and %d facts at the rate %g: contexts are a multiple of %d and have 48 to 16384 tokens, the rate is between 0 and 1", r.Steps, r.Batch, r.Length, r.Facts, r.Learn, shards)
	}
	if learned := r.Learned * r.Segment; r.State > r.Length || r.Learned < 0 || r.Learned > 0 && (r.State == 0 || learned < r.State || learned > r.Length) {
		return fmt.Errorf("a state of %d vectors, learned from %d segments of %d tokens of %d: that of all tokens is as many as vectors at least, and as the text at most", r.State, r.Learned, r.Segment, r.Length)
	}
	return nil
}

func (r CompressorRecipe) described(model string) compress.Description {
	d := compress.Description{Rate: r.Rate, Segment: r.Segment, State: r.State, Asked: r.Asked, Encoder: true, Model: model}
	if r.State > 0 {
		d.Kind = compress.Recurrent
	}
	return d
}

// Compressor is what was trained.
type Compressor struct {
	Recipe  CompressorRecipe `json:"recipe"`
	Last    Progress         `json:"last"`
	encoder *net
	beside  []weights.Written // the encoder's tensors

	students []learner // each takes a part of a batch
	pack     func()    // is called before each step
}

// learner takes texts through a compressor and a decoder, and back.
type learner interface {
	learn(t *text, weight float32) (loss float64, right int)
	worker() *worker // that has the gradients
}

// begin is a compressor that has learned nothing.
func (r CompressorRecipe) begin(dec *net, random *rand.Rand) *Compressor {
	c := &Compressor{Recipe: r}
	var packed all
	dec.pack(&packed)
	still := func() *worker {
		w := dec.worker(&packed)
		w.still = true
		return w
	}
	if r.State > 0 {
		e, a := newRecurrent(dec, r, random), &packedRecurrent{}
		for range shards {
			c.students = append(c.students, &reader{e: e, a: a, enc: e.worker(&a.all), rest: e.worker(&a.all), dec: still()})
		}
		c.encoder, c.beside, c.pack = e.net, e.beside(), func() { e.pack(a) }
		return c
	}
	e, a := newEncoder(dec, r.Rate, r.Segment, random), &all{}
	for range shards {
		c.students = append(c.students, &pupil{e: e, enc: e.worker(a), dec: still()})
	}
	c.encoder, c.beside, c.pack = e.net, e.beside(), func() { e.pack(a) }
	return c
}

// TrainCompressor makes a compressor for a model, which stays as it is. Where it is interrupted there is none.
func TrainCompressor(ctx context.Context, m *Model, r CompressorRecipe, watch func(Progress)) (*Compressor, error) {
	if err := r.check(); err != nil {
		return nil, err
	}
	if m.Recipe != r.Model {
		return nil, errors.New("the model was made by another recipe than the compressor is for")
	}
	task, err := taskOf(r.Model.Task)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(r.Seed, 1))
	dec := *m.net
	dec.turn(r.Length + 1 + r.Facts*(task.before+task.after))
	c := r.begin(&dec, random)
	workers := make([]*worker, shards)
	for i := range workers {
		workers[i] = c.students[i].worker()
	}
	schedule := Recipe{Steps: r.Steps, Rate: r.Learn}
	size := len(c.encoder.params)
	o := optimizer{m: make([]float32, size), v: make([]float32, size), grads: make([]float32, size)}
	seen, count := Progress{}, 0
	for step := 1; step <= r.Steps; step++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		batch := make([]text, r.Batch)
		for i := range batch {
			batch[i] = r.text(task, random, hard(schedule, step))
		}
		c.pack()
		loss, right, scored := learnTogether(c.students, batch)
		if math.IsNaN(loss) || math.IsInf(loss, 0) || !o.step(c.encoder, workers, rate(schedule, step), step) {
			return nil, fmt.Errorf("%w: the loss or the gradient of step %d is no number; a lower rate than %g may help", ErrNotANumber, step, r.Learn)
		}
		seen.Loss, seen.Right, count = seen.Loss+loss/float64(scored), seen.Right+float64(right)/float64(scored), count+1
		if step%every > 0 && step < r.Steps {
			continue
		}
		c.Last = Progress{Step: step, Loss: seen.Loss / float64(count), Right: seen.Right / float64(count)}
		seen, count = Progress{}, 0
		if watch != nil {
			watch(c.Last)
		}
		if r.Goal > 0 && c.Last.Right >= r.Goal && hard(schedule, step-every) == 1 {
			break
		}
	}
	return c, nil
}

// mostKnown is how many questions are asked about a text, each by itself, where they are known.
const mostKnown = 4

// text is a context in which facts are said once, and all of them asked behind it. There are the more the harder it is
// to be.
func (r CompressorRecipe) text(task task, random *rand.Rand, hard float64) (t text) {
	easy := min(4, r.Facts)
	n := 1 + random.IntN(easy+int(hard*float64(r.Facts-easy)))
	ids, questions := task.exam(random, r.Length+1, n)
	t.context, t.readings = ids, make([]reading, 1)
	if r.Asked {
		questions = questions[:min(len(questions), mostKnown)]
		t.readings = make([]reading, len(questions))
	}
	for i, q := range questions {
		to := &t.readings[i%len(t.readings)]
		if r.Asked {
			to.known = q.Ask
		}
		to.behind = append(append(to.behind, q.Ask...), q.Answer...)
		for j := range task.after {
			to.scored = append(to.scored, len(to.behind)-task.after-1+j)
		}
	}
	if r.Learned > 0 {
		t.learned = random.Perm((r.Length + r.Segment - 1) / r.Segment)[:r.Learned]
		slices.Sort(t.learned)
	}
	return t
}

// learnTogether learns from a batch.
func learnTogether(students []learner, batch []text) (loss float64, right, scored int) {
	for _, t := range batch {
		for _, r := range t.readings {
			scored += len(r.scored)
		}
	}
	weight, per := 1/float32(scored), len(batch)/shards
	losses, rights := make([]float64, shards), make([]int, shards)
	turn := make(chan int, shards)
	for i := range students {
		turn <- i
	}
	close(turn)
	var wait sync.WaitGroup
	for range min(shards, runtime.GOMAXPROCS(0)) {
		wait.Go(func() {
			for i := range turn {
				clear(students[i].worker().grads)
				for j := range per {
					l, r := students[i].learn(&batch[i*per+j], weight)
					losses[i], rights[i] = losses[i]+l, rights[i]+r
				}
			}
		})
	}
	wait.Wait()
	for i := range losses {
		loss, right = loss+losses[i], right+rights[i]
	}
	return loss, right, scored
}

// Write writes the compressor into the folder of its model, under a name. It is there whole or not at all; what is
// there already stays.
func (c *Compressor) Write(model, name string) error {
	dir := filepath.Join(model, compress.Folder, name)
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: remove it, or take another name", dir)
	}
	if _, err := Made(model, c.Recipe.Model); err != nil {
		return err
	}
	digest, err := compress.Digest(model)
	if err != nil {
		return err
	}
	files, err := (&Model{Recipe: c.Recipe.Model, net: c.encoder}).files()
	if err != nil {
		return err
	}
	for name, v := range map[string]any{recipeFile: c, compress.Described: c.Recipe.described(digest)} {
		b, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			return err
		}
		files[name] = append(b, '\n')
	}
	if files[compress.Weights], err = weights.Safetensors(c.beside); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	return writeFolder(dir, files)
}

// MadeCompressor says how training ended of the compressor of a model's folder, where it was made by the recipe. The
// error is of the kind fs.ErrNotExist where nothing is there.
func MadeCompressor(model, name string, r CompressorRecipe) (Progress, error) {
	var c Compressor
	if err := readRecipe(filepath.Join(model, compress.Folder, name), &c); err != nil {
		return Progress{}, err
	}
	if c.Recipe != r {
		return Progress{}, fmt.Errorf("%s was made by another recipe: remove it, or name another folder", filepath.Join(model, compress.Folder, name))
	}
	return c.Last, nil
}
