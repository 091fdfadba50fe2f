// Package bpeoracle counts tokens slowly: by the expressions and ranks that
// OpenAI publishes, a regular expression engine, and merging that looks at every
// pair. Tests hold the counters of package tokens against it.
package bpeoracle

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/dlclark/regexp2"
	"github.com/pkoukk/tiktoken-go-loader/assets"

	"github.com/tamis-search/tamis/internal/runeclass"
)

const suffix = `(?i:'[sſ]|'t|'re|'ve|'m|'ll|'d)?`

// Patterns are those of tiktoken 0.14 (tiktoken_ext/openai_public.py). The engine
// here has no possessive quantifiers, which change no match, and does not fold
// the long s.
var patterns = map[string]string{
	"o200k_base": strings.Join([]string{
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+` + suffix,
		`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*` + suffix,
		`\p{N}{1,3}`, ` ?[^\s\p{L}\p{N}]+[\r\n/]*`, `\s*[\r\n]+`, `\s+(?!\S)`, `\s+`,
	}, "|"),
	"cl100k_base": `'(?i:[sſdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s+\z|\s*[\r\n]|\s+(?!\S)|\s`,
}

// stand maps a class to a rune that every version of Unicode has in it: the
// engine's tables are of another version.
var stand = map[runeclass.Class]rune{
	runeclass.Upper: 'É', runeclass.Lower: 'é', runeclass.Caseless: '中', runeclass.Mark: '\u0301', runeclass.Number: '²', runeclass.Space: '\u00a0', runeclass.Other: '€',
}

// Encoding counts the tokens of one encoding. It is safe for concurrent use.
type Encoding struct {
	pattern *regexp2.Regexp
	ranks   map[string]int
	classes *runeclass.Table
}

// New returns o200k_base or cl100k_base.
func New(name string) (*Encoding, error) {
	if patterns[name] == "" {
		return nil, fmt.Errorf("there is no oracle for the tokenizer %q", name)
	}
	data, err := Ranks(name)
	if err != nil {
		return nil, err
	}
	e := &Encoding{regexp2.MustCompile(patterns[name], regexp2.None), make(map[string]int), runeclass.New()}
	for line := range bytes.Lines(data) {
		word, number, _ := bytes.Cut(bytes.TrimSpace(line), []byte{' '})
		token, err := base64.StdEncoding.DecodeString(string(word))
		if err != nil {
			return nil, err
		}
		if e.ranks[string(token)], err = strconv.Atoi(string(number)); err != nil {
			return nil, err
		}
	}
	return e, nil
}

// Ranks is the published file of an encoding's ranks.
func Ranks(name string) ([]byte, error) { return assets.Assets.ReadFile(name + ".tiktoken") }

// Pieces cuts s, valid UTF-8, where the expression does.
func (e *Encoding) Pieces(s string) ([]string, error) {
	runes := []rune(s)
	classed := make([]rune, len(runes))
	for i, r := range runes {
		classed[i] = r
		if r >= 0x80 && r != 'ſ' { // which an s is folded to
			classed[i] = stand[e.classes.Of(r)]
		}
	}
	var pieces []string
	m, err := e.pattern.FindRunesMatch(classed)
	for ; m != nil && err == nil; m, err = e.pattern.FindNextMatch(m) {
		pieces = append(pieces, string(runes[m.Index:m.Index+m.Length]))
	}
	return pieces, err
}

// Count returns the number of tokens of s, whose invalid bytes are U+FFFD each.
func (e *Encoding) Count(s string) (int, error) {
	pieces, err := e.Pieces(string([]rune(s)))
	n := 0
	for _, p := range pieces {
		n += e.merge(p)
	}
	return n, err
}

// merge returns the number of tokens of a piece.
func (e *Encoding) merge(piece string) int {
	if _, ok := e.ranks[piece]; ok {
		return 1
	}
	cuts := make([]int, len(piece)+1)
	for i := range cuts {
		cuts[i] = i
	}
	for {
		best, at := -1, -1
		for i := 0; i+2 < len(cuts); i++ {
			if rank, ok := e.ranks[piece[cuts[i]:cuts[i+2]]]; ok && (at < 0 || rank < best) {
				best, at = rank, i
			}
		}
		if at < 0 {
			return len(cuts) - 1
		}
		cuts = append(cuts[:at+1], cuts[at+2:]...)
	}
}
