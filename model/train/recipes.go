package train

import (
	"fmt"
	"slices"
	"strings"
)

// Tasks are the names of those that there are recipes for.
func Tasks() (names []string) {
	for _, t := range tasks {
		names = append(names, t.name)
	}
	return names
}

// CompressorTasks are those that compressors are trained for.
func CompressorTasks() []string {
	return slices.DeleteFunc(Tasks(), func(name string) bool { return name == documents.name })
}

// Attentions are the kinds of attention that there are recipes for.
var Attentions = []string{"dense", "nsa", "hsa", "hsa-window", "ssa", "dma", "memory", crossbatch}

// crossbatch is memory whose documents learn beside others.
const crossbatch = "memory-crossbatch"

// AttentionsOf are those that are asked where nobody says which: about documents, what tells them apart.
func AttentionsOf(task string) []string {
	if task == documents.name {
		return []string{"dense", "memory", crossbatch}
	}
	return slices.DeleteFunc(slices.Clone(Attentions), func(kind string) bool { return kind == crossbatch })
}

// RecipeOf is how a model for a task is made with a kind of attention. The second layer, which looks for
// what is alike, turns nothing, so that it does not depend on distances that no text of training had.
func RecipeOf(task, attention string, seed uint64) (Recipe, error) {
	r := Recipe{
		Task: task, Length: 256, Batch: 8, Steps: 500, Rate: 2e-3, Goal: .99, Seed: seed,
		Shape: Shape{Words: Words, Width: 128, Layers: 2, Heads: 2, HeadSize: 64, Inner: 32, Positions: 1 << 17, Base: 10000, Still: 1},
	}
	if task == documents.name {
		r.Length, r.Batch, r.Rate, r.Shape.Width, r.Shape.HeadSize = 128, 16, 3e-3, 64, 32
	}
	switch attention {
	case "", "dense":
	case "hsa":
		r.Shape.Gate = Gate{Kind: attention, Block: 16, Taken: 6}
	case "ssa":
		r.Shape.Gate = Gate{Kind: attention}
	case "dma":
		r.Shape.Gate = Gate{Kind: attention, Taken: 128, Window: 32}
	case "memory", crossbatch:
		r.Shape.Gate = Gate{Kind: "memory", Taken: 32, Window: 32, From: 1}
		if attention == crossbatch && task != documents.name {
			return r, fmt.Errorf("documents of a batch are told apart by the task %s alone: name it, or another attention than %s", documents.name, crossbatch)
		}
		if attention == crossbatch {
			r.Beside = 4
		}
	default:
		r.Shape.Gate = Gate{Kind: attention, Block: 16, Taken: 6, Window: 32}
	}
	if _, err := taskOf(task); err != nil {
		return r, err
	}
	return r, r.check()
}

// ReaderRecipeOf is how a model is made that reads vectors: half as wide as those of RecipeOf, since vectors that it
// understands are then learned in a fraction of the steps.
func ReaderRecipeOf(task string, seed uint64) (Recipe, error) {
	if task == documents.name {
		return Recipe{}, fmt.Errorf("compressors are trained for %s, not for %s", strings.Join(CompressorTasks(), ", "), task)
	}
	r, err := RecipeOf(task, "dense", seed)
	r.Length, r.Batch, r.Steps, r.Rate, r.Shape.Width, r.Shape.HeadSize = 128, 16, 300, 3e-3, 64, 32
	return r, err
}

// squeezes are the compressors that there are recipes for: a name is the rate, and the tokens of a segment.
var squeezes = []struct {
	name          string
	rate, segment int
}{
	{"r4s64", 4, 64},       // COCOM's lowest rate
	{"r16s64", 16, 64},     // the next
	{"r128s128", 128, 128}, // and its highest, a vector a segment
	{"r2s20", 2, 20},       // CompLLM's
	{"r16s16", 16, 16},     // REFRAG's, a vector a segment
}

// Compressors are the names of those that there are recipes for.
func Compressors() (names []string) {
	for _, s := range squeezes {
		names = append(names, s.name)
	}
	return names
}

// CompressorRecipeOf is how a compressor for the reader of a task is made.
func CompressorRecipeOf(task, name string, seed uint64) (CompressorRecipe, error) {
	model, err := ReaderRecipeOf(task, seed)
	if err != nil {
		return CompressorRecipe{}, err
	}
	for _, s := range squeezes {
		if s.name == name {
			r := CompressorRecipe{Model: model, Rate: s.rate, Segment: s.segment, Length: 128, Facts: 12, Batch: 16, Steps: 300, Learn: 2e-3, Goal: .97, Seed: seed}
			return r, r.check()
		}
	}
	return CompressorRecipe{}, fmt.Errorf("there is no compressor %q: there are %s", name, strings.Join(Compressors(), ", "))
}
