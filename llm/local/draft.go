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
// Behind three tokens that stood together before, else behind two, else behind one. The index's
// other documents, and the states of the model, foresee no more (docs/benchmarks.md).
//
// Each token is drawn from the logits after it, whether drafted or not, and these are the same to
// the last bit however tokens are read: what is said does not depend on drafts.

const (
	draftWords = 3  // tokens that stand before what is drafted, or else fewer
	draftFirst = 4  // tokens of the first draft
	draftMost  = 12 // and of any
)

// drafter proposes what comes next.
type drafter struct {
	size int
	said []int32                               // and what was asked before
	last [draftWords]map[[draftWords]int32]int // by how many: where what follows some tokens begins, the last time
	seen int                                   // tokens of said that are in it
}

// propose is a draft of what follows after what was read and a token, at most most tokens. What was
// read has grown since the last time.
func (d *drafter) propose(read []int32, id int32, most int) []int32 {
	if d.last[0] == nil {
		d.size = draftFirst
		for n := range d.last {
			d.last[n] = map[[draftWords]int32]int{}
		}
	}
	d.said = append(append(d.said, read[len(d.said):]...), id)
	for ; d.seen < len(d.said); d.seen++ { // what ends the text has nothing behind it yet
		for n := range min(draftWords, d.seen) {
			d.last[n][lastOf(d.said[:d.seen], n+1)] = d.seen
		}
	}
	at, ok := 0, false
	for n := min(draftWords, len(d.said)); n > 0 && !ok; n-- {
		at, ok = d.last[n-1][lastOf(d.said, n)]
	}
	if !ok {
		return nil
	}
	draft := d.said[at:min(len(d.said), at+min(d.size, most))]
	if i := slices.Index(draft, decoder.Vector); i >= 0 { // nobody says a vector
		return draft[:i]
	}
	return draft
}

// lastOf are the last n tokens.
func lastOf(said []int32, n int) (k [draftWords]int32) {
	copy(k[:], said[len(said)-n:])
	return k
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
