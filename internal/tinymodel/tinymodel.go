// Package tinymodel writes model folders with random weights for tests.
package tinymodel

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Shape is that of an encoder.
type Shape struct {
	Words, Width, Inner, Layers, Heads, Positions int
	Masked                                        bool // with the head of a masked language model
	CLS                                           bool // pooled by the first token
	Labels                                        int  // of a sequence
	Prunes                                        bool // and of each token, as OpenProvence has it; with Labels
}

// Tensor is what a file holds.
type Tensor struct {
	Shape  []int
	Values []float32
}

// Tensors are random weights by their published names.
func (s Shape) Tensors(seed uint64) map[string]Tensor {
	rng := rand.New(rand.NewPCG(seed, 1))
	all := map[string]Tensor{}
	add := func(name string, mean, spread float64, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(mean + spread*rng.NormFloat64())
		}
		all[name] = Tensor{shape, v}
	}
	linear := func(name string, out, in int) {
		add(name+".weight", 0, 1/math.Sqrt(float64(in)), out, in)
		add(name+".bias", 0, .1, out)
	}
	norm := func(name string) {
		add(name+".weight", 1, .1, s.Width)
		add(name+".bias", 0, .1, s.Width)
	}
	add("embeddings.word_embeddings.weight", 0, 1, s.Words, s.Width)
	add("embeddings.position_embeddings.weight", 0, .3, s.Positions, s.Width)
	add("embeddings.token_type_embeddings.weight", 0, .1, 2, s.Width)
	norm("embeddings.LayerNorm")
	for i := range s.Layers {
		p := fmt.Sprintf("encoder.layer.%d.", i)
		for _, name := range []string{"self.query", "self.key", "self.value", "output.dense"} {
			linear(p+"attention."+name, s.Width, s.Width)
		}
		norm(p + "attention.output.LayerNorm")
		linear(p+"intermediate.dense", s.Inner, s.Width)
		linear(p+"output.dense", s.Width, s.Inner)
		norm(p + "output.LayerNorm")
	}
	if s.Masked {
		linear("cls.predictions.transform.dense", s.Width, s.Width)
		norm("cls.predictions.transform.LayerNorm")
		add("cls.predictions.bias", 0, .1, s.Words)
	}
	if s.Labels > 0 {
		linear("pooler.dense", s.Width, s.Width)
		linear("classifier", s.Labels, s.Width)
	}
	if !s.Prunes {
		return all
	}
	linear("pruning_head.classifier", 2, s.Width)
	outer := map[string]Tensor{}
	for name, t := range all {
		switch {
		case strings.HasPrefix(name, "pruning_head."):
		case strings.HasPrefix(name, "classifier."):
			name = "ranking_model." + name
		default:
			name = "ranking_model.bert." + name
		}
		outer[name] = t
	}
	return outer
}

// Config is config.json.
func (s Shape) Config() map[string]any {
	name := "BertModel"
	if s.Masked {
		name = "BertForMaskedLM"
	}
	if s.Labels > 0 {
		name = "BertForSequenceClassification"
	}
	if s.Prunes {
		s.Prunes = false
		return map[string]any{"architectures": []string{"OpenProvenceForSequenceClassification"}, "model_type": "open_provence", "base_model_config": s.Config()}
	}
	return map[string]any{"architectures": []string{name}, "model_type": "bert", "hidden_size": s.Width, "intermediate_size": s.Inner,
		"num_hidden_layers": s.Layers, "num_attention_heads": s.Heads, "vocab_size": s.Words, "max_position_embeddings": s.Positions,
		"type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu"}
}

// Write makes a folder with configuration, weights and, where words are given, a
// vocabulary of them.
func (s Shape) Write(t testing.TB, seed uint64, words ...string) string {
	t.Helper()
	dir := t.TempDir()
	WriteJSON(t, filepath.Join(dir, "config.json"), s.Config())
	if s.CLS {
		if err := os.Mkdir(filepath.Join(dir, "1_Pooling"), 0o777); err != nil {
			t.Fatal(err)
		}
		WriteJSON(t, filepath.Join(dir, "1_Pooling", "config.json"), map[string]any{"pooling_mode_cls_token": true})
	}
	WriteFile(t, filepath.Join(dir, "model.safetensors"), Safetensors(s.Tensors(seed)))
	if len(words) > 0 {
		WriteFile(t, filepath.Join(dir, "vocab.txt"), []byte(strings.Join(words, "\n")+"\n"))
	}
	return dir
}

// Folder makes a folder of a configuration and tensors.
func Folder(t testing.TB, config map[string]any, tensors map[string]Tensor) string {
	t.Helper()
	dir := t.TempDir()
	WriteJSON(t, filepath.Join(dir, "config.json"), config)
	WriteFile(t, filepath.Join(dir, "model.safetensors"), Safetensors(tensors))
	return dir
}

// WriteJSON writes a file.
func WriteJSON(t testing.TB, path string, v any) {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	WriteFile(t, path, data)
}

// WriteFile writes a file.
func WriteFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Safetensors is a file of float32 tensors.
func Safetensors(tensors map[string]Tensor) []byte {
	header, body := map[string]any{}, []byte(nil)
	for name, t := range tensors {
		from := len(body)
		for _, v := range t.Values {
			body = binary.LittleEndian.AppendUint32(body, math.Float32bits(v))
		}
		header[name] = map[string]any{"dtype": "F32", "shape": t.Shape, "data_offsets": []int{from, len(body)}}
	}
	return Join(header, body)
}

// Join puts a header before data.
func Join(header any, body []byte) []byte {
	h, err := json.Marshal(header)
	if err != nil {
		panic(err)
	}
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...), body...)
}
