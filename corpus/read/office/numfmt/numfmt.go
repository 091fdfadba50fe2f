// Package numfmt shows numbers as spreadsheets do, by the format codes of ECMA-376
// (part 1, 18.8.30): "#,##0.00", "d mmm yyyy", "0%", "[h]:mm".
//
// Names of months and days are English, decimals and thousands are parted as in
// English: a file does not say whose screen it is shown on.
package numfmt

import (
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// builtin are the codes that files name by number. What depends on the country is
// written as ISO 8601 has it.
var builtin = map[int]string{
	0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: `"$"#,##0;\("$"#,##0\)`, 6: `"$"#,##0;\("$"#,##0\)`, 7: `"$"#,##0.00;\("$"#,##0.00\)`, 8: `"$"#,##0.00;\("$"#,##0.00\)`,
	9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
	22: "yyyy-mm-dd h:mm", 37: `#,##0;\(#,##0\)`, 38: `#,##0;\(#,##0\)`, 39: `#,##0.00;\(#,##0.00\)`, 40: `#,##0.00;\(#,##0.00\)`, 41: `#,##0;\(#,##0\);"-"`, 42: `"$"#,##0;\("$"#,##0\);"$-"`,
	43: `#,##0.00;\(#,##0.00\);"-"`, 44: `"$"#,##0.00;\("$"#,##0.00\);"$-"`, 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@",
	27: "yyyy-mm-dd", 28: "yyyy-mm-dd", 29: "yyyy-mm-dd", 30: "yyyy-mm-dd", 31: "yyyy-mm-dd", 32: "h:mm", 33: "h:mm:ss", 34: "h:mm", 35: "h:mm:ss", 36: "yyyy-mm-dd",
	50: "yyyy-mm-dd", 51: "yyyy-mm-dd", 52: "yyyy-mm-dd", 53: "yyyy-mm-dd", 54: "yyyy-mm-dd", 55: "yyyy-mm-dd", 56: "yyyy-mm-dd", 57: "yyyy-mm-dd", 58: "yyyy-mm-dd",
}

// Builtin is the code of a number; "General" where there is none.
func Builtin(id int) string {
	if c, ok := builtin[id]; ok {
		return c
	}
	return "General"
}

// kind is what a token of a code is.
type kind uint8

const (
	literal kind = iota
	digit        // 0, # or ?
	point
	percent
	exponent // E+ or E-
	slash    // of a fraction
	general
	date  // y m d h s with their number, or A for the half of the day
	spent // hours, minutes or seconds since the start: [h]
	sub   // parts of a second: .000
	text  // @
)

type token struct {
	kind kind
	text string // of a literal; the letter of others
	n    int    // how many of the letter
}

type section struct {
	tokens []token
	op     string // of a condition
	limit  float64

	isDate, half       bool
	comma              bool // thousands are parted
	scale              int
	percents, decimals int
	fraction           bool
}

// Format is a code that was read.
type Format struct{ sections []*section }

// Parse reads a code; what it does not know stands for itself.
func Parse(code string) *Format {
	f := &Format{}
	for _, s := range split(strings.ToValidUTF8(code, "\uFFFD")) {
		f.sections = append(f.sections, parse(s))
		if len(f.sections) == 4 {
			break
		}
	}
	return f
}

// split cuts a code at semicolons.
func split(code string) []string {
	var all []string
	start, quote, bracket := 0, false, false
	for i := 0; i < len(code); i++ {
		switch c := code[i]; {
		case c == '"':
			quote = !quote
		case quote:
		case c == '\\' || c == '_' || c == '*':
			i++
		case c == '[':
			bracket = true
		case c == ']':
			bracket = false
		case c == ';' && !bracket:
			all = append(all, code[start:i])
			start = i + 1
		}
	}
	return append(all, code[start:])
}

// parse reads a section.
func parse(c string) *section {
	s := &section{}
	put := func(t string) {
		if n := len(s.tokens); n > 0 && s.tokens[n-1].kind == literal {
			s.tokens[n-1].text += t
		} else {
			s.tokens = append(s.tokens, token{literal, t, 0})
		}
	}
	for c != "" {
		n := 1
		switch ch := c[0]; {
		case ch == '"':
			end := strings.IndexByte(c[1:], '"')
			if end < 0 {
				end = len(c) - 1
			}
			put(c[1 : 1+end])
			n = min(end+2, len(c))
		case ch == '\\' || ch == '_' || ch == '*':
			_, size := utf8.DecodeRuneInString(c[1:])
			n += size
			if ch == '\\' {
				put(c[1:n])
			} else if ch == '_' {
				put(" ")
			}
		case ch == '[':
			end := strings.IndexByte(c, ']')
			if end < 0 {
				put(c)
				n = len(c)
				break
			}
			s.bracket(c[1:end], put)
			n = end + 1
		case len(c) >= 7 && strings.EqualFold(c[:7], "general"):
			s.tokens = append(s.tokens, token{general, "", 0})
			n = 7
		default:
			n = s.sign(c, put)
		}
		c = c[n:]
	}
	s.settle()
	return s
}

func (s *section) bracket(in string, put func(string)) {
	switch l := strings.ToLower(in); {
	case strings.HasPrefix(in, "$"):
		sign, _, _ := strings.Cut(in[1:], "-")
		put(sign)
	case l != "" && (strings.Trim(l, "h") == "" || strings.Trim(l, "m") == "" || strings.Trim(l, "s") == ""):
		s.tokens = append(s.tokens, token{spent, l[:1], len(l)})
		s.isDate = true
	case l != "" && strings.ContainsRune("<>=", rune(l[0])):
		s.op = strings.TrimRight(l, "0123456789.-+eE ")
		s.limit, _ = strconv.ParseFloat(strings.TrimSpace(l[len(s.op):]), 64)
	}
}

// sign reads what is neither quoted nor in brackets and says how long it is.
func (s *section) sign(c string, put func(string)) int {
	run := 1
	for run < len(c) && c[run]|0x20 == c[0]|0x20 {
		run++
	}
	switch ch := c[0]; ch {
	case '0', '#', '?':
		s.tokens = append(s.tokens, token{digit, c[:1], 1})
	case '.':
		zeros := 1
		for zeros < len(c) && c[zeros] == '0' {
			zeros++
		}
		if n := len(s.tokens); s.isDate && zeros > 1 && n > 0 && (s.tokens[n-1].text == "s" || s.tokens[n-1].kind == spent) {
			s.tokens = append(s.tokens, token{sub, "", zeros - 1})
			return zeros
		}
		if s.isDate {
			put(".")
		} else {
			s.tokens = append(s.tokens, token{point, "", 0})
		}
	case ',':
		s.tokens = append(s.tokens, token{kind: digit, text: ","})
	case '%':
		s.percents++
		put("%")
	case '@':
		s.tokens = append(s.tokens, token{kind: text})
	case '/':
		if n := len(s.tokens); n > 0 && s.tokens[n-1].kind == digit && !s.isDate && len(c) > 1 && strings.ContainsRune("0#?123456789", rune(c[1])) {
			end := 1
			for end < len(c) && strings.ContainsRune("0#?123456789", rune(c[end])) {
				end++
			}
			s.tokens = append(s.tokens, token{slash, c[1:end], end - 1})
			s.fraction = true
			return end
		}
		put("/")
	case 'E', 'e':
		if len(c) > 1 && (c[1] == '+' || c[1] == '-') && !s.isDate {
			n := 2
			for n < len(c) && strings.IndexByte("0#?", c[n]) >= 0 {
				n++
			}
			s.tokens = append(s.tokens, token{exponent, c[:2], n - 2})
			return n
		}
		s.tokens = append(s.tokens, token{date, "y", 4}) // the year of an era
		s.isDate = true
		return run
	case 'y', 'Y', 'm', 'M', 'd', 'D', 'h', 'H', 's', 'S', 'g', 'G', 'b', 'B':
		if ch|0x20 != 'g' {
			l := strings.ToLower(c[:1])
			if l == "b" {
				l = "y"
			}
			s.tokens = append(s.tokens, token{date, l, run})
		}
		s.isDate = true
		return run
	case 'a', 'A':
		for _, half := range []string{"am/pm", "a/p"} {
			if len(c) >= len(half) && strings.EqualFold(c[:len(half)], half) {
				s.tokens = append(s.tokens, token{date, "A", len(half)})
				s.isDate, s.half = true, true
				return len(half)
			}
		}
		if run >= 3 {
			s.tokens = append(s.tokens, token{date, "d", run})
			s.isDate = true
			return run
		}
		put(c[:1])
	default:
		_, n := utf8.DecodeRuneInString(c)
		put(c[:n])
		return n
	}
	return 1
}

// settle finds what the whole of the section says: which m are minutes, where
// thousands are parted.
func (s *section) settle() {
	if s.isDate {
		last := ""
		for i := range s.tokens {
			t := &s.tokens[i]
			if t.kind == digit { // a comma between parts of a date
				*t = token{literal, t.text, 0}
			}
			if t.kind != date && t.kind != spent {
				continue
			}
			if t.text == "m" && t.kind == date && t.n <= 2 && (last == "h" || s.next(i) == "s") {
				t.text = "M"
			}
			if t.text != "A" {
				last = t.text
			}
		}
		return
	}
	after, at := false, -1
	for i := range s.tokens {
		switch t := &s.tokens[i]; {
		case t.kind == point:
			after = true
		case t.kind == digit && t.text != ",":
			at = i
			if after {
				s.decimals++
			}
		case t.kind == exponent, t.kind == slash:
			after = false
		}
	}
	kept := s.tokens[:0]
	for i, t := range s.tokens {
		if t.kind == digit && t.text == "," {
			switch {
			case at < 0:
				kept = append(kept, token{literal, ",", 0})
			case i < at:
				s.comma = true
			default:
				s.scale++
			}
			continue
		}
		kept = append(kept, t)
	}
	s.tokens = kept
}

func (s *section) next(i int) string {
	for _, t := range s.tokens[i+1:] {
		if t.kind == date || t.kind == spent {
			return t.text
		}
	}
	return ""
}

// Show writes a number. from1904 says that days count from 1 January 1904.
func (f *Format) Show(v float64, from1904 bool) string {
	s, minus := f.section(v)
	if s == nil {
		return ""
	}
	switch {
	case s.isDate:
		if t, ok := Time(v, from1904); ok {
			return s.date(v, t)
		}
		return General(v)
	case len(s.tokens) == 0:
		return ""
	}
	a := v
	if minus {
		a = math.Abs(v)
	}
	return strings.TrimSpace(s.number(a))
}

// IsDate says that numbers are shown as a date or time.
func (f *Format) IsDate() bool { return len(f.sections) > 0 && f.sections[0].isDate }

// Text writes a text: by the section of texts where there is one.
func (f *Format) Text(t string) string {
	if len(f.sections) < 4 {
		return t
	}
	var b strings.Builder
	for _, k := range f.sections[3].tokens {
		switch k.kind {
		case text, general:
			b.WriteString(t)
		case literal:
			b.WriteString(k.text)
		}
	}
	return b.String()
}

// section is the one that a number is shown by, and whether its sign is the
// section's to show.
func (f *Format) section(v float64) (*section, bool) {
	n := min(len(f.sections), 3)
	if n == 0 {
		return nil, false
	}
	if f.sections[0].op != "" || n > 1 && f.sections[1].op != "" {
		for i, s := range f.sections[:n] {
			if s.op == "" && i < n-1 && !(i == 1 && v < 0) && !(i == 0 && v > 0) {
				continue
			}
			if s.op == "" || holds(v, s.op, s.limit) {
				return s, v < 0 && i > 0
			}
		}
		return f.sections[n-1], false
	}
	switch {
	case n == 1 || v > 0 || v == 0 && n < 3:
		return f.sections[0], false
	case v < 0:
		return f.sections[1], true
	}
	return f.sections[2], true
}

func holds(v float64, op string, limit float64) bool {
	switch op {
	case "<":
		return v < limit
	case "<=":
		return v <= limit
	case ">":
		return v > limit
	case ">=":
		return v >= limit
	case "<>":
		return v != limit
	}
	return v == limit
}

// General is a number as it stands in a cell without a format: fifteen digits at most.
func General(v float64) string {
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return ""
	case v == 0:
		return "0"
	}
	if a := math.Abs(v); a >= 1e15 || a < 1e-9 {
		m := strconv.FormatFloat(v, 'E', 14, 64)
		at := strings.IndexByte(m, 'E')
		return strings.TrimRight(strings.TrimRight(m[:at], "0"), ".") + m[at:]
	}
	s := strconv.FormatFloat(v, 'f', max(0, 14-int(math.Floor(math.Log10(math.Abs(v))))), 64)
	if strings.IndexByte(s, '.') >= 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// Time is the moment of a day's number: day 1 is 1 January 1900, and the year 1900
// has a 29 February.
func Time(v float64, from1904 bool) (time.Time, bool) {
	if math.IsNaN(v) || v < 0 || v >= 2958466 {
		return time.Time{}, false
	}
	days := int(v)
	ms := int64(math.Round((v - float64(days)) * 86400e3))
	base := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case from1904:
		base = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case days < 60:
		base = base.AddDate(0, 0, 1)
	}
	return base.AddDate(0, 0, days).Add(time.Duration(ms) * time.Millisecond), true
}

