package opensearch

import (
	"errors"
	"sync"
	"time"

	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/vector"
)

// How far a search of the graph of a field must look for a recall is measured with vectors
// of the field that stand for queries, and measured again after a time.
const (
	measuredQueries = 32
	measuredDepth   = 10
	measuredFor     = 10 * time.Minute
)

// looks are how many vectors a search looks at; beyond the last all are compared.
var looks = []int{16, 32, 64, 128, 256, 512, 1024}

// recalls are what was measured of fields.
type recalls struct {
	mu     sync.Mutex
	fields map[string]measured
}

type measured struct {
	at      time.Time
	recalls []float32 // by looks
}

// calibrated is how far a search of less than full recall must look, and its recall; 0
// where all are to be compared.
func (ix *Index) calibrated(r *rows, field string, recall float32) (look int, reached float32, err error) {
	ix.recalls.mu.Lock()
	defer ix.recalls.mu.Unlock()
	m, ok := ix.recalls.fields[field]
	if !ok || time.Since(m.at) > measuredFor {
		if m, err = r.measure(field); err != nil {
			return 0, 0, err
		}
		if ix.recalls.fields == nil {
			ix.recalls.fields = map[string]measured{}
		}
		ix.recalls.fields[field] = m
	}
	for i, got := range m.recalls {
		if got >= recall {
			return looks[i], got, nil
		}
	}
	return 0, 1, nil
}

// measure compares what searches of a graph find with what is there, of all records.
func (r *rows) measure(field string) (measured, error) {
	out := measured{at: time.Now()}
	f := r.fields[field]
	all := &rows{moment: &moment{ix: r.ix, ctx: r.ctx, docs: map[int]*document{}, rows: map[topk.Row]*passage{}}, fields: r.fields}
	filters := all.seen(f.Unit, nil)
	sample, err := all.withVectors(vectors.Sample(field, f.Kind, filters), measuredQueries)
	if err != nil {
		return out, err
	}
	found, most := make([]int, len(looks)), 0
	for i := range sample {
		s, ok := sample[i].Source.X.Vectors[field]
		if !ok {
			continue
		}
		asked := f.Compared(s.Value())
		if !r.ix.approximates(asked) {
			continue
		}
		exact, err := vectors.Exact(field, f, asked, filters)
		if errors.Is(err, vector.ErrFormat) || exact == nil {
			continue // it is longer than a query may be
		}
		if err != nil {
			return out, err
		}
		best, err := all.top(exact, measuredDepth, false, nil)
		if err != nil || len(best) == 0 {
			return out, err
		}
		least := best[len(best)-1].Score * (1 - 1e-6) // two ways of rounding
		most += len(best)
		for at, look := range looks {
			of, err := vectors.Approximate(field, f, asked, measuredDepth, look, filters)
			if err != nil {
				return out, err
			}
			hits, err := all.top(of, measuredDepth, false, nil)
			if err != nil {
				return out, err
			}
			for _, h := range hits {
				if h.Score >= least {
					found[at]++
				}
			}
		}
	}
	for _, n := range found {
		if most > 0 {
			out.recalls = append(out.recalls, min(1, float32(n)/float32(most)))
		}
	}
	return out, nil
}
