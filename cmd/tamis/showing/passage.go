// Package showing is how the command line shows passages: which one is meant, its lines
// in their surroundings, and the viewer that opens its file at its page.
package showing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/screen"
)

// Passage is one that a command line names.
type Passage struct {
	doc        string
	start, end int
	line, last int    // lines, where line is not 0, instead
	digest     string // of the bytes that a receipt means
}

var (
	labelForm = regexp.MustCompile(`^\[?#*(\d+)\]?$`)
	rangeForm = regexp.MustCompile(`^(.+):(\d+)-(\d+)$`)
	lineForm  = regexp.MustCompile(`^(.+):L?(\d+)(?:-L(\d+))?$`)
)

// Named is the passage of a name, or those of a label in the receipt that is meant.
func Named(name string, receipt func() (*tamis.Context, error)) ([]Passage, error) {
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return -1 // too large for any document
		}
		return n
	}
	if m := labelForm.FindStringSubmatch(name); m != nil {
		c, err := receipt()
		if err != nil {
			return nil, err
		}
		var all []Passage
		for _, s := range c.Spans {
			if s.Cite == number(m[1]) {
				all = append(all, Passage{doc: s.Doc, start: s.Start, end: s.End, digest: s.Digest})
			}
		}
		if len(all) == 0 {
			return nil, fmt.Errorf("the context for %q has no label %s", oneLine(c.Question), m[1])
		}
		return all, nil
	}
	if m := rangeForm.FindStringSubmatch(name); m != nil {
		return []Passage{{doc: m[1], start: number(m[2]), end: number(m[3])}}, nil
	}
	if m := lineForm.FindStringSubmatch(name); m != nil {
		p := Passage{doc: m[1], line: number(m[2])}
		if p.last = p.line; m[3] != "" {
			p.last = number(m[3])
		}
		if p.last < p.line {
			return nil, flags.Usagef("%q ends before it begins", name)
		}
		return []Passage{p}, nil
	}
	return nil, flags.Usagef("%q is neither a label such as 2, nor DOC:LINE, DOC:L12-L14 or DOC:START-END such as notes/backups.md:671-743", name)
}

// IsLabel says that a name is that of a source in a receipt.
func IsLabel(name string) bool { return labelForm.MatchString(name) }

// Find looks a passage up; a path may be relative, as for deleting.
func (p Passage) Find(ctx context.Context, ix engine.Index, around int, seen tamis.Scope) (*tamis.Surroundings, error) {
	show := func(doc string) (*tamis.Surroundings, error) {
		switch {
		case p.line != 0 && p.last == p.line:
			return ix.ShowLine(ctx, doc, p.line, around, seen)
		case p.line != 0:
			from, err := ix.ShowLine(ctx, doc, p.line, 0, seen)
			if err != nil {
				return nil, err
			}
			to, err := ix.ShowLine(ctx, doc, p.last, 0, seen)
			if err != nil {
				return nil, err
			}
			return ix.Show(ctx, doc, from.Start, to.End, around, seen)
		}
		return ix.Show(ctx, doc, p.start, p.end, around, seen)
	}
	s, err := named(p.doc, show)
	var wrong *tamis.InvalidError
	if p.digest != "" && (errors.As(err, &wrong) && wrong.Field == "range" || err == nil && p.digest != digestOf(s)) {
		return nil, fmt.Errorf("%s:%d-%d has changed since the context was made; ask the question again", screen.Name(p.doc), p.start, p.end)
	}
	return s, err
}

// Around is the range of a passage, with the needs of which a context is asked for.
func Around(ctx context.Context, ix engine.Index, name string, seen tamis.Scope) (a tamis.Around, err error) {
	if IsLabel(name) {
		return a, flags.Usagef("--around %s: name a document and a line or bytes, such as notes/backups.md:12", name)
	}
	passages, err := Named(name, nil)
	if err != nil {
		return a, err
	}
	s, err := passages[0].Find(ctx, ix, 0, seen)
	if err != nil {
		return a, err
	}
	return tamis.Around{Doc: s.Doc, Start: s.Start, End: s.End}, nil
}

// Document is the document of an id, or of a path, which may be relative.
func Document(ctx context.Context, ix engine.Index, name string, seen tamis.Scope) (*tamis.Document, error) {
	return named(name, func(doc string) (*tamis.Document, error) { return ix.Document(ctx, doc, seen) })
}

// named looks something up by the id of a document; a path may be relative.
func named[T any](name string, find func(doc string) (T, error)) (T, error) {
	found, err := find(name)
	if errors.Is(err, tamis.ErrNotFound) && !filepath.IsAbs(name) {
		abs, wrong := filepath.Abs(name)
		if wrong != nil {
			return found, wrong
		}
		found, err = find(abs)
	}
	if errors.Is(err, tamis.ErrNotFound) {
		err = fmt.Errorf("%s: %w", screen.Name(name), err)
	}
	return found, err
}

// digestOf is that of the bytes of a passage, as spans of receipts have it.
func digestOf(s *tamis.Surroundings) string {
	var lines []string
	for _, l := range s.Lines {
		lines = append(lines, l.Text)
	}
	text, from := strings.Join(lines, "\n"), s.Lines[0].Start
	sum := sha256.Sum256([]byte(text[s.Start-from : s.End-from]))
	return hex.EncodeToString(sum[:])
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
