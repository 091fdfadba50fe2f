package plan

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ErrSyntax is wrapped by the errors for an expression that is no plan.
var ErrSyntax = errors.New("no plan")

const (
	mostBytes = 4 << 10
	mostDepth = 16
	mostLists = 32
)

// Node is a list by its name, or a step over the lists that others give.
type Node struct {
	step  *step // nil for a list
	name  string
	of    []*Node
	by    []float64 // weights of them
	where string    // the filter of a boost
	set   map[string]float64
	norm  string
}

// step is what can be done to lists.
type step struct {
	name        string
	least, most int                // arguments that are lists
	weighs      bool               // lists may have weights
	filter      bool               // the first text is a filter
	norm        bool               // takes norm=
	options     map[string]setting // by name
}

type setting struct{ is, least, most float64 }

// steps are all that a plan can do.
var steps = []step{
	{name: "rrf", least: 1, most: mostLists, weighs: true, options: map[string]setting{"k": {60, 0, 1e6}, "depth": depth}},
	{name: "linear", least: 1, most: mostLists, weighs: true, norm: true, options: map[string]setting{"depth": depth}},
	{name: "rerank", least: 2, most: 2, options: map[string]setting{"n": {100, 1, 1e5}}},
	{name: "boost", least: 1, most: 1, filter: true, options: map[string]setting{"by": {1.5, 1e-3, 1e3}}},
	{name: "recent", least: 1, most: 1, options: map[string]setting{"by": {.2, 0, 1}, "days": {365, 1e-3, 1e6}}},
	{name: "smooth", least: 1, most: 1, options: map[string]setting{"by": {.2, 0, 1}}},
	{name: "near", least: 2, most: 2, options: map[string]setting{"by": {.6, 0, 10}, "n": {10, 1, 1000}, "depth": depth}},
	{name: "feedback", least: 1, most: 2, options: map[string]setting{"docs": {5, 1, 100}, "terms": {20, 1, 1000}, "by": {.4, 0, 1}, "gate": {0, 0, 1}}},
	{name: "max", least: 1, most: 1},
	{name: "first", least: 1, most: 1},
	{name: "sum", least: 1, most: 1},
}

// depth is how many of the best rows of each list are fused.
var depth = setting{100, 1, 1e5}

// The normalisations of linear: see scale; minmax where none is named.
var norms = []string{"minmax", "z", "median", "best", "none"}

// Parse reads a plan:
//
//	text                                        a list by its name
//	rrf(text, dense, k=10)                      reciprocal ranks
//	linear(0.4*text, 0.6*dense, norm=median)    weighted sums of scores
//	rerank(rrf(text, dense), maxsim, n=50)      the best n ordered by another list
//	boost(text, 'role = "test"', by=0.5)        scores times by where a filter holds
//	max(dense), first(dense), sum(dense)        documents by their passages
//	smooth(dense, by=0.2)                       a passage by its neighbours too
//	near(text, dense, n=10, by=0.6)             what is like others that were found
//	recent(text, by=0.2, days=365)              what is newer first
//	feedback(text, docs=5, terms=20, by=0.4)    asked again with what was found
//
// text/document and text/passage say what a list ranks. Errors wrap ErrSyntax.
func Parse(s string) (*Node, error) {
	if len(s) > mostBytes {
		return nil, fmt.Errorf("%w: it has %d bytes, more than %d", ErrSyntax, len(s), mostBytes)
	}
	p := &parser{s: s}
	n := p.node(0)
	if p.skip(); p.err == nil && p.at < len(s) {
		p.fail("%q is left over", s[p.at:])
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

type parser struct {
	s     string
	at    int
	lists int
	err   error
}

func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: at byte %d: %s", ErrSyntax, p.at, fmt.Sprintf(format, args...))
	}
}

func (p *parser) skip() {
	for p.at < len(p.s) && strings.IndexByte(" \t\n", p.s[p.at]) >= 0 {
		p.at++
	}
}

// take takes a sign, if it is next.
func (p *parser) take(sign byte) bool {
	p.skip()
	if p.err != nil || p.at >= len(p.s) || p.s[p.at] != sign {
		return false
	}
	p.at++
	return true
}

// word takes what names and numbers are made of.
func (p *parser) word() string {
	p.skip()
	from := p.at
	for p.at < len(p.s) {
		c := p.s[p.at]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || strings.IndexByte("._:/-", c) >= 0) {
			break
		}
		p.at++
	}
	return p.s[from:p.at]
}

func (p *parser) node(level int) *Node { return p.named(p.word(), level) }

// named is the node that begins with a name, which was read.
func (p *parser) named(name string, level int) *Node {
	if p.lists++; level > mostDepth || p.lists > 4*mostLists {
		p.fail("it is too deep or too long")
	}
	if name == "" && p.err == nil {
		p.fail("a list such as text or dense is missing")
	}
	n := &Node{name: name}
	if !p.take('(') {
		if stepOf(name) != nil {
			p.fail("%s needs lists: %s(text)", name, name)
		}
		return n
	}
	if n.step = stepOf(name); n.step == nil {
		p.fail("there is no step %q; there are %s", name, names())
		return n
	}
	for first := true; p.err == nil && !p.take(')'); first = false {
		if !first && !p.take(',') {
			p.fail("a comma or ) is missing")
			break
		}
		p.argument(n, level)
	}
	if p.err != nil {
		return n
	}
	switch s := n.step; {
	case len(n.of) < s.least || len(n.of) > s.most:
		p.fail("%s has %d lists: it takes %s", name, len(n.of), s.takes())
	case s.filter && n.where == "":
		p.fail(`%s needs a filter in quotes: %s(text, 'role = "test"')`, name, name)
	}
	return n
}

