package code

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// readGo makes a block of each top-level declaration, doc comment included, and
// paragraphs of the package comment. What lies between them (comments that
// belong to nothing) are blocks without a label. A file that does not parse is
// read as other code is.
func readGo(ctx context.Context, d *corpus.Document, text string) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil || file == nil {
		return readBraces(grammars["go"])(ctx, d, text)
	}
	d.Source = text
	base := fset.File(file.FileStart).Base()
	offset := func(p token.Pos) int { return min(max(int(p)-base, 0), len(text)) }
	d.Blocks = make([]corpus.Block, 0, len(file.Decls)+4)
	at := 0
	add := func(start, end int, label string) {
		start = max(start, at)
		// A comment behind the declaration on its last line belongs to it.
		if n := strings.IndexByte(text[end:], '\n'); n < 0 {
			end = len(text)
		} else if rest := strings.TrimSpace(text[end : end+n]); strings.HasPrefix(rest, "//") {
			end += n
		}
		if start >= end {
			return
		}
		d.Blocks = levelled(codeBlocks(d.Blocks, text, at, start), len(d.Blocks), 1)
		d.Blocks = format.AppendTrimmed(d.Blocks, corpus.Block{Kind: corpus.Code, Level: 1, Start: start, End: end, Label: label}, text)
		at = end
	}
	if file.Doc != nil {
		start, end := offset(file.Doc.Pos()), offset(file.Doc.End())
		d.Blocks = codeBlocks(d.Blocks, text, 0, start)
		d.Blocks = commentBlocks(d.Blocks, text, start, end)
		at = end
	}
	add(offset(file.Package), offset(file.Name.End()), "package "+file.Name.Name)
	for _, decl := range file.Decls {
		start := offset(decl.Pos())
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Doc != nil {
				start = offset(decl.Doc.Pos())
			}
			add(start, offset(decl.End()), funcLabel(decl))
		case *ast.GenDecl:
			if decl.Doc != nil {
				start = offset(decl.Doc.Pos())
			}
			add(start, offset(decl.End()), genLabel(decl))
		default:
			add(start, offset(decl.End()), "")
		}
	}
	d.Blocks = levelled(codeBlocks(d.Blocks, text, at, len(text)), len(d.Blocks), 1)
	return nil
}

// funcLabel names a function "func F" and a method "func (*T) M".
func funcLabel(f *ast.FuncDecl) string {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return "func " + f.Name.Name
	}
	star := ""
	t := f.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			star, t = "*", x.X
			continue
		case *ast.ParenExpr:
			t = x.X
			continue
		case *ast.IndexExpr:
			t = x.X
			continue
		case *ast.IndexListExpr:
			t = x.X
			continue
		case *ast.Ident:
			return "func (" + star + x.Name + ") " + f.Name.Name
		}
		return "func " + f.Name.Name
	}
}

// genLabel names a declaration by its keyword and its first three names.
func genLabel(g *ast.GenDecl) string {
	var names []string
	for _, s := range g.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			names = append(names, s.Name.Name)
		case *ast.ValueSpec:
			for _, n := range s.Names {
				names = append(names, n.Name)
			}
		}
	}
	label := g.Tok.String()
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	if len(names) > 0 {
		label += " " + strings.Join(names, ", ")
	}
	return label
}

// commentBlocks appends the paragraphs of a comment, without the signs around a
// /* comment */; indented lines of it are code.
func commentBlocks(blocks []corpus.Block, text string, start, end int) []corpus.Block {
	if strings.HasPrefix(text[start:end], "/*") {
		start += 2
		end -= 2
	}
	from, kind := start, corpus.Paragraph
	flush := func(to int) {
		blocks = format.AppendTrimmed(blocks, corpus.Block{Kind: kind, Start: from, End: to}, text)
		from = to
	}
	for at := start; at < end; {
		n := strings.IndexByte(text[at:end], '\n')
		if n < 0 {
			n = end - at
		}
		line := strings.TrimRight(strings.TrimPrefix(text[at:at+n], "//"), " \t\r")
		next := min(at+n+1, end)
		k := corpus.Paragraph
		if strings.HasPrefix(line, "\t") || strings.HasPrefix(line, "    ") {
			k = corpus.Code
		}
		switch {
		case line == "" || line == " ":
			flush(at)
			from = next // a "//" alone is markup
		case k != kind:
			flush(at)
			kind = k
		}
		at = next
	}
	flush(end)
	return blocks
}
