package autoencoder

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis/vector"
)

// What the bytes of a model and of a training begin with.
const (
	modelMagic    = "tamis features 1\n"
	trainingMagic = "tamis training of features 1\n"
)

// ErrFile is wrapped where bytes are no model or training, or are damaged.
var ErrFile = errors.New("no features of tamis, or damaged")

// ErrOther is wrapped where a training is of other vectors or options.
var ErrOther = errors.New("the training that was stopped is of other vectors or options")

// AppendBinary appends the model: its magic, the length of its Config as JSON and that, the
// mean, the scale, the encoder and the decoder as little-endian float32, and the xxhash64 of
// all of it.
func (m *Model) AppendBinary(b []byte) ([]byte, error) {
	return appended(b, modelMagic, m.Config, m.mean, []float32{m.scale}, m.encoder, m.decoder)
}

// UnmarshalBinary reads what AppendBinary wrote.
func (m *Model) UnmarshalBinary(b []byte) error {
	rest, err := opened(b, modelMagic, &m.Config)
	if err != nil {
		return err
	}
	if m.Width < 1 || m.Width > vector.MaxDims || m.Features < 1 || m.Active < 1 || m.Active > m.Features {
		return fmt.Errorf("%w: %d features of vectors of %d numbers, %d active", ErrFile, m.Features, m.Width, m.Active)
	}
	all := m.Width * m.Features
	if len(rest) != 4*(m.Width+1+2*all) || all/m.Width != m.Features {
		return fmt.Errorf("%w: %d bytes do not hold %d features of vectors of %d numbers", ErrFile, len(b), m.Features, m.Width)
	}
	var scale []float32
	m.mean, scale, m.encoder, m.decoder, m.packed = take(&rest, m.Width), take(&rest, 1), take(&rest, all), take(&rest, all), nil
	if m.scale = scale[0]; !(m.scale > 0) {
		return fmt.Errorf("%w: its scale is %g", ErrFile, m.scale)
	}
	m.pack()
	return nil
}

// saved is what the bytes of a training say beside its numbers.
type saved struct {
	Options Options `json:"options"`
	Vectors uint64  `json:"vectors"` // their digest
	Count   int     `json:"count"`
	Width   int     `json:"width"`
	Step    int     `json:"step"`
	Fired   []int32 `json:"fired"`
	Last    Fit     `json:"last"`
}

// Bytes are a training that Resume goes on with.
func (t *Training) Bytes() ([]byte, error) {
	head := saved{t.o, t.digest, t.n, t.m.Width, t.step, t.fired, t.last}
	return appended(nil, trainingMagic, head, t.m.encoder, t.m.decoder, t.moments[0], t.moments[1], t.moments[2], t.moments[3])
}

// Resume is a training that goes on where the one whose Bytes are given stopped, with the same
// vectors and options: ErrOther for others.
func Resume(vs []vector.Dense, o Options, b []byte) (*Training, error) {
	t, err := Start(vs, o)
	if err != nil {
		return nil, err
	}
	var head saved
	rest, err := opened(b, trainingMagic, &head)
	if err != nil {
		return nil, err
	}
	if head.Options != t.o || head.Vectors != t.digest || head.Count != t.n || head.Width != t.m.Width {
		return nil, ErrOther
	}
	all := t.m.Width * t.m.Features
	if len(rest) != 4*6*all || len(head.Fired) != t.m.Features || head.Step < 0 || head.Step%t.steps() != 0 {
		return nil, fmt.Errorf("%w: a training of another size", ErrFile)
	}
	t.m.encoder, t.m.decoder = take(&rest, all), take(&rest, all)
	for i := range t.moments {
		t.moments[i] = take(&rest, all)
	}
	t.step, t.fired, t.last = head.Step, head.Fired, head.Last
	t.m.pack()
	return t, nil
}

func appended(b []byte, magic string, head any, numbers ...[]float32) ([]byte, error) {
	from := len(b)
	said, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(said)))
	b = append(b, said...)
	for _, list := range numbers {
		for _, x := range list {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
	}
	return binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b[from:])), nil
}

// opened checks bytes, reads their head and returns their numbers.
func opened(b []byte, magic string, head any) ([]byte, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(rest) < 12 {
		return nil, fmt.Errorf("%w: they do not begin with %q", ErrFile, magic)
	}
	sum := binary.LittleEndian.Uint64(b[len(b)-8:])
	if xxhash.Sum64(b[:len(b)-8]) != sum {
		return nil, fmt.Errorf("%w: the digest of its %d bytes is another", ErrFile, len(b))
	}
	n := int(binary.LittleEndian.Uint32(rest))
	rest = rest[4 : len(rest)-8]
	if n > len(rest) {
		return nil, fmt.Errorf("%w: its head is longer than it", ErrFile)
	}
	if err := json.Unmarshal(rest[:n], head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return rest[n:], nil
}

// take reads n numbers off the front.
func take(b *[]byte, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32((*b)[4*i:]))
	}
	*b = (*b)[4*n:]
	return out
}

// digest tells vectors apart.
func digest(x []float32) uint64 {
	h := xxhash.New()
	var b [4]byte
	for _, v := range x {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		_, _ = h.Write(b[:]) // never fails
	}
	return h.Sum64()
}
