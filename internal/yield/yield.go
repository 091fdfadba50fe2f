// Package yield keeps long work from holding searches up. Go lets a goroutine
// compute for ten milliseconds while others wait for its processor: with as many
// goroutines at work in the background as there are processors, a search of a
// tenth of a millisecond takes twenty. Who works long calls Work.Did often, and
// whoever waits goes first.
package yield

import "runtime"

// share is how much work is done before others are let in: units that take
// some nanoseconds each, a tenth of a millisecond together.
const share = 1 << 14

// Work counts what one goroutine has done. The zero value is ready.
type Work struct{ done int }

// Did counts units of work, such as postings or bytes of text, and lets others
// run from time to time.
func (w *Work) Did(units int) {
	if w.done += units; w.done >= share {
		w.done = 0
		runtime.Gosched()
	}
}
