package corpus

import (
	"unicode/utf8"
)

// LinesAround widens a range of a source to whole lines and so many more on either side,
// as far as they lie within so many bytes of it.
func LinesAround(source string, start, end, around, within int) (from, to int) {
	least, most := max(start-within, 0), min(end+within, len(source))
	from, to = start, end
	if to > from && source[to-1] == '\n' {
		to--
	}
	for n := around; from > least; from-- {
		if source[from-1] == '\n' {
			if n--; n < 0 {
				break
			}
		}
	}
	for n := around; to < most; to++ {
		if source[to] == '\n' {
			if n--; n < 0 {
				break
			}
		}
	}
	for from < start && !utf8.RuneStart(source[from]) {
		from++
	}
	for to > end && to < len(source) && !utf8.RuneStart(source[to]) {
		to--
	}
	return from, to
}
