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
		case ok && (bits != 0 && bits != have.Bits || f.Max != 0 && f.Max != have.Max):
			return nil, fmt.Errorf("index %s: %w: its field %q has %d bits a weight and the greatest weight %g", dir, record.ErrConfig, name, have.Bits, have.Max)
		case ok && f.Unit != vector.Documents && f.Unit != have.Unit:
			return nil, fmt.Errorf("index %s: %w: its field %q has vectors of the unit %s, not %s", dir, record.ErrConfig, name, have.Unit, f.Unit)
		}
		x.wanted[name] = f
	}
	return x, nil
}

// Use fixes how a field stores its vectors, which are of documents.
func (x *Fields) Use(name string) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	f, used := x.used[name]
	if !used {
		f = x.wanted[name]
	}
	if err := f.Complete(name); err != nil {
		return err
	}
	switch {
	case f.Unit != vector.Documents:
		return fmt.Errorf("field %q has vectors of the unit %s: give a document's vector in a field of the unit %s", name, f.Unit, vector.Documents)
	case used:
		return nil
	}
	if f.Bits != 32 && f.Max == 0 {
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

// Unit is what the vectors of a field stand for; that of a field which was
// never used is what is wanted.
func (x *Fields) Unit(name string) vector.Unit {
	x.mu.Lock()
	defer x.mu.Unlock()
	if f, ok := x.used[name]; ok {
		return f.Unit
	}
	return x.wanted[name].Unit
}

// NeedsMax says whether a field is to keep 8 or 16 bits a weight and does not know
// its greatest weight yet, and what the greatest step of its weights is.
func (x *Fields) NeedsMax(name string) (steps int, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, used := x.used[name]
	f := x.wanted[name]
	return f.Steps(), !used && (f.Bits == 8 || f.Bits == 16) && f.Max == 0
}

// SetMax tells such a field its greatest weight.
func (x *Fields) SetMax(name string, most float32) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := x.wanted[name]
	f.Max = most
	x.wanted[name] = f
}
