// Package stream is selection under a budget over any stream of vectors: embeddings of
// frames, patches, sounds or rows of a table, which the user brings. A question is a vector
// of the same space, and a row is as relevant as it is near to the question.
//
// There are three ways to keep few of many rows:
//
//   - a Chooser keeps rows of a stream that ends, by their relevance to a question;
//   - History keeps the last rows and the most relevant earlier ones of one that does not;
//   - Memory keeps all of it, without a question, at less and less detail: neighbours that
//     are alike become one centroid, within a bound of bytes (MovieChat, arXiv:2307.16449,
//     merges the most similar neighbours of a memory of frames).
//
// Scales does so for the rows of a table around those that are asked about. All of them
// depend on their input alone, ties go to the earlier row.
package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
)

// A Source gives rows in order: their numbers into dst, and their bytes; io.EOF ends it.
type Source interface {
	Next(dst []float32) (raw []byte, err error)
}

// Read gives each row of a source, which errors call by a name, to take. A row that holds what is no finite number is an
// error, or, with skip, left out and counted.
func Read(ctx context.Context, src Source, name string, width int, skip bool, take func(row int, v []float32) error) (left int, err error) {
	v := make([]float32, width)
	for row := 0; ; row++ {
		if row%1024 == 0 && ctx.Err() != nil {
			return left, ctx.Err()
		}
		switch _, err := src.Next(v); {
		case err == io.EOF:
			return left, nil
		case err != nil:
			return left, err
		}
		if at := notFinite(v); at >= 0 {
			if !skip {
				return left, fmt.Errorf("%s: row %d: number %d is %v: mend it, or leave such rows out with --skip-bad", name, row, at, v[at])
			}
			left++
			continue
		}
		if err := take(row, v); err != nil {
			return left, err
		}
	}
}

func notFinite(v []float32) int {
	for i, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return i
		}
	}
	return -1
}

// A Question is one vector or several; a row is as relevant as it is to the one that is
// nearest.
type Question struct{ units [][]float64 }

// NewQuestion takes vectors, of which none may be zero.
func NewQuestion(vectors [][]float32) (*Question, error) {
	q := &Question{}
	if len(vectors) == 0 {
		return nil, errors.New("there is no row")
	}
	for i, v := range vectors {
		if at := notFinite(v); at >= 0 {
			return nil, fmt.Errorf("row %d: number %d is %v", i, at, v[at])
		}
		length := math.Sqrt(dot(v, v))
		if length == 0 {
			return nil, fmt.Errorf("row %d is all zeros, which points nowhere", i)
		}
		unit := make([]float64, len(v))
		for j, x := range v {
			unit[j] = float64(x) / length
		}
		q.units = append(q.units, unit)
	}
	return q, nil
}

// Width is how many numbers the vectors have.
func (q *Question) Width() int { return len(q.units[0]) }

// Score is the greatest cosine of a row to the question's vectors, 0 for a row of zeros.
func (q *Question) Score(v []float32) float64 {
	length := math.Sqrt(dot(v, v))
	if length == 0 {
		return 0
	}
	best := math.Inf(-1)
	for _, unit := range q.units {
		sum := 0.
		for i, x := range v {
			sum += float64(float64(x) * unit[i]) // converted, so that no machine fuses it with the sum
		}
		best = max(best, sum/length)
	}
	return best
}

// dot is an inner product, summed in order.
func dot(a, b []float32) float64 {
	sum := 0.
	for i, x := range a {
		sum += float64(float64(x) * float64(b[i]))
	}
	return sum
}
