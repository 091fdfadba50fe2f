package tokenizer

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
)

var vocabulary = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "sie", "##ve", "##v", "un", "##able", "##aff", "cafe",
	"i", ".", ",", "-", "東", "京", "か", "ᄒ", "##ᅡ", "##ᆫ", "strasse", "##!", "!", "straße", "σ", "##σ"}

func fromWords(t testing.TB) *Tokenizer {
	t.Helper()
	dir := t.TempDir()
	tinymodel.WriteFile(t, filepath.Join(dir, "vocab.txt"), []byte(strings.Join(vocabulary, "\n")))
	tok, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// TestEncode: the expected pieces are those that the published tokenizer gives.
func TestEncode(t *testing.T) {
	tok := fromWords(t)
	for _, c := range []struct {
		text, want string
	}{
		{"", ""},
		{" \t\n", ""},
		{"The sieve.", "the|The sie|sie ##ve|ve .|."},
		{"unaffable", "un|un ##aff|aff ##able|able"},
		{"unaffablex the", "[UNK]|unaffablex the|the"},
		{"CAFÉ, cafe\u0301", "cafe|CAFÉ ,|, cafe|cafe"},
		{"İ", "i|İ"},
		{"the\u00a0the\u3000the", "the|the the|the the|the"},
		{"th\u200be\x00", "the|th\u200be"},
		{"東京か", "東|東 京|京 か|か"},
		{"한", "ᄒ|한 ##ᅡ|한 ##ᆫ|한"},
		{"the-the!", "the|the -|- the|the !|!"},
		{"the[SEP]the [sep]", "the|the [SEP]|[SEP] the|the [UNK]|[ [UNK]|sep [UNK]|]"},
		{"straße ΣΣ", "straße|straße σ|Σ ##σ|Σ"},
		{strings.Repeat("i", 101), "[UNK]|" + strings.Repeat("i", 101)},
		{"\xff\xfethe", "the|the"},
	} {
		var got []string
		for _, token := range tok.Encode(c.text, -1) {
			got = append(got, vocabulary[token.ID]+"|"+c.text[token.Start:token.End])
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%q:\n%s\n%s", c.text, s, c.want)
		}
	}
}

func TestLimits(t *testing.T) {
	tok := fromWords(t)
	long := strings.Repeat("the sieve ", 1<<20)
	if got := tok.IDs(long, 6); !slices.Equal(got, []int32{2, 5, 6, 7, 5, 3}) {
		t.Error(got)
	}
	if got := tok.IDs(long, 1); !slices.Equal(got, []int32{2, 3}) {
		t.Error(got)
	}
	if got := tok.Encode(strings.Repeat("x", 10<<20), 3); !slices.Equal(got, []Token{{1, 0, 10 << 20}}) {
		t.Error(got)
	}
}

func config(change func(map[string]any)) map[string]any {
	words := map[string]int{}
	for i, w := range vocabulary {
		words[w] = i
	}
	c := map[string]any{
		"normalizer":    map[string]any{"type": "BertNormalizer", "lowercase": false},
		"pre_tokenizer": map[string]any{"type": "BertPreTokenizer"},
		"added_tokens":  []any{map[string]any{"id": 3, "content": "[SEP]"}},
		"truncation":    map[string]any{"max_length": 17},
		"post_processor": map[string]any{"type": "TemplateProcessing", "special_tokens": map[string]any{"[CLS]": map[string]any{"ids": []int{2}}, "[SEP]": map[string]any{"ids": []int{3}}},
			"single": []any{map[string]any{"SpecialToken": map[string]any{"id": "[CLS]"}}, map[string]any{"Sequence": map[string]any{"id": "A"}}, map[string]any{"SpecialToken": map[string]any{"id": "[SEP]"}}}},
		"model": map[string]any{"type": "WordPiece", "unk_token": "[UNK]", "vocab": words},
	}
	if change != nil {
		change(c)
	}
	return c
}

func TestFile(t *testing.T) {
	dir := t.TempDir()
	tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer.json"), config(nil))
	tok, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.IDs("the The café [SEP] sieve", 99); !slices.Equal(got, []int32{2, 5, 1, 1, 3, 6, 7, 3}) || tok.Most != 17 || tok.Words() != len(vocabulary) {
		t.Error(got, tok.Most, tok.Words())
	}
}

func TestWrongFiles(t *testing.T) {
	for _, c := range []struct {
		change func(c map[string]any)
		want   string
		is     error
	}{
		{func(c map[string]any) { c["model"] = map[string]any{"type": "WordLevel", "vocab": []int{1}} }, "its model is WordLevel; supported are WordPiece", ErrUnsupported},
		{func(c map[string]any) { c["normalizer"] = nil }, "supported are WordPiece with BertNormalizer", ErrUnsupported},
		{func(c map[string]any) { c["pre_tokenizer"] = map[string]any{"type": "ByteLevel"} }, "supported are", ErrUnsupported},
		{func(c map[string]any) { c["post_processor"] = map[string]any{"type": "Roberta"} }, "post_processor Roberta", ErrUnsupported},
		{func(c map[string]any) {
			c["added_tokens"] = []any{map[string]any{"id": 3, "content": "x", "normalized": true}}
		}, "added token x", ErrUnsupported},
		{func(c map[string]any) { c["added_tokens"] = []any{map[string]any{"id": -3, "content": "x"}} }, "added token x has number -3", nil},
		{func(c map[string]any) { c["model"].(map[string]any)["unk_token"] = "<unk>" }, "no unknown word <unk>", nil},
		{func(c map[string]any) { c["model"].(map[string]any)["vocab"].(map[string]int)["the"] = 1 << 30 }, "word the has number 1073741824", nil},
		{func(c map[string]any) { c["model"].(map[string]any)["continuing_subword_prefix"] = "@@" }, "continuing_subword_prefix @@", ErrUnsupported},
	} {
		dir := t.TempDir()
		tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer.json"), config(c.change))
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "neither tokenizer.json nor vocab.txt") {
		t.Error(err)
	}
}

// FuzzEncode: tokens stand in order inside of the text, and a limit cuts them off.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "The sieve [SEP].", "\xff한cafe\u0301", "[[SEP]", "東京"} {
		f.Add(s, 3)
	}
	tok := fromWords(f)
	f.Fuzz(func(t *testing.T, text string, most int) {
		all := tok.Encode(text, -1)
		for i, token := range all {
			if token.Start >= token.End || token.End > len(text) || i > 0 && token.Start < all[i-1].Start || int(token.ID) >= tok.Words() {
				t.Fatalf("%q: token %v", text, token)
			}
		}
		if most = max(0, most%10); !slices.Equal(tok.Encode(text, most), all[:min(most, len(all))]) {
			t.Fatalf("%q: %d tokens are other ones", text, most)
		}
	})
}

// FuzzParse: files of others give a tokenizer or an error.
func FuzzParse(f *testing.F) {
	f.Add(`{"model":{"type":"WordPiece","unk_token":"u","vocab":{"u":0}},"normalizer":{"type":"BertNormalizer"},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":{"type":"BertProcessing","cls":["u",0],"sep":["u",0]}}`)
	f.Fuzz(func(t *testing.T, data string) {
		tok, err := parse([]byte(data))
		if err != nil {
			return
		}
		for _, id := range tok.IDs("u The x", 10) {
			if id < 0 || int(id) >= tok.Words() {
				t.Fatal(fmt.Sprint("token ", id))
			}
		}
	})
}
