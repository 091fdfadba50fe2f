// Package filter is the language of filters over the metadata of documents:
//
//	lang = "en" and year >= 2020 and not path ^ "vendor/"
//
// # Language
//
//	expr      = and { "or" and }
//	and       = unary { "and" unary }
//	unary     = "not" unary | "(" expr ")" | condition
//	condition = "has" field
//	          | field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//	          | field "in" "(" value { "," value } ")"
//	          | field "^" text
//	field     = word | text
//	value     = text | number | time | "true" | "false"
//
// The words and, or, not, in, has, true and false are the language's own, in
// any case. A word is a letter or underscore and then letters, digits and any of
// "_.-"; a field of another name, or of one of those seven, is written as a
// text. A text stands in double or single quotes, with the escapes \\ \" \' \n \t
// \r and \uXXXX. A number is decimal: -1.5e3. A time is a date, 2024-01-31, which
// is its first instant in UTC, or a time of RFC 3339, 2024-01-31T12:00:00+01:00.
//
// # Values
//
// A value has a kind: keyword (text), number, time or boolean. A field has any
// number of values, of one kind or several, for it may hold a number in one
// document and a keyword in the next. A comparison matches a document when it
// holds for any of the field's values there. Values of different kinds are
// neither equal nor in any order, so year = 2020 does not match "2020". A text of
// the metadata that reads as a time in full is kept as a keyword and as a time:
// published >= 2024-01-01 works on metadata that came as JSON.
//
// Keywords are equal and ordered by bytes, numbers as float64, times as instants,
// whatever their zones; false and true have no order. The operator ^ matches
// keywords that begin with a text.
//
// # Absent fields
//
// There are two truth values. A comparison with a field that is absent, or has
// no value of that kind, does not match. A != x is not A = x: it matches the
// documents without the field, too, and of a list it says that no element is x.
// "has A and A != x" leaves them out. A field with no values is absent.
package filter

import "github.com/tamis-search/tamis/corpus"

// Op is the operation of an Expr.
type Op uint8

// The operations.
const (
	And   Op = iota + 1 // every one of Args
	Or                  // any one of Args
	Not                 // none of Args
	Has                 // Field has a value
	Equal               // a value of Field equals one of Values
	Less                // a value of Field is less than one of Values, and so on
	AtMost
	Greater
	AtLeast
	Prefix // a keyword of Field begins with the one of Values
)

// Expr is a filter. Parse makes it; a program may put one together as well. It
// must not change while it is in use.
type Expr struct {
	Op     Op
	Args   []*Expr // of And, Or and Not
	Field  string  // of the others
	Values []Value // of the others but Has: any number for Equal, else one
}

// Match says whether a document with the given fields passes. It is the meaning
// of a filter; package columns answers the same for all rows at once.
func (e *Expr) Match(f Fields) bool {
	switch e.Op {
	case And:
		for _, x := range e.Args {
			if !x.Match(f) {
				return false
			}
		}
		return true
	case Or:
		for _, x := range e.Args {
			if x.Match(f) {
				return true
			}
		}
		return false
	case Not:
		return !e.Args[0].Match(f)
	case Has:
		return len(f[e.Field]) > 0
	}
	for _, v := range f[e.Field] {
		for _, w := range e.Values {
			if v.Kind == w.Kind && e.Op.holds(v, w) {
				return true
			}
		}
	}
	return false
}

// GroupsField is the field that holds a document's access list: the groups that
// may see it, as keywords.
const GroupsField = corpus.GroupsKey

// Visible is the filter of a search made as a member of groups: it passes the
// documents that name no group, or one of these. A document whose access list
// holds anything but keywords is seen by nobody.
func Visible(groups []string) *Expr {
	public := negate(&Expr{Op: Has, Field: GroupsField})
	if len(groups) == 0 {
		return public
	}
	member := &Expr{Op: Equal, Field: GroupsField}
	for _, g := range groups {
		member.Values = append(member.Values, Value{Kind: Keyword, Text: g})
	}
	return join(Or, []*Expr{public, member})
}
