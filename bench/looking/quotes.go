package main

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/figures"
)

const (
	quoting     = "\nQuote the sentences of the sources that answer the question, word for word:\n"
	quoted      = 96 // tokens of an answer
	firstDraft  = 4  // as llm/local drafts
	mostDraft   = 12 // as llm/local drafts, too
	mostMatched = 16 // tokens that a place is chosen by
	mostPlaces  = 2000
)

// quotes asks for quotations of a context and says how many tokens one pass through the weights would bring with
// drafts of several kinds, had they been read: greedy answers are what they are, whatever was drafted.
func (b *bench) quotes(ctx context.Context, name string, set *eval.EvidenceSet, ix *tamis.Index) error {
	corpus := &places{at: map[[3]int32][]int{}}
	for _, d := range set.Documents {
		corpus.add(append(b.ids(d.Text), -1))
	}
	kinds := []struct {
		name  string
		draft func(s *story) func(i, most int) []int32
	}{
		{"none", func(*story) func(i, most int) []int32 { return func(int, int) []int32 { return nil } }},
		{"conversation", func(s *story) func(i, most int) []int32 { return s.conversation(3) }},
		{"conversation, 1 after 2 tokens", func(s *story) func(i, most int) []int32 {
			return first(s.conversation(3), atMost(1, s.conversation(2)))
		}},
		{"conversation, 2 tokens", func(s *story) func(i, most int) []int32 { return first(s.conversation(3), s.conversation(2)) }},
		{"conversation, 2, 1 tokens", func(s *story) func(i, most int) []int32 {
			return first(s.conversation(3), s.conversation(2), s.conversation(1))
		}},
		{"documents", func(s *story) func(i, most int) []int32 { return s.of(corpus) }},
		{"conversation, else documents", func(s *story) func(i, most int) []int32 { return first(s.conversation(3), s.of(corpus)) }},
		{"states", func(s *story) func(i, most int) []int32 { return s.alike }},
		{"conversation, else states", func(s *story) func(i, most int) []int32 { return first(s.conversation(3), s.alike) }},
	}
	tokens, fast, vain := make([][]float64, len(kinds)), make([][]float64, len(kinds)), make([]float64, len(kinds))
	cost, err := b.costs(ctx)
	if err != nil {
		return err
	}
	for q := range b.questions(set) {
		if len(tokens[0]) == b.most {
			break
		}
		c, err := ix.Context(ctx, q.Text, tamis.Budget{Tokens: 400})
		if err != nil {
			return err
		}
		s, err := b.told(ctx, "Sources:\n"+c.Text+"\n\nQuestion: "+q.Text+quoting)
		if err != nil {
			return err
		}
		if len(s.ids)-s.asked < 8 {
			continue
		}
		for k := range kinds {
			passes, drafted, took := 0, 0, 0.0
			for n := range s.passes(kinds[k].draft(s)) {
				passes, drafted, took = passes+1, drafted+n, took+cost[n]
			}
			said := float64(len(s.ids) - s.asked - 1)
			tokens[k] = append(tokens[k], said/float64(passes))
			fast[k] = append(fast[k], said*cost[0]/took)
			vain[k] += (float64(drafted) - said + float64(passes)) / float64(passes)
		}
	}
	fmt.Printf("%s, %d answers of up to %d tokens; %d tokens of documents; reading 2, 5, 9 and 13 tokens takes %.2f, %.2f, %.2f and %.2f times as long as one\n", name, len(tokens[0]), quoted, len(corpus.ids),
		cost[1]/cost[0], cost[4]/cost[0], cost[8]/cost[0], cost[12]/cost[0])
	fmt.Println("  drafts from                    tokens a pass, of these in vain; times as fast as without, and beside the conversation")
	for k := range kinds {
		x, err := figures.Compare(fast[1], fast[k])
		if err != nil {
			return err
		}
		fmt.Printf("  %-30s %.2f, %.2f; %.2f (%+.2f [%+.2f, %+.2f])\n", kinds[k].name, figures.Mean(tokens[k]), vain[k]/float64(len(tokens[k])), figures.Mean(fast[k]), x.Mean, x.Low, x.High)
	}
	return nil
}

// costs is how long it takes to read a token and so many drafted ones behind 500 others: the median of some times.
func (b *bench) costs(ctx context.Context) (all [mostDraft + 1]float64, err error) {
	ids := b.ids(strings.Repeat("What falls through the sieve is flour. ", 60))
	c := b.d.NewCache()
	if _, err := b.d.Read(ctx, c, ids[:500]); err != nil {
		return all, err
	}
	var took [mostDraft + 1][]float64
	for range 9 {
		for n := range all {
			began := time.Now()
			if _, err := b.d.ReadEach(ctx, c, ids[:n+1]); err != nil {
				return all, err
			}
			took[n] = append(took[n], time.Since(began).Seconds())
			c.Cut(500)
		}
	}
	for n := range all {
		all[n] = figures.Median(took[n])
	}
	return all, nil
}

// story is a prompt and the answer to it, with the last layer's state at each token, centred, of length 1.
type story struct {
	ids    []int32
	asked  int // tokens of the prompt
	states [][]float64
}

