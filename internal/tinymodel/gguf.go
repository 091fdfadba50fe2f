package tinymodel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Decoder is the shape of a language model.
type Decoder struct {
	Architecture                                string // as GGUF has it: llama, qwen2, qwen2moe, qwen3, qwen3moe, gemma, gemma2, gemma3, gpt2
	Layers, Width, Heads, KeyHeads, Size, Inner int
	Positions                                   int
	Experts, Taken, Shared                      int // of a mixture, 0 for none; Shared: numbers inside the expert that all take
	Window                                      int // of layers that read the nearest tokens
	Template                                    string
	Tied                                        bool                     // one matrix goes in and out
	Blocks                                      func(name string) string // the type of a matrix whose numbers are in blocks; nil and "" for F32
	Change                                      func(values map[string]any)
}

// blocks are types of numbers in blocks: their codes in GGUF files, the numbers and bytes of a
// block, where a step is and its exponent, and of how many steps, as a power of two, a least number
// after it is below 0; 0 for none.
var blocks = map[string]struct {
	code               uint32
	numbers, bytes, at int
	exponent, least    uint16
}{
	"Q4_0": {2, 32, 18, 0, 8, 0}, "Q4_1": {3, 32, 20, 0, 8, 3}, "Q5_0": {6, 32, 22, 0, 7, 0}, "Q5_1": {7, 32, 24, 0, 7, 4}, "Q8_0": {8, 32, 34, 0, 4, 0},
	"Q4_K": {12, 256, 144, 0, 1, 3}, "Q5_K": {13, 256, 176, 0, 0, 4}, "Q6_K": {14, 256, 210, 208, 0, 0},
}

// Words is the vocabulary: <|endoftext|>, <|im_start|>, <|im_end|>, and the bytes.
const Words = 259

