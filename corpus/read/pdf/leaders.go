package pdf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Dots that lead the eye from an entry to its number: so many where a number follows,
// or without one.
const (
	fewDots  = 4
	manyDots = 6
)

// withoutLeaders takes the leaders out of a line: what they lead to stands after a tab, and
// begins a line of its own where there are several, as in the rows of a table. They are drawn
// for the eye, as rules are, and would be most of the tokens of a table of contents.
func (l *line) withoutLeaders() []line {
	if len(l.words) == 0 {
		return nil
	}
	if l.turn != 0 || !strings.ContainsAny(l.text(), ".…·") {
		return []line{*l}
	}
	var kept []word
	led, gone := 0, false
	for i := 0; i < len(l.words); {
		n, w, rest := leader(l.words[i:])
		if n > 0 {
			if w.text != "" {
				kept = append(kept, w)
			}
			i, l.leads, gone = i+n, true, true
			if rest.text == "" {
				continue
			}
			w = rest
			i--
		} else {
			w = l.words[i]
		}
		i++
		if w.led = l.leads; w.led && len(kept) > 0 {
			led++
		}
		l.leads = false
		kept = append(kept, w)
	}
	switch {
	case len(kept) == 0:
		return nil
	case !gone:
		return []line{*l}
	}
	l.words = kept
	if led < 2 {
		leads := l.leads
		*l = l.part(0, len(kept))
		l.leads = leads
		return []line{*l}
	}
	var out []line
	start := 0
	for i := 1; i <= len(kept); i++ {
		if i == len(kept) || kept[i].led {
			out = append(out, l.part(start, i))
			start = i
		}
	}
	return out
}

// leader says how many of the words are a leader; before and after are the texts that
// stand in its first and last word.
func leader(words []word) (n int, before, after word) {
	first := words[0]
	from := strings.IndexFunc(first.text, isDot)
	if from < 0 {
		return 0, before, after
	}
	rest, at := first.text[from:], from
	for at > 0 && dotsOf(rest) < fewDots { // a full stop, or dots within a word
		word := strings.TrimLeftFunc(rest, isDot)
		next := strings.IndexFunc(word, isDot)
		if next < 0 {
			return 0, before, after
		}
		at += len(rest) - len(word) + next
		rest = first.text[at:]
	}
	tail := strings.TrimLeftFunc(rest, isDot)
	dots := dotsOf(rest)
	n = 1
	for n < len(words) && tail == "" {
		t := strings.TrimLeftFunc(words[n].text, isDot)
		if len(t) == len(words[n].text) {
			break
		}
		dots += dotsOf(words[n].text)
		tail = t
		if n++; tail != "" {
			break
		}
	}
	if dots < fewDots || tail == "" && n == len(words) && dots < manyDots || tail != "" && !isValue(tail) {
		return 0, before, after
	}
	for i := range words[n:] {
		if !isValue(words[n+i].text) {
			return 0, before, after // dots of a sentence, or a blank to be filled in
		}
	}
	if at > 0 {
		before = first
		before.text = first.text[:at]
		before.box.x1 = first.box.x0 + first.box.width()*partOf(first.text[:at], first.text)
	}
	if tail != "" {
		after = words[n-1]
		after.text = tail
		after.box.x0 = after.box.x1 - after.box.width()*partOf(tail, words[n-1].text)
	}
	return n, before, after
}

// isValue says that a word is of what leaders lead to: a number, in Arabic or Roman
// digits, its sign, or more dots.
func isValue(w string) bool {
	return strings.ContainsFunc(w, unicode.IsDigit) || strings.Trim(strings.ToLower(w), "ivxlc-()$€£¥%–—.·…") == ""
}

// partOf is the part of a text's letters that another has.
func partOf(part, whole string) float32 {
	return float32(utf8.RuneCountInString(part)) / float32(utf8.RuneCountInString(whole))
}

func isDot(r rune) bool { return r == '.' || r == '·' || r == '…' }

// dotsOf counts the dots that a text begins with.
func dotsOf(s string) (n int) {
	for _, r := range s {
		switch {
		case r == '…':
			n += 3
		case isDot(r):
			n++
		default:
			return n
		}
	}
	return n
}

// led says that dots lead from a line, or within it.
func (l *line) led() bool {
	for i := 1; i < len(l.words); i++ {
		if l.words[i].led {
			return true
		}
	}
	return l.leads
}
