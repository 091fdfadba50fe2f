// Command options measures what an option of contexts costs or brings on the
// evidence sets: evidence and answer recall with it, less that without it, the
// mean of the sets of even and of odd place in the order of names, so that what
// is chosen on one half can be reported on the other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/text/tokens"
)

// pronoun begins a span that speaks of something before it.
var pronoun = regexp.MustCompile(`^(?:It|Its|This|These|Those|They|Their|He|His|She|Her)\b`)

var budgets = []int{256, 512, 1000, 2000}

func main() {
	data := flag.String("data", os.Getenv("TAMIS_DATA"), "evaluation data `folder`; default $TAMIS_DATA, else ../shared/data beside the repository")
	var b tamis.Layout
	guards := flag.String("guards", "default", "guards with the option, comma-separated, or none")
	without := flag.String("without-guards", "default", "guards without it")
	flag.StringVar(&b.Cut, "cut", "", "cut")
	flag.Float64Var(&b.MostOf, "most-of", 0, "share of each document")
	flag.Float64Var(&b.Shrink, "shrink", 0, "share of the words left out of sentences")
	flag.BoolVar(&b.ShrinkByQuestion, "by-question", false, "shrinking keeps the question's words")
	drafts := flag.String("drafts", "", "simulated draft answers: right, the answers that the set knows; wrong, those of the question before")
	minimal := flag.Bool("minimal", false, "print how many tokens the minimal sufficient part of each context has")
	flag.Parse()
	b.Guards = list(*guards)
	base := tamis.Layout{Guards: list(*without)}
	if err := run(context.Background(), *data, base, b, *drafts, *minimal); err != nil {
		fmt.Fprintln(os.Stderr, "options:", err)
		os.Exit(1)
	}
}

func list(names string) []string {
	switch names {
	case "default":
		return unit.DefaultGuards()
	case "none":
		return []string{}
	}
	return strings.Split(names, ",")
}

// result is what one set gives: the values of its questions at each budget.
type result struct {
	evidence, tokens [][]float64
	answers          []float64 // share that holds one; nil when there are none to look for
	spans, pronouns  int       // spans, and those that begin with a pronoun
}

