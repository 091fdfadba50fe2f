// Package corpus holds the shapes that text takes on its way through tamis: a
// Document as a reader delivers it, its Blocks (paragraphs, headings, rows,
// declarations …), and the Passages and Sentences it is split into.
//
// Every shape is a byte range of Document.Source, the stored source, start
// inclusive and end exclusive, on UTF-8 borders. The stored source is the
// decompressed UTF-8 of a text format (an invalid byte is U+FFFD there) and
// the extracted text of a markup or binary format; in that second case each
// Block also says which bytes of the file it came from. A Place says where in the
// original that is, for people: line, page, cell or second.
package corpus

import (
	"cmp"
	"time"

	"github.com/tamis-search/tamis/vector"
)

// Document is one unit of ingest: a file, or one record of a JSON Lines file.
type Document struct {
	// ID names the document in hits and citations: the cleaned absolute path of
	// a file, or the id of a JSON Lines record. Never empty.
	ID string
	// Path is the file that holds the document; empty for documents that a
	// program made.
	Path string
	// Title is the title that the format states (front matter, <title>, the
	// first level-1 heading, a record's "title"), else the file's base name for
	// files, else empty.
	Title string
	// Type is the reader that made the document: text, markdown, html, go,
	// code, jsonl.
	Type string
	// Lang is the language: an ISO 639-1 code ("en") for prose, the lower-case
	// name of the programming language ("go", "python") for code; empty when
	// it is not known yet.
	Lang string
	// Role is what the document is for, as package role names it; empty when
	// nobody has said.
	Role string
	// ModTime is the modification time of the file; zero when there is none.
	ModTime time.Time
	// Metadata is what the source states about the document beyond the above.
	// Values are string, float64, bool or []string, and the same after they went
	// through JSON: keys and strings are valid UTF-8, an integer beyond 2^53 is
	// the float64 next to it. A number of more digits that is a name, not a
	// quantity, belongs in a string. GroupsKey holds the access list; a value of
	// OwnKeys is not seen.
	Metadata map[string]any
	// Source is the stored source: valid UTF-8.
	Source string
	// Blocks are the structure of Source in ascending order, not overlapping;
	// what lies between two blocks is white space or markup without content.
	// Nil means plain text, whose paragraphs the splitter finds by itself.
	Blocks []Block
	// Place is where the document begins in its file: line 1 of a text, the line
	// of a record; zero where nothing is known.
	Place Place
	// Verbatim says that Source is the file's own text, line for line: each line
	// break in it is one line more than Place has, and Blocks need no places.
	Verbatim bool
	// Vectors are those of the document, by field, learned sparse or dense: beside its
	// text or instead of it.
	Vectors map[string]vector.Value
	// Warnings are what the source states about the document and was not taken, and
	// what was guessed to read it.
	Warnings []Warning
	// Attachments are the names of what the document holds as files: those of a mail,
	// say. What can be read of them are documents of their own.
	Attachments []string
	// Dropped is what a reader left out on purpose, where somebody asked for it.
	Dropped []Dropped
}

// Name is what a document is called in reports: its file and its id, where these differ.
func (d *Document) Name() string {
	if d.Path != "" && d.Path != d.ID && d.ID != "" {
		return d.Path + ": " + d.ID
	}
	return cmp.Or(d.Path, d.ID)
}

// Dropped is a text that a reader left out: navigation, a running head, a quoted
// reply, what nobody sees.
type Dropped struct {
	Reason string // a few words: "navigation"
	Text   string
}

// Warning says what of a document was left out although the document went in.
type Warning struct {
	Line   int    // counted from 1; 0 where it is the whole file's
	Key    string // of the metadata, as the file writes it
	Reason string // a clause that follows the key
}

// GroupsKey is the metadata that holds a document's access list: the groups that
// may see it, a string or a []string. A value of another kind lets nobody in.
const GroupsKey = "groups"

// OwnKeys are the metadata that every document has by itself.
var OwnKeys = []string{"path", "type", "lang", "mtime", "role"}

// BlockKind says what a block is.
type BlockKind uint8

// The kinds of block.
const (
	Paragraph BlockKind = iota
	Heading             // Level 1 to 6, Label is the heading's text
	ListItem
	TableRow
	Code // a code block, or a declaration whose name is Label
	Turn // "Speaker: text", one speaker's turn in a conversation
	Quote
	Term // what the list items that follow it define or describe: <dt>
)

// String names the kind, in one word.
func (k BlockKind) String() string {
	names := [...]string{"paragraph", "heading", "list", "table", "code", "turn", "quote", "term"}
	if int(k) < len(names) {
		return names[k]
	}
	return "unknown"
}

// Block is a run of Source that has one role.
type Block struct {
	Kind BlockKind
	// Level is of a Heading 1 to 6, deeper where it is a key of data. In source code and
	// data it says of the other blocks how deep they stand, from 1: those that follow a
	// block with a Label and are deeper belong to what it names. Else 0.
	Level uint8
	// Start and End are bytes of Document.Source.
	Start, End int
	// FileStart and FileEnd are bytes of the decompressed file. They equal Start
	// and End where Source is the file's own text.
	FileStart, FileEnd int
	// Place is where the block begins in its original; nil where that is the
	// document's to say.
	Place *Place
	// Onward is where the rest of the block stands, where not all of it is at one place: a
	// paragraph that goes on on the next page; nil for most.
	Onward *Onward
	// Label names the block: the text of a Heading without its markup, the name
	// of a declaration ("func (*Reader) Read"). Empty for other blocks.
	Label string
}

// Onward says that from a byte of Source on a block stands at another place.
type Onward struct {
	Start  int
	Place  Place
	Onward *Onward // where that ends; nil for the rest of the block
}

// Passage is a run of about 200 tokens that ends on a sentence border and never
// crosses a heading. The passages of a document tile its Source: the first
// starts at 0, each starts where the one before it ends, the last ends at
// len(Source).
type Passage struct {
	Start, End int
	// Headings is the heading path above the passage, outermost first, without
	// the document's title. Passages of one section share the slice.
	Headings []string
	// Sentences lie inside [Start, End), ascending, not overlapping, without
	// white space at either end; what lies between them is white space, and
	// markup that is no block's content (fences, table rules, front matter).
	Sentences []Sentence
}

// Sentence is the smallest unit that is selected: a sentence of prose, a list
// item, a table row, a short turn, a line or a short declaration of code.
type Sentence struct {
	Start, End int
	Kind       BlockKind // of the block it lies in
}
