package store

import (
	"slices"
	"time"

	"github.com/tamis-search/tamis/store/manifest"
	"github.com/tamis-search/tamis/store/view"
)

// goal says what maintenance is to reach.
type goal int

const (
	rebuildInMemory goal = iota // build missing segments, for readers only
	settleOnly                  // put attached vectors into segments
	rebuildOnly                 // that, and build missing segments
	sealFull                    // seal when SealBytes live in memory; merge by size class
	sealDue                     // the same, and seal what lived SealAfter
	sealNow                     // seal all, merge nothing
	mergeAll                    // the fewest segments
)

// choose picks the neighbours to be replaced next by one segment, and whether
// that may live in memory; none when the goal is reached. barriers are
// reserved ordinals: segments on both sides of one cannot become one, or a
// commit would find its place taken.
func (s *Store) choose(segs []view.Segment, barriers []uint64, goal goal) (in []view.Segment, live bool) {
	runs := s.runs(segs, barriers, goal)
	for _, run := range runs {
		if run[0].Missing && goal != sealNow && goal != settleOnly {
			return run, goal == rebuildInMemory
		}
	}
	if goal >= settleOnly && goal != sealNow {
		for i := range segs {
			if o := &segs[i]; o.Pending() {
				return segs[i : i+1], o.Entry.Live && s.live(o.Rows().Size())
			}
		}
	}
	if goal <= rebuildOnly {
		return nil, false
	}
	old := slices.IndexFunc(runs, func(run []view.Segment) bool { return s.outdated(&run[0]) })
	if old >= 0 && goal == mergeAll {
		return runs[old], false
	}
	if goal == sealNow || goal == mergeAll || s.sealDue(segs, goal) {
		for _, run := range runs {
			if from, to := liveRange(run); from < to && !run[0].Missing {
				return run[from:to], false
			}
		}
	}
	if goal == sealNow {
		return nil, false
	}
	for _, run := range runs {
		from, to := s.mergeRange(run, goal)
		if from == to || s.outdated(&run[0]) {
			continue
		}
		in = run[from:to]
		size := 0
		live = true
		for _, o := range in {
			live = live && o.Entry.Live
			size += o.Rows().Size()
		}
		return in, live && s.live(size)
	}
	if old >= 0 {
		return runs[old], false
	}
	return nil, false
}

// live says whether a new segment of a size may live in memory. Many may not,
// so that it stays bounded while maintenance is paused or behind.
func (s *Store) live(size int) bool {
	if size >= max(1, s.tuning.SealBytes/4) {
		return false
	}
	total := size
	for _, o := range s.current.Load().Segments() {
		if o.Entry.Live && !o.Missing {
			total += o.Rows().Size()
		}
	}
	return total < 8*s.tuning.SealBytes
}

// runs splits segments where two neighbours cannot become one: one is missing
// and the other is not, their rows were made differently, or a commit may come
// between them. Where nothing can be
// written, what a writer has put between them without committing is still there.
func (s *Store) runs(segs []view.Segment, barriers []uint64, goal goal) [][]view.Segment {
	apart := func(a, b manifest.Entry) bool {
		return goal == rebuildInMemory && a.Last+1 != b.First ||
			slices.ContainsFunc(barriers, func(o uint64) bool { return a.Last < o && o < b.First })
	}
	var runs [][]view.Segment
	from := 0
	for i := 1; i <= len(segs); i++ {
		if i < len(segs) && segs[i].Missing == segs[from].Missing && (segs[i].Missing || segs[i].Entry.Made == segs[from].Entry.Made) &&
			!apart(segs[i-1].Entry, segs[i].Entry) && (!segs[i].Missing && !s.outdated(&segs[i]) || s.few(segs[from:i+1])) {
			continue
		}
		runs = append(runs, segs[from:i])
		from = i
	}
	return runs
}

