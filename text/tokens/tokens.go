// Package tokens counts tokens, offline and exactly: those of the byte-pair
// encodings o200k_base and cl100k_base, words, and bytes.
//
// # Exactness
//
// A byte-pair count is the number of tokens that OpenAI's tiktoken gives for the
// text as ordinary text: special tokens such as <|endoftext|> are not
// recognised but spelled out. The text is cut into pieces by a hand-written
// equal of the encoding's published regular expression, and each piece is merged
// by the published ranks. Bytes that are not UTF-8 count as U+FFFD each. Tests
// hold the counts against two libraries.
//
// # Counts of concatenations
//
// Count(a+b) <= Count(a)+Count(b) does not always hold: a piece that spans the
// border may need more tokens than its halves, and a suffix like "'s" or a run
// of spaces may attach otherwise. What holds: the pieces of a text are found
// from left to right and a change of b cannot alter pieces that end, with one
// more rune that is neither white space nor an apostrophe's suffix behind them,
// before b. A packer should therefore sum counts to choose and count the final
// text once more to be sure. Count(s) <= len(s) always holds for valid UTF-8, and a
// token of either encoding has at most 128 bytes, so Count(s) >= len(s)/128.
package tokens

import (
	"errors"
	"fmt"
	"strings"
	"sync"
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

// Names returns the names that New knows, the default first.
func Names() []string { return []string{"o200k_base", "cl100k_base", "words", "bytes"} }

var (
	o200k  = sync.OnceValues(func() (*bpe, error) { return load("o200k_base", o200kPiece) })
	cl100k = sync.OnceValues(func() (*bpe, error) { return load("cl100k_base", cl100kPiece) })
)

// New returns the counter of that name. The first call for a byte-pair encoding
// reads its ranks, some 15 ms. The error for another name wraps ErrUnknown and
// lists the names.
func New(name string) (Counter, error) {
	var b *bpe
	var err error
	switch name {
	case "o200k_base":
		b, err = o200k()
	case "cl100k_base":
		b, err = cl100k()
	case "words":
		return words{}, nil
	case "bytes":
		return bytes{}, nil
	default:
		return nil, fmt.Errorf("%w %q; known are %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	if err != nil {
		return nil, err
	}
	return b, nil
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
