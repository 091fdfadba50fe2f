package render

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/dates"
	"github.com/tamis-search/tamis/text/tokens"
)

// Span is a kept byte range.
type Span struct {
	Cite   int     `json:"cite"`   // number of the label above it, from 1
	Doc    string  `json:"doc"`    // document id
	Path   string  `json:"path"`   // file that holds the document
	Start  int     `json:"start"`  // bytes of the stored source, end exclusive
	End    int     `json:"end"`    //
	Score  float64 `json:"score"`  // of its best sentence
	Digest string  `json:"digest"` // SHA-256 of its bytes, in hexadecimal
	// Place is where in its file the range begins, where that is known: see
	// SetPlaces.
	Place corpus.Place `json:"place,omitzero"`
	// Heading is the path of headings above it, as "Operations > Backups".
	Heading string `json:"heading,omitempty"`
	// Level is for the rendering Structured: from 1 for a heading; 0 for a point;
	// NoHeading for a point that begins a group without one.
	Level int `json:"level,omitempty"`
	// Inline: it follows the range before it on the same line, after a blank. Words
	// between the two were left out.
	Inline bool `json:"inline,omitempty"`
	// Gap: more than white space was left out between it and the range before it,
	// which has the same label: the rendering marks that (see Mark). Receipts of
	// versions that marked nothing have none.
	Gap bool `json:"gap,omitempty"`
	// Dates are the days that words of it mean, by the date of the document: marks beside
	// the text, where the index makes them.
	Dates []dates.Mark `json:"dates,omitempty"`
}

// Drop is a sentence that was scored and not kept.
type Drop struct {
	Doc    string  `json:"doc"`
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Score  float64 `json:"score"`
	Reason string  `json:"reason"` // "budget", "no question term", "after the cut: RULE", "duplicate of DOC:START-END", "shown under label N", "looks like a label" or "share of its document"
}

// Context is the packed text and its receipt.
type Context struct {
	Question  string `json:"question"`
	Budget    int    `json:"budget"`
	Tokens    int    `json:"tokens"` // of Text, by Tokenizer; never more than Budget
	Tokenizer string `json:"tokenizer"`
	// Confidence is the estimated probability that Text answers the question, in
	// hundredths; 0 where nothing was kept, and in what is no answer to one question.
	Confidence float64 `json:"confidence,omitempty"`
	Text       string  `json:"text"`
	Spans      []Span  `json:"spans"` // in the order of Text
	// Dropped are the units that were scored and are not in the text; see
	// SetDropped. They may be left out of a receipt, their number and digest stay.
	Dropped       []Drop   `json:"dropped"`
	DroppedCount  int      `json:"dropped_count,omitempty"`
	DroppedDigest string   `json:"dropped_digest,omitempty"`
	Order         string   `json:"order"`  // one of Orders
	Render        string   `json:"render"` // one of Renderings; "" is Plain
	Cut           string   `json:"cut,omitempty"`
	CutRecall     float64  `json:"cut_recall,omitempty"` // what was measured of the cut
	Guards        []string `json:"guards,omitempty"`     // some of unit.Guards
	// MostOf is the share of each document that may be kept, where one was set.
	MostOf float64 `json:"most_of,omitempty"`
	// Shrink is the share of the words that was left out of sentences.
	Shrink           float64 `json:"shrink,omitempty"`
	ShrinkByQuestion bool    `json:"shrink_by_question,omitempty"`
	// Drafts are the draft answers that it was looked for with.
	Drafts []string `json:"drafts,omitempty"`
	Label  string   `json:"label"`  // form of the labels, as for fmt: "[%d]", "[#%d]" …; a fence or a tag in other renderings
	Digest string   `json:"digest"` // SHA-256 of Text, in hexadecimal
	// Incomplete counts documents that could not be found, because their part of
	// the index was being built anew.
	Incomplete int `json:"incomplete,omitempty"`
	// Judged counts the passages that a model has read beside the question.
	Judged int `json:"judged,omitempty"`
	// Seal is the SHA-256 of the receipt without Text, which has a digest of its
	// own, and without Dropped, which may be left out: it shows an edit of what
	// cannot be derived from the spans and the sources. It is no signature.
	Seal string `json:"seal,omitempty"`

	texts []string // of the spans
}

