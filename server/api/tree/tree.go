// Package tree reads plans of searches that are written as trees of JSON, into the
// expressions of package search/plan.
package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/search/plan"
)

// Plan is what ranks: an expression of package search/plan, or the same as a tree:
//
//	"dense"                                                    a list
//	{"list": "text", "unit": "document", "weight": 0.7}        the same, said in full
//	{"fuse": {"rrf": {"k": 60, "depth": 100}}, "of": [tree, …]}
//	{"fuse": {"linear": {"norm": "median", "depth": 100}}, "of": [tree, …]}
//	{"rerank": {"n": 50}, "of": [tree, tree]}                  the best of the first by the second
//	{"boost": {"where": "role = \"test\"", "by": 0.5}, "of": [tree]}
//	{"recent": {"by": 0.2, "days": 365}, "of": [tree]}
//	{"smooth": {"by": 0.2}, "of": [tree]}
//	{"feedback": {"docs": 5, "terms": 20, "by": 0.4, "gate": 0}, "of": [tree, …]}
//	{"aggregate": "max", "of": [tree]}                         documents by their passages: max, first, sum
//
// A tree under fuse may have a weight. What a tree says the expression says too: it is
// written as one and read by the same rules.
type Plan struct{ json.RawMessage }

// steps are the names of steps and of what can be said of them.
var steps = map[string][]string{
	"rerank": {"n"}, "boost": {"by", "where"}, "recent": {"by", "days"}, "smooth": {"by"},
	"feedback": {"docs", "terms", "by", "gate"}, "rrf": {"k", "depth"}, "linear": {"norm", "depth"},
}

// Name is that of the schema of a tree.
const Name = "PlanTree"

const mostDepth = 16

// Schema is for the document of an interface; Expression says better what is wrong.
func (Plan) Schema(r huma.Registry) *huma.Schema {
	if r.Map()[Name] == nil {
		r.Map()[Name] = schema()
	}
	ref := &huma.Schema{Ref: "#/components/schemas/" + Name}
	return &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeString, MaxLength: new(4096), Description: "An expression, as rrf(text, dense, k=60)"}, ref},
		Description: "What ranks: an expression, or the same as a tree. k of RRF is 60 where nothing is said.",
		Examples:    []any{"rrf(text, dense, k=60)", map[string]any{"fuse": map[string]any{"rrf": map[string]any{"k": 60}}, "of": []any{"text", "dense"}}}}
}

// schema is the schema of a tree.
func schema() *huma.Schema {
	number := func() *huma.Schema { return &huma.Schema{Type: huma.TypeNumber} }
	step := func(name string) *huma.Schema {
		s := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
		for _, of := range steps[name] {
			s.Properties[of] = number()
		}
		if name == "boost" {
			s.Properties["where"] = &huma.Schema{Type: huma.TypeString, Description: "A filter"}
		}
		if name == "linear" {
			s.Properties["norm"] = &huma.Schema{Type: huma.TypeString, Enum: []any{"minmax", "z", "median", "none"}}
		}
		return s
	}
	tree := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Description: "A list by its name, or one step over the trees in of", Properties: map[string]*huma.Schema{
		"list":      {Type: huma.TypeString, Description: "text, dense, sparse, multi, or reranker, which is the model of the server that reads passages"},
		"unit":      {Type: huma.TypeString, Enum: []any{"passage", "document"}, Description: "What a list ranks"},
		"weight":    {Type: huma.TypeNumber, Description: "Of a tree that is fused"},
		"aggregate": {Type: huma.TypeString, Enum: []any{"max", "first", "sum"}, Description: "Documents by their passages"},
		"fuse":      {Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{"rrf": step("rrf"), "linear": step("linear")}},
		"of":        {Type: huma.TypeArray, Items: &huma.Schema{AnyOf: []*huma.Schema{{Type: huma.TypeString}, {Ref: "#/components/schemas/" + Name}}}},
	}}
	for _, name := range []string{"rerank", "boost", "recent", "smooth", "feedback"} {
		tree.Properties[name] = step(name)
	}
	return tree
}

// Expression is the plan as it is written; "" where there is none. Errors are
// *tamis.InvalidError, whose field is the place in the tree.
func (p Plan) Expression() (string, error) {
	if len(p.RawMessage) == 0 || string(p.RawMessage) == "null" {
		return "", nil
	}
	var text string
	if json.Unmarshal(p.RawMessage, &text) == nil {
		return text, nil
	}
	text, weight, err := written(p.RawMessage, "plan", 0)
	if err == nil && weight != "" {
		err = invalid("plan.weight", errors.New("a weight is that of a tree under fuse"))
	}
	if err != nil {
		return "", err
	}
	if _, err := plan.Parse(text); err != nil {
		return "", invalid("plan", fmt.Errorf("%s: %w", text, err))
	}
	return text, nil
}

