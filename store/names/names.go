// Package names keeps what vectors are stored under: the numbers of their terms, and
// their fields, each with how it stores them.
package names

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// firstNamed is the number of the first term that has only a name. A name that
// is a decimal number below it, written without leading zeros, is that number, so
// that ids of tokens and columns of a matrix need no dictionary.
const firstNamed = 1 << 31

// cachedNames bounds the names kept in memory.
const cachedNames = 1 << 20

// Numbers numbers the terms of all vectors of an index. A number is written
// before the document that uses it, in the order of the log, and never changes;
// names that no document uses after all cost nothing but their bytes.
// It is safe for concurrent use.
type Numbers struct {
	db    *pebble.DB
	dir   string
	mu    sync.RWMutex
	known map[string]uint32
	names []string // by number from firstNamed on, where they were asked for
}

// New returns the numbers that are stored in db, the database of the index dir.
func New(db *pebble.DB, dir string) *Numbers { return &Numbers{db: db, dir: dir} }

// numeric is the number that a name says.
func numeric(name string) (uint32, bool) {
	if name == "" || len(name) > 10 || name[0] == '0' && len(name) > 1 || name[0] == '+' {
		return 0, false
	}
	n, err := strconv.ParseUint(name, 10, 32)
	return uint32(n), err == nil && n < firstNamed
}

// lookup finds the numbers of names; those without one are missing.
func (w *Numbers) lookup(names []string) (numbers map[string]uint32, missing []string, err error) {
	numbers = make(map[string]uint32, len(names))
	var unknown []string
	w.mu.RLock()
	for _, name := range names {
		if n, ok := w.known[name]; ok {
			numbers[name] = n
		} else {
			unknown = append(unknown, name)
		}
	}
	w.mu.RUnlock()
	found := map[string]uint32{}
	for _, name := range unknown {
		b, err := kv.Get(w.db, record.NameKey(name))
		if errors.Is(err, pebble.ErrNotFound) {
			missing = append(missing, name)
			continue
		}
		n, ok := record.ReadUint32(b)
		if err == nil && !ok {
			err = fmt.Errorf("index %s: term %q: %w: it has no number", w.dir, name, record.ErrCorrupt)
		}
		if err != nil {
			return nil, nil, err
		}
		numbers[name], found[name] = n, n
	}
	w.remember(found)
	return numbers, missing, nil
}

func (w *Numbers) remember(found map[string]uint32) {
	if len(found) == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.add(found)
}

// add is remember with mu held.
func (w *Numbers) add(found map[string]uint32) {
	if w.known == nil || len(w.known)+len(found) > cachedNames {
		w.known = map[string]uint32{}
	}
	for name, n := range found {
		w.known[name] = n
	}
}

// numberNames gives names numbers that have none.
func (w *Numbers) numberNames(names []string) (map[string]uint32, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	count := uint32(0)
	b, err := kv.Get(w.db, record.NamesKey())
	switch n, ok := record.ReadUint32(b); {
	case err == nil && ok:
		count = n
	case err == nil:
		return nil, fmt.Errorf("index %s: %w: the number of terms is not stored whole", w.dir, record.ErrCorrupt)
	case !errors.Is(err, pebble.ErrNotFound):
		return nil, err
	}
	slices.Sort(names) // so that numbers do not depend on the order of a map
	given := make(map[string]uint32, len(names))
	wb := w.db.NewBatch()
	defer wb.Close()
	for _, name := range names {
		key := record.NameKey(name)
		b, err := kv.Get(w.db, key)
		switch n, ok := record.ReadUint32(b); {
		case err == nil && ok: // another writer was faster
			given[name] = n
			continue
		case !errors.Is(err, pebble.ErrNotFound):
			return nil, err
		}
		if count == firstNamed {
			return nil, fmt.Errorf("index %s has %d terms with names, as many as there can be", w.dir, count)
		}
		given[name] = firstNamed + count
		count++
		if err := wb.Set(key, record.Uint32(given[name]), nil); err != nil {
			return nil, err
		}
	}
	if err := wb.Set(record.NamesKey(), record.Uint32(count), nil); err != nil {
		return nil, err
	}
	if err := wb.Commit(pebble.NoSync); err != nil {
		return nil, fmt.Errorf("write to %s: %w", w.dir, err)
	}
	w.add(given)
	return given, nil
}

