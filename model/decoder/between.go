package decoder

import "fmt"

// seen shows states to who asked for them.
func (c *Cache) seen(layer int, states []float32) {
	if c.Between != nil {
		c.Between(layer, states)
	}
}

// Told are the logits that states would give if the model ended with them (nostalgebraist 2020, the logit
// lens): those of the last layer give what Read does, those of earlier ones what the model leans to by then.
// There are MostEach states at most, as Cache.Between has them; they stay as they are.
func (d *Decoder) Told(states []float32) ([][]float32, error) {
	n := len(states) / d.Width
	if n == 0 || len(states) != n*d.Width || n > MostEach {
		return nil, fmt.Errorf("%d numbers are no states of 1 to %d tokens, each of which has %d", len(states), MostEach, d.Width)
	}
	return d.logitsOf(d.room(&Cache{}, n), append([]float32(nil), states...), n)
}
