package pack

// maxMisses is how many units that do not fit are passed over before the filling
// stops.
const maxMisses = 64

// offer is how a unit stands before the greedy filling.
type offer uint8

const (
	out       offer = iota // it cannot be kept, whatever it costs
	candidate              // it can
	free                   // it is kept already, for another; its cost is that of what it needs
)

// estimates are what units cost, about, beside what is kept.
type estimates interface {
	// cost of unit i, in tokens, where it is not out.
	cost(i int) (int, offer)
	keep(i int)
	miss(i int) // it does not fit
}

// greedy takes units, best first, as long as the estimates say that they fit.
func greedy(order []int, budget int, e estimates) {
	sum, misses := 0, 0
	for _, i := range order {
		if misses >= maxMisses || sum >= budget {
			return
		}
		c, how := e.cost(i)
		switch {
		case how == out:
		case sum+c <= budget:
			sum += c
			e.keep(i)
		case how == candidate:
			misses++
			e.miss(i)
		}
	}
}

// alone is about what a unit costs by itself: its tokens and a line break, which
// is seldom off by more than a token or two, with the label of a document that is
// new, and without line breaks where it joins a neighbour that is kept.
func alone(tokens, label int, known, joinsBefore, joinsAfter bool) int {
	c := tokens + 1
	if !known {
		return c + label
	}
	if joinsBefore {
		c--
	}
	if joinsAfter {
		c--
	}
	return c
}

// Item is a unit as far as the greedy filling knows it.
type Item struct {
	Doc     int32 // number of its document, from 0
	Tokens  int32 // of its text alone
	Follows bool  // it adjoins the item before it
	Opens   bool  // it may be the first of its document
	Part    bool  // it says nothing alone
}

// Estimator fills budgets with items by the loop and the estimates of Fill,
// without its guards and its folding of duplicates, and without counting the
// text: for whom fills the same units millions of times, as tuning weights does.
// It is used by one goroutine at a time.
type Estimator struct {
	Label int // tokens that one more document costs beside its text

	items []Item
	kept  []bool
	known []bool // documents that have a kept item
}

// Fill returns which of the items are kept under a budget, offered in order, best
// first. The result is valid until the next call.
func (e *Estimator) Fill(items []Item, order []int, budget int) []bool {
	e.items = items
	e.kept, e.known = cleared(e.kept, len(items)), cleared(e.known, len(items))
	greedy(order, budget, e)
	return e.kept
}

func cleared(s []bool, n int) []bool {
	if cap(s) < n {
		return make([]bool, n)
	}
	s = s[:n]
	clear(s)
	return s
}

func (e *Estimator) cost(i int) (int, offer) {
	u := &e.items[i]
	known := e.known[u.Doc]
	if !known && !u.Opens {
		return 0, out
	}
	before, after := u.Follows && e.kept[i-1], i+1 < len(e.items) && e.items[i+1].Follows && e.kept[i+1]
	if u.Part && !before && !after {
		return 0, out
	}
	return alone(int(u.Tokens), e.Label, known, before, after), candidate
}

func (e *Estimator) keep(i int) { e.kept[i], e.known[e.items[i].Doc] = true, true }

func (e *Estimator) miss(int) {}
