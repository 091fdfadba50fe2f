package stream

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

func random(r *rand.Rand, rows, width int) [][]float32 {
	out := make([][]float32, rows)
	for i := range out {
		out[i] = make([]float32, width)
		for j := range out[i] {
			out[i][j] = float32(r.NormFloat64())
		}
		if i > 0 && r.IntN(4) > 0 { // scenes, and equal rows
			copy(out[i], out[i-1])
			out[i][0] += float32(r.IntN(2))
		}
	}
	return out
}

// coarse are scores with many ties, and some rows that were left out.
func scoresOf(r *rand.Rand, n int) []float64 {
	s := make([]float64, n)
	for i := range s {
		if s[i] = float64(r.IntN(8)) / 8; r.IntN(10) == 0 {
			s[i] = math.NaN()
		}
	}
	return s
}

// best is the slow oracle: again and again the greatest score, the first of equals.
func best(scores []float64, n int) (rows []int) {
	left := slices.Clone(scores)
	for range n {
		at := -1
		for i, s := range left {
			if !math.IsNaN(s) && (at < 0 || s > left[at]) {
				at = i
			}
		}
		if at < 0 {
			break
		}
		left[at] = math.NaN()
		rows = append(rows, at)
	}
	slices.Sort(rows)
	return rows
}

func rowsOf(kept []Kept) (rows []int) {
	for _, k := range kept {
		rows = append(rows, k.Row)
	}
	return rows
}

func TestOneStageIsBest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		scores := scoresOf(r, 1+r.IntN(60))
		n := 1 + r.IntN(70)
		if got, want := rowsOf(OneStage{}.Choose(scores, n)), best(scores, n); !slices.Equal(got, want) {
			t.Fatalf("%v of %v: %v, not %v", n, scores, got, want)
		}
	}
}

func TestTwoStages(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 1000 {
		scores := scoresOf(r, 1+r.IntN(80))
		n := 1 + r.IntN(90)
		two := TwoStages{Coarse: float64(r.IntN(5)) / 4, Around: r.IntN(4)}
		got := two.Choose(scores, n)
		rows := rowsOf(got)
		if want := min(n, counted(scores)); len(got) != want {
			t.Fatalf("%d rows, not %d", len(got), want)
		}
		if !slices.IsSorted(rows) || len(slices.Compact(slices.Clone(rows))) != len(rows) {
			t.Fatalf("rows %v", rows)
		}
		for _, k := range got {
			if math.IsNaN(k.Score) || k.Score != scores[k.Row] || k.Stage != Fine && k.Stage != Context {
				t.Fatalf("%+v", k)
			}
		}
		if b := best(scores, 1); len(b) == 1 && !slices.Contains(rows, b[0]) {
			t.Fatalf("%+v of %v: %v is without the best, %v", two, scores, rows, b)
		}
		// Each of the parts for context has a row.
		if coarse := min(int(two.Coarse*float64(min(n, counted(scores)))), min(n, counted(scores))-1); coarse > 0 {
			for i := range coarse {
				low, high := i*len(scores)/coarse, (i+1)*len(scores)/coarse
				if counted(scores[low:high]) > 0 && !slices.ContainsFunc(rows, func(row int) bool { return row >= low && row < high }) {
					t.Fatalf("no row of %d to %d in %v", low, high, rows)
				}
			}
		}
		if !slices.Equal(rowsOf(TwoStages{}.Choose(scores, n)), best(scores, n)) {
			t.Fatal("no context and no neighbours are one stage")
		}
	}
	// Two peaks with their neighbours, and a row of each half.
	got := TwoStages{Coarse: .25, Around: 1}.Choose([]float64{0, 0, .2, .9, .8, .7, 0, 0, .5, 0, 0, 0}, 8)
	want := []Kept{{2, .2, Fine}, {3, .9, Fine}, {4, .8, Fine}, {5, .7, Fine}, {6, 0, Fine}, {7, 0, Fine}, {8, .5, Fine}, {9, 0, Fine}}
	if !slices.Equal(rowsOf(got), rowsOf(want)) {
		t.Errorf("%+v", got)
	}
}

