// Package charset turns texts into UTF-8: by the name of the character set that a
// file states, else by what the bytes look like.
//
// Names are those of the WHATWG encoding standard with the aliases that mails use.
// Without one, UTF-8 is what is valid UTF-8; ISO-2022-JP has its escapes;
// Shift JIS, EUC-JP, GB18030, Big5 and EUC-KR are tried strictly and taken where
// nearly all characters are common ones; the sets of one byte are told by the
// frequencies of their letters, and Windows-1252 is what is left.
package charset

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wlynxg/chardet"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode/utf32"
)

const (
	sampled = 64 << 10 // bytes by which a character set is told
	surely  = .9       // confidence of the detector that is believed at once
	perhaps = .5       // and after the strict sets failed
	// Of the characters beyond ASCII so many per cent are common ones of their
	// language.
	mostlyCommon = 90
)

// Decode is s in UTF-8, and the name of the set that it was in. label is the name
// that the file states; empty, or one that is not known, leaves it to the bytes,
// and so does a set in which s makes no sense. Each byte that is not valid becomes U+FFFD.
func Decode(s, label string) (text, name string) {
	if e, name := named(label); e != nil && !(name == "utf-8" && !utf8.ValidString(s)) {
		if t, err := e.NewDecoder().String(s); err == nil {
			return t, name
		}
	}
	e, name := Detect(s)
	if e == nil {
		return Valid(s), name
	}
	t, err := e.NewDecoder().String(s)
	if err != nil {
		return Valid(s), "utf-8"
	}
	return t, name
}

// Valid is s with U+FFFD for each byte that is not valid UTF-8.
func Valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + len(s)/16)
	for _, r := range s { // an invalid byte is one RuneError
		b.WriteRune(r)
	}
	return b.String()
}

// aliases are names that mails and old programs use for sets of the standard.
var aliases = map[string]string{
	"ks_c_5601": "euc-kr", "ks_c_5601-1987": "euc-kr", "ksc5601": "euc-kr", "cp949": "euc-kr", "ms949": "euc-kr", "uhc": "euc-kr",
	"cp932": "shift_jis", "ms932": "shift_jis", "windows-932": "shift_jis", "x-ms-cp932": "shift_jis", "sjis-win": "shift_jis",
	"iso-2022-jp-ms": "iso-2022-jp", "iso-2022-jp-1": "iso-2022-jp", "iso-2022-jp-2": "iso-2022-jp", "cp50220": "iso-2022-jp", "cp50221": "iso-2022-jp",
	"cp936": "gbk", "ms936": "gbk", "x-gbk": "gbk", "cp950": "big5", "x-unknown": "", "unknown-8bit": "", "default": "", "binary": "",
	"cp1250": "windows-1250", "cp1251": "windows-1251", "cp1252": "windows-1252", "utf8": "utf-8", "utf-8-sig": "utf-8", "utf8mb4": "utf-8",
	"ansi_x3.4-1986": "us-ascii", "646": "us-ascii", "ascii": "us-ascii", "7bit": "us-ascii", "tis-620": "windows-874",
}

// named is the set of a name; nil where it is not known.
func named(label string) (encoding.Encoding, string) {
	label = strings.ToLower(strings.Trim(strings.TrimSpace(label), `"'`))
	if to, ok := aliases[label]; ok {
		label = to
	}
	switch label {
	case "":
		return nil, ""
	case "utf-32", "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.UseBOM), "utf-32"
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.UseBOM), "utf-32"
	case "cp437":
		return charmap.CodePage437, label
	case "cp850":
		return charmap.CodePage850, label
	}
	e, err := htmlindex.Get(label)
	if err != nil {
		return nil, ""
	}
	name, _ := htmlindex.Name(e)
	if label == "us-ascii" { // the standard reads it as Windows-1252: bytes beyond are whatever they look like
		return nil, ""
	}
	return e, name
}

