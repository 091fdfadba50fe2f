package local

import (
	"errors"
	"fmt"

	"github.com/nikolalohinski/gonja/v2"
	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"

	"github.com/tamis-search/tamis/llm"
)

// chatML is what files without a template are asked by.
const chatML = `{% for message in messages %}<|im_start|>{{ message['role'] }}
{{ message['content'] }}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

const mostTemplate = 64 << 10

// template writes conversations as a model was trained to read them.
type template struct {
	jinja      *exec.Template
	begin, end string // what the model's own tokens for both are called
}

func newTemplate(source, begin, end string) (*template, error) {
	if source == "" {
		source = chatML
	}
	if len(source) > mostTemplate {
		return nil, fmt.Errorf("the template of chats has %d bytes; at most %d are read", len(source), mostTemplate)
	}
	c := config.New()
	c.TrimBlocks, c.LeftStripBlocks = true, true // as those who publish models render them
	// Nothing else is loaded: a template comes from outside and reads no files.
	loader, err := loaders.NewMemoryLoader(map[string]string{"/chat": source})
	if err != nil {
		return nil, err
	}
	j, err := exec.NewTemplate("/chat", c, loader, gonja.DefaultEnvironment)
	if err != nil {
		return nil, fmt.Errorf("the template of chats is not understood: %w", err)
	}
	return &template{j, begin, end}, nil
}

// prompt is the text after which the model speaks.
func (t *template) prompt(messages []llm.Message) (string, error) {
	list := make([]any, len(messages))
	for i, m := range messages {
		list[i] = map[string]any{"role": m.Role, "content": m.Content}
	}
	s, err := t.jinja.ExecuteToString(exec.NewContext(map[string]any{
		"messages": list, "add_generation_prompt": true, "bos_token": t.begin, "eos_token": t.end,
		"raise_exception": func(why string) (string, error) { return "", errors.New(why) },
	}))
	if err != nil {
		return "", fmt.Errorf("the template of chats: %w", err)
	}
	return s, nil
}
