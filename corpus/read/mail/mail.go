// Package mail reads letters: files of one (RFC 5322 with MIME, Outlook's MSG) and
// mailboxes of many (mbox).
//
// A mail is a document. Its title is the subject; its text begins with the subject as
// a heading and a line each for From, To, Cc and Date, as far as there are any; then
// comes what a reader of mails shows: of alternatives the plain text, else HTML, and
// mails that were forwarded whole, with their own lines. Quotations and what follows a
// mark of an original message are quotes. What is attached is named and, where there
// is a reader for it, a document of its own that names the mail.
//
// Hostile mails are bounded in depth, parts and headers; boundaries that do not
// close end with the file, names lose their folders, and what states a wrong
// character set is read as what it looks like.
package mail

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
)

func charsetReader(set string, in io.Reader) (io.Reader, error) {
	b, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	t, _ := charset.Decode(string(b), set)
	return strings.NewReader(t), nil
}

// letter is a mail as it is shown.
type letter struct {
	subject, from, to, cc, date string
	when                        time.Time
	id, replyTo                 string
	body                        []piece
	attached                    []attachment
	parts                       int
}

// piece is a text of a mail; forwarded, a mail in it.
type piece struct {
	text      string
	html      bool
	at, end   int  // in the file
	same      bool // text is what stands there
	forwarded *letter
}

type attachment struct {
	name, kind string
	data       func() string
	packed     int
	letter     *letter // a mail; else nil
}

// EML reads a file of one mail.
func EML(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	s, err := whole(f)
	if err != nil {
		return err
	}
	if need := 4 * int64(len(s)); o.Memory > 0 && need > o.Memory {
		return f.Skip("to read it takes about %d MiB of memory, more than the %d MiB that are allowed (--memory)", need>>20, o.Memory>>20)
	}
	p := parse(strings.TrimPrefix(s, format.BOM), len(s)-len(strings.TrimPrefix(s, format.BOM)))
	if len(p.headers) == 0 {
		return f.Skip("has no headers of a mail")
	}
	_, err = deliver(ctx, f, o, "", read(&p), s, 1, yield)
	return err
}

// whole is all of a file.
func whole(f *format.File) (string, error) {
	if m, ok := f.ReaderAt.(format.Memory); ok {
		return string(m), nil
	}
	var b strings.Builder
	b.Grow(int(max(f.Size, 0)))
	_, err := io.Copy(&b, f.Reader())
	return b.String(), err
}

// read makes a letter of a mail.
func read(p *part) *letter {
	l := &letter{}
	l.read(p, 0)
	return l
}

func (l *letter) read(p *part, depth int) {
	h := p.headers
	l.subject, l.from, l.to, l.cc = words(h["subject"]), addresses(h["from"]), addresses(h["to"]), addresses(h["cc"])
	l.date, l.when = date(h["date"])
	l.id, l.replyTo = words(h["message-id"]), words(h["in-reply-to"])
	l.add(p, depth)
}

// add takes a part: as text, as what is attached, or part by part.
func (l *letter) add(p *part, depth int) {
	if l.parts++; l.parts > maxParts || depth > maxDepth {
		return
	}
	kind, params := p.contentType()
	name, attached := p.name()
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		children := p.children(params["boundary"], maxParts-l.parts)
		if len(children) == 0 && params["boundary"] == "" {
			l.text(p, false) // it is not what it says
			return
		}
		if kind == "multipart/alternative" {
			l.alternative(children, depth)
			return
		}
		for i := range children {
			l.add(&children[i], depth+1)
		}
	case kind == "message/rfc822" && !attached, kind == "message/global" && !attached:
		body, same := p.decoded()
		inner := parse(body, p.at)
		in := &letter{parts: l.parts}
		in.read(&inner, depth+1)
		l.parts = in.parts
		l.attached, in.attached = append(l.attached, in.attached...), nil
		l.body = append(l.body, piece{forwarded: in, at: p.at, end: p.at + len(p.body), same: same})
	case attached || name != "" && kind != "text/html" || !strings.HasPrefix(kind, "text/") && kind != "message/delivery-status" && kind != "message/disposition-notification":
		l.attach(p, kind, name)
	case kind == "text/plain", kind == "text/html":
		l.text(p, kind == "text/html")
	case strings.HasPrefix(kind, "message/"):
		if len(l.body) == 0 { // else it says the same to machines
			l.text(p, false)
		}
	default:
		l.attach(p, kind, name)
	}
}

