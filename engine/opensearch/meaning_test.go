//go:build linux

package opensearch_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/internal/nodes"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/pack/score"
)

// TestMeaning: contexts over a copy weigh the vectors that a model made of the original, as
// contexts over it do.
func TestMeaning(t *testing.T) {
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "gate", "of", "wall", "opens", "at", "noon", "tide", "is", "high", "."}
	dir := tinymodel.Shape{Words: len(words), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 64}.Write(t, 1, words...)
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	c := nodes.Start(t, 1)
	embedded, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer embedded.Close()
	docs := func(yield func(tamis.Document, error) bool) {
		for i := range 12 {
			text := fmt.Sprintf("The gate of wall %d opens at noon%s. The tide is high.\n\n", i, strings.Repeat(" at high tide", i%5))
			if !yield(tamis.Document{ID: fmt.Sprint("gate", i), Title: "Gates", Source: strings.Repeat(text, 1+i%4), Lang: "en"}, nil) {
				return
			}
		}
	}
	if _, err := embedded.Add(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	if _, err := embedded.Encode(t.Context(), e, nil); err != nil {
		t.Fatal(err)
	}
	cluster := open(t, c, opensearch.Options{})
	if c, err := engine.Copy(t.Context(), embedded, cluster, nil); err != nil || c.Verified != 12 {
		t.Fatal(c, err)
	}
	if got := cluster.Models(); got[e.Name()] != e.Place() {
		t.Fatalf("the models of the copy are %v", got)
	}
	// The model's vectors are beside the documents there too: what is added as it was keeps them.
	if r, err := cluster.Add(t.Context(), docs); err != nil || r.Unchanged != 12 {
		t.Fatalf("%+v %v", r, err)
	}
	if r, err := cluster.Encode(t.Context(), e, nil); err != nil || r.Passages != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	embedded.Use(e)
	cluster.Use(e)
	for _, question := range []string{"when is the tide high at the gate", "which wall opens at noon"} {
		var out [2]map[string]float64 // a cluster keeps 32 bits a number, not 8: what is near differs where all passages are
		for i, ix := range []engine.Index{embedded, cluster} {
			out[i] = map[string]float64{}
			_, err := ix.Context(t.Context(), question, tamis.Budget{Tokens: 200}, tamis.Lab{Trace: func(units []score.Unit) {
				for _, u := range units {
					out[i][fmt.Sprint(u.Doc, " ", u.Start)] = float64(u.Features[score.Meaning])
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		if len(out[0]) == 0 || len(out[1]) != len(out[0]) || slices.Max(slices.Collect(maps.Values(out[0]))) < .5 {
			t.Fatalf("%s: %d units embedded, %d over the cluster", question, len(out[0]), len(out[1]))
		}
		for unit, want := range out[0] {
			if got, ok := out[1][unit]; !ok || math.Abs(got-want) > .15 {
				t.Errorf("%s: %s means %.3f embedded, %.3f over the cluster (%t)", question, unit, want, got, ok)
			}
		}
	}
}
