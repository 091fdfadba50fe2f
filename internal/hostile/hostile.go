// Package hostile makes texts that break splitters, counters and layouts, for
// fuzzing: the same seed gives the same texts.
package hostile

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode"
)

// Gen makes texts. It serves one goroutine at a time.
type Gen struct{ *rand.Rand }

// New returns a generator for a seed.
func New(seed uint64) Gen { return Gen{rand.New(rand.NewPCG(seed, 0x7a6d1))} }

// Words are few, so that questions find documents.
var Words = strings.Fields("salt gate night river harbour tide keeper lamp bell rope storm opens closes north seven Salt GATE Anna Løv Straße naïve Ωmega")

// classes are the runes that counters tell apart, each table as likely as the
// next.
var classes = []*unicode.RangeTable{
	unicode.Lu, unicode.Ll, unicode.Lt, unicode.Lm, unicode.Lo, unicode.Mn, unicode.Mc, unicode.Me, unicode.Nd, unicode.Nl, unicode.No,
	unicode.Pc, unicode.Pd, unicode.Po, unicode.Ps, unicode.Sc, unicode.Sk, unicode.Sm, unicode.So, unicode.Zs, unicode.Zl, unicode.Cc, unicode.Cf, unicode.Co,
	unicode.Han, unicode.Hiragana, unicode.Hangul, unicode.Thai, unicode.Devanagari, unicode.Tamil, unicode.Khmer, unicode.Arabic, unicode.Hebrew, unicode.Greek, unicode.Cyrillic,
	unicode.White_Space, newer,
}

// newer has runes that came with Unicode 15.1 and 16.
var newer = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x897, Hi: 0x897, Stride: 1}, {Lo: 0x1C89, Hi: 0x1C8A, Stride: 1}, {Lo: 0xA7CB, Hi: 0xA7CD, Stride: 1}, {Lo: 0xA7DA, Hi: 0xA7DC, Stride: 1}},
	R32: []unicode.Range32{{Lo: 0x105C0, Hi: 0x105F3, Stride: 1}, {Lo: 0x10D40, Hi: 0x10D85, Stride: 1}, {Lo: 0x11380, Hi: 0x113E2, Stride: 1}, {Lo: 0x16D40, Hi: 0x16D79, Stride: 1}, {Lo: 0x2EBF0, Hi: 0x2EE5D, Stride: 1}},
}

// Rune is one of a random class.
func (g Gen) Rune() rune {
	if g.IntN(40) == 0 { // any scalar value, mostly unassigned
		if r := rune(g.IntN(unicode.MaxRune + 1)); r < 0xD800 || r > 0xDFFF {
			return r
		}
	}
	t := classes[g.IntN(len(classes))]
	k := g.IntN(len(t.R16) + len(t.R32))
	if k < len(t.R16) {
		e := t.R16[k]
		return rune(e.Lo) + rune(e.Stride)*rune(g.IntN(int(e.Hi-e.Lo)/int(e.Stride)+1))
	}
	e := t.R32[k-len(t.R16)]
	return rune(e.Lo) + rune(e.Stride)*rune(g.IntN(int(e.Hi-e.Lo)/int(e.Stride)+1))
}

