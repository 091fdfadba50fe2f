// Package surroundings measures contexts around a range, on ranges whose need is known
// without a model: what the range cannot be understood without stands at known bytes. Beside
// them stands a plain window of the same budget: as many words on either side as fit.
package surroundings

import (
	"regexp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/pack/render"
)

// The kinds of needs.
const (
	// Acronym: a sentence uses one that its document spells out before.
	Acronym = "acronym"
	// AcronymElsewhere: one that its document never spells out and others do.
	AcronymElsewhere = "acronym, other document"
	// Declaration: a line in the body of a Go function, which stands in that function.
	Declaration = "declaration of the function"
	// Identifier: the line names what the file declares at its top level.
	Identifier = "declaration of a name"
	// IdentifierElsewhere: what another file of the package declares.
	IdentifierElsewhere = "declaration, other file"
	// Member: the line names a field or method of a variable whose type the function says.
	Member = "member of a variable's type"
	// Comment: the line names what the package declares with a comment, which begins with
	// what it is.
	Comment = "comment of a name"
	// Entity: a sentence names what a short document of its own is about, by its title; its
	// first sentence says what that is.
	Entity = "entity, other document"
	// Antecedent: a sentence that begins with a pronoun, in a short document whose first
	// sentence says what its title names; some sentence before that has that name.
	Antecedent = "antecedent"
	// Header: a row of a table, whose first row says what the columns are.
	Header = "header of a table"
	// Headings: what the nearest heading above says.
	Headings = "heading"
)

// Kinds lists them.
var Kinds = []string{Acronym, AcronymElsewhere, Declaration, Identifier, IdentifierElsewhere, Member, Comment, Entity, Antecedent, Header, Headings}

// Case is a range, and ranges of which it needs one.
type Case struct {
	Kind  string
	Range render.Range
	Needs []render.Range
}

// maker makes cases of documents.
type maker struct {
	cases    map[string][]Case
	spelled  map[string][]render.Range            // acronyms, by what they are
	unspelt  map[string][]render.Range            // uses of those that their document does not spell out
	declared map[string]map[string][]place        // by folder and name
	comments map[string]map[string][]render.Range // first lines of comments, by folder and name
	members  map[string]map[string][]render.Range // fields and methods, by folder, and type and name
	about    map[string][]render.Range            // first sentences of documents, by title
	named    map[string][]render.Range            // uses of names, by name
	uses     []use
}

type place struct {
	render.Range
	file string
}

// use is a line of Go that names what its file does not declare, or, of a kind, what is
// known once all files are read.
type use struct {
	kind, folder, name string
	at                 render.Range
}

var (
	pronoun  = regexp.MustCompile(`^(?:He|She|It|They|His|Her|Its|Their)\s+\p{Ll}`)
	capitals = regexp.MustCompile(`\b[A-Z][A-Z0-9]{1,6}\b`)
)

func (m *maker) add(kind string, of *corpus.Document, start, end int, needs ...render.Range) {
	m.cases[kind] = append(m.cases[kind], Case{kind, render.Range{Doc: of.ID, Start: start, End: end}, needs})
}

// document makes the cases of a document.
func (m *maker) document(d *corpus.Document) {
	if d.Type == "go" || strings.HasSuffix(d.Path, ".go") {
		m.goFile(d)
		return
	}
	if len(d.Source) > 4<<20 {
		return
	}
	var all []corpus.Sentence
	for _, p := range split.Split(d, split.Options{}) {
		all = append(all, p.Sentences...)
	}
	m.acronyms(d, all)
	m.antecedents(d, all)
	m.entities(d, all)
	m.tables(d, all)
	m.headings(d, all)
}

// acronyms makes one case of an acronym of a document: its last use.
func (m *maker) acronyms(d *corpus.Document, all []corpus.Sentence) {
	spelled := map[string][]render.Range{}
	for _, f := range acronym.Find(d.Source) {
		r := render.Range{Doc: d.ID, Start: f.LongStart, End: f.LongEnd}
		spelled[f.Short] = append(spelled[f.Short], r)
		m.spelled[f.Short] = append(m.spelled[f.Short], r)
	}
	seen := map[string]bool{}
	for _, s := range slices.Backward(all) {
		text := d.Source[s.Start:s.End]
		if s.Kind != corpus.Paragraph && s.Kind != corpus.ListItem || strings.ToUpper(text) == text {
			continue
		}
		for _, short := range capitals.FindAllString(text, -1) {
			if seen[short] {
				continue
			}
			at := spelled[short]
			switch {
			case len(at) == 0:
				seen[short] = true
				m.unspelt[short] = append(m.unspelt[short], render.Range{Doc: d.ID, Start: s.Start, End: s.End})
			case at[0].End < s.Start && !slices.ContainsFunc(at, func(r render.Range) bool { return r.Start < s.End && s.Start < r.End }):
				seen[short] = true
				m.add(Acronym, d, s.Start, s.End, at...)
			}
		}
	}
}

var properName = regexp.MustCompile(`\p{Lu}[\p{L}.’-]+(?: (?:(?:of|the|and|de|von|van) )?\p{Lu}[\p{L}.’-]+)+`)

