// Package segmentation compares topical segments with those that people made.
package segmentation

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/tamis-search/tamis/corpus/topics"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/text"
)

// Document is a text of which people said where its topics change.
type Document struct {
	ID, Title  string
	Sentences  []string
	Boundaries []int // ascending: sentences, never the first, that begin a topic
}

var errBoundary = errors.New("boundaries must ascend and name sentences after the first")

// Read reads documents {"id" or "_id", "title", "sentences",
// "boundaries"}, JSON Lines. Errors name the file and line.
func Read(name string, r io.Reader) ([]Document, error) {
	var docs []Document
	err := files.Lines(name, r, func(r *files.Record) error {
		id, err := r.ID()
		if err != nil {
			return err
		}
		if len(r.Sentences) == 0 {
			return fmt.Errorf(`document %q has no "sentences"`, id)
		}
		last := 0
		for _, b := range r.Boundaries {
			if b <= last || b >= len(r.Sentences) {
				return fmt.Errorf("document %q: %w: %d after %d of %d", id, errBoundary, b, last, len(r.Sentences))
			}
			last = b
		}
		docs = append(docs, Document{id, r.Title, r.Sentences, r.Boundaries})
		return nil
	})
	if err == nil && len(docs) == 0 {
		err = fmt.Errorf("%s: holds no document", name)
	}
	return docs, err
}

// Report holds means over documents, and the same for baselines.
type Report struct {
	Documents          int     `json:"documents"`
	Pk                 float64 `json:"pk"`
	WindowDiff         float64 `json:"windowdiff"`
	BoundarySimilarity float64 `json:"boundary_similarity"`
	// Segments are those found in a document on average; ReferenceSegments those
	// that people made.
	Segments          float64 `json:"segments"`
	ReferenceSegments float64 `json:"reference_segments"`
	TookMS            float64 `json:"took_ms"` // of all documents, without the analysis of words

	Baselines map[string]*Report `json:"baselines,omitempty"`
}

// segmenter finds the boundaries of a document. Only the baselines that say so
// look at the reference.
type segmenter struct {
	name string
	find func(b *topics.Bags, reference []int, seed uint64) []int
	runs int // times that it is asked, for one that draws by lot
}

// baselines in the order of the table. Random and even know how many
// segments there are; none leaves the text whole, which Pk forgives.
var baselines = []segmenter{
	{"texttiling", func(b *topics.Bags, _ []int, _ uint64) []int { return topics.TextTiling(b) }, 1},
	{"c99", func(b *topics.Bags, _ []int, _ uint64) []int { return topics.C99(b) }, 1},
	{"random", func(b *topics.Bags, ref []int, seed uint64) []int { return randomBoundaries(b.Len(), len(ref), seed) }, 20},
	{"even", func(b *topics.Bags, ref []int, _ uint64) []int { return evenBoundaries(b.Len(), len(ref)) }, 1},
	{"none", func(*topics.Bags, []int, uint64) []int { return nil }, 1},
}

func randomBoundaries(n, count int, seed uint64) []int {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	found := r.Perm(n - 1)[:count]
	for i := range found {
		found[i]++
	}
	slices.Sort(found)
	return found
}

func evenBoundaries(n, count int) []int {
	found := make([]int, count)
	for i := range found {
		found[i] = (i + 1) * n / (count + 1)
	}
	return found
}

// Measure compares tamis's topical segments, and those of the baselines,
// with those of people; the number of segments is given to neither tamis nor
// TextTiling nor C99.
func Measure(docs []Document) (*Report, error) {
	bags := make([]*topics.Bags, len(docs))
	analyzers := map[string]*text.Analyzer{}
	for i, d := range docs {
		// A sample from the middle: a beginning is often a heading or a greeting.
		name := text.AnalyzerName("", text.DetectLanguage(d.Sentences[len(d.Sentences)/2]))
		if analyzers[name] == nil {
			an, err := text.NewAnalyzer(name)
			if err != nil {
				return nil, err
			}
			analyzers[name] = an
		}
		bags[i] = topics.Analyse(analyzers[name], d.Sentences)
	}
	report := segment(docs, bags, segmenter{"tamis", func(b *topics.Bags, _ []int, _ uint64) []int { return topics.Segment(b) }, 1})
	report.Baselines = map[string]*Report{}
	for _, s := range baselines {
		report.Baselines[s.name] = segment(docs, bags, s)
	}
	return report, nil
}

func segment(docs []Document, bags []*topics.Bags, s segmenter) *Report {
	r := &Report{Documents: len(docs)}
	begin := time.Now()
	share := 1 / float64(len(docs)*s.runs)
	for i, d := range docs {
		n := len(d.Sentences)
		k := WindowSize(n, d.Boundaries)
		for run := range s.runs {
			found := s.find(bags[i], d.Boundaries, uint64(run))
			r.Pk += share * Pk(n, d.Boundaries, found, k)
			r.WindowDiff += share * WindowDiff(n, d.Boundaries, found, k)
			r.BoundarySimilarity += share * BoundarySimilarity(d.Boundaries, found)
			r.Segments += share * float64(len(found)+1)
			r.ReferenceSegments += share * float64(len(d.Boundaries)+1)
		}
	}
	r.TookMS = float64(time.Since(begin).Microseconds()) / 1000 / float64(s.runs)
	return r
}

// WriteTable prints the report for people: one line for tamis and for each
// baseline.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%d documents, %.1f segments each\n", r.Documents, r.ReferenceSegments)
	fmt.Fprintln(t, "\tPk\tWindowDiff\tboundary similarity\tsegments\tms")
	line := func(name string, r *Report) {
		fmt.Fprintf(t, "%s\t%.4f\t%.4f\t%.4f\t%.1f\t%.1f\n", name, r.Pk, r.WindowDiff, r.BoundarySimilarity, r.Segments, r.TookMS)
	}
	line("tamis", r)
	for _, s := range baselines {
		if b := r.Baselines[s.name]; b != nil {
			line(s.name, b)
		}
	}
	return t.Flush()
}
