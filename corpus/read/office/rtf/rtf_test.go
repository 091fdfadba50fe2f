package rtf

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

func read(t *testing.T, src string) (d corpus.Document, err error) {
	f := &format.File{Path: "/a.rtf", Name: "/a.rtf", Size: int64(len(src)), ReaderAt: format.Memory(src)}
	failed := Read(t.Context(), f, &format.Options{MaxBytes: 1 << 20, Memory: 64 << 20, Explain: true}, func(got corpus.Document, err2 error) bool {
		d, err = got, err2
		return true
	})
	if failed != nil {
		err = failed
	}
	return d, err
}

// TestRead: text of all code pages, structure, and what is left out.
func TestRead(t *testing.T) {
	for _, c := range []struct{ src, want, dropped string }{
		{`{\rtf1\ansi one\par two\line three\tab four}`, "one\n\ntwo\nthree\tfour", ""},
		{`{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8\'e2\'e5\'f2}`, "Привет", ""},
		{`{\rtf1\ansi{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset128 B;}}\f1\'93\'fa\f0\'e9}`, "日é", ""},
		{`{\rtf1\uc1\u8364?\u-10179 ?\u-8704 ?{\uc2\u945 xx}b}`, "€\U0001F600αb", ""},
		{"{\\rtf1 a\r\nb\\'41\\~c\\-d\\_e\\{\\}\\emdash }", "abA\u00A0cd-e{}—", ""},
		{`{\rtf1{\info{\title The Title}{\author Who}}{\*\unknown no}{\pict 00ff}{\stylesheet{\s1 heading 2;}}\pard\s1 Head\par\pard body\v secret\v0 {\deleted gone}.}`, "Head\n\nbody.", "secret gone"},
		{`{\rtf1\pard{\listtext 1.\tab}first\par{\pntext\'b7\tab}second\par\pard after}`, "1. first\nsecond\n\nafter", ""},
		{`{\rtf1\trowd\cellx1\cellx2\pard\intbl a\cell b\par c\cell\row\trowd\pard\intbl\cell d\cell\row\pard end}`, "a\tb c\n\td\n\nend", ""},
		{`{\rtf1 x{\super\chftn}{\footnote\chftn The note.}{\header head}{\*\annotation a comment} y}`, "x¹ y\n\n¹ The note.", "head a comment"},
		{`{\rtf1{\field{\*\fldinst HYPERLINK "u"}{\fldrslt link}} {\shp{\*\shpinst{\sp{\sn n}{\sv v}}{\shptxt box\par}}}after}`, "link box\n\nafter", ""},
		{"{\\rtf1 a\\bin3 {{{b}", "ab", ""},
	} {
		d, err := read(t, c.src)
		var dropped []string
		for _, x := range d.Dropped {
			dropped = append(dropped, x.Text)
		}
		if got := strings.Join(dropped, " "); err != nil || d.Source != c.want || got != c.dropped {
			t.Errorf("%s\ngives %q, want %q; dropped %q, want %q; %v", c.src, d.Source, c.want, got, c.dropped, err)
		}
	}
	if d, _ := read(t, `{\rtf1{\info{\title The Title}{\author Who}}x}`); d.Title != "The Title" || d.Metadata["author"] != "Who" {
		t.Errorf("%q, %v", d.Title, d.Metadata)
	}
	for src, want := range map[string]string{`{\rtf1 a{b`: format.Damaged, strings.Repeat("{", 9999): format.Damaged, `{\rtf1}`: ""} {
		var s *format.SkipError
		if _, err := read(t, src); !errors.As(err, &s) || s.Status != want {
			t.Errorf("%.20s: %v", src, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{`{\rtf1\ansi\ansicpg932 a\'93\'fa\u-1 ?\par}`, `{\rtf1\trowd a\cell\row{\footnote\chftn x}}`, `{\rtf1{\stylesheet{\s1 heading 1;}}{\upr{a}{\*\ud{b}}}}`, "{\\rtf1\\bin9999999999 x}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := read(t, s)
		if err == nil && !utf8.ValidString(d.Source) {
			t.Fatalf("%q", d.Source)
		}
	})
}