// entities notes what a short document is about, and the names of two words and more that it
// uses.
func (m *maker) entities(d *corpus.Document, all []corpus.Sentence) {
	title := strings.TrimSpace(strings.Split(d.Title, "(")[0])
	if len(all) > 0 && len(d.Source) <= mostArticle && strings.Contains(title, " ") {
		for _, s := range all {
			if s.Kind == corpus.Paragraph {
				if text := d.Source[s.Start:s.End]; strings.Contains(text, title) && len(text) > len(title)+20 {
					m.about[title] = append(m.about[title], render.Range{Doc: d.ID, Start: s.Start, End: s.End})
				}
				break
			}
		}
	}
	for _, s := range slices.Backward(all) {
		if s.Kind != corpus.Paragraph {
			continue
		}
		for _, n := range properName.FindAllString(d.Source[s.Start:s.End], -1) {
			if uses := m.named[n]; n != title && (len(uses) == 0 || uses[len(uses)-1].Doc != d.ID) {
				m.named[n] = append(uses, render.Range{Doc: d.ID, Start: s.Start, End: s.End})
			}
		}
	}
}

// mostArticle is how long a text may be whose pronouns mean what it is about, in bytes.
const mostArticle = 8000

// antecedents makes at most two cases of a document.
func (m *maker) antecedents(d *corpus.Document, all []corpus.Sentence) {
	name := strings.TrimSpace(strings.Split(strings.Split(d.Title, "(")[0], ",")[0])
	if len(name) < 4 || len(d.Source) > mostArticle || len(all) == 0 || !strings.Contains(d.Source[all[0].Start:all[0].End], name) {
		return
	}
	words := strings.Fields(name)
	last := words[len(words)-1]
	made := 0
	for i, s := range slices.Backward(all) {
		text := d.Source[s.Start:s.End]
		if made == 2 || s.Kind != corpus.Paragraph || !pronoun.MatchString(text) || strings.Contains(text, last) {
			continue
		}
		var needs []render.Range
		for _, b := range all[:i] {
			if at := strings.Index(d.Source[b.Start:b.End], last); at >= 0 && b.Kind != corpus.Heading && len(last) > 3 {
				needs = append(needs, render.Range{Doc: d.ID, Start: b.Start + at, End: b.Start + at + len(last)})
			}
		}
		if len(needs) > 0 {
			m.add(Antecedent, d, s.Start, s.End, needs...)
			made++
		}
	}
}

// tables makes a case of each table of five rows and more: a row two thirds down.
func (m *maker) tables(d *corpus.Document, all []corpus.Sentence) {
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].Kind == corpus.TableRow && (j == i || strings.TrimSpace(strings.Trim(d.Source[all[j-1].End:all[j].Start], "|-:+= \t\r\n")) == "" && strings.Count(d.Source[all[j-1].End:all[j].Start], "\n") < 3) {
			j++
		}
		if j-i >= 5 {
			s := all[i+(j-i)*2/3]
			m.add(Header, d, s.Start, s.End, render.Range{Doc: d.ID, Start: all[i].Start, End: all[i].End})
		}
		i = max(j, i+1)
	}
}

// headings makes a case of a document: the last sentence under its middle heading.
func (m *maker) headings(d *corpus.Document, all []corpus.Sentence) {
	var at []int
	for i, s := range all {
		if s.Kind == corpus.Heading {
			at = append(at, i)
		}
	}
	if len(at) < 3 {
		return
	}
	h := at[len(at)/2]
	end := len(all)
	if len(at)/2+1 < len(at) {
		end = at[len(at)/2+1]
	}
	if s := all[end-1]; end-1 > h+3 && s.Kind == corpus.Paragraph {
		m.add(Headings, d, s.Start, s.End, render.Range{Doc: d.ID, Start: all[h].Start, End: all[h].End})
	}
}

// rest makes the cases that need all documents.
func (m *maker) rest() {
	for short, uses := range m.unspelt {
		at := m.spelled[short]
		if len(at) == 0 || len(at) > 50 {
			continue
		}
		m.cases[AcronymElsewhere] = append(m.cases[AcronymElsewhere], Case{AcronymElsewhere, uses[0], at})
	}
	for name, uses := range m.named {
		for _, r := range uses {
			needs := slices.DeleteFunc(slices.Clone(m.about[name]), func(n render.Range) bool { return n.Doc == r.Doc })
			if len(needs) > 0 {
				m.cases[Entity] = append(m.cases[Entity], Case{Entity, r, needs})
			}
		}
	}
	for _, u := range m.uses {
		var needs []render.Range
		switch u.kind {
		case Comment:
			needs = m.comments[u.folder][u.name]
		case Member:
			needs = m.members[u.folder][u.name]
		default:
			for _, p := range m.declared[u.folder][u.name] {
				needs = append(needs, p.Range)
			}
		}
		if len(needs) > 0 {
			m.cases[u.kind] = append(m.cases[u.kind], Case{u.kind, u.at, needs})
		}
	}
}
