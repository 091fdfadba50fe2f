package review

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/portable"
)

// Kept is one look at how much of the claims is kept.
type Kept struct {
	Budget   int     `json:"budget"` // tokens of claims
	Tokens   int     `json:"tokens"`
	Claims   []int   `json:"claims"`   // numbers in the list of claims, from 0
	Coverage float64 `json:"coverage"` // share of the question that they have
	Next     float64 `json:"next"`     // what the next claim would add, as a share of the first
	Suffices bool    `json:"suffices"`
}

const (
	keepLooks   = 4   // budgets that are tried, up to the whole one
	scoreFloor  = .6  // of the best claim's score: what has less does not answer
	addsLittle  = .5  // what the next claim adds at most, beside the first, where it suffices
	repeats     = .6  // of a claim's worth that is lost where others have all its words
	leastKept   = 5   // claims that never suffice, where there are more
	coversAll   = .95 // of what all claims together have of the question
	sourceBonus = .1  // of a second source, and so on, in logarithms
)

// keep chooses claims for growing budgets, the ones that add most first, until what is kept
// suffices: the question is covered as far as all claims cover it, and the next one adds little.
func (r *run) keep(claims []Claim, m *meets) (last Kept, err error) {
	stances := make([]*stance, len(claims))
	all := ""
	for i, c := range claims {
		stances[i] = stanceOf(r.an, c.Text)
		all += c.Text + "\n"
	}
	whole := m.share(all)
	for look := 1; look <= keepLooks; look++ {
		last, err = do(r.log, "keep", fmt.Sprint(look), func() (Kept, error) {
			return r.fill(claims, stances, m, whole, r.o.Report*look/keepLooks), nil
		})
		r.report.Looks = append(r.report.Looks, last)
		if err != nil || last.Suffices {
			return last, err
		}
	}
	return last, nil
}

func (r *run) fill(claims []Claim, stances []*stance, m *meets, whole float64, budget int) Kept {
	k := Kept{Budget: budget, Claims: []int{}}
	taken := make([]bool, len(claims))
	adds := func(i int) float64 {
		most := 0.0
		for _, j := range k.Claims {
			shared := len(common(stances[i].terms, stances[j].terms))
			most = max(most, float64(shared)/float64(max(1, len(stances[i].terms))))
		}
		if claims[i].Score < scoreFloor*claims[0].Score {
			return 0
		}
		return claims[i].Score * (1 + sourceBonus*portable.Log(float64(len(claims[i].Evidence)))) * (1 - repeats*most)
	}
	first, text := 0.0, ""
	for {
		best, worth := -1, 0.0
		for i := range claims {
			if !taken[i] {
				if w := adds(i); w > worth {
					best, worth = i, w
				}
			}
		}
		if best < 0 {
			k.Next, k.Suffices = 0, true
			break
		}
		first = cmp.Or(first, worth)
		k.Next = round(worth / first)
		if len(k.Claims) >= leastKept && k.Next <= addsLittle && m.share(text) >= coversAll*whole {
			k.Suffices = true
			break
		}
		taken[best] = true
		n := r.counter.Count(claims[best].Text)
		if k.Tokens+n > budget {
			if len(k.Claims) > 0 || budget < r.o.Report {
				break
			}
			continue // a shorter one may fit
		}
		k.Tokens += n
		k.Claims = append(k.Claims, best)
		text += claims[best].Text + "\n"
	}
	k.Coverage = round(m.share(text))
	slices.Sort(k.Claims)
	return k
}

func round(x float64) float64 { return math.Round(1000*x) / 1000 }
