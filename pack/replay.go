package pack

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

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
	if c.Order != Order {
		return "", fmt.Errorf("receipt: unknown order %q; this version knows %q", c.Order, Order)
	}
	if !validLabel(c.Label) {
		return "", fmt.Errorf("receipt: unknown label form %q", c.Label)
	}
	parts := make([]part, 0, len(c.Spans))
	sources := make(map[string]string)
	for _, s := range c.Spans {
		changed := func(reason string, err error) error {
			return &ChangedError{Doc: s.Doc, Start: s.Start, End: s.End, Reason: reason, Err: err}
		}
		src, ok := sources[s.Doc]
		if !ok {
			var err error
			if src, err = source(s.Doc); err != nil {
				return "", changed("its source cannot be read: "+err.Error(), err)
			}
			sources[s.Doc] = src
		}
		if s.Start < 0 || s.End < s.Start || s.End > len(src) {
			return "", changed(fmt.Sprintf("the source has only %d bytes", len(src)), nil)
		}
		kept := src[s.Start:s.End]
		if digest(kept) != s.Digest {
			return "", changed("its bytes have changed", nil)
		}
		parts = append(parts, part{cite: s.Cite, text: kept})
	}
	text := render(c.Label, parts)
	if digest(text) != c.Digest {
		return "", fmt.Errorf("receipt: every cited range is as it was, but the text they give has another digest than the receipt states: the receipt was altered")
	}
	return text, nil
}

// part is a kept range on its way into the text.
type part struct {
	cite int
	text string
}

// render is the one place that knows the layout of a context.
func render(label string, parts []part) string {
	n := 0
	for _, p := range parts {
		n += len(p.text) + 8
	}
	var b strings.Builder
	b.Grow(n)
	cite := 0
	for i, p := range parts {
		if i > 0 {
			b.WriteByte('\n')
		}
		if p.cite != cite {
			cite = p.cite
			fmt.Fprintf(&b, label, cite)
			b.WriteByte(' ')
		}
		b.WriteString(p.text)
	}
	return b.String()
}

// labelForm is "[%d]" with signs number signs after the bracket.
func labelForm(signs int) string { return "[" + strings.Repeat("#", signs) + "%d]" }

func validLabel(form string) bool {
	return len(form) >= 4 && form == labelForm(len(form)-4)
}

// labelSigns returns how many number signs a label needs so that nothing of
// its form occurs in s: one more than the longest run of them between "[" and
// digits followed by "]", or 0 when there is nothing of the kind.
func labelSigns(s string) int {
	need := 0
	for {
		i := strings.IndexByte(s, '[')
		if i < 0 {
			return need
		}
		s = s[i+1:]
		j := 0
		for j < len(s) && s[j] == '#' {
			j++
		}
		d := j
		for d < len(s) && '0' <= s[d] && s[d] <= '9' {
			d++
		}
		if d > j && d < len(s) && s[d] == ']' {
			need = max(need, j+1)
		}
		s = s[j:]
	}
}

func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
