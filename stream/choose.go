package stream

import (
	"cmp"
	"math"
	"slices"
)

// Stages in which a row is kept.
const (
	Context = "context" // spread over the stream
	Fine    = "fine"    // for the question
	Recent  = "recent"  // among the last
)

// The settings of TwoStages where no others are given (docs/benchmarks.md).
const (
	Coarse = 0.125
	Around = 2
)

// Kept is a row that was kept.
type Kept struct {
	Row   int
	Score float64
	Stage string
}

// A Chooser keeps at most n rows, in their order, by the scores of all; a score that is not
// a number stands for a row that was left out.
type Chooser interface {
	Choose(scores []float64, n int) []Kept
}

// OneStage keeps the most relevant rows.
type OneStage struct{}

func (OneStage) Choose(scores []float64, n int) []Kept {
	return kept(scores, Ranked(scores)[:min(n, counted(scores))], Fine)
}

// TwoStages keeps a coarse set for context, the most relevant row of each of so many equal
// parts of the stream, and a fine set with what remains of the budget: the most relevant
// row, its neighbours up to Around rows away, then the most relevant that is farther from
// all of these, and so on.
type TwoStages struct {
	Coarse float64 // the share of the budget for context
	Around int     // rows before and after a relevant one
}

func (t TwoStages) Choose(scores []float64, n int) []Kept {
	order := Ranked(scores)
	n = min(n, len(order))
	stage := make([]string, len(scores))
	coarse := min(int(t.Coarse*float64(n)), n-1)
	for _, row := range spread(scores, coarse) {
		stage[row] = Context
		n--
	}
	take := func(row int) {
		if n > 0 && stage[row] == "" && !math.IsNaN(scores[row]) {
			stage[row] = Fine
			n--
		}
	}
	near := make([]bool, len(scores)) // of a row that was taken with its neighbours
	for _, row := range order {
		if n == 0 {
			break
		}
		if near[row] {
			continue
		}
		if stage[row] == Context {
			stage[row] = Fine // for the question too: it costs nothing more
		}
		take(row)
		near[row] = true
		for d := 1; d <= t.Around; d++ {
			for _, beside := range []int{row - d, row + d} {
				if beside >= 0 && beside < len(scores) {
					near[beside] = true
					take(beside)
				}
			}
		}
	}
	var out []Kept
	for row, s := range stage {
		if s != "" {
			out = append(out, Kept{row, scores[row], s})
		}
	}
	return out
}

// spread is the most relevant row of each of n equal parts.
func spread(scores []float64, n int) (rows []int) {
	for i := range n {
		best := -1
		for row := i * len(scores) / n; row < (i+1)*len(scores)/n; row++ {
			if !math.IsNaN(scores[row]) && (best < 0 || scores[row] > scores[best]) {
				best = row
			}
		}
		if best >= 0 {
			rows = append(rows, best)
		}
	}
	return rows
}

// Ranked is the rows by score, the greatest first, without those that were left out.
func Ranked(scores []float64) []int {
	rows := make([]int, 0, len(scores))
	for row, s := range scores {
		if !math.IsNaN(s) {
			rows = append(rows, row)
		}
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return rows
}

func counted(scores []float64) (n int) {
	for _, s := range scores {
		if !math.IsNaN(s) {
			n++
		}
	}
	return n
}

func kept(scores []float64, rows []int, stage string) []Kept {
	out := make([]Kept, len(rows))
	for i, row := range rows {
		out[i] = Kept{row, scores[row], stage}
	}
	slices.SortFunc(out, func(a, b Kept) int { return a.Row - b.Row })
	return out
}

// History keeps the last rows of a stream and the most relevant of those before them, row
// by row: it holds no more than both.
type History struct {
	window, earlier int
	last            []Kept // a ring, full once it has window rows
	at              int
	best            []Kept // a heap, the worst first
}

// NewHistory keeps n rows, of which window are the last ones.
func NewHistory(n, window int) *History {
	return &History{window: window, earlier: n - window}
}

// Push takes the next row.
func (h *History) Push(row int, score float64) {
	next := Kept{row, score, Recent}
	if h.window > 0 {
		if len(h.last) < h.window {
			h.last = append(h.last, next)
			return
		}
		h.last[h.at], next = next, h.last[h.at]
		h.at = (h.at + 1) % h.window
	}
	next.Stage = Fine
	h.offer(next)
}

// worse orders rows by how soon they are given up: the later one of equals.
func worse(a, b Kept) bool { return a.Score < b.Score || a.Score == b.Score && a.Row > b.Row }

func (h *History) offer(k Kept) {
	if len(h.best) < h.earlier {
		h.best = append(h.best, k)
		for i := len(h.best) - 1; i > 0 && worse(h.best[i], h.best[(i-1)/2]); i = (i - 1) / 2 {
			h.best[i], h.best[(i-1)/2] = h.best[(i-1)/2], h.best[i]
		}
		return
	}
	if h.earlier == 0 || worse(k, h.best[0]) {
		return
	}
	h.best[0] = k
	for i := 0; ; {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(h.best) && worse(h.best[child], h.best[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		h.best[i], h.best[least] = h.best[least], h.best[i]
		i = least
	}
}

// Kept is the rows that are kept now, in their order.
func (h *History) Kept() []Kept {
	out := append(slices.Clone(h.best), h.last...)
	slices.SortFunc(out, func(a, b Kept) int { return a.Row - b.Row })
	return out
}
