package store

import (
	"fmt"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
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
	// ("english", "german"), or "auto" for a guess per document.
	Language string `json:"language"`
}

// Field weights of BM25F. The title's follows measurement (2 to 3 is best on
// four of five collections); a heading also stands in the body, so that its
// words weigh twice as much as others.
const (
	titleWeight   = 3
	headingWeight = 1
)

func (c Config) index() index.Config {
	if c.Similarity == Lucene {
		return index.Config{TitleWeight: 1, HeadingWeight: 1, LuceneLengths: true}
	}
	return index.Config{TitleWeight: titleWeight, HeadingWeight: headingWeight}
}

// analyzer names the analysis of a document and fills in its language where
// that is not known.
func (c Config) analyzer(d *corpus.Document) string {
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

// sample is what the language of a document is judged by.
func sample(s string) string {
	const n = 2000
	if len(s) <= n {
		return s
	}
	return s[:n]
}

// analyses holds one analyzer a name; it is not safe for concurrent use.
type analyses struct {
	byName map[string]*text.Analyzer
	work   yield.Work
}

// passageWork is what analysing a passage costs, in the units of package yield.
const passageWork = 1 << 13

func (a *analyses) get(name string) (*text.Analyzer, error) {
	if an, ok := a.byName[name]; ok {
		return an, nil
	}
	an, err := text.NewAnalyzer(name)
	if err != nil {
		return nil, err
	}
	if a.byName == nil {
		a.byName = map[string]*text.Analyzer{}
	}
	a.byName[name] = an
	return an, nil
}

// rows are the rows of one document: what goes into a segment, and what is
// counted out of the statistics when the document is deleted.
type rows struct {
	title    []string
	document index.Fields
	joined   bool // the document's body is those of its passages
	passages []corpus.Passage
	fields   []index.Fields
	meta     filter.Fields
}

// metadataOf is what filters see of a document: its own metadata, and what
// every document has.
func metadataOf(d *corpus.Document) filter.Fields {
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
	f.Set("mtime", d.ModTime)
	return f
}

// analyse turns a document into rows. The same document, analyzer and
// similarity give the same rows on every machine.
func (a *analyses) analyse(c Config, an *text.Analyzer, d *corpus.Document) rows {
	r := rows{meta: metadataOf(d)}
	r.passages = split.Split(d, split.Options{})
	r.title = an.Terms(nil, d.Title)
	if c.Similarity == Lucene {
		// One field: the title is the start of the text, not a field of its own.
		r.document.Body = an.Terms(nil, d.Title+" "+d.Source)
		for _, p := range r.passages {
			r.fields = append(r.fields, index.Fields{Body: an.Terms(nil, d.Source[p.Start:p.End])})
		}
		return r
	}
	body := make([]string, 0, len(d.Source)/8)
	var path []string // terms of the heading path of the passage before
	var last []string
	for _, p := range r.passages {
		a.work.Did(passageWork)
		from := len(body)
		body = an.Terms(body, d.Source[p.Start:p.End])
		if !sameSlice(last, p.Headings) {
			last, path = p.Headings, nil
			for _, h := range p.Headings {
				path = an.Terms(path, h)
			}
		}
		// Earlier slices stay right when body grows: terms are only appended.
		r.fields = append(r.fields, index.Fields{Title: r.title, Headings: path, Body: body[from:len(body):len(body)]})
	}
	r.document, r.joined = index.Fields{Title: r.title, Body: body}, true
	for _, b := range d.Blocks {
		if b.Kind == corpus.Heading {
			r.document.Headings = an.Terms(r.document.Headings, b.Label)
		}
	}
	return r
}

// sameSlice says that two heading paths are one: passages of a section share
// the slice.
func sameSlice(a, b []string) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// rows analyses a document by the named analysis.
func (a *analyses) rows(c Config, d *corpus.Document, analyzer string) (rows, error) {
	an, err := a.get(analyzer)
	if err != nil {
		return rows{}, fmt.Errorf("document %q: %w", d.ID, err)
	}
	return a.analyse(c, an, d), nil
}
