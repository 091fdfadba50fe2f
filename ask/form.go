package ask

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/llm/schema"
)

// told is what a model is told of a schema, in the paragraph of the question and behind it: small
// models, told before the sources, go round in circles.
func told(text json.RawMessage) string {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		b.Write(text) // the model has looked at it
	}
	return "Answer with JSON of this schema and nothing else; cite within its texts: " + b.String()
}

// held is a model that is held to a schema.
func held(m llm.Model, text json.RawMessage) (llm.Model, error) {
	shaper, ok := m.(llm.Shaper)
	if m == nil {
		return nil, fmt.Errorf("%w: without a model the packed context is the answer; a schema needs one", ErrForm)
	} else if !ok {
		return nil, fmt.Errorf("%w: this model cannot be held to a schema", ErrForm)
	}
	return shaper.Shaped(text)
}

// form looks at an answer that was held to a schema: its JSON, and what the texts in it cite.
func (a *Reply) form(check *llm.Citations) error {
	a.Text = strings.TrimSpace(a.Text)
	if err := schema.Check([]byte(a.Text)); err != nil {
		if cut := a.CutOff(); cut != "" {
			return fmt.Errorf("%w: %s; allow it more, or a schema with less in it", ErrForm, cut)
		}
		return fmt.Errorf("%w: %w", ErrForm, err)
	}
	a.Value = json.RawMessage(a.Text)
	for _, s := range schema.Strings([]byte(a.Text)) {
		check.Next(s + "\n")
	}
	check.Rest()
	return nil
}
