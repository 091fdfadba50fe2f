// Package suggest says what may be asked next in a session: headings and questions of the
// documents that were shown, near to what was shown and not shown themselves, and headings
// of other documents on the subject. Their words stand as the documents have them.
package suggest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/session/entities"
	"github.com/tamis-search/tamis/session/turn"
	"github.com/tamis-search/tamis/text"
)

// Suggestion is what may be asked next.
type Suggestion struct {
	Text  string `json:"text"`
	Doc   string `json:"doc"`
	Start int    `json:"start"` // where it stands
	End   int    `json:"end"`
	// Why is heading, question or subject: a heading of another document.
	Why string `json:"why"`
	// Rare says that its words are rare in the corpus.
	Rare  bool    `json:"rare,omitempty"`
	Score float64 `json:"score"`
}

// Index is what suggestions are read from.
type Index interface {
	Search(ctx context.Context, q tamis.Query) (*tamis.Results, error)
	Document(ctx context.Context, id string, scope tamis.Scope) (*tamis.Document, error)
	Meets(question string) (func(text string) map[string]float64, error)
}

const (
	recentDocs  = 4         // documents that are read
	recentTurns = 3         // whose pieces count
	readBytes   = 256 << 10 // of each
	elsewhere   = 30        // passages of other documents
	mostBytes   = 100       // of a suggestion
	leastBytes  = 4
	weighNear   = .8
	weighTopic  = 1.0
	weighNamed  = 1  // has an entity of the user
	weighAsks   = .3 // is a question
	leastScore  = .25
	rarestOf    = .5 // of the best score that a rare one has at least
	tooAlike    = .6 // of the words of one that is taken already, or was asked
	rareShare   = 3  // every third is a rare one, where there are such
)

// candidate is a suggestion with what ranking it needs.
type candidate struct {
	Suggestion
	words map[string]bool
	path  string // what stands above it
	near  float64
	rare  float64
}

type suggester struct {
	ix    Index
	scope tamis.Scope
	an    *text.Analyzer
	all   []*candidate
	shown map[string][][2]int // ranges by document
	topic map[string]bool
	asked []map[string]bool
}

// Next are at most n suggestions for a session, the best first; known may be nil.
func Next(ctx context.Context, ix Index, s *session.Session, known *entities.Store, scope tamis.Scope, n int) ([]Suggestion, error) {
	an, err := text.NewAnalyzer("english")
	if err != nil {
		return nil, err
	}
	g := &suggester{ix: ix, scope: scope, an: an, shown: map[string][][2]int{}, topic: map[string]bool{}}
	asked := s.Asked()
	for _, q := range asked {
		g.asked = append(g.asked, g.words(q))
	}
	last, meant := "", turn.Asked{}
	if len(asked) > 0 {
		last = asked[len(asked)-1]
		meant = s.Meant(last)
		maps.Copy(g.topic, g.words(meant.Text()))
	}
	if err := g.nearby(ctx, s.Pieces()); err != nil {
		return nil, err
	}
	if err := g.others(ctx, last, session.Beside(meant.Carried)); err != nil {
		return nil, err
	}
	if err := g.score(known); err != nil {
		return nil, err
	}
	return g.choose(n), nil
}

func (g *suggester) words(s string) map[string]bool {
	out := map[string]bool{}
	g.an.EachContent(s, func(term string, _, _ int) { out[term] = true })
	return out
}

// nearby are headings and questions of the documents that the last questions showed most of.
func (g *suggester) nearby(ctx context.Context, pieces []session.Piece) error {
	weight := map[string]float64{}
	var docs, turns []string
	for _, p := range slices.Backward(pieces) {
		if len(turns) == 0 || turns[len(turns)-1] != p.Question {
			turns = append(turns, p.Question)
		}
		for _, span := range p.Spans {
			g.shown[p.Doc] = append(g.shown[p.Doc], [2]int{span.Start, span.End})
			if len(turns) <= recentTurns {
				weight[p.Doc] += float64(span.End-span.Start) / float64(len(turns))
			}
		}
	}
	for id := range weight {
		docs = append(docs, id)
	}
	slices.SortFunc(docs, func(a, b string) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), strings.Compare(a, b)) })
	for _, id := range docs[:min(len(docs), recentDocs)] {
		d, err := g.ix.Document(ctx, id, g.scope)
		if errors.Is(err, tamis.ErrNotFound) {
			continue // it has gone since
		}
		if err != nil {
			return err
		}
		share := weight[id] / weight[docs[0]]
		g.headings(d, share)
		g.questions(d, share)
	}
	return nil
}

// headings of a document that nothing was shown under; the nearer to what was shown, and the
// later that was, the better.
func (g *suggester) headings(d *tamis.Document, share float64) {
	var heads []corpus.Block
	for _, b := range d.Blocks {
		if b.Kind == corpus.Heading && b.Level <= 6 {
			heads = append(heads, b)
		}
	}
	shown := make([]bool, len(heads))
	for i := range heads {
		end := len(d.Source)
		if i+1 < len(heads) {
			end = heads[i+1].Start
		}
		shown[i] = slices.ContainsFunc(g.shown[d.ID], func(r [2]int) bool { return r[0] < end && r[1] > heads[i].Start })
	}
	for i, b := range heads {
		if shown[i] {
			continue
		}
		away := len(heads)
		for k := range heads {
			if shown[k] {
				away = min(away, max(i-k, k-i))
			}
		}
		path := d.HeadingsAt(b.Start)
		g.add(b.Label, d.ID, b.Start, b.End, "heading", strings.Join(append([]string{d.Title}, path...), " "), 1/float64(1+away)*share)
	}
}

