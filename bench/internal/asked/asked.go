// Package asked is what the runners that ask tamis sets of questions share: the
// questions, the budgets, and how long contexts took.
package asked

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
)

// Question is a line of a set.
type Question struct {
	ID, Corpus, Question string
}

// Questions reads a set, JSON Lines.
func Questions(path string) ([]Question, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []Question
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		var q Question
		if err := json.Unmarshal(s.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, q)
	}
	return out, s.Err()
}

// Clock asks for contexts of several budgets, and knows how long each took.
type Clock struct {
	Budgets []int // in tokens of o200k_base
	took    map[int][]time.Duration
}

// NewClock reads the budgets of a list such as "200,500".
func NewClock(budgets string) (*Clock, error) {
	c := &Clock{took: map[int][]time.Duration{}}
	for b := range strings.SplitSeq(budgets, ",") {
		n, err := strconv.Atoi(b)
		if err != nil {
			return nil, fmt.Errorf("-budgets: %w", err)
		}
		c.Budgets = append(c.Budgets, n)
	}
	return c, nil
}

// Ask asks a question for each of the budgets.
func (c *Clock) Ask(ctx context.Context, ix *tamis.Index, q *Question, each func(budget int, made *tamis.Context) error, options ...tamis.ContextOption) error {
	for _, b := range c.Budgets {
		begin := time.Now()
		made, err := ix.Context(ctx, q.Question, tamis.Budget{Tokens: b, Counter: "o200k_base"}, options...)
		if err != nil {
			return fmt.Errorf("%s: %w", q.ID, err)
		}
		c.took[b] = append(c.took[b], time.Since(begin))
		if err := each(b, made); err != nil {
			return err
		}
	}
	return nil
}

// Print says how long contexts took; it is an error that none was asked for.
func (c *Clock) Print(w io.Writer) error {
	for _, b := range c.Budgets {
		t := c.took[b]
		if len(t) == 0 {
			return fmt.Errorf("no question was asked")
		}
		slices.Sort(t)
		fmt.Fprintf(w, "%d tokens: p50 %.1f ms, p90 %.1f ms\n", b, ms(t[len(t)/2]), ms(t[len(t)*9/10]))
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
