package attention

import "math"

// Static plans depend on places alone.

// Window is sinks and a window: StreamingLLM (Xiao et al. 2023, 2309.17453), A-shape in MInference.
// The paper keeps 4 sinks; here they are a page. It skips all that is far, so that nothing there is
// ever found; with Tail it is Tri-shape, whose last tokens read everything.
type Window struct{ Share float64 }

// Plan implements Planner.
func (w Window) Plan(q *Queries, _ *Keys, spans []Span) []Span {
	f := framed(q, w.Share)
	if f.full() {
		return f.all(spans)
	}
	spans = join(spans, Span{0, min(sinks, f.local)})
	return join(spans, Span{f.local - f.budget, f.end})
}

// Strided is sharded context: S2-Attention (Lin et al. 2024, 2407.17678). Beside a window a head
// reads each so many blocks of 64, from an offset of its own, so that heads together read all where
// they are as many as the stride. Half of the budget is the window, as in the paper's examples. The
// paper trains its models so; on others it only skips. Layers have other offsets too, here alone.
type Strided struct{ Share float64 }

const shard = 64

// Plan implements Planner.
func (s Strided) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, s.Share)
	if f.full() {
		return f.all(spans)
	}
	window := f.local - f.budget/2
	stride := max(1, int(math.Ceil(float64(window)/float64(max(1, f.budget-f.budget/2)))))
	marks := make([]bool, window/shard+1)
	for j := range marks {
		marks[j] = (j+k.Layer*k.Heads+k.Head)%stride == 0
	}
	f.local = window / Page * Page
	return f.marked(spans, marks, shard)
}

// Power is blocks at distances that are powers of two: PowerAttention (Chen et al. 2025,
// 2503.03588). After d layers a token is reached from 2^d blocks away. Block and window sizes are
// not in the paper's abstract: blocks have 64 tokens here, and the window what the budget leaves.
type Power struct{ Share float64 }

// Plan implements Planner.
func (p Power) Plan(q *Queries, _ *Keys, spans []Span) []Span {
	f := framed(q, p.Share)
	if f.full() {
		return f.all(spans)
	}
	marks, own := make([]bool, f.local/shard+1), q.First/shard
	used := 0
	for d := 1; d <= own && used+shard <= f.budget; d *= 2 {
		if b := own - d; b*shard < f.local {
			marks[b], used = true, used+shard
		}
	}
	f.local = max(0, f.local-(f.budget-used)) / Page * Page
	return f.marked(spans, marks, shard)
}
