package names

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// Fields say how each field stores its vectors. That is stored when the field is
// used first. The step of a weight is the same for all segments, so that no
// score depends on how documents are spread over them. It is safe for concurrent
// use.
type Fields struct {
	mu     sync.Mutex
	used   map[string]vector.Field
	wanted map[string]vector.Field // how those are to be that are not used
}

// NewFields takes the stored fields of the index dir over and notes how new ones
// are to be. ErrConfig says that a stored field is otherwise than wanted, ErrNewer that
// it is of a kind that this program does not know.
func NewFields(dir string, stored, wanted map[string]vector.Field) (*Fields, error) {
	x := &Fields{used: maps.Clone(stored), wanted: map[string]vector.Field{}}
	if x.used == nil {
		x.used = map[string]vector.Field{}
	}
	for name, f := range stored {
		if err := f.Complete(name); err != nil {
			return nil, fmt.Errorf("index %s: %w: %w", dir, record.ErrNewer, err)
		}
	}
	for name, f := range wanted {
		bits := f.Bits
		if err := f.Complete(name); err != nil {
			return nil, err
		}
		have, ok := stored[name]
		switch {
		case ok && (f.Kind != vector.KindSparse && f.Kind != have.Kind || f.Dims != 0 && f.Dims != have.Dims || f.Similarity != vector.InnerProduct && f.Similarity != have.Similarity):
			return nil, fmt.Errorf("index %s: %w: its field %q has %s vectors of %d numbers, compared by %s", dir, record.ErrConfig, name, have.Kind, have.Dims, have.Similarity)
		case ok && (bits != 0 && bits != have.Bits || f.Max != 0 && f.Max != have.Max):
			return nil, fmt.Errorf("index %s: %w: its field %q has %d bits a weight and the greatest weight %g", dir, record.ErrConfig, name, have.Bits, have.Max)
		case ok && f.Unit != vector.Documents && f.Unit != have.Unit:
			return nil, fmt.Errorf("index %s: %w: its field %q has vectors of the unit %s, not %s", dir, record.ErrConfig, name, have.Unit, f.Unit)
		}
		x.wanted[name] = f
	}
	return x, nil
}

// Want notes how a field is to be that is not used; of one that is, only where its model
// lies can change, and whether it does is returned.
func (x *Fields) Want(name string, f vector.Field) (changed bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	have, used := x.used[name]
	if !used {
		x.wanted[name] = f
		return false
	}
	changed = have.Model != f.Model
	have.Model = f.Model
	x.used[name] = have
	return changed
}

// Use fixes how a field stores its vectors, of which v, a valid one, is the first, or
// says why v cannot be one of it.
func (x *Fields) Use(name string, v vector.Value) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	f, used := x.used[name]
	if !used {
		f = x.wanted[name]
		if _, said := x.wanted[name]; !said {
			f.Unit = vector.UnitOf(v)
		}
		if f.Kind == vector.KindSparse && f.Max == 0 {
			f.Kind = v.Kind() // nothing says which
		}
		if f.Dims == 0 {
			f.Dims = vector.Dims(v)
		}
	}
	if err := f.Complete(name); err != nil {
		return err
	}
	if of := vector.UnitOf(v); f.Unit != of {
		return fmt.Errorf("field %q has vectors of the unit %s, not %s", name, f.Unit, of)
	}
	if err := f.Fits(v); err != nil {
		return fmt.Errorf("field %q: %w", name, err)
	}
	if used {
		return nil
	}
	if f.Kind == vector.KindSparse && f.Bits != 32 && f.Max == 0 {
		return fmt.Errorf("field %q keeps %d bits a weight: say which weight is the greatest (Max)", name, f.Bits)
	}
	x.used[name] = f
	return nil
}

// Used are the fields that were used.
func (x *Fields) Used() map[string]vector.Field {
	x.mu.Lock()
	defer x.mu.Unlock()
	return maps.Clone(x.used)
}

// All names the fields that were used and those that are wanted, ascending.
func (x *Fields) All() []string {
	x.mu.Lock()
	defer x.mu.Unlock()
	all := maps.Clone(x.wanted)
	maps.Copy(all, x.used)
	return slices.Sorted(maps.Keys(all))
}

// Field is how a field stores its vectors; that of a field which was never used is
// what is wanted.
func (x *Fields) Field(name string) vector.Field {
	x.mu.Lock()
	defer x.mu.Unlock()
	if f, ok := x.used[name]; ok {
		return f
	}
	return x.wanted[name]
}

// NeedsMax says whether a field is to keep 8 or 16 bits a weight and does not know
// its greatest weight yet, and what the greatest step of its weights is.
func (x *Fields) NeedsMax(name string) (steps int, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, used := x.used[name]
	f := x.wanted[name]
	return f.Steps(), !used && f.Kind == vector.KindSparse && (f.Bits == 8 || f.Bits == 16) && f.Max == 0
}

// SetMax tells such a field its greatest weight.
func (x *Fields) SetMax(name string, most float32) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.wanted[name]
	f.Max = most
	x.wanted[name] = f
}
