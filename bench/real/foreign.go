package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/bench/internal/asked"
)

// stranger is a context as confidence.py reads it.
type stranger struct {
	ID         string  `json:"id"`
	Asked      string  `json:"asked"` // the corpus
	Confidence float64 `json:"confidence"`
	Text       string  `json:"text"`
}

// strangers asks corpora the questions of others; nil asks none.
type strangers struct {
	*os.File
	enc       *json.Encoder
	questions []asked.Question
}

func strangersTo(path string, questions []asked.Question) (*strangers, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &strangers{f, json.NewEncoder(f), questions}, nil
}

func (s *strangers) Close() error {
	if s == nil {
		return nil
	}
	return s.File.Close()
}

func (s *strangers) ask(ctx context.Context, ix *tamis.Index, corpus string) error {
	if s == nil {
		return nil
	}
	for _, q := range s.questions {
		c, err := ix.Context(ctx, q.Question, tamis.Budget{Tokens: 1000, Counter: "o200k_base"})
		if err != nil {
			return fmt.Errorf("%s asked of %s: %w", q.ID, corpus, err)
		}
		if err := s.enc.Encode(stranger{q.ID, corpus, c.Confidence, c.Text}); err != nil {
			return err
		}
	}
	return nil
}
