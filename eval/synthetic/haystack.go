package synthetic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/text/tokens"
)

// Haystack is filling text of the user's own: documents, cut at line ends.
type Haystack struct {
	docs   []filler
	tokens int
}

// filler is a document whose pieces needles may be put between.
type filler struct {
	id, title string
	pieces    []string
	counts    []int
	meta      map[string]any
}

// NewHaystack takes documents as filling text. Those without text are left out.
func NewHaystack(docs []corpus.Document, counter tokens.Counter) (*Haystack, error) {
	h := &Haystack{}
	for _, d := range docs {
		f := filler{id: d.ID, title: d.Title, meta: d.Metadata}
		for piece := range strings.SplitAfterSeq(d.Source, "\n") {
			// An empty line goes with what stands before it.
			if n := len(f.pieces); strings.TrimSpace(piece) == "" && n > 0 {
				f.pieces[n-1] += piece
			} else if piece != "" {
				f.pieces = append(f.pieces, piece)
			}
		}
		for _, p := range f.pieces {
			n := counter.Count(p)
			f.counts = append(f.counts, n)
			h.tokens += n
		}
		if strings.TrimSpace(d.Source) != "" {
			h.docs = append(h.docs, f)
		}
	}
	if len(h.docs) == 0 {
		return nil, fmt.Errorf("the haystack holds no text: name a folder, a file or an index with documents")
	}
	return h, nil
}

// noise are the stock sentences of haystacks that mean nothing; they are repeated.
var noise = []string{
	"Water runs down the hill.", "Snow lies on the roof.", "The bread is warm.", "Birds sit on the wire.", "We close the door and open it again.",
}

// noisy is one document of stock sentences.
func (m *maker) noisy(room int) []filler {
	f := filler{id: "context"}
	all := 0
	for _, s := range noise {
		all += m.o.Counter.Count(" " + s)
	}
	for n := 0; (n+1)*all/len(noise) <= room; n++ {
		f.pieces = append(f.pieces, noise[n%len(noise)]+" ")
	}
	return []filler{f}
}

// essays are documents about nothing, or those of the user's haystack from one drawn
// by lot on.
func (m *maker) essays(room int) ([]filler, error) {
	if h := m.o.Haystack; h != nil {
		return h.from(m.IntN(len(h.docs)), room)
	}
	var out []filler
	for room > 0 {
		f := filler{id: fmt.Sprintf("essay-%03d", len(out)+1), title: fmt.Sprintf("The %s of %s", m.pick(nouns), m.pick(places))}
		for n := 25 + m.IntN(30); n > 0 && room > 0; n-- {
			s := m.sentence() + " "
			if room -= m.o.Counter.Count(s); room >= 0 {
				f.pieces = append(f.pieces, s)
			}
		}
		if len(f.pieces) > 0 {
			out = append(out, f)
		}
	}
	return out, nil
}

// from takes documents in their order, the last one only in part.
func (h *Haystack) from(start, room int) ([]filler, error) {
	if h.tokens < room {
		return nil, &ErrShort{h.tokens, room}
	}
	var out []filler
	for k := 0; k < len(h.docs) && room > 0; k++ {
		f := h.docs[(start+k)%len(h.docs)]
		n := 0
		for n < len(f.pieces) && room >= f.counts[n] {
			room -= f.counts[n]
			n++
		}
		if n < len(f.pieces) {
			room = 0
			f.pieces = f.pieces[:n]
		}
		if n > 0 {
			out = append(out, f)
		}
	}
	return out, nil
}

// needle is a sentence to be hidden at a depth; gold where it answers.
type needle struct {
	text  string
	depth float64
	gold  bool
}

// bury hides needles between the pieces of fillers, which become the item's documents.
func (m *maker) bury(hay []filler, needles []needle) {
	if len(hay) == 0 {
		hay = []filler{{id: "context", pieces: []string{""}}}
	}
	all := 0
	for _, f := range hay {
		all += len(f.pieces)
	}
	needles = byDepth(needles)
	at := 0
	var docs []*doc
	for _, f := range hay {
		d := &doc{id: f.id, title: f.title}
		for k := 0; k <= len(f.pieces); k++ {
			last := at == all && k == len(f.pieces)
			for len(needles) > 0 && (last || k < len(f.pieces) && float64(at) >= needles[0].depth*float64(all)) {
				between := " "
				if k > 0 && strings.HasSuffix(f.pieces[k-1], "\n") || k == 0 && len(f.pieces) > 0 && strings.HasSuffix(f.pieces[0], "\n") {
					between = "\n"
				}
				d.add(needles[0].text+between, needles[0].gold)
				needles = needles[1:]
			}
			if k < len(f.pieces) {
				d.add(f.pieces[k], false)
				at++
			}
		}
		docs = append(docs, d)
	}
	m.keep(docs...)
}

// listed makes one document of lines.
func (m *maker) listed(title string, lines []needle) {
	d := &doc{id: "context", title: title}
	for _, l := range lines {
		d.add(l.text+"\n", l.gold)
	}
	m.keep(d)
}

// among fills the room with lines of draw and puts the needles among them, at their
// depths.
func (m *maker) among(room int, draw func() string, needles []needle) []needle {
	var lines []needle
	for {
		s := draw()
		if room -= m.o.Counter.Count(s + "\n"); room < 0 {
			break
		}
		lines = append(lines, needle{text: s})
	}
	return mixed(lines, needles)
}

// mixed puts needles among lines at their depths.
func mixed(lines, needles []needle) []needle {
	needles = byDepth(needles)
	out := make([]needle, 0, len(lines)+len(needles))
	for at, l := range lines {
		for len(needles) > 0 && float64(at) >= needles[0].depth*float64(len(lines)) {
			out, needles = append(out, needles[0]), needles[1:]
		}
		out = append(out, l)
	}
	return append(out, needles...)
}

func byDepth(needles []needle) []needle {
	needles = slices.Clone(needles)
	slices.SortStableFunc(needles, func(a, b needle) int { return cmp.Compare(a.depth, b.depth) })
	return needles
}
