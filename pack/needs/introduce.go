package needs

import (
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/acronym"
)

// strength is how surely a sentence introduces a name.
type strength int

const (
	none   strength = iota
	medium          // it is given a value, or described in passing
	strong          // it is defined or declared
	exact           // as a member of the type that the code around says
)

// introduction is a sentence that introduces a name.
type introduction struct {
	sentence int
	at       int // where the name stands
	end      int // of what belongs to it, in bytes; 0: its own
	strength strength
	what     string
	grouped  bool // where it stands in a group of declarations, as those of const ( … )
}

var (
	isDefined = regexp.MustCompile(`^(?:\s*\([^)\n]{1,60}\))?[*_` + "`" + `"'”’]*,?\s+(?:(?:is|are|was|were)\s+(?:an?|the|any|one|what|simply|just|defined|used (?:to|for|by))\b|(?:means|refers? to|denotes?|stands? for|describes?)\b)`)
	longer    = regexp.MustCompile(`^(?:\s+\p{Lu}[\p{L}\d-]*){1,2}`) // the rest of a name: Falcot Corp is a
	verbs     = regexp.MustCompile(`^(?:\s*\([^)\n]{1,60}\))?[*_` + "`" + `"'”’]*,?\s+(?:is|are|was|were|holds|has|contains|returns|reports|provides|implements|represents|says|keeps|makes|reads|writes|sets|gets|adds|finds|consists|specifies|controls|determines)\b`)
	isCalled  = regexp.MustCompile(`(?i)(?:\bcalled|\bknown as|\btermed|\bdubbed|\bdefined? as|\breferred to as|\bdefined by|\bcall(?:s)? (?:it|this|them|these))\s+(?:an?\s+|the\s+)?[*_` + "`" + `"'“‘(]*$`)
	declares  = regexp.MustCompile(`(?:^|\n)\s*(?:(?:export|public|private|protected|static|async|pub|final|abstract|default|inline|extern|unsafe|virtual|const|export default|@\w+)\s+)*(?:func(?:\s*\([^)\n]*\))?|type|var|const|let|def|class|struct|enum|interface|trait|fn|function|module|namespace|package|#\s*define|typedef\b[^\n]*|union|impl|macro_rules!)\s+\*?$`)
	receiver  = regexp.MustCompile(`func\s*\([^)\n]*\)\s*$`)
	assigned  = regexp.MustCompile(`^(?:\s*,\s*[\w*.]+)*\s*(?::=|=[^=])`)
	assigns   = regexp.MustCompile(`(?:^|\n|;|\{)\s*(?:(?:for|if|var|let|const|switch|else if|int|char|long|auto|unsigned|size_t)\s+)?(?:[\w*.]+(?:\[\])?,?\s+)*\*?$`)
	field     = regexp.MustCompile(`^\s+[*\[\]\w.]+`)
	member    = regexp.MustCompile(`^(?:\s+[*\[\]\w.]+)?\s*(?:=[^=]|,|\r?\n|//|$)|^\s+(?:struct|interface|func)\b`)
	group     = regexp.MustCompile(`^(?:(?:const|var|type)\s*\(|(?:typedef\s+|export\s+|pub\s+|public\s+)*enum\b[^;]*\{)$`)
	entry     = regexp.MustCompile(`^(?:[ =\[<][^\s]{0,30})?(?:\s*,\s*--?[\w-]+[^\n]{0,20})?(?:\s*[:—–]|\s+-\s|\t|\s{2,}|\n|$)`)
	remarked  = regexp.MustCompile(`(?:^|\n)\s*(?://|#|/?\*+|--)\s*(?:(?:A|An|The)\s+)?$`)
	listed    = regexp.MustCompile(`^[\s*•·+#=_` + "`" + `"'-]*$`)
)

