package encode

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

var tinyCausal = tinymodel.Decoder{Architecture: "qwen3", Layers: 2, Width: 40, Heads: 4, KeyHeads: 2, Size: 32, Inner: 72, Positions: 512}

func openCausal(t *testing.T, name string) *Causal {
	t.Helper()
	e, err := OpenCausal(name, model.F32)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// causalFolder is a small language model as sentence-transformers saves it: its letters are bytes, and its
// texts end in <end>.
func causalFolder(t *testing.T, pooling map[string]any, prompts map[string]string) string {
	t.Helper()
	const width, inner, size, words = 32, 48, 16, 257
	rng := rand.New(rand.NewPCG(3, 4))
	tensors := map[string]tinymodel.Tensor{}
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			if v[i] = float32(rng.NormFloat64() * .2); len(shape) == 1 {
				v[i]++
			}
		}
		tensors[name] = tinymodel.Tensor{Shape: shape, Values: v}
	}
	add("embed_tokens.weight", words, width)
	add("norm.weight", width)
	for i := range 2 {
		p := fmt.Sprintf("layers.%d.", i)
		for _, n := range []string{"q", "k"} {
			add(p+"self_attn."+n+"_norm.weight", size)
		}
		for n, out := range map[string]int{"q": 64, "k": 32, "v": 32} {
			add(p+"self_attn."+n+"_proj.weight", out, width)
		}
		add(p+"self_attn.o_proj.weight", width, 64)
		add(p+"input_layernorm.weight", width)
		add(p+"post_attention_layernorm.weight", width)
		add(p+"mlp.gate_proj.weight", inner, width)
		add(p+"mlp.up_proj.weight", inner, width)
		add(p+"mlp.down_proj.weight", width, inner)
	}
	dir := tinymodel.Folder(t, map[string]any{"model_type": "qwen3", "architectures": []string{"Qwen3ForCausalLM"}, "hidden_size": width, "intermediate_size": inner, "num_hidden_layers": 2,
		"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": size, "vocab_size": words, "max_position_embeddings": 512, "rms_norm_eps": 1e-6, "rope_theta": 1e6, "hidden_act": "silu", "tie_word_embeddings": true}, tensors)
	vocabulary := map[string]int{"<end>": 256}
	next := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if !(r >= '!' && r <= '~' || r >= '¡' && r <= '¬' || r >= '®') {
			r = next
			next++
		}
		vocabulary[string(r)] = b
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "tokenizer.json"), map[string]any{
		"added_tokens":  []any{map[string]any{"id": 256, "content": "<end>", "special": true}},
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false},
		"post_processor": map[string]any{"type": "TemplateProcessing", "single": []any{map[string]any{"Sequence": map[string]any{"id": "A", "type_id": 0}}, map[string]any{"SpecialToken": map[string]any{"id": "<end>", "type_id": 0}}},
			"special_tokens": map[string]any{"<end>": map[string]any{"id": "<end>", "ids": []int{256}, "tokens": []string{"<end>"}}}},
		"model": map[string]any{"type": "BPE", "vocab": vocabulary, "merges": []any{}},
	})
	for folder, said := range map[string]any{"1_Pooling": pooling} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o777); err != nil {
			t.Fatal(err)
		}
		tinymodel.WriteJSON(t, filepath.Join(dir, folder, "config.json"), said)
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "config_sentence_transformers.json"), map[string]any{"prompts": prompts})
	return dir
}

// naivePool is the vector of length 1 of states, in float64.
func naivePool(states []float32, width, from, end int, pooling string) []float64 {
	v, weights := make([]float64, width), 0.
	for i := range len(states) / width {
		weight := 1.
		switch pooling {
		case "weightedmean":
			weight = float64(i + 1)
		case "last":
			from, end = len(states)/width-1, len(states)/width
		}
		if i < from || i >= end {
			continue
		}
		weights += weight
		for j := range v {
			v[j] += weight * float64(states[i*width+j])
		}
	}
	length := 0.
	for j := range v {
		v[j] /= weights
		length += v[j] * v[j]
	}
	for j := range v {
		v[j] /= math.Sqrt(length)
	}
	return v
}

