package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/guard"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/session/turn"
)

// SessionRequest starts a session.
type SessionRequest struct {
	Tokens    int    `json:"tokens" minimum:"1" maximum:"10000000" doc:"Of the whole window" example:"8000"`
	Turn      int    `json:"turn,omitempty" minimum:"0" doc:"The most that one question may add; a quarter of tokens where nothing is said"`
	Tokenizer string `json:"tokenizer,omitempty" doc:"What counts them: o200k_base, cl100k_base, words or bytes"`
	Render    string `json:"render,omitempty" enum:"plain,markdown,xml" doc:"Form of the text"`
	Keep      bool   `json:"keep,omitempty" doc:"Never fold a piece to make room"`
	AsAsked   bool   `json:"as_asked,omitempty" doc:"Take each question by itself; else what earlier ones named is carried over into one that points back"`
}

// Window is what a session holds.
type Window struct {
	Session string          `json:"session"`
	Tokens  int             `json:"tokens" doc:"Of the whole window"`
	Used    int             `json:"used"`
	Left    int             `json:"left"`
	Pieces  []session.Piece `json:"pieces" nullable:"false" doc:"In the order of the window; folded ones are not in its text"`
	Window  Receipt         `json:"window" doc:"All that the model has before it, with its receipt"`
}

// Turn is what a question added to a session.
type Turn struct {
	Receipt
	Folded []int `json:"folded" nullable:"false" doc:"Pieces that were folded to make room"`
	Used   int   `json:"used"`
	Left   int   `json:"left"`
	// Asked is what the question was taken to ask.
	Asked turn.Asked `json:"asked" doc:"What the question was taken to ask: what earlier turns named and it means too, with weights"`
}

// TurnRequest is a question to a session.
type TurnRequest struct {
	Question string `json:"question" minLength:"1" maxLength:"65536" example:"and in the archive?"`
	Budget   int    `json:"budget,omitempty" minimum:"0" maximum:"1000000" doc:"The most that it may add; that of the session where nothing is said"`
	Filter   string `json:"filter,omitempty" maxLength:"16384" doc:"Keeps documents by their metadata"`
	AsAsked  bool   `json:"as_asked,omitempty" doc:"Take this question by itself"`
}

// InSession is the session that an operation is about.
type InSession struct {
	In
	Session string `path:"session" maxLength:"64" doc:"As it was named when it was started"`
}

type pieceRequest struct {
	ID     int   `json:"id" minimum:"1" doc:"Number of the piece's label"`
	Pinned *bool `json:"pinned,omitempty" doc:"False lets it be folded again; of pin alone"`
}

const sessionPath = "/v1/collections/{collection}/sessions"

