package trainingdata

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
)

// Checked is what was replayed of a file.
type Checked struct {
	Examples int   `json:"examples"`
	Texts    int   `json:"texts"`
	Bytes    int64 `json:"bytes"`
	// Documents are those that the examples of each part have texts of.
	Documents map[string]map[string]bool `json:"-"`
}

// mostLine bounds a line of a file of examples.
const mostLine = 64 << 20

// Verify makes the texts of a file's examples anew from their documents, and says where
// one is not the same: at the first, with its line.
func Verify(name string, r io.Reader, source func(doc string) (string, error)) (*Checked, error) {
	c := &Checked{Documents: map[string]map[string]bool{Train: {}, HeldOut: {}}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, mostLine)
	for n := 1; lines.Scan(); n++ {
		var e Example
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return c, fmt.Errorf("%s:%d: no example: %w", name, n, err)
		}
		if c.Documents[e.Split] == nil {
			return c, fmt.Errorf("%s:%d: no part %q: there are %s and %s", name, n, e.Split, Train, HeldOut)
		}
		for _, t := range e.all() {
			if err := t.verify(source); err != nil {
				return c, fmt.Errorf("%s:%d: %w", name, n, err)
			}
			c.Texts++
			c.Bytes += int64(len(t.Text))
			c.Documents[e.Split][t.Doc] = true
		}
		c.Examples++
	}
	if err := lines.Err(); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, c.divided()
}

// divided says whether no document is in both parts.
func (c *Checked) divided() error {
	for d := range c.Documents[Train] {
		if c.Documents[HeldOut][d] {
			return fmt.Errorf("%s is in the training part and in the part held out", d)
		}
	}
	return nil
}

// Add counts what was replayed of another file with it; a document that the two have in
// different parts is an error.
func (c *Checked) Add(other *Checked) error {
	if c.Documents == nil {
		c.Documents = map[string]map[string]bool{Train: {}, HeldOut: {}}
	}
	c.Examples, c.Texts, c.Bytes = c.Examples+other.Examples, c.Texts+other.Texts, c.Bytes+other.Bytes
	for part, docs := range other.Documents {
		maps.Copy(c.Documents[part], docs)
	}
	return c.divided()
}

// all are the texts of an example.
func (e *Example) all() []*Text {
	out := []*Text{&e.Answer}
	for _, t := range []*Text{e.Positive, e.Chosen, e.Rejected} {
		if t != nil {
			out = append(out, t)
		}
	}
	for i := range e.Texts {
		out = append(out, &e.Texts[i])
	}
	return out
}

func (t *Text) verify(source func(string) (string, error)) error {
	s, err := source(t.Doc)
	if err != nil {
		return err
	}
	if err := t.Span.verify(s); err != nil {
		return err
	}
	text := s[t.Start:t.End]
	if t.Kept != nil {
		var kept []string
		for _, k := range t.Kept {
			if k.Doc != t.Doc || k.Start < t.Start || k.End > t.End {
				return errors.New("what is kept of a text lies outside it")
			}
			if err := k.verify(s); err != nil {
				return err
			}
			kept = append(kept, s[k.Start:k.End])
		}
		text = strings.Join(kept, "\n")
	}
	if text != t.Text {
		return fmt.Errorf("the text of %s, bytes %d to %d, is not what stands there", t.Doc, t.Start, t.End)
	}
	return nil
}

func (s Span) verify(source string) error {
	if s.Start < 0 || s.End > len(source) || s.Start >= s.End {
		return fmt.Errorf("%s has no bytes %d to %d", s.Doc, s.Start, s.End)
	}
	sum := sha256.Sum256([]byte(source[s.Start:s.End]))
	if hex.EncodeToString(sum[:]) != s.Digest {
		return fmt.Errorf("bytes %d to %d of %s have changed", s.Start, s.End, s.Doc)
	}
	return nil
}
