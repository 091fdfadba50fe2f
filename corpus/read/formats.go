package read

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/archive"
	"github.com/tamis-search/tamis/corpus/read/code"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/latex"
	"github.com/tamis-search/tamis/corpus/read/mail"
	"github.com/tamis-search/tamis/corpus/read/manuscript"
	"github.com/tamis-search/tamis/corpus/read/markdown"
	"github.com/tamis-search/tamis/corpus/read/markup"
	"github.com/tamis-search/tamis/corpus/read/nested"
	"github.com/tamis-search/tamis/corpus/read/office"
	"github.com/tamis-search/tamis/corpus/read/office/rtf"
	"github.com/tamis-search/tamis/corpus/read/pdf"
	"github.com/tamis-search/tamis/corpus/read/record"
	"github.com/tamis-search/tamis/corpus/read/talk"
	"github.com/tamis-search/tamis/corpus/read/web"
)

// row is how a file is read. A new format enters here: a magic number in
// byMagic, or a row in byExtension, and its function.
type row struct {
	name string // of the format, for people
	read format.Func
	// streamed formats are read from front to back, and are of any size.
	streamed bool
	// source formats are what pages of HTML are made of.
	source bool
	// holds files, whose bytes may be anything.
	holds bool
	// large formats are read in any order, and on disk may be of any size.
	large bool
	// numbered formats begin with a number of their own: a text is none of them.
	numbered bool
	// timed formats have bounds of time of their own.
	timed bool
	// encoded formats may state an encoding other than UTF-8.
	encoded bool
}

var (
	formText       = row{name: "text", read: format.Textual("text", "", nil, readText), source: true}
	formMarkdown   = row{name: "Markdown", read: markdown.Read, source: true}
	formHTML       = row{name: "HTML", read: markup.HTML, encoded: true}
	formRST        = row{name: "reStructuredText", read: manuscript.RST, source: true}
	formAsciiDoc   = row{name: "AsciiDoc", read: manuscript.AsciiDoc, source: true}
	formOrg        = row{name: "Org", read: manuscript.Org, source: true}
	formLaTeX      = row{name: "LaTeX", read: latex.Read}
	formMan        = row{name: "manual page", read: manuscript.Man}
	formInfo       = row{name: "manuals of GNU Info", read: manuscript.Info, encoded: true}
	formGo         = row{name: "Go", read: code.Read("go")}
	formMHTML      = row{name: "saved web page (MHTML)", read: web.MHTML, encoded: true}
	formWARC       = row{name: "archive of a crawl (WARC)", read: web.WARC, streamed: true, holds: true}
	formPDF        = row{name: "PDF", read: pdf.Read, numbered: true, timed: true}
	formRecords    = row{name: "JSON Lines", read: record.Read, streamed: true}
	formCSV        = row{name: "comma-separated values", read: record.CSV, encoded: true}
	formTSV        = row{name: "tab-separated values", read: record.TSV, encoded: true}
	formList       = row{name: "lists of JSON objects", read: record.List}
	formJSON       = row{name: "JSON", read: nested.JSON(code.Lines)}
	formYAML       = row{name: "YAML", read: nested.YAML(code.Lines)}
	formTOML       = row{name: "TOML", read: nested.TOML(code.Lines)}
	formXML        = row{name: "XML", read: nested.XML(code.Lines), encoded: true}
	formNotebook   = row{name: "Jupyter notebooks", read: record.Notebook}
	formZip        = row{name: "ZIP archives", read: office.Zip, large: true, numbered: true}
	formTar        = row{name: "TAR archives", read: archive.Tar, streamed: true}
	form7z         = row{name: "7z archives", read: archive.SevenZip, large: true, numbered: true}
	formMail       = row{name: "mail", read: mail.EML, encoded: true}
	formOLE        = row{name: "Outlook messages", read: readOLE, numbered: true}
	formMbox       = row{name: "mailbox", read: mail.Mbox, streamed: true, encoded: true}
	formExport     = row{name: "exported chats", read: readExport}
	formTranscript = row{name: "transcripts", read: talk.Transcript, encoded: true}
	formVTT        = row{name: "WebVTT subtitles", read: talk.VTT, encoded: true}
	formSRT        = row{name: "SubRip subtitles", read: talk.SRT, encoded: true}
	formDOCX       = row{name: "Word documents (OOXML)", read: office.Zip, numbered: true}
	formPPTX       = row{name: "PowerPoint presentations (OOXML)", read: office.Zip, numbered: true}
	formXLSX       = row{name: "Excel workbooks (OOXML)", read: office.Zip, numbered: true}
	formDOC        = row{name: "Word documents (97 to 2003)", read: readOLE, numbered: true}
	formXLS        = row{name: "Excel workbooks (5 to 2003)", read: readOLE, numbered: true}
	formPPT        = row{name: "PowerPoint presentations (97 to 2003)", read: readOLE, numbered: true}
	formRTF        = row{name: "Rich Text Format", read: rtf.Read}
	formODT        = row{name: "OpenDocument texts", read: office.Zip, numbered: true}
	formODS        = row{name: "OpenDocument sheets", read: office.Zip, numbered: true}
	formODP        = row{name: "OpenDocument presentations", read: office.Zip, numbered: true}
	formEPUB       = row{name: "EPUB books", read: office.Zip, numbered: true}
)

