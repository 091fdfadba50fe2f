package guard

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// slowBody is a request's body that is given up where it stands still or drips: in each
// window of time a minimum of bytes must come, or the end.
type slowBody struct {
	io.ReadCloser
	c      *http.ResponseController
	window time.Duration
	least  int
	got    int // in this window
	err    error
}

// newSlowBody sets the first deadline at once, so that a body that no handler reads cannot
// hold the connection either.
func newSlowBody(body io.ReadCloser, c *http.ResponseController, window time.Duration, least int) *slowBody {
	_ = c.SetReadDeadline(time.Now().Add(window)) // tests' writers have none
	return &slowBody{ReadCloser: body, c: c, window: window, least: least}
}

func (b *slowBody) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.ReadCloser.Read(p)
	b.got += n
	switch {
	case err != nil:
		b.err = err
		if errors.Is(err, io.EOF) { // what the connection waits for now may take its time
			_ = b.c.SetReadDeadline(time.Time{})
		}
	case b.got >= b.least:
		b.got = 0
		_ = b.c.SetReadDeadline(time.Now().Add(b.window))
	}
	return n, err
}

// writer is a ResponseWriter that gives up readers that stand still, and knows what was
// written. A stream may be silent for as long as it likes: each piece has its time.
type writer struct {
	http.ResponseWriter
	c      *http.ResponseController
	window time.Duration
	status int
	bytes  int64
}

const writePiece = 64 << 10

func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(p []byte) (n int, err error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	for first := true; first || len(p) > 0; first = false {
		w.extend()
		m, err := w.ResponseWriter.Write(p[:min(len(p), writePiece)])
		n += m
		w.bytes += int64(m)
		if err != nil {
			return n, err
		}
		p = p[m:]
	}
	return n, nil
}

func (w *writer) extend() { _ = w.c.SetWriteDeadline(time.Now().Add(w.window)) }

// FlushError is what http.ResponseController looks for; Flush is for who asks by interface.
func (w *writer) FlushError() error {
	w.extend()
	return w.c.Flush()
}

func (w *writer) Flush() { _ = w.FlushError() }

// Unwrap leads http.ResponseController to the connection.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
