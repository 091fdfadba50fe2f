// Package policy chooses which segments of an index are sealed, merged or made
// anew next. It knows segments by what is measured of them, and touches none.
package policy

import (
	"slices"
	"time"

	"github.com/tamis-search/tamis/index/impact"
)

// Goal says what maintenance is to reach.
type Goal int

// The goals, from the least work to the most.
const (
	RebuildInMemory Goal = iota // build missing segments, for readers only
	SettleOnly                  // put attached vectors into segments
	RebuildOnly                 // that, and build missing segments
	SealFull                    // seal when SealBytes live in memory; merge by size class
	SealDue                     // the same, and seal what lived SealAfter
	SealNow                     // seal all, merge nothing
	MergeAll                    // the fewest segments
)

// Segment is what is measured of a segment. Segments are listed in order of
// addition.
type Segment struct {
	First, Last uint64    // ordinals
	Docs        int       // documents that were put into it
	Rows        int       // documents that it holds, deleted ones included
	Deleted     int       // of Rows
	Size        int       // bytes
	Made        string    // with what
	Live        bool      // it is in memory alone
	Missing     bool      // it cannot be read
	Pending     bool      // it lacks vectors that were attached
	Since       time.Time // when it was opened
	Vectors     map[string]Vectors
}

// Vectors counts the vectors of one field.
type Vectors struct {
	Rows    int
	Weights uint64
}

// Policy is how segments are chosen. Its first fields are those of store.Tuning.
type Policy struct {
	SealBytes       int
	SealAfter       time.Duration
	MergeFactor     int
	MaxSegmentBytes int
	// Made is what this program makes segments with: others are made anew.
	Made string
}

// Choose picks the neighbours segs[from:to] to be replaced next by one segment, and
// whether that may live in memory; none when the goal is reached. barriers are
// reserved ordinals: segments on both sides of one cannot become one, or a
// commit would find its place taken.
func (p *Policy) Choose(segs []Segment, barriers []uint64, goal Goal) (from, to int, live bool) {
	runs := p.runs(segs, barriers, goal)
	for _, run := range runs {
		if segs[run.from].Missing && goal != SealNow && goal != SettleOnly {
			return run.from, run.to, goal == RebuildInMemory
		}
	}
	if goal >= SettleOnly && goal != SealNow {
		for i, o := range segs {
			if o.Pending {
				return i, i + 1, o.Live && p.MayLive(o.Size, segs)
			}
		}
	}
	if goal <= RebuildOnly {
		return 0, 0, false
	}
	old := slices.IndexFunc(runs, func(run span) bool { return p.outdated(&segs[run.from]) })
	if old >= 0 && goal == MergeAll {
		return runs[old].from, runs[old].to, false
	}
	if goal == SealNow || goal == MergeAll || p.sealDue(segs, goal) {
		for _, run := range runs {
			if from, to := liveRange(segs[run.from:run.to]); from < to && !segs[run.from].Missing {
				return run.from + from, run.from + to, false
			}
		}
	}
	if goal == SealNow {
		return 0, 0, false
	}
	for _, run := range runs {
		from, to := p.mergeRange(segs[run.from:run.to], goal)
		if from == to || p.outdated(&segs[run.from]) {
			continue
		}
		from, to = run.from+from, run.from+to
		size := 0
		live = true
		for _, o := range segs[from:to] {
			live = live && o.Live
			size += o.Size
		}
		return from, to, live && p.MayLive(size, segs)
	}
	if old >= 0 {
		return runs[old].from, runs[old].to, false
	}
	return 0, 0, false
}

// Debt is the size of the segments that are due to be merged.
func (p *Policy) Debt(segs []Segment) int64 {
	n := int64(0)
	for _, run := range p.runs(segs, nil, SealFull) {
		list := segs[run.from:run.to]
		if list[0].Missing {
			continue
		}
		from, to := p.mergeRange(list, SealFull)
		for _, o := range list[from:to] {
			n += int64(o.Size)
		}
	}
	return n
}

// outdated says that a segment was made otherwise than this program makes them.
func (p *Policy) outdated(o *Segment) bool { return !o.Missing && o.Made != p.Made }

// MayLive says whether a new segment of a size may live in memory beside others. Many
// may not, so that it stays bounded while maintenance is paused or behind.
func (p *Policy) MayLive(size int, segs []Segment) bool {
	if size >= max(1, p.SealBytes/4) {
		return false
	}
	total := size
	for _, o := range segs {
		if o.Live && !o.Missing {
			total += o.Size
		}
	}
	return total < 8*p.SealBytes
}

