// Package tokenizer cuts texts into the pieces that a model knows, and says which
// bytes of the text each stands for.
//
// It reads tokenizer.json as Hugging Face's tokenizers write it, or vocab.txt (a
// piece a line, its number that of the line from 0 on) with tokenizer_config.json.
// A text goes through:
//
//   - added tokens, which are taken where they stand literally;
//   - a normaliser, which changes characters (and knows where each was);
//   - pre-tokenisers, which cut words that no piece goes across;
//   - a model, which cuts a word into pieces: WordPiece (the longest piece first), BPE
//     (pairs are joined, those learned first before others) or Unigram (the most
//     probable pieces).
//
// WordPiece is known with BERT's normaliser and pre-tokeniser only, in one pass:
// control characters and U+FFFD go, white space becomes a space, CJK ideographs become
// words of their own; accents go (canonical decomposition, then nonspacing marks are
// dropped), letters become lower case; white space separates words, every punctuation
// character is a word; a word of which nothing fits, or longer than a hundred
// characters, is [UNK] as a whole.
package tokenizer

import "slices"

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

	names []string // by number
	words int      // in the vocabulary
	added added    // matched in the text as it is
	pair  []part   // of a sequence of two texts

	wordPiece *wordPiece // or:
	pipeline  *pipeline
}

// part is a special token of a pair, or a whole text of it.
type part struct {
	text int // 1 or 2; 0 for a token
	id   int32
	kind int32
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
	var tokens []Token
	w := words{wordPiece: t.wordPiece, most: most}
	for at, search := 0, 0; search < len(text) && (most < 0 || len(tokens) < most); {
		m := t.added.next(text, at, search)
		if t.wordPiece != nil {
			w.tokens = tokens
			w.read(text, min(at, m.from), m.from)
			tokens = w.tokens
		} else {
			tokens = t.pipeline.read(tokens, text, min(at, m.from), m.from, most)
		}
		if m.from < m.to {
			tokens = append(tokens, Token{m.id, m.from, m.to})
		}
		at, search = m.to, m.next
	}
	if most >= 0 && len(tokens) > most {
		tokens = tokens[:most]
	}
	return tokens
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

// Pair is a sequence of two texts, as models that compare texts take them.
type Pair struct {
	IDs, Kinds []int32 // Kinds: which of the texts each token belongs to
	Second     []Token // those of the second text that are in it, from IDs[From] on
	From       int
}

// Pair makes the sequence of two texts. Where both are too long for most together, the
// longer one is cut. It is empty where the files say nothing of pairs.
func (t *Tokenizer) Pair(a, b string, most int) (p Pair) {
	room := most
	for _, part := range t.pair {
		if part.text == 0 {
			room--
		}
	}
	room = max(0, room)
	texts := [2][]Token{t.Encode(a, room), t.Encode(b, room)}
	for len(texts[0])+len(texts[1]) > room {
		i := 0
		if len(texts[1]) >= len(texts[0]) {
			i = 1
		}
		texts[i] = texts[i][:len(texts[i])-1]
	}
	for _, part := range t.pair {
		if part.text == 0 {
			p.IDs, p.Kinds = append(p.IDs, part.id), append(p.Kinds, part.kind)
			continue
		}
		if part.text == 2 {
			p.Second, p.From = texts[1], len(p.IDs)
		}
		for _, token := range texts[part.text-1] {
			p.IDs, p.Kinds = append(p.IDs, token.ID), append(p.Kinds, part.kind)
		}
	}
	return p
}
