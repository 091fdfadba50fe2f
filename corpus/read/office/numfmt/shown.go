package numfmt

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// section is a part of a code between semicolons: of positive numbers, of negative
// ones, of zero, of texts; or of those for which its condition holds.
type section struct {
	parts    []part
	unit     bool // it says what is counted
	money    bool // which is money
	odd      bool // fractions, exponents, texts: not written here
	grouped  bool
	scale    int // thousands that are left out
	percents int
	places   int // for digits before the point
	zeros    int // that are always filled
	decimals int
	must     int // decimals that are always written
	cond     string
	than     float64
}

// part is text, a place for a digit, the point, or a whole number as General has it.
type part struct {
	kind byte // 't', 'd' for a digit before the point, 'f' for one behind it, '.', 'g'
	text string
	zero bool // the place is filled always
}

// maxSections are those that a code may have; maxParts bound a section.
const (
	maxSections = 4
	maxParts    = 400
)

func parseSections(code string) (all []section) {
	for len(all) < maxSections {
		s, rest, more := parseSection(code)
		all = append(all, s)
		if !more {
			break
		}
		code = rest
	}
	return all
}

// parseSection reads one; rest is what follows its semicolon.
func parseSection(code string) (s section, rest string, more bool) {
	point, commas := false, 0
	for i := 0; i < len(code) && len(s.parts) < maxParts; i++ {
		switch c := code[i]; {
		case c == ';':
			s.scale += commas
			return s, code[i+1:], true
		case c == '"':
			text, _, _ := strings.Cut(code[i+1:], `"`)
			s.text(text)
			i += len(text) + 1
		case c == '\\' && i+1 < len(code):
			_, n := utf8.DecodeRuneInString(code[i+1:])
			s.text(code[i+1 : i+1+n])
			i += n
		case (c == '_' || c == '*') && i+1 < len(code):
			_, n := utf8.DecodeRuneInString(code[i+1:])
			i += n
		case c == '[':
			in, after, _ := strings.Cut(code[i+1:], "]")
			i = len(code) - len(after) - 1
			s.bracket(in)
		case isGeneral(code[i:]):
			s.parts = append(s.parts, part{kind: 'g'})
			i += len("general") - 1
		case c == '0' || c == '#' || c == '?':
			if commas > 0 {
				s.grouped, commas = true, 0
			}
			s.digit(point, c == '0')
		case c == '.' && !point:
			s.scale, commas = s.scale+commas, 0
			point = true
			s.parts = append(s.parts, part{kind: '.'})
		case c == ',':
			if s.places > 0 {
				commas++
			}
		case c == '%':
			s.percents++
			s.unit = true
			s.parts = append(s.parts, part{kind: 't', text: "%"})
		case c == '/' || c == '@' || isExponent(code[i:]):
			s.odd = true
		default:
			_, n := utf8.DecodeRuneInString(code[i:])
			s.text(code[i : i+n])
			i += n - 1
		}
	}
	s.scale += commas
	return s, "", false
}

func (s *section) digit(behind, zero bool) {
	p := part{kind: 'd', zero: zero}
	if behind {
		p.kind = 'f'
		if s.decimals++; zero {
			s.must = s.decimals
		}
	} else if s.places++; zero {
		s.zeros++
	}
	s.parts = append(s.parts, p)
}

// text takes what is shown as it is. Letters and signs that are no mere punctuation
// of numbers say what is counted.
func (s *section) text(t string) {
	if t == "" {
		return
	}
	s.unit = s.unit || strings.ContainsFunc(t, counts)
	s.money = s.money || strings.ContainsFunc(t, func(r rune) bool { return unicode.Is(unicode.Sc, r) })
	s.parts = append(s.parts, part{kind: 't', text: t})
}

// counts says that a sign may say what is counted.
func counts(r rune) bool { return !unicode.IsSpace(r) && !strings.ContainsRune("-–−()+.,:/'|", r) }

// bracket reads what stands in brackets: a currency, a condition; colours and
// languages are passed over.
func (s *section) bracket(in string) {
	if currency, ok := strings.CutPrefix(in, "$"); ok {
		currency, _, _ = strings.Cut(currency, "-")
		s.text(currency)
		s.money = s.money || currency != ""
		return
	}
	op := in[:len(in)-len(strings.TrimLeft(in, "<>="))]
	if v, err := strconv.ParseFloat(in[len(op):], 64); op != "" && err == nil {
		s.cond, s.than = op, v
	}
}

// name says that the digits are one: they fill places, and there is no point.
func (s *section) name() bool {
	return s.zeros > 1 && s.zeros == s.places && s.decimals == 0 && !s.grouped && s.scale == 0 && !s.odd
}

