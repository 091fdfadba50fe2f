// Package numfmt writes the number of a cell by its format code (ECMA-376, part 1,
// 18.8.30), for who reads the sheet as text and looks for what stands in it:
//
//   - Where the code makes money, a percentage or a name of the digits ("00000",
//     "000-00-0000"), the cell is written as it is shown: "$2,300", "93.8%".
//   - Where it puts a unit beside them, so does this: "37 kg", "25.39666667 °". The
//     number does not say what it is a number of without that.
//   - Where the code only rounds, groups or colours, and before a unit, the number is
//     written as the format General shows it: without separators, with ten digits that
//     count, or with more where there are cents behind them or the code shows more.
//     What is asked for is the value, and "1234.5678" is found by it; the digits behind
//     are mostly what computing left there (3.35000000000001).
//   - Dates and times are ISO 8601, whose order of day and month nobody has to guess,
//     and as fine as the code: a month is 2023-01. Hours beyond a day are as shown.
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
	case id == 9:
		return "0%"
	case id == 10:
		return "0.00%"
	case id == 17:
		return "mmm-yy"
	case id >= 14 && id <= 16, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 58:
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
	year, month, day, clock, elapsed bool
	sections                         []section // of one that is written as it is shown
	decimals                         int       // of a plain number
}

// Parse reads a code.
func Parse(code string) *Format {
	f := &Format{}
	f.times(code)
	if f.date() || f.clock {
		return f
	}
	all := parseSections(code)
	for _, s := range all {
		if s.unit || s.name() {
			f.sections = all
		}
		f.decimals = max(f.decimals, s.decimals)
	}
	return f
}

func (f *Format) date() bool { return f.year || f.month || f.day }

// times finds out what of a moment the first section shows, if it is one.
func (f *Format) times(code string) {
	last := byte(0)
	for i := 0; i < len(code); i++ {
		c := code[i]
		switch {
		case c == '"':
			end := strings.IndexByte(code[i+1:], '"')
			if end < 0 {
				end = len(code) - i - 1
			}
			i += end + 1
			continue
		case (c == '\\' || c == '_' || c == '*') && i+1 < len(code):
			i++
			continue
		case c == '[':
			in, rest, _ := strings.Cut(code[i+1:], "]")
			i = len(code) - len(rest) - 1
			if in = strings.ToLower(in); in != "" && (strings.Trim(in, "h") == "" || strings.Trim(in, "m") == "" || strings.Trim(in, "s") == "") {
				f.clock, f.elapsed = true, true
				last = in[0]
			}
			continue
		case c == ';':
			return
		case isGeneral(code[i:]):
			i += len("general") - 1
			continue
		case len(code)-i >= 5 && strings.EqualFold(code[i:i+5], "am/pm"):
			f.clock = true
			i += 4
			continue
		case isExponent(code[i:]):
			continue
		}
		switch l := c | 0x20; l {
		case 'y', 'e', 'g':
			f.year = true
		case 'd':
			f.day = true
		case 'h', 's':
			f.clock = true
		case 'm':
			if !f.minutes(code[i:], last) && last != 'm' {
				f.month = true
			}
		}
		if l := c | 0x20; l >= 'a' && l <= 'z' {
			last = l
		}
	}
}

func isGeneral(code string) bool {
	return len(code) >= 7 && strings.EqualFold(code[:7], "general")
}

func isExponent(code string) bool {
	return len(code) > 1 && code[0]|0x20 == 'e' && (code[1] == '+' || code[1] == '-')
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

// Plain says that a number of few digits stands as it is.
func (f *Format) Plain() bool { return f.sections == nil && !f.date() && !f.clock }

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
	case f.date() || f.clock:
		if t, ok := Time(v, from1904); ok {
			return f.moment(v, t)
		}
	case f.sections != nil:
		if s, ok := shown(f.sections, v); ok {
			return s
		}
	}
	return general(v, f.decimals)
}

// moment writes one: without the time of day where it has none, without the day
// where it is but a time or a month.
func (f *Format) moment(v float64, t time.Time) string {
	t = t.Truncate(time.Second)
	h, m, s := t.Clock()
	switch midnight := h == 0 && m == 0 && s == 0; {
	case v < 1 && f.clock && !f.date():
		return t.Format("15:04:05")
	case !f.date() || !midnight:
		return t.Format("2006-01-02 15:04:05")
	case f.clock || f.day || !f.year:
		return t.Format("2006-01-02")
	case f.month:
		return t.Format("2006-01")
	}
	return t.Format("2006")
}

// general writes a plain number: see the package. decimals are those that are shown.
func general(v float64, decimals int) string {
	whole := 1
	if a := math.Abs(v); a >= 1 {
		whole = 1 + int(math.Floor(math.Log10(a)))
	}
	return number(v, min(max(10, whole+max(decimals, 2)), 15))
}

// Number is a number with at most fifteen digits that count, which is what
// spreadsheets keep of them.
func Number(v float64) string { return number(v, 15) }

func number(v float64, digits int) string {
	switch {
	case math.IsInf(v, 0) || math.IsNaN(v):
		return ""
	case v == 0:
		return "0"
	}
	if a := math.Abs(v); a >= 1e16 || a < 1e-9 {
		m := strconv.FormatFloat(v, 'E', digits-1, 64)
		at := strings.IndexByte(m, 'E')
		return strings.TrimRight(strings.TrimRight(m[:at], "0"), ".") + m[at:]
	}
	s := strconv.FormatFloat(v, 'f', max(0, digits-1-int(math.Floor(math.Log10(math.Abs(v))))), 64)
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
