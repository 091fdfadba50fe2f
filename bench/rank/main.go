// Command rank tells whether scorecards that are made from a corpus (tamis eval corpus) rank
// configurations as questions that people made do: it asks both of every configuration, has the
// latter judged by evalreal.py, and prints the rank correlations.
//
//	go run ./rank -corpora DIR -indexes DIR [-set ../../shared/data/realdocs] [-judge evalreal.py] [-corpus py,git,deb,go]
//
// DIR/NAME is the folder of the corpus NAME, as .ci/real makes it; its index, in -indexes, is brought up
// to date first. Configurations are tamis as it is, without some of what its score consists of, with
// other guards and layouts, and baselines that cut documents into chunks or sentences.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/asked"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/eval/scorecard"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/text/tokens"
)

// configuration is a way of making contexts: of tamis, or a baseline.
type configuration struct {
	name     string
	layout   tamis.Layout
	without  []score.Feature
	baseline string
}

var configurations = []configuration{
	{name: "tamis"},
	{name: "tamis, no look", without: []score.Feature{score.Look}},
	{name: "tamis, no windows", without: []score.Feature{score.Near, score.Section, score.Block, score.Chapter, score.Broad}},
	{name: "tamis, sentences alone", without: []score.Feature{score.Cover, score.Near, score.Section, score.Block, score.Chapter, score.Broad, score.DocScore, score.Title, score.Asked,
		score.Bridge, score.Lead, score.Names, score.Look, score.Role}},
	{name: "tamis, no guards", layout: tamis.Layout{Guards: []string{}}},
	{name: "tamis, most of 0.1", layout: tamis.Layout{MostOf: .1}},
	{name: "tamis, shrink 0.5", layout: tamis.Layout{Shrink: .5}},
	{name: "fixed-chunks", baseline: "fixed-chunks"},
	{name: "recursive", baseline: "recursive"},
	{name: "whole-passages", baseline: "whole-passages"},
	{name: "bm25-sentences", baseline: "bm25-sentences"},
	{name: "head", baseline: "head"},
	{name: "random-sentences", baseline: "random-sentences"},
}

// ask is the configuration over an index and its documents.
func (c *configuration) ask(ix *tamis.Index, set *eval.EvidenceSet, counter tokens.Counter) (eval.ContextFunc, error) {
	if c.baseline != "" {
		b, err := baselines.Named(c.baseline)
		if err != nil {
			return nil, err
		}
		return b[0].On(set, counter)
	}
	w := score.DefaultWeights()
	for _, f := range c.without {
		w[f] = 0
	}
	return system.Ask(ix, counter.Name(), c.layout, tamis.Lab{Weights: &w}), nil
}

// bench is what one run asks.
type bench struct {
	set, corpora, indexes, judge, out string
	budgets                           []int
	questions                         int
	seed                              uint64

	own   map[string][]float64 // mean recall of the cards by configuration, by budget
	files map[string]*bufio.Writer
}

