// Package web reads what was kept of the web: archives of crawls (WARC, ISO 28500)
// and pages that a browser saved with all that belongs to them (MHTML, RFC 2557).
//
// A WARC file is a row of records with headers of their own. Responses and resources
// whose type is one of text are documents, with the address as their name in the file;
// pictures, programs, fonts and styles are passed over without a word, as are requests
// and what a crawler says about itself. In a file that is compressed, each record may be
// for itself: that is one stream of gzip.
package web

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// What the headers of a record may take.
const (
	maxHeaders    = 200
	maxHeaderLine = 16 << 10
	maxHead       = 1 << 20 // those of the answer in it
)

// WARC reads an archive of a crawl, from front to back.
func WARC(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	in := bufio.NewReaderSize(f.Reader(), 64<<10)
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := headers(in)
		if err == io.EOF {
			if n == 0 {
				return f.SkipAs(format.Damaged, "holds no record")
			}
			return nil
		}
		var length int64
		if err == nil {
			length, err = strconv.ParseInt(h["content-length"], 10, 64)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || length < 0 {
			if own := (*format.SkipError)(nil); errors.As(err, &own) {
				return err
			}
			s := f.SkipAs(format.Damaged, "damaged WARC file: record %d has no headers that can be read", n+1)
			s.Rest = n > 0
			return s
		}
		body := &io.LimitedReader{R: in, N: length}
		if o.Inner != nil {
			if err := record(ctx, f, o, h, body, yield); err != nil {
				return err
			}
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return err
		}
		if body.N > 0 {
			s := f.SkipAs(format.Damaged, "damaged WARC file: it ends within record %d", n+1)
			s.Rest = n > 0
			return s
		}
	}
}

// headers reads the version and the headers of a record, in lower case.
func headers(in *bufio.Reader) (map[string]string, error) {
	h := map[string]string{}
	for i := 0; i < maxHeaders; i++ {
		line, err := in.ReadSlice('\n')
		if len(line) > maxHeaderLine {
			return nil, errors.New("a header is too long")
		}
		text := strings.TrimSpace(string(line))
		switch {
		case err == io.EOF && text == "" && len(h) == 0:
			return nil, io.EOF
		case err != nil:
			return nil, err
		case text == "" && len(h) == 0: // before a record
			i--
		case text == "":
			return h, nil
		case len(h) == 0:
			if !strings.HasPrefix(text, "WARC/") {
				return nil, errors.New("no record")
			}
			h[""] = text
		default:
			key, value, _ := strings.Cut(text, ":")
			h[strings.ToLower(strings.TrimSpace(key))] = strings.TrimSpace(value)
		}
	}
	return nil, errors.New("too many headers")
}

// record reads one, where it is a document.
func record(ctx context.Context, f *format.File, o *format.Options, h map[string]string, body io.Reader, yield func(corpus.Document, error) bool) error {
	kind := h["content-type"]
	var sent *sent
	switch h["warc-type"] {
	case "response":
		if !strings.HasPrefix(kind, "application/http") {
			break
		}
		head := &io.LimitedReader{R: body, N: maxHead}
		in := bufio.NewReader(head)
		r, err := http.ReadResponse(in, nil)
		head.N = math.MaxInt64 // what follows is read piece by piece
		if err != nil || r.StatusCode != http.StatusOK {
			return ctx.Err()
		}
		kind, sent = r.Header.Get("Content-Type"), newSent(r, in)
		body = sent
	case "resource", "conversion":
	default:
		return nil
	}
	as := nameOf(kind)
	if as == "" {
		return nil
	}
	at, _ := time.Parse(time.RFC3339, h["warc-date"])
	address := strings.Trim(h["warc-target-uri"], "<>")
	if address == "" {
		address = h["warc-record-id"]
	}
	return o.Inner(ctx, format.Member{Of: f, Name: address, As: as, ModTime: at, Reader: body}, func(d corpus.Document, err error) bool {
		if err == nil {
			if d.Metadata == nil {
				d.Metadata = map[string]any{}
			}
			if _, ok := d.Metadata["url"]; !ok {
				d.Metadata["url"] = address
			}
			if sent != nil && sent.cut() || h["warc-truncated"] != "" {
				d.Warnings = append(d.Warnings, corpus.Warning{Key: "url", Reason: "was kept only in part by the crawler"})
			}
		}
		return yield(d, err)
	})
}

// nameOf is a name whose extension says what a type of the web is; "" for none that is
// read.
func nameOf(kind string) string {
	kind, _, err := mime.ParseMediaType(kind)
	if err != nil {
		kind = strings.TrimSpace(strings.ToLower(kind))
	}
	switch kind {
	case "text/html", "application/xhtml+xml", "":
		return "page.html"
	case "text/plain":
		return "page.txt"
	case "text/markdown", "text/x-markdown":
		return "page.md"
	case "text/csv":
		return "page.csv"
	case "text/vtt":
		return "page.vtt"
	case "application/pdf":
		return "page.pdf"
	case "application/epub+zip":
		return "page.epub"
	case "application/msword", "application/rtf", "application/vnd.ms-excel", "application/vnd.ms-powerpoint":
		return "page" // its first bytes say what it is
	}
	if strings.HasPrefix(kind, "application/vnd.openxmlformats-") || strings.HasPrefix(kind, "application/vnd.oasis.opendocument.") {
		return "page"
	}
	return ""
}
