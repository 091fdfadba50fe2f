package weights

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
)

func file(t testing.TB, data []byte) string {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	tinymodel.WriteFile(t, path, data)
	return path
}

func open(t *testing.T, path string) *Set {
	t.Helper()
	s, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func entries(list ...any) map[string]any {
	all := map[string]any{}
	for i := 0; i < len(list); i += 4 {
		all[list[i].(string)] = map[string]any{"dtype": list[i+1], "shape": list[i+2], "data_offsets": list[i+3]}
	}
	return all
}

func TestTypes(t *testing.T) {
	var body []byte
	body = binary.LittleEndian.AppendUint32(body, math.Float32bits(1.5))
	for _, h := range []uint16{0x3c00, 0xc100, 0x0001, 0x8000, 0x7bff, 0x03ff} {
		body = binary.LittleEndian.AppendUint16(body, h)
	}
	body = binary.LittleEndian.AppendUint16(body, 0xc2f7)
	body = binary.LittleEndian.AppendUint64(body, math.Float64bits(-.25))
	body = append(body, 9)
	header := entries("a", "F32", []int{1}, []int{0, 4}, "b", "F16", []int{2, 3}, []int{4, 16}, "c", "BF16", []int{}, []int{16, 18},
		"d", "F64", []int{1, 1}, []int{18, 26}, "e", "U8", []int{1}, []int{26, 27}, "f", "F32", []int{0, 5}, []int{27, 27})
	header["__metadata__"] = map[string]string{"format": "pt"}
	s := open(t, file(t, tinymodel.Join(header, body)))
	for name, want := range map[string][]float32{"a": {1.5}, "b": {1, -2.5, 0x1p-24, 0, 65504, 1023 * 0x1p-24}, "c": {-123.5}, "d": {-.25}, "f": {}} {
		tensor, ok := s.Tensor("missing", name)
		if !ok {
			t.Fatal(name)
		}
		got, err := tensor.Floats()
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v (%v)", name, got, want, err)
		}
	}
	e, _ := s.Tensor("e")
	if _, err := e.Floats(); err == nil || !strings.Contains(err.Error(), "tensor e is of type U8") {
		t.Error(err)
	}
	if got := s.Names(); !slices.Equal(got, []string{"a", "b", "c", "d", "e", "f"}) || s.Bytes() != 27 {
		t.Error(got, s.Bytes())
	}
	if half(0x7c00) != float32(math.Inf(1)) || half(0xfe00) == half(0xfe00) {
		t.Error("infinity and NaN of 16 bits")
	}
}