// Texts are the bytes of the spans, in their order; nil for a receipt that was
// read from a file.
func (c *Context) Texts() []string { return c.texts }

// Write completes a receipt, of which the caller has set what was asked for,
// with the parts in its rendering and label, and seals it. The tokens are counted
// here, of the final bytes.
func Write(c *Context, parts []Part, counter tokens.Counter) {
	c.Text = Text(c.Render, c.Label, parts)
	c.Tokens, c.Tokenizer, c.Digest = counter.Count(c.Text), counter.Name(), digest(c.Text)
	c.Spans, c.texts = make([]Span, len(parts)), nil
	for i := range parts {
		c.Spans[i] = parts[i].Span
		c.Spans[i].Digest = digest(parts[i].Text)
		c.texts = append(c.texts, parts[i].Text)
	}
	c.Seal = c.seal()
}

// SetPlaces says of each span where it begins in its file. The receipt
// is sealed anew.
func (c *Context) SetPlaces(places []corpus.Place) {
	for i, p := range places {
		c.Spans[i].Place = p
	}
	c.Seal = c.seal()
}

// SetDates says which days words of the spans mean. The receipt is sealed anew.
func (c *Context) SetDates(marks [][]dates.Mark) {
	for i, m := range marks {
		c.Spans[i].Dates = m
	}
	c.Seal = c.seal()
}

// SetDropped says what was scored and not kept, with its number and digest: the
// SHA-256 of the drops, each as its fields in their order, ended by a zero byte.
// The receipt is sealed anew.
func (c *Context) SetDropped(drops []Drop) {
	c.Dropped, c.DroppedCount, c.DroppedDigest = drops, len(drops), digestOf(drops)
	c.Seal = c.seal()
}

func digestOf(drops []Drop) string {
	var b []byte
	for i := range drops {
		d := &drops[i]
		b = append(append(b, valid(d.Doc)...), 0)
		b = append(strconv.AppendInt(b, int64(d.Start), 10), 0)
		b = append(strconv.AppendInt(b, int64(d.End), 10), 0)
		b = append(strconv.AppendFloat(b, d.Score, 'g', -1, 64), 0)
		b = append(append(b, valid(d.Reason)...), 0)
	}
	return digest(string(b))
}

// seal is the digest of the receipt as JSON, with every string as it comes back
// from JSON.
func (c *Context) seal() string {
	s := *c
	s.Text, s.Dropped, s.Seal, s.texts = "", nil, "", nil
	s.Question, s.Drafts, s.Spans = valid(c.Question), slices.Clone(c.Drafts), slices.Clone(c.Spans)
	if len(s.Spans) == 0 {
		s.Spans = nil
	}
	for i := range s.Drafts {
		s.Drafts[i] = valid(s.Drafts[i])
	}
	for i := range s.Spans {
		s.Spans[i].Path, s.Spans[i].Heading = valid(s.Spans[i].Path), valid(s.Spans[i].Heading)
	}
	b, err := json.Marshal(&s)
	if err != nil { // a number that JSON does not have
		return "none"
	}
	return digest(string(b))
}

// valid is what a string is after a way through JSON: each invalid byte is
// U+FFFD.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// Compose lays out ranges, given with their bytes, and writes their receipt:
// for what is made of contexts, as a window is, under a budget that the caller
// holds. Digests are set; labels have signs extra signs.
func Compose(spans []Span, texts []string, rendering string, signs, budget int, counter tokens.Counter) *Context {
	c := &Context{Budget: budget, Dropped: []Drop{}, Order: StablePrefix, Render: rendering, Label: Form(rendering, signs)}
	parts := make([]Part, len(spans))
	for k := range spans {
		parts[k] = Part{spans[k], texts[k]}
	}
	Write(c, parts, counter)
	return c
}

func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
