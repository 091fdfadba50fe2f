package pruner

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
)

const (
	heldOut   = 5   // one subject of so many is examined, and not learned from
	tried     = 8   // one of those that are learned from says which epoch was the best
	negatives = 3   // passages that do not answer, of a question that came without
	block     = 256 // questions whose passages are each other's
)

// drawn is a number by which parts are chosen, the same on every machine.
func drawn(s string, seed uint64) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", seed, s)
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

func held(a *Asked, seed uint64) bool { return drawn(a.From, seed)>>32%heldOut == 0 }

// parts brings questions into an order by their parts and their names, and gives those without
// wrong passages the ones of others about something else that have most of their rare tokens.
func parts(all []Asked, seed uint64, tokens func(text string) []int32, rare func(id int32) float32) {
	slices.SortStableFunc(all, func(a, b Asked) int {
		if x, y := held(&a, seed), held(&b, seed); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(drawn(a.Question, seed), drawn(b.Question, seed)), cmp.Compare(a.Question, b.Question))
	})
	for from := 0; from < len(all); {
		end := from
		for end < len(all) && end < from+block && held(&all[end], seed) == held(&all[from], seed) {
			end++
		}
		wrong(all[from:end], tokens, rare)
		from = end
	}
}

func wrong(all []Asked, tokens func(text string) []int32, rare func(id int32) float32) {
	type other struct {
		from    string
		passage Passage
		has     map[int32]bool
	}
	var others []other
	for _, a := range all {
		for _, p := range a.Passages {
			if p.Answers {
				text, _ := p.read()
				has := map[int32]bool{}
				for _, id := range tokens(text) {
					has[id] = true
				}
				others = append(others, other{a.From, p, has})
			}
		}
	}
	for i := range all {
		a := &all[i]
		if slices.ContainsFunc(a.Passages, func(p Passage) bool { return !p.Answers }) {
			continue
		}
		type found struct {
			at    int
			share float32
		}
		var best []found
		asked := tokens(a.Question)
		for at, o := range others {
			if o.from == a.From || slices.ContainsFunc(a.Passages, func(p Passage) bool { return p.Text == o.passage.Text }) {
				continue
			}
			f := found{at: at}
			for _, id := range asked {
				if o.has[id] {
					f.share += rare(id)
				}
			}
			best = append(best, f)
		}
		slices.SortFunc(best, func(a, b found) int { return cmp.Or(cmp.Compare(b.share, a.share), cmp.Compare(a.at, b.at)) })
		for j, f := range best[:min(len(best), negatives)] {
			p := others[f.at].passage
			p.Answers, p.Keep = false, nil
			if j == 0 { // nothing of it is kept: the others would only outnumber those that are
				p.Keep = make([]bool, len(p.Sentences))
			}
			a.Passages = append(a.Passages, p)
		}
	}
}
