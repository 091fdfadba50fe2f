package review

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/acronym"
)

// Search is a keyword search and what it found.
type Search struct {
	Query string `json:"query"`
	// Why it was made: question, either way (without the words that say which), feedback (words that many of the best documents have), heading,
	// or acronym.
	Why  string  `json:"why"`
	Hits []Found `json:"hits"`
	New  int     `json:"new"` // documents that no search before had found
}

// Found is a document of a search.
type Found struct {
	Doc   string  `json:"doc"`
	Title string  `json:"title,omitempty"`
	Score float32 `json:"score"`
}

const (
	searchHits    = 50
	feedbackDocs  = 10
	feedbackWords = 4
	feedbackLeast = 3 // of the best documents that have a word
	mostHeadings  = 2
	mostAcronyms  = 2
	leastNew      = 3 // documents that a round finds, else it was the last
	rankConstant  = 60
)

func (r *run) search(ctx context.Context, query, why string) (Search, error) {
	out := Search{Query: query, Why: why, Hits: []Found{}}
	res, err := r.ix.Search(ctx, tamis.Query{Text: query, K: searchHits, Unit: tamis.Documents, Filter: r.o.Scope.Filter, Groups: r.o.Scope.Groups})
	if errors.Is(err, tamis.ErrNoTerms) && why != "question" {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	for _, h := range res.Hits {
		if !r.found[h.Doc] {
			out.New++
		}
		out.Hits = append(out.Hits, Found{Doc: h.Doc, Title: h.Title, Score: h.Score})
	}
	return out, nil
}

// widen makes rounds of searches and returns the documents by what all of them say, best
// first, and the words that stand beside those of the question: its acronyms written out.
func (r *run) widen(ctx context.Context) (ranked []string, question string, err error) {
	scores := map[string]float64{}
	var order []string
	asked := map[string]bool{}
	question = r.subject
	pending := []Search{{Query: r.o.Question, Why: "question"}}
	if r.subject != r.o.Question {
		pending = append(pending, Search{Query: r.subject, Why: "either way"})
	}
	for round := 0; round < r.o.Rounds && len(pending) > 0; round++ {
		fresh := 0
		for _, q := range pending {
			if asked[strings.ToLower(q.Query)] {
				continue
			}
			asked[strings.ToLower(q.Query)] = true
			s, err := do(r.log, "search", q.Query, func() (Search, error) { return r.search(ctx, q.Query, q.Why) })
			if err != nil {
				return nil, "", err
			}
			weight := 1.0
			if q.Why != "question" && q.Why != "either way" {
				weight = .5
			}
			for i, h := range s.Hits {
				if !r.found[h.Doc] {
					r.found[h.Doc] = true
					order = append(order, h.Doc)
				}
				scores[h.Doc] += weight / float64(rankConstant+i+1)
			}
			fresh += s.New
			r.report.Searches = append(r.report.Searches, s)
			if q.Why == "acronym" {
				question += " " + q.Query
			}
		}
		if round > 0 && fresh < leastNew {
			break
		}
		slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(scores[b], scores[a]) })
		w, err := do(r.log, "widen", string(rune('1'+round)), func() ([]Search, error) { return r.next(ctx, order[:min(len(order), feedbackDocs)]) })
		if err != nil {
			return nil, "", err
		}
		pending = w
	}
	slices.SortStableFunc(order, func(a, b string) int { return cmp.Compare(scores[b], scores[a]) })
	return order, question, nil
}

// next are searches that the best documents so far suggest.
func (r *run) next(ctx context.Context, best []string) ([]Search, error) {
	own := map[string]bool{}
	r.an.EachContent(r.o.Question, func(t string, _, _ int) { own[t] = true })
	counts, surface := map[string]int{}, map[string]string{}
	headings := map[string]int{}
	var expanded []string
	for _, id := range best {
		d, err := r.ix.Document(ctx, id, r.o.Scope)
		if err != nil {
			return nil, err
		}
		s := d.Source[:min(len(d.Source), feedbackBytes)]
		seen := map[string]bool{}
		r.an.EachContent(d.Title+"\n"+s, func(t string, start, end int) {
			if !own[t] && !seen[t] && len(t) > 2 {
				seen[t] = true
				counts[t]++
				all := d.Title + "\n" + s
				if surface[t] == "" {
					surface[t] = strings.ToLower(all[start:end])
				}
			}
		})
		for _, a := range acronym.Find(s) {
			if strings.Contains(r.o.Question, a.Short) && !slices.Contains(expanded, a.Long) {
				expanded = append(expanded, a.Long)
			}
		}
		for _, b := range d.Blocks {
			if b.Label != "" && b.Level > 0 && len(b.Label) < 80 {
				n := 0
				r.an.EachContent(b.Label, func(t string, _, _ int) {
					if own[t] {
						n++
					}
				})
				if n > 0 && !strings.EqualFold(b.Label, r.o.Question) {
					headings[b.Label] += n
				}
			}
		}
	}
	out := []Search{}
	words, err := r.distinctive(counts, surface, len(best))
	if err != nil {
		return nil, err
	}
	if len(words) > 0 {
		out = append(out, Search{Query: r.keywords() + " " + strings.Join(words, " "), Why: "feedback"})
	}
	for _, long := range expanded[:min(len(expanded), mostAcronyms)] {
		out = append(out, Search{Query: long, Why: "acronym"})
	}
	labels := sorted(headings)
	slices.SortStableFunc(labels, func(a, b string) int { return cmp.Compare(headings[b], headings[a]) })
	for _, l := range labels[:min(len(labels), mostHeadings)] {
		out = append(out, Search{Query: l, Why: "heading"})
	}
	return out, nil
}

const feedbackBytes = 20 << 10 // of a document, for its words

// keywords are the question's words that say what it is about.
func (r *run) keywords() string {
	var out []string
	r.an.EachContent(r.subject, func(_ string, start, end int) { out = append(out, r.subject[start:end]) })
	return strings.Join(out, " ")
}

// distinctive are the words that many of the best documents have and few others, most first.
func (r *run) distinctive(counts map[string]int, surface map[string]string, docs int) ([]string, error) {
	var terms, asked []string
	for _, t := range sorted(counts) {
		if counts[t] >= min(feedbackLeast, docs) && docs > 1 {
			terms = append(terms, t)
			asked = append(asked, surface[t])
		}
	}
	if len(terms) == 0 {
		return nil, nil
	}
	list := strings.Join(asked, " ")
	of, err := r.ix.Meets(list)
	if err != nil {
		return nil, err
	}
	idf := of(list)
	worth := func(t string) float64 { return float64(counts[t]) * idf[surface[t]] * idf[surface[t]] }
	slices.SortStableFunc(terms, func(a, b string) int { return cmp.Compare(worth(b), worth(a)) })
	var out []string
	for _, t := range terms[:min(len(terms), feedbackWords)] {
		out = append(out, surface[t])
	}
	return out, nil
}
