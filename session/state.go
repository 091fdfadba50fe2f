package session

import (
	"context"
	"encoding/json"
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
	Asked  []string `json:"asked,omitempty"`
	Digest string   `json:"digest"` // of the window's text
}

const sessionVersion = 1

// MarshalJSON writes the state of the session, from which Resume makes it
// anew: receipts of all its pieces, and none of their text.
func (s *Session) MarshalJSON() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := sessionState{sessionVersion, s.o, s.next, []Piece{}, s.asked, s.receipt(s.shown()...).Digest}
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
	var st sessionState
	if err := json.Unmarshal(state, &st); err != nil {
		return nil, invalid("state", "this is no session: %w", err)
	}
	if st.Version != sessionVersion {
		return nil, invalid("state", "the session has version %d; this program knows version %d", st.Version, sessionVersion)
	}
	s, err := New(ix, st.Options)
	if err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	s.next = st.Next
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
	seen := map[int]bool{}
	for _, p := range st.Pieces {
		if p.ID < 1 || p.ID >= st.Next || seen[p.ID] {
			return nil, invalid("state", "session: the pieces' numbers are not distinct ones below %d: %d", st.Next, p.ID)
		}
		seen[p.ID] = true
		texts, err := render.Verify(p.Spans, source)
		if err != nil && p.Folded {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("session: piece %d: %w", p.ID, err)
		}
		for _, span := range p.Spans {
			if span.Cite != p.ID || span.Doc != p.Doc {
				return nil, fmt.Errorf("session: piece %d has a span of another", p.ID)
			}
		}
		s.pieces = append(s.pieces, &piece{p, texts})
	}
	window := s.receipt(s.shown()...)
	if window.Digest != st.Digest {
		return nil, fmt.Errorf("session: every piece is as it was, but the window they give has another digest than the state says: the state was altered")
	}
	if window.Tokens > st.Options.Tokens {
		return nil, fmt.Errorf("session: the window has %d tokens: %w", window.Tokens, &tamis.BudgetError{Budget: st.Options.Tokens, Need: window.Tokens})
	}
	return s, nil
}
