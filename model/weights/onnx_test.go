package weights

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// graph writes ONNX files.
type graph struct{ body []byte }

func bytesField(dst []byte, field protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(dst, field, protowire.BytesType), data)
}

func varintField(dst []byte, field protowire.Number, v int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(dst, field, protowire.VarintType), uint64(v))
}

func (g *graph) tensor(name string, kind int64, raw []byte, dims ...int64) {
	t := varintField(bytesField(nil, 8, []byte(name)), 2, kind)
	for _, d := range dims {
		t = varintField(t, 1, d)
	}
	g.body = bytesField(g.body, 5, bytesField(t, 9, raw))
}

func (g *graph) floats(name string, values []float32, dims ...int64) {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	g.tensor(name, 1, raw, dims...)
}

// node has inputs and one output; its name may stand after the operator.
func (g *graph) node(op, out string, in ...string) {
	op, name, _ := strings.Cut(op, " ")
	n := bytesField(bytesField(bytesField(nil, 2, []byte(out)), 4, []byte(op)), 3, []byte(name))
	for _, i := range in {
		n = bytesField(n, 1, []byte(i))
	}
	g.body = bytesField(g.body, 1, n)
}

func (g *graph) write(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "model.onnx")
	if err := os.WriteFile(path, bytesField(nil, 7, g.body), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func bytesOf(v ...int8) (b []byte) {
	for _, x := range v {
		b = append(b, byte(x))
	}
	return b
}

// forms holds a matrix in each form that exporters and quantizers give it, 3 inputs
// and 2 outputs; all are the same numbers.
func forms() *graph {
	g := &graph{}
	scale := []float32{.5, .25}
	g.floats("table.weight", []float32{1, -2, 0, .5, 2, -1}, 2, 3)
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		g.floats(name+".bias", []float32{1, 2}, 2)
	}
	// Turned around, renamed, named by the bias.
	g.floats("onnx::MatMul_1", []float32{1, .5, -2, 2, 0, -1}, 3, 2)
	g.node("MatMul", "a1", "x", "onnx::MatMul_1")
	g.node("Add", "a2", "a.bias", "a1")
	// In eight bits, a scale for each output, the products brought back by both scales.
	g.tensor("onnx::MatMul_2_quantized", 3, bytesOf(2, 2, -4, 8, 0, -4), 3, 2)
	g.floats("onnx::MatMul_2_scale", scale, 2)
	g.tensor("zero2", 3, bytesOf(0, 0), 2)
	g.node("DynamicQuantizeLinear", "xq", "x")
	g.node("Mul", "scales", "xs", "onnx::MatMul_2_scale")
	g.node("MatMulInteger", "b1", "xq", "onnx::MatMul_2_quantized", "xz", "zero2")
	g.node("Cast", "b2", "b1")
	g.node("Mul", "b3", "b2", "scales")
	g.node("Add", "b4", "b3", "b.bias")
	// Dequantized before the product, one scale, a zero point; unsigned.
	g.tensor("onnx::MatMul_3_quantized", 2, []byte{14, 12, 2, 18, 10, 6}, 3, 2)
	g.floats("quarter", []float32{.25})
	g.tensor("ten", 2, []byte{10})
	g.node("DequantizeLinear", "c1", "onnx::MatMul_3_quantized", "quarter", "ten")
	g.node("MatMul", "c2", "x", "c1")
	g.node("Add", "c3", "c2", "c.bias")
	// By a product with scales.
	g.tensor("val_4_q", 3, bytesOf(2, 2, -4, 8, 0, -4), 3, 2)
	g.floats("val_4_scale", scale, 1, 2)
	g.node("Cast", "d1", "val_4_q")
	g.node("Mul", "d2", "d1", "val_4_scale")
	g.node("MatMul", "d3", "x", "d2")
	g.node("Add", "d4", "d3", "d.bias")
	// Without a bias: the node's name.
	g.floats("onnx::MatMul_5", []float32{1, .5, -2, 2, 0, -1}, 3, 2)
	g.node("MatMul /f/g/MatMul", "f1", "x", "onnx::MatMul_5")
	// With a bias that has another name in the graph.
	g.floats("onnx::MatMul_6", []float32{1, .5, -2, 2, 0, -1}, 3, 2)
	g.node("Identity", "other.bias", "e.bias")
	g.node("MatMul", "h1", "x", "onnx::MatMul_6")
	g.node("Add", "h2", "h1", "other.bias")
	return g
}

