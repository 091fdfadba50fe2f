//go:build !unix

package serving

import (
	"log/slog"

	"github.com/tamis-search/tamis/server/guard"
)

// reopenOnHangup does nothing where there is no such signal.
func reopenOnHangup(*guard.Audit, *slog.Logger) (stop func()) { return func() {} }
