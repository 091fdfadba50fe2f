package scorecard

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/pack/score"
	"github.com/tamis-search/tamis/text/tokens"
)

// mostText is how much text baselines are made of, in bytes: they hold all of it, and cut
// it into chunks first.
const mostText = 256 << 20

// Options say what is measured over an index.
type Options struct {
	Questions questions.Options
	// Load names a file of questions that are asked instead of ones that are made.
	Load      string
	Budgets   []int
	Counter   tokens.Counter
	Baselines []baselines.Baseline
	// Layout and Lab are what contexts are asked for with.
	Layout tamis.Layout
	Lab    tamis.Lab
	// Progress is that of a Run.
	Progress func(done, all int)
}

// Over is a measurement over an index, ready to run.
type Over struct {
	Run
	Made  *questions.Made   // nil where the questions were loaded
	Stale []questions.Stale // questions of the file that were left out
	// Without says why no baseline stands beside tamis, though some were asked for.
	Without string

	corpus Corpus
	seed   uint64
}

// Prepare makes or loads the questions, and reads the documents that they need.
func Prepare(ctx context.Context, ix engine.Index, o Options) (*Over, error) {
	p := &Over{seed: o.Questions.Seed}
	p.Budgets, p.Counter, p.Progress = o.Budgets, o.Counter, o.Progress
	p.Load = func(ctx context.Context, id string) (eval.Document, error) {
		d, err := ix.Document(ctx, id, tamis.Scope{})
		if err != nil {
			return eval.Document{}, err
		}
		return eval.Document{ID: d.ID, Title: d.Title, Text: d.Source}, nil
	}
	ids, err := p.measure(ctx, ix)
	if err != nil {
		return nil, err
	}
	if o.Load != "" {
		text := func(id string) (string, error) { return ix.Source(ctx, id, tamis.Scope{}) }
		if p.Questions, p.Stale, err = questions.Load(o.Load, ids, text); err != nil {
			return nil, err
		}
	} else {
		documents := func() iter.Seq2[*corpus.Document, error] { return system.Documents(ctx, ix) }
		if p.Made, err = questions.Make(ctx, documents, o.Questions); err != nil {
			return nil, err
		}
		p.Questions = p.Made.Questions
	}
	asked := map[string]bool{}
	for i := range p.Questions {
		asked[p.Questions[i].Evidence[0].Doc] = true
	}
	p.corpus.Asked = len(asked)
	if len(o.Baselines) > 0 && p.corpus.Bytes > mostText {
		p.Without = fmt.Sprintf("%d MB of text are too many to cut into chunks for a baseline: up to %d MB are", p.corpus.Bytes>>20, mostText>>20)
		o.Baselines = nil
	}
	if err := p.fill(ctx, ix, len(o.Baselines) > 0); err != nil {
		return nil, err
	}
	p.Systems = []Asked{{"tamis", system.Ask(ix, o.Counter.Name(), o.Layout, o.Lab)}}
	for _, b := range o.Baselines {
		ask, err := b.On(p.Set, o.Counter)
		if err != nil {
			return nil, err
		}
		p.Systems = append(p.Systems, Asked{b.Name, ask})
	}
	p.Why = func(ctx context.Context, q *eval.Question, budget int) (string, error) {
		return why(ctx, ix, q, budget, o)
	}
	return p, nil
}

// measure counts the documents and their bytes.
func (p *Over) measure(ctx context.Context, ix engine.Index) (ids []string, err error) {
	for after := ""; ; {
		list, next, err := ix.Documents(ctx, tamis.Page{After: after, Limit: 1000}, tamis.Scope{})
		if err != nil {
			return nil, err
		}
		for _, l := range list {
			ids = append(ids, l.ID)
			p.corpus.Bytes += l.Bytes
		}
		if after = next; next == "" {
			p.corpus.Documents = len(ids)
			return ids, nil
		}
	}
}