func one(t *testing.T, e *Causal, text string, u Use) vector.Value {
	t.Helper()
	for v, err := range e.All(t.Context(), slices.Values([]string{text}), u) {
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	return nil
}

// TestCausalPooling compares each way of pooling with the oracle, over the model's own states.
func TestCausalPooling(t *testing.T) {
	path := tinyCausal.Write(t, 1)
	texts := []string{"the fine sieve", "a", strings.Repeat("they sieve ", 14)}
	for _, pooling := range []string{"mean", "weightedmean", "last", "echo,mean", "echo,last", "echo,weightedmean"} {
		e := openCausal(t, path+"#"+pooling)
		echo, kind, _ := strings.Cut(pooling, ",")
		if kind == "" {
			kind = echo
		}
		for _, text := range texts {
			whole := text
			if echo == "echo" {
				whole = echoFirst + text + echoAgain + text
			}
			ids := e.model.Tokenizer.IDs(whole, -1)
			if len(ids) == 0 { // most below none
				for _, token := range e.model.Tokenizer.Encode(whole, -1) {
					ids = append(ids, token.ID)
				}
			}
			states, err := e.model.States(t.Context(), e.model.NewCache(), ids)
			if err != nil {
				t.Fatal(err)
			}
			from := 0
			if echo == "echo" { // these letters are tokens by themselves, but for "th" and "the"
				from = len(ids) - len(e.model.Tokenizer.Encode(text, -1))
			}
			want := naivePool(states, 40, from, len(ids), kind)
			for j, v := range one(t, e, text, Passage).(vector.Dense) {
				if math.Abs(float64(v)-want[j]) > 1e-6 {
					t.Fatalf("%s of %q: number %d is %g, want %g", pooling, text, j, v, want[j])
				}
			}
		}
	}
}

// TestCausalAlone: a vector is the same alone and among others, to the last bit, whoever came before.
func TestCausalAlone(t *testing.T) {
	e := openCausal(t, causalFolder(t, map[string]any{"pooling_mode_lasttoken": true}, nil))
	var texts []string
	for i := range 70 {
		texts = append(texts, strings.Repeat("sieve ", i%9)+fmt.Sprint(i))
	}
	i := 0
	for v, err := range e.All(t.Context(), slices.Values(texts), Passage) {
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(v, one(t, e, texts[i], Passage)) {
			t.Fatalf("%q has another vector among others", texts[i])
		}
		i++
	}
	if i != len(texts) {
		t.Errorf("%d vectors", i)
	}
}

// TestCausalFolder: what sentence-transformers' files say is done. Known answers: the last token is <end>, a
// prompt stands before the text, and counts or not; what is too long is cut before <end>.
func TestCausalFolder(t *testing.T) {
	prompts := map[string]string{"query": "Q: ", "document": ""}
	for _, c := range []struct {
		name    string
		pooling map[string]any
		kind    string
		from    int
	}{
		{"last", map[string]any{"pooling_mode_lasttoken": true, "pooling_mode_mean_tokens": false}, "last", 0},
		{"mean", map[string]any{"pooling_mode_mean_tokens": true}, "mean", 0},
		{"weighted", map[string]any{"pooling_mode_weightedmean_tokens": true}, "weightedmean", 0},
		{"later files", map[string]any{"pooling_mode": "lasttoken"}, "last", 0},
		{"later files, mean", map[string]any{"pooling_mode": "mean"}, "mean", 0},
		{"without the prompt", map[string]any{"pooling_mode_mean_tokens": true, "include_prompt": false}, "mean", 3},
	} {
		dir := causalFolder(t, c.pooling, prompts)
		if !IsCausal(dir) {
			t.Fatal("not taken for a language model")
		}
		e := openCausal(t, dir)
		ids := []int32{'Q', ':', ' ', 'p', 'a', 'n', 256}
		states, err := e.model.States(t.Context(), e.model.NewCache(), ids)
		if err != nil {
			t.Fatal(err)
		}
		want := naivePool(states, 32, c.from, len(ids), c.kind)
		for j, v := range one(t, e, "pan", Query).(vector.Dense) {
			if math.Abs(float64(v)-want[j]) > 1e-6 {
				t.Fatalf("%s: number %d is %g, want %g", c.name, j, v, want[j])
			}
		}
		if reflect.DeepEqual(one(t, e, "pan", Query), one(t, e, "pan", Passage)) {
			t.Errorf("%s: a question is encoded as a passage", c.name)
		}
		if s := e.sequence("", strings.Repeat("x", 3000)); len(s.ids) != 512 || s.ids[511] != 256 {
			t.Errorf("%s: a long text has %d tokens", c.name, len(s.ids))
		}
		if i := e.Info(); i.Pooling != c.kind || i.Width != 32 || i.Tokens != 512 || i.Vectors != "dense" || i.Architecture != "qwen3" {
			t.Errorf("%s: %+v", c.name, i)
		}
	}
}

// TestCausalEcho: the first copy is read and not pooled: the tokens of the second are, whatever the length.
func TestCausalEcho(t *testing.T) {
	e := openCausal(t, causalFolder(t, map[string]any{"pooling_mode_mean_tokens": true}, map[string]string{"query": "Q "})+"#echo")
	for _, text := range []string{"pan", "", strings.Repeat("sieve and ", 200)} {
		for _, u := range []Use{Passage, Query} {
			s := e.sequence(e.prompt(u), text)
			var b strings.Builder
			for _, id := range s.ids[s.from:s.end] {
				b.WriteRune(rune(id))
			}
			got := b.String()
			if text == "" && got == "Ā" { // <end> by itself
				continue
			}
			if text == "" || len(s.ids) > 512 || s.ids[len(s.ids)-1] != 256 || s.end != len(s.ids)-1 || !strings.HasPrefix(text, got) {
				t.Errorf("%.10q: %q of %d tokens is pooled", text, got, len(s.ids))
			}
			if len(text) < 100 && got != text || len(got) < min(len(text), 200) {
				t.Errorf("%.10q: %d bytes of it are pooled", text, len(got))
			}
			if n := strings.Count(string(runes(s.ids)), got); n != 2 && len(text) < 100 {
				t.Errorf("%q stands there %d times", text, n)
			}
		}
	}
}

func runes(ids []int32) (r []rune) {
	for _, id := range ids {
		r = append(r, rune(id))
	}
	return r
}

// TestCausalTerms: the weight of a word is that of its greatest logit, and the greatest are kept.
func TestCausalTerms(t *testing.T) {
	path := tinyCausal.Write(t, 1)
	e := openCausal(t, path+"#terms:9")
	if e.Kind() != vector.KindSparse || e.Greatest() != mostWeight || e.Width() != tinymodel.Words+2 || e.Info().Vectors != "sparse" {
		t.Errorf("%+v", e.Info())
	}
	text := "the sieve"
	var ids []int32
	for _, token := range e.model.Tokenizer.Encode(text, -1) {
		ids = append(ids, token.ID)
	}
	best := slices.Repeat([]float64{math.Inf(-1)}, e.model.Words)
	c := e.model.NewCache()
	for _, id := range ids {
		logits, err := e.model.Read(t.Context(), c, []int32{id})
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range logits {
			best[j] = max(best[j], float64(v))
		}
	}
	sorted := slices.Clone(best)
	slices.Sort(sorted)
	want := vector.Named{}
	for id, v := range best {
		if v >= sorted[len(sorted)-9] && v > 0 {
			want[e.model.Tokenizer.Word(int32(id))] = float32(math.Log(1 + v))
		}
	}
	got := one(t, e, text, Passage).(vector.Named)
	if len(got) != len(want) || len(got) != 9 {
		t.Fatalf("%d terms, want %d", len(got), len(want))
	}
	for word, w := range want {
		if math.Abs(float64(got[word]-w)) > 1e-6 {
			t.Errorf("%q weighs %g, want %g", word, got[word], w)
		}
	}
	dir := causalFolder(t, nil, nil)
	if err := os.Mkdir(filepath.Join(dir, "1_SpladePooling"), 0o777); err != nil {
		t.Fatal(err)
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "1_SpladePooling", "config.json"), map[string]any{"pooling_strategy": "max", "activation_function": "relu"})
	tinymodel.WriteJSON(t, filepath.Join(dir, "config_sentence_transformers.json"), map[string]any{"max_active_dims": 5})
	if v := one(t, openCausal(t, dir), "pan", Passage).(vector.Named); len(v) != 5 {
		t.Errorf("%d terms of a folder that says 5", len(v))
	}
}

