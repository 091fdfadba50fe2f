package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/markup"
)

// maxParts is how many parts of a saved page are looked at, and how deep they may stand
// in others.
const (
	maxParts = 10_000
	maxDepth = 5
)

// MHTML reads a page that a browser saved as one file: a mail whose first part of HTML is
// the page. Frames that belong to it are parts too, and are not read. Blocks have no
// lines: those of the page are not those of the file.
func MHTML(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	m, err := mail.ReadMessage(f.Reader())
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return f.SkipAs(format.Damaged, "damaged MHTML file: %s", err)
	}
	p := page{ctx: ctx, most: o.MaxBytes}
	found, err := p.find(textproto.MIMEHeader(m.Header), m.Body, 0)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && !found {
		return f.SkipAs(format.Damaged, "damaged MHTML file: %s", err)
	}
	if !found {
		return f.Skip("there is no page in it")
	}
	text, _ := charset.Decode(string(p.html), p.charset)
	inner := *f
	inner.ReaderAt, inner.Size = format.Memory(text), int64(len(text))
	return markup.HTML(ctx, &inner, o, func(d corpus.Document, err error) bool {
		for i := range d.Blocks {
			d.Blocks[i].Place, d.Blocks[i].FileStart, d.Blocks[i].FileEnd = nil, 0, 0
		}
		d.Verbatim, d.Place = false, corpus.Place{}
		if err == nil {
			p.state(&d, m.Header)
		}
		return yield(d, err)
	})
}

// IsMHTML says that a file begins with the headers of a mail that is a saved page.
func IsMHTML(head []byte) bool {
	if i := bytes.Index(head, []byte("\n\n")); i >= 0 {
		head = head[:i]
	}
	if i := bytes.Index(head, []byte("\r\n\r\n")); i >= 0 {
		head = head[:i]
	}
	lower := bytes.ToLower(head)
	return bytes.Contains(lower, []byte("mime-version:")) && bytes.Contains(lower, []byte("multipart/related")) &&
		(bytes.Contains(lower, []byte("snapshot-content-location:")) || bytes.Contains(lower, []byte("saved by ")) || bytes.Contains(lower, []byte(`type="text/html"`)) && !bytes.Contains(lower, []byte("\nto:")))
}

type page struct {
	ctx     context.Context
	most    int64
	parts   int
	html    []byte
	charset string
}

// find looks for the page in a part and in those that it holds.
func (p *page) find(h textproto.MIMEHeader, body io.Reader, depth int) (bool, error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return false, err
	}
	switch {
	case strings.HasPrefix(kind, "multipart/") && depth < maxDepth:
		r := multipart.NewReader(body, params["boundary"])
		for ; p.parts < maxParts && p.ctx.Err() == nil; p.parts++ {
			part, err := r.NextRawPart()
			if err == io.EOF {
				return false, nil
			}
			if err != nil {
				return false, err
			}
			if found, err := p.find(part.Header, part, depth+1); found {
				return true, err
			}
		}
		return false, p.ctx.Err()
	case kind == "text/html" || kind == "application/xhtml+xml":
		switch strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding"))) {
		case "quoted-printable":
			body = quotedprintable.NewReader(body)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, body)
		}
		p.html, err = io.ReadAll(io.LimitReader(body, p.most))
		p.charset = params["charset"]
		return len(p.html) > 0, err
	}
	return false, nil
}

// state takes what the headers say about the page.
func (p *page) state(d *corpus.Document, h mail.Header) {
	if d.Metadata == nil {
		d.Metadata = map[string]any{}
	}
	if at := h.Get("Snapshot-Content-Location"); at != "" {
		d.Metadata["url"] = at
	} else if at := h.Get("Content-Location"); at != "" {
		d.Metadata["url"] = at
	}
	if date, err := h.Date(); err == nil {
		d.ModTime = date
	}
	if d.Title == "" {
		if title, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject")); err == nil {
			d.Title = title
		}
	}
	d.Type = "mhtml"
}
