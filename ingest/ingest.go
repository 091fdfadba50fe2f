// Package ingest makes rows of documents: what a segment's indexes hold of
// them. Language, passages, terms, the weights of fields and the metadata that
// filters see are decided here, so that a store needs to know nothing of words.
//
// Rows are derived, and may be derived anew: the same document, analysis and
// Pipeline give the same rows on every machine. Made names all that they
// depend on beside the document.
package ingest

import (
	"fmt"
	"sync"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/dates"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/corpus/topics"
	"github.com/tamis-search/tamis/filter"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/yield"
	"github.com/tamis-search/tamis/text"
)

// Similarity names a way to analyse and weigh words.
type Similarity string

const (
	// BM25F weighs title, heading path and body as fields.
	BM25F Similarity = "bm25f"
	// Lucene is Lucene's English analysis of title, a space and text as one
	// field with its one-byte lengths: for measuring parity.
	Lucene Similarity = "lucene"
)

// Config is what an index is made with. It is stored with the index.
type Config struct {
	Similarity Similarity `json:"similarity"`
	// Language is how prose is analysed: a Snowball language in English
	// ("english", "german"), or "auto", the default: as each document's language is,
	// which is what the document states, else a guess.
	Language string `json:"language"`
	// Dates has documents that state their date found by the days that their words mean
	// (package dates).
	Dates bool `json:"dates,omitempty"`
	// Chapters gives passages of long texts without headings those that package topics
	// makes; documents that are made passage by passage (Long) have none.
	Chapters bool `json:"chapters,omitempty"`
}

// Field weights of BM25F. The title's follows measurement (2 to 3 is best on
// four of five collections); a heading also stands in the body, so that its
// words weigh twice as much as others.
const (
	titleWeight   = 3
	headingWeight = 1
)

// Index is how the inverted indexes weigh fields and store lengths.
func (c Config) Index() index.Config {
	if c.Similarity == Lucene {
		return index.Config{TitleWeight: 1, HeadingWeight: 1, LuceneLengths: true}
	}
	return index.Config{TitleWeight: titleWeight, HeadingWeight: headingWeight}
}

// Version of what this package itself does with a document: the fields of a row,
// the guess of a language, the metadata that filters see. It is to be
// counted up with every change of these.
const Version = 2

// Variant changes how rows are made. The zero Variant is what every index has;
// another is for experiments, and for tests of indexes that another version of
// this program made.
type Variant struct {
	Split split.Options
	// Title is the weight of titles; 0 stands for the default.
	Title int
}

// A Pipeline makes the rows of documents. It is safe for concurrent use.
type Pipeline struct {
	config  Config
	variant Variant
	workers sync.Pool // of *worker
}

// New returns the pipeline of an index. The error names a language that there
// is no analysis for.
func New(c Config, v Variant) (*Pipeline, error) {
	p := &Pipeline{config: c, variant: v}
	p.workers.New = func() any { return &worker{} }
	w := p.workers.Get().(*worker)
	defer p.workers.Put(w)
	if _, err := w.get(c.Language); err != nil && c.Language != "auto" {
		return nil, err
	}
	return p, nil
}

// Index is how the inverted indexes weigh fields and store lengths.
func (p *Pipeline) Index() index.Config {
	c := p.config.Index()
	if p.variant.Title > 0 {
		c.TitleWeight = p.variant.Title
	}
	return c
}

// Made names what rows are made with, beside the documents: versions of this
// package, of splitting and of the analysis of words, and the weights. A segment
// of which the store has noted another name is to be made anew.
func (p *Pipeline) Made() string {
	c, s := p.Index(), p.variant.Split
	made := fmt.Sprintf("ingest %d, split %d %d/%d/%d, text %d, title %d, heading %d",
		Version, split.Version, s.PassageTokens, s.WholeTokens, s.SentenceTokens, text.Version, c.TitleWeight, c.HeadingWeight)
	if p.config.Dates {
		made += fmt.Sprintf(", dates %d", dates.Version)
	}
	if p.config.Chapters {
		made += fmt.Sprintf(", chapters %d", topics.Version)
	}
	return made
}

// Analyzer names the analysis of a document and fills in its language where
// that is not known.
func (p *Pipeline) Analyzer(d *corpus.Document) string {
	c := p.config
	if d.Lang == "" {
		d.Lang = text.DetectLanguage(sample(d.Source))
	}
	switch {
	case c.Similarity == Lucene:
		return "lucene-english"
	case c.Language == "auto":
		return text.AnalyzerName(d.Type, d.Lang)
	}
	if name := text.AnalyzerName(d.Type, "en"); name != "english" {
		return name
	}
	return c.Language
}

// sample is what the language of a document is judged by: its start, middle and
// end, for a page may begin or end with what another one wrote.
func sample(s string) string {
	const n = 2000
	if len(s) <= n {
		return s
	}
	mid := len(s) / 2
	return s[:n/2] + "\n" + s[mid:mid+n/4] + "\n" + s[len(s)-n/4:]
}

// Rows are the rows of one document: one in the index of documents, and one in
// that of passages for each passage.
type Rows struct {
	Title    []string // the analysed title
	Document index.Fields
	// Joined says that the document's body is those of its passages, one after
	// another.
	Joined   bool
	Passages []corpus.Passage
	Fields   []index.Fields // of the passages
	Metadata filter.Fields

	// later makes the passages and their fields, in the place of Passages and
	// Fields.
	later func(add func(corpus.Passage, index.Fields) error) error
}

