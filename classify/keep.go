package classify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/text"
)

// method is the version of how examples are learned from: whoever changes what New makes of
// the same examples counts it up, and what was kept before is learned anew.
const method = 1

// keptMark begins what is kept, with the version of its layout.
const keptMark = "tamis labels 1\n"

// Why what was kept cannot be used.
var (
	ErrDamaged = errors.New("it is damaged")
	ErrOlder   = errors.New("another version of tamis kept it")
	ErrOther   = errors.New("it was learned of other examples, or with another model")
)

// Fingerprint names what New learns of examples: their texts, labels and vectors in their
// order, the model that makes those that they lack, and the version of the method.
func Fingerprint(examples []Example, model string) [sha256.Size]byte {
	h := sha256.New()
	var b []byte
	add := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	fmt.Fprintf(h, "%d %d %d\n", method, text.Version, len(examples))
	add(model)
	for _, e := range examples {
		add(e.Text)
		b = binary.AppendUvarint(b, uint64(len(e.Labels)))
		for _, l := range e.Labels {
			add(l)
		}
		b = binary.AppendUvarint(b, uint64(len(e.Vectors.Dense)))
		b = appendFloats(b, e.Vectors.Dense)
		b = binary.AppendUvarint(b, uint64(len(e.Vectors.Sparse)))
		for _, term := range slices.Sorted(maps.Keys(e.Vectors.Sparse)) {
			add(term)
			b = appendFloats(b, []float32{e.Vectors.Sparse[term]})
		}
		_, _ = h.Write(b) // never fails
		b = b[:0]
	}
	_, _ = h.Write(b)
	return [sha256.Size]byte(h.Sum(nil))
}

// Keep is what was learned, for Restore: all but the examples. It ends in a sum of
// its bytes, so that damage is seen.
//
//	mark, fingerprint, rows, features, classes, width: uint32
//	shares of the spaces: 3 float32
//	features: length and bytes of each; their idf: float32
//	rows: dense vectors, width float32 each; features of each with their weights
//	directions: by class width float32; by feature and class float32; taught, a byte a class
//	judge: 2 times 4 float64
//	CRC-32C of all before: uint32
func (c *Classifier) Keep(fingerprint [sha256.Size]byte) []byte {
	s, l := c.spaces, c.line
	b := make([]byte, 0, 4*len(s.idf)*l.classes+len(s.dense)+1<<20)
	b = append(append(b, keptMark...), fingerprint[:]...)
	for _, n := range []int{s.rows, len(s.idf), l.classes, s.width} {
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	b = appendFloats(b, []float32{s.shares.dense, s.shares.words, s.shares.sparse})
	names := make([]string, len(s.idf))
	for name, i := range s.features {
		names[i] = name
	}
	for _, name := range names {
		b = append(binary.AppendUvarint(b, uint64(len(name))), name...)
	}
	b = appendFloats(b, s.idf)
	b = append(b, s.dense...)
	for _, p := range c.points[:s.rows] {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.sparse)))
		for _, w := range p.sparse {
			b = binary.LittleEndian.AppendUint32(b, w.of)
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(w.value))
		}
	}
	b = append(b, l.dense...)
	none := make([]float32, l.classes)
	for _, weights := range l.sparse {
		if weights == nil {
			weights = none
		}
		b = appendFloats(b, weights)
	}
	for _, t := range l.taught {
		b = append(b, map[bool]byte{true: 1}[t])
	}
	for _, weights := range [][]float64{c.judge.right, c.judge.out} {
		for _, w := range weights {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(w))
		}
	}
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Restore is the classifier of examples whose Keep this is. Errors: ErrDamaged, ErrOlder,
// ErrOther, and those of New about examples.
func Restore(kept []byte, fingerprint [sha256.Size]byte, examples []Example) (*Classifier, error) {
	layout := keptMark[:strings.IndexByte(keptMark, ' ')]
	switch {
	case !bytes.HasPrefix(kept, []byte(layout)) || len(kept) < len(keptMark)+sha256.Size+4:
		return nil, ErrDamaged
	case !bytes.HasPrefix(kept, []byte(keptMark)):
		return nil, ErrOlder
	}
	body, sum := kept[:len(kept)-4], binary.LittleEndian.Uint32(kept[len(kept)-4:])
	if crc32.Checksum(body, castagnoli) != sum {
		return nil, ErrDamaged
	}
	body = body[len(keptMark):]
	if [sha256.Size]byte(body[:sha256.Size]) != fingerprint {
		return nil, ErrOther
	}
	c := &Classifier{examples: examples, outside: -1}
	if err := c.number(); err != nil {
		return nil, err
	}
	r := &keptReader{b: body[sha256.Size:]}
	c.restore(r)
	if r.bad || len(r.b) > 0 {
		return nil, ErrDamaged
	}
	return c, nil
}