// few says whether segments are small enough to be built together.
func (s *Store) few(segs []view.Segment) bool {
	n := 0
	for _, o := range segs {
		n += o.Entry.Docs
	}
	return n < 10000
}

func (s *Store) sealDue(segs []view.Segment, goal goal) bool {
	size := 0
	for _, o := range segs {
		if !o.Entry.Live || o.Missing {
			continue
		}
		size += o.Rows().Size()
		if goal == sealDue && time.Since(o.Since()) >= s.tuning.SealAfter {
			return true
		}
	}
	return size >= s.tuning.SealBytes
}

// untilSeal is how long until a segment in memory has to be sealed.
func (s *Store) untilSeal() time.Duration {
	wait := time.Hour
	v, err := s.Snapshot()
	if err != nil {
		return wait
	}
	defer v.Release()
	for _, o := range v.Segments() {
		if o.Entry.Live && !o.Missing {
			wait = min(wait, s.tuning.SealAfter-time.Since(o.Since()))
		}
	}
	return max(wait, time.Millisecond)
}

// liveRange is the first range of segments that live in memory.
func liveRange(run []view.Segment) (from, to int) {
	for from < len(run) && !run[from].Entry.Live {
		from++
	}
	for to = from; to < len(run) && run[to].Entry.Live; to++ {
	}
	return from, to
}

// mergeRange picks what to merge among neighbours. The number of segments
// stays logarithmic: where MergeFactor neighbours are of one size class or
// smaller, they become one. Only neighbours merge, so that rows stay in order
// of addition. A segment of which more than a third is deleted is rewritten by
// itself.
func (s *Store) mergeRange(run []view.Segment, goal goal) (from, to int) {
	most := s.tuning.MaxSegmentBytes
	for i, o := range run {
		if dead := o.Dead().Count(); dead*3 > o.Rows().Documents().Rows() || dead > 0 && goal == mergeAll {
			return i, i + 1
		}
	}
	if goal == mergeAll {
		return widest(run, 2, func(o view.Segment) bool { return true }, most)
	}
	for class := 0; class <= sizeClass(most, s.tuning.MergeFactor); class++ {
		from, to := widest(run, s.tuning.MergeFactor, func(o view.Segment) bool {
			return sizeClass(o.Rows().Size(), s.tuning.MergeFactor) <= class
		}, most)
		if from < to {
			return from, to
		}
	}
	// Of large segments MergeFactor are more than one may have: they become one
	// with as many neighbours as fit, where that fills half of it, so that it is
	// seldom done again.
	from, to = widest(run, 2, func(o view.Segment) bool { return o.Rows().Size()*s.tuning.MergeFactor > most }, most)
	size := 0
	for _, o := range run[from:to] {
		size += o.Rows().Size()
	}
	if 2*size > most {
		return from, to
	}
	return 0, 0
}

// widest is the first range of at least n neighbours that fit, have at most so
// many bytes together, and vectors that one segment can hold.
func widest(run []view.Segment, n int, fits func(view.Segment) bool, most int) (from, to int) {
	size := 0
	for from, to = 0, 0; to < len(run); to++ {
		if !fits(run[to]) {
			if to-from >= n {
				return from, to
			}
			from, size = to+1, 0
			continue
		}
		tooMuch := func() bool { return size > most || !oneSegment(run[from:to+1], most) }
		if size += run[to].Rows().Size(); tooMuch() {
			if to-from >= n {
				return from, to
			}
			for tooMuch() && from <= to {
				size -= run[from].Rows().Size()
				from++
			}
		}
	}
	if to-from >= n {
		return from, to
	}
	return 0, 0
}

// sizeClass is the logarithm of a size to the base factor: merging factor
// segments of a class gives one of the next, so that each byte is rewritten
// about once a class.
func sizeClass(bytes, factor int) int {
	class := 0
	for bytes > 64<<10 {
		bytes /= factor
		class++
	}
	return class
}
