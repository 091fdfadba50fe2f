package attend

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestFound: rows of three kinds of reports stand beside the same model that reads everything.
func TestFound(t *testing.T) {
	built := Report{Model: "built", Rows: []*Row{
		{Policy: "quest:0.1", Length: 1024, Read: .4, ReadStep: .1, Recall: map[string]float64{"needle": .5}, Asked: map[string]int{"needle": 4}},
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
		{Task: "needle", Operator: "quest:0.1", Model: "built", Length: 1024, Prefill: .4, Read: .1, Recall: .5, Beside: 1, Asked: 4},
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
	want3 := []string{"built", "trained with it", "reads vectors"}
	tables := strings.Split(b.String(), "\n\n")
	if len(tables) != 3 {
		t.Fatal(b.String())
	}
	for i, table := range tables {
		lines := strings.Split(strings.Trim(table, "\n"), "\n")
		if !strings.HasPrefix(strings.TrimSpace(lines[0]), want3[i]) || !strings.Contains(lines[2], "dense") {
			t.Error(table)
		}
		if last := strings.Fields(lines[3]); i == 0 && strings.Join(last, " ") != "quest:0.1 40.0 10.0 50.0" || i == 2 && strings.Join(last, " ") != "r4s64, open 0.1 31.2 80.0" {
			t.Error(table)
		}
	}
}

// TestFoundOfLengths: a length at which something is missing has a dash there, and shares are those of each length.
func TestFoundOfLengths(t *testing.T) {
	var b bytes.Buffer
	if err := WriteFound(&b, []Found{
		{Task: "many", Operator: "quest", Model: "m", Length: 4096, Read: .1, Recall: .5, Asked: 8},
		{Task: "many", Operator: "dense", Model: "m", Length: 4096, Read: 1, Recall: 1, Asked: 8},
		{Task: "joint", Operator: "dense", Model: "m", Length: 512, Read: 1, Recall: .75, Asked: 4},
	}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, line := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{"m positions joint many", "tokens 512 4096 512 4096 512 4096", "dense 100.0 100.0 75.0 - - 100.0", "quest - 10.0 - - - 50.0", "asked 4 0 0 8"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q\n%s", got, b.String())
	}
}

// TestKept: what is in the file is not measured again, other settings are; a line that was broken off is measured
// again; what is no result is refused by its line; where measuring fails nothing is kept.
func TestKept(t *testing.T) {
	path, times := filepath.Join(t.TempDir(), "state.jsonl"), 0
	some := []Found{{Task: "recall", Operator: "hsa", Model: "m", Length: 256, Read: .5, Recall: 1. / 3, Beside: 1, Asked: 8}}
	measure := func() ([]Found, error) { times++; return some, nil }
	for i, with := range []string{"a", "a", "b", "a", "b"} {
		got, err := Kept(path, with, measure)
		if want := []int{1, 1, 2, 2, 2}[i]; err != nil || times != want || !reflect.DeepEqual(got, some) {
			t.Fatalf("%d times, %v, %v", times, got, err)
		}
	}
	if _, err := Kept(path, "c", func() ([]Found, error) { return some, errors.New("given up") }); err == nil {
		t.Error("failing is no error")
	}
	data, err := os.ReadFile(path)
	if err != nil || bytes.Count(data, []byte("\n")) != 2 {
		t.Fatal(string(data), err)
	}
	if err := os.WriteFile(path, data[:len(data)-9], 0o666); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if got, err := Kept(path, "b", measure); err != nil || times != 3 || !reflect.DeepEqual(got, some) {
			t.Fatalf("%d times, %v, %v", times, got, err)
		}
	}
	if got, err := Kept(path, "a", measure); err != nil || times != 3 || len(got) != 1 {
		t.Errorf("%d times, %v, %v", times, got, err)
	}
	if err := os.WriteFile(path, []byte("\nnotes\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Kept(path, "a", measure); err == nil || !strings.Contains(err.Error(), "line 2") || times != 3 {
		t.Errorf("%v after %d times", err, times)
	}
}
