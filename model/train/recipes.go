package train

// Tasks are the names of those that there are recipes for.
func Tasks() (names []string) {
	for _, t := range tasks {
		names = append(names, t.name)
	}
	return names
}

// Attentions are the kinds of attention that there are recipes for.
var Attentions = []string{"dense", "nsa", "hsa", "hsa-window"}

// RecipeOf is how a model for a task is made with a kind of attention. The second layer, which looks for
// what is alike, turns nothing, so that it does not depend on distances that no text of training had.
func RecipeOf(task, attention string, seed uint64) (Recipe, error) {
	r := Recipe{
		Task: task, Length: 256, Batch: 8, Steps: 500, Rate: 2e-3, Goal: .99, Seed: seed,
		Shape: Shape{Words: Words, Width: 128, Layers: 2, Heads: 2, HeadSize: 64, Inner: 32, Positions: 1 << 17, Base: 10000, Still: 1},
	}
	switch attention {
	case "", "dense":
	case "hsa":
		r.Shape.Gate = Gate{Kind: attention, Block: 16, Taken: 6}
	default:
		r.Shape.Gate = Gate{Kind: attention, Block: 16, Taken: 6, Window: 32}
	}
	if _, err := taskOf(task); err != nil {
		return r, err
	}
	return r, r.check()
}
