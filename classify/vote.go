package classify

// Vote is the label that the k nearest examples in a space have: each votes with the
// fourth power of its similarity. "" where nothing is near, or of none. similarity is that of
// the nearest. It is there to compare with.
func (c *Classifier) Vote(space, s string, v Vectors, k int) (label string, similarity float32, err error) {
	x, err := c.point(s, v)
	if err != nil {
		return "", 0, err
	}
	if space == Words {
		if err := c.rank(); err != nil {
			return "", 0, err
		}
	}
	hits := c.spaces.nearest(space, &x, k, func(int) bool { return true })
	if len(hits) == 0 {
		return "", 0, nil
	}
	votes := make([]float64, len(c.labels))
	for _, h := range hits {
		vote := h.similarity / hits[0].similarity
		vote *= vote
		for _, class := range c.targets[h.row] {
			votes[class] += float64(vote * vote)
		}
	}
	best := 0
	for class, v := range votes {
		if v > votes[best] {
			best = class
		}
	}
	return c.labels[best], hits[0].similarity, nil
}

// rank makes the lists of BM25, which nothing but the comparison needs.
func (c *Classifier) rank() error {
	a, err := c.analyzers.Get(wordsOf)
	if err != nil {
		return err
	}
	defer c.analyzers.Put(a)
	c.ranked.Do(func() { c.spaces.rank(a, c.examples) })
	return nil
}

// Nearest are the examples nearest to a text over all spaces.
func (c *Classifier) Nearest(s string, v Vectors, n int) ([]Near, error) {
	x, err := c.point(s, v)
	if err != nil {
		return nil, err
	}
	near := []Near{}
	for _, h := range c.spaces.nearest(Fused, &x, n, func(int) bool { return true }) {
		near = append(near, c.near(h))
	}
	return near, nil
}
