package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/system"
	"github.com/tamis-search/tamis/text/tokens"
)

// budgets are those at which contexts are judged.
var budgets = []int{256, 512, 1000, 2000}

// evidence compares how much of the evidence contexts keep, asked of the cluster and of
// embedded indexes: so many questions of a set, evenly taken, each of the documents of its group.
func evidence(ctx context.Context, node, dir, set string, questions int) error {
	documents := filepath.Join(dir, "documents.jsonl.gz")
	s, err := eval.LoadEvidence(documents, filepath.Join(dir, "questions.jsonl"))
	if err != nil {
		return err
	}
	if all := s.Questions; len(all) > questions {
		s.Questions = nil
		for i := range questions {
			s.Questions = append(s.Questions, all[i*len(all)/questions])
		}
	}
	counter, err := tokens.New(tokens.Default)
	if err != nil {
		return err
	}
	passing, err := count(node)
	if err != nil {
		return err
	}
	defer passing.Close()
	var reports [2]*eval.ContextReport
	var requests int64
	for i := range reports {
		open := func() (*system.Contexts, error) { return system.NewContexts(ctx, s, nil) }
		if i == 1 {
			open = func() (*system.Contexts, error) {
				return system.ContextsInCluster(ctx, s, fmt.Sprintf("%s%s/bench-%s", opensearch.Scheme, strings.TrimPrefix(passing.URL, "http://"), set))
			}
		}
		c, err := open()
		if err != nil {
			return err
		}
		before := passing.requests.Load()
		reports[i], err = s.Run(ctx, c.Ask(""), budgets, counter, nil)
		requests = passing.requests.Load() - before
		if err = errors.Join(err, c.Close()); err != nil {
			return err
		}
	}
	fmt.Printf("%-18s %4d", set, len(s.Questions))
	worst := 0.0
	for i, b := range reports[0].Budgets {
		over := reports[1].Budgets[i]
		difference := 100 * (over.EvidenceRecall - b.EvidenceRecall)
		worst = max(worst, math.Abs(difference))
		fmt.Printf("   %5.1f %+5.2f", 100*b.EvidenceRecall, difference)
	}
	last := len(budgets) - 1
	fmt.Printf("   %6.1f ms %7.1f ms %6.1f\n", reports[0].Budgets[last].TookMSP50, reports[1].Budgets[last].TookMSP50, float64(requests)/float64(len(budgets)*len(s.Questions)))
	if worst > .5 {
		return fmt.Errorf("the evidence that contexts keep differs by %.2f points", worst)
	}
	return nil
}

// passing hands requests on to a node and counts them.
type passing struct {
	*httptest.Server
	requests atomic.Int64
}

func count(node string) (*passing, error) {
	to, err := url.Parse(node)
	if err != nil {
		return nil, err
	}
	p, proxy := &passing{}, httputil.NewSingleHostReverseProxy(to)
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.requests.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	return p, nil
}
