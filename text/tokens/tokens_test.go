package tokens

import (
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/bpeoracle"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/internal/gosrc"
	"github.com/tamis-search/tamis/internal/runeclass"
	"github.com/tiktoken-go/tokenizer"
)

func counter(t testing.TB, name string) Counter {
	t.Helper()
	c, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != name {
		t.Fatalf("New(%q).Name() = %q", name, c.Name())
	}
	return c
}

func TestNew(t *testing.T) {
	for _, name := range Names() {
		counter(t, name)
	}
	_, err := New("gpt")
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "o200k_base, cl100k_base, words, bytes") {
		t.Errorf("New(gpt): %v", err)
	}
}

func TestKnownCounts(t *testing.T) {
	for _, tt := range []struct {
		text                      string
		o200k, cl100k, words, len int
	}{
		{"", 0, 0, 0, 0},
		{"hello world", 2, 2, 2, 11},
		{" \t\n", 1, 1, 0, 3},
		{"don't", 1, 2, 1, 5},
		{"a\u00a0b\u3000c", 5, 5, 3, 8},
		{"\xff", 1, 1, 1, 1},
		// A digit, a letter and an upper-case letter that came with Unicode 16.
		{"\U00010D40123", 6, 6, 1, 7},
		{"\U0001E5F0's", 5, 5, 1, 6},
		{"\uA7DA's it", 5, 5, 2, 8},
	} {
		for name, want := range map[string]int{"o200k_base": tt.o200k, "cl100k_base": tt.cl100k, "words": tt.words, "bytes": tt.len} {
			if got := counter(t, name).Count(tt.text); got != want {
				t.Errorf("%s.Count(%q) = %d, want %d", name, tt.text, got, want)
			}
		}
	}
}

// oracles are the libraries' codecs, which match regular expressions.
func oracles(t testing.TB) map[string]tokenizer.Codec {
	t.Helper()
	m := map[string]tokenizer.Codec{}
	for _, name := range []tokenizer.Encoding{tokenizer.O200kBase, tokenizer.Cl100kBase} {
		c, err := tokenizer.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		m[string(name)] = c
	}
	return m
}

func compare(t *testing.T, name string, oracle tokenizer.Codec, s string) {
	t.Helper()
	want, err := oracle.Count(s)
	if err != nil {
		t.Fatal(err)
	}
	got := counter(t, name).Count(s)
	if got == want {
		return
	}
	// Shrink to the first piece that differs, for a readable report.
	for i := range s {
		w, _ := oracle.Count(s[:i])
		if g := counter(t, name).Count(s[:i]); g != w {
			t.Fatalf("%s: Count(%q) = %d, the library counts %d", name, s[max(0, i-60):i], g, w)
		}
	}
	t.Fatalf("%s: Count of %d bytes = %d, the library counts %d: …%q", name, len(s), got, want, s[max(0, len(s)-60):])
}

// TestGoSources compares counts on pieces of the Go installation's files.
func TestGoSources(t *testing.T) {
	o := oracles(t)
	total := 0
	for _, s := range pieces(t, 60, 400) {
		for name, codec := range o {
			compare(t, name, codec, s)
		}
		total += len(s)
	}
	t.Logf("%d bytes compared", total)
}

// pieces returns every step-th piece of the gosrc corpus, at most most of them.
func pieces(t testing.TB, step, most int) (texts []string) {
	t.Helper()
	root, err := gosrc.Root()
	if err != nil {
		t.Skip(err)
	}
	n := 0
	for p, err := range gosrc.Pieces(root) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%step == 0 {
			if texts = append(texts, p.Text); len(texts) == most {
				break
			}
		}
	}
	return texts
}

// FuzzCount compares with the published expressions in an engine for them.
func FuzzCount(f *testing.F) {
	for _, s := range []string{
		"Hello, world! It's 12345.", "ABあCD\u0301e'LLx 'S", "a\r\n \t\u2028 b  \n", "!\u0301\u0301a //\r\n/x", "\u0301A", "Ǆž ǅA ʰA",
		"x'ſ", "你好，世界。", "  \u00a0 x", "1234٣٤٥²", "🙂🙂\u200d↔️", strings.Repeat("ab", 80), "<|endoftext|>", "İIıi'D'Re", "\x7f\x00", "\U00010D40123\U0001E5F0's",
	} {
		f.Add(s)
	}
	o := map[string]*bpeoracle.Encoding{}
	for _, name := range Names()[:2] {
		e, err := bpeoracle.New(name)
		if err != nil {
			f.Fatal(err)
		}
		o[name] = e
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 2000 {
			return
		}
		for name, e := range o {
			want, err := e.Count(s)
			if err != nil {
				t.Fatal(err)
			}
			if got := counter(t, name).Count(s); got != want {
				t.Fatalf("%s: Count(%q) = %d, the oracle counts %d", name, s, got, want)
			}
		}
	})
}

