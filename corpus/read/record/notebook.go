package record

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/markdown"
)

// Notebook reads Jupyter notebooks: JSON with "cells" (nbformat 4), or "worksheets"
// with cells (nbformat 3). A cell has "cell_type", "source" ("input" in code of
// nbformat 3), a text or a list of its lines, and "outputs". Cells of text are
// Markdown; of what code printed, the plain text is kept, as rows where its lines are
// columns. Pictures, HTML beside a text, and the frames of tracebacks are left out.
var Notebook = format.Costly("ipynb", "", nil, format.Cost{Byte: 4}, readNotebook, nil)

// longOutput is how much of what a cell printed is kept.
const longOutput = 64 << 10

type cellJSON struct {
	Type    string       `json:"cell_type"`
	Level   int          `json:"level"`
	Source  lines        `json:"source"`
	Input   lines        `json:"input"`
	Outputs []outputJSON `json:"outputs"`
}

type outputJSON struct {
	Type  string                     `json:"output_type"`
	Text  lines                      `json:"text"`
	Data  map[string]json.RawMessage `json:"data"`
	Name  string                     `json:"ename"`
	Value string                     `json:"evalue"`
}

// lines are a text, or a list of its lines with their ends.
type lines string

// UnmarshalJSON takes what is neither for no text.
func (l *lines) UnmarshalJSON(data []byte) error {
	var many []string
	if json.Unmarshal(data, &many) == nil {
		*l = lines(strings.Join(many, ""))
		return nil
	}
	var one string
	if json.Unmarshal(data, &one) == nil {
		*l = lines(one)
	}
	return nil
}

func readNotebook(ctx context.Context, d *corpus.Document, text string) error {
	n := notebook{ctx: ctx, d: d}
	in := json.NewDecoder(strings.NewReader(text))
	err := n.object(in, 0)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case err != nil && n.cells == 0:
		return &format.SkipError{Reason: "not a notebook: " + err.Error(), Status: format.Damaged}
	case err != nil:
		d.Warnings = append(d.Warnings, corpus.Warning{Line: 1 + strings.Count(text[:min(int(in.InputOffset()), len(text))], "\n"), Key: "cells", Reason: "end here, for the file is damaged: " + err.Error()})
	case n.cells == 0:
		return &format.SkipError{Reason: "a notebook without cells"}
	}
	n.x.Put(d)
	return nil
}

type notebook struct {
	ctx   context.Context
	d     *corpus.Document
	x     format.Extract
	cells int
}

// object reads the members of an object that hold cells, at the top or in a list of
// worksheets.
func (n *notebook) object(in *json.Decoder, depth int) error {
	if t, err := in.Token(); err != nil || t != json.Delim('{') {
		return err
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return err
		}
		switch {
		case key == "cells" || key == "worksheets" && depth == 0:
			err = n.list(in, func() error {
				if key == "worksheets" {
					return n.object(in, depth+1)
				}
				return n.cell(in)
			})
		case key == "metadata" && depth == 0:
			var m struct {
				Title string `json:"title"`
				Spec  struct {
					Language string `json:"language"`
				} `json:"kernelspec"`
				Info struct {
					Name string `json:"name"`
				} `json:"language_info"`
			}
			var raw json.RawMessage
			if err = in.Decode(&raw); err == nil && json.Unmarshal(raw, &m) == nil {
				n.d.Title = strings.TrimSpace(m.Title)
				if lang := m.Info.Name + m.Spec.Language; lang != "" {
					if m.Info.Name != "" {
						lang = m.Info.Name
					}
					n.d.Metadata = map[string]any{"code": lang}
				}
			}
		default:
			var skipped json.RawMessage
			err = in.Decode(&skipped)
		}
		if err != nil {
			return err
		}
	}
	_, err := in.Token()
	return err
}

func (n *notebook) list(in *json.Decoder, each func() error) error {
	if t, err := in.Token(); err != nil || t != json.Delim('[') {
		return err
	}
	for in.More() {
		if err := n.ctx.Err(); err != nil {
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	_, err := in.Token()
	return err
}

func (n *notebook) cell(in *json.Decoder) error {
	var raw json.RawMessage
	if err := in.Decode(&raw); err != nil {
		return err
	}
	n.cells++
	end := int(in.InputOffset())
	at := corpus.Block{FileStart: end - len(raw), FileEnd: end}
	var c cellJSON
	if json.Unmarshal(raw, &c) != nil {
		return nil // not as a cell is: the others may be
	}
	source := string(c.Source + c.Input)
	switch c.Type {
	case "code":
		at.Kind = corpus.Code
		n.x.Add(at, source)
		for _, o := range c.Outputs {
			n.output(at, o)
		}
	case "heading":
		at.Kind, at.Level = corpus.Heading, uint8(min(max(c.Level, 1), 6))
		n.add(at, source)
	default:
		n.markdown(at, source)
	}
	return nil
}

// markdown adds the blocks of a cell of text.
func (n *notebook) markdown(at corpus.Block, source string) {
	blocks := markdown.Blocks(source)
	if blocks == nil {
		n.x.Add(at, source)
	}
	for _, b := range blocks {
		to := at
		to.Kind, to.Level, to.Label = b.Kind, b.Level, b.Label
		t := source[b.Start:b.End]
		if b.Kind == corpus.Heading {
			t = b.Label
		}
		n.add(to, t)
	}
}

func (n *notebook) add(b corpus.Block, text string) {
	n.x.Add(b, text)
	if b.Kind == corpus.Heading && b.Level == 1 && n.d.Title == "" {
		n.d.Title = strings.Join(strings.Fields(text), " ")
	}
}

var (
	// ANSI escapes colour what is printed.
	escapes = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")
	columns = regexp.MustCompile(`\S {2,}\S`)
	gaps    = regexp.MustCompile(` {2,}`)
)

// output adds what code printed.
func (n *notebook) output(at corpus.Block, o outputJSON) {
	text := string(o.Text)
	if raw := o.Data["text/plain"]; text == "" && raw != nil {
		var l lines
		_ = l.UnmarshalJSON(raw)
		text = string(l)
	}
	if o.Type == "error" || o.Type == "pyerr" {
		text = strings.TrimSpace(o.Name + ": " + o.Value)
	}
	text = strings.ToValidUTF8(text[:min(len(text), longOutput)], "")
	text = escapes.ReplaceAllString(text, "")
	for part := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		rows := strings.Split(strings.Trim(part, "\n"), "\n")
		at.Kind = corpus.TableRow
		for _, row := range rows {
			if len(rows) < 2 || !columns.MatchString(row) {
				at.Kind = corpus.Paragraph
			}
		}
		if at.Kind == corpus.Paragraph {
			n.x.Add(at, part)
			continue
		}
		n.x.Part()
		for _, row := range rows {
			n.x.Add(at, gaps.ReplaceAllString(strings.TrimRight(row, " "), "\t"))
		}
	}
}