// introduced finds the sentence of a document that introduces a name best: a definition
// before one that only gives a value, one above the range before one below, the nearest.
// first is the first sentence that has the name at all, -1 without one.
func (p *picker) introduced(in *part, n name) (best introduction, first int) {
	first = -1
	best.sentence = -1
	if n.kind == short {
		if i, ok := p.spelled(in, n.text); ok {
			return introduction{sentence: i, strength: strong, what: "what " + n.text + " stands for"}, i
		}
	}
	text, find := in.text, n.text
	if n.kind == term {
		text, find = in.lower(), strings.ToLower(n.text)
	}
	for at, tries := 0, 0; tries < mostPlaces; tries++ {
		i := strings.Index(text[at:], find)
		if i < 0 {
			break
		}
		start := at + i
		at = start + len(find)
		if !whole(text, start, at) && !(n.kind == term && strings.HasPrefix(text[at:], "s") && whole(text, start, at+1)) {
			continue
		}
		k, ok := in.sentenceAt(in.start + start)
		if !ok || p.within(in, k, in.start+start) {
			continue
		}
		if first < 0 {
			first = k
		}
		x := in.judge(k, start+in.start, at+in.start, n)
		if n.typ != "" && x.strength > none && in.ofType(in.start+start, in.text[max(0, start-300):start], n.typ) {
			x.strength, x.grouped = exact, false
			x.what = "where " + n.text + " of " + n.typ + " is declared"
		}
		if x.grouped && !in.inGroup(in.start+start) || in == p.own && !x.grouped && p.isCode() && n.kind == identifier && !p.visible(in.start+start, n) {
			continue
		}
		if x.strength == none || x.strength < best.strength {
			continue
		}
		x.at = in.start + start
		if x.strength > best.strength || in == p.own && x.at < p.Start && (x.strength == medium || best.at > p.Start) {
			best = x // of values the last before the range, of definitions the first
		}
	}
	return best, first
}

// within says that a place is in the range itself.
func (p *picker) within(in *part, sentence, at int) bool {
	if in != p.own {
		return false
	}
	if p.isCode() {
		start, end := p.whole()
		return start <= at && at < end
	}
	return sentence >= p.first && sentence < p.last
}

// visible says that what is declared at a byte is what code in the range means: at the margin,
// in the declaration around the range and above it, or, of a qualified name, anywhere.
func (p *picker) visible(at int, n name) bool {
	return p.atMargin(p.own, at) || n.of != "" || p.outer <= at && at < p.Start
}

// inGroup says that a line of code stands in a group of declarations.
func (d *part) inGroup(at int) bool {
	lines := opened(d.text, at-d.start)
	return len(lines) == 1 && group.MatchString(d.text[lines[0][0]:lines[0][1]])
}

// atMargin says that the line of a byte is not indented.
func (p *picker) atMargin(d *part, at int) bool {
	begin, _ := d.lines(at, at)
	if begin > d.start || begin == 0 {
		return begin == 0 || d.slice(begin-1, begin) == "\n"
	}
	before, err := p.from.Text(d.row, begin-1, begin)
	return err == nil && before == "\n"
}

// mostPlaces of a name are looked at in one document.
const mostPlaces = 3000

// judge says how a sentence speaks of a name that stands at bytes of it.
func (d *part) judge(k, start, end int, n name) introduction {
	s, kind := &d.sentences[k], n.kind
	before, after := d.slice(s.Start, start), d.slice(end, max(end, s.End))
	x := introduction{sentence: k}
	if len(after) > 200 {
		after = after[:200]
	}
	if len(before) > 300 {
		before = before[len(before)-300:]
	}
	title := listed.MatchString(before) && len(strings.Trim(after, " \t*_#=`\"')(:.-")) <= 12 && !strings.Contains(strings.TrimSpace(after), "\n")
	switch {
	case s.Kind == corpus.Heading || s.Kind == corpus.Term:
		if title || kind == identifier && listed.MatchString(before) && s.Kind == corpus.Term {
			x.strength, x.end = strong, d.below(k)
		}
	case s.Kind == corpus.Code:
		switch {
		case n.of != "" && d.variable(start): // another function's
		case declares.MatchString(before) && (n.of != "" || !receiver.MatchString(before)), remarked.MatchString(before) && verbs.MatchString(after):
			x.strength = strong
		case kind == identifier && (assigned.MatchString(after) && assigns.MatchString(before)):
			x.strength = medium
		case kind == identifier && n.of != "" && lineBlank(before) && field.MatchString(after) && !strings.HasPrefix(strings.TrimLeft(after, " "), "="):
			x.strength, x.what = medium, "where "+n.text+" is declared"
		case kind == identifier && n.of == "" && lineBlank(before) && member.MatchString(after):
			x.strength, x.what, x.grouped = strong, "where "+n.text+" is declared", true
		}
	case isDefined.MatchString(after) && (kind != term || begins(before)), kind == proper && begins(before) && isDefined.MatchString(longer.ReplaceAllString(after, "")), isCalled.MatchString(before):
		x.strength = strong
	case kind == identifier && listed.MatchString(before) && (entry.MatchString(after) || verbs.MatchString(after)):
		x.strength = strong
		if strings.TrimSpace(after) == "" {
			x.end = d.below(k)
		}
	case kind == proper && begins(before) && verbs.MatchString(after):
		x.strength = medium
	}
	return x
}