// Each hands out the passages with their fields in order, of which add must keep
// nothing. It ends with the first error of add, and returns it.
func (r *Rows) Each(add func(corpus.Passage, index.Fields) error) error {
	if r.later != nil {
		return r.later(add)
	}
	for i, p := range r.Passages {
		if err := add(p, r.Fields[i]); err != nil {
			return err
		}
	}
	return nil
}

// Long says that a document is so long that its passages are made only as they are
// handed out: the terms of all of them would take many times its bytes.
func Long(d *corpus.Document) bool { return len(d.Source) > longSource }

const longSource = 4 << 20

// Rows makes the rows of a document by the named analysis. Those of a Long one have
// no Passages and Fields and their Document no Body; Each makes them.
func (p *Pipeline) Rows(d *corpus.Document, analyzer string) (Rows, error) {
	w := p.workers.Get().(*worker)
	defer p.workers.Put(w)
	an, err := w.get(analyzer)
	if err != nil {
		return Rows{}, fmt.Errorf("document %q: %w", d.ID, err)
	}
	return w.rows(p, an, d), nil
}

// worker holds one analyzer a name: they grow faster with use, and are not safe
// for concurrent use.
type worker struct {
	byName map[string]*text.Analyzer
	work   yield.Work
}

// passageWork is what analysing a passage costs, in the units of package yield.
const passageWork = 1 << 13

func (w *worker) get(name string) (*text.Analyzer, error) {
	if an, ok := w.byName[name]; ok {
		return an, nil
	}
	an, err := text.NewAnalyzer(name)
	if err != nil {
		return nil, err
	}
	if w.byName == nil {
		w.byName = map[string]*text.Analyzer{}
	}
	w.byName[name] = an
	return an, nil
}

// Metadata is what filters see of a document: its own metadata, and what
// every document has.
func Metadata(d *corpus.Document) filter.Fields {
	f := filter.Fields{}
	for k, v := range d.Metadata {
		f.Set(k, v)
	}
	for k, v := range map[string]string{"path": d.Path, "type": d.Type, "lang": d.Lang} {
		if v == "" {
			delete(f, k)
			continue
		}
		f.Set(k, v)
	}
	if d.Role != "" { // else what the document itself calls so stands
		delete(f, "role")
		f.Set("role", d.Role)
	}
	f.Set("mtime", d.ModTime)
	return f
}

func (w *worker) rows(p *Pipeline, an *text.Analyzer, d *corpus.Document) Rows {
	r := Rows{Metadata: Metadata(d)}
	r.Title = an.Terms(nil, d.Title)
	if p.config.Similarity == Lucene {
		r.Passages = split.Split(d, p.variant.Split)
		// One field: the title is the start of the text, not a field of its own.
		r.Document.Body = an.Terms(nil, d.Title+" "+d.Source)
		for _, at := range r.Passages {
			r.Fields = append(r.Fields, index.Fields{Body: an.Terms(nil, d.Source[at.Start:at.End])})
		}
		return r
	}
	r.Document, r.Joined = index.Fields{Title: r.Title}, true
	for _, b := range d.Blocks {
		if b.Kind == corpus.Heading {
			r.Document.Headings = an.Terms(r.Document.Headings, b.Label)
		}
	}
	if Long(d) {
		r.later = func(add func(corpus.Passage, index.Fields) error) error { return p.later(an.Name(), d, r.Title, add) }
		return r
	}
	r.Passages = split.Split(d, p.variant.Split)
	if p.config.Chapters {
		chapters(an, d, r.Passages)
	}
	body := make([]string, 0, len(d.Source)/8)
	var path headingPath
	for _, at := range r.Passages {
		w.work.Did(passageWork)
		from := len(body)
		body = p.terms(an, body, d, at.Start, at.End)
		// Earlier slices stay right when body grows: terms are only appended.
		r.Fields = append(r.Fields, index.Fields{Title: r.Title, Headings: path.terms(an, at.Headings), Body: body[from:len(body):len(body)]})
	}
	r.Document.Body = body
	return r
}

// later makes the passages of a document as they are handed out.
func (p *Pipeline) later(analyzer string, d *corpus.Document, title []string, add func(corpus.Passage, index.Fields) error) error {
	w := p.workers.Get().(*worker)
	defer p.workers.Put(w)
	an, err := w.get(analyzer)
	if err != nil {
		return fmt.Errorf("document %q: %w", d.ID, err)
	}
	var body []string
	var path headingPath
	return split.Each(d, p.variant.Split, func(at corpus.Passage) error {
		w.work.Did(passageWork)
		body = p.terms(an, body[:0], d, at.Start, at.End)
		return add(at, index.Fields{Title: title, Headings: path.terms(an, at.Headings), Body: body})
	})
}

// terms are those of a part of a document, and of the days that its words mean.
func (p *Pipeline) terms(an *text.Analyzer, body []string, d *corpus.Document, start, end int) []string {
	body = an.Terms(body, d.Source[start:end])
	if !p.config.Dates {
		return body
	}
	for _, f := range dates.In(d, d.Source[start:end]) {
		body = an.Terms(body, f.Words(d.Lang))
	}
	return body
}

// headingPath analyses heading paths, each once for the passages that share it.
type headingPath struct{ last, analysed []string }

func (h *headingPath) terms(an *text.Analyzer, path []string) []string {
	if !sameSlice(h.last, path) {
		h.last, h.analysed = path, nil
		for _, s := range path {
			title, _ := topics.Made(s)
			h.analysed = an.Terms(h.analysed, title)
		}
	}
	return h.analysed
}

// sameSlice says that two heading paths are one: passages of a section share
// the slice.
func sameSlice(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}
