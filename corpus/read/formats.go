package read

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// format is how a file is read. A new format enters here: a row in byExtension,
// a magic number in sniff where the extension does not tell, and its function.
type format struct {
	name    string // Document.Type
	lang    string // Document.Lang, of code
	records bool   // a file of many documents, streamed
	// decode turns a text that is not valid UTF-8 into UTF-8, or returns "".
	decode func(text string) string
	// read fills Source, Blocks, Title and what else the format states from the
	// text of a file, which is valid UTF-8 without a byte order mark.
	read func(d *corpus.Document, text string) error
}

var (
	formText     = format{name: "text", read: readText}
	formMarkdown = format{name: "markdown", read: readMarkdown}
	formHTML     = format{name: "html", decode: decodeHTML, read: readHTML}
	formGo       = format{name: "go", lang: "go", read: readGo}
	formRows     = format{name: "text", read: readRows}
	formRecords  = format{name: "jsonl", records: true}
)

// byExtension holds lower-case extensions of the formats that are not code.
var byExtension = map[string]*format{
	".txt": &formText, ".text": &formText, ".log": &formText, ".rst": &formText, ".adoc": &formText, ".org": &formText, ".tex": &formText,
	".md": &formMarkdown, ".markdown": &formMarkdown, ".mdx": &formMarkdown, ".mdown": &formMarkdown, ".mkd": &formMarkdown,
	".html": &formHTML, ".htm": &formHTML, ".xhtml": &formHTML,
	".go":    &formGo,
	".jsonl": &formRecords, ".ndjson": &formRecords,
	".csv": &formRows, ".tsv": &formRows,
}

// unread names the formats that are recognised but have no reader.
var unread = []struct{ magic, name string }{
	{"%PDF-", "a PDF file"},
	{"PK\x03\x04", "a ZIP, Office or EPUB file"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an old Office file"},
	{"{\\rtf", "an RTF file"},
	{"BZh", "a bzip2 file"},
	{"\xFD7zXZ\x00", "an xz file"},
	{"\x28\xB5\x2F\xFD", "a zstd file"},
}

// sniff chooses the format by the file's name (without .gz) and its first
// bytes, or says why there is none.
func sniff(f *File, name string, head []byte) (*format, error) {
	if len(head) == 0 {
		return nil, &SkipError{Path: f.Path, Reason: "empty"}
	}
	for _, u := range unread {
		if bytes.HasPrefix(head, []byte(u.magic)) {
			return nil, &SkipError{Path: f.Path, Reason: "no reader for " + u.name}
		}
	}
	ext := strings.ToLower(filepath.Ext(name))
	if reason, nul := binary(head); nul || reason != "" && byExtension[ext] != &formHTML { // HTML may state its encoding
		return nil, &SkipError{Path: f.Path, Reason: reason}
	}
	if form := byExtension[ext]; form != nil {
		return form, nil
	}
	if (ext == ".json" || f.IsStdin()) && isRecord(head) {
		return &formRecords, nil
	}
	lang := languages[ext]
	if lang == "" {
		lang = fileNames[strings.ToLower(filepath.Base(name))]
	}
	if lang == "" && ext == "" && bytes.HasPrefix(head, []byte("#!")) {
		lang = shebang(head)
	}
	if lang != "" {
		return &format{name: "code", lang: lang, read: readCode}, nil
	}
	if t := bytes.ToLower(bytes.TrimSpace(head[:min(len(head), 512)])); bytes.HasPrefix(t, []byte("<!doctype html")) || bytes.HasPrefix(t, []byte("<html")) {
		return &formHTML, nil
	}
	return &formText, nil
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
		if r == utf8.RuneError && n == 1 && (i+utf8.UTFMax <= len(head) || len(head) < headBytes) {
			invalid++
		}
		i += n
	}
	if invalid*10 > len(head) {
		return fmt.Sprintf("binary file or unknown encoding (%d of the first %d bytes are not UTF-8)", invalid, len(head)), false
	}
	return "", false
}

// isRecord says whether the first line is a JSON object with a text or a vector,
// as far as it can be seen.
func isRecord(head []byte) bool {
	line := bytes.TrimPrefix(head, []byte(bom))
	line = bytes.TrimLeft(line, " \t\r\n")
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	} else if len(head) >= headBytes && !json.Valid(line) { // the line goes on
		return bytes.Contains(line, []byte(`"text"`)) || bytes.Contains(line, []byte(`"vector"`))
	}
	var rec map[string]json.RawMessage
	return json.Unmarshal(line, &rec) == nil && (rec["text"] != nil || rec["title"] != nil || rec["vector"] != nil || rec["vectors"] != nil)
}

// parse reads text with form. The reader never sees a byte order mark, the
// stored source keeps it.
func parse(d *corpus.Document, text string, form *format) error {
	body := strings.TrimPrefix(text, bom)
	if err := form.read(d, body); err != nil {
		return err
	}
	if n := len(text) - len(body); n > 0 {
		own := d.Source == body
		if own {
			d.Source = text
		}
		for i := range d.Blocks {
			b := &d.Blocks[i]
			b.FileStart += n
			b.FileEnd += n
			if own {
				b.Start += n
				b.End += n
			}
		}
	}
	return nil
}

// readText leaves the finding of paragraphs to the splitter.
func readText(d *corpus.Document, text string) error {
	d.Source = text
	return nil
}

// readRows makes each line of a CSV or TSV file, or each record whose quoted
// cells hold line breaks, a table row.
func readRows(d *corpus.Document, text string) error {
	d.Source = text
	d.Blocks = []corpus.Block{}
	quoted, start := false, 0
	for i := 0; i <= len(text); i++ {
		if i < len(text) && text[i] == '"' {
			quoted = !quoted
		}
		// A quote that is never closed must not make one row of the file.
		if i == len(text) || text[i] == '\n' && (!quoted || i-start > 1<<16) {
			d.Blocks = appendTrimmed(d.Blocks, corpus.Block{Kind: corpus.TableRow, Start: start, End: i}, text)
			start, quoted = i+1, false
		}
	}
	return nil
}

// appendTrimmed appends b without the white space at its ends, unless nothing
// is left. It is for formats whose source is the file's own text.
func appendTrimmed(blocks []corpus.Block, b corpus.Block, text string) []corpus.Block {
	t := text[b.Start:b.End]
	l := strings.TrimLeftFunc(t, unicode.IsSpace)
	b.Start += len(t) - len(l)
	b.End = b.Start + len(strings.TrimRightFunc(l, unicode.IsSpace))
	if b.Start == b.End {
		return blocks
	}
	b.FileStart, b.FileEnd = b.Start, b.End
	return append(blocks, b)
}

func blank(s string) bool {
	return strings.TrimFunc(strings.TrimPrefix(s, bom), unicode.IsSpace) == ""
}
