// Package reading shows what readers make of files: as JSON, for programs and for
// those who judge readers, and for people.
package reading

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/corpus/keyphrase"
	"github.com/tamis-search/tamis/corpus/read"
)

// Document is what was made of a document, or of a file that could not be read.
// Start and End of its blocks are bytes of Text.
type Document struct {
	Doc         string         `json:"doc"`
	Path        string         `json:"path,omitempty"`
	Title       string         `json:"title,omitempty"`
	Type        string         `json:"type,omitempty"`
	Lang        string         `json:"lang,omitempty"`
	Metadata    map[string]any `json:"metadata,omitempty"`
	Text        string         `json:"text"`
	Blocks      []Block        `json:"blocks,omitempty"`
	Status      string         `json:"status"` // ok, or as read.SkipError has it; failed for all else
	Error       string         `json:"error,omitempty"`
	Attachments []string       `json:"attachments,omitempty"`
	Warnings    []string       `json:"warnings,omitempty"`
	Dropped     []Dropped      `json:"dropped,omitempty"`
	Documents   []Part         `json:"documents,omitempty"` // of Text, where it is that of many
	// Keyphrases and Acronyms are there where FindWords was asked for them.
	Keyphrases []keyphrase.Phrase   `json:"keyphrases,omitempty"`
	Acronyms   []acronym.Definition `json:"acronyms,omitempty"`
}

// Block is a block of a document; the rows of a table are one.
type Block struct {
	Kind  string        `json:"kind"`
	Level int           `json:"level,omitempty"`
	Label string        `json:"label,omitempty"`
	Start int           `json:"start"`
	End   int           `json:"end"`
	Page  int           `json:"page,omitempty"` // or slide
	Place *corpus.Place `json:"place,omitempty"`
	Rows  [][]string    `json:"rows,omitempty"`
	// Continues says that it goes on with the block before, on another page.
	Continues bool `json:"continues,omitempty"`
}

// Dropped is what a reader left out.
type Dropped struct {
	Reason string `json:"reason"`
	Text   string `json:"text"`
}

// Part is where the text of one of many documents stands.
type Part struct {
	Doc   string `json:"doc"`
	Title string `json:"title,omitempty"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Of shows a document.
func Of(d *corpus.Document) Document {
	r := Document{Doc: d.ID, Path: d.Path, Title: d.Title, Type: d.Type, Lang: d.Lang, Metadata: d.Metadata, Text: d.Source, Status: "ok", Attachments: d.Attachments}
	for _, w := range d.Warnings {
		r.Warnings = append(r.Warnings, strings.TrimSpace(w.Key+" "+w.Reason))
	}
	for _, x := range d.Dropped {
		r.Dropped = append(r.Dropped, Dropped(x))
	}
	table := -1 // the block of the table that rows belong to
	for i := range d.Blocks {
		b := &d.Blocks[i]
		row := b.Kind == corpus.TableRow
		place := d.PlaceOf(b.Start)
		page := cmp.Or(place.Page, place.Slide)
		if row && table >= 0 && strings.Count(d.Source[r.Blocks[table].End:b.Start], "\n") <= 1 && page == r.Blocks[table].Page {
			t := &r.Blocks[table]
			t.End = b.End
			t.Rows = append(t.Rows, cells(d.Source[b.Start:b.End]))
			continue
		}
		out := Block{Kind: b.Kind.String(), Level: int(b.Level), Label: b.Label, Start: b.Start, End: b.End}
		if !place.IsZero() {
			out.Place, out.Page = &place, page
		}
		table = -1
		if row {
			table = len(r.Blocks)
			out.Rows = [][]string{cells(d.Source[b.Start:b.End])}
		}
		r.Blocks = append(r.Blocks, out)
		r.onward(b.Onward)
	}
	return r
}

// onward shows the rest of a block that stands on other pages as blocks.
func (r *Document) onward(o *corpus.Onward) {
	for ; o != nil; o = o.Onward {
		last := &r.Blocks[len(r.Blocks)-1]
		rest := Block{Kind: last.Kind, Level: last.Level, Start: o.Start, End: last.End, Page: o.Place.Page, Place: &o.Place, Continues: true}
		last.End = o.Start
		r.Blocks = append(r.Blocks, rest)
	}
}

// cells are those of a row: parted by tabs, or as Markdown does.
func cells(row string) []string {
	if !strings.Contains(row, "\t") && strings.Contains(row, "|") {
		row = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(row), "|"), "|")
		row = strings.ReplaceAll(row, "|", "\t")
	}
	out := strings.Split(row, "\t")
	for i, c := range out {
		out[i] = strings.TrimSpace(c)
	}
	return out
}

// Failed shows what could not be read.
func Failed(err error) Document {
	r := Document{Status: "failed", Error: err.Error()}
	var s *read.SkipError
	if errors.As(err, &s) {
		r.Doc, r.Path, r.Error = s.Name(), s.Path, s.Reason
		r.Status = cmp.Or(s.Status, r.Status)
		if s.Line > 0 {
			r.Error = fmt.Sprintf("line %d: %s", s.Line, s.Reason)
		}
	}
	return r
}

// File is what was made of a file, where all of it is to stand in one place: the
// document that the file itself is, or those that it holds, one after another. rest
// are the others: members of a file that is a document, an attachment, say.
func File(path string, docs []Document) (file Document, rest []Document) {
	for i, d := range docs {
		if d.Doc == path {
			return d, append(append(rest, docs[:i]...), docs[i+1:]...)
		}
	}
	file = Document{Doc: path, Path: path, Status: "ok"}
	ok := false
	for _, d := range docs {
		if d.Status != "ok" {
			file.Error = strings.TrimPrefix(file.Error+"; "+d.Doc+": "+d.Error, "; ")
			if !ok {
				file.Status = d.Status
			}
			continue
		}
		ok, file.Status = true, "ok"
		if file.Text != "" {
			file.Text += "\n\n"
		}
		at := len(file.Text)
		file.Text += d.Text
		file.Documents = append(file.Documents, Part{d.Doc, d.Title, at, len(file.Text)})
		for _, b := range d.Blocks {
			b.Start += at
			b.End += at
			file.Blocks = append(file.Blocks, b)
		}
		file.Attachments = append(append(file.Attachments, strings.TrimPrefix(d.Doc, path+"!/")), d.Attachments...)
		file.Dropped = append(file.Dropped, d.Dropped...)
		file.Warnings = append(file.Warnings, d.Warnings...)
	}
	return file, nil
}

// Write writes what File makes of a file into a folder, as NAME.json, and the rest
// as NAME!INSIDE.json.
func Write(dir, path string, docs []Document) error {
	file, rest := File(path, docs)
	for i, d := range append([]Document{file}, rest...) {
		name := filepath.Base(path)
		if i > 0 {
			name += strings.NewReplacer("/", "_", "\\", "_").Replace(strings.TrimPrefix(d.Doc, path))
		}
		data, err := json.Marshal(d)
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name[:min(len(name), 240)]+".json"), data, 0o666)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
