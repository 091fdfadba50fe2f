package pack

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
	// ListLead: a list item brings the sentence that leads in and ends in a colon.
	ListLead = "list"
	// TableHeader: a row brings the first row of its table.
	TableHeader = "table"
	// Signature: an indented line of code brings the line that it stands under at
	// the margin, and that brings the first sentence of the comment above it.
	Signature = "code"
	// Speaker: a later sentence of a long turn brings the name at its beginning.
	Speaker = "speaker"
	// Caption: a later sentence of a caption brings the time at its beginning.
	Caption = "caption"
)

// Guards lists them.
func Guards() []string {
	return []string{Antecedent, ListLead, TableHeader, Signature, Speaker, Caption}
}

// DefaultGuards are those that are on: Antecedent and Speaker cost evidence under
// small budgets, by a little more than chance (docs/benchmarks.md).
func DefaultGuards() []string { return []string{ListLead, TableHeader, Signature, Caption} }

// farthest is how many units before its own a guard looks.
const farthest = 100

// need is a unit that another needs, or the first bytes of it.
type need struct{ unit, head int }

// needs returns what unit i needs and what that needs in turn, nearest first.
func (f *filler) needs(i int) []need {
	if len(f.o.Guards) == 0 {
		return nil
	}
	if all, ok := f.needed[i]; ok {
		return all
	}
	all := f.r.needs(i, f.o.Guards)
	// What is needed needs something itself: a row its table's lead-in, an item
	// its list's. One step is enough, and two antecedents would be one too many.
	for _, n := range all {
		if n.head > 0 {
			continue
		}
		for _, m := range f.r.needs(n.unit, f.o.Guards) {
			if f.r.units[n.unit].kind != corpus.Paragraph && !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	if f.needed == nil {
		f.needed = make(map[int][]need)
	}
	f.needed[i] = all
	return all
}

func (r *reader) needs(i int, guards []string) []need {
	var out []need
	for _, g := range guards {
		n := need{unit: -1}
		switch g {
		case Antecedent:
			n.unit = r.antecedent(i)
		case ListLead:
			n.unit = r.listLead(i)
		case TableHeader:
			n.unit = r.tableHeader(i)
		case Signature:
			n.unit = r.signature(i)
		case Speaker:
			n = r.speaker(i)
		case Caption:
			n = r.caption(i)
		}
		if n.unit >= 0 && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// before is the unit before i in the same text with nothing missing between, or -1.
func (r *reader) before(i int) int {
	if i <= 0 || r.units[i].first {
		return -1
	}
	return i - 1
}

// anaphor begins a sentence that speaks of what was said before.
var anaphor = regexp.MustCompile(`^(?i:(?:but|and|so|also|however|moreover|furthermore|instead|then|thus|therefore|similarly|as such|for this|in this|in these|in that case|because of this|after that|of these),? +)?` +
	`(?i:it|its|this|these|those|they|them|their|he|she|his|her|such|both|neither|the former|the latter|that(?: (?:is|was|means|would|will|can|has|makes?)|['’]s))\b`)

func (r *reader) antecedent(i int) int {
	u := &r.units[i]
	if u.kind != corpus.Paragraph && u.kind != corpus.Quote || !anaphor.MatchString(u.text) {
		return -1
	}
	b := r.before(i)
	if b >= 0 && (r.units[b].kind == corpus.Code || r.units[b].kind == corpus.TableRow) {
		return -1
	}
	return b
}

func (r *reader) listLead(i int) int {
	if r.units[i].kind != corpus.ListItem {
		return -1
	}
	for j, n := r.before(i), 0; j >= 0 && n < farthest; j, n = r.before(j), n+1 {
		switch u := &r.units[j]; {
		case u.kind == corpus.ListItem:
		case u.kind == corpus.Paragraph && (strings.HasSuffix(u.text, ":") || strings.HasSuffix(u.text, "：")):
			return j
		default:
			return -1
		}
	}
	return -1
}

func (r *reader) tableHeader(i int) int {
	if r.units[i].kind != corpus.TableRow {
		return -1
	}
	top := i
	for n := 0; n < farthest; n++ {
		j := r.before(top)
		if j < 0 && r.units[top].start > 0 {
			return -1 // the table may begin before what was read
		}
		if j < 0 || r.units[j].kind != corpus.TableRow {
			break
		}
		top = j
	}
	if top == i || r.units[top].first && r.units[top].start > 0 {
		return -1
	}
	return top
}

// signature of a line of code, or the comment above a line at the margin.
func (r *reader) signature(i int) int {
	if r.units[i].kind != corpus.Code {
		return -1
	}
	if r.indent(i) > 0 {
		for j, n := r.before(i), 0; j >= 0 && n < farthest && r.units[j].kind == corpus.Code; j, n = r.before(j), n+1 {
			if r.indent(j) == 0 && !strings.ContainsRune("})]", rune(r.units[j].text[0])) && !comment(r.units[j].text) {
				return j
			}
		}
		return -1
	}
	if comment(r.units[i].text) {
		return -1
	}
	top := -1
	for j, n := r.before(i), 0; j >= 0 && n < farthest && r.units[j].kind == corpus.Code && comment(r.units[j].text) && r.indent(j) == 0; j, n = r.before(j), n+1 {
		if gap, ok := r.between(j); !ok || strings.Count(gap, "\n") != 1 {
			break
		}
		top = j
	}
	return top
}

// comment says whether a line of code is a comment in one of the common languages.
func comment(line string) bool {
	for _, mark := range []string{"//", "/*", "* ", "*/", "# ", "-- ", ";;", "% ", `"""`} {
		if strings.HasPrefix(line, mark) {
			return true
		}
	}
	return false
}

// indent counts the blanks before unit i on its line: -1 when something else
// stands there, or it is not known.
func (r *reader) indent(i int) int {
	u := &r.units[i]
	if u.start == 0 {
		return 0
	}
	n := 0
	for at := u.start - 1; ; at-- {
		c, ok := r.byteAt(u.doc, at)
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
func (r *reader) between(i int) (string, bool) {
	var b strings.Builder
	for at := r.units[i].end; at < r.units[i+1].start; at++ {
		c, ok := r.byteAt(r.units[i].doc, at)
		if !ok {
			return "", false
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

func (r *reader) byteAt(doc, at int) (byte, bool) {
	for _, p := range r.docs[doc].text {
		if p.Start <= at && at < p.End {
			return p.Text[at-p.Start], true
		}
	}
	return 0, false
}

var (
	speakerName = regexp.MustCompile(`^(?:\[[^\]\n]{1,38}\] )?(?:<[^>\n]{1,38}> |[\p{Lu}\p{Lo}a-z][^:\n.?!]{0,43}:)`)
	// A time alone on its line, between two arrows of a subtitle, or in brackets.
	captionTime = regexp.MustCompile(`^(?:\d{1,6}\r?\n)?(?:(?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?(?: --> (?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?[^\n]{0,40})?(?:\r?\n|$)|[\[(](?:\d{1,2}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?[\])])`)
)

func (r *reader) speaker(i int) need {
	return r.head(i, func(k corpus.BlockKind) bool { return k == corpus.Turn }, func(s string) bool {
		return s[0] == '<' || strings.IndexByte(s[:min(len(s), 100)], ':') >= 0
	}, speakerName)
}

func (r *reader) caption(i int) need {
	return r.head(i, func(k corpus.BlockKind) bool { return k == corpus.Paragraph || k == corpus.Turn }, func(s string) bool {
		return '0' <= s[0] && s[0] <= '9' || s[0] == '[' || s[0] == '('
	}, captionTime)
}

// head is the beginning, of a form, of the nearest unit before i that has one,
// unless i has one itself. may is a quick test that every text of the form passes.
func (r *reader) head(i int, of func(corpus.BlockKind) bool, may func(string) bool, form *regexp.Regexp) need {
	none := need{unit: -1}
	if !of(r.units[i].kind) || may(r.units[i].text) && form.MatchString(r.units[i].text) {
		return none
	}
	for j, n := r.before(i), 0; j >= 0 && n < farthest && of(r.units[j].kind); j, n = r.before(j), n+1 {
		if !may(r.units[j].text) {
			continue
		}
		if m := form.FindStringIndex(r.units[j].text); m != nil {
			n := need{j, len(strings.TrimRight(r.units[j].text[:m[1]], "\r\n"))}
			if n.head == len(r.units[j].text) {
				n.head = 0
			}
			return n
		}
	}
	return none
}

// lacks returns what unit i needs and does not have yet.
func (f *filler) lacks(i int) []need {
	var out []need
	for _, n := range f.needs(i) {
		switch f.state[n.unit] {
		case kept, barred, folded:
			continue
		}
		if r := f.shrunk[n.unit]; n.head > 0 && len(r) > 0 && r[0][0] >= n.head {
			continue // the window shows it
		}
		if n.head == 0 || f.heads[n.unit] < n.head {
			out = append(out, n)
		}
	}
	return out
}

// bring keeps what a unit needs.
func (f *filler) bring(needs []need) {
	for _, n := range needs {
		if n.head == 0 {
			f.state[n.unit] = kept
		} else {
			if f.heads == nil {
				f.heads = make(map[int]int)
			}
			f.heads[n.unit] = max(f.heads[n.unit], n.head)
		}
	}
}

// release drops a kept unit and what was kept for it alone.
func (f *filler) release(i int) {
	f.state[i] = failed
	delete(f.chosen, i)
	if len(f.o.Guards) == 0 {
		return
	}
	wanted := make(map[need]bool)
	for j, s := range f.state {
		if s == kept && f.chosen[j] {
			for _, n := range f.needs(j) {
				wanted[n] = true
			}
		}
	}
	for _, n := range append(f.needs(i), need{unit: i}) {
		switch {
		case wanted[n]:
			if n.head == 0 {
				f.state[n.unit] = kept // it is still needed
			}
		case n.head > 0:
			delete(f.heads, n.unit)
		case f.state[n.unit] == kept && !f.chosen[n.unit]:
			f.state[n.unit] = failed
		}
	}
}
