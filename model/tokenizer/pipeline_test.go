package tokenizer

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/dlclark/regexp2"

	"github.com/tamis-search/tamis/internal/tinymodel"
)

func fromFile(t testing.TB, content map[string]any) *Tokenizer {
	t.Helper()
	dir := t.TempDir()
	tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer.json"), content)
	tok, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type object = map[string]any

// byteLevel knows all bytes, as numbers from 10 on, and "sie", "siev" and " sieve".
func byteLevel(more object) object {
	vocab := object{"<s>": 0, "</s>": 1, "si": 2, "sie": 3, "siev": 4, "sieve": 5, "Ġsieve": 6, "ve": 7}
	for b, r := range byteRunes {
		vocab[string(r)] = b + 10
	}
	c := object{"model": object{"type": "BPE", "vocab": vocab, "merges": []any{"s i", []string{"v", "e"}, "si e", "sie ve", "Ġ sieve"}},
		"pre_tokenizer":  object{"type": "ByteLevel", "add_prefix_space": false},
		"added_tokens":   []any{object{"id": 0, "content": "<s>"}, object{"id": 270, "content": "<mask>", "lstrip": true}},
		"post_processor": object{"type": "RobertaProcessing", "sep": []any{"</s>", 1}, "cls": []any{"<s>", 0}}}
	c["model"].(object)["vocab"].(object)["sieve"] = 5
	for k, v := range more {
		c[k] = v
	}
	return c
}

func unigramFile(more object) object {
	c := object{"model": object{"type": "Unigram", "unk_id": 0, "vocab": []any{[]any{"<unk>", 0}, []any{"▁", -3}, []any{"a", -4}, []any{"▁a", -4.5}, []any{"ab", -5}, []any{"▁ab", -9}, []any{"b", -4}, []any{"é", -6}}},
		"normalizer":    object{"type": "NFC"},
		"pre_tokenizer": object{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}}
	for k, v := range more {
		c[k] = v
	}
	return c
}

func TestPipelines(t *testing.T) {
	for _, c := range []struct {
		file       object
		text, want string
	}{
		{byteLevel(nil), "sieve sieve", "sieve|sieve Ġsieve|sieve"},
		{byteLevel(nil), "sie  <mask>ve", "sie|sie <mask>|  <mask> ve|ve"},
		{byteLevel(nil), "é", "Ã|é ©|é"},
		{byteLevel(object{"pre_tokenizer": object{"type": "ByteLevel"}}), "sieve", "Ġsieve|sieve"},
		{byteLevel(object{"normalizer": object{"type": "Replace", "pattern": object{"String": "x"}, "content": "s"}}), "xieve", "sieve|xieve"},
		{unigramFile(nil), "ab a", "▁|a ab|ab ▁a| a"},
		{unigramFile(nil), "ae\u0301", "▁a|a é|e\u0301"},
		{unigramFile(nil), "xyé", "▁|x <unk>|xy é|é"},
		{unigramFile(object{"normalizer": object{"type": "Sequence", "normalizers": []any{object{"type": "Lowercase"}, object{"type": "NFD"}, object{"type": "StripAccents"}}}}), "Á B", "▁a|Á ▁|  b|B"},
	} {
		tok := fromFile(t, c.file)
		var got []string
		for _, token := range tok.Encode(c.text, -1) {
			got = append(got, tok.Word(token.ID)+"|"+c.text[token.Start:token.End])
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q:\n%s\n%s", c.text, s, c.want)
		}
	}
	p := fromFile(t, byteLevel(nil)).Pair("sieve", "sie sieve sieve", 8)
	if !slices.Equal(p.IDs, []int32{0, 5, 1, 1, 3, 6, 6, 1}) || slices.Max(p.Kinds) != 0 || p.From != 4 || !slices.Equal(p.Second, []Token{{3, 0, 3}, {6, 4, 9}, {6, 10, 15}}) {
		t.Errorf("%+v", p)
	}
}

func TestWrongPipelines(t *testing.T) {
	for want, change := range map[string]object{
		"Template":                   {"post_processor": object{"type": "Template"}},
		"merge 0 of q and r":         {"model": object{"type": "BPE", "vocab": object{"a": 0}, "merges": []string{"q r"}}},
		"a merge is not two pieces":  {"model": object{"type": "BPE", "vocab": object{"a": 0}, "merges": []string{"q"}}},
		"the pattern (?<=x)y":        {"pre_tokenizer": object{"type": "Split", "pattern": object{"Regex": "(?<=x)y"}, "behavior": "Isolated"}},
		"behavior Odd":               {"pre_tokenizer": object{"type": "Split", "pattern": object{"String": " "}, "behavior": "Odd"}},
		"precompiled_charsmap":       {"normalizer": object{"type": "Precompiled", "precompiled_charsmap": []byte{255, 0, 0, 0, 1}}},
		"unk_id 7 is not one of 1":   {"model": object{"type": "Unigram", "unk_id": 7, "vocab": []any{[]any{"a", 1}}}},
		"not a piece and its score":  {"model": object{"type": "Unigram", "vocab": []any{[]any{1, 1}}}},
		"a Sequence of more than 64": {"normalizer": object{"type": "Sequence", "normalizers": make([]object, 65)}},
	} {
		dir := t.TempDir()
		tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer.json"), byteLevel(change))
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// FuzzScanners compares each scanner with its pattern.
func FuzzScanners(f *testing.F) {
	for _, s := range []string{"", "We'll see 12345 things.\r\n\n  And 'Ss ſ", " \u3000x\u00a0 'ſ", "a\t\tb !?\n\n x", "'LL'l"} {
		f.Add(s)
	}
	oracles := map[string]*regexp2.Regexp{}
	for p := range scanners {
		oracles[p] = regexp2.MustCompile(strings.NewReplacer("?+", "?", "++", "+").Replace(p), regexp2.None)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) || len(text) > 200 || strings.Contains(text, "ſ") && len(text) > 60 {
			return
		}
		for p, s := range scanners {
			if s.fold && strings.Contains(text, "ſ") {
				continue // which the oracle does not fold
			}
			var got, want []string
			s.cut([]byte(text), func(from, to int, _ bool) { got = append(got, text[from:to]) })
			for m, _ := oracles[p].FindStringMatch(text); m != nil; m, _ = oracles[p].FindNextMatch(m) {
				want = append(want, m.String())
			}
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %q is cut into %q, want %q", p, text, got, want)
			}
		}
	})
}