// Of is a valid vector with its terms numbered. Terms that have no number
// get one where create says so, else they are left out.
func (w *Numbers) Of(n vector.Named, create bool) (vector.Sparse, error) {
	terms := make([]uint32, 0, len(n))
	weights := make([]float32, 0, len(n))
	var names []string
	for name, weight := range n {
		if t, ok := numeric(name); ok {
			terms, weights = append(terms, t), append(weights, weight)
		} else {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		numbers, missing, err := w.lookup(names)
		if err != nil {
			return vector.Sparse{}, err
		}
		if len(missing) > 0 && create {
			fresh, err := w.numberNames(missing)
			if err != nil {
				return vector.Sparse{}, err
			}
			for name, t := range fresh {
				numbers[name] = t
			}
		}
		for name, t := range numbers {
			terms, weights = append(terms, t), append(weights, n[name])
		}
	}
	return vector.New(terms, weights)
}

// Named is a value by the names of its terms, the reverse of Of; ones that Of has numbered.
func (w *Numbers) Named(v vector.Value) (vector.Value, error) {
	switch v := v.(type) {
	case vector.Sparse:
		n := make(vector.Named, v.Len())
		for i, t := range v.Terms {
			name, err := w.name(t)
			if err != nil {
				return nil, err
			}
			n[name] = v.Weights[i]
		}
		return n, nil
	case vector.Parts:
		out := slices.Clone(v)
		for i := range out {
			var err error
			if out[i].Vector, err = w.Named(out[i].Vector); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// name is that of a number. The names of all numbers are read when one is asked for that is
// not known, and kept: whoever asks once asks for all.
func (w *Numbers) name(t uint32) (string, error) {
	if t < firstNamed {
		return strconv.FormatUint(uint64(t), 10), nil
	}
	at := int(t - firstNamed)
	w.mu.Lock()
	defer w.mu.Unlock()
	if at >= len(w.names) {
		prefix := record.NameKey("")
		err := kv.Scan(w.db, prefix, func(key, value []byte) error {
			n, ok := record.ReadUint32(value)
			if !ok || n < firstNamed {
				return fmt.Errorf("index %s: term %q: %w: it has no number", w.dir, key[len(prefix):], record.ErrCorrupt)
			}
			for len(w.names) <= int(n-firstNamed) {
				w.names = append(w.names, "")
			}
			w.names[n-firstNamed] = string(key[len(prefix):])
			return nil
		})
		if err != nil {
			return "", err
		}
	}
	if at >= len(w.names) {
		return "", fmt.Errorf("index %s: %w: the number %d of a term has no name", w.dir, record.ErrCorrupt, t)
	}
	return w.names[at], nil
}

// Renumber returns a function that gives vectors, whose terms v numbers, the
// index's numbers instead. It is not safe for concurrent use.
func (w *Numbers) Renumber(v *vector.Vocabulary) func(vector.Sparse) (vector.Sparse, error) {
	var to []uint32 // by the number in v, below len(to)
	return func(x vector.Sparse) (vector.Sparse, error) {
		if len(to) < v.Len() {
			from := len(to)
			var names []string
			for i := from; i < v.Len(); i++ {
				t, ok := numeric(v.Term(uint32(i)))
				if !ok {
					names = append(names, v.Term(uint32(i)))
				}
				to = append(to, t)
			}
			numbers, missing, err := w.lookup(names)
			if err != nil {
				return vector.Sparse{}, err
			}
			if len(missing) > 0 {
				fresh, err := w.numberNames(missing)
				if err != nil {
					return vector.Sparse{}, err
				}
				for name, t := range fresh {
					numbers[name] = t
				}
			}
			for i := from; i < len(to); i++ {
				if t, ok := numbers[v.Term(uint32(i))]; ok {
					to[i] = t
				}
			}
		}
		terms := make([]uint32, x.Len())
		for i, t := range x.Terms {
			terms[i] = to[t]
		}
		return vector.New(terms, x.Weights)
	}
}
