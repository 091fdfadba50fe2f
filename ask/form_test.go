package ask_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/schema"
)

// shaper is a model that may be asked for JSON, and says what it says.
type shaper struct {
	*model
	schema string
}

func (s *shaper) Shaped(text json.RawMessage) (llm.Model, error) {
	if _, err := schema.Parse(text); err != nil {
		return nil, err
	}
	s.schema = string(text)
	return s.model, nil
}

// TestForm: an answer under a schema stays as it is, its texts cite, and one that is no JSON is an
// error.
func TestForm(t *testing.T) {
	ix := index(t)
	form := json.RawMessage(`{"type":"object","properties":{"answer":{"type":"string"},

		"list":{"type":"array","items":{"type":"integer"}}}}`)
	ask1 := func(m llm.Model) (*ask.Reply, error) {
		return ask.Answer(t.Context(), ix, "What is a tamis?", ask.Options{Budget: tamis.Budget{Tokens: 200}, Model: m, Schema: form})
	}
	m := &shaper{model: &model{replies: [][]string{{` {"answer": "A fine`, ` sieve [1], not a pan [7].", "list": [9]}`}}}}
	r, err := ask1(m)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"answer": "A fine sieve [1], not a pan [7].", "list": [9]}`; r.Text != want || string(r.Value) != want {
		t.Errorf("%s, %s", r.Text, r.Value)
	}
	if len(r.Cited) != 1 || r.Cited[0] != 1 || len(r.Unknown) != 1 || r.Unknown[0] != 7 {
		t.Errorf("cited %v, unknown %v; numbers outside of texts are none", r.Cited, r.Unknown)
	}
	if m.schema != string(form) || !strings.HasSuffix(m.asked[0][1].Content, `Question: What is a tamis?
Answer with JSON of this schema and nothing else; cite within its texts: {"type":"object","properties":{"answer":{"type":"string"},"list":{"type":"array","items":{"type":"integer"}}}}`) {
		t.Error("the model was not told")
	}
	for finish, want := range map[string]string{"length": "cut off", "stop": "no JSON"} {
		_, err := ask1(&shaper{model: &model{replies: [][]string{{`{"answer": "A`}}, finish: finish}})
		if !errors.Is(err, ask.ErrForm) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", finish, err)
		}
	}
	for _, m := range []llm.Model{nil, &model{}} {
		if _, err := ask1(m); !errors.Is(err, ask.ErrForm) {
			t.Errorf("%T: %v", m, err)
		}
	}
	form = json.RawMessage(`{"type": "strnig"}`)
	if _, err := ask1(m); !errors.Is(err, schema.ErrSchema) {
		t.Error(err)
	}
}
