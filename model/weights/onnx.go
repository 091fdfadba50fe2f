package weights

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/internal/mmap"
	"github.com/tamis-search/tamis/internal/screen"
)

// An ONNX file is a graph; its weights are initializers, of which exporters rename
// some: the matrix of a linear layer is turned around and becomes onnx::MatMul_123,
// in eight bits onnx::MatMul_123_quantized with a scale and a zero point beside it.
// Each is followed from node to node until a name tells what it was:
//
//   - the bias that is added to the product of a matrix is named as the matrix was;
//   - without one, the node that multiplies has the path of its layer as its name;
//   - what dequantizes (DequantizeLinear, a product with a scale, MatMulInteger's
//     product with both scales) says how numbers are to be read.
//
// So a set read of it has the names and shapes of the safetensors file of the model.

const mostNodes = 1 << 20

// steps say what whole numbers stand for: (number - zero) · scale, one of each for
// the tensor or for each place along an axis: places there are, and numbers stand
// between one and the next.
type steps struct {
	scale           []float32
	zero            []int32
	places, between int
}

// OpenONNX opens the weights of an ONNX file.
func OpenONNX(path string) (*Set, error) {
	s := &Set{tensors: map[string]Tensor{}}
	if err := s.addONNX(path); err != nil {
		s.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func (s *Set) addONNX(path string) error {
	data, release, err := mmap.Open(path)
	if err != nil {
		return err
	}
	s.release = append(s.release, release)
	return s.graph(data, path)
}

// graph takes the weights of the file at path.
func (s *Set) graph(data []byte, path string) error {
	g, err := parseOnnx(data)
	if err != nil {
		return err
	}
	w := &walk{values: map[string]value{}, names: map[*Tensor]string{}}
	files := map[string][]byte{}
	for _, t := range g.tensors {
		body := t.raw
		if t.external != nil {
			if body, err = s.external(filepath.Dir(path), t, files); err != nil {
				return err
			}
		}
		if err := w.constant(t, t.name, body, path); err != nil {
			return err
		}
	}
	for i := range g.nodes {
		if err := w.node(&g.nodes[i], path); err != nil {
			return err
		}
	}
	for _, t := range w.all {
		t.Name = cmp.Or(w.names[t], t.Name)
		if t.flipped {
			slices.Reverse(t.Shape)
		}
		s.tensors[t.Name] = *t
		s.bytes += len(t.data)
	}
	for name, v := range w.values {
		if _, ok := s.tensors[name]; !ok && v.kind == isConstant && v.t.source == nil {
			s.tensors[name] = *v.t // another name of the same
		}
	}
	return nil
}

// external maps the file that a tensor is in.
func (s *Set) external(dir string, t onnxTensor, files map[string][]byte) ([]byte, error) {
	file := t.external["location"]
	if !filepath.IsLocal(file) || strings.ContainsAny(file, `/\`) {
		return nil, fmt.Errorf("the file %s of initializer %s is not a name in the same folder", screen.Name(file), screen.Name(t.name))
	}
	data, ok := files[file]
	if !ok {
		if len(files) == mostFiles {
			return nil, fmt.Errorf("it names more than %d files of external data", mostFiles)
		}
		var release func() error
		var err error
		if data, release, err = mmap.Open(filepath.Join(dir, file)); err != nil {
			return nil, err
		}
		s.release = append(s.release, release)
		files[file] = data
	}
	from, to := int64(0), int64(len(data))
	if v, ok := t.external["offset"]; ok {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n > to {
			return nil, fmt.Errorf("initializer %s begins at byte %s of the %d of %s", screen.Name(t.name), screen.Name(v), to, screen.Name(file))
		}
		from = n
	}
	if v, ok := t.external["length"]; ok {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 || n > to-from {
			return nil, fmt.Errorf("initializer %s has %s bytes from byte %d of the %d of %s: the file is cut off", screen.Name(t.name), screen.Name(v), from, to, screen.Name(file))
		}
		to = from + n
	}
	return data[from:to:to], nil
}

// value is what is known of a name in the graph.
type value struct {
	kind int
	t    *Tensor
}

const (
	isConstant = iota + 1
	isProduct  // of something and the tensor
	isRows     // of the tensor
	isScale    // something times the tensor, a scale
)

type walk struct {
	values map[string]value
	all    []*Tensor
	names  map[*Tensor]string
}

func (w *walk) constant(t onnxTensor, name string, body []byte, path string) error {
	if _, ok := onnxTypes[t.kind]; !ok {
		return nil // strings and the like are no weights; what asks for them says so
	}
	r, err := t.tensor(body)
	if err != nil {
		return err
	}
	r.path = path
	r.Name = name
	for _, end := range []string{"_quantized", "_q"} {
		if n, ok := strings.CutSuffix(name, end); ok && (r.Type == "I8" || r.Type == "U8") {
			r.Name = n
			break
		}
	}
	if _, ok := w.values[name]; ok {
		return fmt.Errorf("two values are called %s", screen.Name(name))
	}
	w.all = append(w.all, &r)
	w.values[name] = value{isConstant, &r}
	return nil
}

func (w *walk) node(n *onnxNode, path string) error {
	if len(n.outputs) == 0 {
		return nil
	}
	out := n.outputs[0]
	a, b := w.values[n.in(0)], w.values[n.in(1)]
	switch n.op {
	case "Constant":
		if n.value != nil && len(n.value.raw) > 0 {
			return w.constant(*n.value, out, n.value.raw, path)
		}
	case "Identity", "Cast", "QuantizeLinear":
		w.set(out, a)
	case "Transpose":
		if a.kind == isConstant && len(a.t.Shape) == 2 && (len(n.perm) == 0 || slices.Equal(n.perm, []int64{1, 0})) {
			w.set(out, value{isConstant, a.t.turned()})
		}
	case "Gather":
		if a.kind == isConstant {
			w.set(out, value{isRows, a.t})
		}
	case "DequantizeLinear":
		if err := w.dequantize(a, b, w.values[n.in(2)], int(n.axis)); err != nil {
			return err
		}
		w.set(out, a)
	case "MatMul", "MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat", "Gemm":
		return w.product(n, b)
	case "Mul":
		return w.times(out, a, b)
	case "Add":
		w.plus(a, b, n.in(1))
		w.plus(b, a, n.in(0))
	}
	return nil
}

func (w *walk) set(name string, v value) {
	if v.kind != 0 && name != "" {
		w.values[name] = v
	}
}

// product takes a matrix that something is multiplied with.
func (w *walk) product(n *onnxNode, b value) error {
	if b.kind != isConstant || len(b.t.Shape) != 2 {
		return nil
	}
	var scale, zero, bias value
	switch n.op {
	case "MatMulInteger":
		zero = w.values[n.in(3)]
	case "DynamicQuantizeMatMul":
		scale, zero, bias = w.values[n.in(2)], w.values[n.in(3)], w.values[n.in(4)]
	case "MatMulIntegerToFloat":
		scale, zero, bias = w.values[n.in(3)], w.values[n.in(5)], w.values[n.in(6)]
	case "Gemm":
		bias = w.values[n.in(2)]
	}
	if err := w.dequantize(b, scale, zero, 1); err != nil {
		return err
	}
	t := b.t
	if n.op != "Gemm" || !n.transposed {
		t = t.turned() // x · w, where layers are kept as outputs × inputs
	}
	out := n.outputs[0]
	w.set(out, value{isProduct, t})
	if layer, ok := strings.CutPrefix(n.name, "/"); ok {
		if i := strings.LastIndexByte(layer, '/'); i > 0 && w.names[t.root()] == "" {
			w.name(t, strings.ReplaceAll(layer[:i], "/", ".")+".weight")
		}
	}
	if bias.kind == isConstant {
		w.plus(value{isProduct, t}, bias, n.inputs[len(n.inputs)-1])
	}
	return nil
}

// times looks for scales: of a product with whole numbers, or of a constant.
func (w *walk) times(out string, a, b value) error {
	if a.kind == isConstant && b.kind != isConstant {
		a, b = b, a
	}
	switch {
	case a.kind == isConstant && b.kind == isConstant:
		if !a.t.whole() {
			a, b = b, a
		}
		if a.t.whole() && !b.t.whole() {
			axis := 0 // of a scale of one number, or one for each row
			if s := b.t.Shape; len(s) == 1 || len(s) == 2 && s[0] == 1 {
				axis = 1
			}
			if err := w.dequantize(a, b, value{}, axis); err != nil {
				return err
			}
			w.set(out, a)
		}
	case a.kind == isProduct && b.kind == isScale:
		if err := w.dequantize(value{isConstant, a.t.root()}, value{isConstant, b.t}, value{}, 1); err != nil {
			return err
		}
		w.set(out, a)
	case a.kind == isScale && b.kind == isProduct:
		return w.times(out, b, a)
	case a.kind == 0 && b.kind == isConstant && !b.t.whole():
		w.set(out, value{isScale, b.t})
	}
	return nil
}

// plus takes the name of a matrix from that of the bias that is added to its product.
func (w *walk) plus(product, bias value, name string) {
	if product.kind != isProduct || bias.kind != isConstant {
		return
	}
	if layer, ok := strings.CutSuffix(name, ".bias"); ok {
		w.name(product.t, layer+".weight")
	}
}

// name says what the matrix t, which may be the turned form of an initializer, is
// called. An initializer with a name of its own keeps it.
func (w *walk) name(t *Tensor, name string) {
	root := t.root()
	if strings.HasSuffix(root.Name, ".weight") {
		return
	}
	root.flipped = t != root
	w.names[root] = name
}

// dequantize says what the whole numbers of t, or of rows of it, stand for. A scale or
// a zero point without kind is not known yet.
func (w *walk) dequantize(v, scale, zero value, axis int) error {
	if (v.kind != isConstant && v.kind != isRows) || !v.t.root().whole() {
		return nil
	}
	t := v.t.root()
	if t.steps == nil {
		t.steps = &steps{}
	}
	s := t.steps
	if s.scale == nil {
		s.along(axis, t.Shape)
		if scale.kind == isConstant {
			numbers, err := scale.t.Floats()
			if err != nil {
				return err
			}
			s.scale = numbers
		}
	}
	if zero.kind == isConstant && s.zero == nil && zero.t.whole() {
		s.zero = zero.t.integers()
	}
	for _, n := range []int{len(s.scale), len(s.zero)} {
		if n > 1 && s.places != n {
			return fmt.Errorf("initializer %s of shape %s has %d scales or zero points along axis %d", screen.Name(t.Name), times(t.Shape), n, axis)
		}
	}
	return nil
}

// along says which axis of a shape the steps are for; one that is not there has a
// single place.
func (s *steps) along(axis int, shape []int) {
	if axis < 0 {
		axis += len(shape)
	}
	s.places, s.between = 1, 1
	if axis >= 0 && axis < len(shape) {
		s.places = max(1, shape[axis])
		for _, d := range shape[axis+1:] {
			s.between *= max(1, d)
		}
	}
}

// whole says whether the numbers are bytes or words that a scale belongs to.
func (t *Tensor) whole() bool { return t.Type == "I8" || t.Type == "U8" || t.Type == "I32" }

// turned is the transpose of a matrix.
func (t *Tensor) turned() *Tensor {
	if t.source != nil {
		return t.source
	}
	return &Tensor{Name: t.Name, Type: t.Type, Shape: []int{t.Shape[1], t.Shape[0]}, source: t}
}

// root is the initializer that t is the transpose of, or t itself.
func (t *Tensor) root() *Tensor { return cmp.Or(t.source, t) }

// integers are the numbers of a zero point.
func (t *Tensor) integers() []int32 {
	v := make([]int32, t.Len())
	for i := range v {
		v[i] = int32(t.at(i))
	}
	return v
}

// at is a whole number of the data.
func (t *Tensor) at(i int) float32 {
	switch t.Type {
	case "I8":
		return float32(int8(t.data[i]))
	case "U8":
		return float32(t.data[i])
	}
	d := t.data[4*i:]
	return float32(int32(uint32(d[0]) | uint32(d[1])<<8 | uint32(d[2])<<16 | uint32(d[3])<<24))
}

// readSteps fills dst with what whole numbers stand for, from the given one on.
func (t *Tensor) readSteps(dst []float32, from int) {
	for i := range dst {
		v, at := t.at(from+i), (from+i)/t.steps.between%t.steps.places
		switch n := len(t.steps.zero); {
		case n == 1:
			v -= float32(t.steps.zero[0])
		case n > 1:
			v -= float32(t.steps.zero[at])
		}
		switch n := len(t.steps.scale); {
		case n == 1:
			v *= t.steps.scale[0]
		case n > 1:
			v *= t.steps.scale[at]
		default:
			v = float32(math.NaN()) // nothing said what the numbers are worth
		}
		dst[i] = v
	}
}

// findONNX looks for the one ONNX file of a model's folder.
func findONNX(dir string) (string, error) {
	var found []string
	for _, sub := range []string{dir, filepath.Join(dir, "onnx")} {
		for _, name := range []string{"model.onnx", "model_quantized.onnx"} {
			path := filepath.Join(sub, name)
			if _, err := os.Stat(path); err == nil {
				return path, nil
			}
		}
		all, err := filepath.Glob(filepath.Join(escapeGlob(sub), "*.onnx"))
		if err != nil {
			return "", err
		}
		found = append(found, all...)
	}
	switch len(found) {
	case 0:
		return "", nil
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("%s holds %d ONNX files, none called model.onnx or model_quantized.onnx: keep one of them, as %s", dir, len(found), filepath.Join(dir, "model.onnx"))
}

// escapeGlob makes a path a pattern that means itself.
func escapeGlob(path string) string {
	return strings.NewReplacer(`[`, `[[]`, `*`, `[*]`, `?`, `[?]`).Replace(path)
}
