package code

import (
	"context"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// declares returns the declaration that a line of code begins with, as keyword
// and name ("def f", "class A"), or "". It skips the modifiers of common
// languages and is sure only of a keyword that a name follows.
func declares(line string) string {
	for {
		line = strings.TrimLeft(line, " \t")
		n := 0
		for n < len(line) && (wordByte(line[n]) || line[n] == '!') {
			n++
		}
		word, rest := line[:n], line[n:]
		switch word {
		case "export", "default", "public", "private", "protected", "internal", "static", "final", "abstract", "async", "unsafe", "extern",
			"const", "override", "virtual", "inline", "local", "data", "sealed", "partial", "open", "pub":
			if strings.HasPrefix(rest, "(") { // pub(crate)
				e := strings.IndexByte(rest, ')')
				if e < 0 {
					return ""
				}
				rest = rest[e+1:]
			}
			line = rest
			continue
		case "def", "class", "function", "func", "fn", "interface", "struct", "enum", "trait", "impl", "module", "type", "namespace", "sub", "proc",
			"macro_rules!", "record", "object", "message", "service", "contract", "defmodule", "defp":
			rest = strings.TrimPrefix(rest, "*") // function* generator
			name := strings.TrimLeft(rest, " \t")
			if len(name) == len(rest) || name == "" || '0' <= name[0] && name[0] <= '9' {
				return ""
			}
			e := 0
			for e < len(name) && (wordByte(name[e]) || name[e] == '$' || (name[e] == '.' || name[e] == ':') && e+1 < len(name) && (wordByte(name[e+1]) || name[e+1] == ':')) {
				e++
			}
			if e == 0 {
				return ""
			}
			return word + " " + name[:e]
		}
		return ""
	}
}

// Lines cuts source code into blocks at blank lines before a line that is
// not indented or that declares something, so that a function with blank lines
// inside stays one block. A block is labelled by the first declaration that
// stands in its outermost lines.
func Lines(_ context.Context, d *corpus.Document, text string) error {
	d.Source = text
	d.Blocks = codeBlocks(make([]corpus.Block, 0, 8), text, 0, len(text))
	return nil
}

// codeBlocks appends the blocks of text[start:end].
func codeBlocks(blocks []corpus.Block, text string, start, end int) []corpus.Block {
	open, gap := start, false // start of the open block; a blank line came before
	label := ""
	flush := func(to int) {
		n := len(blocks)
		blocks = format.AppendTrimmed(blocks, corpus.Block{Kind: corpus.Code, Start: open, End: to, Label: label}, text)
		if len(blocks) > n {
			label = ""
		}
		open = to
	}
	for at := start; at < end; {
		n := strings.IndexByte(text[at:end], '\n')
		if n < 0 {
			n = end - at
		}
		line := strings.TrimRight(text[at:at+n], " \t\r")
		next := min(at+n+1, end)
		body := strings.TrimLeft(line, " \t")
		if body == "" {
			gap = true
			at = next
			continue
		}
		indent := len(line) - len(body)
		name := ""
		if len(line) < 400 && (indent == 0 || gap) {
			name = declares(body)
		}
		if gap && at > open && (name != "" || body[0] == '@' || indent == 0 && strings.Trim(body, "})];,") != "") {
			flush(at)
		}
		if label == "" {
			label = name
		}
		gap = false
		at = next
	}
	flush(end)
	return blocks
}

// whole leaves the finding of blocks to the splitter.
func whole(_ context.Context, d *corpus.Document, text string) error {
	d.Source = text
	d.Blocks = format.AppendTrimmed(nil, corpus.Block{Kind: corpus.Code, End: len(text)}, text)
	return nil
}

func wordByte(c byte) bool {
	return c == '_' || c >= 0x80 || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
