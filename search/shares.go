package search

import (
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/topk"
)

// Shares says of each row what each term adds to its score: row by row, in the order of
// t.Terms, 0 for a term that the row lacks. Summed in that order they are the row's score, to
// the last bit. Every posting of the terms is read.
func (t *Text) Shares(rows []topk.Row) [][]float32 {
	out := make([][]float32, len(rows))
	wanted := make(map[int]map[uint32][]int) // of each segment, rows to places in rows
	for i, r := range rows {
		out[i] = make([]float32, len(t.Terms))
		if wanted[r.Segment] == nil {
			wanted[r.Segment] = map[uint32][]int{}
		}
		wanted[r.Segment][r.Row] = append(wanted[r.Segment][r.Row], i)
	}
	w := weights(nil, t.Terms, &t.Stats)
	for segment, places := range wanted {
		v := t.Sources[segment].Inverted
		norms := index.Norms(v.Lengths(), t.Params.K1, t.Params.B, uint64(t.Stats.Rows), t.Stats.TotalLength)
		for k, term := range t.Terms {
			if w[k] == 0 {
				continue
			}
			list, _ := v.Lookup(term.Text)
			for row, tf := range list.All() {
				for _, i := range places[row] {
					out[i][k] = score(w[k], float32(tf), norms[v.Codes()[row]])
				}
			}
		}
	}
	return out
}
