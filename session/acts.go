package session

import (
	"fmt"
	"maps"
	"math"

	"github.com/tamis-search/tamis"
)

// What is done with a piece says something of its document: later turns move its passages a
// little, never past what the words say (see tamis.Favour). Each act is weak, their sum is
// bounded, and pieces that were folded to make room say nothing.
const (
	opened   = .3
	kept     = .6 // pinned
	restored = .3
	folded   = -.3
	mostActs = 1000 // documents that are remembered
)

func (s *Session) act(doc string, weight float64) {
	if s.acts == nil {
		s.acts = map[string]float64{}
	}
	sum := max(-1, min(1, s.acts[doc]+weight))
	if sum = math.Round(100*sum) / 100; sum == 0 {
		delete(s.acts, doc)
		return
	}
	if _, known := s.acts[doc]; known || len(s.acts) < mostActs {
		s.acts[doc] = sum
	}
}

// Opened says that somebody looked at a piece in its document. ErrNoPiece.
func (s *Session) Opened(id int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := s.piece(id)
	if err != nil {
		return fmt.Errorf("open %w", err)
	}
	s.act(p.Doc, opened)
	return nil
}

// Favour is what was done with documents so far, from -1 to 1.
func (s *Session) Favour() tamis.Favour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.favour()
}

func (s *Session) favour() tamis.Favour { return tamis.Favour(maps.Clone(s.acts)) }
