package tamis

import (
	"fmt"
	"math"

	"github.com/tamis-search/tamis/compose"
	"github.com/tamis-search/tamis/search"
)

// Beside are texts whose words weigh beside those of a question, each with a weight: what
// earlier turns of a conversation named (package session/turn says what). A word that the
// question has itself weighs as it does there. The receipt of a context names the question
// alone; what is kept is verbatim, whatever it was found by.
type Beside []Weighted

// Weighted is a text with what its words weigh, where those of a question weigh 1.
type Weighted struct {
	Text   string
	Weight float64
}

// Favour is what the asker did with documents, by their ids: from 1 for one that was kept to
// -1 for one that was sent away. It moves passages of the same worth, and never outweighs a
// word of the question; what is beyond 1 counts as 1.
type Favour map[string]float64

func (f Favour) set(r *request) { r.favour = f }

func (b Beside) set(r *request) { r.beside = b }

func (b Beside) composed() ([]compose.Weighted, error) {
	out := make([]compose.Weighted, len(b))
	for i, w := range b {
		if !(w.Weight > 0) || math.IsInf(w.Weight, 0) {
			return nil, invalidf("beside", "%q beside the question weighs %g: give a weight above 0, such as 0.5", w.Text, w.Weight)
		}
		out[i] = compose.Weighted(w)
	}
	return out, nil
}

// terms are those of q's text and of what stands beside it; some there must be where words
// are all that ranks.
func (r *Ranking) terms(q *Query, must bool) ([]search.Term, error) {
	beside, err := q.Beside.composed()
	if err != nil {
		return nil, err
	}
	terms, _, err := compose.Joined(r.Terms, q.Text, beside)
	if err == nil && must && len(terms) == 0 && !r.Empty() {
		err = AsInvalid(fmt.Errorf("%q: %w", q.Text, ErrNoTerms))
	}
	return terms, err
}
