package encode

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

// TestTable: questions are weighed by the table, alone or beside a model, whose
// documents are not.
func TestTable(t *testing.T) {
	shape := tiny
	shape.Masked = true
	dir := shape.Write(t, 2, words...)
	plain := open(t, dir)
	tinymodel.WriteJSON(t, filepath.Join(dir, tableFile), map[string]float64{"fine": 2, "sieve": 3.5, "##s": .5, "a": 0, "[CLS]": 9, "[SEP]": 9, "elsewhere": 1})
	e := open(t, dir)
	table, err := OpenTable(dir, model.F32)
	if err != nil {
		t.Fatal(err)
	}
	if table.Name() != e.Name() || e.Name() != plain.Name() {
		t.Error("a table changes the vectors of documents, or belongs to another field than they")
	}
	const question = "a fine fine sieves [SEP] unknown"
	want := []vector.Value{vector.Named{"fine": 2, "sieve": 3.5, "##s": .5}}
	for v, err := range table.All(t.Context(), slices.Values([]string{question}), Query) {
		if err != nil || !reflect.DeepEqual(v, want[0]) {
			t.Error(v, err)
		}
	}
	if got, err := e.Encode(t.Context(), []string{question}, Query); err != nil || !reflect.DeepEqual(got, want) {
		t.Error(got, err)
	}
	got, err := e.Encode(t.Context(), []string{question}, Passage)
	if want, err2 := plain.Encode(t.Context(), []string{question}, Passage); err != nil || err2 != nil || !reflect.DeepEqual(got, want) {
		t.Error(got, want, err, err2)
	}
	for _, err := range table.All(t.Context(), slices.Values([]string{"a"}), Passage) {
		if err == nil || !strings.Contains(err.Error(), "weights for questions") {
			t.Error(err)
		}
	}
}

func TestWrongTable(t *testing.T) {
	for data, want := range map[string]string{
		`{"fine": -1}`:     "the weight of fine is -1",
		`{"fine": 1e300}`:  "the weight of fine is 1e+300",
		`{"other": 1}`:     "belong to different models",
		`{"fine": "much"}`: "no table of weights",
		`[1]`:              "no table of weights",
	} {
		dir := t.TempDir()
		tinymodel.WriteFile(t, filepath.Join(dir, "vocab.txt"), []byte(strings.Join(words, "\n")))
		tinymodel.WriteFile(t, filepath.Join(dir, tableFile), []byte(data))
		if _, err := OpenTable(dir, model.Int8); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", data, err)
		}
	}
}
