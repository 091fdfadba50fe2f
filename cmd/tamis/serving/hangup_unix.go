//go:build unix

package serving

import (
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/tamis-search/tamis/server/guard"
)

// reopenOnHangup opens an audit log anew at each SIGHUP, until it is called back.
func reopenOnHangup(audit *guard.Audit, log *slog.Logger) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-hangups:
				if err := audit.Reopen(); err != nil {
					log.Error("audit log", "error", err)
				}
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(hangups); close(done) }
}
