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
