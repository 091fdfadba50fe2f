package filter

// maxDepth is how deep parentheses and nots may be nested.
const maxDepth = 100

// Parse reads a filter. An error is a *SyntaxError.
func Parse(s string) (*Expr, error) {
	p := parser{src: s}
	p.next()
	e := p.or(0)
	if p.tok.kind != end {
		p.fail(p.tok.at, `expected "and", "or" or the end of the filter, found %s`, p.tok.src)
	}
	if p.err != nil {
		return nil, p.err
	}
	return e, nil
}

// A parser descends through the grammar. At an error it goes on at the end of
// the filter, so that every rule returns an expression, which is then dropped.
type parser struct {
	src string
	pos int // behind tok
	tok token
	err *SyntaxError
}

// take passes over the token if it is s.
func (p *parser) take(s string) bool {
	if !p.tok.is(s) {
		return false
	}
	p.next()
	return true
}

// found names the token in an error.
func (p *parser) found() string {
	if p.tok.kind == end {
		return "the end of the filter"
	}
	return p.tok.src
}

func (p *parser) or(depth int) *Expr {
	args := []*Expr{p.and(depth)}
	for p.take("or") {
		args = append(args, p.and(depth))
	}
	return join(Or, args)
}

func (p *parser) and(depth int) *Expr {
	args := []*Expr{p.unary(depth)}
	for p.take("and") {
		args = append(args, p.unary(depth))
	}
	return join(And, args)
}

// join makes one of args, taking in those that join in the same way.
func join(op Op, args []*Expr) *Expr {
	if len(args) == 1 {
		return args[0]
	}
	e := &Expr{Op: op}
	for _, x := range args {
		if x.Op == op {
			e.Args = append(e.Args, x.Args...)
		} else {
			e.Args = append(e.Args, x)
		}
	}
	return e
}

func negate(e *Expr) *Expr {
	if e.Op == Not {
		return e.Args[0]
	}
	return &Expr{Op: Not, Args: []*Expr{e}}
}

func (p *parser) unary(depth int) *Expr {
	at := p.tok.at
	if depth > maxDepth {
		p.fail(at, `expected at most %d "(" and "not" within each other`, maxDepth)
	}
	switch {
	case p.take("not"):
		return negate(p.unary(depth + 1))
	case p.take("("):
		e := p.or(depth + 1)
		if !p.take(")") {
			p.fail(p.tok.at, `expected "and", "or" or ")", found %s`, p.found())
		}
		return e
	case p.take("has"):
		return &Expr{Op: Has, Field: p.field()}
	}
	return p.condition()
}

// comparisons are the operators that a value follows.
var comparisons = []struct {
	sign string
	op   Op
}{{"=", Equal}, {"!=", Equal}, {"<", Less}, {"<=", AtMost}, {">", Greater}, {">=", AtLeast}, {"^", Prefix}}

func (p *parser) condition() *Expr {
	e := &Expr{Field: p.field()}
	if p.take("in") {
		e.Op = Equal
		p.list(e)
		return e
	}
	for _, c := range comparisons {
		if !p.take(c.sign) {
			continue
		}
		e.Op = c.op
		value := p.tok
		e.Values = []Value{p.value()}
		switch {
		case c.op == Prefix && value.kind != text:
			p.fail(value.at, "expected a text in quotes behind ^, found %s", value.src)
		case c.op != Equal && e.Values[0].Kind == Bool:
			p.fail(value.at, "expected a text, a number or a time behind %s, found %s, which has no order", c.sign, value.src)
		case c.sign == "!=":
			return negate(e)
		}
		return e
	}
	p.fail(p.tok.at, "expected =, !=, <, <=, >, >=, ^ or in behind a field, found %s", p.found())
	return e
}

// list reads the values of "in".
func (p *parser) list(e *Expr) {
	if !p.take("(") {
		p.fail(p.tok.at, `expected "(" behind in, found %s`, p.found())
	}
	for {
		e.Values = append(e.Values, p.value())
		if p.take(")") {
			return
		}
		if !p.take(",") {
			p.fail(p.tok.at, `expected "," or ")" behind a value, found %s`, p.found())
			return
		}
	}
}

func (p *parser) field() string {
	t := p.tok
	switch {
	case t.kind == text:
		p.next()
		return t.val.Text
	case t.kind == word && !reserved(t.src):
		p.next()
		return t.src
	case t.kind == word:
		p.fail(t.at, "expected a field, found %s (a field of that name is written in quotes)", t.src)
	default:
		p.fail(t.at, "expected a field, found %s", p.found())
	}
	return ""
}

func (p *parser) value() Value {
	t := p.tok
	switch {
	case t.val.Kind != 0:
		p.next()
		return t.val
	case p.take("true"):
		return Value{Kind: Bool, Bool: true}
	case p.take("false"):
		return Value{Kind: Bool}
	case t.kind == word:
		p.fail(t.at, `expected a value, found %s (a text is written in quotes: "%s")`, t.src, t.src)
	default:
		p.fail(t.at, "expected a text in quotes, a number, a time, true or false, found %s", p.found())
	}
	return Value{}
}
