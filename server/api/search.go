package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/api/tree"
	"github.com/tamis-search/tamis/server/guard"
)

// SearchRequest is a search.
type SearchRequest struct {
	Query  string    `json:"query,omitempty" maxLength:"65536" doc:"Words; any of them may match" example:"how long are backups kept?"`
	K      int       `json:"k,omitempty" minimum:"1" maximum:"1000" default:"10" doc:"Number of hits"`
	Unit   string    `json:"unit,omitempty" enum:"passage,document" doc:"What is ranked; passages where nothing is said"`
	Filter string    `json:"filter,omitempty" maxLength:"16384" doc:"Keeps documents by their metadata" example:"lang = \"en\" and year >= 2020"`
	Fold   bool      `json:"fold,omitempty" doc:"Leave out near-duplicates of better hits"`
	Plan   tree.Plan `json:"plan,omitzero"`
	Recall float32   `json:"recall,omitempty" minimum:"0" maximum:"1" doc:"Share of the best 10 that a search by vectors is to find at least, faster than all of them"`
}

func (a *API) searching() {
	type input struct {
		In
		Body SearchRequest
	}
	route(a, access.Read, huma.Operation{
		OperationID: "search", Method: http.MethodPost, Path: "/v1/collections/{collection}/search", Tags: []string{"search"},
		Summary: "Rank passages or documents",
	}, func(ctx context.Context, of *input) (*body[*tamis.Results], error) {
		out := &body[*tamis.Results]{}
		r := &of.Body
		by, err := r.Plan.Expression()
		if err != nil {
			return nil, err
		}
		err = a.reading(ctx, of.In, func(ix engine.Index, caller *access.Caller) (err error) {
			seen := caller.Sees(r.Filter)
			guard.Asked(ctx, "", r.Query, "")
			q := tamis.Query{
				Text: r.Query, K: r.K, Unit: tamis.Unit(r.Unit), Fold: r.Fold, Plan: by, Recall: r.Recall,
				Filter: seen.Filter, Groups: seen.Groups,
			}
			if by != "" { // no search is slow that did not ask for it
				q.Rerank = a.o.Judge
			}
			out.Body, err = ix.Search(ctx, q)
			if err == nil {
				withhold(out.Body, caller)
			}
			return queryField(err)
		})
		return out, err
	})
}

// queryField names the field as a search has it.
func queryField(err error) error {
	if wrong, ok := err.(*tamis.InvalidError); ok && wrong.Field == "question" {
		return invalid("query", wrong)
	}
	return err
}

// withhold leaves of how many documents cannot be found yet that there are some: who sees
// not all of them may not count them either.
func withhold(r *tamis.Results, caller *access.Caller) {
	if caller.Scope < access.Admin {
		r.Incomplete = min(r.Incomplete, 1)
	}
}
