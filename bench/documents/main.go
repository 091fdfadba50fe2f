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
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
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

func run(questions, files, index, out, budgetList string) (err error) {
	ctx := context.Background()
	var budgets []int
	for b := range strings.SplitSeq(budgetList, ",") {
		n, err := strconv.Atoi(b)
		if err != nil {
			return fmt.Errorf("-budgets: %w", err)
		}
		budgets = append(budgets, n)
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
	asked, err := os.Open(questions)
	if err != nil {
		return err
	}
	defer asked.Close()
	f, err := os.Create(out)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	took := map[int][]time.Duration{}
	for d := json.NewDecoder(asked); d.More(); {
		var q struct{ ID, Question string }
		if err := d.Decode(&q); err != nil {
			return fmt.Errorf("%s: %w", questions, err)
		}
		for _, b := range budgets {
			begin := time.Now()
			c, err := ix.Context(ctx, q.Question, tamis.Budget{Tokens: b, Counter: "o200k_base"})
			if err != nil {
				return fmt.Errorf("%s: %w", q.ID, err)
			}
			took[b] = append(took[b], time.Since(begin))
			if err := enc.Encode(made{q.ID, b, c.Text, pieces(c)}); err != nil {
				return err
			}
		}
	}
	for _, b := range budgets {
		t := took[b]
		if len(t) == 0 {
			return fmt.Errorf("no question in %s", questions)
		}
		slices.Sort(t)
		fmt.Fprintf(os.Stderr, "%d tokens: p50 %d ms, p90 %d ms\n", b, t[len(t)/2].Milliseconds(), t[len(t)*9/10].Milliseconds())
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
