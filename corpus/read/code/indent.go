package code

import "strings"

// outline is how a language declares whose bodies are told by their indent, or end
// with a word or brace that stands under the beginning: all that people write so.
type outline struct {
	comment string // what a line of comment begins with
	long    []string
	block   [2]string // lines that begin and end a comment of several lines
	bodies  bool      // what is indented belongs to the line above: no word ends it
	docs    bool      // a string below the head is documentation
	heredoc string    // "<<"
	pod     bool
	margin  bool   // only what stands at the margin declares
	final   string // what a declaration ends with, whatever its indent; "" for nothing
	close   string // words that end a body, or go on with it, under its beginning
	join    string
	match   func(line string) (word, name string, is what)
}

// outliner finds the declarations of a text line by line.
type outliner struct {
	*outline
	text     string
	decls    []decl
	comments []span
	open     []int // declarations, each indented more than the one before
	indents  []int
	last     int  // where the last line with text ended
	head     bool // of the last declaration goes on over lines
	pods     []span
	vain     int // see lexed.vain
	closing  map[string]bool
}

// find takes linear time: each line is looked at once.
func (o *outliner) find() {
	o.closing = set(o.close)
	t := o.text
	depth := 0 // of brackets that go on over lines
	for at := 0; at < len(t); {
		stop := lineEnd(t, at)
		line := strings.TrimRight(t[at:stop], " \t\r")
		body := strings.TrimLeft(line, " \t")
		indent := len(line) - len(body)
		next := stop + 1
		if body == "" {
			at = next
			continue
		}
		if n := o.skip(at, body, indent); n > 0 {
			if o.pod {
				o.pods = append(o.pods, span{at, n})
			} else {
				o.comments = append(o.comments, span{at + indent, n})
			}
			at = min(lineEnd(t, n), len(t)) + 1
			continue
		}
		if o.comment != "" && strings.HasPrefix(body, o.comment) {
			o.comments = append(o.comments, span{at + indent, at + len(line)})
			at = next
			continue
		}
		if o.final != "" && len(o.open) > 0 && strings.HasSuffix(o.text[:o.last], o.final) {
			o.until(0, "")
		}
		if depth == 0 || !o.bodies {
			o.begin(at, line, body, indent)
		}
		end, d := o.ends(at+indent, stop, depth)
		depth = d
		if o.head && depth == 0 {
			o.decls[len(o.decls)-1].body = min(end, len(t))
			o.head = false
		}
		if depth > 200 || depth > 0 && o.bodies && indent == 0 && o.is(body) {
			depth = 0 // what was opened is lost
		}
		o.last = min(end, len(t))
		at = lineEnd(t, min(end, len(t))) + 1
	}
	o.until(-1, "")
}

func (o *outliner) is(body string) bool {
	_, _, is := o.match(body)
	return is != nothing && strings.HasSuffix(body, ":")
}

// skip is the end of a comment of several lines that begins with this line.
func (o *outliner) skip(at int, body string, indent int) int {
	if o.block[0] != "" && strings.HasPrefix(body, o.block[0]) {
		from := at + indent + len(o.block[0])
		if o.pod && (indent > 0 || len(body) < 3 || body[1]|0x20 < 'a' || body[1]|0x20 > 'z') {
			return 0
		}
		if n := strings.Index(o.text[from:], o.block[1]); n >= 0 {
			return from + n + len(o.block[1])
		}
		return len(o.text)
	}
	return 0
}

// until ends what is indented as much or more.
func (o *outliner) until(indent int, body string) {
	if o.final != "" && indent >= 0 && o.last > 0 && !strings.HasSuffix(o.text[:o.last], o.final) {
		return
	}
	for n := len(o.open) - 1; n >= 0 && o.indents[n] >= indent; n-- {
		d := &o.decls[o.open[n]]
		if o.indents[n] == indent && body != "" && o.closes(body) {
			d.end = o.last // the line that closes comes with it, see begin
			return
		}
		d.end = max(o.last, d.at)
		o.open, o.indents = o.open[:n], o.indents[:n]
	}
}

// closes says whether a line closes what stands above it, or goes on with it.
func (o *outliner) closes(body string) bool {
	n := 0
	for n < len(body) && wordByte(body[n]) {
		n++
	}
	return n == 0 && strings.IndexByte("})]{", body[0]) >= 0 || o.closing[body[:n]]
}

