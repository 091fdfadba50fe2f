package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/screen"
)

// ErrUnsupported is wrapped where the files are of a tokenizer that is not known
// here. The message says which are.
var ErrUnsupported = errors.New("unsupported tokenizer")

const (
	mostBytes   = 64 << 20
	mostWords   = 1 << 22
	mostSpecial = 1 << 12
	supported   = "WordPiece with BertNormalizer and BertPreTokenizer"
	continuing  = "##"
)

// Open reads the tokenizer of the model in dir.
func Open(dir string) (*Tokenizer, error) {
	path := filepath.Join(dir, "tokenizer.json")
	data, err := read(path)
	if err == nil {
		t, err := parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return t, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	t, err := openVocabulary(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds neither tokenizer.json nor vocab.txt, one of which a text encoder needs: %w", dir, fs.ErrNotExist)
	}
	return t, err
}

func read(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > mostBytes {
		return nil, fmt.Errorf("%s has %d bytes; at most %d are read", path, info.Size(), mostBytes)
	}
	return os.ReadFile(path)
}

// file is tokenizer.json as far as it is used.
type file struct {
	Truncation *struct {
		Most int `json:"max_length"`
	} `json:"truncation"`
	Added []struct {
		ID         int32  `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		Left       bool   `json:"lstrip"`
		Right      bool   `json:"rstrip"`
		Normalized bool   `json:"normalized"`
	} `json:"added_tokens"`
	Normalizer *struct {
		Type       string `json:"type"`
		Clean      *bool  `json:"clean_text"`
		Ideographs *bool  `json:"handle_chinese_chars"`
		Accents    *bool  `json:"strip_accents"`
		Lower      *bool  `json:"lowercase"`
	} `json:"normalizer"`
	Pre *struct {
		Type string `json:"type"`
	} `json:"pre_tokenizer"`
	Post  json.RawMessage `json:"post_processor"`
	Model struct {
		Type      string           `json:"type"`
		Unknown   string           `json:"unk_token"`
		Prefix    *string          `json:"continuing_subword_prefix"`
		MostRunes *int             `json:"max_input_chars_per_word"`
		Words     map[string]int32 `json:"vocab"`
	} `json:"model"`
}

func parse(data []byte) (*Tokenizer, error) {
	var head struct {
		Model struct {
			Type string `json:"type"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, err
	}
	if head.Model.Type != "WordPiece" {
		return nil, fmt.Errorf("%w: its model is %s; supported is %s", ErrUnsupported, screen.Name(head.Model.Type), supported)
	}
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	if f.Normalizer == nil || f.Normalizer.Type != "BertNormalizer" || f.Pre == nil || f.Pre.Type != "BertPreTokenizer" {
		return nil, fmt.Errorf("%w: supported is %s", ErrUnsupported, supported)
	}
	if f.Model.Prefix != nil && *f.Model.Prefix != continuing {
		return nil, fmt.Errorf("%w: continuing_subword_prefix %s; supported is %s", ErrUnsupported, screen.Name(*f.Model.Prefix), continuing)
	}
	lower := or(f.Normalizer.Lower, true)
	t := &Tokenizer{mostRunes: or(f.Model.MostRunes, 100), rules: rules{
		clean: or(f.Normalizer.Clean, true), ideographs: or(f.Normalizer.Ideographs, true), lower: lower, accents: or(f.Normalizer.Accents, lower)}}
	if f.Truncation != nil {
		t.Most = max(0, f.Truncation.Most)
	}
	if err := t.vocabulary(f.Model.Words, f.Model.Unknown); err != nil {
		return nil, err
	}
	if len(f.Added) > mostSpecial {
		return nil, fmt.Errorf("more than %d added tokens", mostSpecial)
	}
	for _, a := range f.Added {
		switch {
		case a.SingleWord || a.Left || a.Right || a.Normalized && !or(specialName(a.Content), false):
			return nil, fmt.Errorf("%w: added token %s is matched otherwise than literally", ErrUnsupported, screen.Name(a.Content))
		case a.Content == "" || a.ID < 0 || a.ID >= mostWords:
			return nil, fmt.Errorf("added token %s has number %d", screen.Name(a.Content), a.ID)
		}
		t.specials = append(t.specials, special{a.Content, a.ID})
		t.words = max(t.words, int(a.ID)+1)
	}
	return t, t.ends(f)
}

func specialName(s string) *bool {
	is := strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && strings.ToUpper(s) == s
	return &is
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// vocabulary files the pieces.
func (t *Tokenizer) vocabulary(words map[string]int32, unknown string) error {
	id, ok := words[unknown]
	if !ok {
		return fmt.Errorf("the vocabulary has no unknown word %s", screen.Name(unknown))
	}
	t.unknown, t.first, t.rest = id, make(map[string]int32, len(words)), map[string]int32{}
	for word, id := range words {
		if id < 0 || id >= mostWords || !utf8.ValidString(word) {
			return fmt.Errorf("word %s has number %d; numbers are from 0 to %d", screen.Name(word), id, mostWords-1)
		}
		t.words = max(t.words, int(id)+1)
		t.longest = max(t.longest, len(word))
		t.first[word] = id
		if rest, ok := strings.CutPrefix(word, continuing); ok && rest != "" {
			t.rest[rest] = id
		}
	}
	t.names = make([]string, t.words)
	for word, id := range words {
		t.names[id] = word
	}
	return nil
}

// ends finds what stands before and after a sequence.
func (t *Tokenizer) ends(f file) error {
	var post *struct {
		Type string `json:"type"`
		CLS  [2]any `json:"cls"`
		SEP  [2]any `json:"sep"`
		// Of a template: tokens, or the sequence.
		Single []struct {
			Special *struct {
				ID string `json:"id"`
			} `json:"SpecialToken"`
		} `json:"single"`
		Tokens map[string]struct {
			IDs []int32 `json:"ids"`
		} `json:"special_tokens"`
	}
	if len(f.Post) > 0 {
		if err := json.Unmarshal(f.Post, &post); err != nil {
			return fmt.Errorf("post_processor: %w", err)
		}
	}
	switch {
	case post == nil:
	case post.Type == "BertProcessing":
		for i, end := range [][2]any{post.CLS, post.SEP} {
			id, ok := end[1].(float64)
			if !ok || id < 0 || id >= float64(t.words) {
				return errors.New("post_processor: cls and sep are not a token and its number each")
			}
			*[]*[]int32{&t.Before, &t.After}[i] = []int32{int32(id)}
		}
	case post.Type == "TemplateProcessing":
		side := &t.Before
		for _, part := range post.Single {
			if part.Special == nil {
				side = &t.After
				continue
			}
			for _, id := range post.Tokens[part.Special.ID].IDs {
				if id < 0 || int(id) >= t.words {
					return fmt.Errorf("post_processor: token %s has number %d, outside of the vocabulary", screen.Name(part.Special.ID), id)
				}
				*side = append(*side, id)
			}
		}
	default:
		return fmt.Errorf("%w: post_processor %s", ErrUnsupported, screen.Name(post.Type))
	}
	return nil
}

// openVocabulary reads vocab.txt, and tokenizer_config.json where it is there.
func openVocabulary(dir string) (*Tokenizer, error) {
	path := filepath.Join(dir, "vocab.txt")
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	var c struct {
		Lower      *bool `json:"do_lower_case"`
		Accents    *bool `json:"strip_accents"`
		Ideographs *bool `json:"tokenize_chinese_chars"`
	}
	config := filepath.Join(dir, "tokenizer_config.json")
	if data, err := read(config); err == nil {
		if err := json.Unmarshal(data, &c); err != nil {
			return nil, fmt.Errorf("%s: %w", config, err)
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	words := map[string]int32{}
	for i, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		words[strings.TrimSuffix(line, "\r")] = int32(i)
	}
	lower := or(c.Lower, true)
	t := &Tokenizer{mostRunes: 100, rules: rules{clean: true, ideographs: or(c.Ideographs, true), lower: lower, accents: or(c.Accents, lower)}}
	if err := t.vocabulary(words, "[UNK]"); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} {
		if id, ok := words[name]; ok {
			t.specials = append(t.specials, special{name, id})
		}
	}
	for name, side := range map[string]*[]int32{"[CLS]": &t.Before, "[SEP]": &t.After} {
		id, ok := words[name]
		if !ok {
			return nil, fmt.Errorf("%s has no word %s: it is no vocabulary of BERT's", path, name)
		}
		*side = []int32{id}
	}
	return t, nil
}
