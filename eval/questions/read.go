package questions

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
)

// read gathers what can be asked of a document.
func (m *maker) read(d *corpus.Document) {
	if !asks(d) || d.Source == "" {
		return
	}
	from := len(m.all)
	switch {
	case d.Type == "mail":
		m.letter(d)
	case isCode(d):
		m.comments(d)
	case data[d.Type]:
		for i := range d.Blocks {
			if d.Blocks[i].Kind == corpus.TableRow && (i == 0 || d.Blocks[i-1].Kind != corpus.TableRow) {
				m.table(d, i, "")
			}
		}
	case d.Blocks == nil:
		for _, p := range split.Split(d, split.Options{}) {
			for _, s := range p.Sentences {
				if s.Kind == corpus.Paragraph || s.Kind == corpus.ListItem {
					m.definition(d, "", s.Start, s.End)
				}
			}
		}
	default:
		m.prose(d)
	}
	m.bounded(from)
}

// data are types of documents whose texts are values under keys.
var data = map[string]bool{"data": true, "table": true, "sheet": true, "csv": true}

func isCode(d *corpus.Document) bool {
	return d.Type == "code" || d.Type == "go"
}

// prose walks the blocks of a text.
func (m *maker) prose(d *corpus.Document) {
	if legal.MatchString(d.Source[:min(len(d.Source), 1500)]) && strings.Count(strings.ToLower(d.Source), "licen") > 8 {
		m.left["licence text"]++
		return
	}
	parents := map[uint8]string{}
	section := "" // the heading that is above, cleaned
	class := ""   // whose members are described
	for i := range d.Blocks {
		b := &d.Blocks[i]
		switch b.Kind {
		case corpus.Heading:
			section, class = cleaned(b.Label), ""
			for l := range parents {
				if l >= b.Level {
					delete(parents, l)
				}
			}
			parent := ""
			for l := b.Level; l > 0 && parent == ""; l-- {
				parent = parents[l-1]
			}
			parents[b.Level] = section
			m.heading(d, i, section, parent)
		case corpus.Paragraph, corpus.ListItem:
			if b.End-b.Start > 24 && b.End-b.Start < 4000 {
				for _, s := range sentences(d, b) {
					m.definition(d, section, s.start, s.end)
				}
			}
		case corpus.Term:
			raw := strings.TrimSpace(d.Source[b.Start:b.End])
			if name, what := termName(strings.Join(strings.Fields(raw), " ")); what != "" && strings.ContainsAny(raw, "(.") {
				class = name
			} else if strings.Contains(strings.TrimPrefix(name, class+"."), ".") {
				class = ""
			}
			if i+1 < len(d.Blocks) && d.Blocks[i+1].Kind == corpus.ListItem {
				m.term(d, i, section, class)
			}
		case corpus.TableRow:
			if i == 0 || d.Blocks[i-1].Kind != corpus.TableRow {
				m.table(d, i, section)
			}
		}
	}
	m.links.read(d)
}

type extent struct{ start, end int }

// sentences are those of a block.
func sentences(d *corpus.Document, b *corpus.Block) (out []extent) {
	text := d.Source[b.Start:b.End]
	for _, p := range split.Split(&corpus.Document{ID: "block", Type: "html", Source: text, Blocks: []corpus.Block{{Kind: b.Kind, End: len(text), FileEnd: len(text)}}}, split.Options{WholeTokens: 8, SentenceTokens: 200}) {
		for _, s := range p.Sentences {
			out = append(out, extent{b.Start + s.Start, b.Start + s.End})
		}
	}
	return out
}

// mostSaid is how long several statements are together at most, in bytes.
const mostSaid = 400

// statements are the first sentences of a block that say something, so many at most;
// ok is false where it begins with what says nothing.
func statements(d *corpus.Document, b *corpus.Block, most int) (x extent, ok bool) {
	for k, s := range sentences(d, b) {
		switch {
		case k == 0:
			x, ok = s, len(strings.Fields(d.Source[s.start:s.end])) >= 3
		case k == most || !ok || s.end-x.start > mostSaid || !whole(d.Source[s.start:s.end]) || stale.MatchString(d.Source[s.start:s.end]):
			return x, ok
		default:
			x.end = s.end
		}
	}
	return x, ok
}

