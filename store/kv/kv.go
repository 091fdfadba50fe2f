// Package kv is how a store uses Pebble: with which options it opens it, which
// errors its errors are, and how keys are read.
package kv

import (
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"
)

// Get reads the value of a key. The error is pebble.ErrNotFound where there is
// none.
func Get(r pebble.Reader, key []byte) ([]byte, error) {
	v, closer, err := r.Get(key)
	if err != nil {
		return nil, Damaged(err)
	}
	b := slices.Clone(v)
	return b, closer.Close()
}

// Scan visits the keys that start with prefix, in order. Key and value are valid
// until visit returns.
func Scan(r pebble.Reader, prefix []byte, visit func(key, value []byte) error) error {
	return ScanIn(r, prefix, successor(prefix), visit)
}

// ScanIn is Scan of the keys from one to before another.
func ScanIn(r pebble.Reader, from, to []byte, visit func(key, value []byte) error) (err error) {
	it, err := r.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: to})
	if err != nil {
		return Damaged(err)
	}
	defer func() { err = Damaged(errors.Join(err, it.Close())) }()
	for it.First(); it.Valid(); it.Next() {
		v, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := visit(it.Key(), v); err != nil {
			return err
		}
	}
	return it.Error()
}

// successor is the smallest key greater than every key with the prefix.
func successor(prefix []byte) []byte {
	end := slices.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
