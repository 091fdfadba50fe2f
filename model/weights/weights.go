// Package weights reads the files that models keep their numbers in: safetensors, ONNX
// and GGUF.
//
// A safetensors file is
//
//	length    uint64, little endian: the bytes of the header
//	header    JSON: {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …},
//	          and "__metadata__", an object of strings
//	data      the tensors, rows after rows, little endian; offsets count from here
//
// Tensors cover the data without holes and do not overlap. Large models are split
// into several such files; model.safetensors.index.json then says which tensor is
// in which ("weight_map").
//
// All that a header claims is checked when the file is opened, before anything is
// allocated by it. Files are mapped, not read: a tensor costs memory when its
// numbers are asked for.
package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/mmap"
	"github.com/tamis-search/tamis/internal/screen"
)

const (
	mostHeader  = 100 << 20
	mostTensors = 100_000
	mostAxes    = 8
	mostFiles   = 1000
	mostIndex   = 64 << 20
)

// ErrPickle is wrapped where weights are there only as a pickle, a program that
// would be run to read them.
var ErrPickle = errors.New("pickled weights are not read, since reading a pickle runs what it says")

// sizes are the bytes of a number by the name of its type.
var sizes = map[string]int{
	"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2,
	"I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1,
}

// Set is the tensors of a model, from one file or several.
type Set struct {
	tensors map[string]Tensor
	release []func() error
	bytes   int
}

// Tensor is an array of numbers in a file. Shape has its axes, the last one that
// of numbers side by side.
type Tensor struct {
	Name, Type string
	Shape      []int
	path       string
	data       []byte
	block      *block // of numbers in blocks, in a GGUF file
	// Of an ONNX file:
	steps   *steps  // what whole numbers stand for
	flipped bool    // the data has columns after columns
	source  *Tensor // of which this is the transpose; it has the data
}

// OpenFolder opens the weights of the model in dir.
func OpenFolder(dir string) (*Set, error) {
	single := filepath.Join(dir, "model.safetensors")
	if _, err := os.Stat(single); err == nil {
		return Open(single)
	}
	index := single + ".index.json"
	if _, err := os.Stat(index); err == nil {
		return openSharded(dir, index)
	}
	if graph, err := findONNX(dir); err != nil {
		return nil, err
	} else if graph != "" {
		return OpenONNX(graph)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		switch name := e.Name(); filepath.Ext(name) {
		case ".bin", ".pt", ".pth", ".ckpt", ".pkl":
			return nil, fmt.Errorf("%s: %w: save it as model.safetensors (save_pretrained(…, safe_serialization=True) of transformers) and put that beside config.json",
				filepath.Join(dir, name), ErrPickle)
		}
	}
	return nil, fmt.Errorf("%s holds no model.safetensors nor model.onnx, the weights of a model: %w", dir, fs.ErrNotExist)
}

// Open opens one safetensors file.
func Open(path string) (*Set, error) {
	s := &Set{tensors: map[string]Tensor{}}
	if err := s.add(path, nil); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func openSharded(dir, index string) (*Set, error) {
	if info, err := os.Stat(index); err != nil || info.Size() > mostIndex {
		return nil, fmt.Errorf("%s: more than %d bytes (%v)", index, mostIndex, err)
	}
	data, err := os.ReadFile(index)
	if err != nil {
		return nil, err
	}
	var doc struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", index, err)
	}
	files := map[string]map[string]bool{}
	for tensor, file := range doc.Map {
		if file != filepath.Base(file) || file == "." || file == ".." {
			return nil, fmt.Errorf("%s: the file %s of tensor %s is not a name in the same folder", index, screen.Name(file), screen.Name(tensor))
		}
		if files[file] == nil {
			files[file] = map[string]bool{}
		}
		files[file][tensor] = true
	}
	if len(files) == 0 || len(files) > mostFiles {
		return nil, fmt.Errorf("%s names %d files of weights; from 1 to %d are read", index, len(files), mostFiles)
	}
	s := &Set{tensors: map[string]Tensor{}}
	for file, names := range files {
		if err := s.add(filepath.Join(dir, file), names); err != nil {
			s.Close()
			return nil, fmt.Errorf("%w (named by %s)", err, filepath.Base(index))
		}
	}
	return s, nil
}

// add opens a file and takes the tensors named, or all where names is nil.
func (s *Set) add(path string, names map[string]bool) error {
	data, release, err := mmap.Open(path)
	if err != nil {
		return err
	}
	s.release = append(s.release, release)
	tensors, err := parse(data)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, t := range tensors {
		if names != nil && !names[t.Name] {
			continue
		}
		t.path = path
		s.tensors[t.Name] = t
		s.bytes += len(t.data)
	}
	for name := range names {
		if _, ok := s.tensors[name]; !ok {
			return fmt.Errorf("%s has no tensor %s", path, screen.Name(name))
		}
	}
	return nil
}