// begins says that hardly anything stands before a name in its sentence.
func begins(before string) bool {
	before = strings.ToLower(strings.TrimLeft(before, "*_`\"'“‘#-• \t"))
	return before == "" || before == "a " || before == "an " || before == "the "
}

func lineBlank(before string) bool {
	return strings.TrimSpace(before[strings.LastIndexByte(before, '\n')+1:]) == ""
}

// below is the end of the first sentence under a heading or term.
func (d *part) below(k int) int {
	for i := k + 1; i < min(len(d.sentences), k+3); i++ {
		if kind := d.sentences[i].Kind; kind != corpus.Heading && kind != corpus.Term {
			return d.sentences[i].End
		}
	}
	return 0
}

// spelled is the sentence that says what an acronym stands for: of those in the range's
// document the last before it.
func (p *picker) spelled(in *part, short string) (sentence int, ok bool) {
	for _, f := range in.definitions() {
		if f.Short != short && strings.TrimSuffix(f.Short, "s") != short {
			continue
		}
		k, held := in.sentenceAt(in.start + f.LongStart)
		if !held || in == p.own && ok && k >= p.last {
			continue
		}
		if sentence, ok = k, true; in != p.own {
			break
		}
	}
	return sentence, ok && !(in == p.own && sentence >= p.first && sentence < p.last)
}

// definitions are those of acronyms.
func (d *part) definitions() []acronym.Definition {
	if d.found == nil {
		d.found = append([]acronym.Definition{}, acronym.Find(d.text)...)
	}
	return d.found
}

func (d *part) lower() string {
	if d.low == "" {
		if d.low = strings.ToLower(d.text); len(d.low) != len(d.text) {
			d.low = d.text // capitals of another length: as it is
		}
	}
	return d.low
}

// declaration is the line of a long one, with those of its parameters and, where the line is
// of its comment, with what that is about. A long comment is a piece of its own.
func (p *picker) declaration(in *part, at int) (start, end int) {
	start, end = in.lines(at, at)
	from := start
	for isComment(in.slice(from, end)) {
		i := strings.IndexByte(in.slice(end, in.end()), '\n')
		if i < 0 {
			return start, end
		}
		if f, e := in.lines(end+i+1, end+i+1); f < e {
			from, end = f, e
		} else {
			return start, end
		}
	}
	end = in.start + balanced(in.text, from-in.start, end-in.start)
	if end-start > mostComment {
		start = from
	}
	return start, end
}

// allComment says that code has no line but of a comment.
func allComment(s string) bool {
	for line := range strings.Lines(s) {
		if line = strings.TrimSpace(line); line != "" && !isComment(line) {
			return false
		}
	}
	return true
}

// shortCode is how long a declaration may be that is taken whole, in bytes.
const shortCode = 400

// introduce notes an introduction.
func (p *picker) introduce(in *part, x introduction, n name, score float64) {
	s := in.sentences[x.sentence]
	what := x.what
	switch {
	case n.what != "":
		what = n.what
	case what != "":
	case x.strength == medium && n.kind == identifier:
		what = "where " + n.text + " gets its value"
	default:
		what = "where " + n.text + " is introduced"
	}
	if n.kind == short {
		score += spelt - defined
	}
	x.at = max(x.at, s.Start) // that of an acronym is not said
	start, end := s.Start, s.End
	if x.end > 0 {
		end = x.end
	}
	if s.Kind == corpus.Code && (x.strength == medium || x.grouped || end-start > shortCode || allComment(in.of(x.sentence)) || in == p.own && start < p.End && p.Start < end) {
		start, end = p.declaration(in, x.at)
	}
	if s.Kind == corpus.Code && n.kind == identifier && x.strength >= strong && !x.grouped {
		if from, to := in.remarkOf(x.at); from < to && (from < start || end < to) {
			p.add(in, from, to, glossed, "what its comment says of "+n.text)
		}
	}
	p.add(in, start, end, score, what)
}
