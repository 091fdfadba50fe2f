package read

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus/read/code"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/markdown"
	"github.com/tamis-search/tamis/corpus/read/markup"
	"github.com/tamis-search/tamis/corpus/read/record"
	"github.com/tamis-search/tamis/corpus/read/talk"
)

// row is how a file is read. A new format enters here: a magic number in
// byMagic, or a row in byExtension, and its function.
type row struct {
	name string // of the format, for people
	read format.Func
	// streamed formats are read from front to back, and are of any size.
	streamed bool
	// encoded formats may state an encoding other than UTF-8.
	encoded bool
}

var (
	formText     = row{name: "text", read: format.Textual("text", "", nil, readText)}
	formMarkdown = row{name: "Markdown", read: markdown.Read}
	formHTML     = row{name: "HTML", read: markup.HTML, encoded: true}
	formGo       = row{name: "Go", read: code.Read("go")}
	formRecords  = row{name: "JSON Lines", read: record.Read, streamed: true}
	formCSV      = row{name: "comma-separated values", read: record.CSV, encoded: true}
	formTSV      = row{name: "tab-separated values", read: record.TSV, encoded: true}
	formVTT      = row{name: "WebVTT subtitles", read: talk.VTT, encoded: true}
	formSRT      = row{name: "SubRip subtitles", read: talk.SRT, encoded: true}
)

// byExtension holds lower-case extensions of the formats that are not code.
var byExtension = map[string]*row{
	".txt": &formText, ".text": &formText, ".log": &formText, ".rst": &formText, ".adoc": &formText, ".org": &formText, ".tex": &formText,
	".md": &formMarkdown, ".markdown": &formMarkdown, ".mdx": &formMarkdown, ".mdown": &formMarkdown, ".mkd": &formMarkdown,
	".html": &formHTML, ".htm": &formHTML, ".xhtml": &formHTML,
	".go":    &formGo,
	".jsonl": &formRecords, ".ndjson": &formRecords,
	".csv": &formCSV, ".tsv": &formTSV, ".tab": &formTSV,
	".vtt": &formVTT, ".srt": &formSRT,
}

// byMagic are the formats whose files begin with a number of their own. Those
// that are recognised but have no reader are named instead.
var byMagic = []struct {
	magic string
	form  *row
	name  string
}{
	{"%PDF-", nil, "a PDF file"},
	{"PK\x03\x04", nil, "a ZIP, Office or EPUB file"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", nil, "an old Office file"},
	{"{\\rtf", nil, "an RTF file"},
	{"WEBVTT", &formVTT, ""},
	{"BZh", nil, "a bzip2 file"},
	{"\xFD7zXZ\x00", nil, "an xz file"},
	{"\x28\xB5\x2F\xFD", nil, "a zstd file"},
}

// sniff chooses the format by what the file begins with, then by its name, then
// by what its first lines look like; or it says why there is none.
func sniff(f *format.File) (*row, error) {
	head := f.Head
	if len(head) == 0 {
		return nil, f.Skip("empty")
	}
	for _, m := range byMagic {
		switch {
		case !bytes.HasPrefix(head, []byte(m.magic)):
		case m.form == nil:
			return nil, f.SkipAs(format.Unsupported, "no reader for %s", m.name)
		default:
			return m.form, nil
		}
	}
	ext := strings.ToLower(filepath.Ext(f.Name))
	form := byExtension[ext]
	if reason, nul := binary(head); nul || reason != "" && (form == nil || !form.encoded) {
		return nil, f.SkipAs(format.Unsupported, "%s", reason)
	}
	if form != nil {
		return form, nil
	}
	if (ext == ".json" || f.Name == "") && record.Is(head) {
		return &formRecords, nil
	}
	if lang := code.Language(f.Name, head); lang != "" {
		return &row{name: lang, read: code.Read(lang)}, nil
	}
	if t := bytes.ToLower(bytes.TrimSpace(head[:min(len(head), 512)])); bytes.HasPrefix(t, []byte("<!doctype html")) || bytes.HasPrefix(t, []byte("<html")) {
		return &formHTML, nil
	}
	return &formText, nil
}

// Format is one that is read, and the extensions of its files. What a file is, is
// said by its first bytes before its name.
type Format struct {
	Name       string   `json:"name"`
	Extensions []string `json:"extensions"`
}

// Formats lists the formats that are read, by name.
func Formats() []Format {
	names := map[string][]string{}
	for ext, form := range byExtension {
		names[form.name] = append(names[form.name], ext)
	}
	for lang, exts := range code.Extensions() {
		names["source code: "+lang] = exts
	}
	var all []Format
	for _, name := range slices.SortedFunc(maps.Keys(names), func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		slices.Sort(names[name])
		all = append(all, Format{name, names[name]})
	}
	return all
}

// binary says why the first bytes of a file cannot be text, or "", and whether
// a NUL byte is the reason.
func binary(head []byte) (reason string, nul bool) {
	if i := bytes.IndexByte(head, 0); i >= 0 {
		return fmt.Sprintf("binary file (NUL byte at %d)", i), true
	}
	invalid := 0
	for i := 0; i < len(head); {
		if head[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n == 1 && (i+utf8.UTFMax <= len(head) || len(head) < format.HeadBytes) {
			invalid++
		}
		i += n
	}
	if invalid*10 > len(head) {
		return fmt.Sprintf("binary file or unknown encoding (%d of the first %d bytes are not UTF-8)", invalid, len(head)), false
	}
	return "", false
}
