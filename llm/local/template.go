package local

import (
	"fmt"
	"slices"

	"github.com/ardanlabs/jinja"

	"github.com/tamis-search/tamis/llm"
)

// chatML is what files without a template are asked by.
const chatML = `{% for message in messages %}<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

// plain is what files without a template are asked by whose tokenizer has no marks of turns:
// models that were not trained for conversations go on from a text.
const plain = `{% for message in messages %}{{ message['content'] }}

{% endfor %}`

const mostTemplate = 64 << 10

// template writes conversations as a model was trained to read them. It reads no files and is
// bounded in size, but who opens a model trusts it so far: one that never ends is waited for, and
// a macro that calls itself for ever ends the process.
type template struct {
	jinja      *jinja.Template
	begin, end string // what the model's own tokens for both are called
}

func newTemplate(source, begin, end string) (t *template, err error) {
	if len(source) > mostTemplate {
		return nil, fmt.Errorf("the template of chats has %d bytes; at most %d are read", len(source), mostTemplate)
	}
	defer func() {
		if r := recover(); r != nil {
			t, err = nil, fmt.Errorf("the template of chats is not understood: %v", r)
		}
	}()
	j, err := jinja.Compile(source)
	if err != nil {
		return nil, fmt.Errorf("the template of chats is not understood: %w", err)
	}
	return &template{j, begin, end}, nil
}

// prompt is the text after which the model speaks. Where a template knows no instructions apart
// from a conversation, these go before the first question.
func (t *template) prompt(messages []llm.Message) (string, error) {
	s, err := t.write(messages)
	if err != nil && len(messages) > 1 && messages[0].Role == "system" && messages[1].Role == "user" {
		joined := slices.Clone(messages[1:])
		joined[0].Content = messages[0].Content + "\n\n" + joined[0].Content
		if again, err := t.write(joined); err == nil {
			return again, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("the template of chats: %w", err)
	}
	return s, nil
}

func (t *template) write(messages []llm.Message) (s string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("it does what cannot be done: %v", r)
		}
	}()
	list := make([]any, len(messages))
	for i, m := range messages {
		list[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	return t.jinja.Render(map[string]any{
		"messages": list, "add_generation_prompt": true, "bos_token": t.begin, "eos_token": t.end,
		"enable_thinking": false, // Qwen 3 and others: an answer from sources begins at once
	})
}
