package csr

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

// small has three rows, the second empty, over five columns.
func small() *Matrix {
	return &Matrix{Columns: 5, At: []int64{0, 3, 3, 5}, Terms: []uint32{0, 2, 4, 2, 3}, Weights: []float32{.5, 1, .25, 2, .004}}
}

func TestReadWrite(t *testing.T) {
	name := filepath.Join(t.TempDir(), "m.csr")
	if err := small().Write(name); err != nil {
		t.Fatal(err)
	}
	got, err := Read(name)
	if err != nil || !reflect.DeepEqual(got, small()) {
		t.Errorf("read back %+v, %v", got, err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lies := slices.Clone(data)
	lies[1] = 1 // 259 rows
	for what, bad := range map[string][]byte{"cut off": data[:len(data)-1], "too long": append(slices.Clone(data), 0), "no header": data[:20], "a lie": lies} {
		if err := os.WriteFile(name, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(name); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestTranspose(t *testing.T) {
	if got := small().Transpose().Transpose(); !reflect.DeepEqual(got, small()) {
		t.Errorf("transposed twice: %+v", got)
	}
	docs, weights := small().TransposeIn([]uint32{2, 0, 1}).Row(2)
	if !slices.Equal(docs, []uint32{0, 1}) || !slices.Equal(weights, []float32{2, 1}) {
		t.Errorf("in another order column 2 is %v %v", docs, weights)
	}
}

// What is written as CIFF, package vector of tamis reads: names, terms, quantized weights, documents without a term.
func TestCIFF(t *testing.T) {
	name := filepath.Join(t.TempDir(), "m.ciff")
	order := []uint32{2, 0, 1}
	if err := WriteCIFF(name, small().TransposeIn(order), order); err != nil {
		t.Fatal(err)
	}
	want := map[string]map[string]float32{"0": {"0": 64, "2": 128, "4": 32}, "1": {}, "2": {"2": 255, "3": 1}}
	got, v := map[string]map[string]float32{}, vector.NewVocabulary()
	for d, err := range vector.ReadFile(name, v) {
		if err != nil {
			t.Log(err) // of the empty document
			continue
		}
		got[d.ID] = map[string]float32{}
		for i, term := range d.Vector.Terms {
			got[d.ID][v.Term(term)] = d.Vector.Weights[i]
		}
	}
	if _, ok := got["1"]; !ok {
		got["1"] = map[string]float32{}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
}

func TestPISA(t *testing.T) {
	dir := t.TempDir()
	order := []uint32{2, 0, 1}
	if err := WritePISA(dir, small().TransposeIn(order), order); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"inv.docs":      string(bytes([]uint32{1, 3, 1, 1, 2, 0, 1, 1, 0, 1, 1})),
		"inv.freqs":     string(bytes([]uint32{1, 64, 2, 255, 128, 1, 1, 1, 32})),
		"inv.sizes":     string(bytes([]uint32{3, 256, 224, 0})),
		"fwd.terms":     "000000\n000002\n000003\n000004\n",
		"fwd.documents": "2\n0\n1\n",
	} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
}
