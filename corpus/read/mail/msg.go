package mail

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/richardlehane/mscfb"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// The properties of a message ([MS-OXMSG], [MS-OXPROPS]) that are read. Each is a
// stream "__substg1.0_" and eight hexadecimal digits, its number and its type; those
// of a fixed size stand in the stream "__properties_version1.0".
const (
	propSubject     = 0x0037
	propSubmitted   = 0x0039
	propHeaders     = 0x007D
	propRecipient   = 0x0C15
	propSenderName  = 0x0C1A
	propSenderEmail = 0x0C1F
	propCc          = 0x0E03
	propTo          = 0x0E04
	propDelivered   = 0x0E06
	propBody        = 0x1000
	propRTF         = 0x1009
	propHTML        = 0x1013
	propMessageID   = 0x1035
	propInReplyTo   = 0x1042
	propName        = 0x3001
	propEmail       = 0x3003
	propData        = 0x3701
	propFileName    = 0x3704
	propLongName    = 0x3707
	propMIME        = 0x370E
	propSMTP        = 0x39FE
	propInternetCP  = 0x3FDE
	propCodepage    = 0x3FFD
	propSenderSMTP  = 0x5D01

	typeLong  = 0x0003
	typeText8 = 0x001E
	typeText  = 0x001F
	typeTime  = 0x0040
	typeBytes = 0x0102
)

const maxEntries = 100_000

// object is a message, a recipient or an attachment of a message.
type object struct {
	streams map[uint32]string // by number << 16 | type
	fixed   map[uint32]uint64
	parts   map[string]*object // by the name of their storage
	order   []string
}

func newObject() *object {
	return &object{streams: map[uint32]string{}, fixed: map[uint32]uint64{}, parts: map[string]*object{}}
}

func (o *object) part(name string) *object {
	p := o.parts[name]
	if p == nil {
		p = newObject()
		o.parts[name] = p
		o.order = append(o.order, name)
	}
	return p
}

// IsMSG says whether an OLE file is a message, by its directory.
func IsMSG(f *format.File) (is bool) {
	defer func() {
		if recover() != nil {
			is = false
		}
	}()
	doc, err := mscfb.New(f)
	if err != nil {
		return false
	}
	for n := 0; n < 1000; n++ {
		e, err := doc.Next()
		if err != nil {
			return false
		}
		if strings.HasPrefix(e.Name, "__substg1.0_") || e.Name == "__properties_version1.0" {
			return true
		}
	}
	return false
}

// MSG reads a message that Outlook saved.
func MSG(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	if need := 4 * f.Size; o.Memory > 0 && need > o.Memory {
		return f.Skip("to read it takes about %d MiB of memory, more than the %d MiB that are allowed (--memory)", need>>20, o.Memory>>20)
	}
	l, err := message(ctx, f)
	if err != nil {
		return err
	}
	_, err = deliver(ctx, f, o, "", l, "", 1, yield)
	return err
}

func message(ctx context.Context, f *format.File) (l *letter, err error) {
	defer func() {
		if r := recover(); r != nil {
			l, err = nil, f.SkipAs(format.Damaged, "damaged Outlook message: %v", r)
		}
	}()
	doc, err := mscfb.New(f)
	if err != nil {
		return nil, f.SkipAs(format.Damaged, "damaged Outlook message: %s", err)
	}
	root := newObject()
	total := int64(0)
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := doc.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return nil, f.SkipAs(format.Damaged, "damaged Outlook message: %s", err)
		case n == maxEntries:
			return nil, f.Skip("has more than %d entries", maxEntries)
		case len(e.Path) > maxDepth || e.Size <= 0:
			continue
		}
		// Sectors that several streams share must not multiply.
		if total += e.Size; total > 2*f.Size {
			return nil, f.SkipAs(format.Damaged, "damaged Outlook message: its streams are larger than the file")
		}
		at := root
		for _, dir := range e.Path {
			at = at.part(dir)
		}
		data, err := io.ReadAll(io.LimitReader(e, e.Size))
		if err != nil {
			continue // the others may be whole
		}
		at.take(e.Name, string(data), len(e.Path))
	}
	return root.letter(0), nil
}

