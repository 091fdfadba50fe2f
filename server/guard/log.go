package guard

import (
	"context"
	"log/slog"
)

// Logging gives what is logged of a request its ID.
func Logging(h slog.Handler) slog.Handler { return logging{h} }

type logging struct{ slog.Handler }

func (l logging) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String("id", id))
	}
	return l.Handler.Handle(ctx, r)
}

func (l logging) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logging{l.Handler.WithAttrs(attrs)}
}
func (l logging) WithGroup(name string) slog.Handler { return logging{l.Handler.WithGroup(name)} }
