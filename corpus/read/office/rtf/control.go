package rtf

import (
	"strconv"
	"strings"
	"unicode/utf16"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/korean"
)

// control reads what stands behind a backslash.
func (r *reader) control() {
	if r.at >= len(r.src) {
		return
	}
	c := r.src[r.at]
	if c|0x20 >= 'a' && c|0x20 <= 'z' {
		r.word()
		return
	}
	r.at++
	fresh := r.s.fresh
	r.s.fresh = false
	switch c {
	case '\'':
		if r.at+2 > len(r.src) {
			return
		}
		n, err := strconv.ParseUint(r.src[r.at:r.at+2], 16, 8)
		if err != nil {
			return
		}
		r.at += 2
		if r.skip > 0 {
			r.skip--
			return
		}
		r.byte(byte(n))
	case '*':
		r.s.star, r.s.fresh = true, fresh
	case '\r', '\n':
		r.act("par", 0, false)
	default:
		if r.skip > 0 {
			r.skip--
			return
		}
		r.flush()
		switch c {
		case '~':
			r.put("\u00A0")
		case '_':
			r.put("-")
		case '\\', '{', '}':
			r.put(string(rune(c)))
		case '\t':
			r.put("\t")
		}
	}
}

// word reads a control word and its number.
func (r *reader) word() {
	start := r.at
	for r.at < len(r.src) && r.at-start < 40 && (r.src[r.at]|0x20 >= 'a' && r.src[r.at]|0x20 <= 'z') {
		r.at++
	}
	name := r.src[start:r.at]
	start = r.at
	if r.at < len(r.src) && r.src[r.at] == '-' {
		r.at++
	}
	for r.at < len(r.src) && r.at-start < 11 && r.src[r.at] >= '0' && r.src[r.at] <= '9' {
		r.at++
	}
	n, err := strconv.Atoi(r.src[start:r.at])
	if r.at < len(r.src) && r.src[r.at] == ' ' {
		r.at++
	}
	fresh := r.s.fresh
	r.s.fresh = false
	if name == "bin" {
		r.at = min(r.at+max(n, 0), len(r.src))
		return
	}
	if name != "u" {
		if r.skip > 0 {
			r.skip--
			return
		}
		r.flush()
	}
	if fresh && r.destination(name) {
		return
	}
	r.act(name, n, err == nil)
}

// destinations by their names. Those that are not here are the body's.
var destinations = func() map[string]destination {
	m := map[string]destination{"fonttbl": fonts, "stylesheet": styles, "listtext": number, "pntext": number, "footnote": footnote, "title": title, "author": author}
	for _, n := range strings.Fields(`colortbl info pict object fldinst listtable listoverridetable revtbl rsidtbl filetbl themedata colorschememapping latentstyles datastore generator xmlnstbl
		bkmkstart bkmkend tc xe nonshppict shppict shprslt sp sn sv template pnseclvl pntxta pntxtb listpicture mmathPr nonesttables nesttableprops atnid atnauthor atndate atnref atrfstart atrfend
		private userprops passwordhash falt panose blipuid picprop datafield ffdeftext ffformat ffname oldcprops oldpprops oldsprops oldtprops background operator manager company
		category keywords comment doccomm subject hlinkbase creatim revtim printim buptim wgrffmtfilter objclass objname objdata themedata fontemb fontfile stylerestrictions ftnsep ftnsepc ftncn aftnsep aftnsepc aftncn`) {
		m[n] = skipped
	}
	for _, n := range strings.Fields("header headerl headerr headerf footer footerl footerr footerf annotation") {
		m[n] = leftOut
	}
	return m
}()

// known are destinations that follow \* and hold text of the body.
var known = map[string]bool{"shpinst": true, "shptxt": true, "ud": true, "fldrslt": true, "shpgrp": true, "result": true, "pn": false}

// destination says that a word at the beginning of a group names one.
func (r *reader) destination(name string) bool {
	to, ok := destinations[name]
	switch {
	case r.s.to == skipped && name != "result" && name != "ud" && name != "title" && name != "author":
		return true // all is skipped
	case name == "title" || name == "author":
		r.s.to = to
		return true
	case name == "result" || name == "ud":
		if n := len(r.stack); n > 1 {
			r.s.to = r.stack[n-2].to
		}
		return true
	case name == "upr":
		r.s.upr = true
		return true
	case r.s.to == fonts || r.s.to == styles:
		if ok || r.s.star && name != "cs" {
			r.s.to = skipped
		}
		return false
	case ok && to == leftOut:
		r.s.why = "running head"
		if name == "annotation" {
			r.s.why = "comment"
		}
		if r.s.to != leftOut {
			r.s.to = to
		}
		return true
	case ok:
		if to == footnote && r.s.to == footnote || r.s.to == leftOut {
			return true
		}
		r.s.to = to
		return true
	case r.s.star && !known[name]:
		r.s.to = skipped
		return true
	}
	return false
}

// signs are words that stand for characters.
var signs = map[string]string{
	"tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emspace": "\u2003", "enspace": "\u2002", "qmspace": "\u2005",
	"nestcell": " ", "nestrow": "\n",
}

