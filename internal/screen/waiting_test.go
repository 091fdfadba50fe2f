package screen

import (
	"bytes"
	"testing"
	"time"
)

// TestWaiting: the line says for how long, and is gone before anything else is
// written.
func TestWaiting(t *testing.T) {
	var b bytes.Buffer
	ticks := make(chan time.Time)
	stop := Waiting(&b, "waiting", ticks)
	start := time.Now()
	ticks <- start
	ticks <- start.Add(3 * time.Second)
	stop()
	stop()
	if want := "\r\x1b[K| waiting (0 s)\r\x1b[K/ waiting (3 s)\r\x1b[K"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	b.Reset()
	Waiting(&b, "waiting", ticks)()
	if b.Len() > 0 {
		t.Errorf("%q where there was nothing to wait for", b.String())
	}
}
