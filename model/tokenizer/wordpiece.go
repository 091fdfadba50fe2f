package tokenizer

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/screen"
)

// wordPiece is BERT's: normaliser, pre-tokeniser and model in one pass.
type wordPiece struct {
	first, rest map[string]int32 // pieces that begin words; those that go on, without prefix
	longest     int              // bytes of the longest piece
	unknown     int32
	mostRunes   int // of a word
	rules       rules
}

// rules are the switches of the normaliser.
type rules struct {
	clean, ideographs, accents, lower bool
}

func parseWordPiece(f *file) (*wordPiece, error) {
	var n struct {
		Type       string `json:"type"`
		Clean      *bool  `json:"clean_text"`
		Ideographs *bool  `json:"handle_chinese_chars"`
		Accents    *bool  `json:"strip_accents"`
		Lower      *bool  `json:"lowercase"`
	}
	var pre struct {
		Type string `json:"type"`
	}
	for raw, into := range map[*json.RawMessage]any{&f.Normalizer: &n, &f.Pre: &pre} {
		if len(*raw) > 0 {
			if err := json.Unmarshal(*raw, into); err != nil {
				return nil, err
			}
		}
	}
	if n.Type != "BertNormalizer" || pre.Type != "BertPreTokenizer" {
		return nil, fmt.Errorf("%w: supported are %s", ErrUnsupported, supported)
	}
	if p := f.Model.Prefix; p != nil && *p != continuing {
		return nil, fmt.Errorf("%w: continuing_subword_prefix %s; supported is %s", ErrUnsupported, screen.Name(*p), continuing)
	}
	w, err := newWordPiece(f.Model.ids, or(f.Model.Unknown, ""))
	if err != nil {
		return nil, err
	}
	lower := or(n.Lower, true)
	w.mostRunes = or(f.Model.MostRunes, 100)
	w.rules = rules{clean: or(n.Clean, true), ideographs: or(n.Ideographs, true), lower: lower, accents: or(n.Accents, lower)}
	return w, nil
}

// newWordPiece files the pieces.
func newWordPiece(words map[string]int32, unknown string) (*wordPiece, error) {
	id, ok := words[unknown]
	if !ok {
		return nil, fmt.Errorf("the vocabulary has no unknown word %s", screen.Name(unknown))
	}
	w := &wordPiece{unknown: id, mostRunes: 100, first: words, rest: map[string]int32{}}
	for word, id := range words {
		if !utf8.ValidString(word) {
			return nil, fmt.Errorf("word %s is no UTF-8", screen.Name(word))
		}
		w.longest = max(w.longest, len(word))
		if rest, ok := strings.CutPrefix(word, continuing); ok && rest != "" {
			w.rest[rest] = id
		}
	}
	return w, nil
}

// words gathers the characters of a word, each with the bytes it was made of.
type words struct {
	*wordPiece
	most   int
	tokens []Token
	word   []byte
	runes  int
	starts []int // by byte of word: where its character begins in the text
	ends   []int
	buf    []byte
}

func (w *words) full() bool { return w.most >= 0 && len(w.tokens) >= w.most }

// read cuts text[from:to].
func (w *words) read(text string, from, to int) {
	for at := from; at < to && !w.full(); {
		c := text[at]
		if c < utf8.RuneSelf {
			w.ascii(c, at)
			at++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[at:to])
		w.rune(r, at, at+size)
		at += size
	}
	w.finish()
}

func (w *words) ascii(c byte, at int) {
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		w.finish()
	case c < ' ' || c == 0x7f:
		switch {
		case w.rules.clean:
		case c == '\v' || c == '\f':
			w.finish()
		default:
			w.put(rune(c), at, at+1)
		}
	case c >= 'A' && c <= 'Z' && w.rules.lower:
		w.put(rune(c)+'a'-'A', at, at+1)
	default:
		w.put(rune(c), at, at+1)
	}
}

// put adds a character as it is to be looked up.
func (w *words) put(r rune, start, end int) {
	alone := punctuation(r)
	if alone {
		w.finish()
	}
	n := len(w.word)
	w.word = utf8.AppendRune(w.word, r)
	for range len(w.word) - n {
		w.starts, w.ends = append(w.starts, start), append(w.ends, end)
	}
	w.runes++
	if alone {
		w.finish()
	}
}

// finish cuts the word that was gathered into pieces.
func (w *words) finish() {
	n := len(w.word)
	if n == 0 {
		return
	}
	before := len(w.tokens)
	if !w.cut() {
		w.tokens = append(w.tokens[:before], Token{w.unknown, w.starts[0], w.ends[n-1]})
	}
	w.word, w.starts, w.ends, w.runes = w.word[:0], w.starts[:0], w.ends[:0], 0
}

func (w *words) cut() bool {
	if w.runes > w.mostRunes {
		return false
	}
	pieces := w.first
	for from := 0; from < len(w.word); pieces = w.rest {
		to := min(len(w.word), from+w.longest)
		id, ok := pieces[string(w.word[from:to])]
		for !ok && to > from {
			to--
			if to > from && utf8.RuneStart(w.word[to]) {
				id, ok = pieces[string(w.word[from:to])]
			}
		}
		if to == from {
			return false
		}
		w.tokens = append(w.tokens, Token{id, w.starts[from], w.ends[to-1]})
		from = to
	}
	return true
}
