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
	"github.com/tamis-search/tamis/corpus/role"
	"github.com/tamis-search/tamis/corpus/topics"
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
	// Why is heading, question, comment (of a piece of code) or subject: a heading or a
	// comment in another document.
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
	weighBody   = .6 // of the words that stand below a heading, beside those in it
	bodyBytes   = 2000
	leastTopic  = .25 // of the subject that other documents have
	readCode    = 8   // pieces of code in other documents
	weighNamed  = 1   // has an entity of the user
	weighAsks   = .3  // is a question
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
	body  string // and below
	near  float64
	rare  float64
}

type suggester struct {
	ix    Index
	scope tamis.Scope
	an    *text.Analyzer
	all   []*candidate
	shown map[string][][2]int                  // ranges by document
	meets func(text string) map[string]float64 // the words of the subject, by how much they say
	whole float64                              // that all of them say
	asked []map[string]bool
}

// Next are at most n suggestions for a session, the best first; known may be nil.
func Next(ctx context.Context, ix Index, s *session.Session, known *entities.Store, scope tamis.Scope, n int) ([]Suggestion, error) {
	an, err := text.NewAnalyzer("english")
	if err != nil {
		return nil, err
	}
	g := &suggester{ix: ix, scope: scope, an: an, shown: map[string][][2]int{}}
	asked := s.Asked()
	for _, q := range asked {
		g.asked = append(g.asked, g.words(q))
	}
	last, meant := "", turn.Asked{}
	if len(asked) > 0 {
		last = asked[len(asked)-1]
		meant = s.Meant(last)
		if err := g.about(meant.Text()); err != nil {
			return nil, err
		}
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

// about takes a text for the subject.
func (g *suggester) about(subject string) (err error) {
	g.meets, err = g.ix.Meets(subject)
	if errors.Is(err, tamis.ErrNoTerms) {
		g.meets, err = nil, nil
	}
	if g.meets != nil {
		g.whole = sum(g.meets(subject))
	}
	return err
}

// topic is the share of the subject that a text has, each word by how much it says: one that
// stands everywhere in the corpus says nothing.
func (g *suggester) topic(text string) float64 {
	if g.whole == 0 {
		return 0
	}
	return min(1, sum(g.meets(text))/g.whole)
}

// sum adds in an order that is always the same.
func sum(of map[string]float64) (sum float64) {
	for _, v := range slices.Sorted(maps.Values(of)) {
		sum += v
	}
	return sum
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
		g.comments(d, share)
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
		g.add(&candidate{Suggestion: Suggestion{Text: b.Label, Doc: d.ID, Start: b.Start, End: b.End, Why: "heading"},
			path: strings.Join(append([]string{d.Title}, path...), " "), body: part(d.Source, b.End), near: 1 / float64(1+away) * share})
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
			g.add(&candidate{Suggestion: Suggestion{Text: s, Doc: d.ID, Start: from, End: from + len(s), Why: "question"}, path: d.Title, near: 1 / (1 + away/2000) * share})
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
	read := 0
	for i, h := range found.Hits {
		if g.shown[h.Doc] != nil || len(h.Headings) == 0 {
			continue
		}
		if _, made := topics.Made(h.Headings[len(h.Headings)-1]); made {
			continue // nobody wrote it
		}
		c := &candidate{Suggestion: Suggestion{Text: h.Headings[len(h.Headings)-1], Doc: h.Doc, Start: h.Start, End: h.End, Why: "subject"},
			path: h.Title + " " + strings.Join(h.Headings, " "), body: part(h.Text, 0), near: .5 / float64(1+i/4)}
		if isCode(h.Metadata["type"]) { // a name alone is no question
			if read++; read > readCode {
				continue
			}
			if said, err := g.saysOf(ctx, c, h.Start); err != nil {
				return err
			} else if !said {
				continue
			}
		}
		if g.topic(c.Text+" "+c.path) >= leastTopic {
			g.add(c)
		}
	}
	return nil
}

// part is the beginning of what stands at a place.
func part(source string, at int) string {
	return strings.ToValidUTF8(source[min(at, len(source)):min(at+bodyBytes, len(source))], "")
}

// isCode says that a type of documents is code: its headings are names.
func isCode(kind any) bool { return kind == "go" || kind == "code" }

// saysOf has a candidate be what the piece of code at a place says of itself, and whether it
// says something.
func (g *suggester) saysOf(ctx context.Context, c *candidate, at int) (bool, error) {
	d, err := g.ix.Document(ctx, c.Doc, g.scope)
	if errors.Is(err, tamis.ErrNotFound) {
		return false, nil
	}
	if err != nil || !speaks(d) {
		return false, err
	}
	for _, b := range d.Blocks {
		if b.Kind == corpus.Code && b.Label != "" && b.Start <= at && at < b.End {
			said, start, end := says(d.Source[b.Start:b.End])
			c.Text, c.Start, c.End = said, b.Start+start, b.Start+end
			return said != "", nil
		}
	}
	return false, nil
}

// speaks says that a document of code is read by people: no test, and not generated.
func speaks(d *tamis.Document) bool {
	return isCode(d.Type) && d.Role != role.Test && d.Role != role.Generated
}

// comments are what the pieces of code of a document say of themselves that were not shown, the
// first sentence of each; of tests and of what was generated none.
func (g *suggester) comments(d *tamis.Document, share float64) {
	if !speaks(d) {
		return
	}
	for _, b := range d.Blocks {
		if b.Kind != corpus.Code || b.Label == "" {
			continue
		}
		text := d.Source[b.Start:b.End]
		said, start, end := says(text)
		away, covered := math.Inf(1), false
		for _, r := range g.shown[d.ID] {
			covered = covered || r[0] < b.End && r[1] > b.Start
			away = min(away, math.Abs(float64(r[0]-b.Start)))
		}
		if said != "" && !covered {
			g.add(&candidate{Suggestion: Suggestion{Text: said, Doc: d.ID, Start: b.Start + start, End: b.Start + end, Why: "comment"},
				path: d.Title + " " + b.Label, body: part(text, 0), near: share / (1 + away/2000)})
		}
	}
}

// marks are what lines of comments begin with.
const marks = "/*#;-!"

// says is the first sentence of what a piece of code says of itself: in a comment before it, or
// in a string after its first lines, as in Python.
func says(code string) (said string, start, end int) {
	if said, start, end = opening(code); said != "" {
		return said, start, end
	}
	at := 0
	for line := range strings.Lines(code[:min(len(code), bodyBytes)]) {
		text := strings.TrimLeft(line, " \t\rrRuU")
		if strings.HasPrefix(text, `"""`) || strings.HasPrefix(text, "'''") {
			at += len(line) - len(text) + 3
			rest := code[at:]
			if i := strings.Index(rest, text[:3]); i >= 0 {
				rest = rest[:i]
			}
			said, start, end = sentence(rest, "")
			return said, at + start, at + end
		}
		at += len(line)
	}
	return "", 0, 0
}

// opening is the first sentence of the comment that a piece of code begins with, without the
// marks of comments, and where it stands; "" for none.
func opening(code string) (said string, start, end int) {
	at := 0
	for line := range strings.Lines(code) {
		if bare := strings.TrimSpace(line); bare != "" && !strings.ContainsAny(bare[:1], "/*#;-") {
			break // what the code does begins
		}
		at += len(line)
	}
	return sentence(code[:at], marks)
}

// sentence is the first one of a text, whose lines may begin with marks, and where it stands;
// "" where it is not in the first paragraph.
func sentence(text, marks string) (said string, start, end int) {
	var words []string
	at := 0
	for line := range strings.Lines(text) {
		bare := strings.TrimLeft(line, marks+" \t\r")
		lead := len(line) - len(bare)
		if bare = strings.TrimRight(bare, marks+" \t\r\n"); bare == "" && len(words) > 0 {
			break
		}
		if bare != "" && len(words) == 0 {
			start = at + lead
		}
		if i := sentenceEnd(bare); i > 0 {
			return strings.Join(append(words, bare[:i]), " "), start, at + lead + i
		}
		if bare != "" {
			words = append(words, bare)
			end = at + lead + len(bare)
		}
		at += len(line)
	}
	if len(words) == 1 && marks == "" { // one line that needs no point
		return words[0], start, end
	}
	return "", 0, 0
}

// sentenceEnd is where the first sentence of a line ends, without its point; 0 where it goes on.
func sentenceEnd(line string) int {
	if i := strings.Index(line, ". "); i > 0 && !strings.HasSuffix(line[:i], "e.g") && !strings.HasSuffix(line[:i], "i.e") {
		return i
	}
	if strings.HasSuffix(line, ".") {
		return len(line) - 1
	}
	return 0
}

// add keeps a suggestion of a sensible length that says something, each once.
func (g *suggester) add(c *candidate) {
	c.Text = strings.Join(strings.Fields(c.Text), " ")
	c.words = g.words(c.Text)
	if len(c.Text) < leastBytes || len(c.Text) > mostBytes || len(c.words) == 0 || hollow[strings.ToLower(strings.Trim(c.Text, " .:#*"))] || !utf8.ValidString(c.Text) {
		return
	}
	for _, known := range g.all {
		if alike(c.words, known.words) == 1 && len(c.words) == len(known.words) {
			known.near = max(known.near, c.near)
			return
		}
	}
	g.all = append(g.all, c)
}

// hollow are headings that stand in all documents of a kind: they ask for nothing.
var hollow = func() map[string]bool {
	m := map[string]bool{}
	for h := range strings.SplitSeq("name,synopsis,description,options,arguments,parameters,return value,returns,errors,files,environment,notes,bugs,caveats,history,author,authors,copyright,"+
		"reporting bugs,see also,examples,example,introduction,overview,summary,abstract,conclusion,conclusions,references,contents,table of contents,index,usage,license,attributes,versions,standards,conforming to,library,colophon", ",") {
		m[h] = true
	}
	return m
}()

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
		c.Score = weighNear*c.near + weighTopic*g.topic(c.Text+" "+c.path) + weighBody*g.topic(c.body)
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
