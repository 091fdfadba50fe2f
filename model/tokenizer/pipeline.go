package tokenizer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/tamis-search/tamis/internal/screen"
)

// Of a text that is cut off after some tokens, so many bytes a token are looked at.
const mostPiece = 1 << 10

// pipeline is what cuts texts: normalisers, added tokens in their form, cuts, a model.
type pipeline struct {
	normalise []normaliser
	added     added
	steps     []step
	model     model
	level     bool // the pieces are of bytes
	trim      bool // tokens do not stand for the spaces at their ends
}

func (p *pipeline) normalised(a aligned) aligned {
	for _, f := range p.normalise {
		a = f(a)
	}
	return a
}

// read adds the tokens of text[from:to].
func (p *pipeline) read(tokens []Token, text string, from, to, most int) []Token {
	if most >= 0 && to-from > (most+4)*mostPiece {
		to = from + (most+4)*mostPiece
		for to > from && !utf8.RuneStart(text[to]) {
			to--
		}
	}
	a := p.normalised(align(text, from, to))
	s := string(a.text)
	for at, search := 0, 0; search < len(s) && (most < 0 || len(tokens) < most); {
		m := p.added.next(s, at, search)
		if at < m.from {
			p.word(0, a.slice(at, m.from), func(word aligned) {
				if most < 0 || len(tokens) < most {
					tokens = p.pieces(tokens, text, word)
				}
			})
		}
		if m.from < m.to {
			o := a.over(m.from, m.to)
			tokens = append(tokens, Token{m.id, int(o.from), int(o.to)})
		}
		at, search = m.to, m.next
	}
	return tokens
}

// word takes a word through the steps from one on.
func (p *pipeline) word(step int, word aligned, emit func(aligned)) {
	switch {
	case len(word.text) == 0:
	case step == len(p.steps):
		emit(word)
	default:
		p.steps[step](word, func(w aligned) { p.word(step+1, w, emit) })
	}
}

func (p *pipeline) pieces(tokens []Token, text string, word aligned) []Token {
	p.model.cut(word.text, func(id int32, from, to int) {
		o := word.over(from, to)
		start, end := int(o.from), int(o.to)
		for p.trim && start < end-1 && text[start] == ' ' {
			start++
		}
		for p.trim && start < end-1 && text[end-1] == ' ' {
			end--
		}
		tokens = append(tokens, Token{id, start, end})
	})
	return tokens
}

func parsePipeline(f *file) (*pipeline, error) {
	p := &pipeline{}
	if err := sequence(f.Normalizer, "normalizers", mostNested, p.normaliser); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	if err := sequence(f.Pre, "pretokenizers", mostNested, p.step); err != nil {
		return nil, fmt.Errorf("pre_tokenizer: %w", err)
	}
	err := sequence(f.Post, "processors", mostNested, func(kind string, data []byte) error {
		var t struct {
			Trim *bool `json:"trim_offsets"`
		}
		err := json.Unmarshal(data, &t)
		p.trim = p.trim || (kind == "ByteLevel" || kind == "RobertaProcessing") && or(t.Trim, true)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("post_processor: %w", err)
	}
	if f.Model.Type == "Unigram" {
		p.model, err = newUnigram(&f.Model)
	} else {
		p.model, err = newBPE(&f.Model, p.level)
	}
	return p, err
}

// sequence calls f with a part of a file, or with the parts of a Sequence, one after
// the other.
func sequence(data []byte, parts string, most int, f func(kind string, data []byte) error) error {
	if len(data) == 0 || string(data) == "null" {
		return nil
	}
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return err
	}
	if head.Type != "Sequence" {
		return f(head.Type, data)
	}
	var all map[string]json.RawMessage
	var list []json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	if err := json.Unmarshal(all[parts], &list); err != nil {
		return err
	}
	if len(list) > most {
		return fmt.Errorf("a Sequence of more than %d parts, nested ones counted", most)
	}
	for _, part := range list {
		if err := sequence(part, parts, most-len(list), f); err != nil {
			return err
		}
	}
	return nil
}

// pattern is a text or a regular expression.
type pattern struct {
	String string `json:"String"`
	Regex  string `json:"Regex"`
}

