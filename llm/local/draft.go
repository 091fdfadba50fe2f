package local

import (
	"context"
	"slices"

	"github.com/tamis-search/tamis/model/decoder"
)

// Answers quote what was asked and the context beside it. So what followed the last words where
// they stood before is drafted as what comes next, and read at once with the token that is
// certain (retrieved drafts: He et al. 2024, "REST"; Saxena 2023, "prompt lookup"). Reading some
// tokens together takes little more than reading one, since the weights are gone through once.
//
// Each token is drawn from the logits after it, whether drafted or not, and these are the same to
// the last bit however tokens are read: what is said does not depend on drafts.

const (
	draftWords = 3  // tokens that have to stand before what is drafted
	draftFirst = 4  // tokens of the first draft
	draftMost  = 12 // and of any
)

// drafter proposes what comes next.
type drafter struct {
	size int
	said []int32                   // and what was asked before
	last map[[draftWords]int32]int // where what follows some tokens begins, the last time
	seen int                       // tokens of said that are in it
}

// propose is a draft of what follows after what was read and a token, at most most tokens. What was
// read has grown since the last time.
func (d *drafter) propose(read []int32, id int32, most int) []int32 {
	if d.last == nil {
		d.size, d.last, d.seen = draftFirst, map[[draftWords]int32]int{}, draftWords
	}
	d.said = append(append(d.said, read[len(d.said):]...), id)
	for ; d.seen < len(d.said); d.seen++ { // what ends the text has nothing behind it yet
		d.last[[draftWords]int32(d.said[d.seen-draftWords:])] = d.seen
	}
	if len(d.said) < draftWords {
		return nil
	}
	at, ok := d.last[[draftWords]int32(d.said[len(d.said)-draftWords:])]
	if !ok {
		return nil
	}
	draft := d.said[at:min(len(d.said), at+min(d.size, most))]
	if i := slices.Index(draft, decoder.Vector); i >= 0 { // nobody says a vector
		return draft[:i]
	}
	return draft
}

// went says how many tokens of a draft were said. A draft that was right grows.
func (d *drafter) went(right, of int) {
	switch {
	case right == of:
		d.size = min(2*d.size, draftMost)
	case 2*right < of:
		d.size = max(d.size/2, 1)
	}
}

// ahead is what was read of a draft and not said yet: its tokens, which the cache holds last, and
// the logits after each.
type ahead struct {
	drafter *drafter // nil for none
	seat    *seat
	tokens  []int32
	logits  [][]float32
	of      int // tokens that were drafted together
	right   int // tokens that were foreseen, in all
}

// next reads a token that was said, which the draft had foreseen or not, and returns the logits
// after it.
func (a *ahead) next(ctx context.Context, d *decoder.Decoder, c *decoder.Cache, id int32) ([]float32, error) {
	if len(a.tokens) > 0 && a.tokens[0] == id {
		a.right++
		logits := a.logits[0]
		if a.tokens, a.logits = a.tokens[1:], a.logits[1:]; len(a.tokens) == 0 {
			a.drafter.went(a.of, a.of)
		}
		return logits, nil
	}
	a.forget(c)
	ids := []int32{id}
	if a.drafter != nil {
		ids = append(ids, a.drafter.propose(c.Tokens(), id, d.Positions-len(c.Tokens())-1)...)
	}
	all, err := a.seat.next(ctx, ids)
	if err != nil {
		return nil, err
	}
	a.tokens, a.logits, a.of = ids[1:], all[1:], len(ids)-1
	return all[0], nil
}

// forget takes what was not said from the cache.
func (a *ahead) forget(c *decoder.Cache) {
	if len(a.tokens) > 0 {
		a.drafter.went(a.of-len(a.tokens), a.of)
		c.Cut(len(c.Tokens()) - len(a.tokens))
		a.tokens, a.logits = nil, nil
	}
}

// drafting says whether drafts are read: what a policy of attention reads and keeps depends on
// how many tokens are read together.
func (o *Options) drafting() bool { return !o.NoDrafts && !o.Attention.Sparse() }
