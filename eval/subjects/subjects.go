// Package subjects measures the topics of a corpus: how well the words of each belong together
// in the corpus itself, by each way of grouping its documents, and whether it helps a search
// to know the topics of documents.
package subjects

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/about"
	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
)

// Report is what was measured.
type Report struct {
	Documents int        `json:"documents"`
	Ways      []Way      `json:"ways"`
	Searches  []Searches `json:"searches,omitempty"`
}

// Way is a way to group documents. NPMI and CV are means over its topics, Largest is the share
// of its largest one.
type Way struct {
	Method  about.Method `json:"method"`
	Topics  int          `json:"topics"`
	NPMI    float64      `json:"coherence_npmi"`
	CV      float64      `json:"coherence_cv"`
	Largest float64      `json:"largest"`
	Seconds float64      `json:"seconds"`
	Failed  string       `json:"failed,omitempty"`
}

// Searches are the rankings of all queries, by a use of topics.
type Searches struct {
	Use       string              `json:"use"`
	NDCG10    float64             `json:"ndcg@10"`
	Recall100 float64             `json:"recall@100"`
	Diff      *figures.Difference `json:"ndcg@10_diff,omitempty"` // against words alone
}

// Coherence compares the ways to group the documents of an index.
func Coherence(ctx context.Context, ix engine.Index, topics int) (*Report, error) {
	r := &Report{}
	for _, m := range about.Methods {
		start := time.Now()
		found, err := about.Of(ctx, ix, tamis.Scope{}, about.Options{Topics: topics, Method: m})
		if m == about.Latent && errors.Is(err, lsi.ErrSmall) {
			r.Ways = append(r.Ways, Way{Method: m, Failed: err.Error()})
			continue
		}
		if err != nil {
			return nil, err
		}
		r.Documents = found.Documents
		r.Ways = append(r.Ways, Way{m, len(found.Topics), found.Coherence, found.CV, found.Topics[0].Share, figures.Round(time.Since(start).Seconds(), 2), ""})
	}
	return r, nil
}

// depth is how many documents of a search are looked at, agreed how many of its first say
// which topics it is about.
const (
	depth  = 1000
	agreed = 10
)

// Boosts are the weights of topics in searches that are tried.
var Boosts = []float64{.1, .2, .5, 1}

// Search adds to a report what it does for searches to know the topics of documents: to show
// those alone that are of the topic which most of the first ten have, to prefer documents by
// the share of the first ten that have their topic, and, as a bound, to know from the judgments
// which topic has most of the answers.
func (r *Report) Search(ctx context.Context, ix engine.Index, queries []trec.Query, qrels trec.Qrels, topics int) error {
	found, err := about.Of(ctx, ix, tamis.Scope{}, about.Options{Topics: topics})
	if err != nil {
		return err
	}
	of := map[string]int{}
	for t, topic := range found.Topics {
		for _, id := range topic.Members {
			of[id] = t + 1
		}
	}
	u := &uses{of: of, topics: len(found.Topics) + 1, lists: map[string][]trec.Scored{}, qrels: qrels, ids: map[string]string{}}
	search := system.SearchDocuments(ix, tamis.Query{}, nil)
	for _, q := range queries {
		if u.lists[q.Text], err = search(ctx, q.Text, depth); err != nil {
			return err
		}
		u.ids[q.Text] = q.ID
	}
	ways := []struct {
		use string
		f   func(q string) []trec.Scored
	}{
		{"words alone", func(q string) []trec.Scored { return u.lists[q] }},
		{"filter by topic", u.filtered},
		{"filter, topic known", u.known},
	}
	for _, b := range Boosts {
		ways = append(ways, struct {
			use string
			f   func(q string) []trec.Scored
		}{fmt.Sprintf("boost %g", b), func(q string) []trec.Scored { return u.boosted(q, b) }})
	}
	var first []float64
	for _, w := range ways {
		_, scores, report, err := trec.Retrieval(ctx, queries, qrels, func(_ context.Context, q string, k int) ([]trec.Scored, error) {
			list := w.f(q)
			return list[:min(k, len(list))], nil
		}, depth, trec.DefaultMeasures())
		if err != nil {
			return err
		}
		s := Searches{Use: w.use, NDCG10: report.Metrics["ndcg@10"], Recall100: report.Metrics["recall@100"]}
		at := slices.IndexFunc(scores.Measures, func(m trec.Measure) bool { return m.Name() == "ndcg@10" })
		if values := scores.Column(at); first == nil {
			first = values
		} else if d, err := figures.Compare(first, values); err == nil {
			s.Diff = &d
		}
		r.Searches = append(r.Searches, s)
	}
	return nil
}

// uses are the lists of queries, and the topics of documents, from 1.
type uses struct {
	of     map[string]int
	topics int
	lists  map[string][]trec.Scored
	ids    map[string]string
	qrels  trec.Qrels
}

// shares are those of topics among the first documents of a query.
func (u *uses) shares(q string) []float64 {
	out := make([]float64, u.topics)
	list := u.lists[q]
	list = list[:min(agreed, len(list))]
	for _, d := range list {
		out[u.of[d.Doc]] += 1 / float64(len(list))
	}
	return out
}

func (u *uses) only(q string, topic int) []trec.Scored {
	return slices.DeleteFunc(slices.Clone(u.lists[q]), func(d trec.Scored) bool { return u.of[d.Doc] != topic })
}

func largest(shares []float64) int {
	best := 0
	for t, x := range shares {
		if x > shares[best] {
			best = t
		}
	}
	return best
}

func (u *uses) filtered(q string) []trec.Scored { return u.only(q, largest(u.shares(q))) }

func (u *uses) known(q string) []trec.Scored {
	shares := make([]float64, u.topics)
	for d, grade := range u.qrels[u.ids[q]] {
		if grade > 0 {
			shares[u.of[d]]++
		}
	}
	return u.only(q, largest(shares))
}

func (u *uses) boosted(q string, by float64) []trec.Scored {
	shares := u.shares(q)
	list := slices.Clone(u.lists[q])
	for i, d := range list {
		list[i].Score = d.Score * (1 + by*shares[u.of[d.Doc]])
	}
	slices.SortStableFunc(list, func(a, b trec.Scored) int { return cmp.Compare(b.Score, a.Score) })
	return list
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%d documents\n%-20s topics   NPMI     C_V  largest  seconds\n", r.Documents, "")
	for _, x := range r.Ways {
		if x.Failed != "" {
			fmt.Fprintf(w, "%-20s %s\n", x.Method, x.Failed)
			continue
		}
		fmt.Fprintf(w, "%-20s %6d %6.3f  %6.3f  %6.1f%%  %7.2f\n", x.Method, x.Topics, x.NPMI, x.CV, 100*x.Largest, x.Seconds)
	}
	if len(r.Searches) > 0 {
		fmt.Fprintf(w, "\n%-20s nDCG@10  recall@100\n", "")
	}
	for _, s := range r.Searches {
		diff := ""
		if d := s.Diff; d != nil {
			diff = fmt.Sprintf("  %+.4f [%+.4f, %+.4f] p %.4f", d.Mean, d.Low, d.High, d.P)
		}
		if _, err := fmt.Fprintf(w, "%-20s  %.4f      %.4f%s\n", s.Use, s.NDCG10, s.Recall100, diff); err != nil {
			return err
		}
	}
	return nil
}
