package review

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
)

// Evidence is a byte range of a source.
type Evidence struct {
	Doc    string `json:"doc"`
	Title  string `json:"title,omitempty"`
	Start  int    `json:"start"`
	End    int    `json:"end"`
	Text   string `json:"text"`
	Digest string `json:"digest"` // SHA-256 of the bytes
}

// Claim is what sources say, with the ranges that say it: the first is its text, others say
// nearly the same.
type Claim struct {
	Text     string     `json:"text"`
	Evidence []Evidence `json:"evidence"`
	Score    float64    `json:"score"`
	// Phrased is what a model made of the evidence, and passed the checks; Refused why what it
	// made did not.
	Phrased string `json:"phrased,omitempty"`
	Refused string `json:"refused,omitempty"`
	// Stance to the claim that is checked: for, against, or unclear.
	Stance string `json:"stance,omitempty"`
}

// Reading is what came of reading a document.
type Reading struct {
	Doc    string  `json:"doc"`
	Title  string  `json:"title"`
	Tokens int     `json:"tokens"`
	Meets  float64 `json:"meets"` // share of the question that the whole document has
	Claims []Claim `json:"claims"`
}

const (
	mostClaims     = 2   // of a document
	leastBytes     = 40  // of a claim
	mostBytes      = 900 // of a claim with the sentence that it needs
	leastMeets     = .34 // share of the question that a sentence has, at least
	weighShare     = .45 // of the question in the sentence
	weighTitled    = .2  // and in its title with it
	weighPairs     = .2  // words that stand together in the question do so there
	weighFinding   = .1  // it says that something was found; and that it is concluded
	keyPart        = .85 // of the rarest word's weight that another has that is as rare
	withoutKey     = .6  // of the score of a claim that has none of the rarest
	leastWithTitle = .6  // or less, where it has so much with its document's title
)

var (
	finding = regexp.MustCompile(`(?i)\b(we (found|find|show|report|demonstrate|observed?|conclude)|results? (show|suggest|indicate|demonstrate)|(was|were|is|are) (significantly |strongly |independently |not )*(associated|correlated|linked)|significant(ly)?|suggest(s|ed)? that|indicat(e|es|ed|ing) that|demonstrat(e|es|ed)|conclu(de|sion)|reveal(s|ed)?|must|should|is (a|an|the)|are (a|an|the))\b`)
	// What a study set out to do is no claim.
	purpose    = regexp.MustCompile(`(?i)^(objectives?|aims?|purpose|design|methods?|setting|participants|measurements|main outcomes?( measures?)?)\b|\b(to (determine|assess|examine|investigate|evaluate|test|quantify|compare|study|explore) (whether|if|the|how)|we,?( \w+,?)? (assess|aim|investigat|examin|evaluat|sought|test|stud|compar)\w*|(was|were) (calculated|measured|collected|enrolled|recruited|randomi[sz]ed|estimated by|performed|searched)|the (aims?|purpose|objectives?) of|this (review|paper|study|article) (will|aims?|reviews|examines|describes|discusses))\b`)
	concluding = regexp.MustCompile(`(?i)^(conclusions?|in (conclusion|summary)|interpretation|findings|results)\b|\bwe conclude\b|\bmeta-analys[ie]s\b|\bsystematic review\b`)
	backward   = regexp.MustCompile(`^(?i)(this|these|that|those|it|they|he|she|its|their|such|both|however|thus|therefore|moreover|furthermore|in contrast|in addition|conversely|similarly|here|also)\b`)
)

// meets says what share of a question, by the weight of its words, a text has.
type meets struct {
	of  func(text string) map[string]float64
	all float64
	key float64 // weight from which on a word is one of the question's rarest
}

// hasKey says that a text has one of the rarest words of the question.
func (m *meets) hasKey(text string) bool {
	for _, w := range m.of(text) {
		if w >= m.key {
			return true
		}
	}
	return false
}

func (m *meets) share(texts ...string) float64 {
	if m.all == 0 {
		return 0
	}
	sum := 0.0
	found := m.of(strings.Join(texts, "\n"))
	for _, w := range sorted(found) {
		sum += found[w]
	}
	return sum / m.all
}

// nowhere is a word that no document has: what weighs as much is in none either, and nothing
// can be asked to meet it.
const nowhere = "qzxjvkqwz"

