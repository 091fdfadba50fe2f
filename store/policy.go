package store

import (
	"time"

	"github.com/tamis-search/tamis/store/policy"
	"github.com/tamis-search/tamis/store/view"
)

// policy is how segments are chosen for maintenance.
func (s *Store) policy() *policy.Policy {
	return &policy.Policy{
		SealBytes: s.tuning.SealBytes, SealAfter: s.tuning.SealAfter,
		MergeFactor: s.tuning.MergeFactor, MaxSegmentBytes: s.tuning.MaxSegmentBytes, Made: s.ingest.Made(),
	}
}

// measured is what the policy knows segments by.
func measured(segs []view.Segment) []policy.Segment {
	out := make([]policy.Segment, len(segs))
	for i := range segs {
		o := &segs[i]
		rows := o.Rows()
		m := policy.Segment{
			First: o.Entry.First, Last: o.Entry.Last, Docs: o.Entry.Docs, Rows: rows.Documents().Rows(), Deleted: o.Dead().Count(),
			Size: rows.Size(), Made: o.Entry.Made, Live: o.Entry.Live, Missing: o.Missing, Pending: o.Pending(), Since: o.Since(),
		}
		for _, field := range rows.Fields() {
			if m.Vectors == nil {
				m.Vectors = map[string]policy.Vectors{}
			}
			x := rows.Vectors(field)
			m.Vectors[field] = policy.Vectors{Rows: x.Rows(), Weights: x.Sparse.Postings()}
		}
		out[i] = m
	}
	return out
}

// live says whether a new segment of a size may live in memory.
func (s *Store) live(size int) bool {
	v, err := s.Snapshot()
	if err != nil {
		return false
	}
	defer v.Release()
	return s.policy().MayLive(size, measured(v.Segments()))
}

// untilSeal is how long until a segment in memory has to be sealed.
func (s *Store) untilSeal() time.Duration {
	v, err := s.Snapshot()
	if err != nil {
		return time.Hour
	}
	defer v.Release()
	return s.policy().UntilSeal(measured(v.Segments()))
}
