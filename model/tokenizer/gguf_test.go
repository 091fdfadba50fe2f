package tokenizer

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/weights"
)

// TestGGUFSentencePieces compares the ids of lines with those of the library that trained
// the pieces.
func TestGGUFSentencePieces(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to compare with sentencepiece (needs python3 and that package)")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := append(strings.Split(string(text), "\n"), "", " ", "  two  spaces ", "tab\there", "Über—größer", "日本語 text 한국어", "naïve café", "😀😀 👩‍👩‍👧", "x\u0301", "\u200b", "0123456789", "<s> </s> <unk>x")
	cmd := exec.Command("python3", filepath.Join("testdata", "sentencepiece_peer.py"))
	cmd.Stdin, cmd.Stderr = strings.NewReader(strings.Join(lines, "\n")), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Tokens []any
		Scores []any
		Types  []int64
		IDs    [][]int32
	}
	if err := json.Unmarshal(out, &want); err != nil {
		t.Fatal(err)
	}
	v := weights.Values{"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": want.Tokens, "tokenizer.ggml.scores": want.Scores, "tokenizer.ggml.add_bos_token": false}
	var kinds []any
	for _, k := range want.Types {
		kinds = append(kinds, k)
	}
	v["tokenizer.ggml.token_type"] = kinds
	tok, err := OfGGUF(v)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range lines {
		if strings.Contains(line, "<s>") {
			continue // a control token where it stands literally, which the library never reads so
		}
		ids := []int32{}
		var said []byte
		for _, x := range tok.Encode(line, -1) {
			ids, said = append(ids, x.ID), append(said, tok.Bytes(x.ID)...)
		}
		if !slices.Equal(ids, want.IDs[i]) {
			t.Errorf("%q is %v, want %v", line, ids, want.IDs[i])
		}
		if line != "" && string(said) != " "+line {
			t.Errorf("the tokens of %q say %q", line, said)
		}
	}
	if len(want.IDs) != len(lines) {
		t.Fatalf("%d lines, %d answers", len(lines), len(want.IDs))
	}
}

// TestGGUFIsTheJSON: a tokenizer is the same from either file.
func TestGGUFIsTheJSON(t *testing.T) {
	tokens, kinds, vocab := []any{"<|end|>"}, []any{int64(3)}, map[string]int{"<|end|>": 0}
	for _, r := range byteRunes {
		vocab[string(r)] = len(tokens)
		tokens, kinds = append(tokens, string(r)), append(kinds, int64(1))
	}
	merges := []any{"t h", "th e", "Ġ the", "Ġ a"}
	for _, m := range merges {
		piece := strings.ReplaceAll(m.(string), " ", "")
		vocab[piece] = len(tokens)
		tokens, kinds = append(tokens, piece), append(kinds, int64(1))
	}
	for pre, cut := range cuts {
		tok, err := OfGGUF(weights.Values{"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": pre, "tokenizer.ggml.tokens": tokens,
			"tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": merges, "tokenizer.ggml.bos_token_id": uint64(0), "tokenizer.ggml.add_bos_token": true})
		if err != nil {
			t.Fatal(err)
		}
		file, err := json.Marshal(map[string]any{"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": merges, "ignore_merges": pre == "llama-bpe"},
			"pre_tokenizer": json.RawMessage(cut), "added_tokens": []any{map[string]any{"id": 0, "content": "<|end|>", "special": true}}})
		if err != nil {
			t.Fatal(err)
		}
		same, err := parse(file)
		if err != nil {
			t.Fatal(err)
		}
		text := "the other,  theatre 2024<|end|> a\n\nÜber's"
		a, b := tok.Encode(text, -1), same.Encode(text, -1)
		if !slices.Equal(a, b) || len(a) < 20 {
			t.Errorf("%s: %v and %v", pre, a, b)
		}
		var said []byte
		for _, x := range a {
			said = append(said, tok.Bytes(x.ID)...)
		}
		if want := strings.ReplaceAll(text, "<|end|>", ""); string(said) != want || !slices.Equal(tok.Before, []int32{0}) {
			t.Errorf("%s: the tokens say %q, before %v", pre, said, tok.Before)
		}
	}
}

func TestGGUFWrong(t *testing.T) {
	for say, v := range map[string]weights.Values{
		"tokenizer.ggml.tokens":     {"tokenizer.ggml.model": "gpt2"},
		"is of another kind":        {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": []any{"a", int64(2)}},
		"is rwkv; supported are":    {"tokenizer.ggml.model": "rwkv", "tokenizer.ggml.tokens": []any{"a"}},
		"2 pieces have 1 scores":    {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": []any{"a", "b"}, "tokenizer.ggml.scores": []any{1.}},
		"merge 0 is not two pieces": {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": []any{"a"}, "tokenizer.ggml.merges": []any{"ab"}},
		"is not of the vocabulary":  {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.tokens": []any{"a"}, "tokenizer.ggml.merges": []any{"a b"}},
	} {
		if _, err := OfGGUF(v); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v instead of %q", err, say)
		}
	}
}

func TestAlikeAreKnown(t *testing.T) {
	for name, as := range alike {
		if _, ok := cuts[as]; !ok || cuts[name] != "" {
			t.Errorf("%s cuts as %s", name, as)
		}
	}
}