// take keeps a stream of an object at some depth in the file.
func (o *object) take(name, data string, depth int) {
	if name == "__properties_version1.0" {
		head := 8
		if depth == 0 { // of the message itself
			head = 32
		}
		for i := head; i+16 <= len(data); i += 16 {
			e := []byte(data[i : i+16])
			o.fixed[binary.LittleEndian.Uint32(e)] = binary.LittleEndian.Uint64(e[8:])
		}
		return
	}
	if tag, ok := strings.CutPrefix(name, "__substg1.0_"); ok && len(tag) == 8 {
		if n, err := strconv.ParseUint(tag, 16, 32); err == nil {
			o.streams[uint32(n)] = data
		}
	}
}

// text is a property that is text, in Unicode or in a code page.
func (o *object) text(prop uint32, page string) string {
	t := ""
	if s, ok := o.streams[prop<<16|typeText]; ok {
		u := make([]uint16, len(s)/2)
		for i := range u {
			u[i] = uint16(s[2*i]) | uint16(s[2*i+1])<<8
		}
		t = string(utf16.Decode(u))
	} else if s, ok := o.streams[prop<<16|typeText8]; ok {
		t, _ = charset.Decode(strings.TrimRight(s, "\x00"), page)
	}
	return strings.ReplaceAll(t, "\x00", "")
}

func (o *object) time(prop uint32) time.Time {
	ticks := o.fixed[prop<<16|typeTime]
	if ticks == 0 || ticks > 1<<61 {
		return time.Time{}
	}
	const from1601 = 11_644_473_600 // seconds to 1970
	return time.Unix(int64(ticks/1e7)-from1601, int64(ticks%1e7)*100).UTC()
}

// page is the code page of texts that are not in Unicode.
func (o *object) page(props ...uint32) string {
	for _, p := range props {
		switch cp := uint32(o.fixed[p<<16|typeLong]); {
		case cp == 65001:
			return "utf-8"
		case cp >= 1250 && cp <= 1258:
			return fmt.Sprint("windows-", cp)
		case pages[cp] != "":
			return pages[cp]
		}
	}
	return ""
}

// fewHigh is how few bytes beyond ASCII tell no character set.
const fewHigh = 8

// guess is the code page of the texts of a message that states none: what all of them
// together look like, and the commonest where that are a few letters.
func (o *object) guess() string {
	var all strings.Builder
	high := 0
	for _, tag := range slices.Sorted(maps.Keys(o.streams)) {
		if s := o.streams[tag]; tag&0xFFFF == typeText8 {
			all.WriteString(s)
			all.WriteByte('\n')
			for i := range len(s) {
				high += int(s[i] >> 7)
			}
		}
	}
	if high < fewHigh && !utf8.ValidString(all.String()) {
		return "windows-1252"
	}
	_, name := charset.Decode(all.String(), "")
	return name
}

var pages = map[uint32]string{932: "shift_jis", 936: "gbk", 949: "euc-kr", 950: "big5", 20866: "koi8-r", 28591: "iso-8859-1", 28592: "iso-8859-2", 28595: "iso-8859-5",
	28597: "iso-8859-7", 28605: "iso-8859-15", 50220: "iso-2022-jp", 50221: "iso-2022-jp", 51932: "euc-jp", 54936: "gb18030", 874: "windows-874"}

// letter makes a letter of a message.
func (o *object) letter(depth int) *letter {
	page := cmp.Or(o.page(propCodepage), o.guess())
	l := &letter{subject: strings.TrimSpace(o.text(propSubject, page)), id: o.text(propMessageID, page), replyTo: o.text(propInReplyTo, page)}
	headers := o.text(propHeaders, page)
	if line, rest, _ := strings.Cut(headers, "\n"); !strings.Contains(line, ":") { // "Microsoft Mail Internet Headers Version 2.0"
		headers = rest
	}
	h := parse(headers, 0).headers
	l.from, l.to, l.cc = stated(h["from"]), stated(h["to"]), stated(h["cc"])
	l.date, l.when = date(h["date"])
	if l.from == "" {
		email := o.text(propSenderSMTP, page)
		if email == "" {
			email = o.text(propSenderEmail, page)
		}
		l.from = mailbox(o.text(propSenderName, page), email)
	}
	l.recipients(o, page)
	for _, p := range []uint32{propSubmitted, propDelivered} {
		if t := o.time(p); !t.IsZero() && l.when.IsZero() {
			l.date, l.when = t.Format("Mon, 02 Jan 2006 15:04:05 -0700"), t
		}
	}
	l.body = o.body(page)
	for _, name := range o.order {
		if strings.HasPrefix(name, "__attach_version1.0_") {
			l.attachment(o.parts[name], page, depth)
		}
	}
	return l
}

