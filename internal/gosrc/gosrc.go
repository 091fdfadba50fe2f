// Package gosrc makes the gosrc corpus, which every Go installation can make
// for itself: the .go, .md, .html and .txt files under GOROOT cut into pieces
// of about 200 words, and questions that are first sentences of doc comments.
// Tests and the speed comparison use it. The same Go release gives the same
// pieces and questions in the same order.
package gosrc

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// PieceWords is the number of words of every piece but the last of a file.
const PieceWords = 200

// Root returns the GOROOT of the go command on the path.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("find GOROOT with the go command: %w", err)
	}
	root := strings.TrimSpace(string(out))
	// The walk would not follow a link that is the root itself.
	return filepath.EvalSymlinks(root)
}

// Piece is a run of a file: PieceWords words, or fewer at the end of the file.
type Piece struct {
	ID   string // slash-separated path under GOROOT, "#", number of the piece from 0
	Text string // valid UTF-8, starts and ends with a word
}

// Pieces yields the pieces of all files under root in lexical order of the
// paths. It ends after the first error.
func Pieces(root string) iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			switch filepath.Ext(path) {
			case ".go", ".md", ".html", ".txt":
			default:
				return nil
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			n := 0
			for text := range cut(strings.ToValidUTF8(string(data), "\uFFFD")) {
				if !yield(Piece{fmt.Sprintf("%s#%d", filepath.ToSlash(rel), n), text}, nil) {
					return fs.SkipAll
				}
				n++
			}
			return nil
		})
		if err != nil {
			yield(Piece{}, fmt.Errorf("read the Go sources: %w", err))
		}
	}
}

// cut yields the runs of PieceWords white-space separated words of s.
func cut(s string) iter.Seq[string] {
	return func(yield func(string) bool) {
		words, start, end := 0, 0, 0
		for field := range strings.FieldsSeq(s) {
			// FieldsSeq yields substrings of s in order, so the next
			// occurrence of the field at or after end is the field itself.
			at := end + strings.Index(s[end:], field)
			if words == 0 {
				start = at
			}
			end = at + len(field)
			if words++; words == PieceWords {
				if !yield(s[start:end]) {
					return
				}
				words = 0
			}
		}
		if words > 0 {
			yield(s[start:end])
		}
	}
}

// Questions returns n first sentences of 5 to 12 words from the doc comments of
// exported functions, methods and types of the packages under root/src,
// vendored and internal ones and commands left out: all different, drawn with a
// fixed seed. The final full stop is cut off.
func Questions(root string, n int) ([]string, error) {
	var all []string
	src := filepath.Join(root, "src")
	err := filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			switch d.Name() {
			case "testdata", "vendor", "internal", "cmd":
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range file.Decls {
			sentence := new(doc.Package).Synopsis(comment(decl))
			sentence = strings.TrimSuffix(sentence, ".")
			if w := len(strings.Fields(sentence)); w >= 5 && w <= 12 {
				all = append(all, sentence)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read doc comments: %w", err)
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if len(all) < n {
		return nil, fmt.Errorf("only %d of %d questions in the doc comments under %s", len(all), n, src)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:n], nil
}

// comment returns the doc comment of an exported declaration, else "".
func comment(decl ast.Decl) string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() {
			return d.Doc.Text()
		}
	case *ast.GenDecl:
		if d.Tok == token.TYPE && len(d.Specs) == 1 && d.Specs[0].(*ast.TypeSpec).Name.IsExported() {
			return d.Doc.Text()
		}
	}
	return ""
}
