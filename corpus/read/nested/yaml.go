package nested

import (
	"context"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// YAML reads YAML (1.2, one document or more). Aliases are not followed.
var YAML = reader("yaml", 60, parseYAML)

type yamlParser struct {
	text  string
	lines []int // where each begins
}

func parseYAML(ctx context.Context, text string) (root node, err error) {
	defer func() { // the parser's own errors are errors; what else it does is no reason to end
		if r := recover(); r != nil {
			err = errors.New("malformed YAML")
		}
	}()
	p := yamlParser{text: text, lines: []int{0}}
	for i := range len(text) {
		if text[i] == '\n' {
			p.lines = append(p.lines, i+1)
		}
	}
	in := yaml.NewDecoder(&watchedReader{ctx, strings.NewReader(text)})
	var docs []*yaml.Node
	for {
		var d yaml.Node
		if err := in.Decode(&d); err == io.EOF {
			break
		} else if err != nil {
			return root, err
		}
		if len(d.Content) > 0 && d.Content[0].Kind != yaml.ScalarNode {
			docs = append(docs, d.Content[0])
		}
	}
	for i, d := range docs {
		end := len(text)
		if i+1 < len(docs) {
			end = max(p.at(docs[i+1]), p.at(d))
			if j := strings.LastIndex(text[p.at(d):end], "\n---"); j >= 0 {
				end = p.at(d) + j
			}
		}
		n := node{start: p.at(d), end: contentEnd(text, p.at(d), end)}
		n.head = n.start
		p.under(&n, d, 0)
		root.kids = append(root.kids, n)
	}
	root.end = len(text)
	if len(root.kids) == 1 {
		one := root.kids[0]
		if head, _ := one.named(text); head == 0 || !hasKind(&one) {
			root = one
		}
	}
	return root, nil
}

// hasKind says that a document says of what kind the thing is that it describes.
func hasKind(n *node) bool {
	for i := range n.kids[:min(len(n.kids), 3)] {
		if n.kids[i].label == "kind" {
			return true
		}
	}
	return false
}

// watchedReader ends with its context.
type watchedReader struct {
	ctx context.Context
	r   io.Reader
}

func (w *watchedReader) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	return w.r.Read(p)
}

// at is the byte at which a node begins. Columns count characters.
func (p *yamlParser) at(n *yaml.Node) int {
	if n.Line < 1 || n.Line > len(p.lines) {
		return len(p.text)
	}
	at := p.lines[n.Line-1]
	for c := 1; c < n.Column && at < len(p.text); c++ {
		_, size := utf8.DecodeRuneInString(p.text[at:])
		at += size
	}
	return at
}

// under adds the entries of a node, whose end is known.
func (p *yamlParser) under(to *node, from *yaml.Node, depth int) {
	if depth > maxDepth {
		return
	}
	step := 1
	switch from.Kind {
	case yaml.ScalarNode, yaml.AliasNode:
		if to.text = true; len(from.Value) <= nameBytes {
			to.value = from.Value
		}
		return
	case yaml.MappingNode:
		step = 2
	}
	flow := from.Style&yaml.FlowStyle != 0
	if flow {
		return // it is short, or meant as one
	}
	for i := 0; i+step <= len(from.Content); i += step {
		key := from.Content[i]
		k := node{start: p.at(key)}
		k.head = k.start
		if step == 1 { // with its dash
			line := p.lines[min(max(key.Line-1, 0), len(p.lines)-1)]
			if j := strings.LastIndexByte(p.text[line:max(k.start, line)], '-'); j >= 0 {
				k.start = line + j
			}
			k.head = k.start
		}
		end := to.end
		if i+step < len(from.Content) {
			end = p.lines[min(max(from.Content[i+step].Line-1, 0), len(p.lines)-1)]
		}
		if end <= k.start {
			end = to.end
		}
		k.end = contentEnd(p.text, k.start, max(min(end, to.end), k.start))
		value := key
		if step == 2 {
			value = from.Content[i+1]
			if k.label = key.Value; k.label == "" {
				k.label = " "
			}
			k.head = min(k.start+len(key.Value), k.end)
			if j := strings.IndexByte(p.text[k.head:k.end], ':'); j >= 0 {
				k.head += j + 1
			}
			if value.Kind == yaml.ScalarNode && value.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
				if j := strings.IndexByte(p.text[k.head:k.end], '\n'); j >= 0 {
					k.head += j
				}
			}
		}
		p.under(&k, value, depth+1)
		if step == 1 && len(k.kids) > 0 && k.kids[0].start > k.start { // the dash goes with the first
			k.kids[0].start = k.start
		}
		to.kids = append(to.kids, k)
	}
}
