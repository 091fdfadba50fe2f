package pruner

import (
	"cmp"
	"slices"

	"github.com/tamis-search/tamis/train/asked"
)

const (
	tried = 8   // one subject of those that are learned from says which epoch was the best
	block = 256 // questions whose passages are each other's
)

// parts brings questions into an order by their parts and their names, and gives those without
// wrong passages the ones of others about something else that have most of their rare tokens.
func parts(all []asked.Question, seed uint64, tokens func(text string) []int32, rare func(id int32) float32) {
	slices.SortStableFunc(all, func(a, b asked.Question) int {
		if x, y := a.Held(seed), b.Held(seed); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(asked.Drawn(a.Text, seed), asked.Drawn(b.Text, seed)), cmp.Compare(a.Text, b.Text))
	})
	for from := 0; from < len(all); {
		end := from
		for end < len(all) && end < from+block && all[end].Held(seed) == all[from].Held(seed) {
			end++
		}
		wrong(all[from:end], tokens, rare)
		from = end
	}
}

func wrong(all []asked.Question, tokens func(text string) []int32, rare func(id int32) float32) {
	type other struct {
		from    string
		passage asked.Passage
		has     map[int32]bool
	}
	var others []other
	for _, a := range all {
		for _, p := range a.Passages {
			if p.Answers {
				text, _ := p.Read()
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
		if slices.ContainsFunc(a.Passages, func(p asked.Passage) bool { return !p.Answers }) {
			continue
		}
		type found struct {
			at    int
			share float32
		}
		var best []found
		words := tokens(a.Text)
		for at, o := range others {
			if o.from == a.From || slices.ContainsFunc(a.Passages, func(p asked.Passage) bool { return p.Text == o.passage.Text }) {
				continue
			}
			f := found{at: at}
			for _, id := range words {
				if o.has[id] {
					f.share += rare(id)
				}
			}
			best = append(best, f)
		}
		slices.SortFunc(best, func(a, b found) int { return cmp.Or(cmp.Compare(b.share, a.share), cmp.Compare(a.at, b.at)) })
		for j, f := range best[:min(len(best), asked.Negatives)] {
			p := others[f.at].passage
			p.Answers, p.Keep = false, nil
			if j == 0 { // nothing of it is kept: the others would only outnumber those that are
				p.Keep = make([]bool, len(p.Sentences))
			}
			a.Passages = append(a.Passages, p)
		}
	}
}
