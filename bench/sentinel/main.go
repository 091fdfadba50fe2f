// Command sentinel measures whether the attention of a small language model says which sentences of a
// passage answer a question (Zhang et al. 2025, Sentinel, 2505.23277): the passage and the question are read
// once, and what each head of each layer pays to each sentence from the last token is weighed by a logistic
// model. It is learned on half of xquad, and asked of the other half and of sets that taught it nothing, beside the score
// that contexts rank the same sentences by, and both together.
package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/pack/unit"
)

// longest is the tokens of a passage that is asked about.
const longest = 450

// question is one with the sentences of the passage that answers it.
type question struct {
	looks  [][]float64 // of each sentence: log of a head's attention a token, less the mean of sentences
	score  []float64   // by which contexts rank
	right  []bool
	half   int           // of what is learned
	took   time.Duration // of the model
	tokens int
}

func main() {
	path := flag.String("llm", "", "`file` of a language model, GGUF")
	most := flag.Int("questions", 250, "of a set at most")
	flag.Parse()
	if err := run(context.Background(), *path, *most); err != nil {
		fmt.Fprintln(os.Stderr, "sentinel:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, path string, most int) error {
	at, err := peer.Dir()
	if err != nil {
		return err
	}
	d, err := decoder.Open(path, decoder.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	learn, tests := []question{}, map[string][]question{}
	names := []string{"squad-xquad-en", "nq-oracle", "scifact-sentences", "hotpotqa"}
	for _, name := range names {
		dir := filepath.Join(at, "..", "..", "shared", "data", "evidence", name)
		set, err := eval.LoadEvidence(filepath.Join(dir, "documents.jsonl.gz"), filepath.Join(dir, "questions.jsonl"))
		if err != nil {
			return err
		}
		all, first, err := ask(ctx, d, set, most, name == names[0])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		learn, tests[name] = append(learn, first...), all
		fmt.Fprintln(os.Stderr, name, len(all), len(first))
	}
	looks := func(q *question, i int) []float64 { return q.looks[i] }
	halves := [2][]question{}
	for i := range learn {
		learn[i].half = i % 2
	}
	for i, q := range learn {
		halves[i%2] = append(halves[i%2], q)
	}
	// The penalty is the one by which each half ranks the other best; so is what attention says of a
	// question where it is to stand beside the score.
	penalty, best := 0.0, -1.0
	for _, p := range []float64{.001, .01, .1, 1} {
		var found []float64
		for k := range halves {
			l := fit(halves[k], looks, p)
			for j := range halves[1-k] {
				q := &halves[1-k][j]
				found = append(found, reciprocal(q.right, func(i int) float64 { return l.of(q.looks[i]) }))
			}
		}
		if m := figures.Mean(found); m > best {
			penalty, best = p, m
		}
	}
	heads := fit(learn, looks, penalty)
	apart := [2]*logistic{fit(halves[1], looks, penalty), fit(halves[0], looks, penalty)}
	both := fit(learn, func(q *question, i int) []float64 { return []float64{apart[q.half].of(q.looks[i]), q.score[i]} }, .001)
	own := func(q *question, i int) []float64 { return []float64{heads.of(q.looks[i]), q.score[i]} }
	fmt.Printf("learned of %d questions, penalty %g: MRR %.3f of one half by the other\n", len(learn), penalty, best)
	for _, name := range names {
		var by [4][]float64
		var took, tokens []float64
		for i := range tests[name] {
			q := &tests[name][i]
			for k, s := range []func(i int) float64{
				func(i int) float64 { return float64(-i) },
				func(i int) float64 { return q.score[i] },
				func(i int) float64 { return heads.of(q.looks[i]) },
				func(i int) float64 { return both.of(own(q, i)) },
			} {
				by[k] = append(by[k], reciprocal(q.right, s))
			}
			took, tokens = append(took, float64(q.took.Milliseconds())), append(tokens, float64(q.tokens))
		}
		fmt.Printf("%s, %d questions, MRR: first sentence first %.3f, tamis %.3f, attention %.3f, both %.3f; %.0f ms for %.0f tokens in the median\n",
			name, len(by[0]), figures.Mean(by[0]), figures.Mean(by[1]), figures.Mean(by[2]), figures.Mean(by[3]), figures.Median(took), figures.Median(tokens))
		for k, what := range map[int]string{2: "attention", 3: "both"} {
			x, err := figures.Compare(by[1], by[k])
			if err != nil {
				return err
			}
			fmt.Printf("  %s less tamis %+.3f [%+.3f, %+.3f]\n", what, x.Mean, x.Low, x.High)
		}
	}
	return nil
}

// ask has the model read questions of a set, evenly taken; where half is set those of the first half of
// its documents come apart.
func ask(ctx context.Context, d *decoder.Decoder, set *eval.EvidenceSet, most int, half bool) (all, first []question, err error) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		return nil, nil, err
	}
	defer ix.Close()
	if _, err := ix.Add(ctx, documents(set)); err != nil {
		return nil, nil, err
	}
	wanted := most
	if half {
		wanted *= 2
	}
	for n := range min(wanted, len(set.Questions)) {
		q := &set.Questions[n*len(set.Questions)/min(wanted, len(set.Questions))]
		doc, _ := set.Document(q.Evidence[0].Doc)
		sentences := sentencesOf(doc)
		x := question{right: make([]bool, len(sentences))}
		for i, s := range sentences {
			for _, e := range q.Evidence {
				x.right[i] = x.right[i] || e.Doc == doc.ID && e.Start < s[1] && s[0] < e.End
			}
		}
		if len(sentences) < 2 || !slices.Contains(x.right, true) || !slices.Contains(x.right, false) {
			continue
		}
		if x.score, err = scores(ctx, ix, q.Text, doc, sentences); err != nil {
			return nil, nil, err
		}
		if err = look(ctx, d, &x, q.Text, doc.Text, sentences); err != nil {
			return nil, nil, err
		}
		if x.looks == nil { // longer than longest
			continue
		}
		place := slices.IndexFunc(set.Documents, func(o eval.Document) bool { return o.ID == doc.ID })
		if half && place < len(set.Documents)/2 {
			first = append(first, x)
		} else {
			all = append(all, x)
		}
	}
	return all, first, nil
}

func documents(s *eval.EvidenceSet) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		for _, d := range s.Documents {
			if !yield(tamis.Document{ID: d.ID, Title: d.Title, Source: d.Text, Type: "jsonl"}, nil) {
				return
			}
		}
	}
}

