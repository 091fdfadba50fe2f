package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/tamis-search/tamis/internal/screen"
)

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// colours says whether terminals are to show some: see no-color.org.
func colours() bool { return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" }

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (a *app) bold(s string) string { return screen.Style(a.out, screen.Bold, s) }
func (a *app) dim(s string) string  { return screen.Style(a.out, screen.Dim, s) }

// flush shows what is left of a text that ends inside a rune.
func (a *app) flush() {
	for _, w := range []io.Writer{a.out, a.errs} {
		if s, ok := w.(*screen.Writer); ok {
			_ = s.Flush() // there is nobody left to tell
		}
	}
}

// paged runs print, whose output goes through a pager where standard output is a
// terminal and has too few lines for it.
func (a *app) paged(print func() error) error {
	if a.terminal == nil || a.noPager {
		return print()
	}
	var page bytes.Buffer
	out := a.out
	shown := screen.NewWriter(&page, colours())
	a.out = shown
	err := print()
	a.out = out
	if e := shown.Flush(); err == nil {
		err = e
	}
	if e := screen.Page(a.terminal, page.Bytes()); err == nil {
		err = e
	}
	return err
}