// TestCausalNames: what vectors depend on is in the name, where it comes again is in the place.
func TestCausalNames(t *testing.T) {
	shape := tinyCausal
	shape.Change = func(v map[string]any) {
		v["qwen3.pooling_type"], v["tokenizer.ggml.add_eos_token"] = uint32(3), true
	}
	path := shape.Write(t, 1)
	plain := openCausal(t, path)
	if s := plain.sequence("", "a"); plain.reading.pooling != "last" || s.ids[len(s.ids)-1] != 2 {
		t.Errorf("the file's pooling_type 3 is %q, of %v", plain.reading.pooling, s.ids)
	}
	names := map[string]string{}
	for _, asked := range []string{"", "#mean", "#echo", "#terms", "#terms:9", "#echo,terms"} {
		e := openCausal(t, path+asked)
		if other, ok := names[e.Name()]; ok {
			t.Errorf("%q and %q have one name", asked, other)
		}
		names[e.Name()] = asked
		if again := openCausal(t, e.Place()); again.Name() != e.Name() || !strings.HasSuffix(e.Place(), asked) {
			t.Errorf("%s is opened again as another", e.Place())
		}
	}
	with := plain.With(Input{Headings: true})
	if with.Name() == plain.Name() || with.Input() == plain.Input() || !reflect.DeepEqual(one(t, with, "a", Passage), one(t, plain, "a", Passage)) {
		t.Error("an input is not in the name")
	}
	small, err := OpenCausal(path, model.Int8)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	if small.Name() == plain.Name() {
		t.Error("a precision is not in the name")
	}
}

