package read

import (
	"os"
	"strings"
	"unicode/utf8"
)

// Name is the path of a file as documents and reports have it, which are valid
// UTF-8: each byte that is not becomes \xHH, its two hexadecimal digits in capitals.
// A path that holds such a sequence itself keeps it apart by \x5C for its backslash;
// all other paths are their own names. PathOf leads back.
func Name(path string) string {
	if utf8.ValidString(path) && (os.PathSeparator == '\\' || !strings.Contains(path, `\x`)) {
		return path
	}
	var b strings.Builder
	for i := 0; i < len(path); {
		r, n := utf8.DecodeRuneInString(path[i:])
		_, escaped := escape(path[i:])
		if r == utf8.RuneError && n == 1 || escaped && os.PathSeparator != '\\' {
			const digits = "0123456789ABCDEF"
			b.WriteString(`\x`)
			b.WriteByte(digits[path[i]>>4])
			b.WriteByte(digits[path[i]&15])
			n = 1
		} else {
			b.WriteString(path[i : i+n])
		}
		i += n
	}
	return b.String()
}

// PathOf is the path whose Name is name.
func PathOf(name string) string {
	if !strings.Contains(name, `\x`) {
		return name
	}
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		if c, ok := escape(name[i:]); ok && (c >= utf8.RuneSelf || c == '\\' && os.PathSeparator != '\\') {
			b.WriteByte(c)
			i += 3
			continue
		}
		b.WriteByte(name[i])
	}
	return b.String()
}

// escape reads \xHH at the start of s.
func escape(s string) (c byte, ok bool) {
	if len(s) < 4 || s[0] != '\\' || s[1] != 'x' {
		return 0, false
	}
	for _, d := range []byte(s[2:4]) {
		switch {
		case '0' <= d && d <= '9':
			c = c<<4 | (d - '0')
		case 'A' <= d && d <= 'F':
			c = c<<4 | (d - 'A' + 10)
		default:
			return 0, false
		}
	}
	return c, true
}
