package session

import (
	"slices"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/session/turn"
)

// mostAsked is how many questions a session remembers: more than are looked back at.
const mostAsked = 100

// Beside is what a turn carries over, as searches and contexts take it.
func Beside(carried []turn.Carried) tamis.Beside {
	var out tamis.Beside
	for _, c := range carried {
		out = append(out, tamis.Weighted{Text: c.Text, Weight: c.Weight})
	}
	return out
}

// Meant is what a question would be taken to ask as the next turn.
func (s *Session) Meant(question string) turn.Asked {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.resolve(question, nil)
}

// Asked are the questions of the session, the last of many.
func (s *Session) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

// resolve says what a question means after the turns before it.
func (s *Session) resolve(question string, options []tamis.ContextOption) turn.Asked {
	if s.o.AsAsked || question == "" || slices.ContainsFunc(options, func(o tamis.ContextOption) bool { _, own := o.(tamis.Beside); return own }) {
		return turn.Asked{Question: question, Carried: []turn.Carried{}}
	}
	before := make([]turn.Exchange, len(s.asked))
	for i, q := range s.asked {
		before[i].Question = q
		for _, p := range s.pieces {
			if p.Question == q {
				before[i].Answers = append(before[i].Answers, p.texts...)
			}
		}
	}
	return turn.Resolve(before, question)
}

// remember keeps a question; what was asked around a range is none.
func (s *Session) remember(question string) {
	if question == "" {
		return
	}
	s.asked = append(s.asked, question)
	if over := len(s.asked) - mostAsked; over > 0 {
		s.asked = slices.Delete(s.asked, 1, 1+over) // what began the conversation stays
	}
}
