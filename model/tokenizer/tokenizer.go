// Package tokenizer cuts texts into the pieces that a model knows, and says which
// bytes of the text each stands for.
//
// It reads tokenizer.json as Hugging Face's tokenizers write it, or vocab.txt (a
// piece a line, its number that of the line from 0 on) with tokenizer_config.json.
// Known is WordPiece with BERT's normaliser and pre-tokeniser. In order:
//
//   - special tokens that stand in the text literally are taken as such;
//   - control characters and U+FFFD go, white space becomes a space, CJK ideographs
//     become words of their own;
//   - accents go (canonical decomposition, then nonspacing marks are dropped), letters
//     become lower case;
//   - white space separates words, every punctuation character is a word;
//   - a word is cut greedily: the longest piece it begins with, then the longest
//     continuing piece (##…), and so on; where nothing fits, or the word is longer than
//     a hundred characters, it is [UNK] as a whole.
package tokenizer

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Token is a piece of a text: its number in the vocabulary and its bytes.
type Token struct {
	ID         int32
	Start, End int
}

// Tokenizer cuts texts. It does not change: several goroutines may use it.
type Tokenizer struct {
	// Before and After are the special tokens that a sequence begins and ends with.
	Before, After []int32
	// Most is how many tokens a sequence may have, special ones included; 0 where the
	// files do not say.
	Most int

	first, rest map[string]int32 // pieces that begin words; those that go on, without prefix
	longest     int              // bytes of the longest piece
	unknown     int32
	names       []string // by number
	mostRunes   int      // of a word
	words       int      // in the vocabulary
	specials    []special
	rules       rules
}

type special struct {
	text string
	id   int32
}

// rules are the switches of the normaliser.
type rules struct {
	clean, ideographs, accents, lower bool
}

// Words is how many numbers the vocabulary has: one more than the greatest.
func (t *Tokenizer) Words() int { return t.words }

// Word is what stands in the vocabulary under a number, "" for none.
func (t *Tokenizer) Word(id int32) string {
	if id < 0 || int(id) >= len(t.names) {
		return ""
	}
	return t.names[id]
}

// Encode returns the tokens of text, at most most of them if most is not negative,
// without those that stand before and after.
func (t *Tokenizer) Encode(text string, most int) []Token {
	w := words{Tokenizer: t, most: most}
	at := 0
	for at < len(text) && !w.full() {
		from, to, id := t.nextSpecial(text, at)
		w.read(text, at, from)
		if from < to && !w.full() {
			w.tokens = append(w.tokens, Token{id, from, to})
		}
		at = to
	}
	if most >= 0 && len(w.tokens) > most {
		w.tokens = w.tokens[:most]
	}
	return w.tokens
}

// IDs returns the numbers of a whole sequence: the tokens of text between the special
// ones, no more than most together.
func (t *Tokenizer) IDs(text string, most int) []int32 {
	room := max(0, most-len(t.Before)-len(t.After))
	ids := slices.Clone(t.Before)
	for _, token := range t.Encode(text, room) {
		ids = append(ids, token.ID)
	}
	return append(ids, t.After...)
}

// nextSpecial finds the first special token from at on, the longest where several
// begin there; without one both ends are that of the text.
func (t *Tokenizer) nextSpecial(text string, at int) (from, to int, id int32) {
	from, to = len(text), len(text)
	for _, s := range t.specials {
		// What lies behind the best so far is of no interest.
		i := strings.Index(text[at:min(len(text), from+len(s.text))], s.text)
		if i < 0 {
			continue
		}
		if i += at; i < from || i == from && len(s.text) > to-from {
			from, to, id = i, i+len(s.text), s.id
		}
	}
	return from, to, id
}

// words gathers the characters of a word, each with the bytes it was made of.
type words struct {
	*Tokenizer
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