// argument reads one of a step: a list, a setting or a filter.
func (p *parser) argument(n *Node, level int) {
	p.skip()
	if n.step.filter && p.at < len(p.s) && p.s[p.at] == '\'' {
		end := strings.IndexByte(p.s[p.at+1:], '\'')
		if end < 0 || n.where != "" {
			p.fail("one filter stands between ' and '")
			return
		}
		n.where = p.s[p.at+1 : p.at+1+end]
		p.at += end + 2
		return
	}
	word := p.word()
	switch {
	case p.take('='):
		p.setting(n, word, p.word())
	case p.take('*'):
		w, err := strconv.ParseFloat(word, 64)
		if err != nil || !(w >= 0 && w <= 1e6) || !n.step.weighs {
			p.fail("%q is no weight of a list here: use a number from 0 on in rrf or linear", word)
			return
		}
		n.of, n.by = append(n.of, p.node(level+1)), append(n.by, w)
	default:
		n.of, n.by = append(n.of, p.named(word, level+1)), append(n.by, 1)
	}
}

func (p *parser) setting(n *Node, name, value string) {
	if name == "norm" && n.step.norm {
		if !slices.Contains(norms, value) {
			p.fail("norm is %q: use %s", value, strings.Join(norms, ", "))
		}
		n.norm = value
		return
	}
	o, ok := n.step.options[name]
	if !ok {
		p.fail("%s has no setting %q", n.step.name, name)
		return
	}
	x, err := strconv.ParseFloat(value, 64)
	if err != nil || !(x >= o.least && x <= o.most) || math.IsNaN(x) {
		p.fail("%s is %q: use a number from %g to %g", name, value, o.least, o.most)
		return
	}
	if n.set == nil {
		n.set = map[string]float64{}
	}
	n.set[name] = x
}

// option is a setting, or its default.
func (n *Node) option(name string) float64 {
	if x, ok := n.set[name]; ok {
		return x
	}
	return n.step.options[name].is
}

// String is the plan in its shortest form, which Parse reads.
func (n *Node) String() string {
	if n.step == nil {
		return n.name
	}
	var args []string
	for i, of := range n.of {
		arg := of.String()
		if n.by[i] != 1 {
			arg = strconv.FormatFloat(n.by[i], 'g', -1, 64) + "*" + arg
		}
		args = append(args, arg)
	}
	if n.where != "" {
		args = append(args, "'"+n.where+"'")
	}
	if n.norm != "" {
		args = append(args, "norm="+n.norm)
	}
	for _, name := range settings {
		if x, ok := n.set[name]; ok {
			args = append(args, name+"="+strconv.FormatFloat(x, 'g', -1, 64))
		}
	}
	return n.step.name + "(" + strings.Join(args, ", ") + ")"
}

// settings are all names of settings, in the order that they are written in.
var settings = []string{"k", "n", "docs", "terms", "by", "days", "gate", "depth"}

// Lists are the names of the lists of a plan, each once, in their order.
func (n *Node) Lists() []string {
	if n.step == nil {
		return []string{n.name}
	}
	var all []string
	for _, of := range n.of {
		for _, name := range of.Lists() {
			if !slices.Contains(all, name) {
				all = append(all, name)
			}
		}
	}
	return all
}

// Where is the plan with f's filters in place of its own.
func (n *Node) Where(f func(filter string) (string, error)) (*Node, error) {
	other := *n
	other.of = make([]*Node, len(n.of))
	var err error
	for i, of := range n.of {
		if other.of[i], err = of.Where(f); err != nil {
			return nil, err
		}
	}
	if n.where == "" {
		return &other, nil
	}
	s, err := f(n.where)
	other.where = unquoted(s)
	return &other, err
}

// Quote is a filter as it stands in a plan.
func Quote(filter string) string { return "'" + unquoted(filter) + "'" }

// unquoted writes otherwise what would end a filter: as String of package filter writes them,
// filters have ' within texts alone.
func unquoted(filter string) string { return strings.ReplaceAll(filter, "'", `\u0027`) }

// Weights are those of the lists of the outermost step; nil where it takes none.
func (n *Node) Weights() []float64 {
	if n.step == nil || !n.step.weighs {
		return nil
	}
	return slices.Clone(n.by)
}

// Weighed is the plan with other weights in its outermost step.
func (n *Node) Weighed(by []float64) *Node {
	other := *n
	other.by = slices.Clone(by)
	return &other
}

func stepOf(name string) *step {
	for i := range steps {
		if steps[i].name == name {
			return &steps[i]
		}
	}
	return nil
}

func names() string {
	var all []string
	for i := range steps {
		all = append(all, steps[i].name)
	}
	return strings.Join(all, ", ")
}

func (s *step) takes() string {
	if s.least == s.most {
		return strconv.Itoa(s.least)
	}
	return fmt.Sprintf("%d to %d", s.least, s.most)
}