func sentencesOf(d *eval.Document) (all [][2]int) {
	for _, p := range split.Split(&corpus.Document{ID: d.ID, Source: d.Text}, split.Options{}) {
		for _, s := range p.Sentences {
			all = append(all, [2]int{s.Start, s.End})
		}
	}
	return all
}

// scores are those of a context's units, by sentence; the least where one was not looked at.
func scores(ctx context.Context, ix *tamis.Index, asked string, doc *eval.Document, sentences [][2]int) ([]float64, error) {
	out := make([]float64, len(sentences))
	for i := range out {
		out[i] = -1
	}
	lab := tamis.Lab{KeepDuplicates: true, Trace: func(units []score.Unit) {
		for _, u := range units {
			for i, s := range sentences {
				if u.Doc == doc.ID && u.Start < s[1] && s[0] < u.End {
					out[i] = max(out[i], u.Score)
				}
			}
		}
	}}
	_, err := ix.Context(ctx, asked, tamis.Budget{Tokens: 1000}, tamis.Layout{Unit: unit.Sentence}, lab)
	return out, err
}

// look reads a passage and a question, as Sentinel words it.
func look(ctx context.Context, d *decoder.Decoder, x *question, asked, text string, sentences [][2]int) error {
	before := "Given the following information: "
	prompt := before + text + "\nAnswer the following question based on the given information with one or few words: " + asked + "\nAnswer:"
	tokens := d.Tokenizer.Encode(prompt, -1)
	if len(tokens) > longest {
		return nil
	}
	var ids []int32
	for _, t := range tokens {
		ids = append(ids, t.ID)
	}
	// The token that a sentence begins in, and the end of the last one.
	var ends []int
	for _, s := range sentences {
		i := slices.IndexFunc(tokens, func(t tokenizer.Token) bool { return t.End > len(before)+s[0] })
		ends = append(ends, i)
	}
	end := slices.IndexFunc(tokens, func(t tokenizer.Token) bool { return t.Start >= len(before)+sentences[len(sentences)-1][1] })
	ends = append(ends, end)
	began := time.Now()
	c := d.NewCache()
	c.Looks = true
	if _, err := d.Read(ctx, c, ids); err != nil {
		return err
	}
	paid, err := d.Look(c, ends)
	if err != nil {
		return err
	}
	x.took, x.tokens = time.Since(began), len(ids)
	mean := make([]float64, len(paid[0]))
	for i, row := range paid {
		logs := make([]float64, len(row))
		for h, v := range row {
			logs[h] = math.Log(float64(v)/float64(max(1, ends[i+1]-ends[i])) + 1e-7)
			mean[h] += logs[h] / float64(len(paid))
		}
		x.looks = append(x.looks, logs)
	}
	for _, logs := range x.looks {
		for h := range logs {
			logs[h] -= mean[h]
		}
	}
	return nil
}

