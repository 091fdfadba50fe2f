// Package topk is the vocabulary of every ranking: what a row of an index is,
// and what a row that was found is.
package topk

// Row is a row of one segment; Segment counts the segments of a snapshot in
// order of addition.
type Row struct {
	Segment int
	Row     uint32
}

// Hit is a row that was found.
type Hit struct {
	Row
	Score float32
}