func (p pattern) cutter() (cutter, error) {
	if p.Regex == "" {
		if p.String == "" {
			return nil, fmt.Errorf("%w: an empty pattern", ErrUnsupported)
		}
		return occurrences(p.String), nil
	}
	if s, ok := scanners[p.Regex]; ok {
		return s.cut, nil
	}
	re, err := regexp.Compile(p.Regex)
	if err != nil {
		return nil, fmt.Errorf("%w: the pattern %s", ErrUnsupported, screen.Name(p.Regex))
	}
	return matches(re), nil
}

func (p *pipeline) normaliser(kind string, data []byte) error {
	var n struct {
		Pattern pattern `json:"pattern"`
		Content string  `json:"content"`
		Prepend string  `json:"prepend"`
		Left    *bool   `json:"strip_left"`
		Right   *bool   `json:"strip_right"`
		Map     []byte  `json:"precompiled_charsmap"`
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	var f normaliser
	switch kind {
	case "NFC":
		f = form(norm.NFC)
	case "NFD":
		f = form(norm.NFD)
	case "NFKC":
		f = form(norm.NFKC)
	case "NFKD":
		f = form(norm.NFKD)
	case "Lowercase":
		f = characters(lowercase)
	case "StripAccents":
		f = characters(stripAccents)
	case "Nmt":
		f = characters(nmt)
	case "Strip":
		f = strip(or(n.Left, true), or(n.Right, true))
	case "Prepend":
		f = func(a aligned) aligned { return a.prepend(n.Prepend) }
	case "ByteLevel":
		p.level = true
		return nil
	case "Replace":
		c, err := n.Pattern.cutter()
		if err != nil {
			return err
		}
		f = replace(c, n.Content)
	case "Precompiled":
		if len(n.Map) == 0 {
			return nil
		}
		c, err := parseCharsmap(n.Map)
		if err != nil {
			return err
		}
		f = c.normalise
	default:
		return fmt.Errorf("%w: %s", ErrUnsupported, screen.Name(kind))
	}
	p.normalise = append(p.normalise, f)
	return nil
}

func (p *pipeline) step(kind string, data []byte) error {
	var n struct {
		Prefix     *bool   `json:"add_prefix_space"`
		Scan       *bool   `json:"use_regex"`
		Mark       string  `json:"replacement"`
		Prepend    string  `json:"prepend_scheme"`
		Cut        *bool   `json:"split"`
		Pattern    pattern `json:"pattern"`
		Behaviour  string  `json:"behavior"`
		Invert     bool    `json:"invert"`
		Individual bool    `json:"individual_digits"`
	}
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	c, behaviour := cutter(nil), "Isolated"
	switch kind {
	case "ByteLevel":
		p.level = true
		if or(n.Prefix, true) {
			p.steps = append(p.steps, prefixed)
		}
		if !or(n.Scan, true) {
			return nil
		}
		c = scanner{}.cut
	case "Metaspace":
		if n.Prepend == "" {
			n.Prepend = "never"
			if or(n.Prefix, true) {
				n.Prepend = "always"
			}
		}
		if n.Mark == "" {
			n.Mark = "▁"
		}
		p.steps = append(p.steps, metaspace(n.Mark, n.Prepend, or(n.Cut, true)))
		return nil
	case "Split":
		var err error
		if c, err = n.Pattern.cutter(); err != nil {
			return err
		}
		behaviour = n.Behaviour
	case "Digits":
		c = each(func(r rune) bool { return unicode.Is(unicode.N, r) })
		if !n.Individual {
			behaviour = "Contiguous"
		}
	case "Punctuation":
		c = each(punctuation)
		if n.Behaviour != "" {
			behaviour = n.Behaviour
		}
	case "WhitespaceSplit", "BertPreTokenizer":
		s, _ := split(each(unicode.IsSpace), "Removed", false)
		p.steps = append(p.steps, s)
		if kind == "WhitespaceSplit" {
			return nil
		}
		c = each(punctuation)
	case "Whitespace":
		c, behaviour = wordRuns, "Removed"
	default:
		return fmt.Errorf("%w: %s", ErrUnsupported, screen.Name(kind))
	}
	s, ok := split(c, behaviour, n.Invert)
	if !ok {
		return fmt.Errorf("%w: behavior %s of %s", ErrUnsupported, screen.Name(behaviour), screen.Name(kind))
	}
	p.steps = append(p.steps, s)
	return nil
}
