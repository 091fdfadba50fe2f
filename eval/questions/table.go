package questions

import (
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
)

// Tables that are asked: of so many rows, the header not counted, and columns.
const (
	fewestRows, mostRows = 3, 400
	mostColumns          = 12
)

// table asks for the cells of a table that has a header.
func (m *maker) table(d *corpus.Document, i int, section string) {
	if !m.wanted[Table] {
		return
	}
	n := i
	for n < len(d.Blocks) && d.Blocks[n].Kind == corpus.TableRow {
		n++
	}
	if rows := n - i - 1; rows < fewestRows || rows > mostRows {
		return
	}
	header := cells(d, i)
	if len(header) < 2 || len(header) > mostColumns {
		return
	}
	for _, h := range header {
		if len(strings.Fields(h)) > 5 || !hasLetters(h) || strings.HasSuffix(h, ".") || strings.Contains(h, "()") {
			return
		}
	}
	context := m.context(d, strings.Join(header, " "), section)
	if section != "" && !isGeneric(section) && len(section) < 60 {
		if title := titleOf(d); title != "" && title != section {
			context = section + " (" + title + ")"
		} else {
			context = section
		}
	}
	keys := map[string]int{}
	for k := i + 1; k < n; k++ {
		if c := cells(d, k); len(c) > 0 {
			keys[folded(c[0])]++
		}
	}
	for k := i + 1; k < n; k++ {
		row := cells(d, k)
		if len(row) != len(header) || keys[folded(row[0])] > 1 || !hasLetters(row[0]) && !strings.ContainsAny(row[0], "0123456789") || len(strings.Fields(row[0])) > 6 || len(row[0]) < 2 {
			continue
		}
		column := 0 // that which says most
		for c := 1; c < len(row); c++ {
			if column == 0 && len(row[c]) > 1 || column > 0 && len(row[c]) > len(row[column]) {
				column = c
			}
		}
		if column == 0 || !hasLetters(row[column]) && !strings.ContainsAny(row[column], "0123456789") || strings.HasPrefix(row[column], "http") {
			continue
		}
		english := isEnglish(d, strings.Join(row, " ")+" the")
		name := header[column]
		if small := strings.ToLower(name); name[1:] == small[1:] {
			name = small
		}
		is := "What is the "
		if strings.HasSuffix(name, "s") && !strings.HasSuffix(name, "ss") && !strings.HasSuffix(name, "us") {
			is = "What are the "
		}
		q := is + name + " for " + strings.TrimRight(row[0], ":") + where(context) + "?"
		if !english && d.Lang != "" && d.Lang != "en" {
			q = row[0] + ": " + header[column] + in(context, false)
		}
		m.add(d, candidate{kind: Table, subject: row[0] + "\x00" + name + "\x00" + context, text: q, answers: []string{row[column]}}, d.Blocks[k].Start, d.Blocks[k].End)
	}
}

// cells are those of a row of a table, whose text has tabs or bars between them.
func cells(d *corpus.Document, i int) []string {
	s := strings.TrimSpace(d.Source[d.Blocks[i].Start:d.Blocks[i].End])
	sep := "\t"
	if !strings.Contains(s, "\t") {
		sep = "|"
		s = strings.TrimSuffix(strings.TrimPrefix(s, "|"), "|")
	}
	var out []string
	for c := range strings.SplitSeq(s, sep) {
		out = append(out, strings.Trim(strings.Join(strings.Fields(c), " "), "`* "))
	}
	return out
}

func hasLetters(s string) bool { return strings.ContainsFunc(s, unicode.IsLetter) }
