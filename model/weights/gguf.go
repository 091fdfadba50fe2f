package weights

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/tamis-search/tamis/internal/mmap"
	"github.com/tamis-search/tamis/internal/screen"
)

// A GGUF file, of version 2 or 3, is, little endian:
//
//	magic     "GGUF", version u32, tensors u64, values u64
//	values    of each: its key (a string), its type u32, the value
//	tensors   of each: its name (a string), axes u32, their lengths u64 from the last axis to
//	          the first, the type of its numbers u32, where its data begins u64
//	data      from the next multiple of general.alignment (32 where nothing says it) on
//
// A string is its length u64 and its bytes; a list is the type u32 of what it holds, its
// length u64, and that. Numbers are often in blocks that share scales: see blocks.

const (
	mostValues     = 1 << 16
	mostListed     = 1 << 24 // elements of one list: vocabularies have some 100,000
	mostNested     = 4
	ggufAlignment  = 32
	ggufStringMost = 16 << 20
)

// Values are what a GGUF file says of its model: numbers as uint64, int64 or float64,
// strings, bools, and []any of these.
type Values map[string]any

// String is the string under a key, "" where there is none.
func (v Values) String(key string) string {
	s, _ := v[key].(string)
	return s
}

// Int is the whole number under a key.
func (v Values) Int(key string) (int, bool) {
	switch n := v[key].(type) {
	case uint64:
		return int(n), n <= math.MaxInt
	case int64:
		return int(n), true
	}
	return 0, false
}

// OpenGGUF opens a GGUF file: its tensors under the names that they have there, and what
// it says of the model. Types of numbers that Floats does not read are no error before a
// tensor's numbers are asked for.
func OpenGGUF(path string) (*Set, Values, error) {
	data, release, err := mmap.Open(path)
	if err != nil {
		return nil, nil, err
	}
	s := &Set{tensors: map[string]Tensor{}, release: []func() error{release}}
	values, err := s.gguf(data, path)
	if err != nil {
		s.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, values, nil
}

// errShort: a file ends within what it began.
var errShort = errors.New("the file is cut off within its header")

// ggufReader reads the header of a file; after an error it reads zeros.
type ggufReader struct {
	data []byte
	at   int
	err  error
}

func (r *ggufReader) take(n uint64) []byte {
	if r.err == nil && n > uint64(len(r.data)-r.at) {
		r.err = errShort
	}
	if r.err != nil {
		return make([]byte, min(n, 8))
	}
	b := r.data[r.at:][:n:n]
	r.at += int(n)
	return b
}

func (r *ggufReader) u32() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }
func (r *ggufReader) u64() uint64 { return binary.LittleEndian.Uint64(r.take(8)) }

func (r *ggufReader) string() string {
	n := r.u64()
	if r.err == nil && n > ggufStringMost {
		r.err = fmt.Errorf("a string at byte %d claims %d bytes", r.at, n)
	}
	if r.err != nil {
		return ""
	}
	return string(r.take(n))
}

// value reads a value of a type.
func (r *ggufReader) value(kind uint32, depth int) any {
	switch kind {
	case 0:
		return uint64(r.take(1)[0])
	case 1:
		return int64(int8(r.take(1)[0]))
	case 2:
		return uint64(binary.LittleEndian.Uint16(r.take(2)))
	case 3:
		return int64(int16(binary.LittleEndian.Uint16(r.take(2))))
	case 4:
		return uint64(r.u32())
	case 5:
		return int64(int32(r.u32()))
	case 6:
		return float64(math.Float32frombits(r.u32()))
	case 7:
		return r.take(1)[0] != 0
	case 8:
		return r.string()
	case 9:
		of, n := r.u32(), r.u64()
		// Every element takes a byte at least, so that the claim is bounded by the file.
		if r.err == nil && (n > mostListed || n > uint64(len(r.data)-r.at) || depth == mostNested) {
			r.err = fmt.Errorf("a list at byte %d claims %d elements", r.at, n)
		}
		if r.err != nil {
			return nil
		}
		list := make([]any, 0, n)
		for range n {
			list = append(list, r.value(of, depth+1))
			if r.err != nil {
				return nil
			}
		}
		return list
	case 10:
		return r.u64()
	case 11:
		return int64(r.u64())
	case 12:
		return math.Float64frombits(r.u64())
	}
	if r.err == nil {
		r.err = fmt.Errorf("a value at byte %d has the unknown type %d", r.at, kind)
	}
	return nil
}