func TestHistory(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	for range 500 {
		n := 1 + r.IntN(12)
		window := r.IntN(n + 1)
		h := NewHistory(n, window)
		var scores []float64
		for row := range r.IntN(50) {
			scores = append(scores, float64(r.IntN(6)))
			h.Push(row, scores[row])
			if len(h.last)+len(h.best) > n {
				t.Fatalf("%d rows are held, more than %d", len(h.last)+len(h.best), n)
			}
		}
		split := max(0, len(scores)-window)
		want := best(scores[:split], n-window)
		for row := split; row < len(scores); row++ {
			want = append(want, row)
		}
		if got := rowsOf(h.Kept()); !slices.Equal(got, want) {
			t.Fatalf("%d of %v, %d last: %v, not %v", n, scores, window, got, want)
		}
	}
}

// slowMemory is Memory with a list and a look at each pair.
func slowMemory(rows [][]float32, n int, weight float64) []Span {
	var spans []Span
	for row, v := range rows {
		if len(spans) == n {
			at, least := 0, math.Inf(1)
			for i := range n - 1 {
				a, b := spans[i], spans[i+1]
				if c := cost(a.Centroid, b.Centroid, math.Sqrt(dot(a.Centroid, a.Centroid)), math.Sqrt(dot(b.Centroid, b.Centroid)), a.Count, b.Count, weight); c < least {
					at, least = i, c
				}
			}
			a, b := &spans[at], spans[at+1]
			mean(a.Centroid, b.Centroid, a.Count, b.Count)
			a.Last, a.To, a.Count = b.Last, b.To, a.Count+b.Count
			spans = slices.Delete(spans, at+1, at+2)
		}
		spans = append(spans, Span{row, row, float64(row) / 2, float64(row) / 2, 1, slices.Clone(v)})
	}
	return spans
}

func TestMemory(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	for range 300 {
		width := 1 + r.IntN(5)
		rows := random(r, 1+r.IntN(80), width)
		n := 2 + r.IntN(20)
		weight := []float64{0, .5, .75, 1, .3}[r.IntN(5)]
		m, err := NewMemory(width, n*entryBytes(width)+r.IntN(entryBytes(width)), weight)
		if err != nil {
			t.Fatal(err)
		}
		for row, v := range rows {
			m.Push(row, float64(row)/2, v)
			slots := 0
			for _, c := range m.chunks {
				if slots += cap(c.slots); cap(c.floats) != cap(c.slots)*width {
					t.Fatal("centroids and slots differ")
				}
			}
			if m.live > n || m.slots > n || slots > n {
				t.Fatalf("%d entries, more than %d", m.live, n)
			}
		}
		got := m.Spans()
		if want := slowMemory(rows, n, weight); !reflect.DeepEqual(got, want) {
			t.Fatalf("%d of %d rows, weight %g:\n%v\n%v", n, len(rows), weight, got, want)
		}
		next, sum := 0, 0
		for _, s := range got {
			if s.First != next || s.Last < s.First || s.Count != s.Last-s.First+1 {
				t.Fatalf("%v does not follow %d", s, next)
			}
			next, sum = s.Last+1, sum+s.Count
		}
		if next != len(rows) || sum != len(rows) {
			t.Fatalf("%d rows, %d counted, of %d", next, sum, len(rows))
		}
	}
	if size := int(unsafe.Sizeof(slot{})) + 2*4 + int(unsafe.Sizeof(chunk{}))/chunkSlots + 1; size > overhead {
		t.Errorf("an entry takes %d bytes beside its centroid, more than %d", size, overhead)
	}
	if _, err := NewMemory(100, LeastBytes(100)-1, Weight); err == nil {
		t.Error("a memory of one entry")
	}
	if _, err := NewMemory(100, LeastBytes(100), Weight); err != nil {
		t.Error(err)
	}
}

// TestMemoryOfChunks: more entries than a chunk has slots.
func TestMemoryOfChunks(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 1))
	rows := random(r, 1500, 2)
	for _, n := range []int{2*chunkSlots + 100, chunkSlots, chunkSlots + 1} {
		m, err := NewMemory(2, n*entryBytes(2), Weight)
		if err != nil {
			t.Fatal(err)
		}
		for row, v := range rows {
			m.Push(row, float64(row)/2, v)
		}
		if !reflect.DeepEqual(m.Spans(), slowMemory(rows, n, Weight)) {
			t.Errorf("%d entries differ", n)
		}
	}
}

