package view

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
)

// errEnough ends a scan.
var errEnough = errors.New("enough")

// Each calls f with the headers of documents whose ids begin with a prefix and come
// after an id ("" for the first), ascending by id, until f returns false.
func (v *View) Each(prefix, after string, f func(h *record.Header) bool) error {
	from := record.IDKey(max(prefix, after))
	if after != "" && after >= prefix {
		from = append(from, 0)
	}
	err := kv.ScanIn(v.kv, from, beyond(record.IDKey(prefix)), func(key, value []byte) error {
		ordinal, ok := record.ReadUint64(value)
		if !ok {
			return fmt.Errorf("document %q: %w: its id leads nowhere", key[1:], record.ErrCorrupt)
		}
		h, err := v.Header(ordinal)
		if err == nil && !f(h) {
			err = errEnough
		}
		return err
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// beyond is the first key after all that begin with a prefix, which does not end with 0xff.
func beyond(prefix []byte) []byte {
	out := append([]byte(nil), prefix...)
	out[len(out)-1]++
	return out
}

// Count counts the rows of a unit that can be seen.
func (v *View) Count(u Unit) int {
	n := 0
	for i := range v.segments {
		o := &v.segments[i]
		if o.visible[u] == nil {
			rows := o.file.seg.Documents()
			if u == Passages {
				rows = o.file.seg.Passages()
			}
			n += rows.Rows()
		}
		for _, w := range o.visible[u] {
			n += bits.OnesCount64(w)
		}
	}
	return n
}

// Seen counts the documents that can be seen.
func (v *View) Seen() int { return v.Count(Documents) }
