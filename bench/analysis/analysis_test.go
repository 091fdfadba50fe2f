// Package analysis holds the differential test of tamis's "lucene-english"
// analyzer against Lucene's EnglishAnalyzer. It needs a Java development kit
// and Maven, so it runs only with TAMIS_PEERS=1.
package analysis

import (
	"bufio"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/internal/gosrc"
	"github.com/tamis-search/tamis/text"
)

// maxShown is the number of disagreements that a test prints.
const maxShown = 15

// luceneTokens returns EnglishAnalyzer's tokens of each text.
func luceneTokens(t *testing.T, texts []string) [][]string {
	t.Helper()
	cmd, err := peer.Lucene("analyze")
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fed := make(chan error, 1)
	go func() { fed <- feed(in, texts) }()
	all := make([][]string, 0, len(texts))
	dec := json.NewDecoder(bufio.NewReaderSize(out, 1<<20))
	for range texts {
		var tokens []string
		if err := dec.Decode(&tokens); err != nil {
			t.Fatalf("answer %d of the Lucene peer: %v", len(all), err)
		}
		all = append(all, tokens)
	}
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return all
}

func feed(in io.WriteCloser, texts []string) error {
	w := bufio.NewWriterSize(in, 1<<20)
	enc := json.NewEncoder(w)
	for _, s := range texts {
		if err := enc.Encode(s); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return in.Close()
}

// compare fails the test when the two analyzers differ on more texts than
// allowed, and prints the first of them. Something has to be allowed: Lucene's
// tokenizer follows Unicode 12.1, Go libraries a later version.
func compare(t *testing.T, texts []string, allowed int) {
	t.Helper()
	a, err := text.NewAnalyzer("lucene-english")
	if err != nil {
		t.Fatal(err)
	}
	differ := 0
	for i, want := range luceneTokens(t, texts) {
		got := a.Terms(nil, texts[i])
		if slices.Equal(got, want) {
			continue
		}
		if differ++; differ > maxShown {
			continue
		}
		at := 0
		for at < len(got) && at < len(want) && got[at] == want[at] {
			at++
		}
		around := func(tokens []string) []string { return tokens[max(0, at-2):min(len(tokens), at+4)] }
		t.Logf("token %d: tamis %q, Lucene %q, in %.200q", at, around(got), around(want), source(a, texts[i], at))
	}
	t.Logf("%d of %d texts differ", differ, len(texts))
	if differ > allowed {
		t.Errorf("%d texts differ, more than the %d that are known", differ, allowed)
	}
}

// source is the part of s around its n-th term.
func source(a *text.Analyzer, s string, n int) string {
	i, from, to := 0, 0, len(s)
	a.Each(s, func(_ string, start, end int) {
		if i == n-1 {
			from = start
		}
		if i == n+1 {
			to = end
		}
		i++
	})
	if from > to {
		return s
	}
	return s[from:to]
}

func requirePeers(t *testing.T) {
	t.Helper()
	if os.Getenv("TAMIS_PEERS") != "1" {
		t.Skip("set TAMIS_PEERS=1 to compare with Lucene (needs a Java development kit and Maven)")
	}
}

// pools are characters of one kind each: what the rules of Unicode word
// segmentation tell apart, and what English filters treat.
var pools = []string{
	"abcdefghijklmnopqrstuvwxyz", "ABCXYZ", "0123456789", "٠١٢३४९", "éèñøßİıſﬁﬀŉÅåΣσςΐ", "абвгдЖШЯ", "אבגדשת׳״", "ابتثجح", "กขคงจฉ", "ກຂຄ", "ကခဂ", "កខគ",
	"日本語中文字漢", "ひらがな", "カタカナー", "ｶﾀｶﾅﾞﾟ", "한국어가각", "각ᄒ", "あ\u3099か\u309a", "_‿⁀＿", "'’＇`´‘", ".․﹒．,，;；:：·‧", "-–—/\\|#@&%$+*~^<>=()[]{}!?\"",
	" \t\n\r\u00a0\u2003\u3000\u2028\u2029\u0085", "\u0300\u0301\u0308\u20dd\u0903", "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u202a", "😀🙂👍❤☺✂™©", "\ufe0f\ufe0e\U0001F3FB\U0001F3FD", "🇩🇪🇫🇷🇺", "👩👨👧🏳🌈⚕", "⃣#*0\ufe0f",
	"\U0001D400\U0001D7D8\U00020000\U0002A6D6\U00010400\U00010428\U0001E900", "\x00\x01\x7f\ufffd\ufffe\U0010ffff\ue000", "ªºµ²½Ⅳⅳ①", "\U000E0067\U000E0062\U000E007F🏴", "ႠაᏣꮳẞǅǈ",
}

var words = strings.Fields(`the The THE it's It’s dogs' DOGS＇ James's s 's 'S ’s o'neil rock'n'roll can't U.S.A. u.s.a. e.g. i.e. 3.14 1,000,000 1,000.5 a.b a,b a:b a;b
	http://www.example.com/a_b?c=d user@example.com x86_64 C++ c# .NET foo_bar fooBar __init__ _ __ 1st 2nd 3G 10:30 10.30pm running ran flies relational conditional
	hopping hoping agreed generalizations oscillators sky skies dying lying news skiing yes ying y ied ies s ss sses eed ing ed happily bled probate rate cease controll roll`)

func TestRandom(t *testing.T) {
	requirePeers(t)
	rng := rand.New(rand.NewPCG(3, 10))
	var texts []string
	for range 60_000 {
		var b strings.Builder
		few := make([]string, 1+rng.IntN(5))
		for i := range few {
			few[i] = pools[rng.IntN(len(pools))]
		}
		for range 1 + rng.IntN(14) {
			switch rng.IntN(12) {
			case 0:
				b.WriteString(words[rng.IntN(len(words))])
			case 1:
				b.WriteByte(' ')
			default:
				pool := []rune(few[rng.IntN(len(few))])
				b.WriteRune(pool[rng.IntN(len(pool))])
			}
		}
		texts = append(texts, b.String())
	}
	for range 60_000 { // any assigned or unassigned character beside letters
		var b strings.Builder
		for range 1 + rng.IntN(8) {
			r := rune(rng.IntN(0x3000))
			if rng.IntN(4) == 0 {
				r = rune(rng.IntN(utf8.MaxRune + 1))
			}
			if rng.IntN(3) == 0 {
				r = 'a' + rune(rng.IntN(26))
			}
			if utf8.ValidRune(r) {
				b.WriteRune(r)
			}
		}
		texts = append(texts, b.String())
	}
	for range 5_000 { // letters in English proportions, for the stemmer
		var b strings.Builder
		for range 1 + rng.IntN(12) {
			b.WriteString([]string{"e", "a", "i", "o", "u", "y", "s", "ss", "t", "l", "ll", "ed", "ing", "at", "iz", "ion", "al", "ness", "ful", "ement", "b", "g", "v", "c", "er", "li", "ou", "x", "w", "bl"}[rng.IntN(30)])
		}
		texts = append(texts, b.String())
	}
	for _, n := range []int{254, 255, 256, 257, 510, 511, 1000} { // the longest token has 255 UTF-16 units
		for _, s := range []string{"a", "é", "日", "1", "ab1", "𝐀", "x.", "x'", "x_", "e\u0301", "カ", "한"} {
			texts = append(texts, strings.Repeat(s, n), "begin "+strings.Repeat(s, n)+"ing end", "a"+strings.Repeat(s, n))
		}
	}
	compare(t, texts, 6000)
}

// TestEveryCharacter puts each character of Unicode beside letters and alone.
func TestEveryCharacter(t *testing.T) {
	requirePeers(t)
	var texts []string
	var b strings.Builder
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if r >= 0x30000 && r < 0xE0000 || r > 0xE0200 || !utf8.ValidRune(r) {
			continue
		}
		c := string(r)
		b.WriteString("q" + c + "z " + c + " 7" + c + "7 " + c + c + " Q")
		if r%16 == 15 {
			texts = append(texts, b.String())
			b.Reset()
		}
	}
	compare(t, append(texts, b.String()), 950)
}

func TestCorpora(t *testing.T) {
	requirePeers(t)
	data, err := peer.Data("")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("TAMIS_DATA", data)
	for _, set := range []string{"scifact", "nfcorpus", "cranfield", "cacm", "vaswani"} {
		t.Run(set, func(t *testing.T) {
			dir := evaldata.Dir(t, "retrieval/"+set)
			var texts []string
			for _, file := range []string{"corpus.jsonl.gz", "queries.jsonl"} {
				records, err := peer.ReadRecords(filepath.Join(dir, file))
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range records {
					texts = append(texts, r.Flat())
				}
			}
			compare(t, texts, 0)
		})
	}
	t.Run("gosrc", func(t *testing.T) {
		root, err := gosrc.Root()
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for p, err := range gosrc.Pieces(root) {
			if err != nil {
				t.Fatal(err)
			}
			texts = append(texts, p.Text)
		}
		compare(t, texts, 5)
	})
}
