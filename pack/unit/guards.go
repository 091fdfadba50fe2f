package unit

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// The guards keep what a unit needs to be understood together with it. What is
// needed stands before the unit in the same text, is kept as it is, and is
// counted with it: a unit that does not fit with what it needs is not kept,
// unless nothing else fits either. Where it is not among the candidates the unit
// stands alone.
const (
	// Antecedent: a sentence that begins with a pronoun or the like brings the one
	// before it, or the heading above. English only.
	Antecedent = "antecedent"
	// ListLead: a list item, or a piece of code, brings the sentence that leads in and
	// ends in a colon.
	ListLead = "list"
	// Announced: a sentence that ends in a colon, or ends nowhere, brings the code that it
	// announces; one that ends in a colon the first item of its list.
	Announced = "announced"
	// TableHeader: a row brings the first row of its table.
	TableHeader = "table"
	// Signature: an indented line of code brings the line that it stands under at
	// the margin, and that brings the first sentence of the comment above it.
	Signature = "code"
	// Speaker: a later sentence of a long turn brings the name at its beginning.
	Speaker = "speaker"
	// Caption: a later sentence of a caption brings the time at its beginning.
	Caption = "caption"
	// Keys: an entry of nested data brings the keys that lead to it.
	Keys = "keys"
	// Letter: what a mail says brings who wrote it to whom and when.
	Letter = "letter"
)

// Guards lists them.
func Guards() []string {
	return []string{Antecedent, ListLead, Announced, TableHeader, Signature, Speaker, Caption, Keys, Letter}
}

// DefaultGuards are those that are on: Antecedent and Speaker cost evidence under
// small budgets, by a little more than chance (docs/benchmarks.md).
func DefaultGuards() []string {
	return []string{ListLead, Announced, TableHeader, Signature, Caption, Keys, Letter}
}

// farthest is how many units before its own a guard looks.
const farthest = 100

// Need is a unit that another needs, or the first bytes of it.
type Need struct{ Unit, Head int }

// Needs returns what unit i needs under the guards and what that needs in turn,
// nearest first.
func (all *Set) Needs(i int, guards []string) []Need {
	out := all.needs(i, guards)
	if all.Docs[all.Units[i].Doc].Nested() {
		return out // keys are all there
	}
	// What is needed needs something itself: a row its table's lead-in, an item
	// its list's. One step is enough, and two antecedents would be one too many.
	for _, n := range out {
		if n.Head > 0 {
			continue
		}
		for _, m := range all.needs(n.Unit, guards) {
			if m.Unit != i && all.Units[n.Unit].Kind != corpus.Paragraph && !slices.Contains(out, m) {
				out = append(out, m)
			}
		}
	}
	return out
}

