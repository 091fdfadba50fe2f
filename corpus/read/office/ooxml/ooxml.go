// Package ooxml reads the formats of Office Open XML (ECMA-376, ISO/IEC 29500;
// transitional and strict): documents, presentations and workbooks.
//
// A file is a ZIP archive of XML parts. _rels/.rels names the part that is the
// document, and each part has relations of its own (PART's folder/_rels/PART.rels) by
// whose ids it refers to others. What is shown is read: not deleted text, hidden text,
// comments, running heads, hidden sheets, rows, columns and slides.
package ooxml

import (
	"context"

	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// canon are the prefixes by which names are known.
var canon = func() map[string]string {
	m := map[string]string{
		"http://schemas.openxmlformats.org/markup-compatibility/2006": "mc",
		"http://purl.org/dc/elements/1.1/":                            "dc",
		"http://purl.org/dc/terms/":                                   "dcterms",
	}
	for prefix, name := range map[string]string{
		"w": "wordprocessingml/main", "a": "drawingml/main", "p": "presentationml/main", "r": "officeDocument/relationships",
		"m": "officeDocument/math", "c": "drawingml/chart", "dgm": "drawingml/diagram", "": "spreadsheetml/main",
	} {
		m["http://purl.oclc.org/ooxml/"+name] = prefix
		first, rest, _ := strings.Cut(name, "/")
		m["http://schemas.openxmlformats.org/"+first+"/2006/"+rest] = prefix
	}
	return m
}()

// Kind is the format of a package: "docx", "pptx", "xlsx", or "" for none of them;
// main is the part that the document is.
func Kind(p *parts.Package) (kind, main string, err error) {
	rels, err := p.Relations("")
	if err != nil {
		return "", "", err
	}
	for _, r := range rels {
		if r.Type == "officeDocument" && !r.External {
			main = r.Target
		}
	}
	for _, k := range [][2]string{{"docx", "word/document.xml"}, {"xlsx", "xl/workbook.xml"}, {"pptx", "ppt/presentation.xml"}} {
		dir, _, _ := strings.Cut(k[1], "/")
		switch {
		case main != "" && strings.HasPrefix(strings.ToLower(main), dir+"/") && p.Has(main):
			return k[0], main, nil
		case main == "" && p.Has(k[1]):
			return k[0], k[1], nil
		}
	}
	if main == "" || !p.Has(main) {
		return "", "", nil
	}
	// The names of parts are free: the root of the main part tells.
	err = p.Scan(main, canon, func(s *xmlscan.Scanner) error {
		if s.Next() {
			kind = map[string]string{"w:document": "docx", "workbook": "xlsx", "p:presentation": "pptx"}[string(s.Name())]
		}
		return nil
	})
	return kind, main, err
}

// Read reads a package of one of the kinds.
func Read(ctx context.Context, p *parts.Package, kind, main string, o *format.Options, yield func(corpus.Document, error) bool) (err error) {
	defer parts.Recovered(p.File, &err)
	t := parts.NewText(p.File, o)
	switch kind {
	case "docx":
		err = document(p, main, t)
	case "pptx":
		err = presentation(p, main, t)
	case "xlsx":
		err = workbook(p, main, t)
	}
	if err != nil {
		return err
	}
	title, meta := properties(p)
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.Yield(kind, title, meta, yield)
}

// properties are what a package states about itself; that they cannot be read keeps
// nobody from the text.
func properties(p *parts.Package) (title string, meta map[string]any) {
	rels, err := p.Relations("")
	if err != nil {
		return "", nil
	}
	meta = map[string]any{}
	for _, r := range rels {
		if r.Type != "core-properties" || !p.Has(r.Target) {
			continue
		}
		_ = p.Scan(r.Target, canon, func(s *xmlscan.Scanner) error {
			key := ""
			for s.Next() {
				switch s.Kind {
				case xmlscan.Start:
					key = map[string]string{"dc:title": "title", "dc:creator": "author", "dcterms:created": "created", "dcterms:modified": "modified", "dc:subject": "subject", "cp:keywords": "keywords"}[string(s.Name())]
				case xmlscan.End:
					key = ""
				case xmlscan.Text:
					if v := parts.Cell(parts.Clean(string(s.Text()))); key != "" && v != "" && len(v) < 1000 {
						if old, ok := meta[key].(string); ok {
							v = old + v
						}
						meta[key] = v
					}
				}
			}
			return nil
		})
	}
	title, _ = meta["title"].(string)
	delete(meta, "title")
	if junk(title) {
		title = ""
	}
	return title, meta
}

// junk are titles that programs set by themselves.
func junk(title string) bool {
	l := strings.ToLower(title)
	for _, s := range []string{"powerpoint presentation", "slide 1", "untitled", "microsoft word - ", "document", "no slide title", "presentation", "folie 1", "title"} {
		if l == s || strings.HasSuffix(s, " - ") && strings.HasPrefix(l, s) {
			return true
		}
	}
	return len(strings.Fields(title)) == 0
}

// text collects the text of an element that starts, whatever is in it.
func text(s *xmlscan.Scanner, name string) string {
	var b strings.Builder
	depth := s.Depth
	for s.Next() && !(s.Kind == xmlscan.End && s.Depth == depth) {
		if s.Kind == xmlscan.Start && string(s.Name()) == name {
			in := s.Depth
			for s.Next() && !(s.Kind == xmlscan.End && s.Depth == in) {
				if s.Kind == xmlscan.Text {
					b.Write(s.Text())
				}
			}
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// comments notes those that a part refers to, if that is asked for. Their texts stand
// in elements of a name.
func comments(p *parts.Package, rels map[string]parts.Relation, element string, t *parts.Text) error {
	if !t.Explaining() {
		return nil
	}
	for _, r := range rels {
		if r.Type != "comments" || r.External || !p.Has(r.Target) {
			continue
		}
		err := p.Scan(r.Target, canon, func(s *xmlscan.Scanner) error {
			for s.Next() {
				if s.Kind == xmlscan.Start && string(s.Name()) == element {
					t.Drop("comment", allText(s))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// allText passes over an element and gives the text in it.
func allText(s *xmlscan.Scanner) string {
	var b strings.Builder
	for depth := s.Depth; s.Next() && !(s.Kind == xmlscan.End && s.Depth == depth); {
		if s.Kind == xmlscan.Text {
			b.Write(s.Text())
		}
	}
	return b.String()
}

// on says that a property that is there holds: its value may say no.
func on(s *xmlscan.Scanner, name string) bool {
	switch string(s.Raw(name)) {
	case "0", "false", "off", "none":
		return false
	}
	return true
}
