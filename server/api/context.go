package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/api/explained"
	"github.com/tamis-search/tamis/server/api/surrounding"
	"github.com/tamis-search/tamis/server/guard"
)

// ContextRequest asks for a context.
type ContextRequest struct {
	Question     string   `json:"question" minLength:"1" maxLength:"65536" example:"how long are backups kept?"`
	Budget       int      `json:"budget,omitempty" minimum:"1" maximum:"1000000" default:"1000" doc:"Most tokens of the text, labels included"`
	Tokenizer    string   `json:"tokenizer,omitempty" doc:"What counts them: o200k_base, cl100k_base, words or bytes" default:"o200k_base"`
	Filter       string   `json:"filter,omitempty" maxLength:"16384" doc:"Keeps documents by their metadata" example:"lang = \"en\""`
	Render       string   `json:"render,omitempty" enum:"plain,markdown,xml,json,structured" doc:"Form of the text"`
	Order        string   `json:"order,omitempty" enum:"best-document-first,best-last,both-ends,document-order,stable-prefix" doc:"Order of the documents"`
	UntilCovered bool     `json:"until_covered,omitempty" doc:"End when what can be covered of the question is"`
	Cut          string   `json:"cut,omitempty" doc:"End before the budget is full by this rule"`
	Unit         string   `json:"unit,omitempty" enum:"sentence,thought,paragraph,passage" doc:"What is kept or left out whole; thoughts where nothing is said"`
	Guards       []string `json:"guards,omitempty" doc:"Keep with a sentence what it needs to be understood, by these rules; an empty list for none"`
	MostOf       float64  `json:"most_of,omitempty" minimum:"0" maximum:"1" doc:"Keep at most this share of each document's candidates"`
	Shrink       float64  `json:"shrink,omitempty" minimum:"0" maximum:"1" doc:"Leave out this share of the words of each sentence"`
	Dropped      bool     `json:"dropped,omitempty" doc:"List what was scored and dropped"`
	Explain      bool     `json:"explain,omitempty" doc:"Say what each unit's score is made of"`
}

func (r *ContextRequest) budget() tamis.Budget {
	return tamis.Budget{Tokens: r.Budget, Counter: r.Tokenizer}
}

func (r *ContextRequest) layout() tamis.Layout {
	l := tamis.Layout{Order: r.Order, Render: r.Render, Cut: r.Cut, Unit: r.Unit, Guards: r.Guards, MostOf: r.MostOf, Shrink: r.Shrink}
	if r.UntilCovered {
		l.Cut = pack.CutCovered
	}
	return l
}

// Receipt is a context with its receipt.
type Receipt struct {
	*tamis.Context
	Confidence   float64        `json:"confidence" doc:"Estimate, by words alone, that the text answers the question"`
	DroppedCount int            `json:"dropped_count"`
	Dropped      *[]render.Drop `json:"dropped,omitempty"`
	// Units are what was scored, where that was asked for.
	Units []explained.Unit `json:"units,omitempty" doc:"What was scored, kept units first, at most 1000"`
}

func (a *API) packing() {
	tags := []string{"context"}
	type input struct {
		In
		Body ContextRequest
	}
	route(a, access.Read, huma.Operation{
		OperationID: "context", Method: http.MethodPost, Path: "/v1/collections/{collection}/context", Tags: tags,
		Summary:     "Pack what answers a question into a budget of tokens",
		Description: "The answer is the receipt of the text, as tamis context --json prints it.",
	}, func(ctx context.Context, of *input) (*body[Receipt], error) {
		out := &body[Receipt]{}
		err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) (err error) {
			out.Body, err = makeContext(ctx, ix, by, &of.Body)
			return err
		})
		return out, err
	})
	type around struct {
		In
		Body surrounding.AroundRequest
	}
	route(a, access.Read, huma.Operation{
		OperationID: "around", Method: http.MethodPost, Path: "/v1/collections/{collection}/around", Tags: tags,
		Summary:     "Pack what a sentence or some lines of a document need to be understood",
		Description: "The answer is a receipt as that of a context: the range first, each span with why it was kept.",
	}, func(ctx context.Context, of *around) (*body[Receipt], error) {
		out := &body[Receipt]{}
		err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) error {
			c, err := of.Body.Context(ctx, ix, by.Sees(of.Body.Filter))
			if err == nil {
				guard.Asked(ctx, "", c.Question, c.Digest)
				out.Body = receiptOf(c, of.Body.Dropped)
			}
			return err
		})
		return out, err
	})
}

// makeContext makes one context.
func makeContext(ctx context.Context, ix engine.Index, by *access.Caller, r *ContextRequest) (Receipt, error) {
	options := []tamis.ContextOption{by.Sees(r.Filter), r.layout()}
	var scored []score.Unit
	if r.Explain {
		options = append(options, tamis.Lab{Trace: func(units []score.Unit) { scored = units }})
	}
	c, err := ix.Context(ctx, r.Question, r.budget(), options...)
	if err != nil {
		return Receipt{}, err
	}
	guard.Asked(ctx, "", c.Question, c.Digest)
	out := receiptOf(c, r.Dropped)
	if r.Explain {
		out.Units, err = explained.Units(ctx, ix, by.Sees(""), c, scored)
	}
	return out, err
}

// receiptOf is a context as tamis context --json prints it.
func receiptOf(c *tamis.Context, dropped bool) Receipt {
	r := Receipt{Context: c, Confidence: c.Confidence, DroppedCount: c.DroppedCount}
	if dropped {
		r.Dropped = &c.Dropped
	}
	return r
}