// span is a range of segments.
type span struct{ from, to int }

// runs splits segments where two neighbours cannot become one: one is missing
// and the other is not, their rows were made differently, or a commit may come
// between them. Where nothing can be
// written, what a writer has put between them without committing is still there.
func (p *Policy) runs(segs []Segment, barriers []uint64, goal Goal) []span {
	apart := func(a, b *Segment) bool {
		return goal == RebuildInMemory && a.Last+1 != b.First ||
			slices.ContainsFunc(barriers, func(o uint64) bool { return a.Last < o && o < b.First })
	}
	var runs []span
	from := 0
	for i := 1; i <= len(segs); i++ {
		if i < len(segs) && segs[i].Missing == segs[from].Missing && (segs[i].Missing || segs[i].Made == segs[from].Made) &&
			!apart(&segs[i-1], &segs[i]) && (!segs[i].Missing && !p.outdated(&segs[i]) || few(segs[from:i+1])) {
			continue
		}
		runs = append(runs, span{from, i})
		from = i
	}
	return runs
}

// few says whether segments are small enough to be built together.
func few(segs []Segment) bool {
	n := 0
	for _, o := range segs {
		n += o.Docs
	}
	return n < 10000
}

func (p *Policy) sealDue(segs []Segment, goal Goal) bool {
	size := 0
	for _, o := range segs {
		if !o.Live || o.Missing {
			continue
		}
		size += o.Size
		if goal == SealDue && time.Since(o.Since) >= p.SealAfter {
			return true
		}
	}
	return size >= p.SealBytes
}

// UntilSeal is how long until a segment in memory has to be sealed.
func (p *Policy) UntilSeal(segs []Segment) time.Duration {
	wait := time.Hour
	for _, o := range segs {
		if o.Live && !o.Missing {
			wait = min(wait, p.SealAfter-time.Since(o.Since))
		}
	}
	return max(wait, time.Millisecond)
}

// liveRange is the first range of segments that live in memory.
func liveRange(run []Segment) (from, to int) {
	for from < len(run) && !run[from].Live {
		from++
	}
	for to = from; to < len(run) && run[to].Live; to++ {
	}
	return from, to
}

// mergeRange picks what to merge among neighbours. The number of segments
// stays logarithmic: where MergeFactor neighbours are of one size class or
// smaller, they become one. Only neighbours merge, so that rows stay in order
// of addition. A segment of which more than a third is deleted is rewritten by
// itself.
func (p *Policy) mergeRange(run []Segment, goal Goal) (from, to int) {
	most := p.MaxSegmentBytes
	for i, o := range run {
		if dead := o.Deleted; dead*3 > o.Rows || dead > 0 && goal == MergeAll {
			return i, i + 1
		}
	}
	if goal == MergeAll {
		return widest(run, 2, func(o Segment) bool { return true }, most)
	}
	for class := 0; class <= sizeClass(most, p.MergeFactor); class++ {
		from, to := widest(run, p.MergeFactor, func(o Segment) bool {
			return sizeClass(o.Size, p.MergeFactor) <= class
		}, most)
		if from < to {
			return from, to
		}
	}
	// Of large segments MergeFactor are more than one may have: they become one
	// with as many neighbours as fit, where that fills half of it, so that it is
	// seldom done again.
	from, to = widest(run, 2, func(o Segment) bool { return o.Size*p.MergeFactor > most }, most)
	size := 0
	for _, o := range run[from:to] {
		size += o.Size
	}
	if 2*size > most {
		return from, to
	}
	return 0, 0
}

// widest is the first range of at least n neighbours that fit, have at most so
// many bytes together, and vectors that one segment can hold.
func widest(run []Segment, n int, fits func(Segment) bool, most int) (from, to int) {
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
		if size += run[to].Size; tooMuch() {
			if to-from >= n {
				return from, to
			}
			for tooMuch() && from <= to {
				size -= run[from].Size
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

// weightBytes is what merging vectors takes in memory for each weight, in the
// units of a segment's size: it is bounded as what other merging takes.
const weightBytes = 8

// oneSegment says whether one segment can hold the vectors of some, and be built
// in the memory that one of so many bytes may take.
func oneSegment(segs []Segment, most int) bool {
	all := map[string]Vectors{}
	for i := range segs {
		for field, x := range segs[i].Vectors {
			sum := Vectors{all[field].Rows + x.Rows, all[field].Weights + x.Weights}
			if !impact.Fits(sum.Rows, sum.Weights) || sum.Weights > uint64(most/weightBytes) {
				return false
			}
			all[field] = sum
		}
	}
	return true
}