// Close unmaps the files. No tensor may be read afterwards.
func (s *Set) Close() error {
	var errs []error
	for _, f := range s.release {
		errs = append(errs, f())
	}
	s.release = nil
	return errors.Join(errs...)
}

// Names are those of the tensors, sorted.
func (s *Set) Names() []string {
	names := make([]string, 0, len(s.tensors))
	for name := range s.tensors {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Renamed is the set under other names: as says what a tensor is called, "" for one that is left
// out, and whether its two axes are to be turned around. Close one of both sets.
func (s *Set) Renamed(as func(name string) (string, bool)) *Set {
	r := &Set{tensors: make(map[string]Tensor, len(s.tensors)), release: s.release, bytes: s.bytes}
	for name, t := range s.tensors {
		other, flipped := as(name)
		if other == "" {
			continue
		}
		if flipped && len(t.Shape) == 2 {
			t.flipped, t.Shape = !t.flipped, []int{t.Shape[1], t.Shape[0]}
		}
		r.tensors[other] = t
	}
	return r
}

// Bytes is what all tensors take in their files.
func (s *Set) Bytes() int { return s.bytes }

// Tensor returns the first of the names that is there.
func (s *Set) Tensor(names ...string) (Tensor, bool) {
	for _, name := range names {
		if t, ok := s.tensors[name]; ok {
			return t, true
		}
	}
	return Tensor{}, false
}

type entry struct {
	Type    string    `json:"dtype"`
	Shape   []int64   `json:"shape"`
	Offsets *[2]int64 `json:"data_offsets"`
}

// parse reads a header. The tensors share the bytes of data.
func parse(data []byte) ([]Tensor, error) {
	if len(data) < 8 {
		return nil, fmt.Errorf("%d bytes are too few for a safetensors file", len(data))
	}
	if bytes.HasPrefix(data, []byte("PK\x03\x04")) || bytes.HasPrefix(data, []byte("\x80\x02")) {
		return nil, fmt.Errorf("%w: it is not safetensors, whatever its name", ErrPickle)
	}
	if bytes.HasPrefix(data, []byte("version https://git-lfs")) {
		return nil, errors.New("the file is a pointer of Git LFS, not the weights: fetch them with git lfs pull")
	}
	length := binary.LittleEndian.Uint64(data)
	if length > mostHeader || length > uint64(len(data)-8) {
		return nil, fmt.Errorf("the header claims %d bytes, of %d in the file: it is cut off or no safetensors file", length, len(data))
	}
	header, body := data[8:8+length], data[8+length:]
	entries, err := decodeHeader(header)
	if err != nil {
		return nil, err
	}
	tensors := make([]Tensor, 0, len(entries))
	type span struct{ from, to int64 }
	spans := make([]span, 0, len(entries))
	for _, e := range entries {
		t, err := e.tensor(body)
		if err != nil {
			return nil, fmt.Errorf("tensor %s: %w", screen.Name(e.name), err)
		}
		tensors = append(tensors, t)
		spans = append(spans, span{e.Offsets[0], e.Offsets[1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	end := int64(0)
	for _, s := range spans {
		if s.from != end {
			return nil, fmt.Errorf("tensors overlap or leave a hole at byte %d of the data", end)
		}
		end = s.to
	}
	if end != int64(len(body)) {
		return nil, fmt.Errorf("the tensors take %d bytes, the data has %d", end, len(body))
	}
	return tensors, nil
}

type namedEntry struct {
	name string
	entry
}

// decodeHeader reads the entries in their order; a name that comes twice is an
// error, which a map would hide.
func decodeHeader(header []byte) ([]namedEntry, error) {
	dec := json.NewDecoder(bytes.NewReader(header))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("the header is not a JSON object: the file is damaged or no safetensors file")
	}
	var entries []namedEntry
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("the header is not JSON: %w", err)
		}
		name, _ := t.(string)
		if seen[name] {
			return nil, fmt.Errorf("the header names %s twice", screen.Name(name))
		}
		seen[name] = true
		if name == "__metadata__" {
			var skip json.RawMessage
			if err := dec.Decode(&skip); err != nil {
				return nil, fmt.Errorf("the header is not JSON: %w", err)
			}
			continue
		}
		e := namedEntry{name: name}
		if err := dec.Decode(&e.entry); err != nil {
			return nil, fmt.Errorf("the header's entry %s: %w", screen.Name(name), err)
		}
		if entries = append(entries, e); len(entries) > mostTensors {
			return nil, fmt.Errorf("the header names more than %d tensors", mostTensors)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("the header is not JSON: %w", err)
	}
	return entries, nil
}

func (e namedEntry) tensor(body []byte) (Tensor, error) {
	size, ok := sizes[e.Type]
	if !ok {
		return Tensor{}, fmt.Errorf("type %s is unknown", screen.Name(e.Type))
	}
	if e.Offsets == nil || len(e.Shape) > mostAxes {
		return Tensor{}, fmt.Errorf("an entry needs data_offsets and a shape of at most %d axes", mostAxes)
	}
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to < from || to > int64(len(body)) {
		return Tensor{}, fmt.Errorf("bytes %d to %d lie outside of the %d bytes of data: the file is cut off or damaged", from, to, len(body))
	}
	t := Tensor{Name: e.name, Type: e.Type, Shape: make([]int, len(e.Shape)), data: body[from:to:to]}
	n := uint64(size)
	for i, d := range e.Shape {
		if d < 0 {
			return Tensor{}, fmt.Errorf("shape %v is negative", e.Shape)
		}
		high, low := bits.Mul64(n, uint64(d))
		if high != 0 || low > math.MaxInt {
			return Tensor{}, fmt.Errorf("shape %v overflows", e.Shape)
		}
		n, t.Shape[i] = low, int(d)
	}
	if n != uint64(to-from) {
		return Tensor{}, fmt.Errorf("shape %v of %s needs %d bytes, %d are there", e.Shape, e.Type, n, to-from)
	}
	return t, nil
}

// Len is how many numbers the tensor has.
func (t Tensor) Len() int {
	if t.block != nil {
		return len(t.data) / t.block.bytes * t.block.numbers
	}
	return len(t.data) / sizes[t.Type]
}

// Floats returns all numbers. One that is not finite is an error.
func (t Tensor) Floats() ([]float32, error) {
	if t.steps != nil && t.steps.scale == nil {
		return nil, fmt.Errorf("%s: nothing in the graph says what the %s of tensor %s stand for", t.path, t.Type, screen.Name(t.Name))
	}
	if !t.float() {
		return nil, fmt.Errorf("%s: tensor %s is of type %s; read are F32, F16, BF16 and F64", t.path, screen.Name(t.Name), t.Type)
	}
	dst := make([]float32, t.Len())
	t.Read(dst, 0)
	if t.flipped {
		dst = transpose(dst, t.Shape[1], t.Shape[0])
	}
	for i, v := range dst {
		if v-v != 0 {
			return nil, fmt.Errorf("%s: number %d of tensor %s is %v", t.path, i, screen.Name(t.Name), v)
		}
	}
	return dst, nil
}

func (t Tensor) float() bool {
	return t.steps != nil || t.block != nil || t.Type == "F32" || t.Type == "F16" || t.Type == "BF16" || t.Type == "F64"
}

// transpose turns rows × columns numbers around.
func transpose(x []float32, rows, columns int) []float32 {
	y := make([]float32, len(x))
	for i := range rows {
		for j, v := range x[i*columns:][:columns] {
			y[j*rows+i] = v
		}
	}
	return y
}

// Read fills dst with the numbers as they are stored, from the given one on. They
// must be there and of a type that Floats reads.
func (t Tensor) Read(dst []float32, from int) {
	if t.steps != nil {
		t.readSteps(dst, from)
		return
	}
	if t.block != nil {
		t.readBlocks(dst, from)
		return
	}
	size := sizes[t.Type]
	src := t.data[from*size:][:len(dst)*size]
	switch t.Type {
	case "F32":
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case "F64":
		for i := range dst {
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		}
	case "BF16":
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	case "F16":
		for i := range dst {
			dst[i] = half(binary.LittleEndian.Uint16(src[2*i:]))
		}
	}
}

// half is the number that 16 bits of IEEE 754 stand for.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
	switch exponent {
	case 0:
		v := float32(fraction) * 0x1p-24
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}

// Part is the i-th of the tensors along the first axis of one of three axes or more. It is of a
// file that keeps them one after the other, as GGUF files do.
func (t Tensor) Part(i int) Tensor {
	size := len(t.data) / t.Shape[0]
	t.data, t.Shape = t.data[i*size:][:size:size], t.Shape[1:]
	return t
}

// Is says whether the tensor has this shape.
func (t Tensor) Is(shape ...int) error {
	if slices.Equal(t.Shape, shape) {
		return nil
	}
	return fmt.Errorf("%s: tensor %s has shape %s, its configuration asks for %s", t.path, screen.Name(t.Name), times(t.Shape), times(shape))
}

func times(shape []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", " × ")
}
