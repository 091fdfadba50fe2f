package encoding

import (
	"context"
	"errors"
	"sync"

	"github.com/tamis-search/tamis"
)

// Kept are the models of indexes that are opened again and again, as servers do: each is
// loaded once.
type Kept struct {
	Flag *Flag
	mu   sync.Mutex
	by   map[string]Encoder // by the place of the model
}

// Use is Flag.Use, but for what is loaded: that goes on until Close.
func (k *Kept) Use(ctx context.Context, ix *tamis.Index, warn func(format string, args ...any)) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	place := k.Flag.dir
	if known := places(ix); place == "" && len(known) == 1 {
		place = known[0]
	}
	if e, ok := k.by[place]; ok {
		if e, ok = asMade(ix, e); ok {
			ix.Use(e)
			return nil
		}
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
