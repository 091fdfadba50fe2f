package policy

import "github.com/tamis-search/tamis/store/view"

// Measure is what a policy knows segments by.
func Measure(segs []view.Segment) []Segment {
	out := make([]Segment, len(segs))
	for i := range segs {
		o := &segs[i]
		rows := o.Rows()
		m := Segment{
			First: o.Entry.First, Last: o.Entry.Last, Docs: o.Entry.Docs, Rows: rows.Documents().Rows(), Deleted: o.Dead().Count(),
			Size: rows.Size(), Made: o.Entry.Made, Live: o.Entry.Live, Missing: o.Missing, Pending: o.Pending(), Since: o.Since(),
		}
		for _, field := range rows.Fields() {
			if m.Vectors == nil {
				m.Vectors = map[string]Vectors{}
			}
			x := rows.Vectors(field)
			m.Vectors[field] = Vectors{Rows: x.Rows(), Weights: x.Numbers()}
			if x.Dense != nil { // their bytes are merged, no more
				m.Vectors[field] = Vectors{Rows: x.Rows(), Weights: uint64(x.Size() / weightBytes)}
			}
		}
		out[i] = m
	}
	return out
}
