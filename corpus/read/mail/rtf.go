package mail

import (
	"encoding/binary"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus/read/charset"
)

// rtfStart is what the window of compressed rich text begins with.
const rtfStart = "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier" +
	"{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"

// inflateRTF unpacks compressed rich text ([MS-OXRTFCP]): a head of 16 bytes, then
// groups of eight pieces, bytes or references into a window of 4,096.
func inflateRTF(s string) (string, error) {
	if len(s) < 16 {
		return "", errors.New("too short")
	}
	size := int(binary.LittleEndian.Uint32([]byte(s[4:8])))
	switch s[8:12] {
	case "MELA":
		return s[16:], nil
	case "LZFu":
	default:
		return "", errors.New("not compressed rich text")
	}
	var window [4096]byte
	at := copy(window[:], rtfStart)
	var b strings.Builder
	put := func(c byte) {
		b.WriteByte(c)
		window[at] = c
		at = (at + 1) % len(window)
	}
	for i := 16; i < len(s) && b.Len() < size; {
		control := s[i]
		i++
		for bit := 0; bit < 8 && i < len(s); bit++ {
			if control>>bit&1 == 0 {
				put(s[i])
				i++
				continue
			}
			if i+1 >= len(s) {
				return b.String(), nil
			}
			ref := binary.BigEndian.Uint16([]byte(s[i : i+2]))
			i += 2
			from, n := int(ref>>4), int(ref&15)+2
			if from == at {
				return b.String(), nil
			}
			for range n {
				put(window[from])
				from = (from + 1) % len(window)
			}
		}
	}
	return b.String(), nil
}

var rtfToken = regexp.MustCompile(`\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|\r?\n|([^\\{}\r\n]+)`)

// unwrapRTF takes out of rich text the HTML that it was made of ([MS-OXRTFEX]: what
// stands in groups of \htmltag, and outside of \htmlrtf), or else its plain text.
func unwrapRTF(rtf string) piece {
	html := strings.Contains(rtf[:min(len(rtf), 1000)], `\fromhtml1`)
	var b strings.Builder
	type group struct{ skip, tag bool }
	var open []group
	g := group{}
	hidden := false // in \htmlrtf
	page := "windows-1252"
	var raw strings.Builder // bytes in the code page
	drain := func() {
		if raw.Len() > 0 {
			t, _ := charset.Decode(raw.String(), page)
			b.WriteString(t)
			raw.Reset()
		}
	}
	skip := 0 // characters that stand for one in Unicode
	for _, m := range rtfToken.FindAllStringSubmatch(rtf, 1<<22) {
		shown := !g.skip && !hidden
		switch {
		case m[5] == "{":
			open = append(open, g)
			if len(open) > 10_000 {
				return piece{text: b.String(), html: html}
			}
		case m[5] == "}":
			drain()
			if n := len(open); n > 0 {
				g, open = open[n-1], open[:n-1]
			}
		case m[3] != "":
			if skip > 0 {
				skip--
			} else if c, err := strconv.ParseUint(m[3], 16, 8); err == nil && shown {
				raw.WriteByte(byte(c))
			}
		case m[4] == "*":
			g.skip = true // unless the word that follows is known
		case m[4] == "~" && shown:
			drain()
			b.WriteString("\u00A0")
		case m[4] == "{" || m[4] == "}" || m[4] == `\`:
			if shown {
				drain()
				b.WriteString(m[4])
			}
		case m[1] != "":
			n, _ := strconv.Atoi(m[2])
			drain()
			switch m[1] {
			case "ansicpg":
				page = "windows-" + m[2]
				if name := pages[uint32(n)]; name != "" {
					page = name
				}
			case "htmltag":
				g.skip, g.tag = false, true
			case "htmlrtf":
				hidden = m[2] != "0"
			case "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "generator", "listtable", "listoverridetable":
				g.skip = true
			case "par", "line":
				if shown && !(html && !g.tag && m[1] == "par" && false) {
					b.WriteByte('\n')
				}
			case "tab":
				if shown {
					b.WriteByte('\t')
				}
			case "u":
				if shown {
					b.WriteRune(rune(uint16(n)))
					skip = 1
				}
			case "lquote", "rquote", "ldblquote", "rdblquote", "emdash", "endash", "bullet":
				if shown {
					b.WriteString(map[string]string{"lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "emdash": "—", "endash": "–", "bullet": "•"}[m[1]])
				}
			}
		case m[6] != "" && shown:
			t := m[6]
			for skip > 0 && t != "" {
				t = t[1:]
				skip--
			}
			raw.WriteString(t)
			drain()
		}
	}
	drain()
	return piece{text: strings.ToValidUTF8(b.String(), "\uFFFD"), html: html}
}