func (c *Classifier) restore(r *keptReader) {
	rows, features, classes, width := r.number(), r.number(), r.number(), r.number()
	if rows != len(c.examples) || classes != len(c.labels) || features > mostWeights {
		r.bad = true
		return
	}
	s := &spaces{width: width, rows: rows, features: make(map[string]uint32, features), terms: map[string]uint32{}}
	c.spaces = s
	shares := r.floats(3)
	if r.bad {
		return
	}
	s.shares.dense, s.shares.words, s.shares.sparse = shares[0], shares[1], shares[2]
	for range features {
		if r.bad {
			return
		}
		s.name(string(r.take(r.length())))
	}
	s.idf = r.floats(features)
	s.dense = r.take(4 * width * rows)
	s.fused = make([][]weight, features)
	c.points = make([]point, rows)
	for row := range c.points {
		p := &c.points[row]
		if width > 0 {
			p.dense = floatsOf(s.dense[4*row*width : 4*(row+1)*width])
		}
		weights := r.take(8 * r.number())
		if r.bad {
			return
		}
		p.sparse = make([]weight, len(weights)/8)
		for i := range p.sparse {
			w := weight{binary.LittleEndian.Uint32(weights[8*i:]), math.Float32frombits(binary.LittleEndian.Uint32(weights[8*i+4:]))}
			if int(w.of) >= features {
				r.bad = true
				return
			}
			p.sparse[i] = w
			s.fused[w.of] = append(s.fused[w.of], weight{uint32(row), w.value})
		}
	}
	l := &linear{classes: classes, width: width, dense: r.take(4 * width * classes), sparse: make([][]float32, features), taught: make([]bool, classes)}
	all := r.floats(features * classes)
	if r.bad {
		return
	}
	for i := range l.sparse {
		l.sparse[i] = all[i*classes : (i+1)*classes]
	}
	for i, t := range r.take(classes) {
		l.taught[i] = t == 1
	}
	c.line, c.judge = l, judge{r.doubles(4), r.doubles(4)}
}

// keptReader takes what is kept apart. What is not there makes it bad, and empty.
type keptReader struct {
	b   []byte
	bad bool
}

func (r *keptReader) take(n int) []byte {
	if r.bad || n < 0 || n > len(r.b) {
		r.bad = true
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

func (r *keptReader) number() int {
	if b := r.take(4); b != nil {
		return int(binary.LittleEndian.Uint32(b))
	}
	return 0
}

func (r *keptReader) length() int {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > uint64(len(r.b)) {
		r.bad = true
		return 0
	}
	r.b = r.b[size:]
	return int(n)
}

func (r *keptReader) floats(n int) []float32 { return floatsOf(r.take(4 * n)) }

func (r *keptReader) doubles(n int) (all []float64) {
	b := r.take(8 * n)
	for i := range len(b) / 8 {
		all = append(all, math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
	}
	return all
}

func floatsOf(b []byte) []float32 {
	all := make([]float32, len(b)/4)
	for i := range all {
		all[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return all
}

func appendFloats(b []byte, all []float32) []byte {
	for _, x := range all {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}
