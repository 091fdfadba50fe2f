// Package labels gives texts labels for the callers of a server: by the examples of a file, which
// are the same for all, or by the documents of a collection, of which each caller sees
// their own.
//
// Learning may take a while. It begins with the first who asks and goes on when they no
// longer wait. Documents that come later count within a minute, and the answers go on
// meanwhile; where a document is changed, deleted or hidden, nothing that was learned of it
// answers any more.
package labels

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/classify/learned"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/library"
)

const (
	// learnAgain is how long what was learned answers though there are more examples.
	learnAgain = time.Minute
	// mostRooms bounds what is learned for callers who see different documents.
	mostRooms = 8
	pageOf    = 1000
)

// ErrOff: a server has nothing that labels are learned of.
var ErrOff = errors.New("this server gives no labels: start it with --classify FILE or --label-field FIELD")

// Options say where examples come from.
type Options struct {
	// Of was learned of a file, with the vectors of Encoder where that is not nil.
	Of      *classify.Classifier
	Encoder tamis.Encoder
	// Where Of is nil, the examples are the documents of collections with a label in the
	// metadata field Field; None is the label of those that have none of the others.
	Field, None string
	Library     *library.Library
	// Model is what made the vectors of an index, nil for words alone. It may be nil.
	Model func(ix engine.Index) tamis.Encoder
	// Keep says where what was learned of collections is kept, for the next start: what the
	// same examples teach is not learned again. Its zero value keeps nothing.
	Keep learned.Keep
}

// Giver gives labels. It is safe for concurrent use.
type Giver struct {
	o       Options
	ctx     context.Context
	mu      sync.Mutex
	rooms   map[string]*room
	minutes func(time.Time) bool // whether what was learned then may be learned again
}

// room is what callers have in common who see the same documents of a collection.
type room struct {
	mu      sync.Mutex
	c       *classify.Classifier
	encoder tamis.Encoder
	of      map[string]string // its documents, and how each was
	at      time.Time
	over    chan struct{} // closed when what is being learned is; nil where nothing is
	err     error
	used    time.Time // of Giver.mu
}

// New gives labels until ctx ends. Without Of and Field nobody is given any.
func New(ctx context.Context, o Options) *Giver {
	return &Giver{o: o, ctx: ctx, rooms: map[string]*room{},
		minutes: func(t time.Time) bool { return time.Since(t) > learnAgain }}
}

// On says that labels are given.
func (g *Giver) On() bool { return g != nil && (g.o.Of != nil || g.o.Field != "") }

// OfCollections says that the examples are documents of a collection.
func (g *Giver) OfCollections() bool { return g.On() && g.o.Of == nil }

// Classify gives texts labels, with so many examples as evidence, for a caller of a
// collection, which does not matter where the examples are those of a file. Errors: ErrOff,
// access.ErrNoCollection, classify.ErrNoExamples, classify.ErrOneLabel.
func (g *Giver) Classify(ctx context.Context, by *access.Caller, collection string, texts []string, evidence int) ([]*classify.Result, error) {
	if !g.On() {
		return nil, ErrOff
	}
	if g.o.Of != nil {
		return classified(ctx, g.o.Of, g.o.Encoder, texts, evidence)
	}
	if err := by.May(access.Read, collection); err != nil {
		return nil, err
	}
	r := g.room(by, collection)
	for range 3 { // documents may change while it is learned
		c, encoder, err := g.learned(ctx, r, by, collection)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		results, err := classified(ctx, c, encoder, texts, evidence)
		if err != nil {
			return nil, err
		}
		whole, err := g.whole(ctx, by, collection, results)
		if err != nil || whole {
			return results, err
		}
		r.forget(c)
	}
	return nil, fmt.Errorf("the examples of %q change faster than they are learned: %w", collection, context.DeadlineExceeded)
}

func classified(ctx context.Context, c *classify.Classifier, encoder tamis.Encoder, texts []string, evidence int) ([]*classify.Result, error) {
	asked := make([]classify.Example, len(texts))
	for i, t := range texts {
		asked[i].Text = classify.Excerpt(t)
	}
	if err := learned.Encode(ctx, encoder, asked); err != nil {
		return nil, err
	}
	var results []*classify.Result
	for _, t := range asked {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		res, err := c.Classify(t.Text, t.Vectors, evidence)
		if err != nil {
			return nil, err
		}
		results = append(results, res)
	}
	return results, nil
}