// written writes a tree, which stands at a place, and its weight.
func written(raw json.RawMessage, at string, depth int) (text, weight string, err error) {
	fail := func(field, format string, args ...any) (string, string, error) {
		return "", "", invalid(strings.TrimSuffix(at+"."+field, "."), fmt.Errorf(format, args...))
	}
	if depth > mostDepth {
		return fail("", "the tree is deeper than %d", mostDepth)
	}
	if json.Unmarshal(raw, &text) == nil {
		return word(text, at)
	}
	var n map[string]json.RawMessage
	if err := json.Unmarshal(raw, &n); err != nil || n == nil {
		return fail("", "a tree is the name of a list, or an object")
	}
	if w, ok := n["weight"]; ok {
		if weight, err = number(w, at+".weight"); err != nil {
			return "", "", err
		}
		delete(n, "weight")
	}
	if list, ok := n["list"]; ok {
		if text, err = leaf(n, list, at); err != nil {
			return "", "", err
		}
		return text, weight, nil
	}
	var of []json.RawMessage
	if err := json.Unmarshal(n["of"], &of); err != nil {
		return fail("of", "a step has a list of trees in of")
	}
	delete(n, "of")
	if len(n) != 1 {
		return fail("", "a tree has a list, or of and one of fuse, rerank, boost, recent, smooth, feedback, aggregate, not %s", strings.Join(slices.Sorted(maps.Keys(n)), ", "))
	}
	var args []string
	for i, raw := range of {
		arg, w, err := written(raw, fmt.Sprintf("%s.of[%d]", at, i), depth+1)
		if err != nil {
			return "", "", err
		}
		if w != "" {
			if n["fuse"] == nil {
				return fail(fmt.Sprintf("of[%d].weight", i), "a weight is that of a tree under fuse")
			}
			arg = w + "*" + arg
		}
		args = append(args, arg)
	}
	name, more, err := settings(n, at)
	return name + "(" + strings.Join(append(args, more...), ", ") + ")", weight, err
}

// settings are the name of the only step in n and what is said of it.
func settings(n map[string]json.RawMessage, at string) (name string, args []string, err error) {
	var raw json.RawMessage
	for name, raw = range n {
	}
	at += "." + name
	switch name {
	case "aggregate":
		var how string
		if json.Unmarshal(raw, &how) != nil || !slices.Contains([]string{"max", "first", "sum"}, how) {
			return "", nil, invalid(at, errors.New("documents are ranked by max, first or sum of their passages"))
		}
		return how, nil, nil
	case "fuse":
		var by map[string]json.RawMessage
		if json.Unmarshal(raw, &by) != nil || len(by) != 1 || by["rrf"] == nil && by["linear"] == nil {
			return "", nil, invalid(at, errors.New(`lists are fused by one of {"rrf": {}} and {"linear": {}}`))
		}
		for name, raw = range by {
		}
		at += "." + name
	}
	known, ok := steps[name]
	if !ok {
		return "", nil, invalid(at, fmt.Errorf("there is no step %.50q; there are fuse, rerank, boost, recent, smooth, feedback and aggregate", name))
	}
	var said map[string]json.RawMessage
	if json.Unmarshal(raw, &said) != nil {
		return "", nil, invalid(at, errors.New("what is said of a step is an object"))
	}
	for _, s := range slices.Sorted(maps.Keys(said)) {
		if !slices.Contains(known, s) {
			return "", nil, invalid(at+"."+s, fmt.Errorf("%s has no setting %.50q; it has %s", name, s, strings.Join(known, ", ")))
		}
		arg, err := setting(said[s], s, at+"."+s)
		if err != nil {
			return "", nil, err
		}
		args = append(args, arg)
	}
	return name, args, nil
}

func setting(raw json.RawMessage, name, at string) (string, error) {
	switch name {
	case "where":
		var where string
		if json.Unmarshal(raw, &where) != nil {
			return "", invalid(at, errors.New("a filter is a text"))
		}
		e, err := filter.Parse(where)
		if err != nil {
			return "", invalid(at, err)
		}
		return plan.Quote(e.String()), nil
	case "norm":
		var norm string
		if json.Unmarshal(raw, &norm) != nil {
			return "", invalid(at, errors.New("norm is minmax, z, median or none"))
		}
		text, _, err := word(norm, at)
		return "norm=" + text, err
	}
	x, err := number(raw, at)
	return name + "=" + x, err
}

// leaf is a list.
func leaf(n map[string]json.RawMessage, list json.RawMessage, at string) (text string, err error) {
	var name, unit string
	if json.Unmarshal(list, &name) != nil {
		return "", invalid(at+".list", errors.New("a list is named by a text"))
	}
	for key, raw := range n {
		switch {
		case key == "list":
		case key == "unit" && json.Unmarshal(raw, &unit) == nil && slices.Contains([]string{"passage", "document"}, unit):
			name += "/" + unit
		default:
			return "", invalid(at+"."+key, errors.New("a list has a name (list), a unit (passage or document) and, under fuse, a weight"))
		}
	}
	text, _, err = word(name, at+".list")
	return text, err
}

// word is a name that means nothing else in an expression.
func word(s, at string) (text, weight string, err error) {
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r >= 0x80 || strings.ContainsRune("._:/-", r)) {
			return "", "", invalid(at, fmt.Errorf("%.50q is no name of a list", s))
		}
	}
	if s == "" {
		return "", "", invalid(at, errors.New("a list has a name"))
	}
	return s, "", nil
}

func number(raw json.RawMessage, at string) (string, error) {
	var x float64
	if err := json.Unmarshal(bytes.TrimSpace(raw), &x); err != nil || string(raw) == "null" {
		return "", invalid(at, errors.New("a number is wanted"))
	}
	return strings.ReplaceAll(strconv.FormatFloat(x, 'f', -1, 64), "+", ""), nil
}

// MarshalJSON writes what was read.
func (p Plan) MarshalJSON() ([]byte, error) {
	if len(p.RawMessage) == 0 {
		return []byte("null"), nil
	}
	return p.RawMessage, nil
}

// UnmarshalJSON keeps what is written.
func (p *Plan) UnmarshalJSON(b []byte) error {
	p.RawMessage = slices.Clone(b)
	return nil
}

func invalid(field string, err error) error {
	return &tamis.InvalidError{Field: field, Err: err}
}
