package filter

import (
	"strconv"
	"time"
	"unicode"
)

// String writes the filter in its canonical form: Parse of it gives an equal
// filter.
func (e *Expr) String() string { return string(e.append(nil)) }

func (e *Expr) append(b []byte) []byte {
	switch e.Op {
	case And:
		return e.appendArgs(b, " and ")
	case Or:
		return e.appendArgs(b, " or ")
	case Not:
		x := e.Args[0]
		if x.Op == Equal && len(x.Values) == 1 {
			return appendValue(append(appendField(b, x.Field), " != "...), x.Values[0])
		}
		return x.appendIn(append(b, "not "...), x.Op == And || x.Op == Or)
	case Has:
		return appendField(append(b, "has "...), e.Field)
	case Equal:
		if len(e.Values) != 1 {
			b = append(appendField(b, e.Field), " in ("...)
			for i, v := range e.Values {
				if i > 0 {
					b = append(b, ", "...)
				}
				b = appendValue(b, v)
			}
			return append(b, ')')
		}
	}
	b = append(appendField(b, e.Field), ' ')
	for _, c := range comparisons {
		if c.op == e.Op {
			b = append(b, c.sign...)
			break
		}
	}
	for _, v := range e.Values {
		b = appendValue(append(b, ' '), v)
	}
	return b
}

func (e *Expr) appendArgs(b []byte, word string) []byte {
	for i, x := range e.Args {
		if i > 0 {
			b = append(b, word...)
		}
		b = x.appendIn(b, x.Op == Or && e.Op == And)
	}
	return b
}

func (e *Expr) appendIn(b []byte, parentheses bool) []byte {
	if !parentheses {
		return e.append(b)
	}
	return append(e.append(append(b, '(')), ')')
}

func appendField(b []byte, name string) []byte {
	if bare(name) {
		return append(b, name...)
	}
	return appendText(b, name)
}

func appendValue(b []byte, v Value) []byte {
	switch v.Kind {
	case Keyword:
		return appendText(b, v.Text)
	case Number:
		return strconv.AppendFloat(b, v.Number, 'g', -1, 64)
	case Time:
		if t := v.Time; t.Equal(t.Truncate(24 * time.Hour)) {
			return t.AppendFormat(b, time.DateOnly)
		}
		return v.Time.AppendFormat(b, time.RFC3339Nano)
	}
	return strconv.AppendBool(b, v.Bool)
}

func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\r':
			b = append(b, `\r`...)
		case unicode.IsControl(r): // below U+0100
			const hex = "0123456789abcdef"
			b = append(b, `\u00`...)
			b = append(b, hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}
