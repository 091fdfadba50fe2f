package local

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// sampler chooses tokens.
type sampler struct {
	Sampling
	random *rand.Rand
	order  []candidate
}

type candidate struct {
	id     int32
	weight float64
}

// Sampling says how the next token is chosen.
type Sampling struct {
	Temperature float64 // 0: always the most probable, the first of equals
	TopK        int     // among so many of the most probable; 0 for all
	TopP        float64 // among the fewest that have so much of the probability; 0 for all
	MinP        float64 // among those that have so much of the most probable one's
	Seed        uint64
}

func newSampler(s Sampling) *sampler {
	return &sampler{Sampling: s, random: rand.New(rand.NewPCG(s.Seed, 0))}
}

// next is the token chosen.
func (s *sampler) next(logits []float32) int32 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	if s.Temperature <= 0 {
		return int32(best)
	}
	s.order = s.order[:0]
	for i, v := range logits {
		if w := math.Exp(float64(v-logits[best]) / s.Temperature); w > 0 && w >= s.MinP {
			s.order = append(s.order, candidate{int32(i), w})
		}
	}
	slices.SortFunc(s.order, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.id, b.id))
	})
	if s.TopK > 0 {
		s.order = s.order[:min(len(s.order), s.TopK)]
	}
	all := 0.0
	for _, c := range s.order {
		all += c.weight
	}
	if s.TopP > 0 && s.TopP < 1 {
		sum := 0.0
		for i, c := range s.order {
			if sum += c.weight; sum >= s.TopP*all {
				s.order, all = s.order[:i+1], sum
				break
			}
		}
	}
	at := s.random.Float64() * all
	for _, c := range s.order {
		if at -= c.weight; at < 0 {
			return c.id
		}
	}
	return s.order[len(s.order)-1].id
}
