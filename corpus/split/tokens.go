package split

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// EstimateTokens estimates the tokens of s as a byte-pair tokenizer with a
// large vocabulary would count them: words of up to eight letters are one
// token, longer ones one more every six letters; digits go in threes, signs in
// pairs; white space is free, save line breaks. It reads each byte once.
func EstimateTokens(s string) int {
	_, n := fit(s, maxEstimate)
	return n
}

const maxEstimate = 1 << 28

// Byte classes of the estimate.
const (
	cSpace = iota
	cLine
	cLetter
	cDigit
	cSign
	cLead2 // first byte of a two-byte rune: an accented, Greek, Cyrillic … letter
	cLead3 // first byte of a three- or four-byte rune: CJK, symbols
	cTail
)

var class = func() (t [256]uint8) {
	for i := range t {
		switch b := byte(i); {
		case b == '\n':
			t[i] = cLine
		case b <= ' ':
			t[i] = cSpace
		case 'a' <= b|0x20 && b|0x20 <= 'z':
			t[i] = cLetter
		case '0' <= b && b <= '9':
			t[i] = cDigit
		case b < 0x80:
			t[i] = cSign
		case b < 0xC0:
			t[i] = cTail
		case b < 0xE0:
			t[i] = cLead2
		default:
			t[i] = cLead3
		}
	}
	return
}()

// fit returns the length in bytes and the estimated tokens of the longest
// prefix of s, made of whole runes, that has at most limit tokens.
func fit(s string, limit int) (n, tokens int) {
	limit *= 4
	quarters := 0
	for i := 0; i < len(s); {
		j, cost := i+1, 0
		switch class[s[i]] {
		case cSpace, cTail:
		case cLine:
			for j < len(s) && class[s[j]] <= cLine {
				j++
			}
			cost = 2
		case cLetter:
			for j < len(s) && class[s[j]] == cLetter {
				j++
			}
			cost = 4
			if j-i > 8 {
				cost += (j - i - 8 + 5) / 6 * 4
			}
		case cDigit:
			for j < len(s) && class[s[j]] == cDigit {
				j++
			}
			cost = (j - i + 2) / 3 * 4
		case cSign:
			for j < len(s) && class[s[j]] == cSign {
				j++
			}
			cost = (j - i + 1) / 2 * 4
		case cLead2:
			cost = 2
		case cLead3:
			cost = 3
		}
		for j < len(s) && class[s[j]] == cTail {
			j++
		}
		if quarters+cost > limit {
			if j-i > 64 && n == i {
				// One endless run: take the part that fits, in bytes that cost at
				// least what the run's classes charge.
				room := (limit - quarters) / 4 * 2
				for room > 0 && !utf8.RuneStart(s[i+room]) {
					room--
				}
				return i + room, (quarters + room/2*4 + 3) / 4
			}
			break
		}
		quarters += cost
		i, n = j, j
	}
	return n, (quarters + 3) / 4
}

// trim narrows [start, end) until src[start:end] has no white space at either
// end.
func trim(src string, start, end int) (int, int) {
	t := src[start:end]
	if t == "" {
		return start, end
	}
	if t[0] > ' ' && t[0] < 0x80 && t[len(t)-1] > ' ' && t[len(t)-1] < 0x80 {
		return start, end
	}
	l := strings.TrimLeftFunc(t, unicode.IsSpace)
	start += len(t) - len(l)
	return start, start + len(strings.TrimRightFunc(l, unicode.IsSpace))
}

// cut returns where the unit src[start:end], of which only n bytes fit, is to
// be cut: after the last clause in the second half of what fits, else between
// two words, else between two runes. What remains decides what half means: two
// parts of like size are better than a full one and a scrap.
func (s *splitter) cut(start, end, n int) int {
	lo, hi := start+n/2, start+n
	if rest := end - start; rest < 2*n {
		lo, hi = start+rest/4, start+min(n, rest*5/8)
	}
	clause, word := 0, 0
	t := s.src
	for i := hi; i > lo; i-- {
		c := t[i-1]
		if c > ' ' && c < 0x80 || i >= end {
			continue
		}
		switch {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			word = max(word, i)
			if i-2 >= start && strings.IndexByte(",;:.!?)]}", t[i-2]) >= 0 {
				clause = max(clause, i)
			}
		case c >= 0x80 && i >= 3 && i-3 >= start:
			switch t[i-3 : i] {
			case "，", "、", "；", "：", "。", "—":
				clause = max(clause, i)
			}
		}
		if clause > 0 {
			return clause
		}
	}
	if word > 0 {
		return word
	}
	for hi > start && !utf8.RuneStart(t[hi]) {
		hi--
	}
	if hi == start { // a rune longer than the limit cannot be: limits are ≥ 16 bytes
		_, size := utf8.DecodeRuneInString(t[start:])
		hi = start + size
	}
	return hi
}