// whole says that a text ends as a sentence does.
func whole(s string) bool {
	s = strings.TrimRight(s, "\"'”’)*_` ")
	return strings.HasSuffix(s, ".") || strings.HasSuffix(s, "!") || strings.HasSuffix(s, "。") || strings.HasSuffix(s, "．")
}

// opening is the first word of a text, folded.
func opening(s string) string {
	f := strings.Fields(s)
	if len(f) == 0 {
		return ""
	}
	return strings.ToLower(strings.TrimFunc(f[0], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }))
}

// heading asks for the first statements of a section.
func (m *maker) heading(d *corpus.Document, i int, heading, parent string) {
	if !m.wanted[Heading] {
		return
	}
	words := strings.Fields(heading)
	asking := strings.HasPrefix(opening(heading), "wh") || opening(heading) == "how"
	if len(words) == 0 || len(words) > 9 || isGeneric(heading) || len(heading) < 4 || openers[opening(heading)] && !asking {
		return
	}
	x, ok := first(d, i)
	if !ok {
		return
	}
	quote := d.Source[x.start:x.end]
	if !whole(quote) || openers[opening(quote)] && opening(quote) != "in" && opening(quote) != "to" && opening(quote) != "if" && opening(quote) != "when" && opening(quote) != "by" {
		m.left["sections that begin in the middle of a thought"]++
		return
	}
	if elsewhere.MatchString(quote) {
		m.left["statements about what stands beside them"]++
		return
	}
	if !m.shares(heading, quote) {
		m.left["sections that begin with something else than their heading"]++
		return
	}
	context := m.context(d, heading, parent)
	if context == "" && (len(words) < 2 && !hasName(heading) || len(m.analyzer.Terms(nil, heading)) == 0) {
		m.left["headings that say nothing alone"]++
		return
	}
	m.add(d, candidate{kind: Heading, subject: heading + "\x00" + context, text: about(d, heading, context, isEnglish(d, quote))}, x.start, x.end)
}

// first is what a section says first: in the paragraph after its heading.
func first(d *corpus.Document, i int) (extent, bool) {
	for k := i + 1; k < len(d.Blocks) && k <= i+3; k++ {
		b := &d.Blocks[k]
		if b.Kind == corpus.Heading || b.Kind != corpus.Paragraph {
			return extent{}, false
		}
		t := d.Source[b.Start:b.End]
		if len(strings.Fields(t)) < fewest || stale.MatchString(t) {
			continue // "Source code: …"
		}
		return statements(d, b, 2)
	}
	return extent{}, false
}

// shares says that two texts have a term in common.
func (m *maker) shares(a, b string) bool {
	terms := m.analyzer.Terms(nil, a)
	for _, t := range m.analyzer.Terms(nil, b) {
		for _, s := range terms {
			if s == t {
				return true
			}
		}
	}
	return false
}

// context is what tells a section from others of its name: the heading above it, else
// the document's title, where they add a word.
func (m *maker) context(d *corpus.Document, subject, parent string) string {
	for _, c := range []string{titleOf(d), parent} {
		if c == "" || isGeneric(c) || len(c) > 70 {
			continue
		}
		if terms := m.analyzer.Terms(nil, c); len(terms) > 0 {
			for _, t := range terms {
				if !m.has(subject, t) {
					return c
				}
			}
		}
	}
	return ""
}

func (m *maker) has(s, term string) bool {
	for _, t := range m.analyzer.Terms(nil, s) {
		if t == term {
			return true
		}
	}
	return false
}

