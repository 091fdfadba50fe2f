package attend

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// TestFound: rows of three kinds of reports stand beside the same model that reads everything.
func TestFound(t *testing.T) {
	built := Report{Model: "built", Rows: []*Row{
		{Policy: "quest:0.1", Length: 1024, ReadStep: .1, Recall: map[string]float64{"needle": .5}, Asked: map[string]int{"needle": 4}},
		{Policy: "dense", Length: 1024, ReadStep: 1, Recall: map[string]float64{"needle": 1}, Asked: map[string]int{"needle": 4}},
		{Policy: "quest:0.1", Length: 4096, Recall: map[string]float64{"needle": .5}}, // dense was not reached
	}}
	trained := TrainedReport{Rows: []TrainedRow{
		{Attention: "dense", Task: "recall", Length: 256, Recall: .9, Asked: 8, ReadStep: 1},
		{Attention: "hsa", Task: "recall", Length: 256, Recall: .8, Asked: 8, ReadStep: .2},
	}}
	compressed := CompressedReport{Rows: []CompressedRow{
		{Task: "recall", Length: 256, Read: "all", Open: "none", Recall: 1, Asked: 8, Positions: 256},
		{Task: "recall", Length: 256, Read: "r4s64", Open: "none", Recall: .75, Asked: 8, Positions: 64},
		{Task: "recall", Length: 256, Read: "r4s64", Open: "0.1", Recall: .8, Asked: 8, Positions: 80},
	}}
	all := append(append(built.Found(), trained.Found()...), compressed.Found()...)
	want := []Found{
		{Task: "needle", Operator: "quest:0.1", Model: "built", Length: 1024, Read: .1, Recall: .5, Beside: 1, Asked: 4},
		{Task: "needle", Operator: "dense", Model: "built", Length: 1024, Read: 1, Recall: 1, Beside: 1, Asked: 4},
		{Task: "recall", Operator: "dense", Model: "trained with it", Length: 256, Read: 1, Recall: .9, Beside: .9, Asked: 8},
		{Task: "recall", Operator: "hsa", Model: "trained with it", Length: 256, Read: .2, Recall: .8, Beside: .9, Asked: 8},
		{Task: "recall", Operator: "dense", Model: "reads vectors", Length: 256, Read: 1, Recall: 1, Beside: 1, Asked: 8},
		{Task: "recall", Operator: "r4s64", Model: "reads vectors", Length: 256, Read: .25, Recall: .75, Beside: 1, Asked: 8},
		{Task: "recall", Operator: "r4s64, open 0.1", Model: "reads vectors", Length: 256, Read: .3125, Recall: .8, Beside: 1, Asked: 8},
	}
	if !reflect.DeepEqual(all, want) {
		t.Errorf("%+v", all)
	}
	var b bytes.Buffer
	if err := WriteFound(&b, all); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 8 || !strings.Contains(lines[1], "dense") || !strings.Contains(lines[2], "quest:0.1") || strings.Join(strings.Fields(lines[2])[5:], " ") != "% 50.0 % 100.0 % 4" {
		t.Error(b.String())
	}
}