func run(ctx context.Context, data string, base, with tamis.Layout, drafts string, minimal bool) error {
	if data == "" {
		dir, err := peer.Dir()
		if err != nil {
			return err
		}
		data = filepath.Join(dir, "..", "..", "shared", "data")
	}
	counter, err := tokens.New("o200k_base")
	if err != nil {
		return err
	}
	names, sets, err := eval.LoadEvidenceSets(filepath.Join(data, "evidence"))
	if err != nil {
		return err
	}
	results := make([][2]result, len(sets))
	for i, s := range sets {
		own, err := system.NewContexts(ctx, s, nil)
		if err != nil {
			return fmt.Errorf("%s: %w", names[i], err)
		}
		for k, b := range []tamis.Layout{base, with} {
			own.Layout = b
			ask := own.Ask(counter.Name())
			if k == 1 && drafts != "" {
				ask = drafted(own, s, drafts == "wrong", counter.Name())
			}
			least := make([]float64, len(budgets))
			asked := make([]float64, len(budgets))
			var spans, pronouns int
			r, err := s.Run(ctx, ask, budgets, counter, func(c *eval.Context) error {
				for _, x := range c.Spans {
					spans++
					if d, ok := s.Document(x.Doc); ok && pronoun.MatchString(d.Text[x.Start:x.End]) {
						pronouns++
					}
				}
				if minimal && k == 1 {
					b := slices.Index(budgets, c.Budget)
					least[b] += float64(s.Minimal(s.Question(c.ID), c, counter).Tokens)
					asked[b]++
				}
				return nil
			})
			if err != nil {
				return errors.Join(fmt.Errorf("%s: %w", names[i], err), own.Close())
			}
			results[i][k] = read(r)
			results[i][k].spans, results[i][k].pronouns = spans, pronouns
			if minimal && k == 1 {
				fmt.Printf("%-18s minimal tokens", names[i])
				for b := range budgets {
					fmt.Printf("  %.1f of %.0f", least[b]/max(asked[b], 1), r.Budgets[b].TokensMean)
				}
				fmt.Println()
			}
		}
		if err := own.Close(); err != nil {
			return err
		}
		fmt.Printf("%-18s", names[i])
		for b := range budgets {
			fmt.Printf("  %5.1f %+5.1f", 100*mean(results[i][1].evidence[b]), 100*(mean(results[i][1].evidence[b])-mean(results[i][0].evidence[b])))
		}
		fmt.Println()
	}
	for half, name := range []string{"even", "odd"} {
		var of [][2]result
		for i := half; i < len(results); i += 2 {
			of = append(of, results[i])
		}
		fmt.Printf("%-5s evidence   ", name)
		for b := range budgets {
			d, low, high := difference(of, b)
			fmt.Printf("  %+.2f [%+.2f, %+.2f]", 100*d, 100*low, 100*high)
		}
		fmt.Printf("\n%-5s answers    ", name)
		for b := range budgets {
			without, with, n := 0.0, 0.0, 0.0
			for _, r := range of {
				if r[0].answers != nil {
					without, with, n = without+r[0].answers[b], with+r[1].answers[b], n+1
				}
			}
			fmt.Printf("  %.1f, without %.1f", 100*with/max(n, 1), 100*without/max(n, 1))
		}
		var begin, spans [2]int
		for _, r := range of {
			for k := range r {
				begin[k], spans[k] = begin[k]+r[k].pronouns, spans[k]+r[k].spans
			}
		}
		fmt.Printf("\n%-5s spans that begin with a pronoun  %.2f %%, without %.2f %%", name, 100*float64(begin[1])/float64(max(spans[1], 1)), 100*float64(begin[0])/float64(max(spans[0], 1)))
		fmt.Printf("\n%-5s tokens     ", name)
		for b := range budgets {
			sum := [2]float64{}
			for _, r := range of {
				for k := range sum {
					sum[k] += r[k].tokens[b][0] / float64(len(of))
				}
			}
			fmt.Printf("  %.0f, without %.0f", sum[1], sum[0])
		}
		fmt.Println()
	}
	return nil
}

// drafted asks with simulated draft answers.
func drafted(own *system.Contexts, s *eval.EvidenceSet, wrong bool, tokenizer string) eval.ContextFunc {
	before := map[string][]string{}
	for i, q := range s.Questions {
		before[q.ID] = s.Questions[max(i-1, 0)].Answers
	}
	return func(ctx context.Context, q *eval.Question, budget int) (*eval.Context, error) {
		c := *own
		c.Drafts = q.Answers
		if wrong {
			c.Drafts = before[q.ID]
		}
		return c.Ask(tokenizer)(ctx, q, budget)
	}
}

func read(r *eval.ContextReport) result {
	var out result
	for i := range r.Budgets {
		f := &r.Budgets[i]
		out.evidence = append(out.evidence, f.Recalls())
		out.tokens = append(out.tokens, []float64{f.TokensMean})
		if f.AnswerRecall != nil {
			out.answers = append(out.answers, *f.AnswerRecall)
		}
	}
	return out
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(max(len(v), 1))
}

// difference is the mean over sets of the evidence recall with the option less
// that without, and its 95 % interval: questions are drawn anew within each set.
func difference(of [][2]result, budget int) (d, low, high float64) {
	rng := rand.New(rand.NewPCG(20261125, uint64(budget)))
	draw := func(pick func(i, n int) int) float64 {
		sum := 0.0
		for _, r := range of {
			a, b := r[0].evidence[budget], r[1].evidence[budget]
			s := 0.0
			for i := range a {
				j := pick(i, len(a))
				s += b[j] - a[j]
			}
			sum += s / float64(len(a))
		}
		return sum / float64(len(of))
	}
	d = draw(func(i, _ int) int { return i })
	all := make([]float64, 2000)
	for k := range all {
		all[k] = draw(func(_, n int) int { return rng.IntN(n) })
	}
	slices.Sort(all)
	return d, all[50], all[1949]
}
