package system_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/text"
)

// subject is a name in the middle of a sentence.
var subject = regexp.MustCompile(`\p{Ll},? (\p{Lu}[\p{L}\d’'-]+(?: \p{Lu}[\p{L}\d’'-]+)*)`)

// prefixes are what words a passage is indexed with beside its own.
var prefixes = []string{"none", "title", "title, headings", "title, headings, previous sentence", "title, headings, last named subject"}

// TestPrefixes says how often a passage that answers is among the ten best by words, for the
// questions whose words are not in it (at most a third of them), by what the passage is indexed
// with: TAMIS_EVAL=1 turns it on.
func TestPrefixes(t *testing.T) {
	if os.Getenv("TAMIS_EVAL") == "" {
		t.Skip("TAMIS_EVAL is not set")
	}
	names, sets, err := eval.LoadEvidenceSets(evaldata.Dir(t, "evidence"))
	if err != nil {
		t.Fatal(err)
	}
	all, needing := make([]float64, len(prefixes)), make([]float64, len(prefixes))
	asked, asking := 0, 0
	for i, s := range sets {
		if len(s.Questions) > 600 {
			s.Questions = s.Questions[:600]
		}
		a, n := ranked(t, s)
		t.Logf("%-18s %4d questions %v, %4d of them context-needing %v", names[i], a.n, a.shares(), n.n, n.shares())
		for k := range prefixes {
			all[k] += a.found[k]
			needing[k] += n.found[k]
		}
		asked, asking = asked+a.n, asking+n.n
	}
	for k, p := range prefixes {
		if k > 0 && needing[k] <= needing[0] {
			t.Errorf("%s: no more is found of what needs its context than without", p)
		}
		t.Logf("%-40s recall@10 %.3f of %d, of the context-needing %.3f of %d", p, all[k]/float64(asked), asked, needing[k]/float64(max(asking, 1)), asking)
	}
}

type counted struct {
	n     int
	found []float64
}

func (c *counted) shares() (out []float64) {
	for _, f := range c.found {
		out = append(out, float64(int(1000*f/float64(max(c.n, 1))))/1000)
	}
	return out
}

func ranked(t *testing.T, s *eval.EvidenceSet) (all, needing counted) {
	an, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		doc        string
		group      string
		start, end int
		own        map[string]bool
	}
	var rows []row
	builders := make([]*index.Builder, len(prefixes))
	for k := range builders {
		builders[k] = index.NewBuilder(index.Config{TitleWeight: 2, HeadingWeight: 1})
	}
	for _, d := range s.Documents {
		doc := corpus.Document{ID: d.ID, Title: d.Title, Source: d.Text}
		previous, named := "", ""
		for _, p := range split.Split(&doc, split.Options{}) {
			body := an.Terms(nil, d.Text[p.Start:p.End])
			own := map[string]bool{}
			for _, w := range body {
				own[w] = true
			}
			rows = append(rows, row{d.ID, d.Group, p.Start, p.End, own})
			title, headings := an.Terms(nil, d.Title), an.Terms(nil, strings.Join(p.Headings, " "))
			with := func(s string) []string { return append(an.Terms(nil, s), headings...) }
			for k, f := range []index.Fields{{Body: body}, {Title: title, Body: body}, {Title: title, Headings: headings, Body: body},
				{Title: title, Headings: with(previous), Body: body}, {Title: title, Headings: with(named), Body: body}} {
				builders[k].Add(f)
			}
			if n := len(p.Sentences); n > 0 {
				previous = d.Text[p.Sentences[n-1].Start:p.Sentences[n-1].End]
			}
			if m := subject.FindAllStringSubmatch(d.Text[p.Start:p.End], -1); m != nil {
				named = m[len(m)-1][1]
			}
		}
	}
	all.found, needing.found = make([]float64, len(prefixes)), make([]float64, len(prefixes))
	var sources [][]search.Source
	for _, b := range builders {
		inverted, err := index.OpenInverted(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, []search.Source{{Inverted: inverted}})
	}
	for _, q := range s.Questions {
		var terms []search.Term
		var names []string
		for _, w := range an.QueryTerms(nil, q.Text) {
			if !strings.Contains(" "+strings.Join(names, " ")+" ", " "+w+" ") {
				names = append(names, w)
				terms = append(terms, search.Term{Text: w, Weight: 1})
			}
		}
		gold := map[int]bool{}
		most := 0.0
		for i, r := range rows {
			for _, e := range q.Evidence {
				if e.Doc == r.doc && e.Start < r.end && r.start < e.End {
					gold[i] = true
					n := 0
					for _, w := range names {
						if r.own[w] {
							n++
						}
					}
					most = max(most, float64(n)/float64(max(len(names), 1)))
				}
			}
		}
		if len(gold) == 0 || len(names) == 0 {
			continue
		}
		needs := most <= 1./3
		all.n++
		if needs {
			needing.n++
		}
		for k := range prefixes {
			found, seen := 0., 0
			for _, h := range search.TopK(sources[k], terms, search.StatsOf(sources[k], names), search.Params{K1: .9, B: .4}, len(rows)) {
				if r := rows[h.Row.Row]; q.Group != "" && r.group != q.Group {
					continue
				}
				if seen++; seen > 10 {
					break
				}
				if gold[int(h.Row.Row)] {
					found = 1
				}
			}
			all.found[k] += found
			if needs {
				needing.found[k] += found
			}
		}
	}
	return all, needing
}