// TestRandomStrings compares on strings of runes that the patterns tell apart.
func TestRandomStrings(t *testing.T) {
	runes := []rune("aZéÉǅʰあ中\u0301\u093f19٣² \t\n\r\u00a0\u2028\u3000.,'\"/!_-#😀\u200dsStTrRlLveEmMdD")
	o := oracles(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		var b strings.Builder
		for range 1 + r.IntN(30) {
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		for name, codec := range o {
			compare(t, name, codec, b.String())
		}
	}
}

// TestLongPieces holds the merging by a heap against the merging by scanning,
// and wants a time that does not grow with the square of the length.
func TestLongPieces(t *testing.T) {
	b := o200k()
	m := b.get()
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		piece := make([]byte, 3+r.IntN(400))
		letters := 1 + r.IntN(26)
		for i := range piece {
			piece[i] = 'a' + byte(r.IntN(letters))
		}
		if long, short := m.mergeLong(string(piece)), m.mergeShort(string(piece)); long != short {
			t.Fatalf("%s: %d tokens by heap, %d by scanning", piece, long, short)
		}
	}
	for _, unit := range []string{"a", "ab", " ", "x\u0301"} {
		s := strings.Repeat(unit, 1<<19/len(unit))
		start := time.Now()
		n := b.Count(s)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("512 KiB of %q took %v", unit, d)
		}
		if n < len(s)/b.longest || n > len(s) {
			t.Errorf("512 KiB of %q: %d tokens", unit, n)
		}
	}
}

func TestConcurrent(t *testing.T) {
	s := strings.Repeat("The quick brown föx jumps over 12345 lazy dogs. ", 50)
	c := counter(t, "o200k_base")
	want := c.Count(s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if got := c.Count(s); got != want {
					t.Errorf("Count = %d, want %d", got, want)
				}
			}
		})
	}
	wg.Wait()
}

// TestRanks compares the ranks in use with the published ones.
func TestRanks(t *testing.T) {
	f, err := os.Open(filepath.Join(evaldata.Dir(t, "conformance"), "o200k_base.tiktoken.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		word, number, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok {
			continue
		}
		token, err := base64.StdEncoding.DecodeString(word)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(o200k().rank(string(token))); got != number {
			t.Fatalf("rank of %q is %s, published is %s", token, got, number)
		}
		n++
	}
	if n != o200k().tokens || n < 199_000 {
		t.Errorf("%d ranks published, %d in use", n, o200k().tokens)
	}
}

// TestLineBreaks: no token of cl100k_base goes on with other white space after a
// line break, which cl100kPiece relies on.
func TestLineBreaks(t *testing.T) {
	for rank := range cl100k().tokens {
		token := cl100k().token(uint32(rank))
		end := strings.TrimLeft(token[strings.LastIndexAny(token, "\r\n")+1:], "\r\n")
		if end != token && end != "" && strings.TrimSpace(token) == "" {
			t.Errorf("token %q", token)
		}
	}
}

// TestGoTables: the classes are those of Go's tables, for the runes that were
// assigned when Go's were made.
func TestGoTables(t *testing.T) {
	table := runeclass.New()
	differ := 0
	for r := range rune(unicode.MaxRune + 1) {
		want := runeclass.Other
		switch {
		case unicode.In(r, unicode.Lu, unicode.Lt):
			want = runeclass.Upper
		case unicode.Is(unicode.Ll, r):
			want = runeclass.Lower
		case unicode.IsLetter(r):
			want = runeclass.Caseless
		case unicode.IsMark(r):
			want = runeclass.Mark
		case unicode.IsNumber(r):
			want = runeclass.Number
		case unicode.Is(unicode.White_Space, r):
			want = runeclass.Space
		}
		got := table.Of(r)
		if got == want {
			continue
		}
		// One of the two does not know the rune yet.
		if got != runeclass.Other && want != runeclass.Other {
			t.Errorf("%U has class %#x, in Go %#x", r, got, want)
		}
		differ++
	}
	if unicode.Version == "15.0.0" && differ != 5055 {
		t.Errorf("%d runes differ from Unicode 15.0", differ)
	}
}

// TestInvalid: bytes that are no UTF-8 count as U+FFFD each.
func TestInvalid(t *testing.T) {
	for _, name := range Names()[:2] {
		c := counter(t, name)
		if got, want := c.Count("a\xff\xc3b\xe4\xb8"), c.Count("a\uFFFD\uFFFDb\uFFFD\uFFFD"); got != want {
			t.Errorf("%s: %d tokens, want %d", name, got, want)
		}
	}
}

// TestAdditive: the counts of units that end in a line break add up.
func TestAdditive(t *testing.T) {
	runes := []rune("aZéʰあ\u0301 19\t\r\n\u00a0.'/!_-😀st")
	r := rand.New(rand.NewPCG(5, 6))
	text := func() string {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		return b.String()
	}
	for _, name := range Names() {
		c := counter(t, name)
		for range 20_000 {
			a, b := text()+"\n", text()
			if first, _ := utf8.DecodeRuneInString(b); first == '/' || unicode.IsSpace(first) {
				continue
			}
			if whole, sum := c.Count(a+b), c.Count(a)+c.Count(b); whole != sum {
				t.Fatalf("%s: Count(%q + %q) = %d, the sum is %d", name, a, b, whole, sum)
			}
		}
	}
}

func BenchmarkCount(b *testing.B) {
	texts := pieces(b, 20, 4000)
	size := 0
	for _, s := range texts {
		size += len(s)
	}
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			c := counter(b, name)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				for _, s := range texts {
					c.Count(s)
				}
			}
		})
	}
}
