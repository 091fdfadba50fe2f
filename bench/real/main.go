// Command real asks tamis the questions of a set over folders as they are
// installed, and writes the contexts as the judge evalreal.py reads them.
//
//	go run ./real -set ../../shared/data/realdocs -corpora DIR -indexes DIR -out FILE [-corpus a,b] [-budgets 200,500,1000,2000]
//
// DIR/NAME is the folder of the corpus NAME; its index, in -indexes, is brought up
// to date first; where -corpora is empty, the indexes are taken as they are. With
// -model their passages are given vectors, those that lack them, and contexts weigh them. On
// standard error it prints how long contexts took, one question after another.
// With -foreign it asks every corpus all questions, the other corpora's too, for
// 1,000 tokens, and writes the contexts with their confidence for confidence.py.
// With -passages it writes the best passages of each question at second look as
// well, best first, of which ladder.py tells how many questions they answer.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/asked"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/model"
)

// made is a context as the judge reads it.
type made struct {
	ID     string      `json:"id"`
	Budget int         `json:"budget"`
	Text   string      `json:"text"`
	Runs   [][2]string `json:"runs"`
}

func main() {
	set := flag.String("set", "../../shared/data/realdocs", "folder with questions.jsonl")
	corpora := flag.String("corpora", "corpora", "folder with a folder for each corpus")
	indexes := flag.String("indexes", "indexes", "folder for the indexes")
	out := flag.String("out", "real.jsonl", "file for the contexts")
	only := flag.String("corpus", "", "corpora to ask, comma separated; all of the set by default")
	foreign := flag.String("foreign", "", "file for the contexts of all questions over every corpus")
	passages := flag.String("passages", "", "file for the best passages of each question")
	budgets := flag.String("budgets", "200,500,1000,2000", "token budgets")
	dir := flag.String("model", "", "folder of a model whose vectors contexts weigh; the indexes keep them")
	reads := flag.String("rerank", "", "folder of a model that reads the best passages of each question")
	flag.Parse()
	if err := run(*set, *corpora, *indexes, *out, *passages, *foreign, *only, *budgets, *dir, *reads); err != nil {
		fmt.Fprintln(os.Stderr, "real:", err)
		os.Exit(1)
	}
}

func run(set, corpora, indexes, out, passages, foreign, only, budgetList, dir, reads string) error {
	ctx := context.Background()
	var by tamis.Rerank
	if reads != "" {
		r, err := encode.OpenReranker(reads, model.Int8)
		if err != nil {
			return err
		}
		defer r.Close()
		by.By = r
	}
	var encoder *encode.Encoder
	if dir != "" {
		var err error
		if encoder, err = encode.Open(dir, model.Int8); err != nil {
			return err
		}
		defer encoder.Close()
	}
	questions, err := asked.Questions(filepath.Join(set, "questions.jsonl"))
	if err != nil {
		return err
	}
	clock, err := asked.NewClock(budgetList)
	if err != nil {
		return err
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	strangers, err := strangersTo(foreign, questions)
	if err != nil {
		return err
	}
	defer strangers.Close()
	ladder, err := rungsTo(passages)
	if err != nil {
		return err
	}
	defer ladder.Close()
	var names []string
	for _, q := range questions {
		if !slices.Contains(names, q.Corpus) && (only == "" || slices.Contains(strings.Split(only, ","), q.Corpus)) {
			names = append(names, q.Corpus)
		}
	}
	for _, name := range names {
		ix, err := tamis.Open(filepath.Join(indexes, name), tamis.Options{ReadOnly: corpora == "" && encoder == nil})
		if err != nil {
			return err
		}
		if corpora != "" {
			report, err := ix.AddFiles(ctx, []string{filepath.Join(corpora, name)}, tamis.FileOptions{})
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s: %d added, %d unchanged, %d skipped\n", name, report.Added, report.Unchanged, len(report.Skipped))
		}
		if encoder != nil {
			report, err := ix.Encode(ctx, encoder, nil)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "%s: %d passages encoded\n", name, report.Passages)
			ix.Use(encoder)
		}
		if err := strangers.ask(ctx, ix, name); err != nil {
			return err
		}
		for _, q := range questions {
			if q.Corpus != name {
				continue
			}
			if err := ladder.ask(ctx, ix, &q); err != nil {
				return fmt.Errorf("%s: %w", q.ID, err)
			}
			err := clock.Ask(ctx, ix, &q, func(budget int, c *tamis.Context) error {
				return enc.Encode(made{q.ID, budget, c.Text, runs(c)})
			}, by)
			if err != nil {
				return err
			}
		}
		if err := ix.Close(); err != nil {
			return err
		}
	}
	if err := clock.Print(os.Stderr); err != nil {
		return fmt.Errorf("%s, -corpus %q: %w", set, only, err)
	}
	return w.Flush()
}

// runs are the maximal pieces of sources that a context is made of.
func runs(c *tamis.Context) [][2]string {
	pieces := [][2]string{}
	end, path := -1, ""
	for i, text := range c.Texts() {
		s := &c.Spans[i]
		if s.Path == path && s.Start >= end && s.Start-end <= 2 {
			pieces[len(pieces)-1][1] += "\n" + text
		} else {
			pieces = append(pieces, [2]string{s.Path, text})
		}
		path, end = s.Path, s.End
	}
	return pieces
}
