package web

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// kept is a record of a WARC file.
func kept(kind, address, mime, body string) string {
	return fmt.Sprintf("WARC/1.0\r\nWARC-Type: %s\r\nWARC-Target-URI: %s\r\nWARC-Date: 2020-01-02T03:04:05Z\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", kind, address, mime, len(body), body)
}

func answer(mime, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", mime, len(body), body)
}

// run reads a file, with an Inner that tells what it is given.
func run(t testing.TB, read format.Func, src string) (got []string, docs []corpus.Document) {
	t.Helper()
	f := &format.File{Path: "/a", Name: "/a", Size: int64(len(src)), ReaderAt: format.Memory(src)}
	o := &format.Options{MaxBytes: 1 << 20, Inner: func(ctx context.Context, m format.Member, yield func(corpus.Document, error) bool) error {
		body, err := io.ReadAll(m.Reader)
		if err != nil {
			return err
		}
		got = append(got, fmt.Sprintf("%s %s %s", m.Of.Part(m.Name), m.As, body))
		yield(corpus.Document{Source: string(body), ModTime: m.ModTime}, nil)
		return nil
	}}
	err := read(t.Context(), f, o, func(d corpus.Document, err error) bool {
		if err != nil {
			got = append(got, err.Error())
		} else {
			docs = append(docs, d)
		}
		return true
	})
	if _, skipped := err.(*format.SkipError); err != nil && !skipped {
		t.Fatal(err)
	} else if err != nil {
		got = append(got, err.Error())
	}
	return got, docs
}

