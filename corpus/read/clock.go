package read

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// How long a reader may take for a file, or for one that a file holds: readTime, and
// mibTime for each MiB of it. What a file holds may take nestTimes as long together.
const (
	readTime  = 2 * time.Minute
	mibTime   = 2 * time.Second
	nestTimes = 5
)

// errLate is the cause of a context whose clock has run down.
var errLate = errors.New("it takes too long to read")

// clock is the time that a reader has left. It stands still while somebody else works: who
// gets the documents, or the reader of a file inside.
type clock struct {
	ctx     context.Context // ends when the time is over
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	allowed time.Duration
	took    time.Duration
	began   time.Time
	paused  int
}

// start starts a clock.
func start(ctx context.Context, allowed time.Duration) *clock {
	c := &clock{allowed: allowed, began: time.Now()}
	c.ctx, c.cancel = context.WithCancelCause(ctx)
	c.timer = time.AfterFunc(allowed, func() { c.cancel(errLate) })
	return c
}

// more gives time for bytes that are read.
func (c *clock) more(bytes int64) {
	c.pause()
	c.allowed += timeFor(bytes)
	c.resume()
}

func timeFor(bytes int64) time.Duration {
	return time.Duration(float64(bytes) / (1 << 20) * float64(mibTime))
}

func (c *clock) pause() {
	if c.paused++; c.paused == 1 {
		c.timer.Stop()
		c.took += time.Since(c.began)
	}
}

func (c *clock) resume() {
	if c.paused--; c.paused == 0 {
		c.began = time.Now()
		c.timer.Reset(max(c.allowed-c.took, 0))
	}
}

// stop stops it for good.
func (c *clock) stop() {
	c.pause()
	c.cancel(nil)
}

// late makes a skip of the file of an error that the end of the time led to.
func (c *clock) late(f *format.File, err error) error {
	if err == nil || errors.Is(err, errStopped) || context.Cause(c.ctx) != errLate {
		return err
	}
	s := f.Skip("given up: to read it takes longer than %v", c.allowed.Round(time.Second))
	s.Err = errLate
	return s
}

// timed are the bytes of a stream, which ends with the time and gives more of it.
type timed struct {
	c *clock
	r io.ReaderAt
}

func (t *timed) ReadAt(p []byte, off int64) (int, error) {
	if err := t.c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := t.r.ReadAt(p, off)
	t.c.more(int64(n))
	return n, err
}

// read reads the file as a format, while its clock runs.
func (in *input) read(form *row, o *format.Options, yield func(corpus.Document, error) bool) error {
	if form.timed {
		in.clock.pause()
	}
	err := form.read(in.clock.ctx, &in.File, o, func(d corpus.Document, err error) bool {
		in.clock.pause()
		defer in.clock.resume()
		return yield(d, err)
	})
	return in.clock.late(&in.File, err)
}
