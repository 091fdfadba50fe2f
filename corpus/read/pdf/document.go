package pdf

import (
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// compose makes the stored source of the blocks of all pages.
func compose(d *corpus.Document, blocks []*block) {
	hyphens := hyphenated(blocks)
	var b strings.Builder
	aside := "" // the name of a note, which the next block begins with
	for i, bl := range blocks {
		text, starts := bl.textOf(hyphens)
		if strings.TrimSpace(text) == "" {
			continue
		}
		if bl.kind == corpus.Heading && aside == "" && format.IsAside(text) && i+1 < len(blocks) && noted(bl, blocks[i+1]) {
			aside = text + "\n"
			continue
		}
		text = aside + text
		for j := range starts {
			starts[j] += len(aside)
		}
		aside = ""
		if b.Len() > 0 {
			b.WriteByte('\n')
			if i == 0 || bl.kind != corpus.TableRow || blocks[i-1].table != bl.table {
				b.WriteByte('\n')
			}
		}
		place := bl.box.on(bl.page)
		out := corpus.Block{Kind: bl.kind, Start: b.Len(), Place: &place}
		for i := len(starts) - 1; i >= 0; i-- {
			out.Onward = &corpus.Onward{Start: out.Start + starts[i], Place: bl.parts[i].box.on(bl.parts[i].page), Onward: out.Onward}
		}
		b.WriteString(text)
		out.End = b.Len()
		if bl.kind == corpus.Heading {
			out.Level, out.Label = uint8(bl.level), text
		}
		d.Blocks = append(d.Blocks, out)
	}
	d.Source = b.String()
}

// noted says that a block is what a note says that is called as the one before.
func noted(name, says *block) bool {
	return says.kind == corpus.Paragraph && says.page == name.page && len(says.lines) > 0 && strings.TrimSpace(says.text(nil)) != ""
}

// hyphenated are the words with a hyphen inside that stand within a line somewhere.
func hyphenated(blocks []*block) map[string]bool {
	words := map[string]bool{}
	for _, b := range blocks {
		for i := range b.lines {
			for j := range b.lines[i].words {
				w := strings.TrimFunc(b.lines[i].words[j].text, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })
				if n := strings.IndexByte(w, '-'); n > 0 && n < len(w)-1 {
					words[strings.ToLower(w)] = true
				}
			}
		}
	}
	return words
}

// text is the text of a block: its lines joined, words that a line end divides made
// whole.
func (b *block) text(hyphens map[string]bool) string {
	text, _ := b.textOf(hyphens)
	return text
}

// textOf is text, and where in it the parts begin: with the first word that stands on their
// page as a whole.
func (b *block) textOf(hyphens map[string]bool) (text string, starts []int) {
	if b.cells != nil {
		return strings.Join(b.cells, "\t"), nil
	}
	if b.kind == corpus.Code {
		return b.code(), nil
	}
	var out strings.Builder
	for i := range b.lines {
		t := b.lines[i].text()
		if i == 0 {
			out.WriteString(t)
			continue
		}
		whole := !strings.HasSuffix(out.String(), string(hyphen)) && !strings.HasSuffix(out.String(), "-")
		joinLine(&out, t, hyphens)
		if n := len(starts); n < len(b.parts) && b.parts[n].line == i {
			at := out.Len() - len(t)
			if _, rest, ok := strings.Cut(t, " "); ok && !whole {
				at = out.Len() - len(rest)
			}
			starts = append(starts, at-(len(string(hyphen))-1)*strings.Count(out.String()[:at], string(hyphen)))
		}
	}
	return strings.ReplaceAll(out.String(), string(hyphen), "-"), starts
}

func joinLine(out *strings.Builder, next string, hyphens map[string]bool) {
	before := out.String()
	last, n := utf8.DecodeLastRuneInString(before)
	if last != hyphen && last != '-' && last != 0xAD && last != '\u2010' {
		if !noSpaces(last) || !noSpaces(firstRune(next)) {
			out.WriteByte(' ')
		}
		out.WriteString(next)
		return
	}
	stem := before[:len(before)-n]
	head := lastWord(stem)
	if head == "" || last == '-' && !unicode.IsLetter(firstRune(next)) {
		if stem == "" || strings.HasSuffix(stem, " ") {
			out.WriteByte(' ') // a dash
		}
		out.WriteString(next)
		return
	}
	tail, _, _ := strings.Cut(next, " ")
	tail = strings.TrimRightFunc(tail, func(r rune) bool { return !unicode.IsLetter(r) })
	whole := strings.ToLower(head + "-" + tail)
	out.Reset()
	out.WriteString(stem)
	if !unicode.IsLower(firstRune(next)) || hyphens[whole] {
		out.WriteByte('-')
	}
	out.WriteString(next)
}

func lastWord(s string) string {
	return s[strings.LastIndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && r != '-' })+1:]
}

// noSpaces says that a rune is of a script that is written without spaces.
func noSpaces(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai) || r >= 0x3000 && r <= 0x303F || r == 'ー' || r == '・' || r >= 0xFF00 && r <= 0xFFEF
}

// code is the lines of a piece of code, indented as they stand.
func (b *block) code() string {
	left, width := b.lines[0].box.x0, float32(0)
	for i := range b.lines {
		left = min(left, b.lines[i].box.x0)
		for _, w := range b.lines[i].words {
			if n := utf8.RuneCountInString(w.text); n > 1 {
				width = max(width, w.box.width()/float32(n))
			}
		}
	}
	var out strings.Builder
	for i := range b.lines {
		l := &b.lines[i]
		if i > 0 {
			out.WriteByte('\n')
		}
		end := left
		for _, w := range l.words {
			n := 0
			if width > 0 {
				n = int((w.box.x0-end)/width + 0.5)
			}
			if n < 1 && end > left {
				n = 1
			}
			out.WriteString(strings.Repeat(" ", max(0, min(n, 80))))
			out.WriteString(w.text)
			end = w.box.x1
		}
	}
	return strings.ReplaceAll(out.String(), string(hyphen), "-")
}

// bodySize is the size of most letters; those of tables count where there is little else.
func bodySize(blocks []*block) float32 {
	counts, rows := map[float32]int{}, map[float32]int{}
	all, inRows := 0, 0
	for _, b := range blocks {
		for i := range b.lines {
			n := 0
			for j := range b.lines[i].words {
				n += len(b.lines[i].words[j].text)
			}
			counts[roundSize(b.lines[i].size)] += n
			all += n
		}
		for _, c := range b.cells {
			rows[roundSize(b.size)] += len(c)
			inRows += len(c)
		}
	}
	if inRows > 4*all {
		for size, n := range rows {
			counts[size] += n
		}
	}
	best := float32(0)
	for _, size := range slices.Sorted(maps.Keys(counts)) {
		if best == 0 || counts[size] > counts[best] {
			best = size
		}
	}
	return best
}

// roundSize makes sizes that look the same one.
func roundSize(s float32) float32 { return float32(int(2*s+0.5)) / 2 }