func (l *letter) text(p *part, html bool) {
	t, same := p.text()
	if strings.TrimSpace(t) != "" {
		l.body = append(l.body, piece{text: t, html: html, at: p.at, end: p.at + len(p.body), same: same && !html})
	}
}

// alternative takes the plain one of several forms of a text, else the first that has
// text; what the others hold beside texts is attached.
func (l *letter) alternative(forms []part, depth int) {
	var shown *letter
	for _, plain := range []bool{true, false} {
		for i := range forms {
			kind, _ := forms[i].contentType()
			if plain && kind != "text/plain" || shown != nil {
				continue
			}
			in := &letter{parts: l.parts}
			in.add(&forms[i], depth+1)
			l.parts = in.parts
			if len(in.body) > 0 {
				shown = in
				l.body = append(l.body, in.body...)
				l.attached = append(l.attached, in.attached...)
				forms[i].headers = nil // is taken
			}
		}
	}
	for i := range forms {
		if forms[i].headers == nil {
			continue
		}
		in := &letter{parts: l.parts}
		in.add(&forms[i], depth+1)
		l.parts = in.parts
		l.attached = append(l.attached, in.attached...)
	}
}

func (l *letter) attach(p *part, kind, name string) {
	if name == "" {
		if strings.HasPrefix(kind, "multipart/") || strings.TrimSpace(p.body) == "" {
			return
		}
		_, sub, _ := strings.Cut(kind, "/")
		name = fmt.Sprintf("part-%d%s", len(l.attached)+1, extensions[sub])
	}
	l.attached = append(l.attached, attachment{name: name, kind: kind, packed: len(p.body), data: func() string {
		s, _ := p.decoded()
		if kind == "message/rfc822" && strings.TrimSpace(s) != "" {
			if inner := parse(s, 0); len(inner.headers) == 0 { // encoded although it must not be
				return fromBase64(s)
			}
		}
		return s
	}})
}

// extensions are those of parts without a name.
var extensions = map[string]string{
	"calendar": ".ics", "html": ".html", "plain": ".txt", "csv": ".csv", "rfc822": ".eml", "pdf": ".pdf", "json": ".json", "xml": ".xml", "zip": ".zip",
	"rtf": ".rtf", "markdown": ".md", "richtext": ".txt", "enriched": ".txt",
}

// deliver yields a mail and what is attached to it. inside is its name in the file,
// empty where it is the file; text and line are what the ranges of its pieces count.
func deliver(ctx context.Context, f *format.File, o *format.Options, inside string, l *letter, text string, line int, yield func(corpus.Document, error) bool) (more bool, err error) {
	d, err := l.document(ctx, text, line)
	if err != nil {
		return false, err
	}
	id, prefix := f.ID(), ""
	if inside != "" {
		id, prefix = f.Part(inside), inside+"/"
		d.ID = id
		if !f.Claim(id) {
			return yield(corpus.Document{}, f.SkipPart(inside, "was already read in this run")), nil
		}
	}
	if !yield(*d, nil) {
		return false, nil
	}
	if o.Inner == nil {
		return true, nil
	}
	seen := map[string]int{}
	for _, a := range l.attached {
		name := baseName(a.name)
		if name == "" {
			name = "attachment"
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%d-%s", seen[name], name)
		}
		if silent(a.kind) {
			continue
		}
		if a.letter != nil {
			if more, err := deliver(ctx, f, o, prefix+name, a.letter, "", line, yield); err != nil || !more {
				return more, err
			}
			continue
		}
		stopped := false
		data := a.data()
		err := o.Inner(ctx, format.Member{Of: f, Name: prefix + name, Packed: int64(a.packed), Reader: strings.NewReader(data)}, func(d corpus.Document, err error) bool {
			if err == nil {
				if d.Metadata == nil {
					d.Metadata = map[string]any{}
				}
				d.Metadata["mail"], d.Metadata["subject"] = id, l.subject
			}
			stopped = !yield(d, err)
			return !stopped
		})
		if err != nil || stopped {
			return false, err
		}
	}
	return true, nil
}

// silent says that nobody expects text in what is attached: pictures and signatures.
func silent(kind string) bool {
	for _, p := range []string{"image/", "audio/", "video/", "font/", "application/pkcs7", "application/x-pkcs7", "application/pgp", "application/ms-tnef"} {
		if strings.HasPrefix(kind, p) {
			return true
		}
	}
	return false
}
