package tamis

import (
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/corpus/around"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/text/tokens"
)

// Errors that callers branch on, with errors.Is.
var (
	// ErrInvalid: the caller asked for what cannot be. The error in hand is an
	// *InvalidError, which names the field. All else that is not listed here is a
	// failure.
	ErrInvalid = errors.New("invalid request")
	// ErrNoTerms: a question has no word that could be searched for. It is
	// ErrInvalid too.
	ErrNoTerms = pack.ErrNoTerms
	// ErrBudget: a budget is too small for a single sentence; the error in hand is
	// a *BudgetError. It is ErrInvalid too.
	ErrBudget = pack.ErrBudget
	// ErrNotFound: there is no such index, document or field.
	ErrNotFound = store.ErrNotFound
	// ErrConfig: the index was made with other settings.
	ErrConfig = store.ErrConfig
	// ErrLocked: another process has the index open.
	ErrLocked = store.ErrLocked
	// ErrReadOnly: the index was opened for reading only.
	ErrReadOnly = store.ErrReadOnly
	// ErrClosed: the index was closed.
	ErrClosed = store.ErrClosed
	// ErrNewer: a later version of tamis wrote the index.
	ErrNewer = store.ErrNewer
	// ErrCorrupt: what is stored is damaged and cannot be derived.
	ErrCorrupt = store.ErrCorrupt
	// ErrFailed: the disk failed or is full; nothing more is stored until the
	// index is opened again, what was committed can be read.
	ErrFailed = store.ErrFailed
	// ErrChanged: a cited source is not what it was, or cannot be seen.
	ErrChanged = render.ErrChanged
	// ErrAltered: fields of a receipt do not hold.
	ErrAltered = render.ErrAltered
)

// InvalidError says what was wrong with a request. It is ErrInvalid.
type InvalidError struct {
	Field string // of what was asked: question, budget, filter, unit, vector …
	Place string // within its value, as "byte 7"; empty where it is all of it
	Err   error  // one sentence
}

func (e *InvalidError) Error() string { return e.Err.Error() }

// Unwrap returns ErrInvalid and the cause.
func (e *InvalidError) Unwrap() []error { return []error{ErrInvalid, e.Err} }

// BudgetError says which budget would be enough; see ErrBudget.
type BudgetError = pack.BudgetError

func invalidf(field, format string, args ...any) error {
	return &InvalidError{Field: field, Err: fmt.Errorf(format, args...)}
}

// AsInvalid tells a caller's mistake from a failure: it names the field of errors
// of the rooms below that are the first. It is for packages that are an Index too.
func AsInvalid(err error) error {
	var choice *pack.ChoiceError
	var none *around.NoneError
	var field *filter.FieldError
	var syntax *filter.SyntaxError
	switch {
	case errors.Is(err, render.ErrReceipt): // whatever else is wrong in it
		return &InvalidError{Field: "receipt", Err: err}
	case err == nil || errors.Is(err, ErrInvalid):
		return err
	case errors.As(err, &choice):
		return &InvalidError{Field: choice.Field, Err: err}
	case errors.As(err, &none):
		return &InvalidError{Field: none.Field, Err: err}
	case errors.As(err, &field):
		return &InvalidError{Field: "filter", Err: err}
	case errors.As(err, &syntax):
		return &InvalidError{Field: "filter", Place: fmt.Sprintf("byte %d", syntax.Offset), Err: err}
	case errors.Is(err, ErrBudget):
		return &InvalidError{Field: "budget", Err: err}
	case errors.Is(err, ErrNoTerms):
		return &InvalidError{Field: "question", Err: err}
	case errors.Is(err, tokens.ErrUnknown):
		return &InvalidError{Field: "counter", Err: err}
	}
	return err
}