func pad(n, digits int) string {
	s := strconv.Itoa(n)
	if len(s) < digits {
		s = strings.Repeat("0", digits-len(s)) + s
	}
	return s
}

func (s *section) date(v float64, t time.Time) string {
	var b strings.Builder
	unit := s.smallest()
	t = t.Add(unit / 2).Truncate(unit)
	for _, k := range s.tokens {
		switch k.kind {
		case literal:
			b.WriteString(k.text)
		case sub:
			n := min(k.n, 3)
			b.WriteString("." + pad(t.Nanosecond()/1e6, 3)[:n])
		case spent:
			secs := int64(math.Round(v * 86400))
			b.WriteString(pad(int(secs/map[string]int64{"h": 3600, "m": 60, "s": 1}[k.text]), k.n))
		case date:
			b.WriteString(s.part(k, t))
		}
	}
	return strings.TrimSpace(b.String())
}

func (s *section) smallest() time.Duration {
	for _, k := range s.tokens {
		if k.kind == sub {
			return []time.Duration{100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond}[min(k.n, 3)-1]
		}
	}
	return time.Second
}

func (s *section) part(k token, t time.Time) string {
	switch k.text {
	case "y":
		if k.n <= 2 {
			return pad(t.Year()%100, 2)
		}
		return pad(t.Year(), 4)
	case "m":
		switch k.n {
		case 1, 2:
			return pad(int(t.Month()), k.n)
		case 3:
			return t.Month().String()[:3]
		case 5:
			return t.Month().String()[:1]
		}
		return t.Month().String()
	case "d":
		switch k.n {
		case 1, 2:
			return pad(t.Day(), k.n)
		case 3:
			return t.Weekday().String()[:3]
		}
		return t.Weekday().String()
	case "h":
		h := t.Hour()
		if s.half {
			if h %= 12; h == 0 {
				h = 12
			}
		}
		return pad(h, min(k.n, 2))
	case "M":
		return pad(t.Minute(), min(k.n, 2))
	case "s":
		return pad(t.Second(), min(k.n, 2))
	case "A":
		half := "AM"
		if t.Hour() >= 12 {
			half = "PM"
		}
		if k.n == 3 {
			half = half[:1]
		}
		return half
	}
	return ""
}

// IsGeneral says that a number stands as it is.
func (f *Format) IsGeneral() bool {
	return len(f.sections) == 1 && len(f.sections[0].tokens) == 1 && f.sections[0].tokens[0].kind == general
}
