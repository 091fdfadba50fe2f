// Command parity prints nDCG@10 of Lucene, and of tamis in its Lucene form, on
// the five retrieval sets, to four places. Both rank by BM25 over the title, a
// space and the text as one field, or over title and text as two.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis/bench/internal/peer"
)

var sets = []string{"scifact", "nfcorpus", "cranfield", "cacm", "vaswani"}

// form is a way to index and score.
type form struct {
	k1, b, fields string
}

var forms = []form{{"1.2", "0.75", "flat"}, {"0.9", "0.4", "flat"}, {"1.2", "0.75", "multi"}, {"0.9", "0.4", "multi"}}

func main() {
	data := flag.String("data", "", "evaluation data `folder`; default $TAMIS_DATA, else ../shared/data beside the repository")
	multi := flag.Bool("multi", false, "also with title and text as two fields of equal weight")
	flag.Parse()
	within, err := run(*data, *multi)
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
	if !within {
		os.Exit(1)
	}
}

// tolerance is the largest difference of nDCG@10 that counts as parity.
const tolerance = .0005

func run(data string, multi bool) (within bool, err error) {
	if data, err = peer.Data(data); err != nil {
		return false, err
	}
	tmp, err := os.MkdirTemp("", "parity")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp)
	fmt.Printf("nDCG@10, %s\n\n| | %s |\n|---|%s\n", time.Now().Format(time.DateOnly), strings.Join(sets, " | "), strings.Repeat("---|", len(sets)))
	within = true
	for _, f := range forms {
		if f.fields == "multi" && !multi {
			continue
		}
		var theirs, ours []float64
		for _, set := range sets {
			dir := filepath.Join(data, "retrieval", set)
			qrels, err := readQrels(filepath.Join(dir, "qrels.txt"))
			if err != nil {
				return false, err
			}
			file := filepath.Join(tmp, "run")
			cmd, err := peer.Lucene("eval", "--corpus", filepath.Join(dir, "corpus.jsonl.gz"), "--queries", filepath.Join(dir, "queries.jsonl"),
				"--run", file, "--k1", f.k1, "--b", f.b, "--fields", f.fields)
			if err != nil {
				return false, err
			}
			if text, err := cmd.CombinedOutput(); err != nil {
				return false, fmt.Errorf("lucene on %s: %w\n%s", set, err, text)
			}
			lucene, err := readRun(file)
			if err != nil {
				return false, err
			}
			theirs = append(theirs, meanNDCG(qrels, lucene))
			tamis, err := tamisRun(dir, f)
			if err != nil {
				return false, fmt.Errorf("tamis on %s: %w", set, err)
			}
			ours = append(ours, meanNDCG(qrels, tamis))
		}
		name := f.k1 + "/" + f.b + " " + f.fields
		printRow("Lucene "+name, theirs)
		printRow("tamis "+name, ours)
		for i := range ours {
			if math.Abs(ours[i]-theirs[i]) > tolerance {
				within = false
				defer fmt.Printf("\n%s, %s: tamis %.4f is not within %g of Lucene's %.4f\n", sets[i], name, ours[i], tolerance, theirs[i])
			}
		}
	}
	return within, nil
}

func printRow(name string, values []float64) {
	cells := []string{name}
	for _, v := range values {
		cells = append(cells, fmt.Sprintf("%.4f", v))
	}
	fmt.Printf("| %s |\n", strings.Join(cells, " | "))
}

// scored is one line of a run.
type scored struct {
	doc   string
	score float32
}

// meanNDCG is nDCG@10 averaged over the queries of qrels; gain is the grade. Ties
// in score go to the smaller document id on both sides. (trec_eval gives them to
// the greater one, which moves nfcorpus, where ties are many, by .0013.)
func meanNDCG(qrels map[string]map[string]int, run map[string][]scored) float64 {
	queries := make([]string, 0, len(qrels))
	for query := range qrels {
		queries = append(queries, query)
	}
	slices.Sort(queries) // one order of summing
	var sum float64
	for _, query := range queries {
		grades := qrels[query]
		hits := slices.Clone(run[query])
		slices.SortFunc(hits, func(a, b scored) int {
			if a.score != b.score {
				if a.score > b.score {
					return -1
				}
				return 1
			}
			return strings.Compare(a.doc, b.doc)
		})
		var gains, ideal []int
		for _, h := range hits {
			gains = append(gains, grades[h.doc])
		}
		for _, g := range grades {
			ideal = append(ideal, g)
		}
		slices.SortFunc(ideal, func(a, b int) int { return b - a })
		if best := dcg(ideal); best > 0 {
			sum += dcg(gains) / best
		}
	}
	return sum / float64(len(qrels))
}

func dcg(gains []int) (sum float64) {
	for i, g := range gains[:min(10, len(gains))] {
		sum += float64(max(g, 0)) / math.Log2(float64(i)+2)
	}
	return sum
}

func readQrels(name string) (map[string]map[string]int, error) {
	qrels := map[string]map[string]int{}
	err := eachLine(name, 4, func(f []string) error {
		grade, err := strconv.Atoi(f[3])
		if qrels[f[0]] == nil {
			qrels[f[0]] = map[string]int{}
		}
		qrels[f[0]][f[2]] = grade
		return err
	})
	return qrels, err
}

func readRun(name string) (map[string][]scored, error) {
	run := map[string][]scored{}
	err := eachLine(name, 6, func(f []string) error {
		score, err := strconv.ParseFloat(f[4], 32)
		run[f[0]] = append(run[f[0]], scored{f[2], float32(score)})
		return err
	})
	return run, err
}

// eachLine calls fn with the fields of each line of a file.
func eachLine(name string, fields int, fn func([]string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%w (set -data or TAMIS_DATA to the evaluation data)", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) != fields {
			return fmt.Errorf("%s:%d: %d fields, not %d", name, n, len(words), fields)
		}
		if err := fn(words); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return lines.Err()
}
