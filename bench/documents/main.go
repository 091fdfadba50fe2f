// Command documents asks tamis the questions of questions.jsonl over one folder
// of documents of all formats, and writes the contexts as judge.py reads them.
//
//	go run ./documents -files ../../shared/data/documents/files -index DIR -out FILE [-budgets 200,500,1000]
//
// The index is brought up to date first. On standard error it prints what was
// indexed, what was skipped and why, and how long contexts took.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/asked"
)

// made is a context: its text, and the pieces of files that it is made of.
type made struct {
	ID     string      `json:"id"`
	Budget int         `json:"budget"`
	Text   string      `json:"text"`
	Pieces [][2]string `json:"pieces"` // a file's base name, and text
}

func main() {
	questions := flag.String("questions", "documents/questions.jsonl", "the questions")
	files := flag.String("files", "../../shared/data/documents/files", "folder with the documents")
	index := flag.String("index", "documents-index", "folder for the index")
	out := flag.String("out", "documents.jsonl", "file for the contexts")
	budgets := flag.String("budgets", "200,500,1000", "token budgets")
	flag.Parse()
	if err := run(*questions, *files, *index, *out, *budgets); err != nil {
		fmt.Fprintln(os.Stderr, "documents:", err)
		os.Exit(1)
	}
}

func run(questions, files, index, out, budgetList string) error {
	ctx := context.Background()
	clock, err := asked.NewClock(budgetList)
	if err != nil {
		return err
	}
	all, err := asked.Questions(questions)
	if err != nil {
		return err
	}
	ix, err := tamis.Open(index, tamis.Options{})
	if err != nil {
		return err
	}
	defer ix.Close()
	begin := time.Now()
	report, err := ix.AddFiles(ctx, []string{files}, tamis.FileOptions{})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d added, %d unchanged, %d skipped in %.1f s\n", report.Added, report.Unchanged, len(report.Skipped), time.Since(begin).Seconds())
	for _, s := range report.Skipped {
		fmt.Fprintln(os.Stderr, "skipped", filepath.Base(s.Path)+":", s.Reason)
	}
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, q := range all {
		err := clock.Ask(ctx, ix, &q, func(budget int, c *tamis.Context) error {
			return enc.Encode(made{q.ID, budget, c.Text, pieces(c)})
		})
		if err != nil {
			return err
		}
	}
	if err := clock.Print(os.Stderr); err != nil {
		return fmt.Errorf("%s: %w", questions, err)
	}
	return w.Flush()
}

// pieces are the parts of a context by the file that they come from, joined where
// they follow one another.
func pieces(c *tamis.Context) [][2]string {
	all := [][2]string{}
	for i, text := range c.Texts() {
		name := filepath.Base(c.Spans[i].Path)
		if n := len(all); n > 0 && all[n-1][0] == name {
			all[n-1][1] += "\n" + text
		} else {
			all = append(all, [2]string{name, text})
		}
	}
	return all
}
