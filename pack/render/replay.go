package render

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/text/tokens"
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

// ErrAltered: fields of a receipt do not hold. The error in hand names them.
var ErrAltered = errors.New("the receipt was altered")

// ErrReceipt: a receipt states what no receipt can. The error in hand names the
// field.
var ErrReceipt = errors.New("receipt")

func impossible(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrReceipt, fmt.Errorf(format, args...))
}

// Source is a stored source.
type Source struct {
	Text string
	Path string // of the file that holds it
}

// Replay builds the text of c anew from its spans and the stored sources that
// source returns for a document id, never from c.Text; counter makes the token
// counter of a name. Each range must have the
// digest that the receipt states, and so must the whole; what else the receipt
// states must follow from the ranges and the sources, or stand under its seal. A
// receipt of a version that wrote no seal is held against the rest. All that a
// receipt asks for is bounded by the size of its sources before it is made.
//
// The error is a *ChangedError for the first range that differs, wraps
// ErrAltered and names the fields where the ranges are right and other fields
// are not, and wraps ErrReceipt for a field
// that cannot be.
func Replay(c *Context, counter func(name string) (tokens.Counter, error), source func(doc string) (Source, error)) (string, error) {
	rendering := cmp.Or(c.Render, Plain)
	if err := c.possible(rendering); err != nil {
		return "", err
	}
	n, err := counter(c.Tokenizer)
	if err != nil {
		return "", impossible("tokenizer: %w", err)
	}
	sources := make(map[string]Source)
	parts, err := verify(c.Spans, sources, source)
	if err != nil {
		return "", err
	}
	if err := fits(rendering, c.Label, parts, sources); err != nil {
		return "", err
	}
	text := Text(rendering, c.Label, parts)
	if altered := c.altered(text, n, sources); len(altered) > 0 {
		return "", fmt.Errorf("receipt: every cited range is as it was, but these fields do not hold: %s: %w", strings.Join(altered, ", "), ErrAltered)
	}
	return text, nil
}

// The most that a receipt may state. Levels are those of headings, of which no
// reader knows more than a few.
const (
	maxLevel = 255
	maxCite  = math.MaxInt32
)

// possible says which field has a value that no receipt has.
func (c *Context) possible(rendering string) error {
	if !slices.Contains(Orders(), c.Order) {
		return impossible("unknown order %.100q; this version knows %s", c.Order, strings.Join(Orders(), ", "))
	}
	if !slices.Contains(Renderings(), rendering) {
		return impossible("unknown rendering %.100q; this version knows %s", c.Render, strings.Join(Renderings(), ", "))
	}
	if !validLabel(rendering, c.Label) {
		return impossible("unknown label form %.100q", c.Label)
	}
	for k := range c.Spans {
		s := &c.Spans[k]
		switch {
		case s.Cite < 1 || s.Cite > maxCite:
			return impossible("spans[%d].cite is %d; it is a number from 1", k, s.Cite)
		case s.Start < 0 || s.End <= s.Start:
			return impossible("spans[%d] is the range %d-%d, which holds nothing", k, s.Start, s.End)
		case s.Level < NoHeading || s.Level > maxLevel || s.Level != 0 && rendering != Structured:
			return impossible("spans[%d].level is %d, which the rendering %s does not have", k, s.Level, rendering)
		}
	}
	return nil
}

// fits says, before a text is made, whether it is of a size that its sources can
// give: labels and escapes together are several times as long as the shortest
// ranges, but not without end.
func fits(rendering, label string, parts []Part, sources map[string]Source) error {
	const (
		least = 1 << 20
		times = 16
	)
	room := least
	for _, s := range sources {
		room += times * len(s.Text)
	}
	for k, p := range parts {
		size := len(p.Text) + 2*max(p.Level, 0) + 32
		if rendering == JSON { // most of the escapes
			size += 5 * len(p.Text)
		}
		if k == 0 || p.Cite != parts[k-1].Cite || rendering == Structured { // a label, and what closes it
			size += 2 * len(label)
		}
		if room -= size; room < 0 {
			return impossible("spans, with a label of %d bytes, would make a text out of proportion to their sources", len(label))
		}
	}
	return nil
}

