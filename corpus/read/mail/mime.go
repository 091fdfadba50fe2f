package mail

import (
	"encoding/base64"
	"mime"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"

	"github.com/tamis-search/tamis/corpus/read/charset"
)

// What a hostile mail is bounded by.
const (
	maxDepth   = 30    // of parts in parts
	maxParts   = 5_000 // of one mail
	maxHeaders = 2_000 // of one part
	longHeader = 64 << 10
)

// part is a part of a mail: its headers and its body as it stands in the file.
type part struct {
	headers map[string]string // by lower-case name; the first of each
	body    string
	at      int // where body begins in the file
}

// parse reads the headers of the part that s is. A line that is no header ends them, as
// a blank one does, unless it is the "From " line of a mailbox at the start.
func parse(s string, at int) part {
	p := part{headers: map[string]string{}}
	i := 0
	if strings.HasPrefix(s, "From ") || strings.HasPrefix(s, ">From ") {
		_, i = lineEnd(s, 0)
	}
	name, n := "", 0
	var text strings.Builder // of the header of that name
	end := func() {
		if name != "" {
			p.headers[name] = text.String()
			text.Reset()
		}
		name = ""
	}
	for i < len(s) {
		stop, next := lineEnd(s, i)
		line := s[i:stop]
		if line == "" {
			i = next
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if name != "" && text.Len() < longHeader {
				text.WriteByte(' ')
				text.WriteString(strings.TrimSpace(line))
			}
			i = next
			continue
		}
		key, value, ok := strings.Cut(line, ":")
		key = strings.TrimRight(key, " \t")
		if !ok || key == "" || strings.ContainsAny(key, " \t<>@,;\"") {
			break
		}
		end()
		if _, twice := p.headers[strings.ToLower(key)]; !twice && n < maxHeaders {
			name = strings.ToLower(key)
			text.WriteString(strings.TrimSpace(value[:min(len(value), longHeader)]))
			n++
		}
		i = next
	}
	end()
	p.body, p.at = s[i:], at+i
	return p
}

// lineEnd is where the line at i ends and the next begins.
func lineEnd(s string, i int) (end, next int) {
	n := strings.IndexByte(s[i:], '\n')
	if n < 0 {
		return len(s), len(s)
	}
	end, next = i+n, i+n+1
	if end > i && s[end-1] == '\r' {
		end--
	}
	return end, next
}

