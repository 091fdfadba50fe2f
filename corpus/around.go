package corpus

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// LinesAround widens a range to whole lines and so many more on either side, as far as
// they lie within some bytes of it.
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

// HeadingsAt is the path of headings above a byte of a document, as its passages
// have it.
func (d *Document) HeadingsAt(at int) []string {
	var path []Block
	for _, b := range d.Blocks {
		if b.Start > at {
			break
		}
		if b.Kind != Heading {
			continue
		}
		for len(path) > 0 && max(path[len(path)-1].Level, 1) >= max(b.Level, 1) {
			path = path[:len(path)-1]
		}
		path = append(path, b)
	}
	var labels []string
	for i, b := range path {
		label := cmp.Or(b.Label, strings.TrimSpace(d.Source[b.Start:b.End]))
		if i > 0 || label != d.Title { // the title has its own field
			labels = append(labels, label)
		}
	}
	return labels
}