func (a *API) conversing() {
	tags := []string{"sessions"}
	type start struct {
		In
		Body SessionRequest
	}
	type started struct {
		Session string `json:"session" doc:"Names it; only who started it can use it"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "start-session", Method: http.MethodPost, Path: sessionPath, Tags: tags,
		Summary: "Start a window that lasts",
	}, func(ctx context.Context, of *start) (*body[started], error) {
		out := &body[started]{}
		r := &of.Body
		err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) (err error) {
			out.Body.Session, err = a.o.Sessions.Start(by, of.Collection, ix, session.Options{Tokens: r.Tokens, Turn: r.Turn, Counter: r.Tokenizer, Render: r.Render, Keep: r.Keep, AsAsked: r.AsAsked})
			return err
		})
		return out, err
	})
	route(a, access.Read, huma.Operation{
		OperationID: "get-session", Method: http.MethodGet, Path: sessionPath + "/{session}", Tags: tags,
		Summary: "Show what a session holds",
	}, func(ctx context.Context, of *InSession) (*body[Window], error) {
		return a.turn(ctx, *of, func(s *session.Session, by *access.Caller) error { return nil })
	})
	route(a, access.Read, huma.Operation{
		OperationID: "end-session", Method: http.MethodDelete, Path: sessionPath + "/{session}", Tags: tags,
		Summary: "Forget a session", DefaultStatus: http.StatusNoContent,
	}, func(ctx context.Context, of *InSession) (*struct{}, error) {
		return nil, a.o.Sessions.End(access.From(ctx), of.Collection, of.Session)
	})
	a.turns(tags)
}

// turns are what changes a session.
func (a *API) turns(tags []string) {
	conflict := []int{http.StatusConflict}
	type ask struct {
		InSession
		Body TurnRequest
	}
	route(a, access.Read, huma.Operation{
		OperationID: "session-context", Method: http.MethodPost, Path: sessionPath + "/{session}/context", Tags: tags,
		Summary: "Add what answers a question and is not shown yet", Errors: conflict,
	}, func(ctx context.Context, of *ask) (*body[Turn], error) {
		out := &body[Turn]{}
		_, err := a.turn(ctx, of.InSession, func(s *session.Session, by *access.Caller) error {
			options := []tamis.ContextOption{by.Sees(of.Body.Filter)}
			if of.Body.AsAsked {
				options = append(options, tamis.Beside{})
			}
			t, err := s.Context(ctx, of.Body.Question, tamis.Budget{Tokens: of.Body.Budget}, options...)
			if err != nil {
				return err
			}
			w := s.Window()
			guard.Asked(ctx, "", t.Context.Question, t.Context.Digest)
			out.Body = Turn{Receipt: receiptOf(t.Context, false), Folded: append([]int{}, t.Folded...), Used: w.Tokens, Left: w.Budget - w.Tokens, Asked: t.Asked}
			return nil
		})
		return out, err
	})
	type piece struct {
		InSession
		Body pieceRequest
	}
	changes := []struct {
		name, summary string
		do            func(s *session.Session, r *pieceRequest) error
	}{
		{"fold", "Take a piece out of the window; the session remembers it", func(s *session.Session, r *pieceRequest) error { return s.Fold(r.ID) }},
		{"restore", "Put a folded piece back, at the end of the window", func(s *session.Session, r *pieceRequest) error { _, err := s.Restore(r.ID); return err }},
		{"pin", "Keep a piece from being folded, or let it", func(s *session.Session, r *pieceRequest) error { return s.Pin(r.ID, r.Pinned == nil || *r.Pinned) }},
	}
	for _, c := range changes {
		route(a, access.Read, huma.Operation{
			OperationID: "session-" + c.name, Method: http.MethodPost, Path: sessionPath + "/{session}/" + c.name, Tags: tags,
			Summary: c.summary, Errors: conflict,
		}, func(ctx context.Context, of *piece) (*body[Window], error) {
			return a.turn(ctx, of.InSession, func(s *session.Session, _ *access.Caller) error { return c.do(s, &of.Body) })
		})
	}
	type find struct {
		InSession
		Body struct {
			Text string `json:"text" minLength:"1" maxLength:"4096"`
		}
	}
	type foundIn struct {
		Found []session.Found `json:"found" nullable:"false"`
	}
	route(a, access.Read, huma.Operation{
		OperationID: "session-find", Method: http.MethodPost, Path: sessionPath + "/{session}/find", Tags: tags,
		Summary: "Say where a text stands in the pieces, shown or folded", Errors: conflict,
	}, func(ctx context.Context, of *find) (*body[foundIn], error) {
		out := &body[foundIn]{foundIn{[]session.Found{}}}
		_, err := a.turn(ctx, of.InSession, func(s *session.Session, _ *access.Caller) error {
			out.Body.Found = append(out.Body.Found, s.Find(of.Body.Text)...)
			return nil
		})
		return out, err
	})
}

// turn calls do with a session, and shows it as it is then.
func (a *API) turn(ctx context.Context, of InSession, do func(*session.Session, *access.Caller) error) (*body[Window], error) {
	out := &body[Window]{}
	err := a.reading(ctx, of.In, func(ix engine.Index, by *access.Caller) error {
		return a.o.Sessions.With(ctx, by, of.Collection, of.Session, ix, func(s *session.Session) error {
			if err := do(s, by); err != nil {
				return err
			}
			w := s.Window()
			out.Body = Window{Session: of.Session, Tokens: w.Budget, Used: w.Tokens, Left: w.Budget - w.Tokens,
				Pieces: append([]session.Piece{}, s.Pieces()...), Window: receiptOf(w, false)}
			return nil
		})
	})
	return out, err
}
