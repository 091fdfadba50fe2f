package local

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"slices"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/schema"
)

// Shaped is the model, held to JSON of a schema (package schema): before each token, those that the
// schema does not allow are taken out of the choice. Errors wrap schema.ErrSchema.
func (m *Model) Shaped(text json.RawMessage) (llm.Model, error) {
	begin, err := schema.Parse(text)
	if err != nil {
		return nil, err
	}
	return shaped{m, begin}, nil
}

type shaped struct {
	*Model
	begin *schema.State
}

func (m shaped) Chat(ctx context.Context, messages []llm.Message) iter.Seq2[llm.Delta, error] {
	return m.answer(ctx, messages, m.begin)
}

// errMute is the error of a model that cannot say what a schema asks for.
var errMute = errors.New("the model's vocabulary has no word for what the schema of answers asks for next: allow other characters there, or ask another model")

// mostMasks bounds the states of a schema whose words are remembered: inside a text all are one.
const mostMasks = 64

// held is an answer under a schema. The zero held allows everything.
type held struct {
	state *schema.State
	model *Model
	masks map[uint64][]bool
	other []float32 // logits, less what is not allowed
}

// tries is how often a token is drawn before all words are looked at: what a model would say is
// mostly what it may say.
const tries = 8

// next is the token that s chooses among those that may be said: one that may not is taken out, and
// the choice is made again, which is the choice among what is left.
func (h *held) next(s *sampler, logits []float32) (int32, error) {
	if h.state == nil {
		return s.next(logits), nil
	}
	h.other = append(h.other[:0], logits...)
	never := float32(math.Inf(-1))
	for range tries {
		id := s.next(h.other)
		if h.may(id) {
			return id, nil
		}
		h.other[id] = never
	}
	mask, ok := h.masks[h.state.Hash()]
	if !ok {
		if mask = h.mask(); len(h.masks) >= mostMasks {
			clear(h.masks)
		}
		h.masks[h.state.Hash()] = mask
	}
	some := false
	for i := range h.other {
		if i < len(mask) && mask[i] {
			some = true
		} else {
			h.other[i] = never
		}
	}
	if !some {
		return 0, errMute
	}
	return s.next(h.other), nil
}

// may says whether a token may be said.
func (h *held) may(id int32) bool {
	if slices.Contains(h.model.decoder.Ends, id) {
		return h.state.Done()
	}
	b := h.model.decoder.Tokenizer.Bytes(id)
	return len(b) > 0 && h.state.After(b) != nil
}

// said takes a token in that was allowed.
func (h *held) said(id int32) {
	if h.state != nil {
		h.state = h.state.After(h.model.decoder.Tokenizer.Bytes(id))
	}
}

// over says whether nothing more may be said.
func (h *held) over() bool { return h.state != nil && h.state.Over() }

// mask says which tokens may be said. Words with the same beginning are tried once.
func (h *held) mask() []bool {
	mask := make([]bool, h.model.decoder.Tokenizer.Words())
	if h.state.Done() {
		for _, id := range h.model.decoder.Ends {
			if int(id) < len(mask) {
				mask[id] = true
			}
		}
	}
	states := []*schema.State{h.state} // after so many bytes of a word; nil from where it may not be said
	last := []byte(nil)
	for _, w := range h.model.words() {
		n := 0
		for n < len(last) && n < len(w.bytes) && last[n] == w.bytes[n] {
			n++
		}
		states = states[:min(n+1, len(states))]
		for len(states) <= len(w.bytes) {
			s := states[len(states)-1]
			if s != nil {
				s = s.Next(w.bytes[len(states)-1])
			}
			states = append(states, s)
		}
		mask[w.id] = states[len(w.bytes)] != nil
		last = w.bytes
	}
	return mask
}

// word is a token that writes something.
type word struct {
	id    int32
	bytes []byte
}

// vocabulary is all words, in the order of their bytes.
func (m *Model) vocabulary() []word {
	var all []word
	for id := range int32(m.decoder.Tokenizer.Words()) {
		if b := m.decoder.Tokenizer.Bytes(id); len(b) > 0 && !slices.Contains(m.decoder.Ends, id) {
			all = append(all, word{id, b})
		}
	}
	slices.SortFunc(all, func(a, b word) int { return cmp.Or(bytes.Compare(a.bytes, b.bytes), cmp.Compare(a.id, b.id)) })
	return all
}