func TestWrongCausal(t *testing.T) {
	path := tinyCausal.Write(t, 1)
	mean := map[string]any{"pooling_mode_mean_tokens": true}
	both := causalFolder(t, map[string]any{"pooling_mode_mean_tokens": true, "pooling_mode_lasttoken": true}, nil)
	first := causalFolder(t, map[string]any{"pooling_mode_cls_token": true}, nil)
	behind := causalFolder(t, mean, nil)
	if err := os.Mkdir(filepath.Join(behind, "2_Dense"), 0o777); err != nil {
		t.Fatal(err)
	}
	long := causalFolder(t, mean, map[string]string{"query": strings.Repeat("x", 600)})
	for name, say := range map[string]string{
		path: "#mean, #last or #terms", path + "#median": "#median: behind a language model", path + "#mean:3": "#mean:3", path + "#terms:0": "#terms:0", path + "#": "language model",
		both: "one of them alone", first: "one of them alone", behind: "2_Dense", long: "no room for text", filepath.Join(t.TempDir(), "none.gguf") + "#mean": "none.gguf",
	} {
		if e, err := OpenCausal(name, model.F32); err == nil || !strings.Contains(err.Error(), say) {
			if e != nil {
				e.Close()
			}
			t.Errorf("%s: %v instead of %q", filepath.Base(name), err, say)
		}
	}
	if _, err := OpenCausal(path, model.F32); !errors.Is(err, model.ErrUnsupported) {
		t.Error(err)
	}
}
