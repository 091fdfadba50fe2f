// Package numfmt says what the number of a cell is by its format code (ECMA-376, part
// 1, 18.8.30) and writes it so that nothing is lost: a date as ISO 8601 has it, a
// percentage with its sign, all others with their digits, as many as count. Rounding,
// separators and colours are a matter of the screen, and what is asked for is the value.
// But a code that fills with zeros or puts signs between digits ("00000",
// "000-00-0000") makes a name of a number, and that is written as it is shown; so are
// hours beyond a day ("[h]:mm").
package numfmt

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Builtin is the code that files name by number; "General" for all that are plain
// numbers.
func Builtin(id int) string {
	switch {
	case id == 9 || id == 10:
		return "0%"
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 58:
		return "yyyy-mm-dd"
	case id >= 18 && id <= 21, id >= 32 && id <= 35, id == 45, id == 47:
		return "h:mm:ss"
	case id == 22:
		return "yyyy-mm-dd h:mm"
	case id == 46:
		return "[h]:mm:ss"
	}
	return "General"
}

// Format is a code that was read.
type Format struct {
	day, clock, elapsed bool
	percent             bool
	mask                string // of a name: 0 for a digit
}

// Parse reads a code: its first section, which is that of positive numbers.
func Parse(code string) *Format {
	f := &Format{}
	var mask strings.Builder
	zeros, other, last := 0, false, byte(0)
	for i := 0; i < len(code); i++ {
		c := code[i]
		switch {
		case c == '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code) - i - 1
			}
			mask.WriteString(code[i+1 : i+1+end])
			i += end + 1
			continue
		case c == '\\' && i+1 < len(code):
			i++
			mask.WriteByte(code[i])
			continue
		case (c == '_' || c == '*') && i+1 < len(code):
			i++
			continue
		case c == '[':
			in, rest, _ := strings.Cut(code[i+1:], "]")
			i = len(code) - len(rest) - 1
			if in = strings.ToLower(in); in != "" && (strings.Trim(in, "h") == "" || strings.Trim(in, "m") == "" || strings.Trim(in, "s") == "") {
				f.clock, f.elapsed = true, true
				last = in[0]
			} else if strings.HasPrefix(in, "$") {
				other = true
			}
			continue
		case c == ';':
			i = len(code)
			continue
		case len(code)-i >= 7 && strings.EqualFold(code[i:i+7], "general"):
			other = true
			i += 6
			continue
		case len(code)-i >= 5 && strings.EqualFold(code[i:i+5], "am/pm"):
			f.clock = true
			i += 4
			continue
		}
		switch l := c | 0x20; {
		case c == '0':
			zeros++
			mask.WriteByte('0')
		case c == '%':
			f.percent = true
		case l == 'e' && (i+1 < len(code) && (code[i+1] == '+' || code[i+1] == '-')), strings.IndexByte("#?.,@/", c) >= 0:
			other = true
		case l == 'y' || l == 'd' || l == 'e' || l == 'g':
			f.day = true
		case l == 'h' || l == 's':
			f.clock = true
		case l == 'm':
			if !f.minutes(code[i:], last) && last != 'm' {
				f.day = true
			}
		case strings.IndexByte("-() ", c) >= 0:
			mask.WriteByte(c)
		}
		if l := c | 0x20; l >= 'a' && l <= 'z' {
			last = l
		}
	}
	if zeros > 1 && !other && !f.day && !f.clock && !f.percent {
		f.mask = mask.String()
	}
	return f
}

// minutes says that m stands for them: behind hours or before seconds.
func (f *Format) minutes(rest string, last byte) bool {
	if last == 'h' {
		f.clock = true
		return true
	}
	rest = strings.TrimLeft(strings.ToLower(rest), "m:.]")
	if strings.HasPrefix(rest, "s") || strings.HasPrefix(rest, "[s") {
		f.clock = true
		return true
	}
	return false
}

// Plain says that numbers stand as they are.
func (f *Format) Plain() bool { return *f == Format{} }

// Show writes a number. from1904 says that days count from 1 January 1904.
func (f *Format) Show(v float64, from1904 bool) string {
	switch {
	case f.elapsed:
		s := int64(math.Round(math.Abs(v) * 86400))
		if s > 1e12 {
			break
		}
		out := pad(s/3600, 1) + ":" + pad(s/60%60, 2) + ":" + pad(s%60, 2)
		if v < 0 {
			out = "-" + out
		}
		return out
	case f.day || f.clock:
		if t, ok := Time(v, from1904); ok {
			return f.date(v, t)
		}
	case f.percent:
		return Number(v*100) + "%"
	case f.mask != "" && v >= 0 && v < 1e15 && v == math.Trunc(v):
		return f.masked(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return Number(v)
}

// date writes a moment: without the time of day where it has none, without the day
// where it is but a time.
func (f *Format) date(v float64, t time.Time) string {
	t = t.Truncate(time.Second)
	h, m, s := t.Clock()
	switch {
	case v < 1 && f.clock && !f.day:
		return t.Format("15:04:05")
	case f.day && h == 0 && m == 0 && s == 0:
		return t.Format("2006-01-02")
	}
	return t.Format("2006-01-02 15:04:05")
}

// masked puts digits into the places of a mask, from the right; the first takes what
// is left.
func (f *Format) masked(digits string) string {
	places := strings.Count(f.mask, "0")
	if len(digits) < places {
		digits = strings.Repeat("0", places-len(digits)) + digits
	}
	var b strings.Builder
	for i := range len(f.mask) {
		if f.mask[i] != '0' {
			b.WriteByte(f.mask[i])
			continue
		}
		n := len(digits) - places + 1
		b.WriteString(digits[:n])
		digits = digits[n:]
		places--
	}
	return b.String()
}

// Number is a number with at most fifteen digits that count, which is what
// spreadsheets keep of them.
func Number(v float64) string {
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return ""
	case v == 0:
		return "0"
	}
	if a := math.Abs(v); a >= 1e16 || a < 1e-9 {
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

func pad(n int64, digits int) string {
	s := strconv.FormatInt(n, 10)
	if len(s) < digits {
		s = strings.Repeat("0", digits-len(s)) + s
	}
	return s
}
