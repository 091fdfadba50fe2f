package trainingdata

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/internal/neardup"
	"github.com/tamis-search/tamis/text"
)

// document is one of the corpus, cut into passages.
type document struct {
	*corpus.Document
	split    string
	passages []corpus.Passage
	digest   [sha256.Size]byte // of its text and the seed
	group    *document         // that it is held out with, itself where it leads
}

// maker makes examples.
type maker struct {
	Options
	ix        engine.Index
	analyzer  *text.Analyzer
	documents []*document
	by        map[string]*document
	parts     map[string][]*document
	said      twins          // all passages
	spoken    map[string]int // in how many passages a term stands
	passages  int
	made      *Made
	emit      func(*Example) error
}

// read takes in all documents and divides them.
func (m *maker) read(ctx context.Context) (err error) {
	if m.analyzer, err = text.NewAnalyzer("english"); err != nil {
		return err
	}
	m.by, m.parts, m.spoken = map[string]*document{}, map[string][]*document{}, map[string]int{}
	size := 0
	for d, err := range system.Documents(ctx, m.ix) {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if size += len(d.Source); size > mostText {
			return fmt.Errorf("these are more than %d MB of text, which examples are not made of: name some of the folders", mostText>>20)
		}
		x := &document{Document: d, passages: split.Split(d, split.Options{})}
		x.digest = sha256.Sum256(fmt.Appendf(nil, "%d\x00%s\x00%s", m.Seed, d.Title, d.Source))
		x.group = x
		m.documents = append(m.documents, x)
		m.by[d.ID] = x
		for _, p := range x.passages {
			terms := m.terms(d.Source[p.Start:p.End])
			if m.HeldOut > 0 {
				m.said.keep(x, shingles(terms))
			}
			slices.Sort(terms)
			for _, t := range slices.Compact(terms) {
				m.spoken[t]++
			}
			m.passages++
		}
	}
	if m.HeldOut > 0 {
		m.group()
	}
	return m.divide()
}

// divide holds out the groups whose lot it is. However few documents there are, one is
// held out.
func (m *maker) divide() error {
	least := 2.
	for _, d := range m.documents {
		least = min(least, d.leader().lot())
	}
	for _, d := range m.documents {
		d.split = Train
		if lot := d.leader().lot(); m.HeldOut > 0 && (lot < m.HeldOut || lot == least) {
			d.split = HeldOut
		}
		m.parts[d.split] = append(m.parts[d.split], d)
	}
	m.made.Documents, m.made.HeldOut = len(m.documents), len(m.parts[HeldOut])
	if len(m.documents) > 0 && len(m.parts[Train]) == 0 {
		return ErrNotDivided
	}
	return nil
}

// group puts documents together of which one repeats another in half of its passages: a
// manual as pages and as one page, say. They are held out together.
func (m *maker) group() {
	in := map[*document]int{}
	twin := map[[2]*document]int{}
	for k, s := range m.said.kept {
		d := m.said.in[k]
		in[d]++
		seen := map[*document]bool{d: true}
		m.said.each(s, boilerplate, func(other *document) bool {
			if !seen[other] {
				seen[other] = true
				twin[[2]*document{d, other}]++
			}
			return false
		})
	}
	for pair, n := range twin {
		if a, b := pair[0].leader(), pair[1].leader(); 2*n >= in[pair[0]] && a != b {
			// The one of the least digest leads, in whichever order they are met.
			if bytes.Compare(a.digest[:], b.digest[:]) > 0 {
				a, b = b, a
			}
			b.group = a
		}
	}
}

func (d *document) leader() *document {
	for d.group != d {
		d = d.group
	}
	return d
}

// lot is a number from 0 to 1, by the text alone. It is no digest itself: a group's leader
// has the least of these, and would be held out too often.
func (d *document) lot() float64 {
	sum := sha256.Sum256(d.digest[:])
	return float64(binary.BigEndian.Uint64(sum[:])>>11) / (1 << 53)
}

// draws is the source of lots of one query, whatever was drawn for others.
func (m *maker) draws(q *query, kind string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s", q.ID, kind)
	return rand.New(rand.NewPCG(m.Seed, h.Sum64()))
}

func (m *maker) terms(s string) []string { return m.analyzer.Terms(nil, s) }

// text is a range of a document in an example.
func (m *maker) text(d *document, start, end int, as string) Text {
	return Text{Span: span(d, start, end), Title: d.Title, Text: d.Source[start:end], As: as}
}

