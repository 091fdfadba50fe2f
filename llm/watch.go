package llm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// bounded ends a body that is longer than left bytes.
type bounded struct {
	r    io.Reader
	left int
}

var errLarge = errors.New("the answer is longer than any answer is; the rest was not read; does the model repeat itself?")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLarge
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// timeout is the cause with which a request is cancelled that took too long.
type timeout struct {
	d    time.Duration
	what waited
}

type waited int

const (
	toBegin waited = iota
	toGoOn
	inAll
)

func (t *timeout) Error() string {
	switch t.what {
	case toBegin:
		return fmt.Sprintf("no token came within %v; is the model loaded? (--timeout allows more)", t.d)
	case toGoOn:
		return fmt.Sprintf("the answer fell silent for %v; ask again", t.d)
	}
	return fmt.Sprintf("the answer was not complete within %v (--timeout allows more)", t.d)
}

// watchdog cancels a request that has been silent for too long. Until something
// is heard it waits for first, after that for idle.
type watchdog struct {
	cancel context.CancelCauseFunc
	idle   time.Duration
	timer  *time.Timer
	begun  bool
}

func newWatchdog(cancel context.CancelCauseFunc, first, idle time.Duration) *watchdog {
	w := &watchdog{cancel: cancel, idle: idle}
	w.arm(first, toBegin)
	return w
}

func (w *watchdog) arm(d time.Duration, what waited) {
	if d > 0 {
		w.timer = time.AfterFunc(d, func() { w.cancel(&timeout{d, what}) })
	}
}

func (w *watchdog) stop() {
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// wait says that the server is waited for: from here on its silence counts, the
// time that the caller takes between two tokens does not.
func (w *watchdog) wait() {
	if w.begun && w.timer == nil {
		w.arm(w.idle, toGoOn)
	}
}

// heard says that the server gave a sign of work.
func (w *watchdog) heard() {
	w.begun = true
	w.stop()
}

// reader hears each piece of an answer that comes as a whole.
func (w *watchdog) reader(r io.Reader) io.Reader { return &watched{r, w} }

type watched struct {
	r io.Reader
	w *watchdog
}

func (r *watched) Read(p []byte) (int, error) {
	r.w.wait()
	n, err := r.r.Read(p)
	if n > 0 {
		r.w.heard()
	}
	return n, err
}
