// Package surroundings measures contexts around a range, on ranges whose need is known
// without a model: what the range cannot be understood without stands at known bytes. Beside
// them stands a plain window of the same budget: as many words on either side as fit.
package surroundings

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
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
	// Antecedent: a sentence that begins with a pronoun, in a short document whose first
	// sentence says what its title names; some sentence before that has that name.
	Antecedent = "antecedent"
	// Header: a row of a table, whose first row says what the columns are.
	Header = "header of a table"
	// Headings: what the nearest heading above says.
	Headings = "heading"
)

// Kinds lists them.
var Kinds = []string{Acronym, AcronymElsewhere, Declaration, Identifier, IdentifierElsewhere, Antecedent, Header, Headings}

// Case is a range, and ranges of which it needs one.
type Case struct {
	Kind  string
	Range render.Range
	Needs []render.Range
}

// maker makes cases of documents.
type maker struct {
	cases    map[string][]Case
	spelled  map[string][]render.Range     // acronyms, by what they are
	unspelt  map[string][]render.Range     // uses of those that their document does not spell out
	declared map[string]map[string][]place // by folder and name
	uses     []use
}

type place struct {
	render.Range
	file string
}

// use is a line of Go that names what its file does not declare.
type use struct {
	folder, name string
	at           render.Range
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

// goFile makes cases of what Go's parser says of a file.
func (m *maker) goFile(d *corpus.Document) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "", d.Source, parser.SkipObjectResolution)
	if err != nil {
		return
	}
	at := func(p token.Pos) int { return files.Position(p).Offset }
	folder := filepath.Dir(d.Path)
	own := map[string]render.Range{}
	declare := func(name *ast.Ident) {
		r := render.Range{Doc: d.ID, Start: at(name.Pos()), End: at(name.End())}
		own[name.Name] = r
		if m.declared[folder] == nil {
			m.declared[folder] = map[string][]place{}
		}
		m.declared[folder][name.Name] = append(m.declared[folder][name.Name], place{r, d.ID})
	}
	for _, decl := range f.Decls {
		switch x := decl.(type) {
		case *ast.FuncDecl:
			if x.Recv == nil {
				declare(x.Name)
			}
		case *ast.GenDecl:
			for _, s := range x.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					declare(s.Name)
				case *ast.ValueSpec:
					for _, n := range s.Names {
						declare(n)
					}
				}
			}
		}
	}
	for _, decl := range f.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil || strings.Count(d.Source[at(fn.Body.Pos()):at(fn.Body.End())], "\n") < 15 {
			continue
		}
		m.line(d, fn, at, own, folder)
	}
}

// line makes cases of a line two thirds down the body of a function.
func (m *maker) line(d *corpus.Document, fn *ast.FuncDecl, at func(token.Pos) int, own map[string]render.Range, folder string) {
	begin, stop := at(fn.Body.Pos()), at(fn.Body.End())
	start := begin + (stop-begin)*2/3
	start = strings.LastIndexByte(d.Source[:start], '\n') + 1
	end := start + strings.IndexByte(d.Source[start:]+"\n", '\n')
	line := strings.TrimSpace(d.Source[start:end])
	if start <= begin || len(line) < 12 || strings.HasPrefix(line, "//") {
		return
	}
	start += strings.Index(d.Source[start:end], line)
	end = start + len(line)
	m.add(Declaration, d, start, end, render.Range{Doc: d.ID, Start: at(fn.Name.Pos()), End: at(fn.Name.End())})
	fields := map[*ast.Ident]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.SelectorExpr:
			fields[x.Sel] = true
		case *ast.KeyValueExpr:
			if k, ok := x.Key.(*ast.Ident); ok {
				fields[k] = true
			}
		}
		return true
	})
	locals := map[string]bool{}
	ast.Inspect(fn, func(n ast.Node) bool {
		if x, ok := n.(*ast.AssignStmt); ok && x.Tok == token.DEFINE {
			for _, l := range x.Lhs {
				if id, ok := l.(*ast.Ident); ok {
					locals[id.Name] = true
				}
			}
		}
		if x, ok := n.(*ast.Field); ok {
			for _, id := range x.Names {
				locals[id.Name] = true
			}
		}
		return true
	})
	seen := map[string]bool{}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || fields[id] || locals[id.Name] || seen[id.Name] || len(id.Name) < 3 || at(id.Pos()) < start || at(id.End()) > end {
			return true
		}
		seen[id.Name] = true
		r := render.Range{Doc: d.ID, Start: start, End: end}
		switch p, here := own[id.Name]; {
		case here && (p.End < at(fn.Pos()) || p.Start > at(fn.End())):
			m.add(Identifier, d, start, end, p)
		case !here:
			m.uses = append(m.uses, use{folder, id.Name, r})
		}
		return true
	})
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
	for _, u := range m.uses {
		var needs []render.Range
		for _, p := range m.declared[u.folder][u.name] {
			needs = append(needs, p.Range)
		}
		if len(needs) > 0 {
			m.cases[IdentifierElsewhere] = append(m.cases[IdentifierElsewhere], Case{IdentifierElsewhere, u.at, needs})
		}
	}
}
