// Package tokens counts tokens, offline and exactly: those of the byte-pair
// encodings o200k_base and cl100k_base, words, and bytes.
//
// # Exactness
//
// A byte-pair count is the number of tokens that OpenAI's tiktoken gives for the
// text as ordinary text: special tokens such as <|endoftext|> are not
// recognised but spelled out. The text is cut into pieces by a hand-written
// equal of the encoding's published regular expression, by the general categories
// of Unicode 16.0 as tiktoken 0.14 has them, and each piece is merged by the
// published ranks. Bytes that are not UTF-8 count as U+FFFD each. Tests hold the
// counts against tiktoken, a library, and the expressions in a general engine.
//
// # Counts of concatenations
//
// Count(a+b) <= Count(a)+Count(b) does not hold in general: a piece that spans
// the border is merged by rank and may need more tokens than its halves; nor
// does Count(a) <= Count(a+b). What holds for o200k_base and cl100k_base: when a
// ends in a line break and b starts with a rune that is neither white space nor
// "/", pieces do not span the border and Count(a+b) = Count(a)+Count(b). A
// packer that joins units by line breaks may so sum exact counts; any other
// should sum to choose, and count the final text to be sure. For valid UTF-8,
// Count(s) <= len(s), and Count(s) >= len(s)/128, the longest token.
//
// # Cost
//
// One goroutine counts some 30 MB/s of prose with many rare words once its cache is
// warm. An encoding's table is part of the program, 3.5 MB (o200k_base) or 2 MB,
// read in place, so that the first Count costs what any does; each concurrent
// Count adds 768 KiB of cache, kept for the next.
// A piece without a border (a line of one letter) costs O(n log n) time and
// some 40 bytes of memory a byte, which is given back.
package tokens

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Counter counts the tokens of a text. It is safe for concurrent use.
type Counter interface {
	// Name is the name that New makes the same counter from.
	Name() string
	// Count returns the number of tokens of s.
	Count(s string) int
}

// ErrUnknown is wrapped by errors about a counter that does not exist.
var ErrUnknown = errors.New("unknown tokenizer")

// Default is the counter that is meant where none is named.
const Default = "o200k_base"

// Names returns the names that New knows, the default first.
func Names() []string { return []string{Default, "cl100k_base", "words", "bytes"} }

// New returns the counter of that name. The error for a name that it does not
// know wraps ErrUnknown and lists the names.
func New(name string) (Counter, error) {
	switch name {
	case "o200k_base":
		return o200k(), nil
	case "cl100k_base":
		return cl100k(), nil
	case "words":
		return words{}, nil
	case "bytes":
		return bytes{}, nil
	}
	return nil, fmt.Errorf("%w %q; known are %s", ErrUnknown, name, strings.Join(Names(), ", "))
}

type bytes struct{}

func (bytes) Name() string       { return "bytes" }
func (bytes) Count(s string) int { return len(s) }

// words counts maximal runs of runes that are not white space.
type words struct{}

func (words) Name() string { return "words" }

func (words) Count(s string) int {
	n := 0
	in := false
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		var space bool
		if r < utf8.RuneSelf {
			space = r == ' ' || r >= '\t' && r <= '\r'
		} else {
			r, size = utf8.DecodeRuneInString(s[i:])
			space = unicode.IsSpace(r)
		}
		if !space && !in {
			n++
		}
		in = !space
		i += size
	}
	return n
}
