// Command looking measures what a small language model's reading of texts would give to contexts, beside what
// tamis does without one, on evidence sets:
//
//	order    attention sorting: sources in the order of the attention that they get, the best last
//	words    self-information: words left out of sentences, by the model and by counts
//	drafts   a forward look: a draft answer that is looked for beside the question
//	quotes   drafts of what a model quotes: from the conversation, from all documents, by states
//	steer    states moved along the difference of two kinds of texts, and what becomes more probable
//
// Differences are of the same questions, with their 95 % interval.
package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/decoder"
)

// bench is what all of them need.
type bench struct {
	path string // of the model
	d    *decoder.Decoder
	most int
	data string
	ends time.Time // no question is begun afterwards
}

func main() {
	b := &bench{}
	what := flag.String("what", "order", "order, words, drafts, quotes or steer")
	sets := flag.String("sets", "nq-oracle", "evidence sets, comma-separated")
	flag.StringVar(&b.path, "llm", "", "`file` of a language model, GGUF")
	flag.StringVar(&b.data, "data", os.Getenv("TAMIS_DATA"), "evaluation data `folder`; default $TAMIS_DATA, else ../shared/data beside the repository")
	flag.IntVar(&b.most, "questions", 40, "of a set at most")
	within := flag.Duration("within", 4*time.Minute, "after which no further question is begun")
	flag.Parse()
	b.ends = time.Now().Add(*within)
	if err := b.run(context.Background(), *what, strings.Split(*sets, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "looking:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, what string, sets []string) (err error) {
	if b.data == "" {
		at, err := peer.Dir()
		if err != nil {
			return err
		}
		b.data = filepath.Join(at, "..", "..", "shared", "data")
	}
	if b.d, err = decoder.Open(b.path, decoder.Options{}); err != nil {
		return err
	}
	defer b.d.Close()
	if what == "steer" {
		return b.steer(ctx)
	}
	measures := map[string]func(ctx context.Context, name string, set *eval.EvidenceSet, ix *tamis.Index) error{"order": b.order, "words": b.words, "drafts": b.drafts, "quotes": b.quotes}
	measure, ok := measures[what]
	if !ok {
		return fmt.Errorf("-what %s: it is order, words, drafts, quotes or steer", what)
	}
	for _, name := range sets {
		dir := filepath.Join(b.data, "evidence", name)
		set, err := eval.LoadEvidence(filepath.Join(dir, "documents.jsonl.gz"), filepath.Join(dir, "questions.jsonl"))
		if err != nil {
			return err
		}
		ix, err := tamis.Open("", tamis.Options{})
		if err != nil {
			return err
		}
		if _, err = ix.Add(ctx, documents(set)); err == nil {
			err = measure(ctx, name, set, ix)
		}
		if ix.Close(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
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

// questions are those of a set, spread over all of it: each that is not taken is followed by the next.
func (b *bench) questions(set *eval.EvidenceSet) iter.Seq[*eval.Question] {
	const stride = 389 // of no set's count a divisor
	return func(yield func(*eval.Question) bool) {
		for n := range set.Questions {
			if time.Now().After(b.ends) || !yield(&set.Questions[n*stride%len(set.Questions)]) {
				return
			}
		}
	}
}

// ids are the tokens of a text, which may name special ones.
func (b *bench) ids(s string) (out []int32) {
	for _, t := range b.d.Tokenizer.Encode(s, -1) {
		out = append(out, t.ID)
	}
	return out
}

// likeliest is the token that a model says greedily.
func likeliest(logits []float32) int32 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return int32(best)
}

// said is what the model says after logits, greedily.
func (b *bench) said(ctx context.Context, c *decoder.Cache, logits []float32, most int) (string, error) {
	var all []byte
	for range most {
		best := likeliest(logits)
		if slices.Contains(b.d.Ends, best) {
			break
		}
		all = append(all, b.d.Tokenizer.Bytes(best)...)
		if strings.Contains(string(all), "\n") {
			break
		}
		var err error
		if logits, err = b.d.Read(ctx, c, []int32{best}); err != nil {
			return "", err
		}
	}
	return string(all), nil
}

// system and turn are what stands before sources and behind a question: a text to be gone on with, since short
// answers are wanted.
const (
	system = "Answer the question with one or few words, from the sources.\nSources:\n"
	turn   = "\nAnswer:"
)

// compare prints the mean of each and its difference to the first.
func compare(what string, names []string, values [][]float64) error {
	fmt.Printf("  %s:", what)
	for i, name := range names {
		fmt.Printf(" %s %.3f", name, figures.Mean(values[i]))
		if i > 0 {
			x, err := figures.Compare(values[0], values[i])
			if err != nil {
				return err
			}
			fmt.Printf(" (%+.3f [%+.3f, %+.3f])", x.Mean, x.Low, x.High)
		}
	}
	fmt.Println()
	return nil
}