// readExport reads a chat, and as JSON what only looks like one.
func readExport(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	err := talk.Export(ctx, f, o, yield)
	if errors.Is(err, talk.ErrNoChat) {
		return formJSON.read(ctx, f, o, yield)
	}
	return err
}

// readOLE reads what stands in an OLE container.
func readOLE(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	if mail.IsMSG(f) {
		return mail.MSG(ctx, f, o, yield)
	}
	return office.OLE(ctx, f, o, yield)
}

// byExtension holds lower-case extensions of the formats that are not code.
var byExtension = map[string]*row{
	".txt": &formText, ".text": &formText, ".log": &formText,
	".rst": &formRST, ".rest": &formRST, ".adoc": &formAsciiDoc, ".asciidoc": &formAsciiDoc, ".org": &formOrg, ".tex": &formLaTeX, ".latex": &formLaTeX, ".ltx": &formLaTeX,
	".man": &formMan, ".mdoc": &formMan, ".roff": &formMan,
	".md": &formMarkdown, ".markdown": &formMarkdown, ".mdx": &formMarkdown, ".mdown": &formMarkdown, ".mkd": &formMarkdown,
	".pdf":  &formPDF,
	".html": &formHTML, ".htm": &formHTML, ".xhtml": &formHTML,
	".mhtml": &formMHTML, ".mht": &formMHTML, ".warc": &formWARC,
	".go":    &formGo,
	".jsonl": &formRecords, ".ndjson": &formRecords,
	".csv": &formCSV, ".tsv": &formTSV, ".tab": &formTSV,
	".json": &formJSON, ".yaml": &formYAML, ".yml": &formYAML, ".toml": &formTOML,
	".xml": &formXML, ".xsd": &formXML, ".plist": &formXML, ".pom": &formXML, ".csproj": &formXML,
	".ipynb": &formNotebook,
	".zip":   &formZip, ".tar": &formTar, ".7z": &form7z,
	".eml": &formMail, ".mbox": &formMbox, ".mbx": &formMbox,
	".docx": &formDOCX, ".docm": &formDOCX, ".dotx": &formDOCX, ".dotm": &formDOCX,
	".pptx": &formPPTX, ".pptm": &formPPTX, ".ppsx": &formPPTX, ".ppsm": &formPPTX, ".potx": &formPPTX,
	".xlsx": &formXLSX, ".xlsm": &formXLSX, ".xltx": &formXLSX, ".xltm": &formXLSX,
	".doc": &formDOC, ".dot": &formDOC, ".xls": &formXLS, ".xlt": &formXLS, ".ppt": &formPPT, ".pps": &formPPT, ".pot": &formPPT,
	".rtf": &formRTF,
	".odt": &formODT, ".ott": &formODT, ".sxw": &formODT,
	".ods": &formODS, ".ots": &formODS, ".sxc": &formODS,
	".odp": &formODP, ".otp": &formODP, ".odg": &formODP, ".sxi": &formODP,
	".epub": &formEPUB,
	".vtt":  &formVTT, ".srt": &formSRT,
}

