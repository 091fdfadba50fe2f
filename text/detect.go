package text

import (
	"math/bits"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// detectBytes is how much of a sample DetectLanguage looks at.
const detectBytes = 2 << 10

// DetectLanguage guesses the language of the first 2 KiB of a sample of prose:
// an ISO 639-1 code, or "" when it is not sure. The script decides for scripts
// that one language (nearly) owns; else the stop words of the languages in
// Names do. It is meant to choose an analyzer, not to be a linguist.
func DetectLanguage(sample string) string {
	if len(sample) > detectBytes {
		n := detectBytes
		for n > detectBytes-utf8.UTFMax && !utf8.RuneStart(sample[n]) {
			n--
		}
		sample = sample[:n]
	}
	if isASCII(sample) {
		return detectByWords(sample)
	}
	var latin, cyrillic, arabic, han, kana, hangul, thai, tamil, greek, hebrew, devanagari int
	var foreign int // letters of Cyrillic or Arabic that Russian or Arabic do not have
	for _, r := range sample {
		switch {
		case r < utf8.RuneSelf:
			if r|0x20 >= 'a' && r|0x20 <= 'z' {
				latin++
			}
			continue
		case !unicode.IsLetter(r):
			continue
		case r < 0x250:
			latin++
		case r >= 0x370 && r < 0x400:
			greek++
		case r >= 0x400 && r < 0x530:
			cyrillic++
			switch r {
			case 'і', 'ї', 'є', 'ґ', 'ў', 'ј', 'љ', 'њ', 'ћ', 'ђ', 'џ', 'ѓ', 'ќ', 'ѕ', 'ә', 'ө', 'ү', 'қ', 'ғ', 'ң':
				foreign++
			}
		case r >= 0x590 && r < 0x600:
			hebrew++
		case r >= 0x600 && r < 0x780:
			arabic++
			switch r {
			case 'پ', 'چ', 'ژ', 'گ', 'ک', 'ی', 'ٹ', 'ڈ', 'ڑ', 'ں', 'ے', 'ۆ', 'ې':
				foreign++
			}
		case r >= 0x900 && r < 0x980:
			devanagari++
		case r >= 0xB80 && r < 0xC00:
			tamil++
		case r >= 0xE00 && r < 0xE80:
			thai++
		case r >= 0x3041 && r < 0x3100:
			kana++
		case r >= 0x3400 && r < 0xA000:
			han++
		case r >= 0xAC00 && r < 0xD7B0:
			hangul++
		}
	}
	letters := latin + cyrillic + arabic + han + kana + hangul + thai + tamil + greek + hebrew + devanagari
	if letters < 4 {
		return ""
	}
	// A character of Han, kana or Hangul stands for about two letters.
	most := func(n int) bool { return 2*n > letters }
	switch {
	case 2*(han+kana+hangul)+latin < 4:
	case 4*(han+kana+hangul) > letters+(han+kana+hangul):
		switch {
		case 4*hangul > han+kana:
			return "ko"
		case 10*kana > han:
			return "ja"
		}
		return "zh"
	}
	switch {
	case most(thai):
		return "th"
	case most(tamil):
		return "ta"
	case most(greek):
		return "el"
	case most(hebrew):
		return "he"
	case most(devanagari), most(arabic) && 50*foreign > arabic, most(cyrillic) && 50*foreign > cyrillic:
		return "" // several languages share the script
	}
	return detectByWords(sample)
}

// wordTable says, as a bit set of indexes into languages, which languages have
// a word as a function word. Most words of a text are none: outline keeps them
// from being looked up.
type wordTable struct {
	languages map[string]uint32
	outlines  [1 << 12]bool
}

func outline(w []byte) int {
	return (int(w[0])<<5 ^ int(w[len(w)-1])<<2 ^ len(w)<<7) & (1<<12 - 1)
}

func (t *wordTable) lookup(w []byte) uint32 {
	if !t.outlines[outline(w)] {
		return 0
	}
	return t.languages[string(w)]
}

var functionWords = sync.OnceValue(func() *wordTable {
	t := &wordTable{languages: map[string]uint32{}}
	for i, l := range languages {
		for w := range set(l.stop) {
			t.languages[w] |= 1 << i
			t.outlines[outline([]byte(w))] = true
		}
	}
	return t
})

// asciiLetters are the lower-case forms of the bytes that words are made of in
// ASCII; 0 for others.
var asciiLetters = func() (t [utf8.RuneSelf]byte) {
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = c, c
	}
	t['\''] = '\''
	return t
}()

func detectByWords(sample string) string {
	const whole = 12 // the weight of a word that one language owns
	var score [32]int
	var own [32]uint64 // which words that English has not, by the bits of their outlines
	known := functionWords()
	seen, hits := 0, 0
	var buf [32]byte
	for i := 0; i < len(sample); {
		n := 0
		j := i
		for j < len(sample) {
			if c := sample[j]; c < utf8.RuneSelf {
				if c = asciiLetters[c]; c == 0 {
					break
				}
				if n+utf8.UTFMax <= len(buf) {
					buf[n] = c
					n++
				}
				j++
				continue
			}
			r, size := utf8.DecodeRuneInString(sample[j:])
			if !unicode.IsLetter(r) && !unicode.IsMark(r) {
				break
			}
			if n+utf8.UTFMax <= len(buf) {
				n += utf8.EncodeRune(buf[n:], unicode.ToLower(r))
			}
			j += size
		}
		if n > 0 {
			seen++
			// A consonant by itself is an initial or a symbol before it is a word.
			initial := n == 1 && buf[0] < utf8.RuneSelf && !strings.ContainsRune("aeiouy", rune(buf[0]))
			if mask := known.lookup(buf[:n]); mask != 0 && !initial {
				hits++
				share := whole / bits.OnesCount32(mask)
				kind := uint64(1) << (outline(buf[:n]) & 63)
				if n == 1 || mask&englishBit != 0 {
					kind = 0
				}
				for m := mask; m != 0; m &= m - 1 {
					l := bits.TrailingZeros32(m)
					score[l] += share
					own[l] |= kind
				}
			}
			i = j
			continue
		}
		_, size := utf8.DecodeRuneInString(sample[i:])
		i += size
	}
	best, second := 0, -1
	for i := 1; i < len(languages); i++ {
		if score[i] > score[best] {
			best, second = i, best
		} else if second < 0 || score[i] > score[second] {
			second = i
		}
	}
	// Running prose has a function word in every second to fifth word; a table
	// or a list of names has none and stays undecided.
	if seen < 4 || hits*8 < seen || score[best] < 2*whole || 4*score[best] < 5*score[second] {
		return ""
	}
	// An English text may repeat a name or a symbol that is a word elsewhere.
	few := 2
	if seen > 20 {
		few = 3
	}
	if 1<<best != englishBit && bits.OnesCount64(own[best]) < few {
		return ""
	}
	return languages[best].code
}

// englishBit is that of English in a mask of languages.
var englishBit = func() uint32 {
	for i, l := range languages {
		if l.code == "en" {
			return 1 << i
		}
	}
	return 0
}()
