package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/internal/screen"
)

// bertPair is [CLS] a [SEP] b [SEP].
func bertPair(cls, sep int32) []part {
	return []part{{id: cls}, {text: 1}, {id: sep}, {text: 2, kind: 1}, {id: sep, kind: 1}}
}

// template is TemplateProcessing.
type template struct {
	Single []templatePart `json:"single"`
	Pair   []templatePart `json:"pair"`
	Tokens map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`
}

type templatePart struct {
	Special *struct {
		ID   string `json:"id"`
		Type int32  `json:"type_id"`
	} `json:"SpecialToken"`
	Sequence *struct {
		ID   string `json:"id"`
		Type int32  `json:"type_id"`
	} `json:"Sequence"`
}

// parts are those of a template, tokens by their numbers.
func (t template) parts(list []templatePart, words int) (parts []part, err error) {
	for _, p := range list {
		switch {
		case p.Special != nil:
			for _, id := range t.Tokens[p.Special.ID].IDs {
				if id < 0 || int(id) >= words {
					return nil, fmt.Errorf("post_processor: token %s has number %d, outside of the vocabulary", screen.Name(p.Special.ID), id)
				}
				parts = append(parts, part{id: id, kind: p.Special.Type})
			}
		case p.Sequence != nil && p.Sequence.ID == "B":
			parts = append(parts, part{text: 2, kind: p.Sequence.Type})
		default:
			kind := int32(0)
			if p.Sequence != nil {
				kind = p.Sequence.Type
			}
			parts = append(parts, part{text: 1, kind: kind})
		}
	}
	return parts, nil
}

// ends finds what stands before and after a sequence, and around two.
func (t *Tokenizer) ends(post []byte) error {
	return sequence(post, "processors", mostNested, func(kind string, data []byte) error {
		switch kind {
		case "ByteLevel":
			return nil
		case "BertProcessing", "RobertaProcessing":
			return t.fixedEnds(kind, data)
		case "TemplateProcessing":
			var f template
			if err := json.Unmarshal(data, &f); err != nil {
				return fmt.Errorf("post_processor: %w", err)
			}
			single, err := f.parts(f.Single, t.words)
			if err != nil {
				return err
			}
			side := &t.Before
			for _, p := range single {
				if p.text > 0 {
					side = &t.After
				} else {
					*side = append(*side, p.id)
				}
			}
			t.pair, err = f.parts(f.Pair, t.words)
			return err
		}
		return fmt.Errorf("%w: post_processor %s", ErrUnsupported, screen.Name(kind))
	})
}

// fixedEnds are those of BERT and of RoBERTa, which has two tokens between texts.
func (t *Tokenizer) fixedEnds(kind string, data []byte) error {
	var f struct {
		CLS [2]any `json:"cls"`
		SEP [2]any `json:"sep"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return fmt.Errorf("post_processor: %w", err)
	}
	var ids [2]int32
	for i, end := range [][2]any{f.CLS, f.SEP} {
		id, ok := end[1].(float64)
		if !ok || id < 0 || id >= float64(t.words) {
			return errors.New("post_processor: cls and sep are not a token and its number each")
		}
		ids[i] = int32(id)
	}
	t.Before, t.After = ids[:1:1], ids[1:]
	if t.pair = bertPair(ids[0], ids[1]); kind == "RobertaProcessing" {
		t.pair = []part{{id: ids[0]}, {text: 1}, {id: ids[1]}, {id: ids[1]}, {text: 2}, {id: ids[1]}}
	}
	return nil
}
