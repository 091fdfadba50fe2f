package code

import (
	"bytes"
	"strings"
)

// grammar is how a language with braces declares.
type grammar struct {
	syntax   syntax
	words    map[string]what // what a keyword declares, before a name and a body
	shorts   map[string]bool // keywords that declare without a body
	weak     map[string]bool // those that are told only where a comment stands before
	own      map[string]bool // keywords that are their own names: init
	calls    bool            // a name before parentheses declares a function
	protos   bool            // it does so without a body, too
	fields   bool            // members without a body are declarations where a comment explains them
	newline  bool            // a statement ends with its line
	literals bool            // functions are values, members of literals too
	access   bool            // "public:" is no statement
	objc     bool
	join     string // between a type and its member
}

// head is what the beginning of a statement declares.
type head struct {
	at         int
	what       what
	word, name string
	weak       bool
}

// maxHead bounds what is looked at of a statement.
const (
	maxHead   = 3000
	maxTokens = 160
)

// lexeme is a word ('a'), a group in brackets ('(', '[', '<') or a sign.
type lexeme struct {
	kind byte
	text []byte
}

// tokens of the beginning of a statement.
func tokens(s []byte) []lexeme {
	s = s[:min(len(s), maxHead)]
	out := make([]lexeme, 0, 16)
	for i := 0; i < len(s) && len(out) < maxTokens; {
		c := s[i]
		switch {
		case blankByte(c):
			i++
		case wordByte(c) || c == '$' || c == '~' && i+1 < len(s) && wordByte(s[i+1]):
			n := i + 1
			for n < len(s) && (wordByte(s[n]) || s[n] == '$') {
				n++
			}
			if n < len(s) && s[n] == '!' && string(s[i:n]) == "macro_rules" {
				n++
			}
			out = append(out, lexeme{'a', s[i:n]})
			i = n
		case c == '(' || c == '[':
			n := groupEnd(s, i)
			out = append(out, lexeme{c, s[i:n]})
			i = n
		case c == '<':
			if n := anglesEnd(s, i); n > 0 {
				out = append(out, lexeme{c, s[i:n]})
				i = n
				continue
			}
			out = append(out, lexeme{'o', s[i : i+1]})
			i++
		case c == '-' && i+1 < len(s) && s[i+1] == '>':
			out = append(out, lexeme{'o', s[i : i+2]})
			i += 2
		default:
			out = append(out, lexeme{c, s[i : i+1]})
			i++
		}
	}
	return out
}

