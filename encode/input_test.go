package encode

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/vector"
)

func TestInput(t *testing.T) {
	for list, want := range map[string]string{
		"title":                   "Sieves. fine",
		"none":                    "fine",
		"headings":                "Use. Flour. fine",
		"previous":                "Before. fine",
		"title,headings,previous": "Sieves. Use. Flour. Before. fine",
		"title,late":              "Sieves. fine",
	} {
		in, err := ParseInput(list)
		if err != nil || in.String() != list {
			t.Error(list, in, err)
		}
		if got := in.Text("Sieves", []string{"Sieves", "Use", "Flour"}, "Before.", "fine"); got != want {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
		if name, back := FieldInput(named("model:1", in)); name != "model:1" || back != in {
			t.Error(name, back)
		}
	}
	if _, err := ParseInput("title,pages"); err == nil {
		t.Error("pages are known")
	}
}

// TestLate: passages are the means of the states of their tokens in the window that has them
// nearest to its middle, found by trying all.
func TestLate(t *testing.T) {
	shape := tiny
	shape.Positions = 24
	e := open(t, shape.Write(t, 1, words...))
	for _, n := range []int{1, 3, 4, 7, 30} {
		run := Run{Before: "fine"}
		for i := range n {
			start := len(run.Text)
			run.Text += strings.Repeat([]string{"a ", "sieves ", "fine. "}[i%3], 1+i%4)
			run.Passages = append(run.Passages, [2]int{start, len(run.Text)})
			if i%5 == 4 {
				run.Passages = append(run.Passages, [2]int{len(run.Text), len(run.Text)}) // says nothing
			}
		}
		var got []vector.Value
		for v, err := range e.Late(t.Context(), slices.Values([]Run{run})) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		if len(got) != len(run.Passages) {
			t.Fatalf("%d vectors for %d passages", len(got), len(run.Passages))
		}
		tokens := e.tokens.Encode(run.Text, -1)
		room := 24 - 3 // [CLS] fine … [SEP]
		var windows []int
		for first := 0; first == 0 || first-room/2+room < len(tokens); first += room / 2 {
			windows = append(windows, first)
		}
		for i, p := range run.Passages {
			from, to := 0, 0
			for j, token := range tokens {
				if token.End <= p[0] {
					from = j + 1
				}
				if token.Start < p[1] {
					to = j + 1
				}
			}
			if from >= to {
				continue
			}
			best := slices.MinFunc(windows, func(a, b int) int { // that the passage lies in; any that is as near will do
				return distance(a, room, from, to) - distance(b, room, from, to)
			})
			found := false
			for _, first := range windows {
				if distance(first, room, from, to) <= distance(best, room, from, to)+2 && near(t, e, window(tokens, first, room), from-first+2, to-first+2, got[i].(vector.Dense)) {
					found = true
				}
			}
			if !found {
				t.Errorf("%d passages: vector %d is that of no window near it", n, i)
			}
		}
	}
	for _, err := range e.With(Input{Late: true}).Late(t.Context(), slices.Values([]Run{{Passages: [][2]int{{0, 0}}}})) {
		if err != nil {
			t.Error(err)
		}
	}
	shape.Masked = true
	for _, err := range open(t, shape.Write(t, 1, words...)).Late(t.Context(), slices.Values([]Run{{}})) {
		if err == nil || !strings.Contains(err.Error(), "late chunking needs") {
			t.Error(err)
		}
	}
}

func distance(first, room, from, to int) int {
	if from < first || to > first+room {
		return 1 << 20
	}
	d := 2*first + room - from - to
	return max(d, -d)
}

// near says whether v is the mean of the states from one token to another.
func near(t *testing.T, e *Encoder, ids []int32, from, to int, v vector.Dense) bool {
	if from < 0 || to > len(ids) {
		return false
	}
	states, err := e.model.States([][]int32{ids})
	if err != nil {
		t.Fatal(err)
	}
	mean := make(vector.Dense, e.Width())
	for i := from; i < to; i++ {
		for j := range mean {
			mean[j] += states[0][i*e.Width()+j]
		}
	}
	unit, _ := mean.Unit()
	return math.Abs(float64(unit.Dot(v))-1) < 1e-6
}

func window(tokens []tokenizer.Token, first, room int) []int32 {
	ids := []int32{2, 5}
	for _, token := range tokens[min(first, len(tokens)):min(first+room, len(tokens))] {
		ids = append(ids, token.ID)
	}
	return append(ids, 3)
}
