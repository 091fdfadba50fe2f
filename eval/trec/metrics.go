package trec

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Grades of a ranked document that nobody judged, as trec_eval numbers them.
const (
	notPooled = -1
	notJudged = -2 // in the pool with a negative grade
)

// ranking is what a measure sees of one query.
type ranking struct {
	grades   []int // of the documents in ranked order
	levels   []int // judged documents of each grade ≥ 0, also those not ranked
	min      int   // the least grade that counts as relevant
	rel      int   // relevant documents
	relRet   int   // relevant documents that were ranked
	unjudged int   // ranked documents without a judgment
}

func newRanking(judged map[string]int, docs []Scored, min, depth int) *ranking {
	q := &ranking{min: min}
	for _, g := range judged {
		for g >= len(q.levels) {
			q.levels = append(q.levels, 0)
		}
		if g >= 0 {
			q.levels[g]++
		}
		if g >= min {
			q.rel++
		}
	}
	docs = ranked(docs)
	if depth > 0 && len(docs) > depth {
		docs = docs[:depth]
	}
	for _, d := range docs {
		g, ok := judged[d.Doc]
		switch {
		case !ok:
			g = notPooled
		case g < 0:
			g = notJudged
		}
		if g < 0 {
			q.unjudged++
		}
		if g >= min {
			q.relRet++
		}
		q.grades = append(q.grades, g)
	}
	return q
}

