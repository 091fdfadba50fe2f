package nested

import (
	"context"
	"encoding/json"
	"io"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// JSON reads JSON: one value, or several that follow each other.
var JSON = reader("json", 40, parseJSON)

// ParseJSON is JSON for a text that another reader has opened.
func ParseJSON(ctx context.Context, d *corpus.Document, text string, fallback format.Parse) error {
	return Parse(ctx, d, text, "json", parseJSON, fallback)
}

type jsonParser struct {
	in    *json.Decoder
	text  string
	ctx   context.Context
	count int
}

func parseJSON(ctx context.Context, text string) (root node, err error) {
	p := jsonParser{in: json.NewDecoder(strings.NewReader(text)), text: text, ctx: ctx}
	p.in.UseNumber()
	for {
		n := node{}
		if err := p.value(&n, 0); err == io.EOF {
			break
		} else if err != nil {
			return root, err
		}
		root.kids = append(root.kids, n)
	}
	root.end = len(text)
	if len(root.kids) == 1 {
		root = root.kids[0]
	}
	return root, nil
}

// next is where the next token begins.
func (p *jsonParser) next() int {
	at := int(p.in.InputOffset())
	for at < len(p.text) && strings.IndexByte(" \t\r\n,:", p.text[at]) >= 0 {
		at++
	}
	return at
}

// value reads a value into a node, whose label and start are set for an entry.
func (p *jsonParser) value(n *node, depth int) error {
	if p.count++; p.count%4096 == 0 && p.ctx.Err() != nil {
		return p.ctx.Err()
	}
	if n.label == "" {
		n.start = p.next()
	}
	n.head = p.next()
	t, err := p.in.Token()
	if err != nil {
		return err
	}
	open, isDelim := t.(json.Delim)
	if !isDelim {
		n.end, n.text = int(p.in.InputOffset()), true
		if s, ok := t.(string); ok && len(s) <= nameBytes {
			n.value = s
		} else if ok {
			n.head = min(n.head, n.end)
		} else {
			n.value = strings.TrimSpace(p.text[n.head:n.end])
		}
		return nil
	}
	n.head = int(p.in.InputOffset())
	for p.in.More() {
		k := node{}
		if open == '{' {
			k.start = p.next()
			key, err := p.in.Token()
			if err != nil {
				return err
			}
			if k.label, _ = key.(string); k.label == "" {
				k.label = " " // it has a key
			}
		}
		if err := p.value(&k, depth+1); err != nil {
			return early(err)
		}
		if depth < maxDepth {
			n.kids = append(n.kids, k)
		}
	}
	if _, err := p.in.Token(); err != nil {
		return early(err)
	}
	n.end = int(p.in.InputOffset())
	return nil
}

// early is the error of a text that ends within a value.
func early(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
