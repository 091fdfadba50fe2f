package store

import (
	"time"

	"github.com/tamis-search/tamis/store/policy"
)

// policy is how segments are chosen for maintenance.
func (s *Store) policy() *policy.Policy {
	return &policy.Policy{
		SealBytes: s.tuning.SealBytes, SealAfter: s.tuning.SealAfter,
		MergeFactor: s.tuning.MergeFactor, MaxSegmentBytes: s.tuning.MaxSegmentBytes, Made: s.ingest.Made(),
	}
}

// live says whether a new segment of a size may live in memory.
func (s *Store) live(size int) bool {
	v, err := s.Snapshot()
	if err != nil {
		return false
	}
	defer v.Release()
	return s.policy().MayLive(size, policy.Measure(v.Segments()))
}

// untilSeal is how long until a segment in memory has to be sealed.
func (s *Store) untilSeal() time.Duration {
	v, err := s.Snapshot()
	if err != nil {
		return time.Hour
	}
	defer v.Release()
	return s.policy().UntilSeal(policy.Measure(v.Segments()))
}
