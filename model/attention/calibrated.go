package attention

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"

	"github.com/tamis-search/tamis/internal/simd"
)

// Masks are calibrated: dynamic attention masks (DAM: Zhang et al. 2025, 2506.11104). The mean attention of
// each head over texts of one length is transformed so that small differences among small numbers show
// (Box and Cox), scaled to what is between 0 and 1, and what passes a threshold is read. Masks are
// extended to longer texts by their columns and diagonals. A file keeps these alone: those of which half
// of the cells passed. The threshold is one for all heads, that at which the asked share of all cells
// passes; the exponent of the transform is of this package. What is further away than the texts that were
// calibrated on were long is read by no diagonal: only skips, but the same everywhere.
type Masks struct {
	Length int      `json:"length"` // of the texts
	Share  float64  `json:"share"`  // of their cells that passed
	Layers [][]Mask `json:"layers"` // by layer and head of keys
}

// Mask is that of a head.
type Mask struct {
	Columns   []int `json:"columns"`   // tokens from the beginning, ascending
	Diagonals []int `json:"diagonals"` // distances, ascending
}

// Plan implements Planner.
func (m *Masks) Plan(q *Queries, k *Keys, spans []Span) []Span {
	f := framed(q, 0)
	one, marks := m.Layers[k.Layer][k.Head], make([]bool, f.local)
	for _, j := range one.Columns {
		if j < len(marks) {
			marks[j] = true
		}
	}
	for _, d := range one.Diagonals {
		for j := max(0, q.First-d); j < min(f.end-d, f.local); j++ {
			marks[j] = true
		}
	}
	return f.marked(spans, marks, 1)
}

// Fits says where a policy's masks are of another model.
func (p *Policy) Fits(layers, heads int) error {
	for _, planner := range []Planner{p.Prefill, p.Step} {
		if m, ok := planner.(*Masks); ok && (len(m.Layers) != layers || len(m.Layers[0]) != heads) {
			return fmt.Errorf("the masks of %s are of a model of %d layers and %d heads of keys, this one has %d and %d: calibrate it with tamis eval attention --calibrate FILE --model", p.Name, len(m.Layers), len(m.Layers[0]), layers, heads)
		}
	}
	return nil
}

// ReadMasks reads a file of masks.
func ReadMasks(path string) (*Masks, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var m Masks
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	ok := len(m.Layers) > 0
	for _, layer := range m.Layers {
		ok = ok && len(layer) > 0 && len(layer) == len(m.Layers[0])
		for _, one := range layer {
			for _, all := range [][]int{one.Columns, one.Diagonals} {
				ok = ok && slices.IsSorted(all) && (len(all) == 0 || all[0] >= 0)
			}
		}
	}
	if !ok {
		return nil, fmt.Errorf("%s holds no masks: tamis eval attention --calibrate FILE makes some", path)
	}
	return &m, nil
}

// Calibration collects the mean attention of a model's heads over texts: a Planner that reads everything.
type Calibration struct {
	length int
	mutex  sync.Mutex
	cells  map[[2]int][]float64 // by layer and head: rows of sums
}

// NewCalibration collects over texts of a length.
func NewCalibration(length int) *Calibration {
	return &Calibration{length: length, cells: map[[2]int][]float64{}}
}

// Plan implements Planner.
func (c *Calibration) Plan(q *Queries, k *Keys, spans []Span) []Span {
	c.mutex.Lock()
	cells := c.cells[[2]int{k.Layer, k.Head}]
	if cells == nil {
		cells = make([]float64, c.length*c.length)
		c.cells[[2]int{k.Layer, k.Head}] = cells
	}
	c.mutex.Unlock()
	n := q.First + q.Rows
	columns := simd.Padded(n)
	scores := make([]float32, q.Heads*q.Rows*columns)
	q.products(scores, columns, 0, k.Packed, k.Size, n)
	for i := range q.Heads * q.Rows {
		whole, own := scores[i*columns:][:columns], q.First+i%q.Rows
		row := whole[:own+1]
		factor := 1 / simd.Softmax(padded(row, whole), q.Scale)
		if own < c.length {
			for j, p := range row {
				cells[own*c.length+j] += float64(p * factor)
			}
		}
	}
	return append(spans, Span{0, n})
}

const (
	boxCox       = .5  // the exponent
	passes       = .5  // of the cells of a column or diagonal, so that it is read everywhere
	cellsAtLeast = 16. // cells that it has at least
)

// Masks are those at which a share of all cells passes.
func (c *Calibration) Masks(share float64) *Masks {
	m := &Masks{Length: c.length, Share: share}
	var all []float64
	for key, cells := range c.cells {
		for len(m.Layers) <= key[0] {
			m.Layers = append(m.Layers, nil)
		}
		for len(m.Layers[key[0]]) <= key[1] {
			m.Layers[key[0]] = append(m.Layers[key[0]], Mask{})
		}
		all = append(all, c.transform(cells)...)
	}
	slices.Sort(all)
	if len(all) == 0 {
		return m
	}
	threshold := all[min(len(all)-1, int(float64(len(all))*(1-share)))]
	for key, cells := range c.cells {
		columns, diagonals := make([]float64, c.length), make([]float64, c.length)
		values := c.transform(cells)
		at := 0
		for i := range c.length {
			for j := range i + 1 {
				if values[at] >= threshold && values[at] > 0 {
					columns[j]++
					diagonals[i-j]++
				}
				at++
			}
		}
		one := &m.Layers[key[0]][key[1]]
		for j := range c.length {
			if cells := float64(c.length - j); cells >= cellsAtLeast {
				if columns[j] >= passes*cells {
					one.Columns = append(one.Columns, j)
				}
				if diagonals[j] >= passes*cells {
					one.Diagonals = append(one.Diagonals, j)
				}
			}
		}
	}
	return m
}

// transform makes what is compared of a head's cells, those that are visible, row by row.
func (c *Calibration) transform(cells []float64) []float64 {
	values := make([]float64, 0, c.length*(c.length+1)/2)
	for i := range c.length {
		for _, x := range cells[i*c.length:][:i+1] {
			values = append(values, (math.Pow(max(x, 1e-9), boxCox)-1)/boxCox)
		}
	}
	least, most := slices.Min(values), slices.Max(values)
	for i := range values {
		values[i] = (values[i] - least) / max(1e-9, most-least)
	}
	return values
}
