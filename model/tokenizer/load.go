package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
)

// ErrUnsupported is wrapped where the files are of a tokenizer that is not known
// here. The message says which are.
var ErrUnsupported = errors.New("unsupported tokenizer")

const (
	mostBytes   = 64 << 20
	mostWords   = 1 << 22
	mostSpecial = 1 << 13
	mostNested  = 64
	supported   = "WordPiece with BertNormalizer and BertPreTokenizer, BPE and Unigram"
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
	Added      []addedFile     `json:"added_tokens"`
	Normalizer json.RawMessage `json:"normalizer"`
	Pre        json.RawMessage `json:"pre_tokenizer"`
	Post       json.RawMessage `json:"post_processor"`
	Model      modelFile       `json:"model"`
}

type addedFile struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	Left       bool   `json:"lstrip"`
	Right      bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
}

// modelFile is the model of a tokenizer. The vocabulary is read by the kind of model.
type modelFile struct {
	Type      string          `json:"type"`
	Unknown   *string         `json:"unk_token"`
	UnknownID *int32          `json:"unk_id"`
	Prefix    *string         `json:"continuing_subword_prefix"`
	Suffix    *string         `json:"end_of_word_suffix"`
	MostRunes *int            `json:"max_input_chars_per_word"`
	Dropout   *float64        `json:"dropout"`
	Fuse      bool            `json:"fuse_unk"`
	Fallback  bool            `json:"byte_fallback"`
	Whole     bool            `json:"ignore_merges"`
	Merges    []mergeFile     `json:"merges"`
	Words     json.RawMessage `json:"vocab"`

	ids    map[string]int32
	pieces []string // of Unigram, by number
	scores []float64
}

// mergeFile is a pair of pieces, as a list or with a space between.
type mergeFile struct{ a, b string }

// UnmarshalJSON reads either form.
func (m *mergeFile) UnmarshalJSON(data []byte) error {
	var pair []string
	if len(data) > 0 && data[0] == '"' {
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return err
		}
		pair = strings.Split(s, " ")
	} else if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 {
		return errors.New("a merge is not two pieces")
	}
	m.a, m.b = pair[0], pair[1]
	return nil
}

// vocabulary reads the pieces and their numbers.
func (f *modelFile) vocabulary() error {
	if f.Type == "" { // as it was left out once
		switch {
		case len(f.Merges) > 0:
			f.Type = "BPE"
		case strings.HasPrefix(string(f.Words), "["):
			f.Type = "Unigram"
		default:
			f.Type = "WordPiece"
		}
	}
	if f.Type != "Unigram" {
		if f.Type != "BPE" && f.Type != "WordPiece" {
			return fmt.Errorf("%w: its model is %s; supported are %s", ErrUnsupported, screen.Name(f.Type), supported)
		}
		if err := json.Unmarshal(f.Words, &f.ids); err != nil {
			return fmt.Errorf("vocab: %w", err)
		}
		return nil
	}
	var list [][2]any
	if err := json.Unmarshal(f.Words, &list); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	f.ids = make(map[string]int32, len(list))
	for i, entry := range list {
		piece, ok := entry[0].(string)
		score, ok2 := entry[1].(float64)
		if !ok || !ok2 {
			return fmt.Errorf("entry %d of vocab is not a piece and its score", i)
		}
		f.ids[piece] = int32(i)
		f.pieces, f.scores = append(f.pieces, piece), append(f.scores, score)
	}
	return nil
}

func parse(data []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, err
	}
	if err := f.Model.vocabulary(); err != nil {
		return nil, err
	}
	return f.tokenizer()
}

// tokenizer is what a file describes whose vocabulary has been read.
func (f *file) tokenizer() (*Tokenizer, error) {
	t := &Tokenizer{}
	if f.Truncation != nil {
		t.Most = max(0, f.Truncation.Most)
	}
	if err := t.number(f.Model.ids); err != nil {
		return nil, err
	}
	var err error
	if f.Model.Type == "WordPiece" {
		t.wordPiece, err = parseWordPiece(f)
	} else {
		t.pipeline, err = parsePipeline(f)
	}
	if err != nil {
		return nil, err
	}
	if err := t.literals(f); err != nil {
		return nil, err
	}
	return t, t.ends(f.Post)
}

// number gives pieces their names.
func (t *Tokenizer) number(ids map[string]int32) error {
	for piece, id := range ids {
		if id < 0 || id >= mostWords {
			return fmt.Errorf("word %s has number %d; numbers are from 0 to %d", screen.Name(piece), id, mostWords-1)
		}
		t.words = max(t.words, int(id)+1)
	}
	t.names = make([]string, t.words)
	for piece, id := range ids {
		t.names[id] = piece
	}
	return nil
}

// literals takes the added tokens.
func (t *Tokenizer) literals(f *file) error {
	if len(f.Added) > mostSpecial {
		return fmt.Errorf("more than %d added tokens", mostSpecial)
	}
	for _, a := range f.Added {
		if a.Content == "" || a.ID < 0 || a.ID >= mostWords {
			return fmt.Errorf("added token %s has number %d", screen.Name(a.Content), a.ID)
		}
		l := literal{a.ID, a.SingleWord, a.Left, a.Right}
		switch {
		case !a.Normalized || t.wordPiece != nil && specialName(a.Content):
			t.added.add(a.Content, l)
		case t.wordPiece != nil:
			return fmt.Errorf("%w: added token %s is matched otherwise than literally", ErrUnsupported, screen.Name(a.Content))
		default:
			content := a.Content
			if t.pipeline.normalise != nil {
				content = string(t.pipeline.normalised(align(a.Content, 0, len(a.Content))).text)
			}
			if content != "" {
				t.pipeline.added.add(content, l)
			}
		}
		for t.words = max(t.words, int(a.ID)+1); len(t.names) < t.words; {
			t.names = append(t.names, "")
		}
		t.names[a.ID] = a.Content
	}
	return nil
}

func specialName(s string) bool {
	return strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") && strings.ToUpper(s) == s
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
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
	t := &Tokenizer{}
	err = t.number(words)
	if err == nil {
		t.wordPiece, err = newWordPiece(words, "[UNK]")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.wordPiece.rules = rules{clean: true, ideographs: or(c.Ideographs, true), lower: lower, accents: or(c.Accents, lower)}
	for _, name := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} {
		if id, ok := words[name]; ok {
			t.added.add(name, literal{id: id})
		}
	}
	for name, side := range map[string]*[]int32{"[CLS]": &t.Before, "[SEP]": &t.After} {
		id, ok := words[name]
		if !ok {
			return nil, fmt.Errorf("%s has no word %s: it is no vocabulary of BERT's", path, name)
		}
		*side = []int32{id}
	}
	t.pair = bertPair(t.Before[0], t.After[0])
	return t, nil
}
