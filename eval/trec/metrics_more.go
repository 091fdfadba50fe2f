package trec

import "math"

// The lesser measures of trec_eval, kept because its test files hold them. Each
// comment names the definition.

// interpolated precision at a share of recall: the best precision at any rank
// where at least round(share · relevant) relevant documents have been seen.
func interpolated(q *ranking, share float64) float64 {
	need := int(math.Round(share * float64(q.rel)))
	if need > q.relRet {
		return 0
	}
	best, seen := 0.0, q.relRet
	if seen == need {
		best = ratio(seen, len(q.grades)) // a ranking without any relevant one gives 0
	}
	for i := len(q.grades); i > 0 && seen >= max(need, 1); i-- {
		best = max(best, float64(seen)/float64(i))
		if q.grades[i-1] >= q.min {
			seen--
		}
	}
	return best
}

// elevenPoint is the mean of interpolated precision at 0, .1, … 1.
func elevenPoint(q *ranking) float64 {
	sum := 0.0
	for i := range 11 {
		sum += interpolated(q, float64(i)/10)
	}
	return sum / 11
}

// rprecMultiple is precision at a multiple of the number of relevant documents.
func rprecMultiple(q *ranking, m float64) float64 {
	k := int(m*float64(q.rel) + 0.9)
	return ratio(q.relIn(k), k)
}

// infAP (Yilmaz and Aslam, CIKM 2006): average precision from a judged sample of
// the pool.
func infAP(q *ranking) float64 {
	const epsilon = 0.00001
	sum, rel, nonrel, pooled := 0.0, 0, 0, 0
	for i, g := range q.grades {
		switch {
		case g == notPooled:
		case g == notJudged:
			pooled++
		case g < q.min:
			nonrel++
		case i == 0:
			rel++
			sum++
		default:
			r, n := float64(rel), float64(i)
			sum += 1/(n+1) + n/(n+1)*((r+float64(nonrel+pooled))/n)*((r+epsilon)/(r+float64(nonrel)+2*epsilon))
			rel++
		}
	}
	if q.rel == 0 {
		return 0
	}
	return sum / float64(q.rel)
}

// binG: the mean over relevant documents of 1 / log2(2 + others ranked before).
func binG(q *ranking) float64 {
	sum, others := 0.0, 0
	for _, g := range q.grades {
		if g >= q.min {
			sum += 1 / math.Log2(float64(2+others))
		} else {
			others++
		}
	}
	if q.rel == 0 {
		return 0
	}
	return sum / float64(q.rel)
}

// ideal is the list of positive grades of the judged documents, largest first.
func (q *ranking) ideal() []float64 {
	var out []float64
	for g := len(q.levels) - 1; g > 0; g-- {
		for range q.levels[g] {
			out = append(out, float64(g))
		}
	}
	return out
}

// normalizedGain, trec_eval's G: each gain divided by log2(2 + how far the sum
// of gains is behind the ideal one, a rank costing at least 1), over all gain.
func normalizedGain(q *ranking) float64 {
	ideal := q.ideal()
	sum, got, cost, all := 0.0, 0.0, 0.0, 0.0
	for i, g := range q.grades {
		step := 1.0
		if i < len(ideal) {
			step = max(step, ideal[i])
		}
		cost += step
		if g > 0 {
			got += float64(g)
			sum += float64(g) / math.Log2(2+cost-got)
		}
	}
	for _, g := range ideal {
		all += g
	}
	if all == 0 {
		return 0
	}
	return sum / all
}

// dcgs returns the discounted cumulative gain of the ranking and of the ideal one
// after i documents, for i up to the longer of both.
func (q *ranking) dcgs() (got, best []float64) {
	ideal := q.ideal()
	n := max(len(ideal), len(q.grades))
	got, best = make([]float64, n+1), make([]float64, n+1)
	for i := range n {
		got[i+1], best[i+1] = got[i], best[i]
		if i < len(q.grades) && q.grades[i] > 0 {
			got[i+1] += float64(q.grades[i]) / math.Log2(float64(i+2))
		}
		if i < len(ideal) {
			best[i+1] += ideal[i] / math.Log2(float64(i+2))
		}
	}
	return got, best
}

// ndcgRel is nDCG averaged over the ranks of the documents with a gain; one that
// was not ranked counts with nDCG at the end.
func ndcgRel(q *ranking) float64 {
	got, best := q.dcgs()
	n := len(q.ideal())
	if n == 0 {
		return 0
	}
	sum, found := 0.0, 0
	for i, g := range q.grades {
		if g > 0 {
			sum += got[i+1] / best[i+1]
			found++
		}
	}
	end := len(got) - 1
	sum += float64(n-found) * got[end] / best[end]
	return sum / float64(n)
}

// rndcg is nDCG averaged over the ranks where the ideal gain changes, and over
// the end of the ranking when it is longer than the ideal one.
func rndcg(q *ranking) float64 {
	ideal := q.ideal()
	if q.rel == 0 || len(ideal) == 0 {
		return 0
	}
	got, best := q.dcgs()
	sum, points := 0.0, 0
	at := func(i, j int) {
		sum += got[i] / best[j]
		points++
	}
	for i := 1; i < len(ideal); i++ {
		if ideal[i] != ideal[i-1] {
			at(i, i)
		}
	}
	if n := len(ideal); len(q.grades) > n {
		at(n, n) // where the ideal gain falls to 0
		if len(q.grades) > n+1 {
			at(len(q.grades), n)
		}
	} else {
		at(n, n)
	}
	return sum / float64(points)
}

// persistence is the p of rank-biased precision (Moffat and Zobel, ACM TOIS 27,
// 2008).
const persistence = 0.9

func rbp(q *ranking) float64 {
	sum, w, top := 0.0, 1.0, 1.0
	for g, n := range q.levels {
		if n > 0 {
			top = max(top, float64(g))
		}
	}
	for _, g := range q.grades {
		if g > 0 {
			sum += float64(g) / top * w
		}
		w *= persistence
	}
	return (1 - persistence) * sum
}

// rbpResidual is how much rank-biased precision could still rise if every
// unjudged document were relevant.
func rbpResidual(q *ranking) float64 {
	sum, w := 0.0, 1.0
	for _, g := range q.grades {
		if g < 0 {
			sum += w
		}
		w *= persistence
	}
	if q.unjudged == 0 {
		return 0
	}
	return w + (1-persistence)*sum
}
