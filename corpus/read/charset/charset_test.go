package charset

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
)

var samples = []struct {
	text string
	sets []encoding.Encoding
}{
	{"これは日本語の文章です。会議は来週の火曜日に東京で開催されます。", []encoding.Encoding{japanese.ShiftJIS, japanese.EUCJP, japanese.ISO2022JP}},
	{"会议将于下周二在北京举行，请各位准时参加。", []encoding.Encoding{simplifiedchinese.GB18030, simplifiedchinese.GBK}},
	{"會議將於下週二在台北舉行，請各位準時參加。", []encoding.Encoding{traditionalchinese.Big5}},
	{"회의는 다음 주 화요일에 서울에서 열립니다. 시간을 지켜 주세요.", []encoding.Encoding{korean.EUCKR}},
	{"Совещание состоится в следующий вторник в Москве.", []encoding.Encoding{charmap.Windows1251, charmap.KOI8R, charmap.CodePage866}},
	{"Die Übergröße wäre für Müller nicht günstig gewesen – sagte er.", []encoding.Encoding{charmap.Windows1252}},
	{"Le garçon a mangé une pêche à l'école, c'était très bon.", []encoding.Encoding{charmap.Windows1252, charmap.ISO8859_1}},
	{"Η συνάντηση θα γίνει την επόμενη Τρίτη στην Αθήνα.", []encoding.Encoding{charmap.Windows1253}},
	{"הפגישה תתקיים ביום שלישי הבא בירושלים.", []encoding.Encoding{charmap.Windows1255}},
}

// TestDetect: texts of many languages are read whatever they are stored in, also
// where little of a file is beyond ASCII.
func TestDetect(t *testing.T) {
	for _, s := range samples {
		for _, set := range s.sets {
			for _, whole := range []string{s.text, "name,city\n" + strings.Repeat("abc,12\n", 5) + s.text} {
				raw, err := encoding.ReplaceUnsupported(set.NewEncoder()).String(whole)
				if err != nil {
					t.Fatal(err)
				}
				if got, name := Decode(raw, ""); got != whole {
					t.Errorf("%v is read as %s: %q", set, name, got)
				}
			}
		}
	}
	raw, _ := japanese.ShiftJIS.NewEncoder().String("名前,年齢\n鈴木花子,31\n")
	if got, name := Decode(raw, ""); got != "名前,年齢\n鈴木花子,31\n" {
		t.Errorf("few characters are read as %s: %q", name, got)
	}
}

func TestStated(t *testing.T) {
	for _, c := range []struct{ raw, label, want, name string }{
		{"caf\xe9", "ISO-8859-1", "café", "windows-1252"},
		{"caf\xe9 \x80", " 'windows-1252' ", "café €", "windows-1252"},
		{"\xb3", "iso-8859-2", "ł", "iso-8859-2"},
		{"\xbd\xba", "ks_c_5601-1987", "스", "euc-kr"},
		{"café", "us-ascii", "café", "utf-8"},
		{"caf\xe9", "utf-8", "café", "windows-1252"}, // it is not what it says
		{"plain", "no-such-set", "plain", "utf-8"},
		{"a\xffb — and much of it is valid — and more — indeed — as it is — so", "", "a\uFFFDb — and much of it is valid — and more — indeed — as it is — so", "utf-8"},
	} {
		if got, name := Decode(c.raw, c.label); got != c.want || name != c.name {
			t.Errorf("%q in %q: %q, %s; want %q, %s", c.raw, c.label, got, name, c.want, c.name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add("caf\xe9", "latin1")
	f.Add("\x1b$B$3$l\x1b(B", "")
	f.Add("\x82\xb1\x82\xea", "utf-16")
	f.Fuzz(func(t *testing.T, s, label string) {
		if got, name := Decode(s, label); !utf8.ValidString(got) || name == "" {
			t.Fatalf("%q in %q: %q, %q", s, label, got, name)
		}
	})
}

func TestUTF16WithoutMark(t *testing.T) {
	in := func(s string, order int) []byte {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			if order < 0 {
				b = append(b, byte(u), byte(u>>8))
			} else {
				b = append(b, byte(u>>8), byte(u))
			}
		}
		return b
	}
	for _, order := range []int{-1, 1} {
		for _, s := range []string{"A tamis is a sieve.\n", "篩は目の細かい道具です。\nとても細かい 。", "Ein Sieb für Mehl\r\nund Puder", "Мельница стоит у реки."} {
			if got := UTF16(in(s, order)); got != order {
				t.Errorf("%q of order %d is told as %d", s, order, got)
			}
		}
	}
	// ASCII in which a zero stands reads as ideographs.
	for _, s := range []string{"<p:<bu \x00on><p>at/buttbb", "A tamis is a sieve.", "\x00\x00\x00\x00\x00\x00\x00\x00"} {
		if got := UTF16([]byte(s)); got != 0 {
			t.Errorf("%q is told as %d", s, got)
		}
	}
}