func TestONNX(t *testing.T) {
	s, err := OpenFolder(filepath.Dir(forms().write(t, t.TempDir())))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, name := range []string{"table.weight", "a.weight", "b.weight", "c.weight", "d.weight", "f.g.weight", "other.weight"} {
		tensor, ok := s.Tensor(name)
		if !ok {
			t.Errorf("no tensor %s of %v", name, s.Names())
			continue
		}
		got, err := tensor.Floats()
		if err != nil || !slices.Equal(got, []float32{1, -2, 0, .5, 2, -1}) || !slices.Equal(tensor.Shape, []int{2, 3}) {
			t.Errorf("%s: %v %v (%v)", name, tensor.Shape, got, err)
		}
	}
	if other, ok := s.Tensor("other.bias"); !ok || other.Len() != 2 {
		t.Error("the other name of a bias is lost")
	}
}

func TestONNXExternal(t *testing.T) {
	for _, c := range []struct{ location, offset, length, want string }{
		{"data.bin", "4", "8", ""},
		{"data.bin", "8", "8", "cut off"},
		{"data.bin", "-1", "8", "begins at byte -1"},
		{"data.bin", "0", "12", "needs 8 bytes, 12 are there"},
		{"../data.bin", "0", "8", "not a name in the same folder"},
		{"/data.bin", "0", "8", "not a name in the same folder"},
	} {
		g, dir := &graph{}, t.TempDir()
		tensor := varintField(varintField(bytesField(nil, 8, []byte("w.weight")), 2, 1), 1, 2)
		for key, value := range map[string]string{"location": c.location, "offset": c.offset, "length": c.length} {
			tensor = bytesField(tensor, 13, bytesField(bytesField(nil, 1, []byte(key)), 2, []byte(value)))
		}
		g.body = bytesField(nil, 5, tensor)
		if err := os.WriteFile(filepath.Join(dir, "data.bin"), []byte{9, 9, 9, 9, 0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}, 0o666); err != nil {
			t.Fatal(err)
		}
		s, err := OpenONNX(g.write(t, dir))
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("%v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		w, _ := s.Tensor("w.weight")
		if got, err := w.Floats(); err != nil || !slices.Equal(got, []float32{1, 2}) {
			t.Error(got, err)
		}
		s.Close()
	}
}

func TestWrongONNX(t *testing.T) {
	for _, c := range []struct {
		make func(g *graph)
		want string
	}{
		{func(g *graph) { g.tensor("w", 1, make([]byte, 7), 2) }, "needs 8 bytes, 7 are there"},
		{func(g *graph) { g.tensor("w", 1, nil, 1<<40, 1<<40) }, "overflows"},
		{func(g *graph) { g.tensor("w", 1, nil, -1) }, "negative"},
		{func(g *graph) {
			g.tensor("w", 3, make([]byte, 4), 2, 2)
			g.floats("s", []float32{1, 2, 3}, 3)
			g.node("DequantizeLinear", "o", "w", "s")
		}, "has 3 scales"},
		{func(g *graph) { g.floats("w", []float32{1}, 1); g.floats("w", []float32{1}, 1) }, "two values are called w"},
		{func(g *graph) { g.body = append(g.body, 0xff) }, "damaged"},
	} {
		g := &graph{}
		c.make(g)
		dir := t.TempDir()
		s, err := OpenONNX(g.write(t, dir))
		if err == nil {
			s.Close()
			t.Errorf("opened, want %q", c.want)
		} else if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	g := &graph{}
	g.tensor("w.weight", 3, make([]byte, 4), 2, 2)
	s, err := OpenONNX(g.write(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w, _ := s.Tensor("w.weight")
	if _, err := w.Floats(); err == nil || !strings.Contains(err.Error(), "is of type I8") {
		t.Error(err)
	}
}

// FuzzONNX: any bytes give tensors that can be read, or an error.
func FuzzONNX(f *testing.F) {
	f.Add(bytesField(nil, 7, forms().body))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Set{tensors: map[string]Tensor{}}
		defer s.Close()
		if s.graph(data, filepath.Join("nowhere", "model.onnx")) != nil {
			return
		}
		for _, name := range s.Names() {
			w, _ := s.Tensor(name)
			if v, err := w.Floats(); err == nil && len(v) != w.Len() {
				t.Fatalf("%s: %d numbers of %d", name, len(v), w.Len())
			}
		}
	})
}
