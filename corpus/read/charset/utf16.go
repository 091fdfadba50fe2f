package charset

import "unicode"

// UTF16 tells a text of UTF-16 without a byte order mark by its first bytes: 1
// big-endian, -1 little-endian, 0 no such text. Nearly all of what it is read as has
// to be letters and signs, and some of it spaces or line breaks, which read the
// other way round are none. ASCII with a zero here and there reads as ideographs: of a
// text without other bytes half are zeros.
func UTF16(head []byte) int {
	zeros, ascii := 0, true
	for _, c := range head {
		if c == 0 {
			zeros++
		} else {
			ascii = ascii && (c >= ' ' && c < 0x7F || c >= '\t' && c <= '\r')
		}
	}
	if zeros == 0 || len(head) < 8 || ascii && zeros*3 < len(head) {
		return 0
	}
	const wrong, fewestSpaces, asked = 100, 400, 2 // a part of the characters each
	for _, order := range []int{-1, 1} {
		n, bad, spaces := 0, 0, 0
		for i := 0; i+1 < len(head); i += 2 {
			r := rune(head[i]) | rune(head[i+1])<<8
			if order > 0 {
				r = rune(head[i])<<8 | rune(head[i+1])
			}
			n++
			switch {
			case r == ' ' || r == '\n':
				spaces++
			case r >= 0xD800 && r <= 0xDFFF: // one half of a rare character
			case r < ' ' && r != '\t' && r != '\r' || !unicode.IsPrint(r) && !unicode.IsSpace(r):
				bad++
			}
		}
		if bad*wrong <= n && spaces*fewestSpaces >= n && spaces > 0 && n >= asked {
			return order
		}
	}
	return 0
}
