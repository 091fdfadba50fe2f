// Package trec scores rankings against judgments: the files of TREC, the measures
// of trec_eval 10 (NIST), whose own test files are the proof to the fourth
// decimal, and the queries of a retrieval test asked of any SearchFunc.
package trec

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Qrels are judgments: query → document → grade. A grade below 0 says that the
// document was pooled but not judged.
type Qrels map[string]map[string]int

// Scored is one document of a ranking.
type Scored struct {
	Doc   string
	Score float64
}

// Run holds the ranking of each query. As in trec_eval the ranks of a file say
// nothing: scores order a ranking, as single-precision numbers, and equal ones the
// document id, the larger first.
type Run struct {
	Tag     string // the last column, of the file's last line
	Queries map[string][]Scored
}

// ErrFormat is wrapped by the error for a line that cannot be read.
var ErrFormat = errors.New("malformed line")

// maxTRECLine bounds a line of qrels or run files, in bytes.
const maxTRECLine = 1 << 20

// ReadQrels reads lines of "query iteration document grade". Blank lines and
// lines that start with # are skipped. Errors name the file and line.
func ReadQrels(name string, r io.Reader) (Qrels, error) {
	q := Qrels{}
	err := trecLines(name, r, func(f []string) error {
		if len(f) != 4 {
			return fmt.Errorf("%w: %d columns where a judgment has 4 (query, iteration, document, grade)", ErrFormat, len(f))
		}
		grade, err := strconv.Atoi(f[3])
		if err != nil || grade < -127 || grade > 127 {
			return fmt.Errorf("%w: grade %q is not a whole number from -127 to 127", ErrFormat, f[3])
		}
		docs := q[f[0]]
		if docs == nil {
			docs = map[string]int{}
			q[f[0]] = docs
		}
		if _, dup := docs[f[2]]; dup {
			return fmt.Errorf("%w: document %s is judged twice for query %s", ErrFormat, f[2], f[0])
		}
		docs[f[2]] = grade
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(q) == 0 {
		return nil, fmt.Errorf("%s: holds no judgment", name)
	}
	return q, nil
}

// ReadRun reads lines of "query Q0 document rank score tag"; what follows the
// tag is ignored, as are the second column and the rank. Errors name the file and line.
func ReadRun(name string, r io.Reader) (*Run, error) {
	run := &Run{Queries: map[string][]Scored{}}
	seen := map[string]map[string]bool{}
	err := trecLines(name, r, func(f []string) error {
		if len(f) < 6 {
			return fmt.Errorf("%w: %d columns where a result has 6 (query, Q0, document, rank, score, tag)", ErrFormat, len(f))
		}
		score, err := strconv.ParseFloat(f[4], 64)
		if math.IsNaN(score) || (err != nil && !errors.Is(err, strconv.ErrRange)) {
			return fmt.Errorf("%w: score %q is not a number", ErrFormat, f[4])
		}
		docs := seen[f[0]]
		if docs == nil {
			docs = map[string]bool{}
			seen[f[0]] = docs
		}
		if docs[f[2]] {
			return fmt.Errorf("%w: document %s comes twice for query %s", ErrFormat, f[2], f[0])
		}
		docs[f[2]] = true
		run.Queries[f[0]] = append(run.Queries[f[0]], Scored{f[2], score})
		run.Tag = f[5]
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(run.Queries) == 0 {
		return nil, fmt.Errorf("%s: holds no result", name)
	}
	return run, nil
}

func trecLines(name string, r io.Reader, f func(fields []string) error) error {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 0, 64<<10), maxTRECLine)
	n := 0
	for sc.Scan() {
		n++
		line := sc.Bytes()
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		// Columns are split at ASCII blanks only: ids may hold any other byte.
		fields := strings.FieldsFunc(string(line), func(r rune) bool { return r == ' ' || ('\t' <= r && r <= '\r') })
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if err := f(fields); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := sc.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return fmt.Errorf("%s:%d: %w: longer than %d bytes", name, n+1, ErrFormat, maxTRECLine)
		}
		return fmt.Errorf("%s: read: %w", name, err)
	}
	return nil
}

// Write writes the run in TREC form, queries in ascending order, each ranking
// as trec_eval orders it. Reading it back gives the same run.
func (r *Run) Write(w io.Writer) error {
	tag := r.Tag
	if tag == "" {
		tag = "tamis"
	}
	b := bufio.NewWriter(w)
	for _, q := range slices.Sorted(maps.Keys(r.Queries)) {
		if err := trecID(q); err != nil || q[0] == '#' {
			err = errID
			return fmt.Errorf("query %q: %w", q, err)
		}
		for i, s := range ranked(r.Queries[q]) {
			if err := trecID(s.Doc); err != nil {
				return fmt.Errorf("document %q: %w", s.Doc, err)
			}
			fmt.Fprintf(b, "%s Q0 %s %d %s %s\n", q, s.Doc, i+1, strconv.FormatFloat(s.Score, 'g', -1, 64), tag)
		}
	}
	return b.Flush()
}

// Write writes judgments in TREC form, queries and their documents in ascending order.
// Reading them back gives the same judgments.
func (q Qrels) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, query := range slices.Sorted(maps.Keys(q)) {
		if err := trecID(query); err != nil || query[0] == '#' {
			return fmt.Errorf("query %q: %w", query, errID)
		}
		for _, doc := range slices.Sorted(maps.Keys(q[query])) {
			if err := trecID(doc); err != nil {
				return fmt.Errorf("document %q: %w", doc, err)
			}
			fmt.Fprintf(b, "%s 0 %s %d\n", query, doc, q[query][doc])
		}
	}
	return b.Flush()
}

// errID is why a name cannot stand in a TREC file.
var errID = errors.New("a TREC file cannot hold an id that is empty or has white space, nor a query's that starts with #")

func trecID(s string) error {
	if s == "" || strings.ContainsAny(s, " \t\n\v\f\r") {
		return errID
	}
	return nil
}

// ranked returns the documents by score, then by id, both descending. Scores that are the
// same in single precision are equal: trec_eval keeps no more of them.
func ranked(docs []Scored) []Scored {
	out := slices.Clone(docs)
	slices.SortFunc(out, func(a, b Scored) int {
		return cmp.Or(cmp.Compare(float32(b.Score), float32(a.Score)), strings.Compare(b.Doc, a.Doc))
	})
	return out
}
