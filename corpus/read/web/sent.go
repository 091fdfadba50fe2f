package web

import (
	"bufio"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/andybalholm/brotli"
)

// sent is the body of an answer as its reader would have seen it.
type sent struct {
	in     io.Reader
	record *failing
	claims int64 // bytes that the answer says it has; negative where it does not say
	broken bool  // what should be in chunks or packed ends before its end
}

var chunk = regexp.MustCompile(`^[0-9A-Fa-f]{1,8} *(;[^\r\n]*)?\r?\n`)

// newSent reads what follows the headers of an answer. Its own Content-Length is not
// followed: of what a crawler unpacked it is the length before.
func newSent(r *http.Response, in *bufio.Reader) *sent {
	s := &sent{record: &failing{in: in}, claims: r.ContentLength}
	body := bufio.NewReader(s.record)
	if len(r.TransferEncoding) > 0 {
		if line, _ := body.Peek(64); chunk.Match(line) {
			body = bufio.NewReader(httputil.NewChunkedReader(body))
		}
	}
	s.in = body
	encoding := strings.ToLower(r.Header.Get("Content-Encoding"))
	if encoding != "" {
		s.claims = -1
	}
	// Gzip and Zstandard say in their first bytes what they are, to whoever reads a file.
	switch first, _ := body.Peek(512); {
	case encoding == "br" && !isText(first):
		s.in = brotli.NewReader(body)
	case encoding == "deflate" && len(first) > 1 && first[0] == 0x78 && (int(first[0])<<8|int(first[1]))%31 == 0:
		if z, err := zlib.NewReader(body); err == nil {
			s.in = z
		}
	}
	return s
}

// isText tells the beginning of a text from that of something packed.
func isText(b []byte) bool {
	for len(b) > 0 {
		c, n := utf8.DecodeRune(b)
		if c == utf8.RuneError && (n == 1 && utf8.FullRune(b)) || c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
			return false
		}
		b = b[n:]
	}
	return true
}

// Read gives what there is: an answer that breaks off ends there.
func (s *sent) Read(b []byte) (int, error) {
	n, err := s.in.Read(b)
	switch {
	case err == nil || errors.Is(err, io.EOF):
	case s.record.err != nil:
		err = s.record.err
	default:
		s.broken, err = true, io.EOF
	}
	return n, err
}

// cut says that there was less than the answer said.
func (s *sent) cut() bool { return s.broken || s.record.n < s.claims }

// failing remembers how many bytes a record gave, and why it gave no more.
type failing struct {
	in  io.Reader
	n   int64
	err error
}

func (f *failing) Read(b []byte) (int, error) {
	n, err := f.in.Read(b)
	f.n += int64(n)
	if err != nil && err != io.EOF {
		f.err = err
	}
	return n, err
}