func (r *run) meets(question string) (*meets, error) {
	of, err := r.ix.Meets(question + " " + nowhere)
	if err != nil {
		return nil, err
	}
	m := &meets{of: of}
	most := of(nowhere)[nowhere]
	found := of(question)
	for _, w := range sorted(found) {
		if found[w] < most || most == 0 {
			m.all += found[w]
			m.key = max(m.key, keyPart*found[w])
		}
	}
	return m, nil
}

// pairsOf are the content words of a text that stand side by side.
func (r *run) pairsOf(s string) map[[2]string]bool {
	out := map[[2]string]bool{}
	last, end := "", -1
	r.an.EachContent(s, func(term string, from, to int) {
		if end >= 0 && from > end && strings.TrimLeft(s[end:from], " -") == "" {
			out[[2]string{last, term}] = true
		}
		last, end = term, to
	})
	return out
}

// pairsIn is the share of the question's pairs of words that a text has; 1 where it has none.
func (r *run) pairsIn(s string) float64 {
	if r.pairs == nil {
		r.pairs = r.pairsOf(r.subject)
	}
	if len(r.pairs) == 0 {
		return 1
	}
	n := 0
	for p := range r.pairsOf(s) {
		if r.pairs[p] {
			n++
		}
	}
	return float64(n) / float64(len(r.pairs))
}

// read reads a whole document and distils what it claims of the question.
func (r *run) read(ctx context.Context, id string, m *meets) (Reading, error) {
	d, err := r.ix.Document(ctx, id, r.o.Scope)
	if err != nil {
		return Reading{}, err
	}
	out := Reading{Doc: id, Title: d.Title, Tokens: r.counter.Count(d.Source), Claims: []Claim{}}
	out.Meets = round(m.share(d.Title, d.Source))
	for _, p := range split.Split(d, split.Options{}) {
		for i, s := range p.Sentences {
			if c, ok := r.claim(d, &p, i, s, m); ok {
				out.Claims = append(out.Claims, c)
			}
		}
	}
	slices.SortStableFunc(out.Claims, func(a, b Claim) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Evidence[0].Start, b.Evidence[0].Start))
	})
	var kept []Claim
	for _, c := range out.Claims {
		if len(kept) < mostClaims && !slices.ContainsFunc(kept, func(k Claim) bool {
			return k.Evidence[0].Start < c.Evidence[0].End && c.Evidence[0].Start < k.Evidence[0].End
		}) {
			kept = append(kept, c)
		}
	}
	out.Claims = append([]Claim{}, kept...)
	return out, nil
}

// claim is a sentence as a claim, with the one before it where it points back.
func (r *run) claim(d *tamis.Document, p *corpus.Passage, i int, s corpus.Sentence, m *meets) (Claim, bool) {
	if s.Kind == corpus.Heading || s.Kind == corpus.Code {
		return Claim{}, false
	}
	start, own := s.Start, d.Source[s.Start:s.End]
	if strings.HasSuffix(strings.TrimSpace(own), "?") || len(own) < leastBytes || purpose.MatchString(own) {
		return Claim{}, false
	}
	share, titled := m.share(own), m.share(d.Title, own)
	if share < leastMeets && !(share >= leastMeets/2 && titled >= leastWithTitle) {
		return Claim{}, false
	}
	first, _ := utf8.DecodeRuneInString(own)
	if needs := backward.MatchString(own) || unicode.IsLower(first); needs {
		if i == 0 {
			return Claim{}, false // what it points back to is not there
		}
		start = p.Sentences[i-1].Start
	}
	if s.End-start > mostBytes {
		return Claim{}, false
	}
	score := weighShare*share + weighTitled*titled + weighPairs*r.pairsIn(d.Title+". "+own)
	if finding.MatchString(own) {
		score += weighFinding
	}
	if concluding.MatchString(own) {
		score += weighFinding
	}
	if !m.hasKey(d.Title + "\n" + own) {
		score *= withoutKey
	}
	e := evidence(d, start, s.End)
	return Claim{Text: e.Text, Evidence: []Evidence{e}, Score: round(score)}, true
}

func evidence(d *tamis.Document, start, end int) Evidence {
	sum := sha256.Sum256([]byte(d.Source[start:end]))
	return Evidence{Doc: d.ID, Title: d.Title, Start: start, End: end, Text: d.Source[start:end], Digest: hex.EncodeToString(sum[:])}
}