// byMagic are the formats whose files begin with a number of their own. Those
// that are recognised but have no reader are named instead.
var byMagic = []struct {
	magic string
	form  *row
	name  string
}{
	{"%PDF-", &formPDF, ""},
	{"PK\x03\x04", &formZip, ""},
	{"PK\x05\x06", &formZip, ""},
	{"7z\xBC\xAF\x27\x1C", &form7z, ""},
	{"Rar!\x1a\x07", nil, "a RAR archive"},
	{"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", &formOLE, ""},
	{"{\\rtf", &formRTF, ""},
	{"WEBVTT", &formVTT, ""},
	{"WARC/", &formWARC, ""},
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
	if archive.IsTar(head) {
		return &formTar, nil
	}
	if bytes.Contains(head[:min(len(head), 1024)], []byte("%PDF-")) {
		return &formPDF, nil // some have something before their magic number
	}
	if reason, _ := binary(head); form != nil && form.numbered && reason == "" {
		form, ext = nil, "" // such as a page that a program saved under the name of a workbook
	}
	switch ext {
	case ".eml", ".mbox", ".mbx":
		if form == &formMail || mail.Is(head) {
			return form, nil // whatever bytes are in it
		}
	case ".json":
		switch {
		case talk.IsExport(head):
			return &formExport, nil
		case record.IsList(head):
			return &formList, nil
		case record.Is(head):
			form = &formRecords
		}
	case "", ".txt", ".mail", ".msg":
		switch {
		case talk.IsTranscript(head):
			return &formTranscript, nil
		case mail.IsMbox(head):
			return &formMbox, nil
		case mail.Is(head):
			return &formMail, nil
		}
	}
	if form == &formPDF {
		return form, nil
	}
	if form != nil && form.holds {
		return form, nil
	}
	switch {
	case code.Language(f.Name, nil) != "" || form != nil && form != &formHTML && form != &formText:
	case web.IsMHTML(head):
		return &formMHTML, nil
	case isHTML(head):
		return &formHTML, nil
	}
	if manuscript.IsInfo(head) { // its marks have NUL bytes
		return &formInfo, nil
	}
	if reason, nul := binary(head); nul || reason != "" && (form == nil || !form.encoded) {
		return nil, f.SkipAs(format.Unsupported, "%s", noText(head, reason))
	}
	if form != nil {
		return form, nil
	}
	if f.Name == "" && record.Is(head) {
		return &formRecords, nil
	}
	lang := code.Language(f.Name, head)
	if isManual(head, ext) {
		return &formMan, nil
	}
	if lang != "" {
		return &row{name: lang, read: code.Read(lang)}, nil
	}
	if form == nil && bytes.HasPrefix(bytes.TrimPrefix(head, []byte(bom)), []byte("<?xml ")) {
		return &formXML, nil // of the many kinds that have names of their own
	}
	return &formText, nil
}

// isHTML says that a text begins as pages do.
func isHTML(head []byte) bool {
	t := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head[:min(len(head), 512)], []byte(bom))))
	return bytes.HasPrefix(t, []byte("<!doctype html")) || bytes.HasPrefix(t, []byte("<html"))
}

// isManual says that a file begins as pages of troff do: with comments and the macro
// that names the page, or, where its name is that of a section, with one such at all.
func isManual(head []byte, ext string) bool {
	section := len(ext) > 1 && ext[1] >= '1' && ext[1] <= '9'
	if len(ext) > 1 && !section {
		return false
	}
	for line := range bytes.Lines(head) {
		switch {
		case bytes.HasPrefix(line, []byte(".TH ")), bytes.HasPrefix(line, []byte(".Dd ")), bytes.HasPrefix(line, []byte(".Dt ")):
			return true
		case !section && len(bytes.TrimSpace(line)) > 0 && line[0] != '.' && line[0] != '\'':
			return false
		}
	}
	return false
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
// a NUL byte is the reason. Text of any character set has next to no control
// characters.
func binary(head []byte) (reason string, nul bool) {
	if i := bytes.IndexByte(head, 0); i >= 0 {
		return fmt.Sprintf("binary file (NUL byte at %d)", i), true
	}
	if utf8.Valid(head) {
		return "", false
	}
	controls := 0
	for _, c := range head {
		if c < ' ' && (c < '\t' || c > '\r') && c != '\x1b' || c == 0x7F {
			controls++
		}
	}
	if controls*100 > len(head) {
		return fmt.Sprintf("binary file (%d of the first %d bytes are control characters)", controls, len(head)), false
	}
	return "", false
}
