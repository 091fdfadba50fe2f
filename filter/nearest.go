package filter

import (
	"slices"
	"strings"
)

// Fields are the fields that a filter asks for, in order.
func (e *Expr) Fields() []string {
	var out []string
	var walk func(e *Expr)
	walk = func(e *Expr) {
		if e.Field != "" || e.Op > Not {
			out = append(out, e.Field)
		}
		for _, x := range e.Args {
			walk(x)
		}
	}
	walk(e)
	slices.Sort(out)
	return slices.Compact(out)
}

// Nearest is what of known a misspelt name may mean, the first of equals; "" where
// none is near.
func Nearest(name string, known []string) string {
	best, least := "", 1+(len(name)+1)/3
	for _, k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		// "author" for "author.name", and the other way round.
		if d >= least && (strings.HasPrefix(k, name+".") || strings.HasPrefix(name, k+".") || strings.HasSuffix(k, "."+name)) {
			d = least - 1
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

// distance is how many bytes are to be inserted, left out, replaced or exchanged
// with their neighbour to make b of a (optimal string alignment).
func distance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
