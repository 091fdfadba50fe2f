package search

// TopK returns the k best rows of all sources, best first; fewer when fewer
// hold a term of the query.
func TopK(sources []Source, terms []Term, stats Stats, p Params, k int) []Hit {
	return Exhaustive(sources, terms, stats, p, k)
}
