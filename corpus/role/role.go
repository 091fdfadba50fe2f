// Package role says what a document is for: documentation, source code, a test of
// it, declarations of it, a log of changes or events, the source of a page that is there
// too, or output of a program that nobody reads for answers. A ranking prefers one to another by it, and filters see
// it as the metadata role.
//
// Content goes before names, where content tells: the length of lines, how much of
// them is punctuation, how many have one shape, the marks that generators and
// bundlers leave, versions as headings, times before lines, entries in the order of
// the alphabet. Names tell the rest. Only the first [sampled] bytes of a document
// are looked at, and its last line.
package role

import (
	"path"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// The roles. A document without one is "": nobody has said.
const (
	Documentation = "documentation" // prose by default, and code that is comment for the most part
	Source        = "source"        // code and settings as they were written
	Test          = "test"          // code that checks other code, and what it reads
	Declaration   = "declaration"   // the types and signatures of code that stands elsewhere
	Generated     = "generated"     // made by a program: bundles, indexes, tables, lock files, style sheets, source maps
	Log           = "log"           // events by time, changes by version
	Copy          = "copy"          // what a page is made of that is there as HTML; for a reader of both to say
)

// All are the roles in a fixed order.
var All = []string{Documentation, Source, Test, Declaration, Generated, Log, Copy}

// Of is the role of a document that a reader made of a file. name is the path of
// the file below what the caller named, with slashes: the folders above that are
// the caller's, and say nothing of the file.
func Of(d *corpus.Document, name string) string {
	f := fileOf(name)
	switch d.Type {
	case "code", "go", "data":
		return f.code(d)
	}
	return f.prose(d)
}

// Stated is the role that a document's own metadata gives it under "role"; "" where
// that is none of All.
func Stated(metadata map[string]any) string {
	if r, ok := metadata["role"].(string); ok && slices.Contains(All, r) {
		return r
	}
	return ""
}

// file is what the name of a file says.
type file struct {
	base, stem, ext string   // lower case; the stem ends at the first dot that is not the first sign
	folders         []string // lower case, outermost first
}

func fileOf(name string) file {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	f := file{base: path.Base(name), ext: path.Ext(name)}
	f.stem = f.base
	if i := strings.IndexByte(f.base[min(1, len(f.base)):], '.'); i >= 0 {
		f.stem = f.base[:i+1]
	}
	if dir := path.Dir(name); dir != "." {
		f.folders = strings.Split(strings.Trim(dir, "/"), "/")
	}
	return f
}

// in says that the file lies in a folder of one of the names, at any depth.
func (f *file) in(folders string) bool {
	for name := range strings.FieldsSeq(folders) {
		if slices.Contains(f.folders, name) {
			return true
		}
	}
	return false
}

// named says that the name of the file has one of the parts.
func (f *file) named(parts string) bool {
	for part := range strings.FieldsSeq(parts) {
		if strings.Contains(f.base, part) {
			return true
		}
	}
	return false
}

// code is the role of source code.
func (f *file) code(d *corpus.Document) string {
	s := sample(d.Source)
	switch {
	case f.ext == ".css" || f.ext == ".svg" || f.lock() || f.searchIndex(s) || marked(s):
		return Generated
	case f.tests(d.Lang, s):
		return Test
	}
	l := lines(s)
	switch {
	case l.endless() || l.table() && d.Lang != "assembly":
		return Generated
	case f.declares():
		return Declaration
	case f.named(".min. -min. .bundle. .umd. .prod.") || f.in("dist umd bundle bundles") || bundled(d.Lang, s, d.Source):
		return Generated
	case l.explains():
		if whole := lines(d.Source); whole.explains() { // the start of many a file does
			return Documentation
		}
	}
	return Source
}

// prose is the role of text.
func (f *file) prose(d *corpus.Document) string {
	s := sample(d.Source)
	switch {
	case f.lock() || f.ext == ".map" || f.searchIndex(s):
		return Generated
	case f.in("testdata fixtures __fixtures__ __snapshots__"):
		return Test
	case f.changes(d, s) || events(s):
		return Log
	case d.Type != "text" || d.Blocks != nil:
		return Documentation
	}
	if len(f.ext) == 2 && '1' <= f.ext[1] && f.ext[1] <= '9' { // of a manual
		return Documentation
	}
	// What is read as text for want of a better reader may be no prose at all.
	l := lines(s)
	switch f.ext {
	case "", ".txt", ".text", ".rst", ".adoc", ".org", ".tex", ".log":
		if l.dense() && (l.endless() || l.table()) {
			return Generated
		}
		if f.ext != "" {
			return Documentation
		}
	}
	switch {
	case f.ext != "" && l.dense() || l.table():
		return Generated
	case f.ext == ".patch" || f.ext == ".diff" || l.signs*100 >= (l.bytes-l.spaces)*muchSign:
		return Source
	}
	return Documentation
}

// lock says that the file records the exact versions of what was installed.
func (f *file) lock() bool {
	switch f.base {
	case "package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "go.sum", "go.work.sum", "packages.lock.json", "bun.lockb":
		return true
	}
	return f.ext == ".lock"
}

// searchIndex says that the file is made for a search in the browser.
func (f *file) searchIndex(s string) bool {
	if strings.HasPrefix(s, "Search.setIndex(") || strings.HasPrefix(s, `{"config":{"lang"`) {
		return true
	}
	switch f.stem {
	case "searchindex", "search-index", "search_index", "modindex", "py-modindex", "index-all":
		return true
	}
	return f.stem == "genindex" || strings.HasPrefix(f.stem, "genindex-")
}

// tests says that code is a test, or serves one.
func (f *file) tests(lang, s string) bool {
	if f.in("test tests __tests__ testdata fixtures __fixtures__ __mocks__ __snapshots__ e2e") {
		return true
	}
	stem := strings.TrimSuffix(f.base, f.ext)
	switch lang {
	case "go":
		// Examples are shown as documentation.
		return strings.HasSuffix(stem, "_test") && (!strings.Contains(s, "\nfunc Example") ||
			strings.Contains(s, "\nfunc Test") || strings.Contains(s, "\nfunc Benchmark") || strings.Contains(s, "\nfunc Fuzz"))
	case "python":
		return strings.HasPrefix(stem, "test_") || strings.HasSuffix(stem, "_test") || stem == "conftest"
	case "java", "kotlin", "scala", "groovy", "csharp", "swift", "php":
		return strings.HasSuffix(stem, "test") || strings.HasSuffix(stem, "tests") || strings.HasSuffix(stem, "spec")
	case "ruby", "rust", "c", "cpp", "elixir", "dart", "erlang":
		return strings.HasSuffix(stem, "_test") || strings.HasSuffix(stem, "_spec") || strings.HasPrefix(stem, "test_")
	case "javascript", "typescript", "vue", "svelte":
		return f.named(".test. .spec. .test-d. .cy. -test. _test.") ||
			strings.Contains(s, "describe(") && strings.Contains(s, "it(") && (strings.Contains(s, "expect(") || strings.Contains(s, "assert"))
	}
	return f.named("_test. .test. .spec.")
}

// declares says that code has the types and signatures of what stands elsewhere.
func (f *file) declares() bool {
	switch f.ext {
	case ".h", ".hh", ".hpp", ".hxx", ".pyi", ".mli":
		return true
	}
	return f.named(".d.ts .d.mts .d.cts")
}