var spaces = []string{" ", " ", "  ", "\t", "\n", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n", " \n ", "\u0085", "\u00a0", "\u2028", "\u2029", "\u3000", "\u1680", "\v", "\f", "\u200b", "\u2009", "\x1c", "\x1f", "   \n", "\n   "}

var endings = []string{"'s", "'S", "'t", "'re", "'RE", "'rE", "'ve", "'Ve", "'m", "'ll", "'lL", "'LL", "'d", "'D", "'ſ", "’s", "'K", "'l", "'r", "'v", "''s", "'ſt", "'re's", "'x"}

// odd are strings that some program or another takes for more than text.
var odd = []string{
	"<|endoftext|>", "<|endofprompt|>", "<|im_start|>", "<|fim_prefix|>", "[1]", "[#1]", "[##12]", "[###3]", "[2] ", "- [1] salt", "[1", "#1]", "</source>", `<source id="1">`, "<source_>", "SOURCE__", "```", "````", "~~~", "`",
	`{"cite":1,"text":"salt"}`, `"},{"cite":2`, `\u0000`, `\n`, `\\"`, "\ufeff", "\ufffd", "\x00", "\x7f", "\x1b[31m", "\u200d", "\u202e", "\u2066", "\ufffe", "\U0010FFFF", "\ue000",
	"👩\u200d👩\u200d👧\u200d👦", "🏳️\u200d🌈", "🇩🇪🇫🇷", "1️⃣", "👍🏽", "e\u0301\u0323", "ﬆ", "ǅ", "İ", "ı", "K", "Å", "ẞ", "ß", "ſ", "٣٤٥", "²³", "Ⅷ", "①②", "१२३४", "1234567", "3.14159", "1,000,000", "0x1F", "1e-9",
	"ประตูเปิดตอนกลางคืน", "門は夜に開く。", "闸门在夜里打开，", "बंदरगाह का द्वार", "தமிழ்", "بوابة الملح", "שער המלח", "соляные ворота", "Đường", "가나다",
	"http://salt.example/gate?q=1&r=%20#top", "foo_bar.baz(qux)", "x := map[string]int{}", "//", "/*", "*/", "://", "!!!", "???", "...", "…", "---", "===", "|||", "&amp;", "&nbsp;", "A", "a", "\"", "'", "--> ", "$$x^2$$", "i.e.", "U.S.A.",
}

// fragment is a piece of text of one kind.
func (g Gen) fragment() string {
	switch g.IntN(14) {
	case 0, 1, 2:
		return pick(g, Words)
	case 3:
		return pick(g, Words) + pick(g, endings)
	case 4, 5:
		return pick(g, spaces)
	case 6:
		return pick(g, odd)
	case 7: // a run of one thing
		return strings.Repeat(pick(g, [][]string{spaces, odd, Words, {string(g.Rune())}}[g.IntN(4)]), 1+g.IntN(12))
	case 8: // runes of many classes
		var b strings.Builder
		for range 1 + g.IntN(6) {
			b.WriteRune(g.Rune())
		}
		return b.String()
	case 9: // runes of one class
		t := Gen{rand.New(rand.NewPCG(g.Uint64(), 1))}
		first := t.Rune()
		return strings.Repeat(string(first), 1+g.IntN(3)) + string(t.Rune())
	case 10:
		data := make([]byte, g.IntN(40))
		for i := range data {
			data[i] = byte(g.IntN(256))
		}
		if g.IntN(2) == 0 {
			return fmt.Sprintf("%x", data)
		}
		return base64.StdEncoding.EncodeToString(data)
	case 11: // letters of any case
		b := make([]byte, 1+g.IntN(14))
		for i := range b {
			b[i] = "aAbBsStTeErRvVlLmMdD'xZ"[g.IntN(23)]
		}
		return string(b)
	case 12:
		return fmt.Sprint(g.IntN(1 << (1 + g.IntN(40))))
	}
	return string(rune(0x20 + g.IntN(0x5f)))
}

// Text is valid UTF-8 of about at most so many fragments, without structure.
func (g Gen) Text(most int) string {
	var b strings.Builder
	for range 1 + g.IntN(most) {
		b.WriteString(g.fragment())
		if g.IntN(3) == 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// Line is a text without line breaks.
func (g Gen) Line(most int) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, g.Text(most))
}

// Sentence is words of Words, a few odd things among them, and an end.
func (g Gen) Sentence() string {
	var b strings.Builder
	for i := range 1 + g.IntN(12) {
		if i > 0 {
			b.WriteByte(' ')
		}
		if g.IntN(8) == 0 {
			b.WriteString(g.Line(2))
		} else {
			b.WriteString(pick(g, Words))
		}
	}
	return b.String() + pick(g, []string{".", ".", ". ", "?", "!", ":", "", ";", "。"})
}

// Question has words of Words, and now and then something else.
func (g Gen) Question() string {
	var b strings.Builder
	for range 1 + g.IntN(5) {
		b.WriteString(pick(g, Words) + " ")
	}
	switch g.IntN(8) {
	case 0:
		b.WriteString(g.Line(4))
	case 1:
		return "summarize what the " + b.String() + "is about"
	}
	return b.String()
}

func pick[T any](g Gen, of []T) T { return of[g.IntN(len(of))] }