// whole says that the evidence of results stands in the documents as they are now.
func (g *Giver) whole(ctx context.Context, by *access.Caller, collection string, results []*classify.Result) (bool, error) {
	ix, release, err := g.o.Library.Read(ctx, collection)
	if err != nil {
		return false, err
	}
	defer release()
	for _, r := range results {
		for _, e := range r.Evidence {
			source, err := ix.Source(ctx, e.ID, by.Sees(""))
			if err != nil && !errors.Is(err, tamis.ErrNotFound) {
				return false, err
			}
			if err != nil || len(source) < e.End || source[e.Start:e.End] != e.Text {
				return false, nil
			}
		}
	}
	return true, nil
}

// forget drops what was learned of documents that have changed.
func (r *room) forget(c *classify.Classifier) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.c == c {
		r.c = nil
	}
}

// room is that of a caller; the one that was used least lately goes for a new one.
func (g *Giver) room(by *access.Caller, collection string) *room {
	groups := slices.Compact(slices.Sorted(slices.Values(by.Groups)))
	key := fmt.Sprintf("%q %q", collection, groups) // which no name can be made to be another's
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.rooms[key]
	if r == nil {
		if len(g.rooms) >= mostRooms {
			oldest := slices.MinFunc(slices.Collect(maps.Keys(g.rooms)), func(a, b string) int { return g.rooms[a].used.Compare(g.rooms[b].used) })
			delete(g.rooms, oldest)
		}
		r = &room{}
		g.rooms[key] = r
	}
	r.used = time.Now()
	return r
}

// learned is what was learned of the documents that a caller sees now; nil where that changed
// while it was learned.
func (g *Giver) learned(ctx context.Context, r *room, by *access.Caller, collection string) (*classify.Classifier, tamis.Encoder, error) {
	now, err := g.documents(ctx, by, collection)
	if err != nil {
		return nil, nil, err
	}
	r.mu.Lock()
	stands := r.c != nil && within(r.of, now)
	if !stands || len(now) > len(r.of) && g.minutes(r.at) {
		g.begin(r, by, collection)
	}
	c, encoder, over := r.c, r.encoder, r.over
	r.mu.Unlock()
	if stands {
		return c, encoder, nil
	}
	select {
	case <-over:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if now, err = g.documents(ctx, by, collection); err != nil {
		return nil, nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil || r.c == nil || !within(r.of, now) {
		return nil, nil, r.err
	}
	return r.c, r.encoder, nil
}

// documents are those of a collection that a caller sees and that have a label, with how
// each is.
func (g *Giver) documents(ctx context.Context, by *access.Caller, collection string) (map[string]string, error) {
	ix, release, err := g.o.Library.Read(ctx, collection)
	if err != nil {
		return nil, err
	}
	defer release()
	all := map[string]string{}
	for page := (tamis.Page{Limit: pageOf}); ; {
		list, next, err := ix.Documents(ctx, page, by.Sees(""))
		if err != nil {
			return nil, err
		}
		for _, d := range list {
			if given := classify.Strings(d.Metadata[g.o.Field]); len(given) > 0 {
				all[d.ID] = fmt.Sprint(d.Bytes, d.ModTime, given)
			}
		}
		if next == "" {
			return all, nil
		}
		page.After = next
	}
}

func within(old, now map[string]string) bool {
	for id, was := range old {
		if is, ok := now[id]; !ok || is != was {
			return false
		}
	}
	return true
}

// begin has somebody learn, where nobody does. The caller holds the room's mu.
func (g *Giver) begin(r *room, by *access.Caller, collection string) {
	if r.over != nil {
		return
	}
	over := make(chan struct{})
	r.over = over
	go func() {
		c, encoder, of, err := g.learn(by, collection)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err = err; err == nil {
			r.c, r.encoder, r.of = c, encoder, of
		}
		r.at, r.over = time.Now(), nil
		close(over)
	}()
}

func (g *Giver) learn(by *access.Caller, collection string) (*classify.Classifier, tamis.Encoder, map[string]string, error) {
	of, err := g.documents(g.ctx, by, collection)
	if err != nil {
		return nil, nil, nil, err
	}
	ix, release, err := g.o.Library.Read(g.ctx, collection)
	if err != nil {
		return nil, nil, nil, err
	}
	var encoder tamis.Encoder
	field := ""
	if g.o.Model != nil {
		if encoder = g.o.Model(ix); encoder != nil {
			field = encoder.Name()
		}
	}
	examples, err := learned.Examples(g.ctx, ix, by.Sees(""), field, g.o.Field, g.o.None)
	release() // learning takes longer than anybody is to wait for the index
	if err != nil {
		return nil, nil, nil, err
	}
	c, err := learned.Learn(g.ctx, g.o.Keep, encoder, examples)
	if errors.Is(err, classify.ErrNoExamples) {
		err = fmt.Errorf("%w with a label in %q in this collection", err, g.o.Field)
	}
	return c, encoder, of, err
}
