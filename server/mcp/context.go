package mcp

import (
	"context"
	"fmt"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/session/turn"
)

// context is the tool: what answers a question and was not shown yet.
func (r *room) context(ctx context.Context, c *call) (out *reply, err error) {
	if c.Around = strings.TrimSpace(c.Around); strings.TrimSpace(c.Question) == "" && c.Around == "" {
		return nil, fmt.Errorf("context needs the argument question (it is empty), or around with a place such as FILE:LINE")
	}
	if c.Around != "" {
		c.Question = "" // it is no answer to one
	}
	budget, err := c.budget(mostReply, contextBudget)
	if err != nil {
		return nil, err
	}
	seen, err := c.seen()
	if err != nil {
		return nil, err
	}
	ix, release, err := c.index(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	hint := ""
	if c.Question != "" {
		if hint, err = ix.LanguageHint(c.Question, seen); err != nil {
			return nil, err
		}
	}
	err = c.in(ctx, ix, func(s *session.Session, u usage) error {
		most, err := u.room(budget)
		if err != nil {
			return err
		}
		before := len(s.Pieces()) > 0
		options := []tamis.ContextOption{seen}
		if c.Around != "" {
			at, err := c.find(ctx, ix, s, c.Around)
			if err != nil {
				return err
			}
			options = append(options, tamis.Around{Doc: at.Doc, Start: at.Start, End: at.End})
		}
		asked := s.Meant(c.Question)
		answer := func(t *tamis.Context) (*reply, usage) { return c.answer(t, &asked, hint, u, before) }
		turn, err := s.ContextBeside(ctx, c.Question, tamis.Budget{Tokens: most}, func(t *tamis.Context) int {
			out, _ := answer(t)
			return c.cost(out) - t.Tokens
		}, options...)
		if err != nil {
			return err
		}
		var after usage
		out, after = answer(turn.Context)
		c.spend(after.used() - u.used() - (s.Window().Tokens - u.pieces))
		if turn.Text != "" {
			guard.Asked(c.asked, c.collection, turn.Question, turn.Digest)
			c.receipts.keep(c.caller.Name, c.collection, turn.Context)
		}
		return nil
	})
	return out, err
}

// answer is the reply with a context in it.
func (c *call) answer(t *tamis.Context, asked *turn.Asked, hint string, u usage, before bool) (*reply, usage) {
	var body []string
	structured := map[string]any{}
	if len(asked.Carried) > 0 {
		body = append(body, c.clip("Asked as: "+screen.Line(asked.Text()), mostLine))
		structured["asked"] = asked
	}
	switch {
	case t.Text != "":
		body = append(body, clean(t.Text), c.sources(t.Label, t.Spans))
		structured["receipt"] = receiptURI(c.collection, t)
		if t.Around == nil {
			structured["confidence"] = t.Confidence
		}
		if t.Around == nil && t.Confidence < pack.Unsure {
			body = append(body, fmt.Sprintf("This may not answer the question (confidence %.2f).", t.Confidence))
		}
	case before:
		body = append(body, "Nothing more matches. What was shown before is not sent twice: session lists it, restore shows it again.")
	default:
		body = append(body, "Nothing matches. Ask with words that the documents may use.")
	}
	if hint != "" {
		body = append(body, c.clip(hint, mostLine))
	}
	if t.Incomplete > 0 {
		body = append(body, fmt.Sprintf("%d documents cannot be found yet: their index is being built anew.", t.Incomplete))
	}
	return c.close(strings.Join(body, "\n"), structured, u)
}
