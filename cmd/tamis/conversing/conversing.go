// Package conversing is tamis ask and tamis session: answers, and windows that last, kept in
// files.
package conversing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/session"
)

// App is what the commands need of the program.
type App struct {
	Out, Errs io.Writer
	Progress  io.Writer // nil where nobody watches
	Quiet     *bool     // set when flags have been read
	JSON      func(v any) error
	Warn      func(format string, args ...any)
	Note      func(format string, args ...any) // what need not be known
	// Open opens the index that is meant, for reading.
	Open func(ctx context.Context) (engine.Index, error)
	// Budget and Scope add the flags that say how much, and what may be found.
	Budget func(f *pflag.FlagSet, b *tamis.Budget)
	Scope  func(f *pflag.FlagSet) (resolve func() (tamis.Scope, error))
	// Failed tells wrong usage from a failure; Hint says where a question is in another
	// language than the texts.
	Failed func(b tamis.Budget, err error) error
	Hint   func(ix engine.Index, question string, seen tamis.Scope)
	Show   func(s *tamis.Surroundings) error
}

// sessionName is the file of a session where none is named.
const sessionName = "tamis-session.json"

// window is a session in a file.
type window struct {
	file string
	*session.Session
}

// addFile adds the flag that names a session's file.
func addFile(f *pflag.FlagSet, file *string) {
	f.StringVar(file, "session", "", "file of the session (default $TAMIS_SESSION, then "+sessionName+" here)")
}

func fileOf(name string) string {
	for _, f := range []string{name, os.Getenv("TAMIS_SESSION")} {
		if f != "" {
			return f
		}
	}
	return sessionName
}

// defaults are those of a session that nobody opened.
var defaults = session.Options{Tokens: 8000}

// window is the session of a file; one that is not there begins where begin says so.
func (a *App) window(ctx context.Context, name string, ix engine.Index, seen tamis.Scope, begin bool) (*window, error) {
	w := &window{file: fileOf(name)}
	state, err := os.ReadFile(w.file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && begin:
		w.Session, err = session.New(ix, defaults)
		return w, err
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("there is no session in %s: tamis session ask QUESTION begins one", screen.Name(w.file))
	case err != nil:
		return nil, err
	}
	var forgotten int
	if w.Session, forgotten, err = session.ResumeWithout(ctx, ix, state, seen); err != nil {
		return nil, fmt.Errorf("%s: %w; tamis session end forgets it", screen.Name(w.file), err)
	}
	if forgotten > 0 {
		a.Warn("what was shown of %d documents has changed, or cannot be seen any more: it is out of the window", forgotten)
	}
	return w, nil
}

func (w *window) save() error {
	state, err := w.MarshalJSON()
	if err != nil {
		return err
	}
	return replace.File(w.file, append(state, '\n'))
}
