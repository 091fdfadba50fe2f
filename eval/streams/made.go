package streams

import (
	"math"
	"math/rand/v2"
)

// A made stream: scenes that drift and change, noise in each row, flashes of one row that
// mean nothing, and moments in which something happens that a question asks for. Each event has two
// moments, the second one fainter.
type made struct {
	rows   [][]float32
	scenes []moment
	events []event
}

type moment struct{ first, end int }

type event struct {
	question []float32
	moments  [2]moment
}

func (m moment) has(row int) bool             { return row >= m.first && row < m.end }
func (m moment) touches(first, last int) bool { return first < m.end && last >= m.first }

const (
	noise     = 0.6  // its length beside a scene's 1
	drift     = 0.02 // of a scene from row to row
	sceneRows = 300  // on average
	flashes   = 0.002
	apart     = 0.5 // of a question from what it asks for: words are not pictures
)

func unit(v []float32) []float32 {
	sum := 0.
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / math.Sqrt(sum))
	}
	return v
}

func direction(r *rand.Rand, width int) []float32 {
	v := make([]float32, width)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return unit(v)
}

// add adds times a direction.
func add(v, d []float32, times float64) []float32 {
	for i := range v {
		v[i] += float32(times * float64(d[i]))
	}
	return v
}

// Made is the rows of a made stream, and the question of its first event.
func Made(seed uint64, rows, width, events int) (all [][]float32, question []float32) {
	m := makeStream(seed, rows, width, events)
	return m.rows, m.events[0].question
}

func makeStream(seed uint64, rows, width, events int) *made {
	r := rand.New(rand.NewPCG(seed, 24))
	m := &made{rows: make([][]float32, rows)}
	scene := direction(r, width)
	for row, first := 0, 0; row < rows; row++ {
		if row > 0 && r.IntN(sceneRows) == 0 {
			m.scenes = append(m.scenes, moment{first, row})
			first, scene = row, direction(r, width)
		}
		scene = unit(add(scene, direction(r, width), drift))
		m.rows[row] = add(append([]float32(nil), scene...), direction(r, width), noise)
		if r.Float64() < flashes {
			m.rows[row] = direction(r, width)
		}
		if row == rows-1 {
			m.scenes = append(m.scenes, moment{first, rows})
		}
	}
	// A place of its own for each moment, so that none lies in another.
	places := r.Perm(2 * events)
	for e := range events {
		what := direction(r, width)
		ev := event{question: unit(add(append([]float32(nil), what...), direction(r, width), apart))}
		for i := range ev.moments {
			length := 6 + r.IntN(15)
			room := rows / (2 * events)
			first := places[2*e+i]*room + r.IntN(max(1, room-length))
			ev.moments[i] = moment{first, min(rows, first+length)}
			for row := first; row < min(rows, first+length); row++ {
				add(m.rows[row], what, 1-.2*float64(i))
			}
		}
		m.events = append(m.events, ev)
	}
	return m
}
