package text

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
)

func analyzer(t testing.TB, name string) *Analyzer {
	t.Helper()
	a, err := NewAnalyzer(name)
	if err != nil {
		t.Fatal(err)
	}
	if a.Name() != name || a.Clone().Name() != name {
		t.Fatalf("NewAnalyzer(%q).Name() = %q", name, a.Name())
	}
	return a
}

func TestNames(t *testing.T) {
	if n := len(Names()); n != len(languages)+3 {
		t.Errorf("%d names", n)
	}
	for _, name := range Names() {
		analyzer(t, name)
	}
	if _, err := NewAnalyzer("klingon"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "english, lucene-english") {
		t.Errorf("NewAnalyzer(klingon): %v", err)
	}
}

// TestTerms: each row is an analyzer, a text, and its terms.
func TestTerms(t *testing.T) {
	for _, tt := range [][3]string{
		{"english", "The runners' shoes were running", "runner shoe were run"},
		{"english", "", ""},
		{"english", "the of and", ""},
		{"english", "Bob's dog’s ＣＡＴ＇Ｓ don't O'Neill", "bob dog cat don't o'neil"},
		{"english", "3.14 1,000 v1.2.3 U.S.A. example.com a:b", "3.14 1000 v1.2.3 u.s.a example.com a:b"},
		{"english", "p53 IL-2 covid19 B12 HbA1c user_id __init__ ___", "p53 il 2 covid19 b12 hba1c user_id __init__"},
		{"english", "naïve café Résumé Ａｂｃ１２ ﬁne Straße", "naiv cafe resum abc12 fine straße"},
		{"english", "zero\u200bwidth so\u00adft jo\u200din \ufeffbom x\u0301", "zero width soft join bom x"},
		{"english", "good 👍 👍🏽 👨‍👩‍👧 🇩🇪 🇩 ☺️ ©", "good 👍 👍🏽 👨👩👧 🇩🇪 ☺"},
		{"english", "שלום עולם مرحبا بالعالم", "שלום עולם مرحبا بالعالم"},
		{"english", "東京都 京 東 B型 x東y", "東京 京都 京 東 b 型 x 東 y"},
		{"english", "ｶﾞｷﾞ ガギ カ", "ガギ ガギ カ"},
		{"english", "한국어 말 대한민국", "한국 국어 말 대한 한민 민국"},
		{"english", "ภาษาไทย ລາວ ខ្មែរ", "ภา าษ ษา าไ ไท ทย ລາ າວ ខ្មែ មែរ"},
		{"english", "m² H₂O 5½", "m h o 5"},
		{"lucene-english", "The runners' shoes were running", "runner shoe were run"},
		{"lucene-english", "Bob's BOB'S dog’s CAT＇S s' 's As", "bob bob dog cat s s"},
		{"lucene-english", "relational conditional rationally hopping sky skies generalizations", "relat condit ration hop sky ski gener"},
		{"lucene-english", "東京都 カタカナ ひら 한국어 ภาษาไทย", "東 京 都 カタカナ ひ ら 한국어 ภาษาไทย"},
		{"lucene-english", "a.b 1.5 1,5 a,b x_1 _ a:b don't 'quoted' naïve ＡＢＣ", "a.b 1.5 1,5 b x_1 a:b don't quot naïv ａｂｃ"},
		{"lucene-english", "m² © 🇩🇪 🇩 👍🏽", "m © 🇩🇪 👍🏽"},
		{"simple", "The Runners' naïve ＦＵＬＬ", "the runners naive full"},
		{"german", "Die Häuser der größten Städte", "haus grosst stadt"},
		{"french", "Les chevaux mangeaient l'herbe", "cheval mang l'herb"},
		{"spanish", "Los niños están corriendo", "nin corr"},
		{"russian", "Книги и новые дома", "книг нов дом"},
		{"turkish", "IŞIK ve İstanbul", "ısık istanbul"},
		{"code", "strings.Builder strings.ToLower(x)", "string builder string tolower lower x"},
		{"code", "HTTPServer URLs parseURLs utf8 sha256Sum x86_64", "httpserver http server url parseurls parse pars urls url utf8 utf 8 sha256sum sha 256 sum x8664 x 86 64"},
		{"code", "MAX_SIZE __init__ user_id userId _", "maxsize max size init userid user id userid user id"},
		{"code", "// Policies are checked. The user's don't", "polici check user don't"},
		{"code", "RedirectPolicies isNotExist", "redirectpolicies redirect policies polici isnotexist exist"},
		{"code", "größeWert := 3.14 // 東京", "großewert große wert 3.14 東京"},
	} {
		a := analyzer(t, tt[0])
		for range 2 { // a cold and a warm cache
			got := strings.Join(a.Terms(nil, tt[1]), " ")
			if got != tt[2] {
				t.Errorf("%s.Terms(%q)\n got %q\nwant %q", tt[0], tt[1], got, tt[2])
			}
		}
	}
}

