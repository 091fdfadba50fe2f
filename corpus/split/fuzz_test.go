package split

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis/corpus"
)

func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		"", " ", "Dr. Smith. He.\n\n- a\n- b", "Ann: hi\nBob: ho\nAnn: hi\nBob: so\n", "。！？", "a\n b\n c", "\\n\\n}, {",
		"x\u00a0\n", "……", "\u2028.", "[1] a: b", "<a> b", "..\" [1]", "...\u00a0A", "1. 2. 3.", "| a | b |\n|--|--|", "#\n\"\"\"\n", "\u0085. \u0085A",
	} {
		f.Add(s, uint8(0), uint16(0))
		f.Add(strings.Repeat(s, 40), uint8(1), uint16(30))
	}
	f.Fuzz(func(t *testing.T, s string, how uint8, size uint16) {
		s = strings.ToValidUTF8(s, "\uFFFD")
		d := &corpus.Document{Source: s}
		o := Options{PassageTokens: int(size % 300), SentenceTokens: int(size % 150)}
		switch how % 4 {
		case 1:
			d.Blocks = []corpus.Block{{Kind: corpus.Code, End: len(s)}}
		case 2: // paragraphs as blocks of every kind in turn
			for i, b := range allPlain(s) {
				b.Kind, b.Level = corpus.BlockKind(i%7), uint8(i%5)
				d.Blocks = append(d.Blocks, b)
			}
		case 3:
			o = Options{}
		}
		ps := check(t, d, o)
		if again := Split(d, o); !reflect.DeepEqual(ps, again) {
			t.Fatal("two runs differ")
		}
	})
}

// TestTiling draws texts from pieces that meet in odd ways.
func TestTiling(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		"word", "Dr", ".", ". ", "! ", "? ", "... ", "…", "\n", "\n\n", " ", "  ", "\t", "\r\n", "- ", "1. ", "U.S. ", "e.g. ", "“", "”", "\"", "(", ")", "[1]",
		"。", "漢字", "é", "a|b|c", " | ", "Ann: ", "Bob: ", "}, {", "\\n", "\\n\\n", "x.y", "The ", "3.14", "\u00a0", "\u3000", "}", "{", "// c", "\u2003", "😀",
		strings.Repeat("a", 500), strings.Repeat("word ", 100),
	})
	rapid.Check(t, func(t *rapid.T) {
		d := &corpus.Document{Source: strings.Join(rapid.SliceOfN(piece, 0, 120).Draw(t, "text"), "")}
		if rapid.Bool().Draw(t, "blocks") {
			for i, b := range allPlain(d.Source) {
				b.Kind = corpus.BlockKind((i + 1) % 7)
				d.Blocks = append(d.Blocks, b)
			}
		}
		check(t, d, Options{PassageTokens: rapid.IntRange(0, 60).Draw(t, "size")})
	})
}

// TestLinear feeds shapes that make careless splitters quadratic.
func TestLinear(t *testing.T) {
	if testing.Short() {
		t.Skip("timing")
	}
	for _, shape := range []string{
		"a", " ", ".", "\n", "a.", ". ", "...", "\"", "(", ". (", ".\"", "}", "}, {", "\\n", "\\", "[1]", ".[1", "a\n", " \n", "\n ", "a \n", "1", ",", "ab,", "。", "漢", "\u00a0", ".\u00a0",
		"A: b\n", "- a\n", "|", "a|", "\t", "<a", "[a", "U.S.", "e.g. ", "word ", "…", "a.\n    ", "\r", "é", "\U0001F600", "*", "} ", "//\n", "// a\n", "{\n", "@\n",
	} {
		for _, code := range []bool{false, true} {
			took := func(n int) time.Duration {
				d := &corpus.Document{Source: strings.Repeat(shape, n/len(shape))}
				if code {
					d.Blocks = []corpus.Block{{Kind: corpus.Code, End: len(d.Source)}}
				}
				start := time.Now()
				Split(d, Options{})
				return time.Since(start)
			}
			if d := took(1 << 18); d > 2*time.Second {
				t.Errorf("%q (code %v): 256 KiB take %v", shape, code, d)
			}
		}
	}
}

func BenchmarkSplit(b *testing.B) {
	para := "The tamis is a fine sieve. Cooks such as Dr. Smith push pots through it, e.g. soups of 3.5 litres, and keep the rest. It was known in 1651 (see Fig. 3).\n"
	wrapped := strings.ReplaceAll(para, ", ", ",\n")
	for name, text := range map[string]string{
		"prose":   strings.Repeat(strings.Repeat(para, 3)+"\n", 4000),
		"wrapped": strings.Repeat(wrapped+"\n", 12000),
		"line":    strings.Repeat(strings.TrimSpace(para)+" ", 12000),
		"chat":    strings.Repeat("Ann: How is it going today, my friend?\nBob: Fine, thank you very much, and you?\n", 20000),
		"cjk":     strings.Repeat("这是一个句子。那是另一个句子，它比较长。", 20000),
		"code":    strings.Repeat("func f(x int) int {\n\tif x > 3 {\n\t\treturn x*2 + 1\n\t}\n\treturn 0\n}\n\n", 20000),
	} {
		b.Run(name, func(b *testing.B) {
			d := &corpus.Document{Source: text}
			if name == "code" {
				d.Blocks = []corpus.Block{{Kind: corpus.Code, End: len(text)}}
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				Split(d, Options{})
			}
		})
	}
}
