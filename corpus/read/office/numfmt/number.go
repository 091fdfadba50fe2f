package numfmt

import (
	"math"
	"strconv"
	"strings"
)

// number writes one by the digits of the section.
func (s *section) number(v float64) string {
	digits := 0
	for _, t := range s.tokens {
		if t.kind == digit {
			digits++
		}
		if t.kind == exponent {
			return s.scientific(v)
		}
	}
	for range s.percents {
		v *= 100
	}
	if s.fraction {
		return s.ratio(v)
	}
	if digits == 0 { // only words, or General
		var b strings.Builder
		for _, t := range s.tokens {
			switch t.kind {
			case literal:
				b.WriteString(t.text)
			case general, text:
				b.WriteString(General(v))
			}
		}
		return b.String()
	}
	for range s.scale {
		v /= 1000
	}
	return s.lay(v)
}

// lay puts the digits of a number into their places.
func (s *section) lay(v float64) string {
	t := strconv.FormatFloat(round(math.Abs(v), s.decimals), 'f', min(s.decimals, 30), 64)
	whole, frac, _ := strings.Cut(t, ".")
	if whole == "0" {
		whole = ""
	}
	minus := v < 0 && strings.Trim(t, "0.") != ""
	// Places before the point take digits from the right; the first takes all that is left.
	places, first := 0, -1
	for i, k := range s.tokens {
		if k.kind == point {
			break
		}
		if k.kind == digit {
			if first < 0 {
				first = i
			}
			places++
		}
	}
	var b strings.Builder
	if minus {
		b.WriteByte('-')
	}
	left := places
	after, at := false, 0
	group := func(rest int) { // rest digits follow
		if s.comma && rest > 0 && rest%3 == 0 {
			b.WriteByte(',')
		}
	}
	for i, k := range s.tokens {
		switch {
		case k.kind == literal:
			b.WriteString(k.text)
		case k.kind == point:
			after = true
			if first < 0 {
				b.WriteString(whole)
			}
			if s.shown(frac) {
				b.WriteByte('.')
			}
		case k.kind == digit && !after:
			if i == first {
				for j := range max(len(whole)-places, 0) {
					b.WriteByte(whole[j])
					group(len(whole) - j - 1)
				}
			}
			left--
			if j := len(whole) - left - 1; j >= 0 {
				b.WriteByte(whole[j])
				group(left)
			} else if k.text == "0" {
				b.WriteByte('0')
				group(left)
			} else if k.text == "?" {
				b.WriteByte(' ')
			}
		case k.kind == digit && at < len(frac):
			if k.text == "0" || strings.Trim(frac[at:], "0") != "" {
				b.WriteByte(frac[at])
			}
			at++
		}
	}
	return b.String()
}

// shown says that a point is followed by something.
func (s *section) shown(frac string) bool {
	if strings.Trim(frac, "0") != "" {
		return true
	}
	after := false
	for _, k := range s.tokens {
		if k.kind == point {
			after = true
		} else if after && k.kind == digit && k.text == "0" {
			return true
		}
	}
	return false
}

// round rounds halves away from zero, as they look in decimal.
func round(v float64, decimals int) float64 {
	if v >= 1e15 || decimals > 15 {
		return v
	}
	p := math.Pow(10, float64(decimals))
	if x := v * p; x < 1e15 {
		return math.Round(x*(1+1e-15)) / p // 1.005 is a little less in binary
	}
	return v
}

// scientific writes a mantissa and an exponent.
func (s *section) scientific(v float64) string {
	places, exp := 0, 0
	var mark token
	m := *s
	m.tokens, m.decimals = nil, 0
	var tail []token
	after, seen := false, false
	for _, t := range s.tokens {
		switch {
		case t.kind == exponent:
			mark, seen = t, true
		case seen:
			tail = append(tail, t)
		default:
			if t.kind == point {
				after = true
			} else if t.kind == digit && after {
				m.decimals++
			} else if t.kind == digit {
				places++
			}
			m.tokens = append(m.tokens, t)
		}
	}
	places = max(places, 1)
	if a := math.Abs(v); a > 0 {
		exp = int(math.Floor(math.Log10(a)))
		exp = int(math.Floor(float64(exp)/float64(places))) * places
		v /= math.Pow(10, float64(exp))
		if round(math.Abs(v), m.decimals) >= math.Pow(10, float64(places)) {
			v /= math.Pow(10, float64(places))
			exp += places
		}
	}
	out := m.lay(v) + "E"
	switch {
	case exp < 0:
		out += "-"
	case mark.text[1] == '+':
		out += "+"
	}
	if exp < 0 {
		exp = -exp
	}
	out += pad(exp, mark.n)
	for _, t := range tail {
		if t.kind == literal {
			out += t.text
		}
	}
	return out
}

// ratio writes a number as a fraction.
func (s *section) ratio(v float64) string {
	var below string
	places := 0
	for _, t := range s.tokens {
		if t.kind == slash {
			below = t.text
			break
		}
		if t.kind == digit {
			places++
		}
	}
	whole, part := math.Modf(math.Abs(v))
	num, den := 0, 1
	if fixed, err := strconv.Atoi(below); err == nil && fixed > 0 {
		num, den = int(math.Round(part*float64(fixed))), fixed
	} else {
		num, den = nearest(part, int(math.Pow(10, float64(min(len(below), 4))))-1)
	}
	if num == den {
		whole, num = whole+1, 0
	}
	out := ""
	if v < 0 {
		out = "-"
	}
	mixed := strings.Contains(s.shape(), " ")
	if !mixed {
		return out + strconv.FormatFloat(whole*float64(den)+float64(num), 'f', 0, 64) + "/" + strconv.Itoa(den)
	}
	if num == 0 {
		return out + strconv.FormatFloat(whole, 'f', 0, 64)
	}
	if whole > 0 {
		out += strconv.FormatFloat(whole, 'f', 0, 64) + " "
	}
	return out + strconv.Itoa(num) + "/" + strconv.Itoa(den)
}

func (s *section) shape() string {
	var b strings.Builder
	for _, t := range s.tokens {
		b.WriteString(t.text)
	}
	return b.String()
}

// nearest is the best fraction of a part of one with a denominator of at most most.
func nearest(v float64, most int) (num, den int) {
	best := math.Inf(1)
	den = 1
	for d := 1; d <= max(most, 1); d++ {
		n := math.Round(v * float64(d))
		if e := math.Abs(v - n/float64(d)); e < best-1e-12 {
			best, num, den = e, int(n), d
		}
	}
	return num, den
}
