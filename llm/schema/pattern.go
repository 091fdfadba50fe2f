package schema

import (
	"errors"
	"regexp/syntax"
	"unicode"
	"unicode/utf8"
)

// pattern is the rule of what a regular expression matches, inside quotation marks. Where it does
// not begin with ^ or end with $, anything stands there.
func (c *compiler) pattern(expression string) (element, error) {
	re, err := syntax.Parse(expression, syntax.Perl&^syntax.OneLine)
	if err != nil {
		return element{}, err
	}
	parts := []*syntax.Regexp{re.Simplify()}
	if parts[0].Op == syntax.OpConcat {
		parts = parts[0].Sub
	}
	anything := c.g.times(c.character, 0, -1)
	var whole sequence
	if len(parts) > 0 && isBegin(parts[0]) {
		parts = parts[1:]
	} else {
		whole = append(whole, anything)
	}
	open := true
	if n := len(parts); n > 0 && isEnd(parts[n-1]) {
		parts, open = parts[:n-1], false
	}
	for _, p := range parts {
		e, err := c.expression(p)
		if err != nil {
			return element{}, err
		}
		whole = append(whole, e)
	}
	if open {
		whole = append(whole, anything)
	}
	return c.g.rule(whole), nil
}

func isBegin(re *syntax.Regexp) bool {
	return re.Op == syntax.OpBeginLine || re.Op == syntax.OpBeginText
}
func isEnd(re *syntax.Regexp) bool { return re.Op == syntax.OpEndLine || re.Op == syntax.OpEndText }

func (c *compiler) expression(re *syntax.Regexp) (element, error) {
	if len(c.g.rules) > mostRules {
		return element{}, errors.New("it allows too much to be kept in mind")
	}
	switch re.Op {
	case syntax.OpEmptyMatch:
		return c.g.rule(nil), nil
	case syntax.OpLiteral:
		if re.Flags&syntax.FoldCase != 0 {
			return element{}, errors.New("letters of either case are not kept; name both")
		}
		var all sequence
		for _, r := range re.Rune {
			e, err := c.runes([]rune{r, r})
			if err != nil {
				return element{}, err
			}
			all = append(all, e)
		}
		return c.g.rule(all), nil
	case syntax.OpCharClass:
		return c.runes(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return c.plain, nil
	case syntax.OpCapture:
		return c.expression(re.Sub[0])
	case syntax.OpBeginLine, syntax.OpBeginText, syntax.OpEndLine, syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return element{}, errors.New("^, $ and \\b within are not kept; ^ at the very beginning and $ at the very end are")
	}
	var subs sequence
	for _, s := range re.Sub {
		e, err := c.expression(s)
		if err != nil {
			return element{}, err
		}
		subs = append(subs, e)
	}
	switch re.Op {
	case syntax.OpConcat:
		return c.g.rule(subs), nil
	case syntax.OpAlternate:
		e := c.g.rule()
		for _, s := range subs {
			c.g.rules[e.rule] = append(c.g.rules[e.rule], sequence{s})
		}
		return e, nil
	case syntax.OpQuest:
		return c.g.maybe(subs...), nil
	case syntax.OpStar:
		return c.g.times(subs[0], 0, -1), nil
	case syntax.OpPlus:
		return c.g.times(subs[0], 1, -1), nil
	}
	return element{}, errors.New("it matches nothing")
}

// runes is one character of ranges, written as JSON has it. Control characters are left out.
func (c *compiler) runes(ranges []rune) (element, error) {
	e := c.g.rule()
	add := func(s sequence) { c.g.rules[e.rule] = append(c.g.rules[e.rule], s) }
	for i := 0; i < len(ranges); i += 2 {
		low, high := max(ranges[i], ' '), min(ranges[i+1], unicode.MaxRune)
		if low <= 0x7F && low <= high {
			s := new(set).add(byte(low), byte(min(high, 0x7E)))
			for _, escaped := range `"\` {
				if s.has(byte(escaped)) {
					s[escaped>>6] &^= 1 << (escaped & 63)
					add(text(`\` + string(escaped)))
				}
			}
			if *s != (set{}) {
				add(sequence{{bytes: s}})
			}
		}
		if low = max(low, 0x80); low <= high {
			c.wide(low, high, add)
		}
	}
	if len(c.g.rules[e.rule]) == 0 {
		return element{}, errors.New("it asks for control characters")
	}
	return e, nil
}

// wide adds the UTF-8 of characters from 0x80 on: a range is cut where lengths change and where
// last bytes do not run through.
func (c *compiler) wide(low, high rune, add func(sequence)) {
	for _, end := range []rune{0x7FF, 0xD7FF, 0xFFFF, unicode.MaxRune} {
		if low >= 0xD800 && low <= 0xDFFF {
			low = 0xE000 // halves of pairs are no characters
		}
		if low > high {
			return
		}
		if low <= end {
			c.same(low, min(high, end), utf8.RuneLen(low), add)
			low = end + 1
		}
	}
}

// same adds characters that have n bytes each.
func (c *compiler) same(low, high rune, n int, add func(sequence)) {
	for k := 1; k < n; k++ {
		block := rune(1) << (6 * k)
		if low/block == high/block {
			continue // they share the bytes before the last k
		}
		if low%block != 0 {
			end := low - low%block + block - 1
			c.same(low, end, n, add)
			c.same(end+1, high, n, add)
			return
		}
		if high%block != block-1 {
			end := high - high%block - 1
			c.same(low, end, n, add)
			c.same(end+1, high, n, add)
			return
		}
	}
	a, b := string(low), string(high)
	var s sequence
	for i := range len(a) {
		s = append(s, between(a[i], b[i]))
	}
	add(s)
}
