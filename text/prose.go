package text

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"golang.org/x/text/unicode/norm"
)

// prose gives each word one term: folded, lower-cased, stemmed.
type prose struct {
	stem       func(*snowballstem.Env) bool // nil: none
	stop       map[string]bool              // words of documents and questions that are dropped
	stopAsking map[string]bool              // words dropped from questions besides
	possessive bool                         // cut 's
	accents    bool                         // cut accents off Latin letters before anything else
	bare       bool                         // cut them off stems: the stemmer reads them
	turkish    bool                         // the lower case of I is ı
}

func (p prose) expand(dst []string, word string, asking bool) []string {
	w := p.fold(word)
	if w == "" || p.stop[w] || asking && p.stopAsking[w] {
		return dst
	}
	stem := p.stemmed(w)
	if p.bare && !isASCII(stem) {
		stem = foldAccents(stem)
	}
	return append(dst, stem)
}

// fold brings spellings of a word together: compatibility forms (full-width
// letters, ligatures), case, apostrophes, invisible characters, digits in groups of
// three (35,000 is 35000), and as the analyzer has it possessives and accents.
func (p prose) fold(word string) string {
	if word != "" && word[0] >= '0' && word[0] <= '9' {
		word = ungrouped(word)
	}
	if !isASCII(word) {
		word = strings.Map(func(r rune) rune {
			switch {
			case r == '’' || r == 0xFF07 || r == 0x2018 || r == 0x201B:
				return '\''
			case r == 0xAD || r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF || r == 0xFE0F || r == 0xFE0E || r == utf8.RuneError:
				return -1 // invisible
			}
			return r
		}, norm.NFKC.String(word))
		if p.accents {
			word = foldAccents(word)
		}
	}
	if p.turkish {
		word = strings.ToLowerSpecial(unicode.TurkishCase, word)
	} else {
		word = strings.ToLower(word)
	}
	if p.possessive {
		word = strings.TrimSuffix(word, "'s")
	}
	return word
}

// ungrouped is a number without what stands between its groups of digits.
func ungrouped(word string) string {
	n := grouped(word, groupSign)
	if n == 0 || groupSign(word[n:]) > 0 {
		return word
	}
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, word[:n])
	return digits + word[n:]
}

// foldAccents cuts the marks off Latin letters; other scripts keep theirs.
func foldAccents(word string) string {
	latin := false
	d := norm.NFD.String(word)
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if r >= 0x300 && r <= 0x36F && latin {
			return -1
		}
		latin = r < 0x250
		return r
	}, d))
}

// stemmed returns the stem of a folded word. A word with a digit is a name or a
// number and is its own stem. Where a stemmer fails, which the
// generated code does by panicking, the word is its own stem.
func (p prose) stemmed(w string) (stem string) {
	if p.stem == nil || strings.ContainsAny(w, "0123456789") {
		return w
	}
	defer func() {
		if recover() != nil {
			stem = w
		}
	}()
	env := snowballstem.NewEnv(w)
	p.stem(env)
	if stem = env.Current(); stem == "" {
		return w
	}
	return stem
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// luceneEnglish is the chain of Lucene's EnglishAnalyzer after its tokenizer:
// EnglishPossessiveFilter, LowerCaseFilter, StopFilter, PorterStemFilter.
type luceneEnglish struct{}

func (luceneEnglish) expand(dst []string, word string, _ bool) []string {
	if n := len(word); n >= 2 && (word[n-1] == 's' || word[n-1] == 'S') {
		for _, q := range []string{"'", "’", "\uFF07"} {
			if stem, ok := strings.CutSuffix(word[:n-1], q); ok {
				word = stem
				break
			}
		}
	}
	// Rune by rune and without context, as Character.toLowerCase.
	word = strings.Map(unicode.ToLower, word)
	if luceneStop[word] {
		return dst
	}
	if word == "" {
		return append(dst, word)
	}
	return append(dst, string(utf16.Decode(porterStem(utf16.Encode([]rune(word))))))
}
