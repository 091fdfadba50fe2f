package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/tamis-search/tamis/bench/internal/peer"
)

// row is one measured setting.
type row struct {
	Engine   string  `json:"engine"`
	Build    string  `json:"build"`
	Search   string  `json:"search"`
	K        int     `json:"k"`
	Exact    bool    `json:"exact"`            // the engine promises the best of its own weights
	Target   float64 `json:"target,omitempty"` // the recall that it was tuned to
	Told     bool    `json:"told,omitempty"`   // the engine was told the target, nothing was tuned
	Tuned    float64 `json:"recall_tuned"`     // on the queries that it was tuned on
	Recall   float64 `json:"recall"`           // on the others, against float32
	P50      float64 `json:"p50_us"`
	Mean     float64 `json:"mean_us"`
	P99      float64 `json:"p99_us"`
	Batch    float64 `json:"batch_mean_us,omitempty"` // all queries in one call, over their number
	Bytes    int64   `json:"index_bytes"`
	Resident int64   `json:"resident_bytes"`
	CPU      float64 `json:"build_cpu_s"`

	tunedP50 float64
}

// choice is a setting that goes into the final measurement.
type choice struct {
	*method
	row
}

// Rounds that every setting gets, and the time after which it gets no more.
const (
	leastRounds = 2
	enough      = 30 * time.Second
)

// built makes the index of a build, unless it is there and younger than vectors and program, and returns what it cost.
func built(o options, s *set, m *method, build string) (b peer.Build, err error) {
	index := m.index(s, build)
	note := index + ".json"
	if !o.rebuild && s.fresh(note, m.command...) {
		data, err := os.ReadFile(note)
		if err != nil {
			return b, err
		}
		return b, json.Unmarshal(data, &b)
	}
	if err := os.MkdirAll(s.dir+"/index", 0o777); err != nil {
		return b, err
	}
	fmt.Fprintf(os.Stderr, "%s: building %s\n", m.name, build)
	p, err := peer.Start(m.name, m.start(s, build))
	if err != nil {
		return b, err
	}
	if b, err = p.Build(); err != nil {
		return b, err
	}
	if err := p.Close(); err != nil {
		return b, err
	}
	if m.reordered {
		b.CPU += s.order.CPU
	}
	data, err := json.Marshal(b)
	if err != nil {
		return b, err
	}
	return b, os.WriteFile(note, data, 0o666)
}

// loaded starts a process that searches a build; resident is what loading and searching once added to its memory.
func loaded(s *set, m *method, build string) (p *peer.Process, resident int64, err error) {
	if p, err = peer.Start(m.name, m.start(s, build)); err != nil {
		return nil, 0, err
	}
	if err := p.Set(m.searches[0]); err != nil { // it has read the queries when it answers
		return nil, 0, err
	}
	before := p.Resident()
	if err := p.Load(); err != nil {
		return nil, 0, err
	}
	_, err = p.Pass(10)
	return p, p.Resident() - before, err
}