// Write writes a GGUF file with random weights, the same for a seed, and returns its path.
func (d Decoder) Write(tb testing.TB, seed uint64) string {
	tb.Helper()
	tokens := []any{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}
	kinds := []any{int32(3), int32(3), int32(3)}
	next := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if !(r >= '!' && r <= '~' || r >= '¡' && r <= '¬' || r >= '®') {
			r = next
			next++
		}
		tokens, kinds = append(tokens, string(r)), append(kinds, int32(1))
	}
	a := d.Architecture
	values := map[string]any{
		"general.architecture": a, a + ".block_count": uint32(d.Layers), a + ".context_length": uint32(d.Positions),
		a + ".embedding_length": uint32(d.Width), a + ".feed_forward_length": uint32(d.Inner), a + ".attention.head_count": uint32(d.Heads),
		a + ".attention.head_count_kv": uint32(d.KeyHeads), a + ".attention.key_length": uint32(d.Size), a + ".attention.value_length": uint32(d.Size),
		a + ".attention.layer_norm_rms_epsilon": float32(1e-5), a + ".rope.freq_base": float32(10000),
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": tokens, "tokenizer.ggml.token_type": kinds,
		"tokenizer.ggml.merges": []any{"t h", "th e"}, "tokenizer.ggml.eos_token_id": uint32(2), "tokenizer.chat_template": d.Template,
	}
	if d.Experts > 0 {
		values[a+".expert_count"], values[a+".expert_used_count"] = uint32(d.Experts), uint32(d.Taken)
		if a != "llama" {
			delete(values, a+".feed_forward_length")
			values[a+".expert_feed_forward_length"] = uint32(d.Inner)
		}
		if d.Shared > 0 {
			values[a+".expert_shared_feed_forward_length"] = uint32(d.Shared)
		}
	}
	if d.Window > 0 {
		values[a+".attention.sliding_window"] = uint32(d.Window)
	}
	switch a {
	case "gpt2":
		values[a+".attention.layer_norm_epsilon"] = values[a+".attention.layer_norm_rms_epsilon"]
	case "gemma2":
		values[a+".attn_logit_softcapping"], values[a+".final_logit_softcapping"] = float32(5), float32(3) // so low that it shows
	case "gemma3":
		values[a+".rope.freq_base"], values[a+".rope.scaling.type"], values[a+".rope.scaling.factor"] = float32(1e6), "linear", float32(8)
	}
	values["tokenizer.ggml.tokens"] = append(tokens, "th", "the")
	values["tokenizer.ggml.token_type"] = append(kinds, int32(1), int32(1))
	if d.Change != nil {
		d.Change(values)
	}
	path := filepath.Join(tb.TempDir(), "tiny.gguf")
	if err := os.WriteFile(path, d.file(values, seed), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

// tensors are the names and shapes, outputs first.
func (d Decoder) tensors() (names []string, shapes [][]int) {
	add := func(name string, shape ...int) { names, shapes = append(names, name), append(shapes, shape) }
	gpt2 := d.Architecture == "gpt2"
	norm := func(name string, size int) {
		if add(name+".weight", size); gpt2 {
			add(name+".bias", size)
		}
	}
	product := func(name string, out, in int, biased bool) {
		if add(name+".weight", out, in); biased {
			add(name+".bias", out)
		}
	}
	add("token_embd.weight", Words+2, d.Width)
	if gpt2 {
		add("position_embd.weight", d.Positions, d.Width)
	}
	for i := range d.Layers {
		p := fmt.Sprintf("blk.%d.", i)
		norm(p+"attn_norm", d.Width)
		if gpt2 {
			product(p+"attn_qkv", (d.Heads+2*d.KeyHeads)*d.Size, d.Width, true)
		} else {
			for name, heads := range map[string]int{"q": d.Heads, "k": d.KeyHeads, "v": d.KeyHeads} {
				product(p+"attn_"+name, heads*d.Size, d.Width, strings.HasPrefix(d.Architecture, "qwen2"))
				if name != "v" && (strings.HasPrefix(d.Architecture, "qwen3") || d.Architecture == "gemma3") {
					norm(p+"attn_"+name+"_norm", d.Size)
				}
			}
		}
		product(p+"attn_output", d.Width, d.Heads*d.Size, gpt2)
		norm(p+"ffn_norm", d.Width)
		if d.Architecture == "gemma2" || d.Architecture == "gemma3" {
			norm(p+"post_attention_norm", d.Width)
			norm(p+"post_ffw_norm", d.Width)
		}
		switch {
		case gpt2:
			product(p+"ffn_up", d.Inner, d.Width, true)
			product(p+"ffn_down", d.Width, d.Inner, true)
		case d.Experts > 0:
			product(p+"ffn_gate_inp", d.Experts, d.Width, false)
			add(p+"ffn_gate_exps.weight", d.Experts, d.Inner, d.Width)
			add(p+"ffn_up_exps.weight", d.Experts, d.Inner, d.Width)
			add(p+"ffn_down_exps.weight", d.Experts, d.Width, d.Inner)
			if d.Shared > 0 {
				add(p+"ffn_gate_inp_shexp.weight", d.Width)
				product(p+"ffn_gate_shexp", d.Shared, d.Width, false)
				product(p+"ffn_up_shexp", d.Shared, d.Width, false)
				product(p+"ffn_down_shexp", d.Width, d.Shared, false)
			}
		default:
			product(p+"ffn_gate", d.Inner, d.Width, false)
			product(p+"ffn_up", d.Inner, d.Width, false)
			product(p+"ffn_down", d.Width, d.Inner, false)
		}
	}
	norm("output_norm", d.Width)
	if !d.Tied {
		add("output.weight", Words+2, d.Width)
	}
	return names, shapes
}

func (d Decoder) file(values map[string]any, seed uint64) []byte {
	var head, data bytes.Buffer
	put := func(v any) { _ = binary.Write(&head, binary.LittleEndian, v) } // to memory
	text := func(s string) { put(uint64(len(s))); head.WriteString(s) }
	names, shapes := d.tensors()
	head.WriteString("GGUF")
	put(uint32(3))
	put(uint64(len(names)))
	put(uint64(len(values)))
	var value func(v any, kind bool)
	value = func(v any, kind bool) {
		codes := map[string]uint32{"uint32": 4, "int32": 5, "float32": 6, "bool": 7, "string": 8, "[]interface {}": 9}
		if kind {
			put(codes[fmt.Sprintf("%T", v)])
		}
		switch v := v.(type) {
		case string:
			text(v)
		case []any:
			put(codes[fmt.Sprintf("%T", v[0])])
			put(uint64(len(v)))
			for _, x := range v {
				value(x, false)
			}
		default:
			put(v)
		}
	}
	for key, v := range values {
		text(key)
		value(v, true)
	}
	for i, name := range names {
		text(name)
		put(uint32(len(shapes[i])))
		n := 1
		for j := len(shapes[i]) - 1; j >= 0; j-- {
			put(uint64(shapes[i][j]))
			n *= shapes[i][j]
		}
		kind := ""
		if d.Blocks != nil && len(shapes[i]) >= 2 {
			kind = d.Blocks(name)
		}
		b := blocks[kind]
		put(b.code) // 0 is F32
		put(uint64(data.Len()))
		// Each tensor has a source of its own, so that their order does not matter.
		random := rand.New(rand.NewPCG(seed, uint64(len(name))<<32|uint64(sum(name))))
		if kind != "" {
			for range n / b.numbers {
				block := make([]byte, b.bytes)
				for j := range block {
					block[j] = byte(random.Uint32())
				}
				step := b.exponent<<10 | uint16(random.Uint32N(1<<10)) // a half-precision float
				binary.LittleEndian.PutUint16(block[b.at:], step)
				if b.least > 0 { // about as much below 0 as above
					binary.LittleEndian.PutUint16(block[2:], step+1<<15+b.least<<10)
				}
				data.Write(block)
			}
			n = 0
		}
		for range n {
			x := float32(random.NormFloat64() * .1)
			if len(shapes[i]) == 1 && strings.HasSuffix(name, "norm.weight") {
				x++
			}
			_ = binary.Write(&data, binary.LittleEndian, x)
		}
		data.Write(make([]byte, (32-data.Len()%32)%32))
	}
	head.Write(make([]byte, (32-head.Len()%32)%32))
	return append(head.Bytes(), data.Bytes()...)
}

func sum(s string) (n uint32) {
	for i := range len(s) {
		n = n*31 + uint32(s[i])
	}
	return n
}