// TestHostile: what a header claims is checked before it is believed.
func TestHostile(t *testing.T) {
	const huge = int64(1) << 62
	length := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"empty", "0 bytes are too few", nil},
		{"huge header", "claims 18446744073709551615 bytes", append(length(math.MaxUint64), "{}"...)},
		{"cut header", "claims 10 bytes, of 10 in the file", append(length(10), "{}"...)},
		{"no object", "not a JSON object", append(length(2), "[]"...)},
		{"broken object", "not JSON", append(length(1), "{"...)},
		{"pickle", "reading a pickle runs what it says", append([]byte("PK\x03\x04"), make([]byte, 20)...)},
		{"pointer", "git lfs pull", []byte("version https://git-lfs.github.com/spec/v1\n")},
		{"twice", "names a twice", append(length(120), append([]byte(`{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`), []byte(strings.Repeat(" ", 120-104))...)...)},
		{"wrapped shape", "overflows", tinymodel.Join(entries("a", "F32", []int64{1 << 32, 1 << 32}, []int{0, 0}), nil)},
		{"overflow", "overflows", tinymodel.Join(entries("a", "F32", []int64{huge, huge, 0}, []int{0, 0}), nil)},
		{"negative shape", "is negative", tinymodel.Join(entries("a", "F32", []int64{-1}, []int{0, 4}), make([]byte, 4))},
		{"wrong size", "needs 8 bytes, 4 are there", tinymodel.Join(entries("a", "F32", []int64{2}, []int{0, 4}), make([]byte, 4))},
		{"outside", "lie outside of the 4 bytes", tinymodel.Join(entries("a", "F32", []int64{2}, []int{0, 8}), make([]byte, 4))},
		{"backwards", "lie outside", tinymodel.Join(entries("a", "F32", []int64{1}, []int64{4, 0}), make([]byte, 4))},
		{"negative offset", "lie outside", tinymodel.Join(entries("a", "F32", []int64{1}, []int64{-4, 0}), make([]byte, 4))},
		{"far offset", "lie outside", tinymodel.Join(entries("a", "F32", []int64{1}, []int64{huge, huge}), make([]byte, 4))},
		{"unknown type", "type F5 is unknown", tinymodel.Join(entries("a", "F5", []int64{1}, []int64{0, 4}), make([]byte, 4))},
		{"no offsets", "needs data_offsets", tinymodel.Join(map[string]any{"a": map[string]any{"dtype": "F32", "shape": []int{1}}}, nil)},
		{"overlap", "overlap or leave a hole at byte 4", tinymodel.Join(entries("a", "F32", []int{1}, []int{0, 4}, "b", "F32", []int{1}, []int{2, 6}), make([]byte, 6))},
		{"hole", "overlap or leave a hole at byte 4", tinymodel.Join(entries("a", "F32", []int{1}, []int{0, 4}, "b", "F32", []int{1}, []int{8, 12}), make([]byte, 12))},
		{"rest", "take 4 bytes, the data has 5", tinymodel.Join(entries("a", "F32", []int{1}, []int{0, 4}), make([]byte, 5))},
		{"many axes", "at most 8 axes", tinymodel.Join(entries("a", "U8", make([]int, 9), []int{0, 0}), nil)},
	} {
		path := file(t, c.data)
		s, err := Open(path)
		if err == nil {
			s.Close()
			t.Errorf("%s: opened", c.name)
		} else if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if _, err := OpenFolder(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	tinymodel.WriteFile(t, filepath.Join(dir, "pytorch_model.bin"), []byte("x"))
	if _, err := OpenFolder(dir); !errors.Is(err, ErrPickle) || !strings.Contains(err.Error(), "save it as model.safetensors") {
		t.Error(err)
	}
	one := func(name string) []byte {
		return tinymodel.Safetensors(map[string]tinymodel.Tensor{name: {Shape: []int{1}, Values: []float32{1}}})
	}
	tinymodel.WriteFile(t, filepath.Join(dir, "1.safetensors"), one("a"))
	tinymodel.WriteFile(t, filepath.Join(dir, "2.safetensors"), one("b"))
	index := filepath.Join(dir, "model.safetensors.index.json")
	write := func(m map[string]string) { tinymodel.WriteJSON(t, index, map[string]any{"weight_map": m}) }
	write(map[string]string{"a": "1.safetensors", "b": "2.safetensors"})
	s, err := OpenFolder(dir)
	if err != nil || !slices.Equal(s.Names(), []string{"a", "b"}) {
		t.Fatal(s, err)
	}
	s.Close()
	for _, c := range []struct {
		m    map[string]string
		want string
	}{
		{map[string]string{"a": "../1.safetensors"}, "not a name in the same folder"},
		{map[string]string{"b": "1.safetensors"}, "has no tensor b"},
		{map[string]string{"b": "3.safetensors"}, "3.safetensors"},
		{nil, "names 0 files"},
	} {
		write(c.m)
		if _, err := OpenFolder(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// FuzzParse: a file of any bytes is tensors inside of it, or an error.
func FuzzParse(f *testing.F) {
	f.Add([]byte{})
	f.Add(tinymodel.Join(entries("a", "F32", []int{1}, []int{0, 4}, "b", "F16", []int{2, 1}, []int{4, 8}), make([]byte, 8)))
	f.Add(tinymodel.Join(entries("a", "F32", []int64{1 << 62, 4}, []int{0, 4}), make([]byte, 4)))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := parse(data)
		if err != nil {
			return
		}
		sum := 0
		for _, tensor := range tensors {
			sum += len(tensor.data)
			n := 1
			for _, d := range tensor.Shape {
				n *= d
			}
			if n != tensor.Len() {
				t.Fatalf("%v has %d numbers", tensor.Shape, tensor.Len())
			}
			tensor.Floats()
		}
		if sum > len(data) {
			t.Fatalf("%d bytes of %d", sum, len(data))
		}
	})
}
