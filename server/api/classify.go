package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/server/library"
)

// ClassifyRequest is texts that are to be given labels.
type ClassifyRequest struct {
	Texts      []string `json:"texts" minItems:"1" maxItems:"1000" nullable:"false" doc:"What is to be given labels; of a long text its beginning counts" example:"[\"the printer is jammed\"]"`
	Evidence   int      `json:"evidence,omitempty" minimum:"0" maximum:"20" default:"3" doc:"Examples that are shown for each text"`
	Collection string   `json:"collection,omitempty" maxLength:"64" default:"default" doc:"Whose documents are the examples, where the server has no file of them"`
}

// Classified is what texts were given.
type Classified struct {
	Results []*classify.Result `json:"results" nullable:"false" doc:"As the texts stand in the request"`
}

func (a *API) classifying() {
	type input struct{ Body ClassifyRequest }
	route(a, access.Read, huma.Operation{
		OperationID: "classify", Method: http.MethodPost, Path: "/v1/classify", Tags: []string{"search"},
		Summary:     "Give texts labels by examples that have some",
		Description: "The examples are those of a file that the server was started with (--classify), or the documents of a collection that you see and that have a label in their metadata (--label-field). The first who asks waits until they are learned.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict},
	}, func(ctx context.Context, of *input) (*body[Classified], error) {
		for _, t := range of.Body.Texts {
			if strings.TrimSpace(t) == "" {
				return nil, invalid("texts", errors.New("a text is empty: there is nothing to give a label"))
			}
		}
		of.Body.Collection = cmp.Or(of.Body.Collection, library.Default)
		guard.Asked(ctx, of.Body.Collection, of.Body.Texts[0], "")
		results, err := a.o.Labels.Classify(ctx, access.From(ctx), of.Body.Collection, of.Body.Texts, of.Body.Evidence)
		if err != nil {
			return nil, err
		}
		return &body[Classified]{Classified{results}}, nil
	})
}
