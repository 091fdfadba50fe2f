// Package surrounding is the request for what a range of a document needs to be understood.
package surrounding

import (
	"cmp"
	"context"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
)

// AroundRequest asks for what a range needs: of bytes, or of lines where line is given.
type AroundRequest struct {
	Doc       string `json:"doc" minLength:"1" maxLength:"4096" doc:"Id of the document"`
	Start     int    `json:"start,omitempty" minimum:"0" doc:"First byte of the range, as hits and spans count them"`
	End       int    `json:"end,omitempty" minimum:"0" doc:"The byte after its last"`
	Line      int    `json:"line,omitempty" minimum:"1" doc:"Instead of bytes: the first line, from 1"`
	LastLine  int    `json:"last_line,omitempty" minimum:"1" doc:"The last line, where there are several"`
	Budget    int    `json:"budget,omitempty" minimum:"1" maximum:"1000000" default:"1000" doc:"Most tokens of the text, labels included"`
	Tokenizer string `json:"tokenizer,omitempty" doc:"What counts them: o200k_base, cl100k_base, words or bytes" default:"o200k_base"`
	Filter    string `json:"filter,omitempty" maxLength:"16384" doc:"Keeps documents by their metadata" example:"lang = \"en\""`
	Render    string `json:"render,omitempty" enum:"plain,markdown,xml,json,structured" doc:"Form of the text"`
	Dropped   bool   `json:"dropped,omitempty" doc:"List what was needed and did not fit"`
}

// Context is what the range needs, for somebody who sees the scope.
func (r *AroundRequest) Context(ctx context.Context, ix engine.Index, seen tamis.Scope) (*tamis.Context, error) {
	around := tamis.Around{Doc: r.Doc, Start: r.Start, End: r.End}
	if r.Line > 0 {
		first, err := ix.ShowLine(ctx, r.Doc, r.Line, 0, seen)
		if err != nil {
			return nil, err
		}
		last, err := ix.ShowLine(ctx, r.Doc, cmp.Or(r.LastLine, r.Line), 0, seen)
		if err != nil {
			return nil, err
		}
		around.Start, around.End = first.Start, last.End
	}
	return ix.Context(ctx, "", tamis.Budget{Tokens: r.Budget, Counter: r.Tokenizer}, seen, tamis.Layout{Render: r.Render}, around)
}