// relIn counts the relevant documents among the first k.
func (q *ranking) relIn(k int) (n int) {
	for _, g := range q.grades[:min(k, len(q.grades))] {
		if g >= q.min {
			n++
		}
	}
	return n
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// averagePrecision over the first k documents (Buckley and Voorhees, 2000).
func averagePrecision(q *ranking, k int) float64 {
	sum, seen := 0.0, 0
	for i, g := range q.grades[:min(k, len(q.grades))] {
		if g >= q.min {
			seen++
			sum += float64(seen) / float64(i+1)
		}
	}
	if q.rel == 0 {
		return 0
	}
	return sum / float64(q.rel)
}

// ndcg over the first k documents: gain = grade, discount = log2(1 + rank)
// (Järvelin and Kekäläinen, ACM TOIS 20, 2002).
func ndcg(q *ranking, k int) float64 {
	dcg, ideal, rank := 0.0, 0.0, 0
	for i, g := range q.grades[:min(k, len(q.grades))] {
		if g > 0 {
			dcg += float64(g) / math.Log2(float64(i+2))
		}
	}
	for g := len(q.levels) - 1; g > 0; g-- {
		for n := q.levels[g]; n > 0 && rank < k; n-- {
			ideal += float64(g) / math.Log2(float64(rank+2))
			rank++
		}
	}
	if ideal == 0 {
		return 0
	}
	return dcg / ideal
}

// reciprocalRank of the first relevant document among the first k.
func reciprocalRank(q *ranking, k int) float64 {
	for i, g := range q.grades[:min(k, len(q.grades))] {
		if g >= q.min {
			return 1 / float64(i+1)
		}
	}
	return 0
}

// bpref (Buckley and Voorhees, SIGIR 2004) as trec_eval computes it since 2006.
func bpref(q *ranking, _ int) float64 {
	nonrel := 0
	for _, n := range q.levels[:min(max(q.min, 0), len(q.levels))] {
		nonrel += n
	}
	sum, seen := 0.0, 0
	for _, g := range q.grades {
		switch {
		case g < 0:
		case g < q.min:
			seen++
		case seen == 0:
			sum++
		default:
			sum += 1 - float64(min(seen, q.rel))/float64(min(nonrel, q.rel))
		}
	}
	if q.rel == 0 {
		return 0
	}
	return sum / float64(q.rel)
}

// How values of single queries become one figure.
type mean uint8

const (
	arithmetic mean = iota
	total
	geometric // of values that are logarithms already
)

// Measure is a figure of a ranking, such as "ndcg@10".
type Measure struct {
	name string
	of   func(*ranking) float64
	mean mean
}

// Name is the name that the measure was asked for by.
func (m Measure) Name() string { return m.name }

// DefaultMeasures are what `eval retrieval` and `eval trec` report.
func DefaultMeasures() []Measure {
	out, err := ParseMeasures("ndcg@10", "recall@100", "mrr@10", "map", "p@10", "ndcg", "ndcg@100", "recall@10", "recall@1000",
		"mrr", "p@5", "rprec", "bpref", "success@1", "success@10", "num_ret", "num_rel", "num_rel_ret")
	if err != nil {
		panic(err) // a list of constants: a test parses it
	}
	return out
}

// atCutoff are the measures that take a depth, by both their names.
var atCutoff = map[string]func(*ranking, int) float64{
	"ndcg":    ndcg,
	"map":     averagePrecision,
	"mrr":     reciprocalRank,
	"p":       func(q *ranking, k int) float64 { return ratio(q.relIn(k), k) },
	"recall":  func(q *ranking, k int) float64 { return ratio(q.relIn(k), q.rel) },
	"success": func(q *ranking, k int) float64 { return float64(min(1, q.relIn(k))) },
	"unj": func(q *ranking, k int) float64 {
		n := 0
		for _, g := range q.grades[:min(k, len(q.grades))] {
			if g < 0 {
				n++
			}
		}
		return ratio(n, k)
	},
	"relative_P": func(q *ranking, k int) float64 { return ratio(q.relIn(k), min(k, q.rel)) },
}

// trecNames are the names of trec_eval for the measures above.
var trecNames = map[string]string{
	"ndcg_cut": "ndcg", "map_cut": "map", "P": "p", "recall": "recall", "success": "success", "unj": "unj", "relative_P": "relative_P",
}

var whole = map[string]func(*ranking) float64{
	"ndcg":                  func(q *ranking) float64 { return ndcg(q, math.MaxInt) },
	"map":                   func(q *ranking) float64 { return averagePrecision(q, math.MaxInt) },
	"mrr":                   func(q *ranking) float64 { return reciprocalRank(q, math.MaxInt) },
	"recip_rank":            func(q *ranking) float64 { return reciprocalRank(q, math.MaxInt) },
	"rprec":                 func(q *ranking) float64 { return ratio(q.relIn(q.rel), q.rel) },
	"Rprec":                 func(q *ranking) float64 { return ratio(q.relIn(q.rel), q.rel) },
	"bpref":                 func(q *ranking) float64 { return bpref(q, 0) },
	"num_ret":               func(q *ranking) float64 { return float64(len(q.grades)) },
	"num_rel":               func(q *ranking) float64 { return float64(q.rel) },
	"num_rel_ret":           func(q *ranking) float64 { return float64(q.relRet) },
	"num_nonrel_judged_ret": func(q *ranking) float64 { return float64(len(q.grades) - q.unjudged - q.relRet) },
	"gm_map":                func(q *ranking) float64 { return math.Log(max(averagePrecision(q, math.MaxInt), minGeometric)) },
	"gm_bpref":              func(q *ranking) float64 { return math.Log(max(bpref(q, 0), minGeometric)) },
	"infAP":                 infAP,
	"utility":               func(q *ranking) float64 { return float64(2*q.relRet - len(q.grades)) },
	"11pt_avg":              elevenPoint,
	"binG":                  binG,
	"G":                     normalizedGain,
	"ndcg_rel":              ndcgRel,
	"Rndcg":                 rndcg,
	"set_P":                 func(q *ranking) float64 { return ratio(q.relRet, len(q.grades)) },
	"set_relative_P":        func(q *ranking) float64 { return ratio(q.relRet, min(len(q.grades), q.rel)) },
	"set_recall":            func(q *ranking) float64 { return ratio(q.relRet, q.rel) },
	"set_map":               func(q *ranking) float64 { return ratio(q.relRet*q.relRet, len(q.grades)*q.rel) },
	"set_F":                 func(q *ranking) float64 { return ratio(2*q.relRet, len(q.grades)+q.rel) },
	"rbp":                   rbp,
	"rbp_resid":             rbpResidual,
}

// minGeometric keeps one failed query from taking a geometric mean to 0.
const minGeometric = 0.00001

// ParseMeasures understands tamis's names ("ndcg@10", "mrr@10", "p@5", "map")
// and trec_eval's ("ndcg_cut_10", "recip_rank", "P_5", "iprec_at_recall_0.20").
func ParseMeasures(names ...string) ([]Measure, error) {
	var out []Measure
	for _, name := range names {
		m, ok := parseMeasure(name)
		if !ok {
			known := append(slices.Sorted(maps.Keys(whole)), "ndcg@K", "recall@K", "mrr@K", "p@K", "map@K", "success@K")
			slices.Sort(known)
			return nil, fmt.Errorf("unknown measure %q; known are %s", name, strings.Join(known, ", "))
		}
		out = append(out, m)
	}
	return out, nil
}

func parseMeasure(name string) (Measure, bool) {
	m := Measure{name: name}
	if f := whole[name]; f != nil {
		m.of = f
		switch {
		case strings.HasPrefix(name, "num_"):
			m.mean = total
		case strings.HasPrefix(name, "gm_"):
			m.mean = geometric
		}
		return m, true
	}
	base, depth, ok := strings.Cut(name, "@")
	if !ok {
		i := strings.LastIndexByte(name, '_')
		if i < 0 {
			return m, false
		}
		base, depth = trecNames[name[:i]], name[i+1:]
		if part, err := strconv.ParseFloat(depth, 64); err == nil && part >= 0 && part <= 100 {
			switch name[:i] {
			case "iprec_at_recall":
				m.of = func(q *ranking) float64 { return interpolated(q, part) }
				return m, true
			case "Rprec_mult":
				m.of = func(q *ranking) float64 { return rprecMultiple(q, part) }
				return m, true
			}
		}
	}
	f := atCutoff[base]
	k, err := strconv.Atoi(depth)
	if f == nil || err != nil || k < 1 || k > math.MaxInt32 {
		return m, false
	}
	m.of = func(q *ranking) float64 { return f(q, k) }
	return m, true
}
