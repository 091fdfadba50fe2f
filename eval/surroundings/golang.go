package surroundings

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/pack/render"
)

// goFile makes cases of what Go's parser says of a file.
func (m *maker) goFile(d *corpus.Document) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, "", d.Source, parser.SkipObjectResolution|parser.ParseComments)
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
	note := func(of map[string]map[string][]render.Range, name string, from, to token.Pos) {
		if of[folder] == nil {
			of[folder] = map[string][]render.Range{}
		}
		of[folder][name] = append(of[folder][name], render.Range{Doc: d.ID, Start: at(from), End: at(to)})
	}
	comment := func(name string, c *ast.CommentGroup) {
		if c != nil && strings.HasPrefix(c.List[0].Text, "// "+name+" ") {
			note(m.comments, name, c.List[0].Pos(), c.List[0].End())
		}
	}
	for _, decl := range f.Decls {
		switch x := decl.(type) {
		case *ast.FuncDecl:
			if x.Recv == nil {
				declare(x.Name)
				comment(x.Name.Name, x.Doc)
			} else if t := typeName(x.Recv.List[0].Type); t != "" {
				note(m.members, t+"."+x.Name.Name, x.Name.Pos(), x.Name.End())
			}
		case *ast.GenDecl:
			for _, s := range x.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					declare(s.Name)
					comment(s.Name.Name, x.Doc)
					if st, ok := s.Type.(*ast.StructType); ok {
						for _, f := range st.Fields.List {
							for _, n := range f.Names {
								note(m.members, s.Name.Name+"."+n.Name, n.Pos(), n.End())
							}
						}
					}
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
	m.typed(fn, at, folder, render.Range{Doc: d.ID, Start: start, End: end})
	seen := map[string]bool{}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || fields[id] || locals[id.Name] || seen[id.Name] || len(id.Name) < 3 || at(id.Pos()) < start || at(id.End()) > end {
			return true
		}
		seen[id.Name] = true
		r := render.Range{Doc: d.ID, Start: start, End: end}
		m.uses = append(m.uses, use{Comment, folder, id.Name, r})
		switch p, here := own[id.Name]; {
		case here && (p.End < at(fn.Pos()) || p.Start > at(fn.End())):
			m.add(Identifier, d, start, end, p)
		case !here:
			m.uses = append(m.uses, use{IdentifierElsewhere, folder, id.Name, r})
		}
		return true
	})
}

// typeName is the name of a type of the package, or of what a pointer to one points to.
func typeName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.StarExpr:
		return typeName(x.X)
	case *ast.IndexExpr:
		return typeName(x.X)
	case *ast.Ident:
		return x.Name
	}
	return ""
}

// typed notes the fields and methods that a line names of the function's receiver and
// parameters.
func (m *maker) typed(fn *ast.FuncDecl, at func(token.Pos) int, folder string, line render.Range) {
	types := map[string]string{}
	for _, list := range []*ast.FieldList{fn.Recv, fn.Type.Params} {
		if list == nil {
			continue
		}
		for _, f := range list.List {
			for _, n := range f.Names {
				types[n.Name] = typeName(f.Type)
			}
		}
	}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		x, ok := n.(*ast.SelectorExpr)
		if !ok || at(x.Pos()) < line.Start || at(x.End()) > line.End {
			return true
		}
		if id, ok := x.X.(*ast.Ident); ok && types[id.Name] != "" {
			m.uses = append(m.uses, use{Member, folder, types[id.Name] + "." + x.Sel.Name, line})
		}
		return true
	})
}
