package pruner

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/tamis-search/tamis/internal/simd"
)

// AppendBinary appends what Parse reads: vectors in 16 bits a number, the rest as it is.
func (e *Example) AppendBinary(b []byte) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Question)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(e.Sentences)))
	b = appendHalves(b, e.Question)
	for _, r := range append([]Range{e.Whole}, e.Sentences...) {
		b = appendHalves(b, r.Mean)
		for _, x := range r.Numbers {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	return b
}

func appendHalves(b []byte, v []float32) []byte {
	for _, x := range v {
		b = binary.LittleEndian.AppendUint16(b, simd.ToHalf(x))
	}
	return b
}

// ErrShort is the error for an example that is not whole.
var ErrShort = errors.New("an example is not whole")

// Parse reads an example, and returns what follows it.
func Parse(b []byte) (*Example, []byte, error) {
	if len(b) < 8 {
		return nil, nil, ErrShort
	}
	width, n := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
	b = b[8:]
	if size := uint64(2*width) + uint64(n+1)*uint64(2*width+4*Numbers); width > 1<<14 || n > 1<<20 || size > uint64(len(b)) {
		return nil, nil, ErrShort
	}
	halves := func() []float32 {
		v := make([]float32, width)
		for i := range v {
			v[i] = simd.FromHalf(binary.LittleEndian.Uint16(b[2*i:]))
		}
		b = b[2*width:]
		return v
	}
	read := func() (r Range) {
		r.Mean = halves()
		for i := range r.Numbers {
			r.Numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		b = b[4*Numbers:]
		return r
	}
	e := &Example{Question: halves()}
	e.Whole = read()
	for range n {
		e.Sentences = append(e.Sentences, read())
	}
	return e, b, nil
}