// FuzzPipelines: the two ways of joining pairs give the same, Viterbi's way is the best of
// all, and tokens stand in order inside of the text.
func FuzzPipelines(f *testing.F) {
	for _, s := range []string{"", "sieve sieves sievesieve", "ab aab bba é xa", "a\xffb", "<s><mask> "} {
		f.Add(s)
	}
	level, uni := fromFile(f, byteLevel(nil)), fromFile(f, unigramFile(nil))
	joins, best := level.pipeline.model.(*bpe), uni.pipeline.model.(*unigram)
	f.Fuzz(func(t *testing.T, text string) {
		for _, tok := range []*Tokenizer{level, uni} {
			last := 0
			for _, token := range tok.Encode(text, -1) {
				if token.Start < last || token.Start >= token.End || token.End > len(text) || int(token.ID) >= tok.Words() {
					t.Fatalf("%q: token %v", text, token)
				}
				last = token.Start
			}
		}
		a, b := joins.symbols([]byte(text)), joins.symbols([]byte(text))
		joins.join(a)
		joins.joinShort(b)
		if !slices.Equal(a, b) {
			t.Fatalf("%q: %v and %v", text, a, b)
		}
		if word := []rune(text); len(word) <= 12 && utf8.ValidString(text) {
			score := 0.
			best.cut([]byte(text), func(id int32, from, to int) {
				if id == best.unknown {
					score += best.least * float64(utf8.RuneCountInString(text[from:to]))
				} else {
					score += best.scores[id]
				}
			})
			if want := best.naive(text); math.Abs(score-want) > 1e-9 {
				t.Fatalf("%q has %g, the best is %g", text, score, want)
			}
		}
	})
}

// naive is the best score of all ways to cut a word.
func (m *unigram) naive(word string) float64 {
	if word == "" {
		return 0
	}
	_, size := utf8.DecodeRuneInString(word)
	best := math.Inf(-1)
	if _, known := m.ids[word[:size]]; !known {
		best = m.least + m.naive(word[size:])
	}
	for n := 1; n <= min(len(word), 8); n++ {
		if id, ok := m.ids[word[:n]]; ok {
			best = max(best, m.scores[id]+m.naive(word[n:]))
		}
	}
	return best
}

// TestSplits: what becomes of matches.
func TestSplits(t *testing.T) {
	for behaviour, want := range map[string]string{
		"Isolated": "a|-|-|b|-|c", "Removed": "a|b|c", "MergedWithPrevious": "a-|-|b-|c", "MergedWithNext": "a|-|-b|-c", "Contiguous": "a|--|b|-|c",
	} {
		s, _ := split(occurrences("-"), behaviour, false)
		var got []string
		s(align("a--b-c", 0, 6), func(w aligned) { got = append(got, string(w.text)) })
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %v, want %s", behaviour, got, want)
		}
	}
	if _, err := parse(fmt.Appendf(nil, `{"model":{"type":"BPE","vocab":{"a":0},"merges":[]}}`)); err != nil {
		t.Error(err)
	}
}