// gguf takes the tensors of the file at path.
func (s *Set) gguf(data []byte, path string) (Values, error) {
	r := &ggufReader{data: data}
	if string(r.take(4)) != "GGUF" {
		return nil, errors.New("it is no GGUF file")
	}
	if version := r.u32(); r.err == nil && version != 2 && version != 3 {
		return nil, fmt.Errorf("version %d of GGUF is not read, versions 2 and 3 are: convert it anew", version)
	}
	tensors, count := r.u64(), r.u64()
	if tensors > mostTensors || count > mostValues {
		return nil, fmt.Errorf("the header claims %d tensors and %d values", tensors, count)
	}
	values := Values{}
	for range count {
		key := r.string()
		v := r.value(r.u32(), 0)
		if r.err != nil {
			return nil, r.err
		}
		values[key] = v
	}
	alignment, ok := values.Int("general.alignment")
	if !ok {
		alignment = ggufAlignment
	}
	if alignment < 1 || alignment > 1<<20 || alignment&(alignment-1) != 0 {
		return nil, fmt.Errorf("general.alignment is %d, no power of two", alignment)
	}
	return values, s.ggufTensors(r, path, int(tensors), alignment)
}

// ggufTensor is what the header says of a tensor.
type ggufTensor struct {
	Tensor
	begins, bytes uint64
}

func (s *Set) ggufTensors(r *ggufReader, path string, count, alignment int) error {
	var all []ggufTensor
	for range count {
		t := ggufTensor{Tensor: Tensor{Name: r.string(), path: path}}
		axes := r.u32()
		if r.err == nil && axes > mostAxes {
			return fmt.Errorf("tensor %s has %d axes, more than %d", screen.Name(t.Name), axes, mostAxes)
		}
		for range axes {
			n := r.u64()
			if n > math.MaxInt32 {
				return fmt.Errorf("an axis of tensor %s has length %d", screen.Name(t.Name), n)
			}
			t.Shape = append(t.Shape, int(n))
		}
		slices.Reverse(t.Shape)
		kind := r.u32()
		t.begins = r.u64()
		if r.err != nil {
			return r.err
		}
		if t.Type, t.block = ggufTypes[kind], blocks[ggufTypes[kind]]; t.Type == "" {
			return fmt.Errorf("tensor %s has numbers of the unknown type %d", screen.Name(t.Name), kind)
		}
		var err error
		if t.bytes, err = ggufBytes(t.Tensor); err != nil {
			return err
		}
		all = append(all, t)
	}
	from := (r.at + alignment - 1) / alignment * alignment
	if from > len(r.data) {
		return errShort
	}
	body := r.data[from:]
	for _, t := range all {
		if end := t.begins + t.bytes; end < t.begins || end > uint64(len(body)) {
			return fmt.Errorf("tensor %s: bytes %d to %d lie outside of the %d bytes of data: the file is cut off or damaged", screen.Name(t.Name), t.begins, end, len(body))
		}
		if _, twice := s.tensors[t.Name]; twice {
			return fmt.Errorf("the header names %s twice", screen.Name(t.Name))
		}
		t.data = body[t.begins:][:t.bytes:t.bytes]
		s.tensors[t.Name] = t.Tensor
		s.bytes += len(t.data)
	}
	return nil
}

// ggufBytes is how many bytes the numbers of a tensor take. Rows are whole blocks.
func ggufBytes(t Tensor) (uint64, error) {
	size, numbers := uint64(sizes[t.Type]), uint64(1)
	if t.block != nil {
		size, numbers = uint64(t.block.bytes), uint64(t.block.numbers)
	}
	n := uint64(1)
	for _, d := range t.Shape {
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 || low > math.MaxInt/256 {
			return 0, fmt.Errorf("tensor %s: shape %v overflows", screen.Name(t.Name), t.Shape)
		}
		n = low
	}
	if row := uint64(1); len(t.Shape) > 0 {
		row = uint64(t.Shape[len(t.Shape)-1])
		if row%numbers != 0 {
			return 0, fmt.Errorf("tensor %s: rows of %d numbers are no whole blocks of %s, which has %d", screen.Name(t.Name), row, t.Type, numbers)
		}
	}
	return n / numbers * size, nil
}