// logistic is a weight for each feature.
type logistic struct {
	weights, scale []float64
}

func (l *logistic) of(x []float64) float64 {
	s := 0.0
	for i, w := range l.weights {
		s += w * x[i] / l.scale[i]
	}
	return s
}

// fit learns which sentence of a passage is right, by gradients of the log of the probability of those
// that are among all of the passage.
func fit(all []question, features func(q *question, i int) []float64, penalty float64) *logistic {
	n := len(features(&all[0], 0))
	l := &logistic{weights: make([]float64, n), scale: make([]float64, n)}
	rows := 0.0
	for k := range all {
		for i := range all[k].right {
			for j, v := range features(&all[k], i) {
				l.scale[j] += v * v
			}
			rows++
		}
	}
	for j := range l.scale {
		l.scale[j] = math.Sqrt(l.scale[j]/rows) + 1e-9
	}
	const steps, rate = 300, .5
	velocity := make([]float64, n)
	for range steps {
		gradient := make([]float64, n)
		for k := range all {
			q := &all[k]
			var xs [][]float64
			var p []float64
			top, sum, good := math.Inf(-1), 0.0, 0.0
			for i := range q.right {
				xs = append(xs, features(q, i))
				p = append(p, l.of(xs[i]))
				top = max(top, p[i])
			}
			for i := range p {
				p[i] = math.Exp(p[i] - top)
				sum += p[i]
				if q.right[i] {
					good += p[i]
				}
			}
			for i, x := range xs {
				g := -p[i] / sum
				if q.right[i] {
					g += p[i] / good
				}
				for j, v := range x {
					gradient[j] += g * v / l.scale[j] / float64(len(all))
				}
			}
		}
		for j := range gradient {
			velocity[j] = .9*velocity[j] + gradient[j] - penalty*l.weights[j]
			l.weights[j] += rate / math.Sqrt(float64(n)) * velocity[j]
		}
	}
	return l
}

// reciprocal is 1 over the rank of the first that is right.
func reciprocal(right []bool, score func(i int) float64) float64 {
	best := 0.0
	for i, r := range right {
		if !r {
			continue
		}
		rank := 1.0
		for j := range right {
			if j != i && (score(j) > score(i) || score(j) == score(i) && !right[j]) {
				rank++
			}
		}
		best = max(best, 1/rank)
	}
	return best
}