// Detect tells the set that s looks to be in, nil for UTF-8.
func Detect(s string) (encoding.Encoding, string) {
	if utf8.ValidString(s) {
		if strings.Contains(s, "\x1b$") || strings.Contains(s, "\x1b(J") {
			return japanese.ISO2022JP, "iso-2022-jp"
		}
		return nil, "utf-8"
	}
	sample := s[:min(len(s), sampled)]
	if mostlyUTF8(sample, len(sample) < len(s)) {
		return nil, "utf-8"
	}
	if e, name := strict(sample); e != nil {
		return e, name
	}
	r := chardet.Detect([]byte(sample))
	if r.Confidence >= perhaps {
		label := strings.ToLower(strings.ReplaceAll(r.Encoding, " ", "-"))
		switch label {
		case "windows-1252", "iso-8859-1", "ascii": // the first holds the others
		default:
			if e, name := named(label); e != nil && name != "utf-8" && (r.Confidence >= surely || !manyByte[name]) {
				return e, name
			}
		}
	}
	return charmap.Windows1252, "windows-1252"
}

var manyByte = map[string]bool{"shift_jis": true, "euc-jp": true, "gbk": true, "gb18030": true, "big5": true, "euc-kr": true, "iso-2022-jp": true}

// mostlyUTF8 says that a text is UTF-8 with some damage: of its bytes beyond ASCII
// nearly all stand in valid characters. One that is cut may end within a character.
func mostlyUTF8(s string, cut bool) bool {
	good, bad := 0, 0
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1 && (!cut || i+utf8.UTFMax <= len(s)):
			bad++
		case n > 1:
			good += n
		}
		i += n
	}
	return good >= 10*bad
}

// strict is the first set of many bytes in which all of s is characters, nearly all
// of them common.
func strict(s string) (encoding.Encoding, string) {
	best, name, most := encoding.Encoding(nil), "", mostlyCommon
	for _, c := range []struct {
		name   string
		e      encoding.Encoding
		common func(r rune, lead, trail byte) bool
	}{
		{"shift_jis", japanese.ShiftJIS, func(r rune, lead, trail byte) bool { return kana(r) || lead >= 0x88 && lead <= 0x97 }}, // the kanji of the first level
		{"euc-kr", korean.EUCKR, func(r rune, lead, trail byte) bool { return r >= 0xAC00 && r <= 0xD7A3 && trail >= 0xA1 }},
		{"euc-jp", japanese.EUCJP, func(r rune, lead, trail byte) bool { return kana(r) || lead >= 0xB0 && lead <= 0xCF }},
		{"gb18030", simplifiedchinese.GB18030, func(r rune, lead, trail byte) bool { return lead >= 0xB0 && lead <= 0xD7 && trail >= 0xA1 }},
		{"big5", traditionalchinese.Big5, func(r rune, lead, trail byte) bool { return lead >= 0xA4 && lead <= 0xC6 }},
	} {
		if share := commonShare(s, c.e, c.common); share > most {
			best, name, most = c.e, c.name, share
		}
	}
	return best, name
}

func kana(r rune) bool {
	return unicode.In(r, unicode.Hiragana, unicode.Katakana) && r < 0xFF00 || r == 'ー'
}

// commonShare is how many per cent of the characters beyond ASCII, without
// punctuation, are common ones in a set; 0 where a byte is in none. Characters of
// one byte beyond ASCII are not common.
func commonShare(s string, e encoding.Encoding, common func(r rune, lead, trail byte) bool) int {
	d := e.NewDecoder()
	var out [16]byte
	all, good := 0, 0
	for i := 0; i < len(s); {
		if s[i] < utf8.RuneSelf {
			i++
			continue
		}
		n, size := 0, 1
		for ; size <= 4 && i+size <= len(s); size++ {
			d.Reset()
			m, _, err := d.Transform(out[:], []byte(s[i:i+size]), true)
			if r, w := utf8.DecodeRune(out[:m]); err == nil && m == w && r != utf8.RuneError {
				n = m
				break
			}
		}
		if n == 0 {
			if i+4 > len(s) { // the sample ends within a character
				break
			}
			return 0
		}
		r, _ := utf8.DecodeRune(out[:n])
		if !unicode.IsPunct(r) && !unicode.IsSpace(r) && !unicode.IsSymbol(r) {
			all++
			if size > 1 && common(r, s[i], s[i+1]) {
				good++
			}
		}
		i += size
	}
	if all == 0 {
		return 0
	}
	return good * 100 / all
}
