package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/pack/render"
)

// sessionState is the JSON form of a session. Texts are not in it: they are
// read from the sources again, and held against the digests.
type sessionState struct {
	Version int     `json:"version"`
	Options Options `json:"options"`
	Next    int     `json:"next"`
	Pieces  []Piece `json:"pieces"`
	// Asked are the questions; sessions of older programs have those of their pieces only.
	Asked  []string           `json:"asked,omitempty"`
	Acts   map[string]float64 `json:"acts,omitempty"`
	Digest string             `json:"digest"` // of the window's text
}

const sessionVersion = 1

// MarshalJSON writes the state of the session, from which Resume makes it
// anew: receipts of all its pieces, and none of their text.
func (s *Session) MarshalJSON() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := sessionState{sessionVersion, s.o, s.next, []Piece{}, s.asked, s.acts, s.receipt(s.shown()...).Digest}
	for _, p := range s.pieces {
		st.Pieces = append(st.Pieces, p.Piece)
	}
	return json.Marshal(st)
}

// Resume makes a session anew from its JSON, on this index or a copy of it, for
// somebody who sees the scope: a document outside it is as one that is gone. The
// error is a *render.ChangedError when the source of a piece that is shown is not
// what it was; folded pieces whose source has changed are forgotten.
func Resume(ctx context.Context, ix engine.Index, state []byte, scope tamis.Scope) (*Session, error) {
	s, _, err := resume(ctx, ix, state, scope, false)
	return s, err
}

// ResumeWithout is Resume without the pieces whose source is not what it was: it says of how
// many documents pieces that were shown are forgotten.
func ResumeWithout(ctx context.Context, ix engine.Index, state []byte, scope tamis.Scope) (s *Session, forgotten int, err error) {
	return resume(ctx, ix, state, scope, true)
}

func resume(ctx context.Context, ix engine.Index, state []byte, scope tamis.Scope, without bool) (*Session, int, error) {
	var st sessionState
	if err := json.Unmarshal(state, &st); err != nil {
		return nil, 0, invalid("state", "this is no session: %w", err)
	}
	if st.Version != sessionVersion {
		return nil, 0, invalid("state", "the session has version %d; this program knows version %d", st.Version, sessionVersion)
	}
	s, err := New(ix, st.Options)
	if err != nil {
		return nil, 0, fmt.Errorf("session: %w", err)
	}
	s.next = st.Next
	s.acts = st.Acts
	for _, q := range st.Asked {
		s.remember(q)
	}
	sources := map[string]render.Source{}
	source := func(doc string) (render.Source, error) {
		if text, ok := sources[doc]; ok {
			return text, nil
		}
		text, err := ix.Source(ctx, doc, scope)
		if err == nil {
			sources[doc] = render.Source{Text: text}
		}
		return render.Source{Text: text}, err
	}
	seen, gone := map[int]bool{}, map[string]bool{}
	for _, p := range st.Pieces {
		if p.ID < 1 || p.ID >= st.Next || seen[p.ID] {
			return nil, 0, invalid("state", "session: the pieces' numbers are not distinct ones below %d: %d", st.Next, p.ID)
		}
		seen[p.ID] = true
		texts, err := render.Verify(p.Spans, source)
		var changed *render.ChangedError
		if err != nil && (p.Folded || without && errors.As(err, &changed)) {
			if ctx.Err() != nil {
				return nil, 0, ctx.Err()
			}
			if !p.Folded {
				gone[p.Doc] = true
			}
			continue
		}
		if err != nil {
			return nil, 0, fmt.Errorf("session: piece %d: %w", p.ID, err)
		}
		for _, span := range p.Spans {
			if span.Cite != p.ID || span.Doc != p.Doc {
				return nil, 0, fmt.Errorf("session: piece %d has a span of another", p.ID)
			}
		}
		s.pieces = append(s.pieces, &piece{p, texts})
	}
	window := s.receipt(s.shown()...)
	if len(gone) == 0 && window.Digest != st.Digest {
		return nil, 0, fmt.Errorf("session: every piece is as it was, but the window they give has another digest than the state says: the state was altered")
	}
	if window.Tokens > st.Options.Tokens {
		return nil, 0, fmt.Errorf("session: the window has %d tokens: %w", window.Tokens, &tamis.BudgetError{Budget: st.Options.Tokens, Need: window.Tokens})
	}
	return s, len(gone), nil
}
