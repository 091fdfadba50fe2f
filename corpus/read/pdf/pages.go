package pdf

import (
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// joinTables makes one table of one that goes on at the top of the next page: as many
// columns, from the same place on. Its header, where it stands there again, is left out, and a row
// that the end of the page divides is one.
func (r *reading) joinTables() {
	var out []*block
	first := 0 // where the table begins that out ends with
	joined := map[int]int{}
	for i, b := range r.blocks {
		if n := joined[b.table]; b.table > 0 && n > 0 {
			b.table = n
		}
		if len(out) > 0 {
			last, next := out[len(out)-1], r.blocks[min(i+1, len(r.blocks)-1)]
			again := b.continues(last) && slices.Equal(b.cells, out[first].cells) ||
				b.table == 0 && b.page == next.page && next.continues(last) && b.text(nil) == strings.Join(out[first].cells, " ")
			if b.continues(last) {
				joined[b.table] = out[first].table
				b.table = out[first].table
			}
			if again {
				if r.options.Explain {
					r.dropped = append(r.dropped, corpus.Dropped{Reason: "header of a table, repeated", Text: b.text(nil)})
				}
				continue
			}
		}
		if n := len(out); n > 0 && b.table > 0 && out[n-1].table == b.table && out[n-1].page == b.page-1 && n-1 > first && b.halfOf(out[first:n]) {
			last := out[n-1]
			for c, text := range b.cells {
				last.cells[c] = strings.TrimSpace(last.cells[c] + " " + text)
			}
			continue
		}
		if len(out) == 0 || b.table == 0 || out[len(out)-1].table != b.table {
			first = len(out)
		}
		out = append(out, b)
	}
	r.blocks = out
}

// continues says that a row begins a page, and goes on with the table whose last row
// ends the page before.
func (b *block) continues(last *block) bool {
	return b.table > 0 && last.table > 0 && b.table != last.table && b.page == last.page+1 && len(b.cells) == len(last.cells) && abs(b.left-last.left) < 2*near
}

// halfOf says that a row is the rest of the last of a table: it lacks cells, all others
// have all of theirs.
func (b *block) halfOf(table []*block) bool {
	if !slices.Contains(b.cells, "") || len(table) < 3 {
		return false
	}
	for c, text := range table[len(table)-1].cells {
		if b.cells[c] != "" && strings.ContainsAny(text[max(0, len(text)-1):], ".!?") {
			return false
		}
	}
	for _, row := range table {
		if slices.Contains(row.cells, "") {
			return false
		}
	}
	return true
}
