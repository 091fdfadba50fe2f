package gather

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/text"
)

// foreignCost is what another language than the question's costs a document, where there
// are texts in that: a translation of what is asked for meets the names and the words of a
// common root, often more densely, and is of no use to who asks in the original's.
const foreignCost = 1

// clearer is by how much more of a question the passages of one language have to have, word
// for word, than those of another, for the other to be foreign to it; usual is the share of
// the passages, one of so many, that a language has which says so.
const (
	clearer = .2
	usual   = 10
)

// foreign are the names of the analyses of languages that are foreign to a question, among
// those of the documents of these passages. A sentence tells its language itself. A few
// words do so by the texts that have them as they stand: "ssl certificate" is a question for
// those that say "certificate", and not for those that say "certificat", however much alike
// the stems are. Where the meaning of texts is known that is left to it: it may bridge
// languages.
func (l *looker) foreign(q *Question, passages []topk.Hit) (map[string]bool, error) {
	if q.Meaning != nil {
		return nil, nil
	}
	found := map[string][]topk.Hit{}
	for _, h := range passages {
		d, err := l.read(l.g.from.DocumentOf(h.Row))
		if err != nil {
			return nil, err
		}
		if name := d.Header.Analyzer; name != "code" && name != "simple" {
			found[name] = append(found[name], h)
		}
	}
	if len(found) < 2 {
		return nil, nil
	}
	out := map[string]bool{}
	if lang := text.DetectLanguage(q.Text); lang != "" {
		if own := text.AnalyzerName("", lang); len(found[own]) > 0 {
			for name := range found {
				out[name] = name != own
			}
		}
		return out, nil
	}
	words := strings.FieldsFunc(strings.ToLower(q.Text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	has, most := map[string]float64{}, 0.0
	for name, hits := range found {
		for _, h := range hits {
			p := l.g.from.Passage(h.Row)
			s, err := l.g.from.Text(l.g.from.DocumentOf(h.Row), p.Start, p.End)
			if err != nil {
				return nil, err
			}
			has[name] += verbatim(strings.ToLower(s), words) / float64(len(hits))
		}
		if len(hits)*usual >= len(passages) {
			most = max(most, has[name])
		}
	}
	for name := range found {
		out[name] = has[name] < most-clearer
	}
	return out, nil
}

// verbatim is the share of words that a text has, as words.
func verbatim(text string, words []string) float64 {
	n := 0
	for _, w := range words {
		if hasWord(text, w) {
			n++
		}
	}
	return float64(n) / float64(max(1, len(words)))
}

func hasWord(text, word string) bool {
	for from := 0; ; {
		at := strings.Index(text[from:], word)
		if at < 0 {
			return false
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[at+len(word):])
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		from = at + len(word)
	}
}
