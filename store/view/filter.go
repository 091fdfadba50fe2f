package view

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"

	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/index/segment"
	"github.com/tamis-search/tamis/store/record"
)

// Filtered is the view with nothing to be found but the documents that
// pass a filter. Statistics, and so scores, stay those of all documents. It is
// valid until v is released, and must not be released itself.
func (v *View) Filtered(e *filter.Expr) (*View, error) {
	f := &View{base: v.base, kv: v.kv, segments: slices.Clone(v.segments), analyzers: v.analyzers, rare: v.rare}
	text := e.String()
	for i := range f.segments {
		o := &f.segments[i]
		pass, err := o.file.passed.get(o.file.seg, e, text)
		if err != nil {
			return nil, fmt.Errorf("filter segment %d of %s: %w: %w", o.Entry.ID, v.base.dir, record.ErrCorrupt, err)
		}
		for u := range o.visible {
			o.visible[u] = pass.rows[u].and(o.visible[u])
		}
		o.filters = append(slices.Clip(o.filters), &pass.shown)
	}
	return f, nil
}

// HasField says whether a document that can be seen has a value in a field.
func (v *View) HasField(field string) (bool, error) {
	for i := range v.segments {
		o := &v.segments[i]
		columns := o.file.seg.Columns()
		if _, ok := slices.BinarySearch(columns.Fields(), field); !ok {
			continue
		}
		rows, err := columns.Compile(&filter.Expr{Op: filter.Has, Field: field})
		if err != nil {
			return false, fmt.Errorf("segment %d of %s: %w: %w", o.Entry.ID, v.base.dir, record.ErrCorrupt, err)
		}
		for it := rows.Iterator(); it.HasNext(); {
			if row := it.Next(); o.visible[Documents] == nil || o.visible[Documents].Has(row) {
				return true, nil
			}
		}
	}
	return false, nil
}

// Fields are the fields in which a document that can be seen has a value, in
// order.
func (v *View) Fields() ([]string, error) {
	known := map[string]bool{}
	for i := range v.segments {
		for _, field := range v.segments[i].file.seg.Columns().Fields() {
			if _, ok := known[field]; ok {
				continue
			}
			has, err := v.HasField(field)
			if err != nil {
				return nil, err
			}
			known[field] = has
		}
	}
	maps.DeleteFunc(known, func(_ string, has bool) bool { return !has })
	return slices.Sorted(maps.Keys(known)), nil
}

// and is b without the rows that x lacks; a nil x has all.
func (b Bits) and(x Bits) Bits {
	if x == nil {
		return b
	}
	out := make(Bits, len(b))
	for i := range b {
		out[i] = b[i] & x[i]
	}
	return out
}

// passed remembers which rows of a segment pass the filters used last, by
// their text: a filter is used for many searches.
type passed struct {
	mu   sync.Mutex
	rows map[string]*passing
}

// passing are the rows of a segment that pass one filter.
type passing struct {
	rows  [numUnits]Bits
	shown shown
}

// passedFilters is how many filters a segment remembers.
const passedFilters = 16

func (p *passed) get(seg *segment.Segment, e *filter.Expr, text string) (*passing, error) {
	p.mu.Lock()
	rows, ok := p.rows[text]
	p.mu.Unlock()
	if ok {
		return rows, nil
	}
	pass, err := seg.Columns().Compile(e)
	if err != nil {
		return nil, err
	}
	units := rowsOf(seg, pass)
	rows = &passing{rows: units, shown: shown{docs: units[Documents]}}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.rows == nil || len(p.rows) >= passedFilters {
		p.rows = map[string]*passing{}
	}
	p.rows[text] = rows
	return rows, nil
}

// rowsOf are the rows of documents and of their passages.
func rowsOf(seg *segment.Segment, docs *roaring.Bitmap) [numUnits]Bits {
	words := func(rows int) Bits { return make(Bits, (rows+63)/64) }
	d, p := words(seg.Documents().Rows()), words(seg.Passages().Rows())
	docs.WriteDenseTo(d)
	// Neighbours set their passages in one go.
	var first, end uint32
	for it := docs.Iterator(); it.HasNext(); {
		from, to := seg.PassageRows(it.Next())
		if from != end {
			p.set(first, end)
			first = from
		}
		end = to
	}
	p.set(first, end)
	return [numUnits]Bits{Documents: d, Passages: p}
}

// set sets the rows [first, end).
func (b Bits) set(first, end uint32) {
	for first < end {
		n := min(64-first&63, end-first)
		b[first>>6] |= (1<<n - 1) << (first & 63)
		first += n
	}
}
