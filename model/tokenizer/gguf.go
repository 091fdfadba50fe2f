package tokenizer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model/weights"
)

// cuts are the pre-tokenisers that GGUF files name, as tokenizer.json writes them.
var cuts = map[string]string{
	"default":   `{"type":"ByteLevel","add_prefix_space":false}`,
	"gpt-2":     `{"type":"ByteLevel","add_prefix_space":false}`,
	"smollm":    `{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false}]}`,
	"qwen2":     splitBy(patternQwen2),
	"llama-bpe": splitBy(patternLlama3),
}

func splitBy(pattern string) string {
	b, _ := json.Marshal(pattern) // of a string: never fails
	return `{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":` + string(b) + `},"behavior":"Isolated"},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}`
}

// alike are the pre-tokenisers that cut as another one does.
var alike = map[string]string{
	"starcoder": "smollm", "refact": "smollm", "command-r": "smollm", "codeshell": "smollm", "minerva-7b": "smollm",
	"mpt": "gpt-2", "olmo": "gpt-2", "phi-2": "gpt-2",
	"deepseek-r1-qwen": "qwen2", "stablelm2": "qwen2",
	"llama3": "llama-bpe", "llama-v3": "llama-bpe", "falcon3": "llama-bpe",
}

// The kinds of pieces that GGUF files tell apart.
const (
	ggufUnknown = 2
	ggufControl = 3
	ggufUser    = 4
)

// OfGGUF is the tokenizer that a GGUF file describes: byte-level BPE ("gpt2"), or
// SentencePiece's BPE with bytes to fall back on ("llama").
func OfGGUF(v weights.Values) (*Tokenizer, error) {
	kind := v.String("tokenizer.ggml.model")
	pieces, err := listOf[string](v, "tokenizer.ggml.tokens")
	if err != nil {
		return nil, err
	}
	f := file{Model: modelFile{Type: "BPE", ids: make(map[string]int32, len(pieces))}}
	for i, p := range pieces {
		if _, ok := f.Model.ids[p]; !ok {
			f.Model.ids[p] = int32(i)
		}
	}
	switch kind {
	case "gpt2":
		err = f.byteLevel(v)
	case "llama":
		err = f.sentencePieces(v, pieces)
	default:
		err = fmt.Errorf("%w: tokenizer.ggml.model is %s; supported are gpt2 and llama", ErrUnsupported, screen.Name(kind))
	}
	if err != nil {
		return nil, err
	}
	kinds, _ := v["tokenizer.ggml.token_type"].([]any) // without them no piece is special
	for i, k := range kinds {
		if n, ok := number(k); ok && i < len(pieces) && (n == ggufControl || n == ggufUser) && pieces[i] != "" {
			f.Added = append(f.Added, addedFile{ID: int32(i), Content: pieces[i]})
		} else if ok && n == ggufUnknown && kind == "llama" && i < len(pieces) {
			f.Model.Unknown = &pieces[i]
		}
	}
	t, err := f.tokenizer()
	if err != nil {
		return nil, err
	}
	first := kind == "llama"
	if add, ok := v["tokenizer.ggml.add_bos_token"].(bool); ok {
		first = add
	}
	if id, ok := v.Int("tokenizer.ggml.bos_token_id"); ok && first {
		t.Before = []int32{int32(id)}
	}
	last, _ := v["tokenizer.ggml.add_eos_token"].(bool)
	if id, ok := v.Int("tokenizer.ggml.eos_token_id"); ok && last {
		t.After = []int32{int32(id)}
	}
	return t, nil
}

func (f *file) byteLevel(v weights.Values) error {
	pre := cmp.Or(v.String("tokenizer.ggml.pre"), "default")
	pre = cmp.Or(alike[pre], pre)
	cut, ok := cuts[pre]
	if !ok {
		return fmt.Errorf("%w: tokenizer.ggml.pre is %s; supported are %s", ErrUnsupported, screen.Name(pre),
			strings.Join(slices.Sorted(maps.Keys(cuts)), ", ")+" and, as one of these, "+strings.Join(slices.Sorted(maps.Keys(alike)), ", "))
	}
	f.Pre = json.RawMessage(cut)
	f.Model.Whole = pre == "llama-bpe"
	merges, err := listOf[string](v, "tokenizer.ggml.merges")
	if err != nil {
		return err
	}
	for i, m := range merges {
		a, b, ok := strings.Cut(m, " ")
		if !ok {
			return fmt.Errorf("merge %d is not two pieces", i)
		}
		f.Model.Merges = append(f.Model.Merges, mergeFile{a, b})
	}
	return nil
}

// sentencePieces takes pieces with scores: two that stand beside each other are joined
// where they are a piece together, the one with the greatest score first.
func (f *file) sentencePieces(v weights.Values, pieces []string) error {
	scores, err := listOf[float64](v, "tokenizer.ggml.scores")
	if err != nil {
		return err
	}
	if len(scores) != len(pieces) {
		return fmt.Errorf("%d pieces have %d scores", len(pieces), len(scores))
	}
	order := make([]int, len(pieces))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	for _, i := range order {
		for at := range pieces[i] {
			_, left := f.Model.ids[pieces[i][:at]]
			_, right := f.Model.ids[pieces[i][at:]]
			if left && right {
				f.Model.Merges = append(f.Model.Merges, mergeFile{pieces[i][:at], pieces[i][at:]})
			}
		}
	}
	f.Model.Fallback, f.Model.Fuse = true, true
	f.Normalizer = json.RawMessage(`{"type":"Replace","pattern":{"String":" "},"content":"▁"}`)
	if add, ok := v["tokenizer.ggml.add_space_prefix"].(bool); !ok || add {
		f.Normalizer = json.RawMessage(`{"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"▁"},{"type":"Replace","pattern":{"String":" "},"content":"▁"}]}`)
	}
	return nil
}

// listOf is a list of one kind under a key.
func listOf[T any](v weights.Values, key string) ([]T, error) {
	all, ok := v[key].([]any)
	if !ok || len(all) == 0 {
		return nil, fmt.Errorf("the file has no %s", key)
	}
	if len(all) > mostWords {
		return nil, fmt.Errorf("%s has %d entries; at most %d are read", key, len(all), mostWords)
	}
	list := make([]T, len(all))
	for i, x := range all {
		if list[i], ok = x.(T); !ok {
			return nil, fmt.Errorf("entry %d of %s is of another kind", i, key)
		}
	}
	return list, nil
}

func number(x any) (int64, bool) {
	switch n := x.(type) {
	case int64:
		return n, true
	case uint64:
		return int64(n), true
	}
	return 0, false
}

// Bytes are what a token adds to a text: nothing where it only says something of it.
func (t *Tokenizer) Bytes(id int32) []byte {
	name := t.Word(id)
	switch {
	case name == "" || t.added.has(id):
		return nil
	case t.pipeline == nil:
		return []byte(name)
	case t.pipeline.level:
		raw, _ := rawBytes(name) // what is written otherwise is no text
		return []byte(raw)
	}
	var b byte
	if n, err := fmt.Sscanf(name, "<0x%02X>", &b); err == nil && n == 1 && len(name) == 6 {
		return []byte{b}
	}
	return []byte(strings.ReplaceAll(name, "▁", " "))
}