func TestQueryTerms(t *testing.T) {
	for _, tt := range [][3]string{
		{"english", "What does the parser tell me about errors?", "parser error"},
		{"english", "who is who", "who who"}, // nothing else left: the smaller list
		{"english", "to be or not to be", ""},
		{"english", "What's the policy's policy", "polici polici"},
		{"code", "How do redirect policies work?", "redirect polici policies work"},
		{"code", "http.RedirectPolicies", "http redirectpolicies redirect policies polici"},
		{"lucene-english", "What does it do", "what doe do"},
		{"german", "Wo ist die Stadt", "stadt"},
		{"english", "東京は", "東京 京は"},
	} {
		if got := strings.Join(analyzer(t, tt[0]).QueryTerms(nil, tt[1]), " "); got != tt[2] {
			t.Errorf("%s.QueryTerms(%q)\n got %q\nwant %q", tt[0], tt[1], got, tt[2])
		}
	}
}

// TestQuestionsMeetIdentifiers: a question in words shares a term with the
// identifier that answers it.
func TestQuestionsMeetIdentifiers(t *testing.T) {
	a := analyzer(t, "code")
	for _, tt := range [][3]string{
		{"redirect policy", "RedirectPolicies", "redirect polici"},
		{"policies", "redirect_policies", "policies polici"},
		{"redirectpolicies", "RedirectPolicies", "redirectpolicies"},
		{"user_id", "userId", "userid user id"},
		{"decoding runes", "utf8.DecodeRune", "decod rune"},
		{"utf-8", "utf8", "utf 8"},
	} {
		doc := map[string]bool{}
		for _, w := range a.Terms(nil, tt[1]) {
			doc[w] = true
		}
		var common []string
		for _, w := range a.QueryTerms(nil, tt[0]) {
			if doc[w] {
				common = append(common, w)
			}
		}
		for _, w := range strings.Fields(tt[2]) {
			if !strings.Contains(" "+strings.Join(common, " ")+" ", " "+w+" ") {
				t.Errorf("%q and %q share %q, want %q among them", tt[0], tt[1], common, w)
			}
		}
	}
}

func TestLongWords(t *testing.T) {
	for _, name := range Names() {
		a := analyzer(t, name)
		for _, unit := range []string{"a", "é", "a.", "1,", "東", "ไท", "a'", "x\u0301", "é:", "👍\u200d", "\u0301", "_", "aB", "١"} {
			s := strings.Repeat(unit, 20_000/len(unit))
			a.Each(s, func(term string, start, end int) {
				if end-start > 4*maxWord+16 || term == "" {
					t.Fatalf("%s: %q…: a word of %d bytes", name, unit, end-start)
				}
			})
		}
	}
}

