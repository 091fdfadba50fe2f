package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/attest"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
)

// Verified says what a signature is worth.
type Verified struct {
	Valid       bool      `json:"valid" doc:"Whether the receipt is as it was signed"`
	Reason      string    `json:"reason,omitempty" doc:"Why it is not valid"`
	Own         bool      `json:"own" doc:"Whether this server's key signed it"`
	Fingerprint string    `json:"fingerprint,omitempty" doc:"Of the key"`
	Signed      time.Time `json:"signed,omitzero" doc:"When, by the signer's word"`
}

// mostReceipt is the longest receipt that is taken.
const mostReceipt = 64 << 20

// ReceiptBody is a receipt as it is given: of any version.
type ReceiptBody struct {
	RawBody []byte
}

// receipt takes documents the body of an operation that takes a receipt.
func (a *API) takesReceipt(id string) {
	a.takes(id, map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true, Description: "A receipt, as context gives it"}}})
}

func (r *ReceiptBody) receipt() (*tamis.Context, error) {
	var c tamis.Context
	if err := json.Unmarshal(r.RawBody, &c); err != nil {
		return nil, invalid("receipt", fmt.Errorf("this is no receipt: %w", err))
	}
	if c.Digest == "" {
		return nil, invalid("receipt", errors.New("this is no receipt: it has no digest"))
	}
	return &c, nil
}

func (a *API) receipts() {
	tags := []string{"receipts"}
	type replayed struct {
		Text     string `json:"text"`
		Verified bool   `json:"verified"`
	}
	type replay struct {
		In
		ReceiptBody
	}
	route(a, access.Read, huma.Operation{
		OperationID: "replay", Method: http.MethodPost, Path: "/v1/collections/{collection}/replay", Tags: tags,
		Summary: "Build a context anew from its receipt and the stored sources",
		Errors:  []int{http.StatusConflict, http.StatusUnprocessableEntity}, MaxBodyBytes: mostReceipt,
	}, func(ctx context.Context, of *replay) (*body[replayed], error) {
		text, err := a.replay(ctx, of.In, &of.ReceiptBody)
		return &body[replayed]{replayed{text, err == nil}}, err
	})
	a.takesReceipt("replay")
	type sign struct {
		Collection string `query:"collection" required:"true" maxLength:"64" doc:"That it is of"`
		ReceiptBody
	}
	type raw struct {
		ContentType string `header:"Content-Type"`
		Body        []byte
	}
	route(a, access.Read, huma.Operation{
		OperationID: "sign-receipt", Method: http.MethodPost, Path: "/v1/receipts/sign", Tags: tags,
		Summary:     "Sign a receipt that holds",
		Description: "The receipt is replayed first, as its caller sees the collection; the answer is the receipt with a signature (Ed25519 over canonical JSON), which tamis receipt verify checks without the index.",
		Errors:      []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}, MaxBodyBytes: mostReceipt,
		Responses: map[string]*huma.Response{"200": {Description: "The signed receipt", Content: map[string]*huma.MediaType{
			"application/json": {Schema: &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}},
		}}},
	}, func(ctx context.Context, of *sign) (*raw, error) {
		if err := access.From(ctx).May(access.Read, of.Collection); err != nil {
			return nil, err
		}
		if a.o.Key == nil {
			return nil, huma.Error409Conflict("this server has no key to sign with")
		}
		if _, err := a.replay(ctx, In{of.Collection}, &of.ReceiptBody); err != nil {
			return nil, err
		}
		out, err := a.o.Key.Sign(of.RawBody, time.Now())
		if errors.Is(err, attest.ErrFormat) {
			err = invalid("receipt", err)
		}
		return &raw{"application/json", out}, err
	})
	a.takesReceipt("sign-receipt")
	route(a, access.Read, huma.Operation{
		OperationID: "verify-receipt", Method: http.MethodPost, Path: "/v1/receipts/verify", Tags: tags,
		Summary: "Say whose signature a receipt has and whether it was altered since", Errors: []int{http.StatusUnprocessableEntity}, MaxBodyBytes: mostReceipt,
	}, func(ctx context.Context, of *ReceiptBody) (*body[Verified], error) {
		s, err := attest.Verify(of.RawBody)
		switch {
		case errors.Is(err, attest.ErrFormat):
			return nil, invalid("receipt", err)
		case err != nil:
			return &body[Verified]{Verified{Reason: err.Error()}}, nil
		}
		own := a.o.Key != nil && s.Fingerprint == attest.Fingerprint(a.o.Key.Public())
		return &body[Verified]{Verified{Valid: true, Own: own, Fingerprint: s.Fingerprint, Signed: s.Signed}}, nil
	})
	a.takesReceipt("verify-receipt")
}

// replay builds a text anew, as its caller sees a collection.
func (a *API) replay(ctx context.Context, of In, r *ReceiptBody) (text string, err error) {
	c, err := r.receipt()
	if err != nil {
		return "", err
	}
	err = a.reading(ctx, of, func(ix engine.Index, by *access.Caller) (err error) {
		text, err = ix.Replay(ctx, c, by.Sees(""))
		return err
	})
	return text, err
}
