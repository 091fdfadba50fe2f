package session

import (
	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/session/turn"
)

// Beside is what a turn carries over, as searches and contexts take it.
func Beside(carried []turn.Carried) tamis.Beside {
	var out tamis.Beside
	for _, c := range carried {
		out = append(out, tamis.Weighted{Text: c.Text, Weight: c.Weight})
	}
	return out
}
