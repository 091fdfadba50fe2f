package peer

import (
	"fmt"
	"math"
)

// tolerance is the relative difference up to which two scores are a tie: both
// sides sum a query's few float32 impacts, each in its own order.
const tolerance = 1e-5

// Disagreement says how the k best of two engines differ, "" when they are
// the same up to ties: the same score at every rank, and every document that only
// one of them returns scores what the last one scores, or there were too few.
func Disagreement(a, b []Hit, k int) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d and %d hits", len(a), len(b))
	}
	scores := make(map[int]float32, len(b))
	for i := range a {
		if !tie(a[i].Score, b[i].Score) {
			return fmt.Sprintf("rank %d: row %d scores %g, row %d scores %g", i+1, a[i].Row, a[i].Score, b[i].Row, b[i].Score)
		}
		scores[b[i].Row] = b[i].Score
	}
	for i, h := range a {
		s, both := scores[h.Row]
		switch {
		case both && !tie(h.Score, s):
			return fmt.Sprintf("row %d scores %g and %g", h.Row, h.Score, s)
		case !both && (len(a) < k || !tie(h.Score, b[len(b)-1].Score)):
			return fmt.Sprintf("rank %d: row %d (%g) is not in the other list", i+1, h.Row, h.Score)
		}
	}
	return ""
}

func tie(a, b float32) bool {
	return math.Abs(float64(a)-float64(b)) <= tolerance*math.Max(math.Abs(float64(a)), math.Abs(float64(b)))
}