func main() {
	b := bench{budgets: []int{256, 512, 1000, 2000}, own: map[string][]float64{}, files: map[string]*bufio.Writer{}}
	flag.StringVar(&b.set, "set", "../../shared/data/realdocs", "folder with questions.jsonl")
	flag.StringVar(&b.corpora, "corpora", "corpora", "folder with a folder for each corpus")
	flag.StringVar(&b.indexes, "indexes", "indexes", "folder for the indexes")
	flag.StringVar(&b.judge, "judge", "../../shared/tools/evalreal/evalreal.py", "the judge of the questions that people made")
	flag.StringVar(&b.out, "out", "", "folder for contexts and judgments (default a temporary one)")
	flag.IntVar(&b.questions, "questions", 200, "questions made of each corpus")
	flag.Uint64Var(&b.seed, "seed", 1, "of the questions that are made")
	only := flag.String("corpus", "py,git,deb,go", "corpora, comma-separated")
	flag.Parse()
	if err := b.run(context.Background(), strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "rank:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ctx context.Context, corpora []string) error {
	if b.out == "" {
		dir, err := os.MkdirTemp("", "rank")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		b.out = dir
	} else if err := os.MkdirAll(b.out, 0o777); err != nil {
		return err
	}
	people, err := asked.Questions(filepath.Join(b.set, "questions.jsonl"))
	if err != nil {
		return err
	}
	people = slices.DeleteFunc(people, func(q asked.Question) bool { return !slices.Contains(corpora, q.Corpus) })
	for i := range configurations {
		f, err := os.Create(filepath.Join(b.out, fmt.Sprintf("%d.jsonl", i)))
		if err != nil {
			return err
		}
		defer f.Close()
		b.files[configurations[i].name] = bufio.NewWriter(f)
	}
	for _, name := range corpora {
		if err := b.corpus(ctx, name, len(corpora), people); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, w := range b.files {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	judged, err := b.judged(corpora)
	if err != nil {
		return err
	}
	return b.print(judged, len(people))
}

// corpus asks the questions of one corpus, those made of it and those of people.
func (b *bench) corpus(ctx context.Context, name string, of int, people []asked.Question) error {
	ix, err := tamis.Open(filepath.Join(b.indexes, name), tamis.Options{})
	if err != nil {
		return err
	}
	defer ix.Close()
	if _, err := ix.AddFiles(ctx, []string{filepath.Join(b.corpora, name)}, tamis.FileOptions{}); err != nil {
		return err
	}
	counter, err := tokens.New("o200k_base")
	if err != nil {
		return err
	}
	all, err := baselines.Named("fixed-chunks") // so that all documents are held
	if err != nil {
		return err
	}
	p, err := scorecard.Prepare(ctx, ix, scorecard.Options{Questions: questions.Options{Count: b.questions, Seed: b.seed}, Budgets: b.budgets, Counter: counter, Baselines: all})
	if err != nil {
		return err
	}
	p.Why = nil
	for i := range configurations {
		c := &configurations[i]
		ask, err := c.ask(ix, p.Set, counter)
		if err != nil {
			return err
		}
		p.Systems = []scorecard.Asked{{Name: c.name, Ask: ask}}
		card, err := p.Measure(ctx, name)
		if err != nil {
			return err
		}
		mean := b.own[c.name]
		if mean == nil {
			mean = make([]float64, len(b.budgets))
			b.own[c.name] = mean
		}
		for k := range b.budgets {
			mean[k] += card.Systems[0].Budgets[k].EvidenceRecall.Mean / float64(of)
		}
		enc := json.NewEncoder(b.files[c.name])
		for _, q := range people {
			if q.Corpus != name {
				continue
			}
			for _, budget := range b.budgets {
				got, err := ask(ctx, &eval.Question{ID: q.ID, Text: q.Question}, budget)
				if err != nil {
					return err
				}
				if err := enc.Encode(map[string]any{"id": q.ID, "budget": budget, "text": got.Text, "runs": [][2]string{}}); err != nil {
					return err
				}
			}
		}
		fmt.Fprintf(os.Stderr, "%s: %s done\n", name, c.name)
	}
	return nil
}

// judgment is what the judge says of a configuration at a budget.
type judgment struct{ Strict, Gold float64 }

// judged runs the judge over the contexts for the questions of the corpora.
func (b *bench) judged(corpora []string) (map[string]judgment, error) {
	set := filepath.Join(b.out, "set")
	if err := os.MkdirAll(set, 0o777); err != nil {
		return nil, err
	}
	boiler, err := os.ReadFile(filepath.Join(b.set, "boilerplate.json"))
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(filepath.Join(b.set, "questions.jsonl"))
	if err != nil {
		return nil, err
	}
	var kept strings.Builder
	for line := range strings.Lines(string(raw)) {
		var q asked.Question
		if err := json.Unmarshal([]byte(line), &q); err != nil {
			return nil, err
		}
		if slices.Contains(corpora, q.Corpus) {
			kept.WriteString(line)
		}
	}
	if err := os.WriteFile(filepath.Join(set, "boilerplate.json"), boiler, 0o666); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(set, "questions.jsonl"), []byte(kept.String()), 0o666); err != nil {
		return nil, err
	}
	out := filepath.Join(b.out, "judged.json")
	args := []string{b.judge, set}
	for i := range configurations {
		args = append(args, fmt.Sprintf("c%d=%s", i, filepath.Join(b.out, fmt.Sprintf("%d.jsonl", i))))
	}
	args = append(args, "--by", "", "--json", out, "--budgets", strings.Trim(strings.ReplaceAll(fmt.Sprint(b.budgets), " ", ","), "[]"))
	if said, err := exec.Command("python3", args...).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the judge: %w: %s", err, said)
	}
	raw, err = os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	var read struct{ Systems map[string]judgment }
	return read.Systems, json.Unmarshal(raw, &read)
}

func (b *bench) print(judged map[string]judgment, people int) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "| configuration | card: evidence recall at %v | people: answered | people: gold |\n| --- | --- | --- | --- |\n", b.budgets)
	at := func(i, k int) judgment { return judged[fmt.Sprintf("c%d@%d", i, b.budgets[k])] }
	for i, c := range configurations {
		var own, strict, gold []string
		for k := range b.budgets {
			own = append(own, fmt.Sprintf("%.1f", 100*b.own[c.name][k]))
			strict = append(strict, fmt.Sprintf("%.1f", 100*at(i, k).Strict))
			gold = append(gold, fmt.Sprintf("%.1f", 100*at(i, k).Gold))
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", c.name, strings.Join(own, "/"), strings.Join(strict, "/"), strings.Join(gold, "/"))
	}
	fmt.Fprintf(w, "\n| rank correlation of %d configurations, %d questions of people | answered: Spearman | Kendall | gold: Spearman | Kendall |\n| --- | --- | --- | --- | --- |\n", len(configurations), people)
	row := func(name string, x, strict, gold []float64) {
		fmt.Fprintf(w, "| %s | %.2f | %.2f | %.2f | %.2f |\n", name, spearman(x, strict), kendall(x, strict), spearman(x, gold), kendall(x, gold))
	}
	var allX, allS, allG []float64
	for k, budget := range b.budgets {
		var x, s, g []float64
		for i, c := range configurations {
			x, s, g = append(x, b.own[c.name][k]), append(s, at(i, k).Strict), append(g, at(i, k).Gold)
		}
		row(fmt.Sprintf("at %d tokens", budget), x, s, g)
		allX, allS, allG = append(allX, x...), append(allS, s...), append(allG, g...)
	}
	row("configurations and budgets together", allX, allS, allG)
	// The two that anything beats agree for free.
	allX, allS, allG = nil, nil, nil
	for i, c := range configurations {
		for k := range b.budgets {
			if c.name != "head" && c.name != "random-sentences" {
				allX, allS, allG = append(allX, b.own[c.name][k]), append(allS, at(i, k).Strict), append(allG, at(i, k).Gold)
			}
		}
	}
	row("the same without head and random-sentences", allX, allS, allG)
	var x, s, g []float64
	for i, c := range configurations {
		if c.baseline == "" {
			x, s, g = append(x, figures.Mean(b.own[c.name])), append(s, 0), append(g, 0)
			for k := range b.budgets {
				s[len(s)-1] += at(i, k).Strict
				g[len(g)-1] += at(i, k).Gold
			}
		}
	}
	row("configurations of tamis, mean of the budgets", x, s, g)
	return w.Flush()
}
