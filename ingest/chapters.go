package ingest

import (
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/topics"
	"github.com/tamis-search/tamis/text"
)

// Places says that rows depend on where in their file documents stand: chapters have times.
func (p *Pipeline) Places() bool { return p.config.Chapters }

// chapters gives the passages of a long text without headings those that its topics make.
func chapters(an *text.Analyzer, d *corpus.Document, passages []corpus.Passage) {
	if d.Type == "go" || d.Type == "code" || len(d.Source) < leastChapters {
		return
	}
	for _, b := range d.Blocks {
		if b.Kind == corpus.Heading {
			return
		}
	}
	all := topics.Outline(d, an)
	if len(all) < 2 {
		return
	}
	paths := make([][]string, len(all))
	for i := range all {
		paths[i] = []string{all[i].Heading()}
	}
	k := 0
	for i := range passages {
		p := &passages[i]
		for k+1 < len(all) && all[k+1].Start <= (p.Start+p.End)/2 {
			k++
		}
		p.Headings = paths[k]
	}
}

// leastChapters is the size of the shortest text that may have several: 60 sentences of a few
// words each.
const leastChapters = 1 << 10