// TestWarmCache: a warm cache makes no garbage.
func TestWarmCache(t *testing.T) {
	s := "The user's RedirectPolicies were checked; naïve 東京都 3.14 don't " + strings.Repeat("word ", 50)
	for _, name := range Names() {
		a := analyzer(t, name)
		dst := a.Terms(nil, s)
		dst = a.QueryTerms(dst[:0], s)
		if n := testing.AllocsPerRun(20, func() {
			dst = a.Terms(dst[:0], s)
			dst = a.QueryTerms(dst[:0], s)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestCacheStartsAnew: terms stay right, and terms handed out stay as they were,
// when the cache drops what it knows.
func TestCacheStartsAnew(t *testing.T) {
	a := analyzer(t, "simple")
	early := a.Terms(nil, "alpha beta")
	var b strings.Builder
	r := rand.New(rand.NewPCG(7, 7))
	for range cacheMaxWords + 1000 {
		for range 8 {
			b.WriteByte('a' + byte(r.IntN(26)))
		}
		b.WriteByte(' ')
	}
	if got := a.Terms(nil, b.String()); strings.Join(got, " ")+" " != b.String() {
		t.Error("terms of many words differ from the words")
	}
	if a.known.used > cacheMaxWords/2 {
		t.Errorf("%d words remembered", a.known.used)
	}
	if !reflect.DeepEqual(early, []string{"alpha", "beta"}) || !reflect.DeepEqual(a.Terms(nil, "alpha beta"), early) {
		t.Error("early terms changed")
	}
}

// wordsOf finds words by uax29 alone, the oracle of the scanner: the segments
// that hold a letter, a digit or a pictograph.
func wordsOf(s string) []string {
	var ws []string
	it := words.FromString(s)
	for it.Next() {
		w := it.Value()
		for w != "" && proseStyle.class[w[0]]&(letter|digit|underscore|high) == 0 {
			w = w[1:] // a symbol with a mark: as in Lucene, the mark alone may count
		}
		first, _ := utf8.DecodeRuneInString(w)
		if isComplex(first) {
			continue // Lucene joins these
		}
		flags := 0
		for _, r := range w {
			if isFlag(r) {
				flags++
			}
			if isWordRune(r) || isEmoji(r) || flags == 2 {
				ws = append(ws, w)
				break
			}
		}
	}
	return ws
}

func compareWords(t *testing.T, s string) {
	t.Helper()
	var got []string
	for i := 0; ; {
		start, end, k := luceneStyle.next(s, i)
		if k == kindNone {
			break
		}
		if first, _ := utf8.DecodeRuneInString(s[start:]); !isComplex(first) {
			got = append(got, s[start:end])
		}
		i = end
	}
	if want := wordsOf(s); !reflect.DeepEqual(got, want) {
		t.Fatalf("words of %q\n got %q\nwant %q", s, got, want)
	}
}

// TestWordBreaks holds the scanner against uax29 on random strings of runes that
// its rules tell apart.
func TestWordBreaks(t *testing.T) {
	runes := []rune("abZ09__.':,;-\"  \n\r’·é١אב״東のカー한🙂👍🏽🇩🇪🇫\u200d\u0301\u00ad\u200b\u2060²½©ŉ")
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		var b strings.Builder
		for range 1 + r.IntN(16) {
			b.WriteRune(runes[r.IntN(len(runes))])
		}
		compareWords(t, b.String())
	}
	// ASCII alone: the table decides.
	for range 100_000 {
		b := make([]byte, 1+r.IntN(16))
		for i := range b {
			b[i] = byte(runes[r.IntN(16)])
		}
		compareWords(t, string(b))
	}
}

// check holds the invariants of an analyzer on any string.
func check(t *testing.T, a *Analyzer, s string) {
	t.Helper()
	terms := a.Terms(nil, s)
	var each []string
	last := 0
	valid := utf8.ValidString(s)
	a.Each(s, func(term string, start, end int) {
		each = append(each, term)
		if start < last || start >= end || end > len(s) {
			t.Fatalf("%s: range %d:%d after %d of %q", a.name, start, end, last, s)
		}
		last = start
		if valid && (!utf8.ValidString(s[start:end]) || !utf8.ValidString(term)) {
			t.Fatalf("%s: range %d:%d or term %q of %q is not on UTF-8 borders", a.name, start, end, term, s)
		}
		if term == "" {
			t.Fatalf("%s: empty term in %q", a.name, s)
		}
		for _, r := range term {
			if a.name != "lucene-english" && unicode.IsUpper(r) && unicode.ToLower(r) != r && a.name != "turkish" {
				t.Fatalf("%s: upper case in %q of %q", a.name, term, s)
			}
		}
	})
	if !reflect.DeepEqual(terms, each) {
		t.Fatalf("%s: Terms(%q) = %q, Each gives %q", a.name, s, terms, each)
	}
	if again := a.Clone().Terms(nil, s); !reflect.DeepEqual(terms, again) {
		t.Fatalf("%s: Terms(%q) = %q with a warm cache, %q with a cold one", a.name, s, terms, again)
	}
	a.QueryTerms(nil, s)
}

func FuzzAnalyzers(f *testing.F) {
	for _, s := range []string{
		"The user's RedirectPolicies, utf8.DecodeRune", "東京都ภาษาไทย한국어ｶﾞ", "don’t ＣＡＴ＇Ｓ", "\xff\xfea\xc3", "İI ıi ǅ ß ﬁ ﷺ ½ ㎏",
		"\u0301\u0301a\u200d_\u00ad", "a.\u0301b 1.\u03012 a:\u00e9 é.b", "__é__ _'_ a'é é'", "🇩🇪🇩 👍🏽 1️⃣ #️⃣", "'s ’s S's",
		"ied ies sses yyy aa", "\u0e33\u0e31\u0e01", "כ״ץ ״א",
	} {
		f.Add(s)
	}
	var all []*Analyzer
	for _, name := range Names() {
		all = append(all, analyzer(f, name))
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range all {
			check(t, a, s)
		}
		DetectLanguage(s)
	})
}

func FuzzWordBreaks(f *testing.F) {
	f.Add("a.b 'c' 1,2_3 é:e ״א״ב 🇩🇪")
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) <= maxWord && utf8.ValidString(s) {
			compareWords(t, s)
		}
	})
}

// TestEachContent: what the words of a question are, with their places.
func TestEachContent(t *testing.T) {
	for _, name := range []string{"english", "code", "german"} {
		a := analyzer(t, name)
		for _, s := range []string{"what does the scheduler do with 東京都 and userID?", "", "Was macht der Lauf der Dinge", "zzz"} {
			var got []string
			a.EachContent(s, func(term string, start, end int) {
				if start < 0 || start >= end || end > len(s) {
					t.Errorf("%s: %q has the place [%d, %d)", name, term, start, end)
				}
				got = append(got, term)
			})
			if want := a.QueryTerms(nil, s); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %q gives %q, QueryTerms %q", name, s, got, want)
			}
		}
	}
}