// questions are the lines of a document that end in a question mark.
func (g *suggester) questions(d *tamis.Document, share float64) {
	at := 0
	for line := range strings.Lines(d.Source[:min(len(d.Source), readBytes)]) {
		start := at
		at += len(line)
		if !strings.HasSuffix(strings.TrimRight(line, " \t\r\n*_"), "?") {
			continue
		}
		s := strings.Trim(line, " \t\r\n*_#->")
		if i := strings.LastIndexAny(s[:len(s)-1], ".!?:"); i >= 0 && i+1 < len(s) && s[i+1] == ' ' {
			s = strings.TrimSpace(s[i+1:])
		}
		if r, _ := utf8.DecodeRuneInString(s); !unicode.IsUpper(r) || inCode(d, start) {
			continue // the end of a sentence that began before, or what a program asks
		}
		from := start + strings.Index(line, s)
		away := math.Inf(1)
		covered := false
		for _, r := range g.shown[d.ID] {
			covered = covered || r[0] < from+len(s) && r[1] > from
			away = min(away, math.Abs(float64(r[0]-from)))
		}
		if !covered {
			g.add(s, d.ID, from, from+len(s), "question", d.Title, 1/(1+away/2000)*share)
		}
	}
}

func inCode(d *tamis.Document, at int) bool {
	i, found := slices.BinarySearchFunc(d.Blocks, at, func(b corpus.Block, at int) int { return cmp.Compare(b.Start, at) })
	if !found {
		i--
	}
	return i >= 0 && d.Blocks[i].Kind == corpus.Code
}

// others are headings of other documents that match the subject.
func (g *suggester) others(ctx context.Context, last string, beside tamis.Beside) error {
	if last == "" {
		return nil
	}
	found, err := g.ix.Search(ctx, tamis.Query{Text: last, Beside: beside, K: elsewhere, Filter: g.scope.Filter, Groups: g.scope.Groups})
	if errors.Is(err, tamis.ErrNoTerms) {
		return nil
	}
	if err != nil {
		return err
	}
	for i, h := range found.Hits {
		if g.shown[h.Doc] != nil || len(h.Headings) == 0 {
			continue
		}
		label := h.Headings[len(h.Headings)-1]
		g.add(label, h.Doc, h.Start, h.End, "subject", h.Title+" "+strings.Join(h.Headings, " "), .5/float64(1+i/4))
	}
	return nil
}

// add keeps a suggestion of a sensible length that says something, each once.
func (g *suggester) add(label, doc string, start, end int, why, path string, near float64) {
	label = strings.Join(strings.Fields(label), " ")
	words := g.words(label)
	if len(label) < leastBytes || len(label) > mostBytes || len(words) == 0 || !utf8.ValidString(label) {
		return
	}
	for _, c := range g.all {
		if alike(words, c.words) == 1 && len(words) == len(c.words) {
			if near > c.near {
				c.near = near
			}
			return
		}
	}
	g.all = append(g.all, &candidate{Suggestion{Text: label, Doc: doc, Start: start, End: end, Why: why}, words, path, near, 0})
}

// alike is the share of the words of a that b has.
func alike(a, b map[string]bool) float64 {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return float64(n) / float64(max(1, len(a)))
}

func (g *suggester) score(known *entities.Store) error {
	for _, c := range g.all {
		above := g.words(c.path)
		maps.Copy(above, c.words)
		c.Score = weighNear*c.near + weighTopic*alike(g.topic, above)
		if strings.HasSuffix(c.Text, "?") {
			c.Score += weighAsks
		}
		if known != nil {
			lower := strings.ToLower(c.Text + " " + c.path)
			for _, e := range known.Entities {
				if strings.Contains(lower, strings.ToLower(e.Name)) {
					c.Score += weighNamed
					break
				}
			}
		}
	}
	g.all = slices.DeleteFunc(g.all, func(c *candidate) bool { return c.Score < leastScore })
	slices.SortStableFunc(g.all, func(a, b *candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), strings.Compare(a.Doc, b.Doc), cmp.Compare(a.Start, b.Start))
	})
	const looked = 60 // whose words' rarity is looked up
	for _, c := range g.all[:min(len(g.all), looked)] {
		meets, err := g.ix.Meets(c.Text)
		if err != nil {
			return err
		}
		for _, idf := range meets(c.Text) {
			c.rare = max(c.rare, idf)
		}
	}
	return nil
}

// choose takes the best that are not alike, and in every third place the best rare one.
func (g *suggester) choose(n int) []Suggestion {
	var rarity []float64
	for _, c := range g.all {
		if c.rare > 0 {
			rarity = append(rarity, c.rare)
		}
	}
	slices.Sort(rarity)
	bound := math.Inf(1)
	if len(rarity) > 0 {
		bound = rarity[len(rarity)*3/4]
	}
	best := 0.0
	if len(g.all) > 0 {
		best = g.all[0].Score
	}
	taken := slices.Clone(g.asked)
	out := []Suggestion{}
	for len(out) < n {
		at := -1
		for i, c := range g.all {
			if c == nil || slices.ContainsFunc(taken, func(w map[string]bool) bool { return alike(c.words, w) > tooAlike }) {
				continue
			}
			if at < 0 {
				at = i
			}
			if (len(out)+1)%rareShare != 0 || c.rare >= bound && c.Score >= rarestOf*best {
				at = i
				break
			}
		}
		if at < 0 {
			break
		}
		c := g.all[at]
		c.Rare = c.rare >= bound
		c.Score = math.Round(1000*c.Score) / 1000
		taken = append(taken, c.words)
		out = append(out, c.Suggestion)
		g.all[at] = nil
	}
	return out
}