// definitions in some languages: the subject, the verb with what makes it a definition,
// and how it is asked.
var definitions = []struct {
	*regexp.Regexp
	ask func(article, subject string, many bool) string
}{
	{regexp.MustCompile(`^((?:An?|The) )?([^,;:()]{3,60}?) (is|are) (?:an? |the (?:name|process|act|term|part|way|set|collection|program|command|tool|mechanism|standard|default|main|most|only|first|central|official)\b|used (?:to|for|by|when)\b|responsible for\b|designed to\b|intended (?:to|for)\b)`),
		func(article, subject string, many bool) string {
			if many {
				return "What are " + subject + "?"
			}
			return "What is " + strings.ToLower(article) + subject + "?"
		}},
	{regexp.MustCompile(`^((?:Der|Die|Das|Ein|Eine) )?([^,;:()]{3,60}?) (ist|sind) (?:eine?|einer|der|die|das)\b`),
		func(article, subject string, many bool) string {
			if many {
				return "Was sind " + subject + "?"
			}
			return "Was ist " + strings.ToLower(article) + subject + "?"
		}},
	{regexp.MustCompile(`^((?:Le|La|Un|Une) |L['’])?([^,;:()]{3,60}?) (est|sont) (?:une?|le|la|les|des)\b`),
		func(article, subject string, many bool) string {
			return "Qu’est-ce que " + strings.ToLower(article) + subject + " ?"
		}},
	{regexp.MustCompile(`^((?:El|La|Un|Una) )?([^,;:()]{3,60}?) (es|son) (?:una?|el|la|los|las)\b`),
		func(article, subject string, many bool) string {
			return "¿Qué es " + strings.ToLower(article) + subject + "?"
		}},
}

var (
	// starts is how a sentence begins that may define something.
	starts = regexp.MustCompile("^[“\"'*_`]{0,3}(?:[\\p{L}\\d.$@]|/\\pL|--?\\pL)")
	// judging sentences praise, compare or warn; they define nothing.
	judging = regexp.MustCompile(`^.{3,70}? (?:is|are) an? (?:very|rapidly|example|more|most|less|slightly|particularly|good|bad|better|best|great|prerequisite|matter|problem|mistake|requirement|nice|valid|few|lot|little|bit|must|common|useful|simple|easy|difficult|special case|priority|real|big|small|perfect|no-op|bug|way to)\b`)
)

// definition asks what something is that a sentence defines.
func (m *maker) definition(d *corpus.Document, section string, start, end int) {
	s := d.Source[start:end]
	if !m.wanted[Definition] || len(s) < 40 || len(s) > mostBytes || !whole(s) || !starts.MatchString(s) {
		return
	}
	line := strings.Join(strings.Fields(s), " ")
	for i := range definitions {
		f := definitions[i].FindStringSubmatch(line)
		if f == nil {
			continue
		}
		if judging.MatchString(line) {
			return
		}
		article, subject := f[1], strings.NewReplacer("`", "", "*", "", "\"", "", "“", "", "”", "").Replace(f[2])
		if article == "" && i == 0 {
			subject = lowered(d, subject)
		}
		many := f[3] == "are" || f[3] == "sind" || f[3] == "son"
		if !m.subject(strings.TrimSpace(article), subject, many) {
			return
		}
		q := definitions[i].ask(article, subject, many)
		// A common word means this in this document.
		if c := m.context(d, line, section); c != "" && strings.ToLower(subject) == subject && !hasName(subject) && len(strings.Fields(subject)) == 1 && i == 0 {
			q = strings.TrimSuffix(q, "?") + " in " + c + "?"
		}
		m.add(d, candidate{kind: Definition, subject: subject, text: q}, start, end)
		return
	}
}