// begin takes a line of code: it may end declarations, and be one.
func (o *outliner) begin(at int, line, body string, indent int) {
	word, name, is := o.declares(body, indent, len(line))
	if n := len(o.open); o.margin && n > 0 && is != nothing && name == o.decls[o.open[n-1]].name {
		return // another equation of the same function
	}
	o.until(indent, body)
	if is == nothing || len(o.open) > 0 && o.indents[len(o.open)-1] == indent && o.closes(body) {
		return
	}
	in := -1
	if n := len(o.open); n > 0 {
		in = o.open[n-1]
	}
	if n := len(o.open); n > 0 && o.indents[n-1] == indent {
		o.decls[o.open[n-1]].end = o.last
		o.open, o.indents = o.open[:n-1], o.indents[:n-1]
		if in = -1; n > 1 {
			in = o.open[n-2]
		}
	}
	start := at + indent
	if o.bodies {
		start = o.decorators(at, indent)
	}
	o.head = true
	o.decls = append(o.decls, decl{start: start, at: start, body: at + len(line), end: at + len(line), in: in, what: is, word: word, name: name})
	o.open, o.indents = append(o.open, len(o.decls)-1), append(o.indents, indent)
}

// declares is what a line declares, if it may.
func (o *outliner) declares(body string, indent, size int) (string, string, what) {
	if o.margin && indent > 0 || size > 1000 || o.bodies && body[0] == '@' {
		return "", "", nothing
	}
	return o.match(body)
}

// decorators is where the lines that begin with @ above a line begin.
func (o *outliner) decorators(at, indent int) int {
	start := at + indent
	for n := 0; at > 0 && n < 20; n++ {
		from := strings.LastIndexByte(o.text[:at-1], '\n') + 1
		line := o.text[from : at-1]
		body := strings.TrimLeft(line, " \t")
		if len(line)-len(body) < indent || body == "" || strings.HasPrefix(body, o.comment) || body[0] != '@' && !(len(line)-len(body) > indent || strings.HasPrefix(body, ")")) {
			break
		}
		if body[0] == '@' && len(line)-len(body) == indent {
			start = from + indent
		}
		at = from
	}
	return start
}

// ends is where the line that begins at i ends, with the strings that begin on it,
// and how many brackets are open then.
func (o *outliner) ends(i, stop, depth int) (int, int) {
	t := o.text
	first := i
	for i < stop {
		c := t[i]
		if strings.IndexByte("\"'([{)]}#<`", c) < 0 {
			i++
			continue
		}
		long := false
		for _, m := range o.long {
			if strings.HasPrefix(t[i:], m) && o.vain < mostVain*len(t)+1<<16 {
				end := after(t, i+len(m), m)
				if end == 0 {
					end = stop
					o.vain += len(t) - i
				}
				o.docstring(first, i, end)
				if end > stop {
					stop = lineEnd(t, end)
				}
				i, long = end, true
				break
			}
		}
		switch {
		case long:
		case c == '"' || c == '\'':
			end := 0
			if o.vain < mostVain*len(t)+1<<16 {
				if end = quoteEnd(t, i); end == 0 {
					o.vain += stop - i
				}
			}
			if o.docs && end > 0 {
				o.docstring(first, i, end)
			}
			if end == 0 || end > stop {
				i++
			} else {
				i = end
			}
		case c == '#' && o.comment == "#" && (i == 0 || !wordByte(t[i-1]) && t[i-1] != '$' && t[i-1] != '{'):
			return stop, depth
		case c == '<' && o.heredoc != "" && strings.HasPrefix(t[i:], o.heredoc):
			if o.vain < mostVain*len(t)+1<<16 {
				if end := shellHeredoc(t, i, stop); end > 0 {
					return end, depth
				}
				o.vain += min(len(t)-i, 1<<12)
			}
			i++
		default:
			switch c {
			case '(', '[', '{':
				depth++
			case ')', ']', '}':
				depth = max(depth-1, 0)
			}
			i++
		}
	}
	return stop, depth
}

// docstring notes a string that is the first thing in a declaration.
func (o *outliner) docstring(line, start, end int) {
	if !o.docs || start-line > 1 || len(o.open) == 0 {
		if o.docs && start-line <= 1 && len(o.decls) == 0 && strings.TrimSpace(o.text[:line]) == "" {
			o.comments = append(o.comments, span{line, end})
		}
		return
	}
	d := &o.decls[o.open[len(o.open)-1]]
	if d.doc.end == 0 && line > d.body && strings.TrimSpace(o.text[d.body:line]) == "" {
		d.doc = span{line, end}
	}
}

// shellHeredoc is the end of <<NAME … NAME.
func shellHeredoc(t string, i, stop int) int {
	at := i + 2
	for at < stop && strings.IndexByte("-~'\"\\", t[at]) >= 0 {
		at++
	}
	from := at
	for at < stop && wordByte(t[at]) {
		at++
	}
	name := t[from:at]
	if name == "" || '0' <= name[0] && name[0] <= '9' || name == strings.ToLower(name) && len(name) < 3 {
		return 0
	}
	for n, at := 0, stop; at < len(t) && n < 2000; n, at = n+1, lineEnd(t, at+1) {
		if strings.TrimSpace(t[at+1:lineEnd(t, at+1)]) == name {
			return lineEnd(t, at+1)
		}
	}
	return 0
}
