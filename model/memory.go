package model

import "fmt"

// needs is how many bytes of memory the weights take once they are packed: all but the
// embeddings of words, which are read where they are mapped, unless a head multiplies with
// them.
func (l *loader) needs(c Config) (bytes uint64) {
	size := uint64(4)
	if l.precision == Int8 {
		size = 1
	}
	for _, name := range l.set.Names() {
		t, _ := l.set.Tensor(name)
		bytes += uint64(t.Len()) * size
	}
	if t, ok := l.find(l.form.words + ".weight"); ok && !masked(c) {
		bytes -= uint64(t.Len()) * size
	}
	return bytes
}

// fits says where a model takes more memory than there is, before it is loaded.
func fits(needs, free uint64) error {
	if free > 0 && needs > free {
		return fmt.Errorf("the model needs about %d MB of memory, %d MB are free: a smaller one, or int8 instead of f32, needs less", needs>>20, free>>20)
	}
	return nil
}
