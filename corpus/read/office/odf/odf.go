// Package odf reads the formats of OpenDocument (ISO/IEC 26300, 1.0 to 1.4): texts,
// sheets and presentations, and their forerunners of OpenOffice.org 1.
//
// A file is a ZIP archive: mimetype says what it is, content.xml holds the text with
// the styles made for it, styles.xml the named styles, meta.xml what the document
// states about itself, META-INF/manifest.xml how its parts are encrypted if they are.
// What is shown is read: not deletions, hidden text, annotations, running heads, hidden
// sheets, rows and slides.
package odf

import (
	"bytes"
	"context"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// canon are the prefixes by which names are known.
var canon = func() map[string]string {
	m := map[string]string{"http://purl.org/dc/elements/1.1/": "dc", "http://www.w3.org/1999/xlink": "xlink"}
	for _, p := range []string{"office", "text", "table", "style", "presentation", "meta", "manifest"} {
		m["urn:oasis:names:tc:opendocument:xmlns:"+p+":1.0"] = p
		m["http://openoffice.org/2000/"+p] = p
		m["http://openoffice.org/2001/"+p] = p
	}
	m["urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"] = "draw"
	m["http://openoffice.org/2000/drawing"] = "draw"
	m["urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"] = "svg"
	return m
}()

// Kind is the format of a package: "odt", "ods", "odp", or "" for none of them.
func Kind(p *parts.Package) (string, error) {
	if !p.Has("mimetype") || !p.Has("content.xml") && !p.Has("META-INF/manifest.xml") {
		return "", nil
	}
	b, err := p.Bytes("mimetype", 1024)
	if err != nil {
		return "", err
	}
	kind := string(bytes.TrimSpace(b))
	for _, k := range [][2]string{{"text", "odt"}, {"spreadsheet", "ods"}, {"presentation", "odp"}, {"graphics", "odp"}} {
		if strings.HasPrefix(kind, "application/vnd.oasis.opendocument."+k[0]) {
			return k[1], nil
		}
	}
	for _, k := range [][2]string{{"writer", "odt"}, {"calc", "ods"}, {"impress", "odp"}, {"draw", "odp"}} {
		if strings.HasPrefix(kind, "application/vnd.sun.xml."+k[0]) {
			return k[1], nil
		}
	}
	return "", nil
}

// Read reads a package of one of the kinds.
func Read(ctx context.Context, p *parts.Package, kind string, o *format.Options, yield func(corpus.Document, error) bool) (err error) {
	defer parts.Recovered(p.File, &err)
	part, err := decrypt(p, o)
	if err != nil {
		return err
	}
	t := parts.NewText(p.File, o)
	d := &document{t: t, flow: parts.Flow{T: t}, styles: map[string]*style{}, lists: map[string]*listStyle{}}
	if p.Has("styles.xml") {
		if err := part("styles.xml", d.readStyles); err != nil {
			return err
		}
	}
	if kind == "ods" {
		g := &book{d: d, t: t, out: parts.Grid{T: t}}
		err = part("content.xml", g.read)
	} else {
		err = part("content.xml", d.read)
	}
	if err != nil {
		return err
	}
	for _, n := range d.notes {
		t.Page, t.Paragraph = n.page, n.paragraph
		t.Add(corpus.Paragraph, 0, n.text)
	}
	title, meta := properties(p, part)
	if err := ctx.Err(); err != nil {
		return err
	}
	return t.Yield(kind, title, meta, yield)
}

// scan reads a part of a package, which may be encrypted.
type scan func(name string, each func(s *xmlscan.Scanner) error) error

func properties(p *parts.Package, part scan) (title string, meta map[string]any) {
	meta = map[string]any{}
	if !p.Has("meta.xml") {
		return "", meta
	}
	keys := map[string]string{"dc:title": "title", "meta:initial-creator": "author", "dc:creator": "last author", "meta:creation-date": "created", "dc:date": "modified", "dc:subject": "subject"}
	_ = part("meta.xml", func(s *xmlscan.Scanner) error {
		key := ""
		for s.Next() {
			switch s.Kind {
			case xmlscan.Start:
				key = keys[string(s.Name())]
			case xmlscan.End:
				key = ""
			case xmlscan.Text:
				if v := parts.Cell(parts.Clean(string(s.Text()))); key != "" && v != "" && len(v) < 1000 {
					meta[key] = v
				}
			}
		}
		return nil
	})
	if meta["author"] == nil && meta["last author"] != nil {
		meta["author"] = meta["last author"]
	}
	delete(meta, "last author")
	title, _ = meta["title"].(string)
	delete(meta, "title")
	return title, meta
}

// style is one of paragraphs, characters, tables, rows or slides.
type style struct {
	parent, name string
	level        int // of a heading
	hidden       bool
	list         string
}

// listStyle is how the items of a list are numbered, by level.
type listStyle struct{ levels [10]listLevel }

type listLevel struct {
	format, prefix, suffix string
	start, shown           int
}

// readStyles takes the styles of a part.
func (d *document) readStyles(s *xmlscan.Scanner) error {
	for s.Next() {
		if s.Kind == xmlscan.Start {
			d.style(s)
		}
	}
	return nil
}

// style takes a style that starts, to its end.
func (d *document) style(s *xmlscan.Scanner) bool {
	switch string(s.Name()) {
	case "style:style":
		st := &style{parent: s.Attr("style:parent-style-name"), name: s.Attr("style:name"), list: s.Attr("style:list-style-name")}
		st.level = number(s.Attr("style:default-outline-level"))
		key := s.Attr("style:family") + " " + st.name
		d.styles[key] = st
		for depth := s.Depth; s.Next() && !(s.Kind == xmlscan.End && s.Depth == depth); {
			if s.Kind == xmlscan.Start {
				st.hidden = st.hidden || s.Attr("text:display") == "none" || s.Attr("table:display") == "false" || s.Attr("presentation:visibility") == "hidden"
			}
		}
		return true
	case "text:list-style":
		l := &listStyle{}
		d.lists[s.Attr("style:name")] = l
		for depth := s.Depth; s.Next() && !(s.Kind == xmlscan.End && s.Depth == depth); {
			if s.Kind == xmlscan.Start && string(s.Name()) == "text:list-level-style-number" {
				n := number(s.Attr("text:level"))
				if n < 1 || n > len(l.levels) {
					continue
				}
				l.levels[n-1] = listLevel{s.Attr("style:num-format"), s.Attr("style:num-prefix"), s.Attr("style:num-suffix"), max(number(s.Attr("text:start-value")), 1), max(number(s.Attr("text:display-levels")), 1)}
			}
		}
		return true
	}
	return false
}

// number is a whole number; 0 for what is none.
func number(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<24 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// look follows a style and those that it is made from until f says that it has found
// what it looks for.
func (d *document) look(family, name string, f func(*style) bool) {
	for range 30 {
		st := d.styles[family+" "+name]
		if st == nil || f(st) {
			return
		}
		name = st.parent
	}
}

func (d *document) hidden(family, name string) (is bool) {
	d.look(family, name, func(st *style) bool { is = st.hidden; return is })
	return is
}
