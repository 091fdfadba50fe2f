package xmlscan

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

var entities = map[string]byte{"lt": '<', "gt": '>', "amp": '&', "quot": '"', "apos": '\''}

// unescape appends t to dst with its entities replaced and "\n" for other line ends.
func unescape(dst, t []byte) ([]byte, error) {
	for {
		i := bytes.IndexAny(t, "&\r")
		if i < 0 {
			return append(dst, t...), nil
		}
		dst = append(dst, t[:i]...)
		if t[i] == '\r' {
			dst = append(dst, '\n')
			if t = t[i+1:]; len(t) > 0 && t[0] == '\n' {
				t = t[1:]
			}
			continue
		}
		t = t[i+1:]
		j := bytes.IndexByte(t[:min(len(t), 16)], ';')
		if j < 1 {
			return dst, fmt.Errorf("& does not begin an entity")
		}
		name := t[:j]
		t = t[j+1:]
		if name[0] != '#' {
			c, ok := entities[string(name)]
			if !ok {
				return dst, fmt.Errorf("the entity &%s; is not known, and none is looked up", name)
			}
			dst = append(dst, c)
			continue
		}
		r, base := rune(0), rune(10)
		digits := name[1:]
		if len(digits) > 0 && (digits[0] == 'x' || digits[0] == 'X') {
			base, digits = 16, digits[1:]
		}
		for _, c := range digits {
			d := rune(99)
			switch {
			case c >= '0' && c <= '9':
				d = rune(c - '0')
			case c >= 'a' && c <= 'f':
				d = rune(c-'a') + 10
			case c >= 'A' && c <= 'F':
				d = rune(c-'A') + 10
			}
			if d >= base || r > utf8.MaxRune {
				return dst, fmt.Errorf("&%s; is no character", name)
			}
			r = r*base + d
		}
		if len(digits) == 0 {
			return dst, fmt.Errorf("&%s; is no character", name)
		}
		dst = utf8.AppendRune(dst, r)
	}
}
