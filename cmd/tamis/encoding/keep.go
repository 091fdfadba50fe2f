package encoding

import (
	"context"
	"errors"
	"sync"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/model"
)

// Kept are the models of indexes that are opened again and again, as servers do: each is
// loaded once.
type Kept struct {
	Flag *Flag
	mu   sync.Mutex
	by   map[string]Encoder // by the place of the model
}

// Use is Flag.Use, but for what is loaded: that goes on until Close.
func (k *Kept) Use(ctx context.Context, ix engine.Index, warn func(format string, args ...any)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	place, e := k.of(ix)
	if e != nil {
		ix.Use(e)
		return nil
	}
	if k.Flag.dir != none && len(places(ix)) == 0 {
		return nil // nothing was encoded yet
	}
	c, err := k.Flag.Use(ctx, ix, warn)
	if e, ok := c.(Encoder); ok && err == nil {
		if k.by == nil {
			k.by = map[string]Encoder{}
		}
		k.by[place] = e
	}
	return err
}

// of is the place of the model of an index, and the model where it is loaded.
func (k *Kept) of(ix engine.Index) (place string, e Encoder) {
	place = k.Flag.dir
	if known := places(ix); place == "" && len(known) == 1 {
		place = known[0]
	}
	if e, ok := k.by[place]; ok {
		if e, ok = asMade(ix, e); ok {
			return place, e
		}
	}
	return place, nil
}

// Used is the model that Use had an index use; nil for words alone.
func (k *Kept) Used(ix engine.Index) tamis.Encoder {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, e := k.of(ix); e != nil {
		return e
	}
	return nil
}

// Named is the model that --model names, nil where it names none.
func (k *Kept) Named(ctx context.Context) (tamis.Encoder, error) {
	if !k.Flag.Given() {
		return nil, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.by == nil {
		k.by = map[string]Encoder{}
	}
	e, ok := k.by[k.Flag.dir]
	if !ok {
		var err error
		if e, err = Open(ctx, k.Flag.dir, model.Int8); err != nil {
			return nil, err
		}
		k.by[k.Flag.dir] = e
	}
	return e, nil
}

// Close closes the models.
func (k *Kept) Close() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var errs []error
	for _, e := range k.by {
		errs = append(errs, e.Close())
	}
	k.by = nil
	return errors.Join(errs...)
}