func span(d *document, start, end int) Span {
	sum := sha256.Sum256([]byte(d.Source[start:end]))
	return Span{d.ID, start, end, hex.EncodeToString(sum[:])}
}

// at is the number of the passage that holds a byte, -1 for none.
func (d *document) at(offset int) int {
	i := sort.Search(len(d.passages), func(i int) bool { return d.passages[i].End > offset })
	if i == len(d.passages) || d.passages[i].Start > offset {
		return -1
	}
	return i
}

// trimmed is the range from a passage's first sentence to another's last.
func (d *document) trimmed(first, last int) (start, end int) {
	start, end = d.passages[first].Start, d.passages[last].End
	if s := d.passages[first].Sentences; len(s) > 0 {
		start = s[0].Start
	}
	if s := d.passages[last].Sentences; len(s) > 0 {
		end = s[len(s)-1].End
	}
	return start, end
}

// section are the passages under the headings of one, from the first to the last.
func (d *document) section(at int) (first, last int) {
	first, last = at, at
	for first > 0 && slices.Equal(d.passages[first-1].Headings, d.passages[at].Headings) {
		first--
	}
	for last+1 < len(d.passages) && slices.Equal(d.passages[last+1].Headings, d.passages[at].Headings) {
		last++
	}
	return first, last
}

// folded is a text as words: letters and digits, in lower case, with a blank around each.
func folded(s string) string {
	var b strings.Builder
	between := true
	b.WriteByte(' ')
	for _, r := range s {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(unicode.ToLower(r))
			between = false
			continue
		}
		if !between {
			b.WriteByte(' ')
		}
		between = true
	}
	if !between {
		b.WriteByte(' ')
	}
	return b.String()
}

func hashed(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// shingles are those of package neardup, ascending; nil of a text that is too short.
func shingles(terms []string) []uint64 {
	s := neardup.Shingles(len(terms), func(i int) uint64 { return hashed(terms[i]) })
	slices.Sort(s)
	return s
}

// nearly is what share of a text's shingles another one has that says the same.
const nearly = .85

// sampled is one of how many shingles twins are looked for by, of texts with more than few.
const sampled, few = 8, 64

// twins finds passages of documents that nearly repeat a text.
type twins struct {
	of   map[uint64][]int32
	kept [][]uint64
	in   []*document
}

func sample(s []uint64) []uint64 {
	if len(s) <= few {
		return s
	}
	return slices.DeleteFunc(slices.Clone(s), func(h uint64) bool { return h%sampled != 0 })
}

func (t *twins) keep(d *document, s []uint64) {
	if s == nil {
		return
	}
	if t.of == nil {
		t.of = map[uint64][]int32{}
	}
	for _, h := range sample(s) {
		t.of[h] = append(t.of[h], int32(len(t.kept)))
	}
	t.kept, t.in = append(t.kept, s), append(t.in, d)
}

// boilerplate is in how many passages a shingle may stand by which documents are grouped.
const boilerplate = 50

// each tells the documents of passages that nearly repeat a text, or have nearly all of
// it, until found says that it is enough. Shingles that stand in more than so many passages
// are not looked by; 0 stands for no bound.
func (t *twins) each(s []uint64, bound int, found func(d *document) bool) {
	common, looked := map[int32]int{}, 0
	for _, h := range sample(s) {
		if of := t.of[h]; bound == 0 || len(of) <= bound {
			looked++
			for _, k := range of {
				common[k]++
			}
		}
	}
	for _, k := range slices.Sorted(maps.Keys(common)) {
		// A sample differs from the whole: it only has to make it likely.
		if 3*common[k] >= 2*looked && says(t.kept[k], s) && found(t.in[k]) {
			return
		}
	}
}

// trained says whether a passage to train on nearly repeats a text, or has nearly all of it.
func (m *maker) trained(s []uint64) (yes bool) {
	m.said.each(s, 0, func(d *document) bool { yes = d.split == Train; return yes })
	return yes
}

// says whether a text has nearly all of another: .85 of its shingles.
func says(text, other []uint64) bool {
	if text == nil || other == nil {
		return false
	}
	n := 0
	for i, j := 0, 0; i < len(text) && j < len(other); {
		switch {
		case text[i] < other[j]:
			i++
		case text[i] > other[j]:
			j++
		default:
			i, j, n = i+1, j+1, n+1
		}
	}
	return float64(n) >= nearly*float64(len(other))
}