// value reads a header that has parameters: lenient where mime.ParseMediaType is not.
func value(s string) (v string, params map[string]string) {
	if v, params, err := mime.ParseMediaType(s); err == nil && !strings.Contains(s, "*=") {
		return v, params
	} else if err == nil && strings.Contains(s, "*0") { // in pieces
		return v, params
	}
	params = map[string]string{}
	v, rest, _ := strings.Cut(s, ";")
	for rest != "" && len(params) < 50 {
		var p string
		p, rest = cutParam(rest)
		key, val, ok := strings.Cut(p, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok || key == "" {
			continue
		}
		if cut, isExt := strings.CutSuffix(key, "*"); isExt {
			key = cut
			if set, _, ok := strings.Cut(val, "'"); ok {
				val = extended(set, val[strings.LastIndexByte(val, '\'')+1:])
			}
		}
		if _, twice := params[key]; !twice {
			params[key] = strings.Trim(strings.TrimSpace(val), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(v)), params
}

// cutParam cuts at the first semicolon outside quotation marks.
func cutParam(s string) (p, rest string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// extended decodes the percent signs of a parameter and its character set.
func extended(set, s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0 {
			b.WriteByte(byte(hex(s[i+1])<<4 | hex(s[i+2])))
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	t, _ := charset.Decode(b.String(), set)
	return t
}

func (p *part) contentType() (string, map[string]string) {
	s := p.headers["content-type"]
	if s == "" {
		return "text/plain", nil
	}
	v, params := value(s)
	if !strings.Contains(v, "/") {
		v = "text/plain"
	}
	return v, params
}

// name is the name of the file that a part is, as it states it, and whether it says that
// it is attached.
func (p *part) name() (name string, attached bool) {
	_, params := p.contentType()
	d, more := value(p.headers["content-disposition"])
	name = more["filename"]
	if name == "" {
		name = params["name"]
	}
	return words(name), d == "attachment"
}

// baseName is a name without folders, signs that steer terminals and dots alone.
func baseName(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, name))
	for len(name) > 200 {
		name = strings.ToValidUTF8(name[len(name)-200:], "")
	}
	if strings.Trim(name, ".!") == "" {
		return ""
	}
	return name
}

// decoded is the body of a part without its transfer encoding.
func (p *part) decoded() (s string, same bool) {
	e, _, _ := strings.Cut(p.headers["content-transfer-encoding"], ";")
	switch strings.ToLower(strings.Trim(strings.TrimSpace(e), `"`)) {
	case "base64":
		return fromBase64(p.body), false
	case "quoted-printable":
		return fromQuoted(p.body), false
	}
	return p.body, true
}

// text is the body of a part as UTF-8.
func (p *part) text() (s string, same bool) {
	s, same = p.decoded()
	_, params := p.contentType()
	t, _ := charset.Decode(s, params["charset"])
	t = strings.ReplaceAll(t, "\x00", "")
	return t, same && len(t) == len(s)
}

// fromBase64 decodes what is base64 in s, up to its end or padding.
func fromBase64(s string) string {
	b := make([]byte, 0, len(s))
bytes:
	for i := range len(s) {
		switch c := s[i]; {
		case c == '=':
			break bytes
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
			b = append(b, c)
		}
	}
	if len(b)%4 == 1 {
		b = b[:len(b)-1]
	}
	n, _ := base64.RawStdEncoding.Decode(b, b)
	return string(b[:n])
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}

// fromQuoted decodes quoted-printable; what is none stays as it is.
func fromQuoted(s string) string {
	if !strings.Contains(s, "=") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '=' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0 {
			b.WriteByte(byte(hex(s[i+1])<<4 | hex(s[i+2])))
			i += 2
			continue
		}
		next := i + 1
		for next < len(s) && (s[next] == ' ' || s[next] == '\t' || s[next] == '\r') {
			next++
		}
		if next == len(s) || s[next] == '\n' { // a soft line break
			i = next
			continue
		}
		b.WriteByte('=')
	}
	return b.String()
}

// words decodes the encoded words of a header, and what is beyond ASCII.
func words(s string) string {
	d := mime.WordDecoder{CharsetReader: charsetReader}
	t, err := d.DecodeHeader(s)
	if err != nil {
		t = s
	}
	t, _ = charset.Decode(t, "")
	return strings.Join(strings.Fields(strings.ReplaceAll(t, "\x00", "")), " ")
}

var comments = regexp.MustCompile(`\([^()]*\)`)

// addresses writes a list of addresses as "Name <address>, address".
func addresses(s string) string {
	if s == "" {
		return ""
	}
	p := mail.AddressParser{WordDecoder: &mime.WordDecoder{CharsetReader: charsetReader}}
	list, err := p.ParseList(s)
	if err != nil || len(list) == 0 {
		return strings.TrimSpace(comments.ReplaceAllString(words(s), ""))
	}
	out := make([]string, len(list))
	for i, a := range list {
		name := strings.Join(strings.Fields(a.Name), " ")
		at := strings.Trim(a.Address, `"`)
		comment := strings.Contains(s, "("+name+")") // (it may stand behind the address)
		switch {
		case name == "" || comment:
			out[i] = at
		case strings.ContainsAny(name, `()<>@,;:\".[]`):
			out[i] = `"` + strings.ReplaceAll(name, `"`, `\"`) + `" <` + at + ">"
		default:
			out[i] = name + " <" + at + ">"
		}
	}
	t, _ := charset.Decode(strings.Join(out, ", "), "")
	return t
}

// zones are the names of time zones that mails use, in hours.
var zones = map[string]int{"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}

// date writes a date as mails do, with the day in two digits. A zone that cannot be
// read is -0000.
func date(s string) (string, time.Time) {
	const layout = "Mon, 02 Jan 2006 15:04:05 "
	s = words(s)
	when, err := mail.ParseDate(s)
	unknown := strings.Contains(s, "-0000")
	if i := strings.LastIndexByte(s, ' '); err != nil && i > 0 {
		when, err = mail.ParseDate(s[:i] + " +0000")
		unknown = true
	}
	if err != nil {
		return s, time.Time{}
	}
	if name, offset := when.Zone(); offset == 0 && zones[name] != 0 {
		hours := zones[name]
		when = when.Add(time.Duration(-hours) * time.Hour).In(time.FixedZone(name, hours*3600))
	}
	if unknown {
		return when.Format(layout) + "-0000", when
	}
	return when.Format(layout + "-0700"), when
}

// children are the parts of a multipart body, which ends without a closing boundary
// where the file does.
func (p *part) children(boundary string, most int) []part {
	if boundary == "" {
		return nil
	}
	mark := "--" + boundary
	var out []part
	start := -1
	end := 0 // of the line before, without its break
	for i := 0; i < len(p.body); {
		n := strings.Index(p.body[i:], mark)
		if n < 0 {
			break
		}
		at := i + n
		if at > 0 && p.body[at-1] != '\n' {
			i = at + len(mark)
			continue
		}
		lineStop, next := lineEnd(p.body, at)
		tail := strings.TrimRight(p.body[min(at+len(mark), lineStop):lineStop], " \t")
		if tail != "" && tail != "--" {
			i = at + len(mark)
			continue
		}
		end = at
		if start >= 0 && len(out) < most {
			end = max(start, at)
			if end > start && p.body[end-1] == '\n' {
				end--
			}
			if end > start && p.body[end-1] == '\r' {
				end--
			}
			out = append(out, parse(p.body[start:end], p.at+start))
		}
		start, i = next, next
		if tail == "--" {
			return out
		}
	}
	if start >= 0 && start < len(p.body) && len(out) < most {
		out = append(out, parse(p.body[start:], p.at+start))
	}
	return out
}
