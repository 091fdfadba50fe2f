package ooxml

import (
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

const levels = 9

// lists numbers the items of a document.
type lists struct {
	abstract map[string]*[levels]level
	num      map[string]*numbering
	counts   map[string]*[levels]int // of an abstract list
	begun    map[string]*[levels]bool
}

// numbering is an instance of an abstract list.
type numbering struct {
	abstract string
	own      [levels]*level // that differ
	start    [levels]int    // -1 where it goes on
}

// level is how a level of a list is numbered.
type level struct {
	format, text string
	start        int
	legal        bool
}

func newLists() *lists {
	return &lists{abstract: map[string]*[levels]level{}, num: map[string]*numbering{}, counts: map[string]*[levels]int{}, begun: map[string]*[levels]bool{}}
}

// read reads the part of numberings.
func (l *lists) read(s *xmlscan.Scanner) error {
	var abstract *[levels]level
	var num *numbering
	var at *level
	index := 0
	for s.Next() {
		if s.Kind == xmlscan.End {
			switch string(s.Name()) {
			case "w:abstractNum":
				abstract = nil
			case "w:num":
				num = nil
			case "w:lvl":
				at = nil
			}
			continue
		}
		if s.Kind != xmlscan.Start {
			continue
		}
		switch string(s.Name()) {
		case "w:abstractNum":
			abstract = &[levels]level{}
			l.abstract[s.Attr("w:abstractNumId")] = abstract
		case "w:num":
			num = &numbering{}
			for i := range num.start {
				num.start[i] = -1
			}
			l.num[s.Attr("w:numId")] = num
		case "w:abstractNumId":
			if num != nil {
				num.abstract = s.Attr("w:val")
			}
		case "w:lvlOverride":
			index = levelOf(s.Attr("w:ilvl"))
		case "w:startOverride":
			if n, err := strconv.Atoi(s.Attr("w:val")); err == nil && num != nil {
				num.start[index] = n
			}
		case "w:lvl":
			i := levelOf(s.Attr("w:ilvl"))
			switch {
			case num != nil:
				at = &level{start: 1}
				num.own[i] = at
			case abstract != nil:
				at = &abstract[i]
				at.start = 1
			}
		case "w:start", "w:numFmt", "w:lvlText", "w:isLgl":
			if at != nil {
				at.set(string(s.Name()), s.Attr("w:val"))
			}
		}
	}
	return nil
}

func (v *level) set(name, value string) {
	switch name {
	case "w:start":
		if n, err := strconv.Atoi(value); err == nil {
			v.start = n
		}
	case "w:numFmt":
		v.format = value
	case "w:lvlText":
		v.text = value
	case "w:isLgl":
		v.legal = true
	}
}

func levelOf(s string) int {
	n, _ := strconv.Atoi(s)
	return min(max(n, 0), levels-1)
}

// level is how level i of a list is numbered.
func (l *lists) level(n *numbering, i int) *level {
	if v := n.own[i]; v != nil {
		return v
	}
	if a := l.abstract[n.abstract]; a != nil {
		return &a[i]
	}
	return &level{}
}

// next counts an item and gives its number as it is shown, "" where that is a sign;
// and says whether there is such a list.
func (l *lists) next(num, lvl string) (string, bool) {
	n := l.num[num]
	if n == nil || num == "0" {
		return "", false
	}
	i := levelOf(lvl)
	c, begun := l.counts[n.abstract], l.begun[num]
	if c == nil {
		c = &[levels]int{}
		for k := range c {
			c[k] = -1
		}
		l.counts[n.abstract] = c
	}
	if begun == nil {
		begun = &[levels]bool{}
		l.begun[num] = begun
	}
	for k := range i + 1 {
		switch {
		case n.start[k] >= 0 && !begun[k]:
			c[k] = n.start[k] - 1
			if k < i {
				c[k]++
			}
		case c[k] < 0:
			c[k] = l.level(n, k).start - 1
			if k < i {
				c[k]++
			}
		}
		begun[k] = true
	}
	c[i]++
	for k := i + 1; k < levels; k++ {
		c[k] = -1
	}
	v := l.level(n, i)
	if v.format == "bullet" || v.format == "none" {
		return "", true
	}
	text := v.text
	for k := range i + 1 {
		mark := "%" + strconv.Itoa(k+1)
		if strings.Contains(text, mark) {
			f := l.level(n, k).format
			if v.legal {
				f = "decimal"
			}
			text = strings.ReplaceAll(text, mark, numeral(c[k], f))
		}
	}
	return strings.TrimSpace(text), true
}

// numeral writes a number in one of the formats of lists.
func numeral(n int, format string) string {
	if n <= 0 || n > 5000 {
		return strconv.Itoa(n)
	}
	switch format {
	case "lowerLetter", "upperLetter":
		s := strings.Repeat(string(rune('a'+(n-1)%26)), 1+(n-1)/26)
		if format == "upperLetter" {
			s = strings.ToUpper(s)
		}
		return s
	case "lowerRoman", "upperRoman":
		s := parts.Roman(n)
		if format == "lowerRoman" {
			s = strings.ToLower(s)
		}
		return s
	case "decimalZero":
		if n < 10 {
			return "0" + strconv.Itoa(n)
		}
	case "none":
		return ""
	}
	return strconv.Itoa(n)
}

// symbol is a character of a font of signs.
func symbol(font, char string) string {
	n, err := strconv.ParseUint(char, 16, 32)
	if err != nil {
		return ""
	}
	if n >= 0xF000 && n <= 0xF0FF {
		n -= 0xF000
	}
	if strings.EqualFold(font, "Symbol") {
		if r, ok := symbols[byte(n)]; ok && n < 256 {
			return string(r)
		}
	}
	if strings.HasPrefix(strings.ToLower(font), "wingdings") || strings.EqualFold(font, "Webdings") {
		switch n {
		case 0xA8, 0x6F, 0x71:
			return "☐"
		case 0xFE, 0x78, 0xFD:
			return "☒"
		case 0xFC:
			return "✓"
		case 0xE0:
			return "→"
		case 0xDF:
			return "←"
		}
		return ""
	}
	if n < ' ' {
		return ""
	}
	return string(rune(n))
}

// symbols are the letters of the font Symbol.
var symbols = func() map[byte]rune {
	m := map[byte]rune{}
	for i, r := range []rune("ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ") {
		m[byte('A'+i)] = r
	}
	for i, r := range []rune("αβχδεφγηιϕκλμνοπθρστυϖωξψζ") {
		m[byte('a'+i)] = r
	}
	for c, r := range map[byte]rune{0xA3: '≤', 0xB3: '≥', 0xB1: '±', 0xB4: '×', 0xB7: '•', 0xB8: '÷', 0xB9: '≠', 0xBB: '≈', 0xA5: '∞', 0xAE: '→', 0xAC: '←', 0xB0: '°', 0xD6: '√', 0xE5: '∑', 0xF2: '∫', 0xC5: '⊕', 0xCE: '∈', 0x2D: '−'} {
		m[c] = r
	}
	return m
}()
