package render

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrChanged: a source is not what it was when the receipt was written. The
// error in hand is a *ChangedError.
var ErrChanged = errors.New("a cited source has changed")

// ChangedError says which cited range is no longer what it was. It is
// ErrChanged, and wraps the error of a source that could not be read.
type ChangedError struct {
	Doc        string
	Start, End int
	Reason     string
	Err        error // nil unless the source could not be read
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("cited range %s:%d-%d: %s; ask the question again for a fresh context", e.Doc, e.Start, e.End, e.Reason)
}

// Unwrap returns ErrChanged and the cause, if there is one.
func (e *ChangedError) Unwrap() []error {
	if e.Err == nil {
		return []error{ErrChanged}
	}
	return []error{ErrChanged, e.Err}
}

// Replay builds the text of c anew from its spans and the stored sources that
// source returns for a document id; c.Text is not read. Each range must have
// the digest that the receipt states, and so must the whole. The error is a
// *ChangedError for the first range that differs, and a plain one when the
// ranges are right but the receipt's other fields contradict its digest.
func Replay(c *Context, source func(doc string) (string, error)) (string, error) {
	if !slices.Contains(Orders(), c.Order) {
		return "", fmt.Errorf("receipt: unknown order %q; this version knows %s", c.Order, strings.Join(Orders(), ", "))
	}
	rendering := cmp.Or(c.Render, Plain)
	if !slices.Contains(Renderings(), rendering) {
		return "", fmt.Errorf("receipt: unknown rendering %q; this version knows %s", c.Render, strings.Join(Renderings(), ", "))
	}
	if !validLabel(rendering, c.Label) {
		return "", fmt.Errorf("receipt: unknown label form %q", c.Label)
	}
	texts, err := Verify(c.Spans, source)
	if err != nil {
		return "", err
	}
	parts := make([]Part, len(c.Spans))
	for k := range c.Spans {
		parts[k] = Part{c.Spans[k], texts[k]}
	}
	text := Text(rendering, c.Label, parts)
	if digest(text) != c.Digest {
		return "", fmt.Errorf("receipt: every cited range is as it was, but the text they give has another digest than the receipt states: the receipt was altered")
	}
	return text, nil
}

// Verify returns the bytes of the spans from the stored sources. Each must have
// the digest that its span states; the error is a *ChangedError for the first
// that has not.
func Verify(spans []Span, source func(doc string) (string, error)) ([]string, error) {
	texts := make([]string, 0, len(spans))
	sources := make(map[string]string)
	for _, s := range spans {
		changed := func(reason string, err error) error {
			return &ChangedError{Doc: s.Doc, Start: s.Start, End: s.End, Reason: reason, Err: err}
		}
		src, ok := sources[s.Doc]
		if !ok {
			var err error
			if src, err = source(s.Doc); err != nil {
				return nil, changed("its source cannot be read: "+err.Error(), err)
			}
			sources[s.Doc] = src
		}
		if s.Start < 0 || s.End < s.Start || s.End > len(src) {
			return nil, changed(fmt.Sprintf("the source has only %d bytes", len(src)), nil)
		}
		kept := src[s.Start:s.End]
		if digest(kept) != s.Digest {
			return nil, changed("its bytes have changed", nil)
		}
		texts = append(texts, kept)
	}
	return texts, nil
}
