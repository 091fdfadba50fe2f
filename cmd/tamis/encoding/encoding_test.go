package encoding

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
)

func tiny(t *testing.T) string {
	return tinymodel.Shape{Words: 9, Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 40}.Write(t, 1,
		"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "fine", "sieve", "##s", ".")
}

func TestFile(t *testing.T) {
	e, err := encode.Open(tiny(t), model.F32)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	in := `{"_id":"x","title":"Sieves","text":"a fine sieve"}` + "\n\n" + `{"id":7,"text":"Sieves. a fine sieve"}` + "\n" + `{"text":"nameless"}` + "\n"
	var out strings.Builder
	err = File(t.Context(), &out, strings.NewReader(in), e, "-", encode.Passage)
	if err == nil || !strings.Contains(err.Error(), `-:4: has no "id"`) {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatal(out.String())
	}
	var a, b struct {
		ID     string
		Vector []float32
	}
	if json.Unmarshal([]byte(lines[0]), &a) != nil || json.Unmarshal([]byte(lines[1]), &b) != nil {
		t.Fatal(out.String())
	}
	if a.ID != "x" || b.ID != "7" || len(a.Vector) != 32 || a.Vector[0] != b.Vector[0] {
		t.Errorf("%v %v", a, b)
	}
}

func TestLook(t *testing.T) {
	m, err := Look(t.Context(), tiny(t))
	if err != nil || m.Speed <= 0 || !strings.Contains(m.String(), "BertModel, 1 layers, dense vectors of 32 (mean), texts of 40 tokens") {
		t.Error(m, err)
	}
	if _, err := Look(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no config.json") {
		t.Error(err)
	}
}

func TestModels(t *testing.T) {
	var out, warned strings.Builder
	dirs := []string{tiny(t), t.TempDir()}
	err := Models(t.Context(), &out, func(format string, args ...any) { fmt.Fprintf(&warned, format, args...) }, dirs, true)
	if err == nil || !strings.Contains(err.Error(), "1 failed") || !strings.Contains(warned.String(), "no config.json") || !strings.Contains(out.String(), `"architecture":"BertModel"`) {
		t.Errorf("%v\n%s\n%s", err, warned.String(), out.String())
	}
}