func TestWARC(t *testing.T) {
	src := kept("warcinfo", "", "application/warc-fields", "software: x\r\n") +
		kept("request", "http://example.org/", "application/http; msgtype=request", "GET / HTTP/1.1\r\n\r\n") +
		kept("response", "http://example.org/", "application/http; msgtype=response", answer("text/html; charset=utf-8", "<p>One")) +
		kept("response", "http://example.org/a.png", "application/http; msgtype=response", answer("image/png", "\x89PNG")) +
		kept("response", "http://example.org/gone", "application/http; msgtype=response", "HTTP/1.1 404 Not Found\r\n\r\nno") +
		kept("response", "http://example.org/chunks", "application/http; msgtype=response", "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nTwo\r\n0\r\n\r\n") +
		kept("resource", "file:///b.pdf", "application/pdf", "%PDF-1.7")
	got, docs := run(t, WARC, src)
	want := []string{"/a!/http://example.org/ page.html <p>One", "/a!/http://example.org/chunks page.txt Two", "/a!/file:///b.pdf page.pdf %PDF-1.7"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if len(docs) != 3 || docs[0].Metadata["url"] != "http://example.org/" || docs[0].ModTime.Year() != 2020 {
		t.Errorf("%+v", docs)
	}
	got, _ = run(t, WARC, src+"WARC/1.0\r\nContent-Length: x\r\n\r\n")
	if len(got) != 4 || !strings.Contains(got[3], "record 8 has no headers") {
		t.Errorf("got %q", got)
	}
	got, _ = run(t, WARC, src[:len(src)-6])
	if len(got) != 4 || !strings.Contains(got[3], "ends within record 7") {
		t.Errorf("cut, got %q", got)
	}
	long := kept("response", "http://example.org/long", "application/http; msgtype=response", answer("text/html", "<p>One"+strings.Repeat("x", 2*maxHead)))
	header := kept("response", "http://example.org/header", "application/http; msgtype=response", "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2*maxHead)+"\r\n\r\n<p>Two")
	if got, _ = run(t, WARC, long+header+kept("resource", "file:///b.pdf", "application/pdf", "%PDF-1.7")); len(got) != 2 || len(got[0]) < 2*maxHead {
		t.Errorf("%d documents", len(got))
	}
}

// Crawlers keep bodies whole or cut, joined or in chunks, packed or not, beside headers
// that say otherwise.
func TestSent(t *testing.T) {
	const page = "<p>It erupted in 1707."
	var z, b bytes.Buffer
	zw, bw := zlib.NewWriter(&z), brotli.NewWriter(&b)
	for _, w := range []io.WriteCloser{zw, bw} {
		_, _ = io.WriteString(w, page)
		w.Close()
	}
	for _, c := range []struct {
		name, headers, body, want string
		cut                       bool
	}{
		{"whole", "Content-Length: 22", page, page, false},
		{"cut", "Content-Length: 23", page, page, true},
		{"longer than it says", "Content-Length: 5", page, page, false},
		{"in chunks", "Transfer-Encoding: chunked", "16\r\n" + page + "\r\n0\r\n\r\n", page, false},
		{"in chunks, cut", "Transfer-Encoding: chunked", "16\r\n" + page + "\r\n44\r\nab", page + "ab", true},
		{"joined", "Transfer-Encoding: chunked", page, page, false},
		{"deflate", fmt.Sprintf("Content-Encoding: deflate\r\nContent-Length: %d", z.Len()), z.String(), page, false},
		{"brotli", "Content-Encoding: br", b.String(), page, false},
		{"brotli in chunks", "Content-Encoding: br\r\nTransfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", b.Len(), b.String()), page, false},
		{"brotli, cut", "Content-Encoding: br", b.String()[:b.Len()-3], "", true},
		{"no longer packed", "Content-Encoding: br\r\nContent-Length: 3", page, page, false},
	} {
		got, docs := run(t, WARC, kept("response", "http://e/", "application/http", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"+c.headers+"\r\n\r\n"+c.body))
		if len(docs) != 1 || c.want != "" && docs[0].Source != c.want || (len(docs[0].Warnings) > 0) != c.cut {
			t.Errorf("%s: %q %+v", c.name, got, docs)
		}
	}
	got, docs := run(t, WARC, strings.Replace(kept("response", "http://e/", "application/http", answer("text/html", page)), "\r\n", "\r\nWARC-Truncated: length\r\n", 1))
	if len(docs) != 1 || len(docs[0].Warnings) != 1 {
		t.Errorf("%q %+v", got, docs)
	}
	// What fails to be read is no end of an answer.
	src := kept("response", "http://e/", "application/http", "HTTP/1.1 200 OK\r\n\r\n"+page)
	var failed error
	err := WARC(t.Context(), &format.File{Size: int64(len(src)), ReaderAt: broken(src[:len(src)-9])}, &format.Options{MaxBytes: 1 << 20, Inner: func(_ context.Context, m format.Member, _ func(corpus.Document, error) bool) error {
		_, failed = io.ReadAll(m.Reader)
		return nil
	}}, func(corpus.Document, error) bool { return true })
	if !errors.Is(failed, errBroken) || !errors.Is(err, errBroken) {
		t.Errorf("%v, %v", failed, err)
	}
}

var errBroken = errors.New("the disk fails")

// broken is a file on a disk that fails where it ends.
type broken string

func (b broken) ReadAt(p []byte, at int64) (int, error) {
	n, err := strings.NewReader(string(b)).ReadAt(p, at)
	if err != nil {
		err = errBroken
	}
	return n, err
}

func saved(encoding, body string) string {
	return "From: <Saved by a browser>\r\nSnapshot-Content-Location: http://example.org/page\r\nSubject: A page\r\nDate: Thu, 2 Jan 2020 03:04:05 -0000\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/related;\r\n\ttype=\"text/html\";\r\n\tboundary=\"--x\"\r\n\r\n\r\n----x\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: " + encoding +
		"\r\nContent-Location: http://example.org/page\r\n\r\n" + body + "\r\n----x\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0=\r\n----x\r\nContent-Type: text/html\r\n\r\n<p>A frame\r\n----x--\r\n"
}

func TestMHTML(t *testing.T) {
	page := "<html><body><h1>Head</h1><p>It costs 5 =E2=82=AC, a=\r\nll in all.</p></body></html>"
	for encoding, body := range map[string]string{
		"quoted-printable": page,
		"base64":           base64.StdEncoding.EncodeToString([]byte("<html><body><h1>Head</h1><p>It costs 5 €, all in all.</p></body></html>")),
		"8bit":             "<html><body><h1>Head</h1><p>It costs 5 €, all in all.</p></body></html>",
	} {
		src := saved(encoding, body)
		if !IsMHTML([]byte(src)) || !IsMHTML([]byte(strings.ReplaceAll(src, "\r\n", "\n"))) {
			t.Errorf("%s is not known", encoding)
		}
		got, docs := run(t, MHTML, src)
		if len(docs) != 1 || docs[0].Source != "Head\n\nIt costs 5 €, all in all." || docs[0].Metadata["url"] != "http://example.org/page" || docs[0].Title != "Head" || docs[0].ModTime.Year() != 2020 {
			t.Errorf("%s: %q %+v", encoding, got, docs)
		}
	}
	if got, _ := run(t, MHTML, "no mail"); len(got) != 1 || !strings.Contains(got[0], "damaged") {
		t.Errorf("got %q", got)
	}
	if IsMHTML([]byte("From: a\nTo: b\nMIME-Version: 1.0\nContent-Type: multipart/related; type=\"text/html\"\n\n")) {
		t.Error("a mail is taken for a page")
	}
}

func FuzzWARC(f *testing.F) {
	f.Add([]byte(kept("response", "http://example.org/", "application/http", answer("text/html", "<p>x"))))
	f.Add([]byte("WARC/1.0\r\nContent-Length: 99999999999\r\nWARC-Type: resource\r\n\r\nx"))
	f.Add([]byte(kept("response", "http://example.org/", "application/http", "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nx")))
	f.Add([]byte(kept("response", "http://example.org/", "application/http", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: br\r\n\r\n3\r\n\v\x02\x80\r\n")))
	f.Fuzz(func(t *testing.T, b []byte) { run(t, WARC, string(b)) })
}

func FuzzMHTML(f *testing.F) {
	f.Add([]byte(saved("quoted-printable", "<p>=E4=")))
	f.Add(bytes.ReplaceAll([]byte(saved("base64", "PHA+eA==")), []byte("\r\n"), []byte("\n")))
	f.Fuzz(func(t *testing.T, b []byte) { run(t, MHTML, string(b)) })
}