func groupEnd(s []byte, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// anglesEnd is the end of <…> where that is a list of types, else 0.
func anglesEnd(s []byte, i int) int {
	depth := 0
	for n := i; n < min(len(s), i+600); n++ {
		switch c := s[n]; {
		case c == '<':
			depth++
		case c == '>' && s[n-1] != '-' && s[n-1] != '=':
			if depth--; depth == 0 {
				return n + 1
			}
		case c == ';' || c == '{' || c == '}':
			return 0
		case c == '&' && n+1 < len(s) && s[n+1] == '&' && depth == 1 && !bytes.Contains(s[i:min(len(s), i+600)], []byte(">")):
			return 0
		}
	}
	return 0
}

// control are words before parentheses that declare nothing.
var control = set("if for while switch catch return new else do throw foreach synchronized using lock fixed sizeof typeof await case in of with elif elsif unless until match when guard defer assert delete yield and or not __attribute__ __declspec alignas noexcept decltype requires super this @synchronized @autoreleasepool static_assert")

// attributes take parentheses and stand before a declaration.
var attributes = set("pub private protected internal public __attribute__ __attribute alignas __declspec extern fileprivate unowned weak decltype explicit noexcept deprecated")

func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// head says what a statement declares whose body follows. Members are allowed to be
// functions that no keyword names; literal says that it stands in a literal.
func (g *grammar) head(s []byte, members, literal bool) head {
	t := tokens(s)
	t = g.bare(t)
	if len(t) == 0 {
		return head{}
	}
	if h := g.keyword(t); h.what != nothing {
		return h
	}
	if g.literals {
		if h := assigned(t, literal); h.what != nothing {
			return h
		}
	}
	if g.calls && (members || literal) {
		return g.call(t, true)
	}
	return head{}
}

// short says what a statement without a body declares.
func (g *grammar) short(s []byte) head {
	if len(g.shorts) == 0 && !g.protos && !g.fields {
		return head{}
	}
	t := g.bare(tokens(s))
	if len(t) == 0 {
		return head{}
	}
	for k, w := range t {
		if w.kind != 'a' {
			if w.kind == '(' && k > 0 && attributes[string(t[k-1].text)] || w.kind == '<' {
				continue
			}
			break
		}
		word := string(w.text)
		if word == "typedef" && g.shorts[word] {
			return typedef(t)
		}
		if g.shorts[word] || g.weak[word] {
			if k+1 < len(t) && t[k+1].kind == 'a' && (g.shorts[string(t[k+1].text)] || g.words[string(t[k+1].text)] != nothing) {
				continue
			}
			if name, _ := nameAt(t, k+1); name != "" {
				return head{what: leaf, word: word, name: name, weak: g.weak[word] && !g.shorts[word]}
			}
		}
		if g.own[word] && k+1 < len(t) && t[k+1].kind == '(' {
			return head{what: leaf, name: word}
		}
	}
	if g.literals {
		if h := assigned(t, false); h.what != nothing {
			return h
		}
	}
	if g.protos {
		if h := g.call(t, false); h.what != nothing {
			return h
		}
	}
	if g.fields {
		if name := field(t); name != "" {
			return head{what: leaf, name: name, weak: true}
		}
	}
	return head{}
}

// bare is a statement without the annotations and attributes before it.
func (g *grammar) bare(t []lexeme) []lexeme {
	for len(t) > 0 {
		switch {
		case t[0].kind == '@' && len(t) > 1 && t[1].kind == 'a' && g.words["@"+string(t[1].text)] == nothing && string(t[1].text) != "interface":
			t = t[2:]
			for len(t) > 1 && t[0].kind == '.' {
				t = t[2:]
			}
			if len(t) > 0 && t[0].kind == '(' {
				t = t[1:]
			}
		case t[0].kind == '#' && len(t) > 1 && t[1].kind == '[':
			t = t[2:]
		case t[0].kind == '#' && len(t) > 2 && t[1].kind == '!':
			t = t[3:]
		case t[0].kind == '[' && !g.literals:
			t = t[1:]
		case string(t[0].text) == "template" && len(t) > 1 && t[1].kind == '<':
			t = t[2:]
		default:
			return t
		}
	}
	return t
}

// keyword finds a keyword that a name follows before any list of parameters.
func (g *grammar) keyword(t []lexeme) head {
	for k, w := range t {
		switch w.kind {
		case 'a':
		case '(':
			if k > 0 && attributes[string(t[k-1].text)] {
				continue
			}
			return head{}
		case '=', '.', '?':
			if g.literals && w.kind == '=' {
				continue // of a value that is a function
			}
			return head{}
		default:
			continue
		}
		word := string(w.text)
		if g.own[word] && (k+1 == len(t) || t[k+1].kind == '(' || t[k+1].kind == '?' || t[k+1].kind == '<') {
			return head{what: leaf, name: word}
		}
		is := g.words[word]
		if is == nothing || k > 0 && t[k-1].kind == '.' {
			continue
		}
		if k+1 < len(t) && t[k+1].kind == 'a' && g.words[string(t[k+1].text)] != nothing && !(k+2 < len(t) && t[k+2].kind == '(') && k+2 < len(t) {
			continue // enum class, fun interface
		}
		if word == "impl" {
			return implements(t[k+1:])
		}
		name, next := nameAt(t, k+1)
		if g.protos && (word == "struct" || word == "union" || word == "enum" || word == "class") && g.returns(t[next:]) {
			return head{}
		}
		if name == "" && g.literals {
			if word == "class" || word == "function" {
				if h := assignedTo(t[:k]); h != "" {
					return head{what: is, word: word, name: h}
				}
				if k > 0 && string(t[k-1].text) == "default" {
					return head{what: is, word: word, name: "default"}
				}
			}
			return head{}
		}
		if name == "" && is == leaf {
			continue
		}
		return head{what: is, word: word, name: name}
	}
	return head{}
}

// returns says whether a function follows, of which the type before it is the result.
func (g *grammar) returns(t []lexeme) bool {
	for k, w := range t {
		if w.kind == ':' && !(k > 0 && t[k-1].kind == ':') && !(k+1 < len(t) && t[k+1].kind == ':') || w.kind == '=' {
			return false
		}
		if w.kind == '(' && k > 0 {
			return t[k-1].kind == 'a' && !attributes[string(t[k-1].text)]
		}
	}
	return false
}

// nameAt is the name that begins with token k, and the token after it.
func nameAt(t []lexeme, k int) (string, int) {
	for k < len(t) && (t[k].kind == '*' || t[k].kind == '<' || t[k].kind == '&' || t[k].kind == '(' || t[k].kind == '[') {
		if t[k].kind == '(' && (k+1 >= len(t) || t[k+1].kind != 'a') {
			return "", k
		}
		k++
	}
	var b strings.Builder
	for k < len(t) && t[k].kind == 'a' && b.Len() < 200 {
		b.Write(t[k].text)
		k++
		for k < len(t) && t[k].kind == '<' && k+1 < len(t) && (t[k+1].kind == ':' || t[k+1].kind == '.') {
			k++
		}
		switch {
		case k+2 < len(t) && t[k].kind == ':' && t[k+1].kind == ':' && t[k+2].kind == 'a':
			b.WriteString("::")
			k += 2
		case k+1 < len(t) && t[k].kind == '.' && t[k+1].kind == 'a':
			b.WriteByte('.')
			k++
		case k+1 < len(t) && t[k].kind == '\\' && t[k+1].kind == 'a':
			b.WriteByte('\\')
			k++
		default:
			return b.String(), k
		}
	}
	return b.String(), k
}

// implements is a block of Rust that gives a type its methods.
func implements(t []lexeme) head {
	name, next := nameAt(t, 0)
	for ; next+1 < len(t) && next < 12; next++ {
		if string(t[next].text) == "for" {
			of, _ := nameAt(t, next+1)
			return head{what: holder, word: "impl " + name + " for", name: of}
		}
	}
	return head{what: holder, word: "impl", name: name}
}

// call is a function that its name and parameters declare.
func (g *grammar) call(t []lexeme, body bool) head {
	if g.objc && len(t) > 2 && (t[0].kind == '-' || t[0].kind == '+') && t[1].kind == '(' && t[2].kind == 'a' {
		return head{what: leaf, word: string(t[0].text), name: string(t[2].text)}
	}
	for k, w := range t {
		if w.kind == '=' && !(k > 0 && string(t[k-1].text) == "operator" || k > 1 && string(t[k-2].text) == "operator") {
			return head{}
		}
		if w.kind != '(' || k == 0 {
			continue
		}
		p := k - 1
		if t[p].kind == '<' && p > 0 {
			p--
		}
		for q := p; q >= 0 && q > p-4; q-- { // operator+
			if string(t[q].text) == "operator" {
				name := "operator"
				for _, s := range t[q+1 : k] {
					name += string(s.text)
				}
				return head{what: leaf, name: name}
			}
		}
		if t[p].kind != 'a' {
			if t[p].kind == '?' && p > 0 && t[p-1].kind == 'a' { // f?(): T
				return head{what: leaf, name: string(t[p-1].text)}
			}
			if g.literals && t[p].kind == '[' || t[p].kind == '"' || t[p].kind == '\'' {
				return head{}
			}
			continue
		}
		word := string(t[p].text)
		if attributes[word] {
			continue
		}
		if control[word] && !(g.literals && body && p == 0 && word != "if" && word != "for" && word != "while" && word != "switch" && word != "catch" && word != "with") {
			return head{}
		}
		if g.join == "::" && g.access && k+1 < len(t) && t[k+1].kind == '(' && p == 0 {
			continue // MACRO(x)(y)
		}
		from := p
		for from > 1 && t[from-1].kind == ':' && t[from-2].kind == ':' {
			from -= 2
			if from > 0 && t[from-1].kind == '<' {
				from--
			}
			if from > 0 && t[from-1].kind == 'a' {
				from--
			}
		}
		if !body && from == 0 && !g.literals && !g.fields && word[0] != '~' || '0' <= word[0] && word[0] <= '9' {
			return head{} // a call of a macro
		}
		if !body && from > 0 && t[from-1].kind == '.' {
			return head{}
		}
		name, _ := nameAt(t, from)
		return head{what: leaf, name: name}
	}
	return head{}
}

// assigned is a function that is a value: f = function, f: (x) => …, f <- function.
func assigned(t []lexeme, literal bool) head {
	for k, w := range t {
		if k > 12 || w.kind == '(' && k < 1 {
			return head{}
		}
		isKey := w.kind == ':' && literal && k == 1
		isArrow := w.kind == '-' && k > 0 && t[k-1].kind == 'o'
		if w.kind != '=' && !isKey && !isArrow || k == 0 {
			continue
		}
		rest := t[k+1:]
		for len(rest) > 0 && (string(rest[0].text) == "async" || rest[0].kind == '<') {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return head{}
		}
		arrow := false
		for j := 0; j+1 < len(rest) && j < 30; j++ {
			if rest[j].kind == '=' && rest[j+1].kind == '>' {
				arrow = j == 1 && rest[0].kind == 'a' || rest[0].kind == '('
				break
			}
		}
		if string(rest[0].text) != "function" && !arrow {
			return head{}
		}
		if name := assignedTo(t[:k+1]); name != "" {
			return head{what: leaf, word: "function", name: name}
		}
		return head{}
	}
	return head{}
}

// assignedTo is the name before "=", ":" or "<-" at the end of t.
func assignedTo(t []lexeme) string {
	k := len(t) - 1
	for k >= 0 && t[k].kind != '=' && t[k].kind != ':' && !(t[k].kind == '-' && k > 0 && t[k-1].kind == 'o') {
		if t[k].kind != 'a' {
			return ""
		}
		k--
	}
	// A type may stand between the name and "=".
	for j := 0; j < k; j++ {
		if t[j].kind == ':' {
			k = j
			break
		}
	}
	from := k - 1
	if from >= 0 && t[from].kind == 'o' {
		from--
	}
	if from < 0 || t[from].kind != 'a' {
		return ""
	}
	for from > 1 && t[from-1].kind == '.' && t[from-2].kind == 'a' {
		from -= 2
	}
	name, _ := nameAt(t, from)
	return name
}

// field is the name of a member without a body, as TypeScript has it: "name?: T".
func field(t []lexeme) string {
	for k, w := range t {
		switch {
		case w.kind == 'a':
		case (w.kind == ':' || w.kind == '?') && k > 0:
			return string(t[k-1].text)
		default:
			return ""
		}
	}
	return ""
}

// typedef names the type that the last word of it is.
func typedef(t []lexeme) head {
	name := ""
	for k, w := range t {
		if w.kind == 'a' {
			name = string(w.text)
		}
		if w.kind == '(' && k+1 < len(t) && t[k+1].kind == '(' {
			if n := strings.Trim(string(w.text), "(*) ^"); n != "" && !strings.ContainsAny(n, " (") {
				name = n
				break
			}
		}
	}
	if name == "" || name == "typedef" {
		return head{}
	}
	return head{what: leaf, word: "typedef", name: name}
}

// value says whether a brace after this begins a value rather than a body.
func (g *grammar) value(s []byte) bool {
	if len(s) == 0 {
		return false
	}
	if strings.IndexByte("=(,:[?|&", s[len(s)-1]) >= 0 {
		return true
	}
	return bytes.HasSuffix(s, []byte("return")) || bytes.HasSuffix(s, []byte("default")) || g.access && wordByte(s[len(s)-1]) && bytes.IndexByte(s, ')') >= 0 && bytes.LastIndexByte(s, ':') > bytes.IndexByte(s, ')')
}
