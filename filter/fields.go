package filter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// FieldError says that a filter asks for a field that no document has.
type FieldError struct {
	Field string
	Known []string // what documents have, in order
}

func (e *FieldError) Error() string {
	hint := ""
	if near := Nearest(e.Field, e.Known); near != "" {
		hint = fmt.Sprintf(" (did you mean %q?)", near)
	}
	const most = 30
	list := strings.Join(e.Known[:min(len(e.Known), most)], ", ")
	if n := len(e.Known) - most; n > 0 {
		list += fmt.Sprintf(" and %d more", n)
	}
	return fmt.Sprintf("filter: no document has the field %q%s; known are %s", e.Field, hint, list)
}

// Known refuses a filter with a field that no document has, by a *FieldError: a name that
// is misspelt would find nothing without a word. has says of a field whether any has it,
// all lists the fields that there are.
func (e *Expr) Known(has func(field string) (bool, error), all func() ([]string, error)) error {
	for _, field := range e.Fields() {
		if field == GroupsField || slices.Contains(corpus.OwnKeys, field) {
			continue
		}
		if ok, err := has(field); err != nil || ok {
			if err != nil {
				return err
			}
			continue
		}
		known, err := all()
		if err != nil {
			return err
		}
		known = append(append(known, GroupsField), corpus.OwnKeys...)
		slices.Sort(known)
		return &FieldError{field, slices.Compact(known)}
	}
	return nil
}