// TestMemoryKeepsWhatDiffers: a moment between two long scenes, known by hand.
func TestMemoryKeepsWhatDiffers(t *testing.T) {
	m, _ := NewMemory(3, 4*entryBytes(3), Weight)
	for row := range 1000 {
		v := []float32{1, 0, 0}
		if row == 500 {
			v = []float32{0, 0, 1}
		} else if row > 500 {
			v = []float32{0, 1, 0}
		}
		m.Push(row, float64(row), v)
	}
	i := slices.IndexFunc(m.Spans(), func(s Span) bool { return s.First == 500 && s.Last == 500 && s.Centroid[2] == 1 })
	if i < 0 {
		t.Errorf("%v", m.Spans())
	}
}

func TestScales(t *testing.T) {
	got, err := Scales(16, []int{5}, 9)
	if want := []Block{{0, 2}, {2, 4}, {4, 5}, {5, 6}, {6, 7}, {7, 8}, {8, 10}, {10, 12}, {12, 16}}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, not %v: %v", got, want, err)
	}
	if _, err := Scales(16, []int{5}, 8); err == nil || !strings.Contains(err.Error(), "9 at least") {
		t.Error(err)
	}
	r := rand.New(rand.NewPCG(5, 1))
	for range 500 {
		rows := 1 + r.IntN(200)
		var asked []int
		for range 1 + r.IntN(4) {
			asked = append(asked, r.IntN(rows))
		}
		n := 1 + r.IntN(rows)
		got, err := Scales(rows, asked, n)
		if err != nil {
			if least := len(blocks(rows, slices.Sorted(slices.Values(asked)), 1)); least <= n || !strings.Contains(err.Error(), "too few") {
				t.Fatal(err)
			}
			continue
		}
		next := 0
		for _, b := range got {
			if b.First != next || b.End <= b.First {
				t.Fatalf("%v does not follow %d", b, next)
			}
			next = b.End
			for _, a := range asked {
				if a >= b.First && a < b.End && b.End-b.First > 1 {
					t.Fatalf("row %d is in %v", a, b)
				}
			}
		}
		if next != rows || len(got) > n {
			t.Fatalf("%d of %d rows in %d blocks, %d at most", next, rows, len(got), n)
		}
		if n == rows && len(got) != rows {
			t.Fatalf("%d blocks of %d rows, where each could have its own", len(got), rows)
		}
	}
	for _, asked := range [][]int{nil, {-1}, {16}, {3, 16}} {
		if _, err := Scales(16, asked, 16); err == nil {
			t.Errorf("%v was taken", asked)
		}
	}
}

func TestMeans(t *testing.T) {
	m := NewMeans([]Block{{0, 1}, {1, 3}, {3, 4}}, 2)
	for row, v := range [][]float32{{1, 2}, {2, 2}, {4, 6}} {
		m.Push(row, float64(row)/4, v)
	}
	want := []Span{{0, 0, 0, 0, 1, []float32{1, 2}}, {1, 2, .25, .5, 2, []float32{3, 4}}}
	if got := m.Spans(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

type rows [][]float32

func (r *rows) Next(dst []float32) ([]byte, error) {
	if len(*r) == 0 {
		return nil, io.EOF
	}
	copy(dst, (*r)[0])
	*r = (*r)[1:]
	return bytes.Clone(nil), nil
}

func TestRead(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	src := func() Source { return &rows{{1, 2}, {nan, 0}, {3, inf}, {5, 6}} }
	_, err := Read(context.Background(), src(), "s.npy", 2, false, func(int, []float32) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "s.npy: row 1: number 0 is NaN") {
		t.Error(err)
	}
	var seen []int
	left, err := Read(context.Background(), src(), "s.npy", 2, true, func(row int, _ []float32) error { seen = append(seen, row); return nil })
	if err != nil || left != 2 || !slices.Equal(seen, []int{0, 3}) {
		t.Errorf("%v %d %v", seen, left, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Read(ctx, src(), "s.npy", 2, true, func(int, []float32) error { return nil }); err == nil {
		t.Error("not ended")
	}
}

func TestQuestion(t *testing.T) {
	q, err := NewQuestion([][]float32{{3, 4}, {0, -2}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		v    []float32
		want float64
	}{{[]float32{6, 8}, 1}, {[]float32{0, -9}, 1}, {[]float32{0, 0}, 0}, {[]float32{-1, 0}, 0}, {[]float32{4, -3}, .6}} {
		if got := q.Score(c.v); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%v: %v, not %v", c.v, got, c.want)
		}
	}
	for _, bad := range [][][]float32{nil, {{0, 0}}, {{float32(math.NaN()), 1}}} {
		if _, err := NewQuestion(bad); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}