// altered names the fields that do not hold.
func (c *Context) altered(text string, counter tokens.Counter, sources map[string]Source) []string {
	var names []string
	wrong := func(holds bool, format string, args ...any) {
		if !holds {
			names = append(names, fmt.Sprintf(format, args...))
		}
	}
	wrong(digest(text) == c.Digest, "digest (the ranges give another text)")
	wrong(c.Text == "" || c.Text == text, "text")
	n := counter.Count(text)
	wrong(c.Tokens == n, "tokens (%d, not %d)", n, c.Tokens)
	wrong(n <= c.Budget, "budget (the text has %d tokens, not at most %d)", n, c.Budget)
	if c.DroppedDigest != "" && c.Dropped != nil {
		wrong(digestOf(c.Dropped) == c.DroppedDigest && len(c.Dropped) == c.DroppedCount, "dropped")
	}
	cites := make(map[int]bool)
	for k := range c.Spans {
		s := &c.Spans[k]
		if path := sources[s.Doc].Path; valid(s.Path) != valid(path) {
			wrong(false, "spans[%d].path", k)
		}
		begins := k == 0 || c.Spans[k-1].Cite != s.Cite
		if begins && cites[s.Cite] || !begins && c.Spans[k-1].Doc != s.Doc {
			wrong(false, "spans[%d].cite", k)
		}
		if s.Gap && (begins || strings.TrimSpace(sources[s.Doc].Text[min(c.Spans[k-1].End, s.Start):s.Start]) == "") {
			wrong(false, "spans[%d].gap (nothing was left out before it)", k)
		}
		cites[s.Cite] = true
		if len(names) > 10 {
			return append(names, "and more")
		}
	}
	if c.Seal != "" {
		if k := c.disorder(); k >= 0 {
			wrong(false, "spans[%d] (out of order, or it overlaps another)", k)
		}
		if len(names) == 0 { // what is named already breaks the seal too
			wrong(c.Seal == c.seal(), "seal (something that does not follow from the ranges, as the question, a score or a setting)")
		}
	}
	return names
}

// disorder is the first span that stands before another of its label in their
// source, or overlaps any; -1 where there is none.
func (c *Context) disorder() int {
	order := make([]int, len(c.Spans))
	for k := range order {
		order[k] = k
		if k > 0 && c.Spans[k-1].Cite == c.Spans[k].Cite && c.Spans[k].Start < c.Spans[k-1].End {
			return k
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.Spans[a].Doc, c.Spans[b].Doc), cmp.Compare(c.Spans[a].Start, c.Spans[b].Start))
	})
	for k := 1; k < len(order); k++ {
		if a, b := &c.Spans[order[k-1]], &c.Spans[order[k]]; a.Doc == b.Doc && b.Start < a.End {
			return order[k]
		}
	}
	return -1
}

// Verify returns the bytes of the spans from the stored sources. Each must have
// the digest that its span states; the error is a *ChangedError for the first
// that has not.
func Verify(spans []Span, source func(doc string) (Source, error)) ([]string, error) {
	parts, err := verify(spans, make(map[string]Source), source)
	if err != nil {
		return nil, err
	}
	texts := make([]string, len(parts))
	for k := range parts {
		texts[k] = parts[k].Text
	}
	return texts, nil
}

// verify is Verify; it keeps the sources.
func verify(spans []Span, sources map[string]Source, source func(doc string) (Source, error)) ([]Part, error) {
	parts := make([]Part, 0, len(spans))
	taken := make(map[string]int) // bytes of each source
	for k, s := range spans {
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
		if s.Start < 0 || s.End < s.Start || s.End > len(src.Text) {
			return nil, changed(fmt.Sprintf("the source has only %d bytes", len(src.Text)), nil)
		}
		// Ranges do not overlap, but in receipts of windows that earlier versions
		// wrote some do.
		if taken[s.Doc] += s.End - s.Start; taken[s.Doc] > 2*len(src.Text) {
			return nil, fmt.Errorf("receipt: spans[%d]: the ranges of %q hold more than it has", k, s.Doc)
		}
		kept := src.Text[s.Start:s.End]
		if digest(kept) != s.Digest {
			return nil, changed("its bytes have changed", nil)
		}
		parts = append(parts, Part{s, kept})
	}
	return parts, nil
}
