package streams

import (
	"context"
	"testing"

	"github.com/tamis-search/tamis/stream"
)

// TestMade: moments lie apart, scenes tile the stream, and each event's rows are the nearest
// to its direction where there is no noise to speak of.
func TestMade(t *testing.T) {
	m := makeStream(1, 4000, 32, 8)
	taken := make([]bool, 4000)
	for _, e := range m.events {
		for _, at := range e.moments {
			if n := at.end - at.first; n < 6 || n > 20 {
				t.Errorf("a moment of %d rows", n)
			}
			for row := at.first; row < at.end; row++ {
				if taken[row] {
					t.Fatalf("row %d has two events", row)
				}
				taken[row] = true
			}
		}
	}
	next := 0
	for _, s := range m.scenes {
		if s.first != next || s.end <= s.first {
			t.Fatalf("%v does not follow %d", s, next)
		}
		next = s.end
	}
	if next != 4000 {
		t.Errorf("scenes end at %d", next)
	}
}

// TestJudge by hand: three of five rows, one of two moments, two of three scenes.
func TestJudge(t *testing.T) {
	m := &made{rows: make([][]float32, 30), scenes: []moment{{0, 10}, {10, 20}, {20, 30}}}
	e := event{moments: [2]moment{{2, 5}, {25, 27}}}
	s := sums{}
	l := s.at("chosen", "x", 8)
	m.judge(l, e, []int{2, 3, 4, 10, 19}, 8)
	if l.mean("recall") != .6 || l.mean("moments") != .5 || l.mean("both") != 0 || l.mean("scenes") != .6667 || l.mean("latest") != 0 {
		t.Errorf("%v", l.values)
	}
	if got := opened(e, []stream.Span{{First: 0, Last: 9}, {First: 26, Last: 29}}, []int{1, 0}, 7); got != .4 {
		t.Errorf("opened %v", got) // row 26, then rows 0, 1 and 2
	}
}

// TestAttend: blocks of one row are attention to all, and one block is its mean.
func TestAttend(t *testing.T) {
	rows := [][]float32{{1, 0}, {0, 1}, {.6, .8}}
	each := []stream.Block{{First: 0, End: 1}, {First: 1, End: 2}, {First: 2, End: 3}}
	one := attend(rows[0], rows, []stream.Block{{First: 0, End: 3}})
	if d := apartBy([]float64{1.6 / 3, .6}, one); d > 1e-6 {
		t.Errorf("%v", one)
	}
	if d := apartBy(attend(rows[0], rows, each), attend(rows[0], rows, each)); d != 0 {
		t.Error(d)
	}
}

func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o := Options{Rows: 2000, Width: 16, Events: 2, Seeds: []uint64{1}, Budgets: []int{8}, Share: .1}
	if _, err := Run(ctx, o); err == nil {
		t.Error("it went on")
	}
	o.Share = 1e-9
	if _, err := Run(context.Background(), o); err == nil {
		t.Error("a memory of nothing")
	}
}