// stated are the addresses of a header as it states them, parted as Outlook does.
func stated(header string) string {
	return strings.ReplaceAll(words(header), ">, ", ">; ")
}

// mailbox is a name with an address, one of them alone, or the name where the address
// is none that others could write to.
func mailbox(name, address string) string {
	name, address = strings.TrimSpace(name), strings.TrimSpace(address)
	switch {
	case !strings.Contains(address, "@") || strings.HasPrefix(address, "/"):
		return name
	case name == "":
		return address
	}
	return name + " <" + address + ">"
}

// recipients are those of a message whose headers do not name them.
func (l *letter) recipients(o *object, page string) {
	var lists [4][]string
	for _, name := range o.order {
		if !strings.HasPrefix(name, "__recip_version1.0_") {
			continue
		}
		r := o.parts[name]
		email := r.text(propSMTP, page)
		if email == "" {
			email = r.text(propEmail, page)
		}
		if who := mailbox(r.text(propName, page), email); who != "" {
			kind := r.fixed[propRecipient<<16|typeLong] & 3
			lists[kind] = append(lists[kind], who)
		}
	}
	for _, f := range []struct {
		field *string
		prop  uint32
		list  []string
	}{{&l.to, propTo, append(lists[0], lists[1]...)}, {&l.cc, propCc, lists[2]}} {
		if *f.field == "" {
			*f.field = strings.Join(f.list, "; ")
		}
		if *f.field == "" {
			*f.field = strings.TrimSpace(o.text(f.prop, page))
		}
	}
}

// body is the plain text of a message, else its HTML, else what its rich text says.
func (o *object) body(page string) []piece {
	if t := o.text(propBody, page); strings.TrimSpace(t) != "" {
		return []piece{{text: t}}
	}
	s, ok := o.streams[propHTML<<16|typeBytes]
	if ok {
		s, _ = charset.Decode(s, o.page(propInternetCP, propCodepage))
	} else {
		s = o.text(propHTML, page)
	}
	if strings.TrimSpace(s) != "" {
		return []piece{{text: s, html: true}}
	}
	if rtf, err := inflateRTF(o.streams[propRTF<<16|typeBytes]); err == nil && rtf != "" {
		return []piece{unwrapRTF(rtf)}
	}
	return nil
}

func (l *letter) attachment(a *object, page string, depth int) {
	name := ""
	for _, p := range []uint32{propLongName, propFileName, propName} {
		if name == "" {
			name = strings.TrimSpace(a.text(p, page))
		}
	}
	if inner := a.parts["__substg1.0_3701000D"]; inner != nil && depth < maxDepth {
		if !inner.isMessage() { // an object of another program
			l.attached = append(l.attached, attachment{name: name, kind: "image/ole"})
			return
		}
		in := inner.letter(depth + 1)
		if name == "" {
			name = in.subject
		}
		l.attached = append(l.attached, attachment{name: name, letter: in})
		return
	}
	if name == "" {
		name = fmt.Sprint("attachment-", len(l.attached)+1)
	}
	data := a.streams[propData<<16|typeBytes]
	l.attached = append(l.attached, attachment{name: name, kind: strings.ToLower(a.text(propMIME, page)), packed: len(data), data: func() string { return data }})
}

func (o *object) isMessage() bool {
	for key := range o.streams {
		switch key >> 16 {
		case propSubject, propBody, propHTML, propRTF, propSenderName:
			return true
		}
	}
	return false
}
