package attention

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMasks: of heads that attend to one token, and to what is five tokens before, masks have that column and
// that diagonal, and read them in longer texts; a file brings them back.
func TestMasks(t *testing.T) {
	const n, size, column, distance = 120, 16, 7, 5
	c := NewCalibration(n)
	for head := range 2 {
		for seed := range uint64(3) {
			_, k := random(seed, n, 1, size)
			k.Head = head
			k.Layer = 1
			data := make([]float32, n*2*size)
			key := make([]float32, size)
			for i := range n {
				at := column
				if head == 1 {
					at = max(0, i-distance)
				}
				k.At(key, min(at, i))
				for h := range 2 {
					for j, x := range key {
						data[(i*2+h)*size+j] = 3 * x // keys are nearest to themselves
					}
				}
			}
			c.Plan(NewQueries(data, 2*size, n, 2, 0, 1), k, nil)
		}
	}
	m := c.Masks(.015)
	if len(m.Layers) != 2 || len(m.Layers[0]) != 0 {
		t.Fatalf("%+v", m)
	}
	if got := m.Layers[1]; !slices.Equal(got[0].Columns, []int{column}) || !slices.Equal(got[1].Diagonals, []int{distance}) || len(got[0].Diagonals)+len(got[1].Columns) > 0 {
		t.Errorf("masks are %+v", got)
	}
	m.Layers[0] = slices.Clone(m.Layers[1])
	path := filepath.Join(t.TempDir(), "masks.json")
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := Parse("dam:" + path + "+snapkv:0.5")
	if err != nil {
		t.Fatal(err)
	}
	q, k := random(1, 900, 96, size)
	k.Layer = 1
	want := []Span{{0, Page}, {736, 900}}
	if got := p.Prefill.Plan(q, k, nil); !slices.Equal(got, want) {
		t.Errorf("a head of diagonals reads %v instead of %v", got, want)
	}
	m.Layers[1][1].Diagonals = []int{400}
	if got := m.Plan(q, k, nil); !slices.Equal(got, []Span{{0, Page}, {404, 500}, {736, 900}}) {
		t.Errorf("a diagonal of 400 reads %v", got)
	}
	m.Layers[1][1] = Mask{Columns: []int{300, 301}}
	if got := m.Plan(q, k, nil); !slices.Equal(got, []Span{{0, Page}, {300, 302}, {736, 900}}) {
		t.Errorf("columns read %v", got)
	}
	if err := p.Fits(2, 2); err != nil {
		t.Error(err)
	}
	if err := p.Fits(3, 2); err == nil || !strings.Contains(err.Error(), "of a model of 2 layers") {
		t.Errorf("masks of another model: %v", err)
	}
	for _, text := range []string{"", "[", "{}", `{"layers":[[]]}`, `{"layers":[[{"columns":[4,2]}]]}`, `{"layers":[[{"diagonals":[-1]}]]}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Parse("dam:" + path); err == nil {
			t.Errorf("%q is taken for masks", text)
		}
	}
	if _, err := Parse("dam"); err == nil || !strings.Contains(err.Error(), "dam:masks.json") {
		t.Errorf("dam without a file: %v", err)
	}
}
