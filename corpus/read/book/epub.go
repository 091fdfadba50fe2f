// Package book reads e-books: EPUB 2 and 3.
//
// An EPUB file is a ZIP archive. META-INF/container.xml names the package document,
// which lists the files of the book (manifest) and the order in which they are read
// (spine); those are XHTML. The book is one document.
package book

import (
	"bytes"
	"context"
	"net/url"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/markup"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

var canon = map[string]string{
	"urn:oasis:names:tc:opendocument:xmlns:container":  "",
	"http://www.idpf.org/2007/opf":                     "",
	"http://openebook.org/namespaces/oeb-package/1.0/": "",
	"http://purl.org/dc/elements/1.1/":                 "dc",
	"http://purl.org/dc/elements/1.0/":                 "dc",
	"http://www.w3.org/2001/04/xmlenc#":                "enc",
}

// maxFile is the longest text file of a book.
const maxFile = 64 << 20

const container = "META-INF/container.xml"

// Is says that an open archive is a book.
func Is(p *parts.Package) bool { return p.Has(container) }

// item is a file of the manifest.
type item struct{ name, media, properties string }

// epub is a book that is being read.
type epub struct {
	p     *parts.Package
	items map[string]item
	spine []string
	meta  map[string]any
	lang  string
	title string
}

// EPUB reads a book.
func EPUB(ctx context.Context, p *parts.Package, o *format.Options, yield func(corpus.Document, error) bool) (err error) {
	defer parts.Recovered(p.File, &err)
	b := &epub{p: p, items: map[string]item{}, meta: map[string]any{}}
	opf, err := b.root()
	if err != nil {
		return err
	}
	if err := p.Scan(opf, canon, func(s *xmlscan.Scanner) error { return b.open(s, opf) }); err != nil {
		return err
	}
	locked, err := b.encrypted()
	if err != nil {
		return err
	}
	t := parts.NewText(p.File, o)
	read := map[string]bool{}
	for _, id := range b.spine {
		it, ok := b.items[id]
		if !ok || read[it.name] || !p.Has(it.name) {
			continue
		}
		read[it.name] = true
		switch {
		case locked[strings.ToLower(it.name)]:
			return p.File.SkipAs(format.Encrypted, "its text is encrypted by the shop that it is from")
		case it.media != "application/xhtml+xml" && it.media != "text/html" && it.media != "text/x-oeb1-document" && it.media != "application/xml":
			continue
		}
		if err := b.chapter(ctx, it, t); err != nil {
			return err
		}
		if err := t.Full(); err != nil {
			return err
		}
	}
	return t.Yield("epub", b.title, b.meta, func(d corpus.Document, err error) bool {
		d.Lang = b.lang
		return yield(d, err)
	})
}

// root is the name of the package document.
func (b *epub) root() (name string, err error) {
	err = b.p.Scan(container, canon, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind == xmlscan.Start && string(s.Name()) == "rootfile" && name == "" {
				name = s.Attr("full-path")
			}
		}
		return nil
	})
	if err == nil && !b.p.Has(name) {
		err = b.p.File.SkipAs(format.Damaged, "its package document is missing")
	}
	return parts.Resolve("", name), err
}

// open reads the package document.
func (b *epub) open(s *xmlscan.Scanner, opf string) error {
	key := ""
	for s.Next() {
		switch s.Kind {
		case xmlscan.Text:
			v := parts.Cell(parts.Clean(string(s.Text())))
			if key == "" || v == "" || len(v) > 1000 {
				continue
			}
			switch {
			case key == "title" && b.title == "":
				b.title = v
			case key == "language" && b.lang == "":
				if l, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(v, "_", "-")), "-"); len(l) == 2 {
					b.lang = l
				}
			case key == "creator":
				if old, ok := b.meta["author"].(string); ok {
					v = old + ", " + v
				}
				b.meta["author"] = v
			case key != "title" && key != "language" && b.meta[key] == nil:
				b.meta[key] = v
			}
		case xmlscan.End:
			key = ""
		case xmlscan.Start:
			switch n := string(s.Name()); n {
			case "dc:title", "dc:language", "dc:creator", "dc:publisher", "dc:date", "dc:subject", "dc:description":
				key = n[3:]
			case "item":
				href := s.Attr("href")
				if u, err := url.PathUnescape(href); err == nil {
					href = u
				}
				b.items[s.Attr("id")] = item{parts.Resolve(opf, href), s.Attr("media-type"), s.Attr("properties")}
			case "itemref":
				b.spine = append(b.spine, s.Attr("idref"))
			}
		}
	}
	return nil
}

// encrypted are the files that are, other than fonts that are merely scrambled.
func (b *epub) encrypted() (map[string]bool, error) {
	const name = "META-INF/encryption.xml"
	all := map[string]bool{}
	if !b.p.Has(name) {
		return all, nil
	}
	err := b.p.Scan(name, canon, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind == xmlscan.Start && string(s.Name()) == "enc:CipherReference" {
				uri := s.Attr("URI")
				if u, err := url.PathUnescape(uri); err == nil {
					uri = u
				}
				all[strings.ToLower(parts.Resolve("", uri))] = true
			}
		}
		return nil
	})
	return all, err
}

// chapter reads a file of the spine.
func (b *epub) chapter(ctx context.Context, it item, t *parts.Text) error {
	src, err := b.p.Text(it.name, maxFile)
	if err != nil {
		return err
	}
	var d corpus.Document
	if err := markup.Whole(ctx, &d, src); err != nil {
		return err
	}
	for _, x := range d.Dropped {
		t.Drop(x.Reason, x.Text)
	}
	for _, w := range bytes.Fields([]byte(it.properties)) {
		if string(w) == "nav" {
			for _, x := range d.Blocks {
				t.Drop("navigation", d.Source[x.Start:x.End])
			}
			return nil
		}
	}
	t.Part()
	t.Sheet = it.name
	at, line := 0, 1
	for i := 0; i < len(d.Blocks); i++ {
		x := d.Blocks[i]
		if i > 0 && strings.Count(d.Source[d.Blocks[i-1].End:x.Start], "\n") > 1 {
			t.Part()
		}
		if x.FileStart > at {
			line += strings.Count(src[at:x.FileStart], "\n")
			at = x.FileStart
		}
		t.Line = line
		text := d.Source[x.Start:x.End]
		if n := verses(&d, src, i); n > 1 {
			i += n - 1
			text = strings.ReplaceAll(d.Source[x.Start:d.Blocks[i].End], "\n\n", "\n")
		}
		if x.Kind == corpus.TableRow {
			t.Row("", text)
		} else {
			t.Add(x.Kind, int(x.Level), text)
		}
	}
	return nil
}