// tune measures every setting at k = 10 and returns the fastest on the first queries that reaches each target, with the exact settings, and
// the settings of which none is both faster and better.
func tune(o options, s *set, m *method) (picked []choice, curve []row, err error) {
	const k = 10
	var all []row
	for _, build := range m.builds {
		b, err := built(o, s, m, build)
		if err != nil {
			return nil, nil, err
		}
		p, resident, err := loaded(s, m, build)
		if err != nil {
			return nil, nil, err
		}
		for i, search := range m.searches {
			if !m.tries(build, i) {
				continue
			}
			if err := p.Set(search); err != nil {
				return nil, nil, err
			}
			answers, err := p.Top(k)
			if err != nil {
				return nil, nil, err
			}
			r := row{Engine: m.name, Build: build, Search: search, K: k, Bytes: b.IndexBytes, CPU: b.CPU, Exact: i < m.exact}
			if r.Tuned, err = s.recall(answers, k, 0, s.half()); err != nil {
				return nil, nil, err
			}
			if r.Recall, err = s.recall(answers, k, s.half(), s.queries.Rows()); err != nil {
				return nil, nil, err
			}
			var passes [][]int64
			for range 2 {
				pass, err := p.Pass(k)
				if err != nil {
					return nil, nil, err
				}
				passes = append(passes, pass.CPU)
			}
			best := peer.Minimum(passes)
			r.tunedP50 = float64(peer.Quantile(best[:s.half()], .5)) / 1e3
			r.times(best[s.half():])
			r.Resident = resident
			all = append(all, r)
		}
		if err := p.Close(); err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(os.Stderr, "%s: tuned %s\n", m.name, build)
	}
	// Every exact setting is measured at the first depth, the fastest of them at the others.
	fastest := -1
	for i, r := range all {
		if r.Exact && (fastest < 0 || r.tunedP50 < all[fastest].tunedP50) {
			fastest = i
		}
	}
	for i, r := range all {
		for j, depth := range o.ks {
			if r.Exact && (j == 0 || i == fastest) {
				r.K = depth
				picked = append(picked, choice{m, r})
			}
		}
	}
	for _, target := range o.targets {
		if m.exact == len(m.searches) { // there is nothing to tune
			break
		}
		best := -1
		for i, r := range all {
			if r.Tuned >= target && (best < 0 || r.tunedP50 < all[best].tunedP50) {
				best = i
			}
		}
		if best >= 0 {
			r := all[best] // an exact setting too, where none that is not reaches the target sooner
			r.Target, r.Exact = target, false
			picked = append(picked, choice{m, r})
		}
		for _, r := range all {
			if m.told != "" && r.Search == m.told+strconv.FormatFloat(target, 'g', -1, 64) {
				r.Target, r.Told = target, true
				picked = append(picked, choice{m, r})
			}
		}
	}
	for _, r := range all {
		if !slices.ContainsFunc(all, func(x row) bool { return x.tunedP50 < r.tunedP50 && x.Tuned > r.Tuned }) {
			curve = append(curve, r)
		}
	}
	slices.SortFunc(curve, func(a, b row) int { return int(math.Copysign(1, a.Recall-b.Recall)) })
	return picked, curve, nil
}

func (r *row) times(ns []int64) {
	sum := int64(0)
	for _, n := range ns {
		sum += n
	}
	r.P50, r.P99 = float64(peer.Quantile(ns, .5))/1e3, float64(peer.Quantile(ns, .99))/1e3
	r.Mean = float64(sum) / float64(len(ns)) / 1e3
}

// measure runs what was chosen side by side, engine after engine in every round. A process holds one index and ends before the next
// starts, so that the largest index alone has to fit into memory. A setting that has used its time up sits out the rounds that are left.
func measure(o options, s *set, chosen []choice) ([]row, error) {
	groups := map[string][]int{}
	var order []string
	for i, c := range chosen {
		key := c.name + " " + c.Build
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], i)
	}
	rows, passes, spent := make([]row, len(chosen)), make([][][]int64, len(chosen)), make([]time.Duration, len(chosen))
	for round := range o.rounds {
		for _, key := range order {
			due := slices.DeleteFunc(slices.Clone(groups[key]), func(i int) bool { return round >= leastRounds && spent[i] > enough })
			if len(due) == 0 {
				continue
			}
			first := chosen[due[0]]
			p, _, err := loaded(s, first.method, first.Build)
			if err != nil {
				return nil, err
			}
			for _, i := range due {
				c, start := chosen[i], time.Now()
				if err := p.Set(c.Search); err != nil {
					return nil, err
				}
				if round == 0 {
					answers, err := p.Top(c.K)
					if err != nil {
						return nil, err
					}
					rows[i] = c.row
					if rows[i].Recall, err = s.recall(answers, c.K, s.half(), s.queries.Rows()); err != nil {
						return nil, fmt.Errorf("%s: %w", key, err)
					}
				}
				pass, err := p.Pass(c.K)
				if err != nil {
					return nil, err
				}
				passes[i], spent[i] = append(passes[i], pass.CPU[s.half():]), spent[i]+time.Since(start)
				if round == 0 && c.batch && c.K == o.ks[0] {
					mean, err := p.Batch(c.K)
					if err != nil {
						return nil, err
					}
					rows[i].Batch = mean / 1e3
				}
			}
			if err := p.Close(); err != nil {
				return nil, err
			}
		}
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
	}
	for i := range chosen {
		rows[i].times(peer.Minimum(passes[i]))
	}
	return rows, nil
}
