package screen

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Waiting shows on a terminal that something is waited for, and for how long,
// until the function that it returns is called, which clears the line. It may be
// called often, and returns when nothing more is written.
func Waiting(w io.Writer, what string, ticks <-chan time.Time) (stop func()) {
	const frames = `|/-\`
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var first time.Time
		for i := 0; ; i++ {
			select {
			case <-end:
				if i > 0 {
					fmt.Fprint(w, "\r\x1b[K")
				}
				return
			case now := <-ticks:
				if first.IsZero() {
					first = now
				}
				fmt.Fprintf(w, "\r\x1b[K%c %s (%d s)", frames[i%len(frames)], what, int(now.Sub(first).Seconds()))
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(end)
		<-ended
	})
}
