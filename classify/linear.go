package classify

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/internal/simd"
)

// How directions are learned, chosen on the validation part of clinc150: the scale of the
// products, as the inverse temperature of the softmax; the first step; passes over few
// examples and over many.
const (
	scale      = 10
	step       = .15
	fewPasses  = 12
	manyPasses = 6
	many       = 6000
)

// linear has a direction for each class. One that no example taught has none, and scores
// as nothing.
type linear struct {
	classes, width int
	dense          []byte      // by class, as simd.DotFloat takes them
	sparse         [][]float32 // by feature and class; nil where no example has the feature
	taught         []bool
}

// learn makes directions of the examples in rows, but for classes that are hidden.
func (c *Classifier) learn(ctx context.Context, rows []int, hidden func(class int) bool) (*linear, error) {
	l := &linear{classes: len(c.labels), width: c.spaces.width, taught: make([]bool, len(c.labels))}
	l.dense = make([]byte, 4*l.width*l.classes)
	l.sparse = make([][]float32, len(c.spaces.idf))
	var taught []int
	for _, row := range rows {
		if hidden != nil && slices.ContainsFunc(c.targets[row], hidden) {
			continue
		}
		taught = append(taught, row)
		for _, w := range c.points[row].sparse {
			if l.sparse[w.of] == nil {
				l.sparse[w.of] = make([]float32, l.classes)
			}
		}
		for _, class := range c.targets[row] {
			l.taught[class] = true
			l.move(&c.points[row], class, 1)
		}
	}
	l.toLengthOne()
	return l, c.turn(ctx, l, taught)
}

// turn moves directions until they tell the classes of examples apart.
func (c *Classifier) turn(ctx context.Context, l *linear, taught []int) error {
	r := rand.New(rand.NewPCG(1, uint64(len(taught))))
	passes := fewPasses
	if len(taught) > many {
		passes = manyPasses
	}
	z, p := make([]float64, l.classes), make([]float64, l.classes)
	for pass := range passes {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.Shuffle(len(taught), func(i, j int) { taught[i], taught[j] = taught[j], taught[i] })
		by := step * (1 - float64(pass)/float64(passes))
		for _, row := range taught {
			x := &c.points[row]
			l.scores(x, z)
			softmax(z, p)
			for _, class := range c.targets[row] {
				p[class] -= 1 / float64(len(c.targets[row]))
			}
			for class, g := range p {
				if math.Abs(g) > 1e-3 {
					l.move(x, class, float32(-by*g))
				}
			}
		}
	}
	return nil
}

// move adds by times a point to the direction of a class.
func (l *linear) move(x *point, class int, by float32) {
	row := l.dense[4*class*l.width : 4*(class+1)*l.width]
	for i, v := range x.dense {
		at := row[4*i : 4*i+4]
		binary.LittleEndian.PutUint32(at, math.Float32bits(math.Float32frombits(binary.LittleEndian.Uint32(at))+float32(by*v)))
	}
	for _, w := range x.sparse {
		l.sparse[w.of][class] += float32(by * w.value)
	}
}

// toLengthOne scales each direction to the length 1.
func (l *linear) toLengthOne() {
	squares := make([]float64, l.classes)
	number := func(at int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(l.dense[4*at:])) }
	for class := range squares {
		for i := range l.width {
			v := float64(number(class*l.width + i))
			squares[class] += float64(v * v)
		}
	}
	for _, weights := range l.sparse {
		for class, v := range weights {
			squares[class] += float64(float64(v) * float64(v))
		}
	}
	by := make([]float32, l.classes)
	for class, sum := range squares {
		if sum > 0 {
			by[class] = float32(1 / math.Sqrt(sum))
		}
		for i := range l.width {
			at := class*l.width + i
			binary.LittleEndian.PutUint32(l.dense[4*at:], math.Float32bits(number(at)*by[class]))
		}
	}
	for _, weights := range l.sparse {
		for class := range weights {
			weights[class] *= by[class]
		}
	}
}

// scores are the products of a point with all directions, times scale; those of classes that
// nothing taught are -Inf.
func (l *linear) scores(x *point, z []float64) {
	products := make([]float32, l.classes)
	if l.width > 0 && len(x.dense) > 0 {
		simd.DotFloat(products, x.dense, l.dense)
	}
	for _, w := range x.sparse {
		for class, v := range l.sparse[w.of] {
			products[class] += float32(w.value * v)
		}
	}
	for class, p := range products {
		z[class] = float64(scale * p)
		if !l.taught[class] {
			z[class] = math.Inf(-1)
		}
	}
}

// softmax sets p to the probabilities that scores stand for. What is below e^-10 of the
// greatest is 0.
func softmax(z, p []float64) {
	greatest, sum := math.Inf(-1), 0.0
	for _, v := range z {
		greatest = max(greatest, v)
	}
	for i, v := range z {
		p[i] = 0
		if d := greatest - v; d < 10 {
			p[i] = 1/portable.Logistic(d) - 1 // e^-d
			sum += p[i]
		}
	}
	for i := range p {
		p[i] /= sum
	}
}