func (s *section) holds(v float64) bool {
	switch s.cond {
	case "<":
		return v < s.than
	case "<=":
		return v <= s.than
	case ">":
		return v > s.than
	case ">=":
		return v >= s.than
	case "=":
		return v == s.than
	case "<>":
		return v != s.than
	}
	return false
}

// pick is the section of a number, and whether that writes the sign.
func pick(all []section, v float64) (*section, bool) {
	if all[0].cond != "" || len(all) > 1 && all[1].cond != "" {
		for i := range all[:min(len(all), 2)] {
			if s := &all[i]; s.holds(v) {
				return s, v < 0 && s.than <= 0 && strings.HasPrefix(s.cond, "<")
			}
		}
		return &all[min(len(all)-1, 2)], false
	}
	switch {
	case v < 0 && len(all) > 1:
		return &all[1], true
	case v == 0 && len(all) > 2:
		return &all[2], false
	}
	return &all[0], false
}

// shown writes a number as its section shows it; false where this cannot tell.
func shown(all []section, v float64) (string, bool) {
	s, signed := pick(all, v)
	value := math.Abs(v) * math.Pow(100, float64(s.percents)) / math.Pow(1000, float64(s.scale))
	if s.odd || !(value < 1e15) || s.name() && v != math.Trunc(v) {
		return "", false
	}
	if s.unit && !s.money && !s.name() && s.percents == 0 && s.scale == 0 {
		return s.counted(v, value, signed), true
	}
	whole, frac := rounded(value, s.decimals)
	for len(frac) > s.must && frac[len(frac)-1] == '0' {
		frac = frac[:len(frac)-1]
	}
	var b strings.Builder
	if v < 0 && !signed && strings.Trim(whole+frac, "0") != "" {
		b.WriteByte('-')
	}
	at, behind := 0, 0
	for _, p := range s.parts {
		switch p.kind {
		case 't':
			b.WriteString(p.text)
		case 'g':
			b.WriteString(general(value, 0))
		case 'd':
			s.place(&b, whole, at, p.zero)
			at++
		case '.':
			if s.places == 0 {
				b.WriteString(whole)
			}
			if frac != "" {
				b.WriteByte('.')
			}
		case 'f':
			if behind < len(frac) {
				b.WriteByte(frac[behind])
			}
			behind++
		}
	}
	out := strings.TrimSpace(b.String())
	return out, out != ""
}

// counted writes a number that is not rounded, and what is counted apart from it.
func (s *section) counted(v, value float64, signed bool) string {
	var b strings.Builder
	if v < 0 && !signed {
		b.WriteByte('-')
	}
	number, after := false, false
	for _, p := range s.parts {
		if p.kind == 't' {
			if first, _ := utf8.DecodeRuneInString(p.text); after && counts(first) {
				b.WriteByte(' ')
			}
			b.WriteString(p.text)
			after = false
		} else if !number {
			if last, _ := utf8.DecodeLastRuneInString(b.String()); b.Len() > 0 && counts(last) {
				b.WriteByte(' ')
			}
			b.WriteString(general(value, s.decimals))
			number, after = true, true
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// place writes what stands at a place before the point: at the first also all digits
// that have no place of their own.
func (s *section) place(b *strings.Builder, whole string, at int, zero bool) {
	right := s.places - 1 - at // places that follow
	from := right
	if at == 0 {
		from = max(from, len(whole)-1)
	}
	for n := from; n >= right; n-- {
		switch {
		case n < len(whole):
			b.WriteByte(whole[len(whole)-1-n])
		case zero:
			b.WriteByte('0')
		default:
			continue
		}
		if s.grouped && n > 0 && n%3 == 0 {
			b.WriteByte(',')
		}
	}
}

// rounded are the digits before the point, none for zero, and so many behind it. Halves
// go up, as decimals have it.
func rounded(v float64, decimals int) (whole, frac string) {
	whole, frac, _ = strings.Cut(number(v, 15), ".")
	if strings.ContainsRune(whole+frac, 'E') { // next to nothing
		whole, frac = "0", ""
	}
	up := len(frac) > decimals && frac[decimals] >= '5'
	frac += strings.Repeat("0", max(decimals-len(frac), 0))
	digits := []byte(whole + frac[:decimals])
	for i := len(digits) - 1; up && i >= 0; i-- {
		if up = digits[i] == '9'; up {
			digits[i] = '0'
		} else {
			digits[i]++
		}
	}
	if up {
		digits = append([]byte{'1'}, digits...)
	}
	n := len(digits) - decimals
	return strings.TrimLeft(string(digits[:n]), "0"), string(digits[n:])
}
