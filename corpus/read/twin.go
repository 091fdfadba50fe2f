package read

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// A page in two formats is one document too many. The HTML is the form that is read:
// its chrome is dropped, and what the source includes from elsewhere is in it.
const (
	twinBytes   = 1 << 20 // of a page that are compared
	twinWords   = 32      // of a source that are looked for in it
	fewestWords = 8
	twinShare   = 75 // per cent of them that are there
	twinLetters = 5  // of a word
)

// isPage says that a file is HTML by its name.
func isPage(path string) bool { return byExtension[strings.ToLower(filepath.Ext(path))] == &formHTML }

// sourceTypes are those of documents that pages are made of.
var sourceTypes = []string{"text", "markdown", "rst", "asciidoc", "org"}

// copied says that a page which this run listed is made of a document: one of the same
// name in the same folder, or outside the _sources of Sphinx, that has its words.
func (r *Reader) copied(f *File, d *corpus.Document) bool {
	if len(r.pages) == 0 || !slices.Contains(sourceTypes, d.Type) {
		return false
	}
	dir, name := filepath.Split(f.Path)
	sep := string(filepath.Separator)
	if i := strings.LastIndex(dir, sep+"_sources"+sep); i >= 0 {
		dir = dir[:i+1] + dir[i+len("/_sources/"):]
	}
	for {
		for _, ext := range []string{".html", ".htm"} {
			if page := dir + name + ext; r.pages[page] && hasWords(page, d.Source) {
				return true
			}
		}
		ext := filepath.Ext(name)
		form := byExtension[strings.ToLower(ext)]
		if ext == "" || form == nil || !form.source {
			return false
		}
		name = strings.TrimSuffix(name, ext)
	}
}

// hasWords says whether a page has most of a sample of the words of a text.
func hasWords(page, text string) bool {
	in, err := os.Open(PathOf(page))
	if err != nil {
		return false
	}
	defer in.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, io.LimitReader(in, twinBytes)); err != nil {
		return false
	}
	html := b.String()
	all, there := 0, 0
	for i := range twinWords {
		// A word of each part of the text; of as much as was read of the page.
		part := text[:min(len(text), twinBytes/2)]
		part = part[len(part)*i/twinWords:]
		if w := longWord(part[:min(len(part), 400)]); w != "" {
			all++
			if strings.Contains(html, w) {
				there++
			}
		}
	}
	return all >= fewestWords && there*100 >= all*twinShare
}

// longWord is the first whole word of some length.
func longWord(s string) string {
	for s != "" {
		s = strings.TrimLeftFunc(s, unicode.IsLetter) // it may have begun before
		s = strings.TrimLeftFunc(s, func(r rune) bool { return !unicode.IsLetter(r) || r == utf8.RuneError })
		n := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) || r == utf8.RuneError })
		if n < 0 {
			return ""
		}
		if utf8.RuneCountInString(s[:n]) >= twinLetters {
			return s[:n]
		}
	}
	return ""
}
