package store

import (
	"errors"
	"math/bits"

	"github.com/tamis-search/tamis/corpus/role"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store/policy"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/store/view"
)

// Stats counts what an index holds.
type Stats struct {
	Documents int `json:"documents"`
	Passages  int `json:"passages"`
	// Roles counts the documents by role, as package role names them.
	Roles        map[string]int `json:"roles,omitempty"`
	Segments     int            `json:"segments"`
	LiveSegments int            `json:"live_segments"`      // of Segments, in memory alone
	Incomplete   int            `json:"incomplete"`         // documents that cannot be found yet
	Outdated     int            `json:"outdated,omitempty"` // documents whose rows another version made: they are made anew
	Deleted      int            `json:"deleted"`            // documents that a merge will drop
	SourceBytes  int64          `json:"source_bytes"`       // text of the documents that can be found
	SegmentBytes int64          `json:"segment_bytes"`      // derived, those in memory included
	LiveBytes    int64          `json:"live_bytes"`         // of SegmentBytes, in memory alone
	StoreBytes   int64          `json:"store_bytes"`        // Pebble: documents, their text, its log
	LogBytes     int64          `json:"log_bytes"`          // of StoreBytes, its log
	// MergeDebt is how many bytes merging would rewrite now, here and in Pebble.
	MergeDebt int64 `json:"merge_debt_bytes"`
	// Amplification is the bytes of segments and store by those of the text.
	Amplification float64 `json:"amplification"`
	// Merged is how many bytes of segments merging has written since opening.
	Merged int64 `json:"merged_bytes"`
	// Vectors are counted by field; their bytes are in SegmentBytes.
	Vectors []view.VectorStats `json:"vectors,omitempty"`
	// VectorBytes is what the durable copy of the vectors takes of StoreBytes, as
	// far as it has left the log.
	VectorBytes int64 `json:"vector_store_bytes,omitempty"`
	ingest.Config
	Analyzers []string `json:"analyzers"`
}

// Stats reports counts and sizes.
func (s *Store) Stats() (Stats, error) {
	v, err := s.Snapshot()
	if err != nil {
		return Stats{}, err
	}
	m := s.db.Metrics()
	st := Stats{
		Documents: v.Rows(Documents), Passages: v.Rows(Passages), Segments: len(v.Segments()), Incomplete: v.Incomplete(),
		StoreBytes: int64(m.DiskSpaceUsage()), LogBytes: int64(m.WAL.Size),
		MergeDebt: int64(m.Compact.EstimatedDebt) + s.policy().Debt(policy.Measure(v.Segments())), Merged: s.maintenance.written.Load(),
		Config: v.Config(), Analyzers: v.Analyzers(),
	}
	for _, o := range v.Segments() {
		size := int64(o.Rows().Size())
		if o.Missing {
			size = 0
		}
		st.SegmentBytes += size
		if o.Entry.Live {
			st.LiveSegments++
			st.LiveBytes += size
		}
		st.Deleted += o.Dead().Count()
		if s.outdated(&o) {
			st.Outdated += o.Entry.Docs - o.Dead().Count()
		}
		for doc := range uint32(o.Rows().Documents().Rows()) {
			if o.Visible(Documents) == nil || o.Visible(Documents).Has(doc) {
				st.SourceBytes += int64(o.Rows().SourceLen(doc))
			}
		}
	}
	if st.Roles, err = roles(v); err != nil {
		return st, errors.Join(err, v.Release())
	}
	if st.Vectors = v.VectorStats(s.fields.Used()); len(st.Vectors) > 0 {
		for _, r := range record.VectorRanges() {
			n, err := s.db.EstimateDiskUsage(r[0], r[1])
			if err != nil {
				return st, errors.Join(err, v.Release())
			}
			st.VectorBytes += int64(n)
		}
	}
	if st.SourceBytes > 0 {
		st.Amplification = float64(st.SegmentBytes+st.StoreBytes) / float64(st.SourceBytes)
	}
	return st, v.Release()
}

// roles counts the documents that can be found by role; nil where none has one.
func roles(v *view.View) (map[string]int, error) {
	var counts map[string]int
	for _, name := range role.All {
		e, err := filter.Parse(`role = "` + name + `"`)
		if err != nil {
			return nil, err
		}
		having, err := v.Filtered(e)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, o := range having.Segments() {
			for _, word := range o.Visible(Documents) {
				n += bits.OnesCount64(word)
			}
		}
		if n > 0 {
			if counts == nil {
				counts = map[string]int{}
			}
			counts[name] = n
		}
	}
	return counts, nil
}
