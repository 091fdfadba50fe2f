package model

import (
	"fmt"
)

// Shorten has the encoder end after its first layers, before it is used. What follows the last
// layer in the file follows the last one of these.
func (e *Encoder) Shorten(layers int) error {
	if layers < 1 || layers > len(e.layers) {
		return fmt.Errorf("%w: the first %d layers of a model that has %d", ErrUnsupported, layers, len(e.layers))
	}
	e.layers, e.Layers = e.layers[:layers], layers
	return nil
}
