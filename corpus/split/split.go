// Package split cuts a document into passages and sentences: the units that
// are indexed, scored and selected.
//
// A sentence is the smallest unit that can be selected: a sentence of prose, a
// list item, a table row, a short turn of a conversation, a line or a short
// declaration of code. A passage is a run of whole sentences of about
// [Options.PassageTokens] tokens that never crosses a heading. Passages tile
// the document byte for byte.
//
// Everything is rule-based, looks a bounded number of bytes around each place,
// and takes time linear in the document. Sizes are estimated
// ([EstimateTokens]), never counted by a tokenizer, so that the same document
// is cut in the same way whatever the budget is counted in.
//
// [Each] hands out the passages one after another and keeps no more than some
// thousands of sentences, however long the document is.
package split

import (
	"github.com/tamis-search/tamis/corpus"
)

// Version of the rules. It is to be counted up with every change of what Split
// returns for a document: indexes are then made anew.
const Version = 4

// Options size the units. The zero value means the defaults; all sizes are
// tokens as [EstimateTokens] estimates them.
type Options struct {
	// PassageTokens is the size that passages are filled to; default 200.
	PassageTokens int
	// WholeTokens is the size up to which a turn of a conversation, a list item
	// or a declaration of code stays one sentence; default 64.
	WholeTokens int
	// SentenceTokens is the size above which a sentence is cut at clause, word
	// or rune borders; default 120. No sentence is longer than 1,000 bytes
	// either at the default, and in proportion otherwise.
	SentenceTokens int
}

func (o Options) withDefaults() Options {
	if o.PassageTokens <= 0 {
		o.PassageTokens = 200
	}
	if o.WholeTokens <= 0 {
		o.WholeTokens = 64
	}
	if o.SentenceTokens <= 0 {
		o.SentenceTokens = 120
	}
	o.WholeTokens = min(o.WholeTokens, o.SentenceTokens)
	return o
}

// maxBytes is the byte limit of a sentence that goes with SentenceTokens.
func (o Options) maxBytes() int { return max(o.SentenceTokens*1000/120, 16) }

// Split returns the passages of d. They tile d.Source (see [corpus.Passage]);
// a document without text has none, one of white space has one passage without
// sentences. Bytes outside d.Blocks are in no sentence unless d.Blocks is nil,
// in which case the paragraphs, list items, table rows and turns of the plain
// text are found first.
func Split(d *corpus.Document, o Options) []corpus.Passage {
	var all []corpus.Passage
	// No error but that of the function that is given.
	_ = Each(d, o, func(p corpus.Passage) error {
		all = append(all, p)
		return nil
	})
	return all
}

// longSource is the size above which a document is packed in parts of windowUnits
// units, so that what is in work does not grow with it. Where one ends, a
// section is packed as if it went on elsewhere: borders may differ from those
// that the whole section would have.
const (
	longSource  = 4 << 20
	windowUnits = 1 << 14
)

// Each gives add the passages that Split returns. An error of add ends it and is
// returned.
func Each(d *corpus.Document, o Options, add func(corpus.Passage) error) error {
	if d.Source == "" {
		return nil
	}
	window := windowUnits
	if len(d.Source) <= longSource {
		window = 0
	}
	return each(d, o, window, add)
}

// each packs in parts of window units; 0 is all at once.
func each(d *corpus.Document, o Options, window int, add func(corpus.Passage) error) error {
	o = o.withDefaults()
	s := &splitter{src: d.Source, o: o}
	n := len(d.Source)/80 + 4
	if window > 0 {
		n = window
	}
	s.units = make([]corpus.Sentence, 0, n)
	s.marks = make([]mark, 0, n)
	s.caseless = caseless(d.Source)
	p := packer{splitter: s, title: d.Title, add: add}
	if window > 0 {
		s.window, s.full = window, p.part
	}
	at := 0
	block := func(b *corpus.Block) {
		// A reader that breaks its word must not make us panic or overlap.
		start, end := max(b.Start, at), min(b.End, len(d.Source))
		if start >= end {
			return
		}
		at = end
		if b.Kind == corpus.Heading {
			p.heading(start, end, b)
			return
		}
		if b.Level > 0 {
			p.rise(b.Level)
			p.declared(b)
		}
		s.block(start, end, b)
	}
	if d.Blocks == nil {
		plainBlocks(d.Source, func(b corpus.Block) bool {
			block(&b)
			return s.err == nil
		})
	}
	for i := range d.Blocks {
		if s.err == nil {
			block(&d.Blocks[i])
		}
	}
	if s.err == nil {
		p.flush()
		p.finish()
	}
	return s.err
}

// mark is what packing needs to know about a unit beside its range.
type mark struct {
	tokens int32
	// border says that a paragraph, block or group of code lines begins here.
	border bool
}

// splitter collects the units of one document in order.
type splitter struct {
	src      string
	o        Options
	units    []corpus.Sentence
	marks    []mark
	caseless bool // the text has no capitals: a stop alone ends a sentence
	border   bool // the next unit begins a block or paragraph
	// full packs the units where there are window of them; nil where all are kept.
	full   func()
	window int
	err    error // of who takes the passages: nothing more is wanted
}

// block cuts one block that is not a heading into units.
func (s *splitter) block(start, end int, b *corpus.Block) {
	start, end = trim(s.src, start, end)
	if start == end {
		return
	}
	s.border = true
	switch b.Kind {
	case corpus.TableRow:
		s.emit(start, end, b.Kind)
	case corpus.Turn, corpus.ListItem, corpus.Term:
		if s.short(start, end) {
			s.emit(start, end, b.Kind)
		} else {
			s.prose(start, end, b.Kind)
		}
	case corpus.Code:
		if b.Label != "" && s.short(start, end) {
			s.emit(start, end, b.Kind)
		} else {
			s.code(start, end)
		}
	default:
		s.prose(start, end, b.Kind)
	}
}

// short says whether src[start:end] stays whole as a turn, item or declaration.
func (s *splitter) short(start, end int) bool {
	if end-start > s.o.maxBytes() {
		return false
	}
	n, _ := fit(s.src[start:end], s.o.WholeTokens)
	return n == end-start
}

// emit appends src[start:end], which is trimmed and not empty, as one unit, or
// as several if it is too long.
func (s *splitter) emit(start, end int, k corpus.BlockKind) {
	for s.err == nil {
		n, tokens := fit(s.src[start:min(end, start+s.o.maxBytes())], s.o.SentenceTokens)
		if start+n >= end {
			s.add(start, end, k, tokens)
			return
		}
		cut := s.cut(start, end, n)
		a, b := trim(s.src, start, cut)
		if a < b {
			s.add(a, b, k, EstimateTokens(s.src[a:b]))
		}
		start, _ = trim(s.src, cut, end)
		if start >= end {
			return
		}
	}
}

func (s *splitter) add(start, end int, k corpus.BlockKind, tokens int) {
	s.units = append(s.units, corpus.Sentence{Start: start, End: end, Kind: k})
	s.marks = append(s.marks, mark{tokens: int32(tokens), border: s.border})
	s.border = false
	if s.full != nil && len(s.units) >= s.window && k != corpus.Heading && s.err == nil {
		s.full()
	}
}
