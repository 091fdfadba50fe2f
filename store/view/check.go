package view

import (
	"context"
	"fmt"

	"github.com/tamis-search/tamis/store/kv"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// Check reads the documents stored in a segment's range and compares them with
// their digests and with the segment. It counts them, tells lost of each thing that
// is damaged and cannot be derived, and says what is wrong with the segment: "" where
// it is as the documents are. Where its file is known to be damaged, wrong says so,
// and what it holds is not looked at.
func (v *View) Check(ctx context.Context, o *Segment, wrong string, lost func(what string)) (documents int, reason string, err error) {
	reason = wrong
	if o.Missing && !o.Entry.Live { // a live one has no file yet
		reason = fmt.Sprintf("segment %d has no whole file; it is being built anew", o.Entry.ID)
	}
	found := 0
	rows := map[string]int{} // of live documents with a vector, by field
	err = o.Entry.Visit(v.kv, func(ordinal uint64) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		documents++
		whole := v.checkDocument(o, ordinal, rows, lost)
		if reason != "" || o.Missing {
			return nil
		}
		if row, ok := o.file.seg.Row(ordinal); ok && (o.visible[Documents] == nil || o.visible[Documents].Has(row)) {
			found++
		} else if whole {
			reason = fmt.Sprintf("segment %d lacks document number %d", o.Entry.ID, ordinal)
		}
		return nil
	})
	if live := o.file.seg.Documents().Rows() - o.dead.deleted; err == nil && reason == "" && !o.Missing && live != found {
		reason = fmt.Sprintf("segment %d holds %d documents, the store %d", o.Entry.ID, live, found)
	}
	if err == nil && reason == "" && !o.Missing && !o.Pending() {
		reason = o.checkVectors(rows)
	}
	return documents, reason, err
}

// checkDocument reports what is wrong with a stored document.
func (v *View) checkDocument(o *Segment, ordinal uint64, rows map[string]int, lost func(what string)) (whole bool) {
	h, err := v.Header(ordinal)
	if err != nil {
		lost(err.Error())
		return false
	}
	d, err := v.Document(h)
	if err != nil {
		lost(err.Error())
		return false
	}
	vs, err := v.Vectors(h)
	if err != nil {
		lost(err.Error())
		return false
	}
	for field, x := range vs {
		parts, ok := x.(vector.Parts)
		if !ok {
			rows[field]++
		} else if row, there := o.file.seg.Row(ordinal); there {
			o.file.seg.EachPart(row, parts, func(uint32, vector.Value) { rows[field]++ })
		}
	}
	if _, err := v.Place(h, h.Size); err != nil {
		lost(err.Error())
		return false
	}
	if stored, err := kv.Get(v.kv, record.HeaderKey(ordinal)); err != nil || !record.Whole(stored, d.Source, record.AppendBlocks(nil, d.Blocks)) {
		lost(fmt.Sprintf("document %q: its digest does not match what is stored; index its file again", h.ID))
	}
	if found, err := v.HeaderByID(h.ID); err != nil || found.Ordinal != ordinal {
		lost(fmt.Sprintf("document %q: its id leads elsewhere; index its file again", h.ID))
	}
	return true
}