// act does what a control word says.
func (r *reader) act(name string, n int, has bool) {
	off := has && n == 0
	if t, ok := signs[name]; ok {
		r.put(t)
		return
	}
	switch name {
	case "u":
		r.unicode(n)
	case "uc":
		r.s.uc = min(max(n, 0), 100)
	case "par", "sect", "page", "cell", "row":
		r.breaks(name)
	case "pard":
		r.p = para{}
	case "plain":
		r.s.hidden, r.s.deleted = false, false
	case "intbl":
		r.p.row = true
	case "s":
		r.p.style = n
		if r.s.to == styles {
			r.style = n
			r.styles[n] = style{}
		}
	case "outlinelevel":
		if r.s.to == styles {
			r.styles[r.style] = style{level: n + 1}
		} else if n >= 0 && n < 9 {
			r.p.outline = n + 1
		}
	case "ls":
		r.p.item = n > 0
	case "v":
		r.s.hidden = !off
	case "deleted":
		r.s.deleted = !off
	case "f":
		if r.s.to == fonts {
			r.font = n
		}
		r.s.font = n
	case "fcharset":
		if cp := charsets[n]; cp != 0 && r.s.to == fonts && len(r.charset) < 10_000 {
			r.charset[r.font] = cp
		}
	case "ansicpg":
		if n > 0 {
			r.page = n
		}
	case "mac":
		r.page = 10000
	case "pc":
		r.page = 437
	case "pca":
		r.page = 850
	case "chftn":
		r.chftn()
	}
}

// breaks ends a paragraph, a cell or a row.
func (r *reader) breaks(name string) {
	switch r.s.to {
	case body:
	case footnote:
		if r.note.Len() > 0 && !strings.HasSuffix(r.note.String(), " ") {
			r.put("\n")
		}
		return
	case leftOut:
		r.put("\n")
		return
	default:
		return
	}
	switch name {
	case "cell":
		r.p.row = true
		r.paragraph()
		r.flow.EndCell()
	case "row":
		if r.inTable {
			if strings.TrimSpace(r.text.String()) != "" {
				r.paragraph()
				r.flow.EndCell()
			}
			r.flow.EndRow("")
		}
	case "page":
		if strings.TrimSpace(r.text.String()) != "" && !r.p.row {
			r.paragraph()
		}
	default:
		r.paragraph()
	}
}

var superscripts = strings.NewReplacer("0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴", "5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// chftn is the number of a note: counted in the body, the same again in the note.
func (r *reader) chftn() {
	if r.s.to == body {
		r.noted++
	}
	mark := superscripts.Replace(strconv.Itoa(max(r.noted, 1)))
	if r.s.to == footnote {
		mark += " "
	}
	r.put(mark)
}

// unicode takes a character by its number, with halves of pairs joined.
func (r *reader) unicode(n int) {
	if r.skip > 0 && r.high == 0 {
		r.skip = 0
	}
	high := r.high
	r.flush()
	c := rune(n)
	if n < 0 {
		c = rune(n + 65536)
	}
	r.skip = r.s.uc
	switch {
	case c >= 0xD800 && c < 0xDC00:
		r.high = c
	case high != 0:
		r.put(string(utf16.DecodeRune(high, c)))
	case c >= 0xF020 && c <= 0xF0FF: // of a font of signs
		if s := symbol(byte(c - 0xF000)); s != "" {
			r.put(s)
		}
	case c > 0:
		r.put(string(c))
	}
}

// symbol is a sign of the fonts that have them where others have letters.
func symbol(c byte) string {
	switch c {
	case 0xB7, 0xA7, 0x6F:
		return "•"
	}
	if c < 0x80 {
		return string(rune(c))
	}
	return ""
}

// charsets are the code pages of fonts.
var charsets = map[int]int{0: 1252, 77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258, 177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 254: 437, 255: 850, 2: 2}

var pages = map[int]string{932: "shift_jis", 936: "gbk", 950: "big5", 874: "windows-874", 10000: "macintosh", 866: "ibm866", 65001: "utf-8", 10007: "x-mac-cyrillic"}

func encodingOf(cp int) encoding.Encoding {
	switch cp {
	case 437:
		return charmap.CodePage437
	case 850:
		return charmap.CodePage850
	case 852:
		return charmap.CodePage852
	case 949, 1361:
		return korean.EUCKR
	}
	label := pages[cp]
	if label == "" {
		label = "windows-" + strconv.Itoa(cp)
	}
	e, _ := charset.Lookup(label)
	return e
}

// decode makes text of bytes of a code page.
func decode(raw []byte, cp int) string {
	plain := true
	for _, c := range raw {
		if c >= 0x80 {
			plain = false
			break
		}
	}
	if plain {
		return string(raw)
	}
	if cp == 2 {
		var b strings.Builder
		for _, c := range raw {
			b.WriteString(symbol(c))
		}
		return b.String()
	}
	e := encodingOf(cp)
	if e == nil {
		e = charmap.Windows1252
	}
	s, err := e.NewDecoder().Bytes(raw)
	if err != nil {
		return strings.ToValidUTF8(string(raw), "\uFFFD")
	}
	return string(s)
}