func (all *Set) needs(i int, guards []string) []Need {
	var out []Need
	for _, g := range guards {
		n := Need{Unit: -1}
		switch g {
		case Keys:
			out = append(out, all.keys(i)...)
		case Letter:
			out = append(out, all.letter(i)...)
		case Antecedent:
			n.Unit = all.antecedent(i)
		case ListLead:
			n.Unit = all.listLead(i)
		case Announced:
			n.Unit = all.announced(i)
		case TableHeader:
			n.Unit = all.tableHeader(i)
		case Signature:
			n = all.signature(i)
		case Speaker:
			n = all.speaker(i)
		case Caption:
			n = all.caption(i)
		}
		if n.Unit >= 0 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// before is the unit before i in the same text with nothing missing between, or -1.
func (all *Set) before(i int) int {
	u := &all.Units[i]
	if !u.First {
		return i - 1
	}
	above := all.above(i)
	if len(above) == 0 {
		return -1
	}
	// What stands before it may have been read at another time.
	if j := above[len(above)-1]; all.Blank(u.Doc, all.Units[j].End, u.Start) {
		return j
	}
	return -1
}

// anaphor begins a sentence that speaks of what was said before.
var anaphor = regexp.MustCompile(`^(?i:(?:but|and|so|also|however|moreover|furthermore|instead|then|thus|therefore|similarly|as such|for this|in this|in these|in that case|because of this|after that|of these),? +)?` +
	`(?i:it|its|this|these|those|they|them|their|he|she|his|her|such|both|neither|the former|the latter|that(?: (?:is|was|means|would|will|can|has|makes?)|['’]s))\b`)

// PointsBack says that a sentence begins with a word that stands for what was said before
// it. English only.
func PointsBack(sentence string) bool { return anaphor.MatchString(sentence) }

func (all *Set) antecedent(i int) int {
	u := &all.Units[i]
	if u.Kind != corpus.Paragraph && u.Kind != corpus.Quote || !PointsBack(u.Text) {
		return -1
	}
	b := all.before(i)
	if b >= 0 && (all.Units[b].Kind == corpus.Code || all.Units[b].Kind == corpus.TableRow) {
		return -1
	}
	return b
}

func (all *Set) listLead(i int) int {
	kind := all.Units[i].Kind
	if kind != corpus.ListItem && kind != corpus.Code {
		return -1
	}
	for j, n := all.before(i), 0; j >= 0 && n < farthest; j, n = all.before(j), n+1 {
		switch u := &all.Units[j]; {
		case u.Kind == kind || kind == corpus.ListItem && u.Kind == corpus.Term:
		case u.Kind == corpus.Paragraph && endsInColon(u.Text):
			return j
		default:
			return -1
		}
	}
	return -1
}

// announced is the unit after i that it announces, or -1.
func (all *Set) announced(i int) int {
	u := &all.Units[i]
	if u.Kind != corpus.Paragraph && u.Kind != corpus.ListItem {
		return -1
	}
	order := all.Docs[u.Doc].order
	below := all.below(order, u.End)
	if below == len(order) || all.before(order[below]) != i {
		return -1
	}
	next := order[below]
	switch kind := all.Units[next].Kind; {
	case kind == corpus.Code && announces(u.Text),
		kind == corpus.ListItem && u.Kind == corpus.Paragraph && endsInColon(u.Text):
		return next
	}
	return -1
}

func endsInColon(s string) bool { return strings.HasSuffix(s, ":") || strings.HasSuffix(s, "：") }

func (all *Set) tableHeader(i int) int {
	if all.Units[i].Kind != corpus.TableRow {
		return -1
	}
	top := i
	for n := 0; ; n++ {
		j := all.before(top)
		if j < 0 && all.Units[top].Start > 0 {
			return all.farHeader(top) // the table may begin before what was read
		}
		if j < 0 || all.Units[j].Kind != corpus.TableRow {
			break
		}
		if n == longTable {
			return -1
		}
		top = j
	}
	if top == i {
		return -1
	}
	return top
}

// longTable is how many rows above its own a header is looked for.
const longTable = 5000

// farHeader is the first row of the table that goes on at unit top, where rows between
// them were not read: the last row before that begins one, under the same headings.
func (all *Set) farHeader(top int) int {
	t := &all.Units[top]
	for _, j := range slices.Backward(all.above(top)) {
		u := &all.Units[j]
		if u.Kind != corpus.TableRow || !all.Together(u, t) {
			return -1
		}
		if b := all.before(j); strings.Count(u.Text, "\t") > 0 && (b < 0 && (u.Start == 0 || all.alone(j)) || b >= 0 && all.Units[b].Kind != corpus.TableRow) {
			return j
		}
	}
	return -1
}

// alone says that unit j is all that was read of its surroundings: a header.
func (all *Set) alone(j int) bool {
	return all.Units[j].First && (j+1 == len(all.Units) || all.Units[j+1].First)
}

// signature of a line of code, or the comment above a line at the margin.
func (all *Set) signature(i int) Need {
	none := Need{Unit: -1}
	if all.Units[i].Kind != corpus.Code || all.Docs[all.Units[i].Doc].Nested() {
		return none
	}
	if all.indent(i) > 0 {
		for j, n := all.before(i), 0; j >= 0 && n < farthest && all.Units[j].Kind == corpus.Code; j, n = all.before(j), n+1 {
			if all.indent(j) != 0 {
				continue
			}
			if head := headOf(all.Units[j].Text); head == len(all.Units[j].Text) {
				return Need{Unit: j}
			} else if head > 0 {
				return Need{Unit: j, Head: head}
			}
		}
		return none
	}
	if IsComment(all.Units[i].Text) {
		return none
	}
	top := none
	for j, n := all.before(i), 0; j >= 0 && n < farthest && all.Units[j].Kind == corpus.Code && IsComment(all.Units[j].Text) && all.indent(j) == 0; j, n = all.before(j), n+1 {
		if gap, ok := all.between(j); !ok || strings.Count(gap, "\n") != 1 {
			break
		}
		top.Unit = j
	}
	return top
}

// headOf is how many bytes of a piece of code, which begins at the margin, end with
// its first line there that has some words and is no comment; 0 without one.
func headOf(code string) int {
	at := 0
	for line := range strings.Lines(code) {
		at += len(line)
		if line = strings.TrimRight(line, "\r\n"); line != "" && !strings.ContainsRune(" \t})]", rune(line[0])) && !IsComment(line) && wordsOf(line) > 2 {
			return len(strings.TrimRight(code[:at], "\r\n"))
		}
	}
	return 0
}

// IsComment says whether a line of code is a comment in one of the common languages.
func IsComment(line string) bool {
	for _, mark := range []string{"//", "/*", "* ", "*/", "# ", "-- ", ";;", "% ", `"""`} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}

// indent counts the blanks before unit i on its line: -1 when something else
// stands there, or it is not known.
func (all *Set) indent(i int) int {
	u := &all.Units[i]
	if u.Start == 0 {
		return 0
	}
	n := 0
	for at := u.Start - 1; ; at-- {
		c, ok := all.byteAt(u.Doc, at)
		switch {
		case at < 0 || ok && c == '\n':
			return n
		case !ok || c != ' ' && c != '\t':
			return -1
		}
		n++
	}
}

// between is what stands between unit i and the next.
func (all *Set) between(i int) (string, bool) {
	var b strings.Builder
	for at := all.Units[i].End; at < all.Units[i+1].Start; at++ {
		c, ok := all.byteAt(all.Units[i].Doc, at)
		if !ok {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

func (all *Set) byteAt(doc, at int) (byte, bool) {
	for _, p := range all.Docs[doc].within(at, at+1) {
		return p.Text[at-p.Start], true
	}
	return 0, false
}

var (
	speakerName = regexp.MustCompile(`^(?:\[[^\]\n]{1,38}\] )?(?:<[^>\n]{1,38}> |[\p{Lu}\p{Lo}a-z][^:\n.?!]{0,43}:)`)
	// A time alone on its line, between two arrows of a subtitle, or in brackets.
	captionTime = regexp.MustCompile(`^(?:\d{1,6}\r?\n)?(?:(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?(?: --> (?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?[^\n]{0,40})?(?:\r?\n|$)|[\[(](?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?[\])])`)
)

func (all *Set) speaker(i int) Need {
	return all.head(i, func(k corpus.BlockKind) bool { return k == corpus.Turn }, func(s string) bool {
		return s[0] == '<' || strings.IndexByte(s[:min(len(s), 100)], ':') >= 0
	}, speakerName)
}

func (all *Set) caption(i int) Need {
	return all.head(i, func(k corpus.BlockKind) bool { return k == corpus.Paragraph || k == corpus.Turn }, func(s string) bool {
		return '0' <= s[0] && s[0] <= '9' || s[0] == '[' || s[0] == '('
	}, captionTime)
}

// head is the beginning, of a form, of the nearest unit before i that has one,
// unless i has one itself. may is a quick test that every text of the form passes.
func (all *Set) head(i int, of func(corpus.BlockKind) bool, may func(string) bool, form *regexp.Regexp) Need {
	none := Need{Unit: -1}
	if !of(all.Units[i].Kind) || may(all.Units[i].Text) && form.MatchString(all.Units[i].Text) {
		return none
	}
	for j, n := all.before(i), 0; j >= 0 && n < farthest && of(all.Units[j].Kind); j, n = all.before(j), n+1 {
		if !may(all.Units[j].Text) {
			continue
		}
		if m := form.FindStringIndex(all.Units[j].Text); m != nil {
			n := Need{j, len(strings.TrimRight(all.Units[j].Text[:m[1]], "\r\n"))}
			if n.Head == len(all.Units[j].Text) {
				n.Head = 0
			}
			return n
		}
	}
	return none
}