// fill makes the set of the questions, with all documents or those that hold evidence.
func (p *Over) fill(ctx context.Context, ix engine.Index, all bool) error {
	var documents []eval.Document
	held := map[string]bool{}
	if all {
		for d, err := range system.Documents(ctx, ix) {
			if err := errors.Join(err, ctx.Err()); err != nil {
				return err
			}
			held[d.ID] = true
			documents = append(documents, eval.Document{ID: d.ID, Title: d.Title, Text: d.Source})
		}
	}
	var asked []eval.Question
	for i := range p.Questions {
		q := &p.Questions[i]
		for _, x := range append(slices.Concat(q.Copies...), q.Evidence...) {
			if held[x.Doc] {
				continue
			}
			d, err := p.Load(ctx, x.Doc)
			if err != nil {
				return err
			}
			held[x.Doc] = true
			documents = append(documents, d)
		}
		asked = append(asked, q.Question)
	}
	var err error
	p.Set, err = eval.NewEvidence(documents, asked)
	return err
}

// Measure runs the measurement; name is what the corpus is called.
func (p *Over) Measure(ctx context.Context, name string) (*Card, error) {
	c, err := p.Run.Measure(ctx)
	if err != nil {
		return nil, err
	}
	p.corpus.Name, c.Corpus, c.Seed = name, p.corpus, p.seed
	c.Corpus.Name = name
	return c, nil
}

// ranked is how many documents of a ranking are written.
const ranked = 100

// WriteTREC writes judgments and a run into a folder, which is made: which documents hold
// the evidence of each question, and how the index ranks documents for it. White space in
// ids, which TREC files cannot hold, is written as in addresses.
func (p *Over) WriteTREC(ctx context.Context, ix engine.Index, dir string) error {
	qrels, run := trec.Qrels{}, &trec.Run{Tag: "tamis", Queries: map[string][]trec.Scored{}}
	search := system.SearchDocuments(ix, tamis.Query{}, nil)
	for i := range p.Questions {
		q := &p.Questions[i]
		id := trecID(q.ID)
		qrels[id] = map[string]int{}
		for _, e := range append(slices.Concat(q.Copies...), q.Evidence...) {
			qrels[id][trecID(e.Doc)] = 1
		}
		hits, err := search(ctx, q.Text, ranked)
		if err != nil {
			return err
		}
		for k := range hits {
			hits[k].Doc = trecID(hits[k].Doc)
		}
		run.Queries[id] = hits
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, write := range map[string]func(io.Writer) error{"qrels.txt": qrels.Write, "run.txt": run.Write} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if err := errors.Join(write(f), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

// trecID is an id without white space.
func trecID(s string) string {
	if !strings.ContainsFunc(s, unicode.IsSpace) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unicode.IsSpace(r) {
			b.WriteString(url.PathEscape(string(r)))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// why says why evidence is missing in a context: whether it was among the sentences that
// were scored, and how good its best one was.
func why(ctx context.Context, ix engine.Index, q *eval.Question, budget int, o Options) (string, error) {
	lab, said := o.Lab, "Nothing was found for the question."
	lab.Trace = func(units []score.Unit) {
		best, better := -1, 0
		for i := range units {
			if _, ok := q.Within(eval.Span{Doc: units[i].Doc, Start: units[i].Start, End: units[i].End}); ok && (best < 0 || units[i].Score > units[best].Score) {
				best = i
			}
		}
		if best < 0 {
			same := slices.ContainsFunc(units, func(u score.Unit) bool { return u.Doc == q.Evidence[0].Doc })
			said = fmt.Sprintf("Not found: none of the %d sentences that were looked at is evidence", len(units))
			if same {
				said += ", though some are of its document"
			}
			said += "."
			return
		}
		for i := range units {
			if units[i].Score > units[best].Score {
				better++
			}
		}
		said = fmt.Sprintf("Found, and not chosen: %d of the %d sentences that were looked at scored higher than the evidence.", better, len(units))
	}
	_, err := ix.Context(ctx, q.Text, tamis.Budget{Tokens: budget, Counter: o.Counter.Name()}, o.Layout, lab)
	if errors.Is(err, tamis.ErrBudget) || errors.Is(err, tamis.ErrNoTerms) {
		return "The question has no word to search for, or the budget is too small for one sentence.", nil
	}
	return said, err
}