// told is what the model says to a prompt, greedily.
func (b *bench) told(ctx context.Context, prompt string) (*story, error) {
	s := &story{ids: b.ids(prompt)}
	s.asked = len(s.ids)
	c := b.d.NewCache()
	byLayer := map[int][]float32{}
	last := 0
	c.Between = func(layer int, states []float32) {
		last = max(last, layer)
		byLayer[layer] = append(byLayer[layer], states...)
	}
	logits, err := b.d.Read(ctx, c, s.ids)
	for range quoted {
		if err != nil {
			return nil, err
		}
		best := likeliest(logits)
		if slices.Contains(b.d.Ends, best) {
			break
		}
		s.ids = append(s.ids, best)
		logits, err = b.d.Read(ctx, c, []int32{best})
	}
	if err != nil {
		return nil, err
	}
	s.states = standard(byLayer[last], b.d.Width)
	if len(s.states) != len(s.ids) {
		return nil, fmt.Errorf("%d states of %d tokens", len(s.states), len(s.ids))
	}
	return s, nil
}

// standard divides states by width, takes the mean from each number of them, and makes each one's deviation 1, then
// each state's length.
func standard(flat []float32, width int) [][]float64 {
	n := len(flat) / width
	out := make([][]float64, n)
	for i := range out {
		out[i] = make([]float64, width)
	}
	for k := range width {
		sum, squares := 0.0, 0.0
		for i := 1; i < n; i++ { // the first token's is far from all others
			v := float64(flat[i*width+k])
			sum, squares = sum+v, squares+v*v
		}
		mean := sum / float64(max(n-1, 1))
		deviation := math.Sqrt(max(squares/float64(max(n-1, 1))-mean*mean, 1e-12))
		for i := range out {
			out[i][k] = (float64(flat[i*width+k]) - mean) / deviation
		}
	}
	for _, x := range out {
		sum := 0.0
		for _, v := range x {
			sum += v * v
		}
		for k := range x {
			x[k] /= max(math.Sqrt(sum), 1e-12)
		}
	}
	return out
}

// passes are those that bring the answer behind its first token: how many tokens are drafted in each. A draft that
// was right grows, one that was wrong for the most part shrinks, as llm/local has it.
func (s *story) passes(draft func(i, most int) []int32) iter.Seq[int] {
	return func(yield func(int) bool) {
		size := firstDraft
		for i := s.asked; i < len(s.ids)-1; {
			d := draft(i, size)
			right := 0
			for right < len(d) && i+1+right < len(s.ids) && d[right] == s.ids[i+1+right] {
				right++
			}
			switch {
			case len(d) == 0:
			case right == len(d):
				size = min(2*size, mostDraft)
			case 2*right < len(d):
				size = max(size/2, 1)
			}
			if !yield(len(d)) {
				return
			}
			i += right + 1
		}
	}
}

// first is the first draft of several that has anything.
func first(drafts ...func(i, most int) []int32) func(i, most int) []int32 {
	return func(i, most int) []int32 {
		for _, d := range drafts {
			if ids := d(i, most); len(ids) > 0 {
				return ids
			}
		}
		return nil
	}
}

// atMost are drafts of at most n tokens.
func atMost(n int, draft func(i, most int) []int32) func(i, most int) []int32 {
	return func(i, most int) []int32 { return draft(i, min(n, most)) }
}

// conversation is what followed the last tokens up to i, so many, where they stood last before (prompt lookup).
func (s *story) conversation(n int) func(i, most int) []int32 {
	return func(i, most int) []int32 {
		for at := i - 1; at >= n-1; at-- {
			if slices.Equal(s.ids[at-n+1:at+1], s.ids[i-n+1:i+1]) {
				return s.ids[at+1 : min(at+1+most, i+1)]
			}
		}
		return nil
	}
}

// alike is what followed the token at i where the state before it was most like the one before it now, and the same
// token came (Gritta et al. 2025, DReSD; its keys are reduced to fewer numbers there).
func (s *story) alike(i, most int) []int32 {
	best, at := -2.0, -1
	for j := 0; j < i-1; j++ {
		if s.ids[j+1] != s.ids[i] {
			continue
		}
		x := 0.0
		for k, v := range s.states[j] {
			x += v * s.states[i-1][k]
		}
		if x >= best {
			best, at = x, j
		}
	}
	if at < 0 {
		return nil
	}
	return s.ids[at+2 : min(at+2+most, i+1)]
}

// places are where each three tokens stand in documents: the longest match with the end of a text is found among
// them, as by a suffix array (He et al. 2024, REST).
type places struct {
	ids []int32
	at  map[[3]int32][]int // of what follows
}

func (p *places) add(ids []int32) {
	from := len(p.ids)
	p.ids = append(p.ids, ids...)
	for i := from + 3; i < len(p.ids); i++ {
		k := [3]int32(p.ids[i-3 : i])
		p.at[k] = append(p.at[k], i)
	}
}

// of drafts what follows the longest match in documents; of several as long, what follows most often, token by token.
func (s *story) of(p *places) func(i, most int) []int32 {
	return func(i, most int) []int32 {
		if i < 2 {
			return nil
		}
		found := p.at[[3]int32(s.ids[i-2:i+1])]
		longest, best := 3, []int(nil)
		for _, at := range found[:min(len(found), mostPlaces)] {
			n := 3
			for n < mostMatched && n <= i && at-n-1 >= 0 && p.ids[at-n-1] == s.ids[i-n] {
				n++
			}
			if n > longest {
				longest, best = n, nil
			}
			if n == longest {
				best = append(best, at)
			}
		}
		var out []int32
		for len(out) < most && len(best) > 0 {
			count, next := map[int32]int{}, int32(-1)
			for _, at := range best {
				if at+len(out) < len(p.ids) {
					id := p.ids[at+len(out)]
					if count[id]++; count[id] > count[next] || count[id] == count[next] && id < next {
						next = id
					}
				}
			}
			if next < 0 { // the end of a document
				break
			}
			k := len(out)
			best = slices.DeleteFunc(best, func(at int) bool { return at+k >= len(p.ids) || p.ids[at+k] != next })
			out = append(out, next)
		}
		return out
	}
}
