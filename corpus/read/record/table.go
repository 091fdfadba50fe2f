package record

import (
	"context"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// CSV reads tables whose cells are parted by commas, semicolons, tabs or bars, as
// their first rows tell.
var CSV = table("csv", ",;\t|")

// TSV reads tables whose cells are parted by tabs, or else as those of CSV are.
var TSV = table("tsv", "\t,;|")

const (
	// A quotation that is not closed within so many bytes is none.
	longCell = 64 << 10
	// Rows and bytes by which the delimiter is told.
	sampledRows  = 100
	sampledBytes = 64 << 10
)

// table makes a reader that takes the first of the delimiters unless another fits
// better. Each row is a block, its cells parted by tabs; the first row is the header.
// Cells may be quoted, with quotation marks doubled within (RFC 4180); line breaks
// and tabs in a cell become spaces. A first line "sep=;" names the delimiter and is
// left out.
func table(kind, delimiters string) format.Func {
	decode := func(s string) string {
		t, _ := charset.Decode(s, "")
		return t
	}
	rows := func(ctx context.Context, d *corpus.Document, text string) error {
		at, delimiter := 0, byte(0)
		if first, _, _ := strings.Cut(text, "\n"); strings.HasPrefix(strings.ToLower(first), "sep=") && len(strings.TrimSpace(first)) == 5 {
			at, delimiter = min(len(first)+1, len(text)), first[4]
		} else {
			delimiter = delimiterOf(text, delimiters)
		}
		var x format.Extract
		for n := 0; at < len(text); n++ {
			if n%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			cells, end, next := row(text, at, delimiter)
			x.Add(corpus.Block{Kind: corpus.TableRow, FileStart: at, FileEnd: end}, line(cells))
			at = next
		}
		x.Put(d)
		return nil
	}
	whole := func(_ context.Context, d *corpus.Document, text string) error {
		d.Source = text
		return nil
	}
	return format.Costly(kind, "", decode, format.Cost{Byte: 2, Each: 200, Mark: "\n"}, rows, whole)
}

// line joins cells by tabs; a row without text is empty.
func line(cells []string) string {
	for i, c := range cells {
		if strings.ContainsAny(c, "\t\r\n") {
			c = strings.Join(strings.Fields(c), " ")
		}
		cells[i] = strings.Trim(c, " ")
	}
	for len(cells) > 0 && cells[len(cells)-1] == "" {
		cells = cells[:len(cells)-1]
	}
	return strings.Join(cells, "\t")
}

// row reads the cells of the row at i and says where it ends and the next begins.
func row(s string, i int, delimiter byte) (cells []string, end, next int) {
	for {
		var text string
		text, end = cell(s, i, delimiter)
		cells = append(cells, text)
		if end < len(s) && s[end] == delimiter {
			i = end + 1
			continue
		}
		next = end
		if next < len(s) && s[next] == '\r' {
			next++
		}
		if next < len(s) && s[next] == '\n' {
			next++
		}
		return cells, end, next
	}
}

// cell reads the cell at i and says where it ends: at a delimiter, a line break or
// the end of the text.
func cell(s string, i int, delimiter byte) (text string, end int) {
	plainEnd := func(i int) int {
		for i < len(s) && s[i] != delimiter && s[i] != '\n' && s[i] != '\r' {
			i++
		}
		return i
	}
	start := i
	for delimiter != ' ' && i < len(s) && s[i] == ' ' {
		i++
	}
	if i == len(s) || s[i] != '"' {
		end = plainEnd(start)
		return s[start:end], end
	}
	for j := i + 1; j < len(s) && j-i < longCell; j++ {
		if s[j] != '"' {
			continue
		}
		if j+1 < len(s) && s[j+1] == '"' {
			j++
			continue
		}
		// What stands between the closing mark and the end of the cell is part of it.
		end = plainEnd(j + 1)
		return strings.ReplaceAll(s[i+1:j], `""`, `"`) + s[j+1:end], end
	}
	end = plainEnd(start)
	return s[start:end], end
}

// delimiterOf is the one of the delimiters by which most of the first rows have the
// same number of cells, more than one; the first of them where none does better.
func delimiterOf(s, delimiters string) byte {
	best, most := delimiters[0], 0.0
	for i := range len(delimiters) {
		counts, rows := map[int]int{}, 0
		for at := 0; at < min(len(s), sampledBytes) && rows < sampledRows; {
			cells, _, next := row(s, at, delimiters[i])
			if len(cells) > 1 || cells[0] != "" {
				counts[len(cells)]++
				rows++
			}
			at = next
		}
		// A row of a cell speaks neither for a delimiter nor for another number.
		agree := 0.0
		for cells, n := range counts {
			if cells > 1 {
				agree = max(agree, float64(n)/float64(rows)+float64(min(cells, 20))/1000)
			}
		}
		if i == 0 {
			agree += .1 // by its name
		}
		if agree > most {
			best, most = delimiters[i], agree
		}
	}
	return best
}
