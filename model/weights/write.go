package weights

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
)

// Written is a tensor of F32 numbers to write, its shape outputs first.
type Written struct {
	Name   string
	Shape  []int
	Floats []float32
}

// WriteGGUF writes a GGUF file. Values are uint32, int32, float32, bool, string, and lists of these as
// []any, which are not empty.
func WriteGGUF(w io.Writer, values map[string]any, tensors []Written) error {
	g := &ggufWriter{w: bufio.NewWriter(w)}
	g.w.WriteString("GGUF") // errors of a bufio.Writer stay until Flush
	g.put(uint32(3), uint64(len(tensors)), uint64(len(values)))
	g.n = 4 + 4 + 8 + 8
	for _, key := range slices.Sorted(maps.Keys(values)) {
		g.text(key)
		g.value(values[key], true)
	}
	at := 0
	for _, t := range tensors {
		g.text(t.Name)
		g.u32(uint32(len(t.Shape)))
		for _, n := range slices.Backward(t.Shape) {
			g.u64(uint64(n))
		}
		g.u32(0) // F32
		g.u64(uint64(at))
		at += (4*len(t.Floats) + 31) / 32 * 32
	}
	g.pad()
	for _, t := range tensors {
		g.put(t.Floats)
		g.n += 4 * len(t.Floats)
		g.pad()
	}
	if g.err != nil {
		return g.err
	}
	return g.w.Flush()
}

type ggufWriter struct {
	w   *bufio.Writer
	n   int
	err error
}

func (g *ggufWriter) put(all ...any) {
	for _, v := range all {
		if err := binary.Write(g.w, binary.LittleEndian, v); err != nil && g.err == nil {
			g.err = err
		}
	}
}

func (g *ggufWriter) u32(v uint32) { g.put(v); g.n += 4 }
func (g *ggufWriter) u64(v uint64) { g.put(v); g.n += 8 }

func (g *ggufWriter) text(s string) {
	g.u64(uint64(len(s)))
	g.w.WriteString(s)
	g.n += len(s)
}

func (g *ggufWriter) pad() {
	some := (32 - g.n%32) % 32
	g.w.Write(make([]byte, some))
	g.n += some
}

// value writes a value, and its type before it where that is asked for.
func (g *ggufWriter) value(v any, kind bool) {
	codes := map[string]uint32{"uint32": 4, "int32": 5, "float32": 6, "bool": 7, "string": 8, "[]interface {}": 9}
	code := func(v any) {
		c, ok := codes[fmt.Sprintf("%T", v)]
		if !ok && g.err == nil {
			g.err = fmt.Errorf("a value of type %T cannot be written", v)
		}
		g.u32(c)
	}
	if kind {
		code(v)
	}
	switch v := v.(type) {
	case string:
		g.text(v)
	case []any:
		code(v[0])
		g.u64(uint64(len(v)))
		for _, x := range v {
			g.value(x, false)
		}
	case bool:
		g.put(v)
		g.n++
	default:
		g.put(v)
		g.n += 4
	}
}

// Safetensors are the bytes of a file of that name with F32 numbers.
func Safetensors(tensors []Written) ([]byte, error) {
	type entry struct {
		Type    string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header, at := map[string]entry{}, 0
	for _, t := range tensors {
		header[t.Name] = entry{"F32", t.Shape, [2]int{at, at + 4*len(t.Floats)}}
		at += 4 * len(t.Floats)
	}
	b, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	data := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+len(b)+at), uint64(len(b)))
	data = append(data, b...)
	for _, t := range tensors {
		for _, x := range t.Floats {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
		}
	}
	return data, nil
}
