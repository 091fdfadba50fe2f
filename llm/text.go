package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Text is one exchange: what a model answers to a system's and a user's message, in one
// piece, with the tokens that it counts. What came before an error is returned with it; an
// answer without a word is one.
func Text(ctx context.Context, m Model, system, user string) (string, Usage, error) {
	var b strings.Builder
	var used Usage
	for d, err := range m.Chat(ctx, []Message{{Role: "system", Content: system}, {Role: "user", Content: user}}) {
		if err != nil {
			return b.String(), used, err
		}
		if d.Usage != nil {
			used = *d.Usage
		}
		b.WriteString(d.Text)
	}
	if strings.TrimSpace(b.String()) == "" {
		return b.String(), used, errors.New("the answer is empty")
	}
	return b.String(), used, nil
}

// ErrGone is wrapped when a model failed so often in a row that work with it ends.
var ErrGone = errors.New("the endpoint does not answer")

// mostFailures is how many failures in a row that is.
const mostFailures = 5

// Patience bears with a model that fails now and then. The zero value is ready.
type Patience struct{ failed int }

// Bear notes what came of a request, err where it failed. The error that it returns ends
// the work: that of ctx, or one that wraps ErrGone.
func (p *Patience) Bear(ctx context.Context, err error) error {
	if err == nil {
		p.failed = 0
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.failed++; p.failed < mostFailures {
		return nil
	}
	p.failed = 0
	return fmt.Errorf("%w: it failed %d times in a row, the last time with: %w", ErrGone, mostFailures, err)
}
