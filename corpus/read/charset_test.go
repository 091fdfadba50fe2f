package read

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// TestCharsets: a file that does not say its character set is read in the one that it
// is in, whatever its format, and its document says which was taken.
func TestCharsets(t *testing.T) {
	texts := map[string]string{
		"ru": "Мельница стоит у реки и мелет зерно, которое привозят крестьяне из соседних деревень. Вода вращает колесо, а колесо вращает жернова.",
		"fr": "Le moulin est situé près de la rivière, où l’eau fait tourner la roue à aubes ; la farine y est tamisée à la fin de l’été.",
		"ja": "水車小屋は川のほとりにあり、農民が運んでくる穀物を挽いています。水が車輪を回し、車輪が石臼を回します。",
		"zh": "磨坊坐落在河边，研磨农民从附近村庄运来的谷物。水转动轮子，轮子转动磨石。面粉在那里过筛，然后装进袋子里。",
		"tw": "磨坊坐落在河邊，研磨農民從附近村莊運來的穀物。水轉動輪子，輪子轉動磨石。麵粉在那裡過篩，然後裝進袋子裡。",
		"ko": "물레방아는 강가에 있으며 농부들이 가까운 마을에서 가져온 곡식을 빻습니다. 물이 바퀴를 돌리고 바퀴가 맷돌을 돌립니다.",
		"en": "The mill stands at the river and grinds the corn.",
	}
	for _, c := range []struct {
		lang, name string
		e          encoding.Encoding
	}{
		{"ru", "koi8-r", charmap.KOI8R}, {"ru", "windows-1251", charmap.Windows1251}, {"fr", "windows-1252", charmap.Windows1252}, {"ja", "shift_jis", japanese.ShiftJIS}, {"ja", "euc-jp", japanese.EUCJP},
		{"zh", "gb", simplifiedchinese.GB18030}, {"tw", "big5", traditionalchinese.Big5}, {"ko", "euc-kr", korean.EUCKR},
		{"en", "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)}, {"fr", "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)},
		{"ru", "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)}, {"ko", "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)},
	} {
		text := strings.Repeat(texts[c.lang]+"\n\n", 3)
		for _, name := range []string{"a.txt", "a.md", "a.rst", "a.html", "a.txt.gz"} {
			body, err := c.e.NewEncoder().String(text)
			if err != nil {
				t.Fatal(c.name, err)
			}
			if strings.HasSuffix(name, ".gz") {
				body = zipped(body)
			}
			d := one(t, name, body)
			if !strings.Contains(d.Source, texts[c.lang]) {
				t.Errorf("%s in %s: %.60q", name, c.name, d.Source)
			}
			said := false
			for _, w := range d.Warnings {
				said = said || w.Key == "charset" && strings.Contains(w.Reason, c.name)
			}
			if !said {
				t.Errorf("%s in %s: warnings %v", name, c.name, d.Warnings)
			}
		}
	}
	if d := one(t, "a.txt", texts["ru"]); len(d.Warnings) != 0 {
		t.Errorf("UTF-8: %v", d.Warnings)
	}
	if d := one(t, "a.txt", texts["ru"]+"\xff"); len(d.Warnings) != 1 || !strings.HasSuffix(d.Source, "\uFFFD") {
		t.Errorf("damaged UTF-8: %v, %q", d.Warnings, d.Source)
	}
}
