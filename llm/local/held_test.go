package local

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/llm/schema"
)

const form = `{"type": "object", "properties": {"answer": {"type": "string", "maxLength": 12}, "kind": {"enum": ["sluice", "dam"]}, "sources": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 20}, "maxItems": 3}}, "required": ["answer", "kind", "sources"], "additionalProperties": false}`

// TestHeldToForm: a model with random weights, which says nothing but noise by itself, gives JSON of
// the schema, greedy and drawn; and the same without drafts.
func TestHeldToForm(t *testing.T) {
	for seed := range uint64(6) {
		o := Options{MaxTokens: 300, Sampling: Sampling{Temperature: float64(seed) / 3, TopK: int(seed%2) * 40, TopP: .9, Seed: seed}}
		m := open(t, shape, o)
		o.NoDrafts = true
		plain := open(t, shape, o)
		if text, _, err := answer(context.Background(), m, asked("When is it opened?")); err == nil && json.Valid([]byte(text)) {
			t.Fatalf("by itself the model says %q: nothing is shown", text)
		}
		held, err := m.Shaped(json.RawMessage(form))
		if err != nil {
			t.Fatal(err)
		}
		text, last, err := answer(context.Background(), held, asked("When is it opened?"))
		if err != nil || last.Finish != "stop" {
			t.Fatalf("%q, %+v, %v", text, last, err)
		}
		var v struct {
			Answer  *string
			Kind    string
			Sources []int
		}
		if err := json.Unmarshal([]byte(text), &v); err != nil || v.Answer == nil || v.Kind != "sluice" && v.Kind != "dam" || v.Sources == nil || len(v.Sources) > 3 {
			t.Errorf("%q: %v", text, err)
		}
		other, err := plain.Shaped(json.RawMessage(form))
		if err != nil {
			t.Fatal(err)
		}
		if again, _, err := answer(context.Background(), other, asked("When is it opened?")); err != nil || again != text {
			t.Errorf("without drafts %q, %v; with them %q", again, err, text)
		}
	}
}

// TestHeldByOneChoice: what can only be said in one way is said, whatever the model would like.
func TestHeldByOneChoice(t *testing.T) {
	held, err := open(t, shape, Options{MaxTokens: 60}).Shaped(json.RawMessage(`{"const": {"opened": ["at nine", null]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if text, _, err := answer(context.Background(), held, asked("x")); err != nil || text != `{"opened":["at nine",null]}` && text != ` {"opened":["at nine",null]}` && text != "\n"+`{"opened":["at nine",null]}` {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := open(t, shape, Options{}).Shaped(json.RawMessage(`{"type": "strnig"}`)); !errors.Is(err, schema.ErrSchema) {
		t.Error(err)
	}
}

// TestMute: a vocabulary that has not what a schema asks for is an error, not a circle.
func TestMute(t *testing.T) {
	d := shape
	d.Change = func(values map[string]any) {
		tokens := values["tokenizer.ggml.tokens"].([]any)
		tokens[3+'{'] = "unheard" // the byte stands there by its own character
	}
	m := open(t, d, Options{MaxTokens: 9})
	held, err := m.Shaped(json.RawMessage(`{"type": "object"}`))
	if err != nil {
		t.Fatal(err)
	}
	if text, _, err := answer(context.Background(), held, asked("x")); !errors.Is(err, errMute) {
		t.Errorf("%q, %v", text, err)
	}
}

// TestMasks: words that are tried together are allowed as each by itself.
func TestMasks(t *testing.T) {
	m := open(t, tinymodel.Decoder{Architecture: "llama", Layers: 1, Width: 8, Heads: 1, KeyHeads: 1, Size: 16, Inner: 8, Positions: 64, Tied: true}, Options{})
	begin, err := schema.Parse([]byte(form))
	if err != nil {
		t.Fatal(err)
	}
	for _, said := range []string{"", " {", `{"answer":"`, `{"answer":"ä`, `{"answer":"ab", "kind":"`, `{"answer":"","kind":"dam","sources":[1`, `{"answer":"","kind":"dam","sources":[]}`} {
		h := held{state: begin.After([]byte(said)), model: m}
		mask := h.mask()
		for id := range int32(m.decoder.Tokenizer.Words()) {
			b := m.decoder.Tokenizer.Bytes(id)
			want := len(b) > 0 && h.state.After(b) != nil
			for _, end := range m.decoder.Ends {
				if id == end {
					want = h.state.Done()
				}
			}
			if mask[id] != want || h.may(id) != want {
				t.Errorf("after %q, %q: %v, %v", said, b, mask[id], h.may(id))
			}
		}
	}
}
