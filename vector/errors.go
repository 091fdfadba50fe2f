package vector

import (
	"errors"
	"fmt"
)

// What can be wrong with a file of vectors, wrapped by an [InputError].
var (
	ErrWeight    = errors.New("weights must be positive and finite")
	ErrEmpty     = errors.New("empty vector")
	ErrRepeated  = errors.New("repeated term")
	ErrFormat    = errors.New("malformed")
	ErrTruncated = errors.New("file is cut off")
	ErrCount     = errors.New("count does not hold")
	ErrKind      = errors.New("unsupported kind of vector")
)

// InputError says where in a file something is wrong.
type InputError struct {
	File  string
	Place string // "line 3", "row 7", "byte 120"; "" for the whole file
	Err   error
}

func (e *InputError) Error() string {
	if e.Place == "" {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s: %s: %v", e.File, e.Place, e.Err)
}

func (e *InputError) Unwrap() error { return e.Err }
