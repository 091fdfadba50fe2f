package pack

// The rules by which a context ends before its budget does. None is on by
// default: cuts by score were measured to cost evidence.
const (
	// CutGap ends at the largest gap between two neighbouring scores of what the
	// budget holds (Taguchi, Maekawa and Bhutani, EMNLP 2025).
	CutGap = "gap"
	// CutGradient ends where a score falls by more than a tenth of the best one
	// below the score before it.
	CutGradient = "gradient"
	// CutCovered ends as soon as every term of the question that the whole
	// context has is in what is kept.
	CutCovered = "covered"
)

// The calibrated cuts end where scores fall below a share of the best one. The
// number is the share of the evidence under a budget of 2,000 tokens that is
// left on the eight evidence sets, in per cent; Recall states it exactly, and
// docs/benchmarks.md what the rule does on sets that it was not chosen on.
const (
	Sufficient90 = "sufficient-90"
	Sufficient95 = "sufficient-95"
	Sufficient98 = "sufficient-98"
)

// Cuts lists them.
func Cuts() []string {
	return []string{CutGap, CutGradient, CutCovered, Sufficient90, Sufficient95, Sufficient98}
}

// sufficient are the calibrated cuts: the share of the best score, and the
// evidence recall that was measured, as a share of that without a cut.
var sufficient = map[string]struct{ share, recall float64 }{
	Sufficient90: {.60, .909},
	Sufficient95: {.52, .951},
	Sufficient98: {.39, .984},
}

// Recall is the share of the evidence that a calibrated cut was measured to
// leave; 0 for other cuts, for which nothing was measured.
func Recall(cut string) float64 { return sufficient[cut].recall }

const steepest = .1 // of the best score, for CutGradient

// cut drops the kept units that come after the end which the rule sees.
func (f *filler) cut() error {
	var ranked []int // kept units, best first
	for _, i := range f.order {
		if f.chosen[i] {
			ranked = append(ranked, i)
		}
	}
	if len(ranked) < 2 {
		return nil
	}
	for _, i := range ranked[f.end(ranked):] {
		f.release(i)
		f.notes[i] = "after the cut: " + f.o.Cut
	}
	// Fewer units seldom cost more tokens, but they may.
	if f.trim(); len(f.parts) == 0 {
		return f.one()
	}
	return nil
}

// end is how many of the ranked units stay, at least one.
func (f *filler) end(ranked []int) int {
	score := func(k int) float64 { return f.scores.Total[ranked[k]] }
	switch f.o.Cut {
	case Sufficient90, Sufficient95, Sufficient98:
		for k := 1; k < len(ranked); k++ {
			if score(k) < sufficient[f.o.Cut].share*score(0) {
				return k
			}
		}
	case CutGap:
		end, widest := len(ranked), 0.0
		for k := 1; k < len(ranked); k++ {
			if gap := score(k-1) - score(k); gap > widest {
				end, widest = k, gap
			}
		}
		return end
	case CutGradient:
		for k := 1; k < len(ranked); k++ {
			if score(k-1)-score(k) > steepest*score(0) {
				return k
			}
		}
	case CutCovered:
		missing := make(map[int]bool)
		each := func(i int, do func(t int)) {
			for t := range f.all.Terms {
				if f.all.Has(i, t) {
					do(t)
				}
			}
		}
		for _, i := range ranked {
			each(i, func(t int) { missing[t] = true })
		}
		for k, i := range ranked {
			each(i, func(t int) { delete(missing, t) })
			if len(missing) == 0 {
				return k + 1
			}
		}
	}
	return len(ranked)
}