// subject says whether what is defined has a name of its own.
func (m *maker) subject(article, s string, many bool) bool {
	words := strings.Fields(s)
	if len(words) == 0 || len(words) > 5 || openers[strings.ToLower(words[0])] || heads[strings.ToLower(words[len(words)-1])] && !hasName(words[len(words)-1]) {
		return false
	}
	for i, w := range words {
		l := strings.ToLower(w)
		if l == "is" || l == "are" || l == "be" || l == "was" || l == "that" || l == "which" || l == "who" || l == "this" || l == "these" || l == "it" || l == "you" || l == "we" || l == "there" ||
			l == "to" || l == "than" || l == "not" || l == "can" || l == "will" || l == "by" || l == "with" || l == "if" || l == "from" || l == "only" || l == "their" || l == "its" || l == "your" || l == "has" || l == "have" || l == "for" || l == "particular" || l == "fact" || l == "on" || l == "at" || l == "as" || l == "but" || l == "also" || l == "and" && i == len(words)-1 {
			return false
		}
	}
	if !hasLetters(s) || len(words) > 1 && heads[strings.ToLower(words[0])] && words[1] == "of" {
		return false
	}
	if strings.Contains(s, ". ") || len(words) == 1 && article == "" && !many && !hasName(s) && strings.ToLower(s) == s {
		return false // of two sentences, or a common word that means something in its list
	}
	if len(words) > 1 && strings.HasSuffix(words[0], "ing") && article == "" {
		return false // "Setting up a network boot is a prerequisite"
	}
	if strings.EqualFold(article, "the") && !hasName(s) {
		return false // known from what was said before
	}
	return len(m.analyzer.Terms(nil, s)) > 0
}

// term asks for an entry: what the item after it says.
func (m *maker) term(d *corpus.Document, i int, section, class string) {
	if !m.wanted[Term] {
		return
	}
	x, ok := statements(d, &d.Blocks[i+1], 3)
	if !ok {
		return
	}
	quote := d.Source[x.start:x.end]
	if !whole(quote) {
		return
	}
	raw := strings.Join(strings.Fields(d.Source[d.Blocks[i].Start:d.Blocks[i].End]), " ")
	name, what := termName(raw)
	if name == "" || !hasLetters(name) || heads[strings.ToLower(name)] && !hasName(name) {
		return
	}
	english := isEnglish(d, quote)
	title := m.context(d, name, section)
	if title == "" && !hasName(name) {
		title = section
	}
	if class != "" && class != name && what == "" && !strings.Contains(name, ".") {
		title = class // a member
	}
	var q string
	switch {
	case !english:
		q = name + in(title, false)
	case what != "":
		q = what + name + " for" + where(title) + "?"
	case strings.HasPrefix(name, "-"):
		if title == "" {
			return
		}
		q = "What does " + name + " do" + where(title) + "?"
	case strings.ContainsAny(raw, "("):
		q = "What does " + name + " do" + where(title) + "?"
	default:
		q = "What does " + name + " mean" + where(title) + "?"
	}
	m.add(d, candidate{kind: Term, subject: name + "\x00" + title, text: q}, x.start, x.end)
}

func where(title string) string {
	if title == "" {
		return ""
	}
	return " in " + title
}

// termName is the name in a term, and the beginning of the question for what is no
// function: "class asyncio.Task(coro, *, loop)" is asyncio.Task, and asked what it is for.
func termName(raw string) (name, what string) {
	raw = strings.Trim(raw, "¶ :")
	for _, p := range []string{"classmethod ", "staticmethod ", "static method ", "abstractmethod ", "async ", "awaitable ", "coroutine ", "property ", "opcode "} {
		raw = strings.TrimPrefix(raw, p)
	}
	for p, ask := range map[string]string{"class ": "What is the class ", "exception ": "What is the exception ", "type ": "What is the type ", "struct ": "What is the struct ", "final class ": "What is the class ", "module ": "What is the module "} {
		if rest, ok := strings.CutPrefix(raw, p); ok {
			raw, what = rest, ask
			break
		}
	}
	if strings.HasPrefix(raw, "-") { // an option without its value
		if i := strings.IndexAny(raw, "=<[ ,"); i > 1 {
			raw = raw[:i]
		}
		return raw, ""
	}
	if i := strings.IndexByte(raw, '('); i > 1 && !strings.Contains(raw[:i], " ") {
		return raw[:i], what
	}
	if i := strings.IndexAny(raw, "([<=:,"); i > 1 {
		raw = strings.TrimSpace(raw[:i])
	}
	if n := len(strings.Fields(raw)); n == 0 || n > 5 || len(raw) < 2 {
		return "", ""
	}
	if openers[opening(raw)] && !hasName(raw) {
		return "", ""
	}
	return raw, what
}
