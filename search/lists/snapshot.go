package lists

import (
	"github.com/tamis-search/tamis/internal/topk"
	"github.com/tamis-search/tamis/search"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/vector"
)

// Snapshot is the Rows of a snapshot of a store.
type Snapshot struct {
	*store.Snapshot
	Params search.Params
	// Document reads a header, Fields says how fields keep their vectors.
	Document func(doc topk.Row) (*store.Header, error)
	Fields   func(name string) vector.Field
}

// Header is that of Rows.
func (s *Snapshot) Header(doc topk.Row) (*store.Header, error) { return s.Document(doc) }

// Field is that of Rows.
func (s *Snapshot) Field(name string) vector.Field { return s.Fields(name) }

func unitOf(u vector.Unit) store.Unit {
	if u == vector.Passages {
		return store.Passages
	}
	return store.Documents
}

// Words ranks rows of a unit by terms.
func (s *Snapshot) Words(unit store.Unit, terms []search.Term) *search.Text {
	t := &search.Text{Terms: terms, Params: s.Params}
	if len(terms) == 0 {
		return t
	}
	for _, x := range s.Spaces(unit) {
		t.Sources = append(t.Sources, search.Source{Inverted: x.Inverted, Visible: x.Visible})
	}
	names := make([]string, len(terms))
	for i, t := range terms {
		names[i] = t.Text
	}
	t.Stats = search.Stats(s.Statistics(unit, names))
	return t
}

// ByWords is that of Rows.
func (s *Snapshot) ByWords(unit vector.Unit, terms []search.Term, only []topk.Row) (search.Ranker, error) {
	t := s.Words(unitOf(unit), terms)
	if only == nil {
		return t, nil
	}
	for i, x := range t.Sources {
		t.Sources[i].Visible = make([]uint64, (x.Inverted.Rows()+63)/64)
	}
	for _, r := range only {
		if r.Segment < len(t.Sources) {
			t.Sources[r.Segment].Visible[r.Row>>6] |= 1 << (r.Row & 63)
		}
	}
	return t, nil
}

// Frequencies is that of Rows.
func (s *Snapshot) Frequencies(unit vector.Unit, terms []string) ([]int, error) {
	return s.Statistics(unitOf(unit), terms).DF, nil
}

// Compared is that of Rows.
func (s *Snapshot) Compared(v vector.Value, field string) (vector.Value, error) {
	if len(s.VectorSpaces(field)) == 0 {
		return nil, nil
	}
	return s.QueryVector(s.Field(field), v)
}

// ByVector is that of Rows.
func (s *Snapshot) ByVector(v vector.Value, field string, recall float32, only []topk.Row) (search.Ranker, error) {
	r := &search.Vectors{Query: v, Recall: recall}
	for _, x := range s.VectorSpaces(field) {
		if only != nil {
			of := map[uint32]bool{}
			for _, row := range only {
				if row.Segment == x.Segment {
					of[row.Row] = true
				}
			}
			x.Visible = x.Visible.And(x.Vectors.Mask(func(row uint32) bool { return of[x.Vectors.Row(row)] }))
		}
		r.Sources = append(r.Sources, search.VectorSource(x))
	}
	return r, nil
}

// Stored is that of Rows.
func (s *Snapshot) Stored(field string, rows []topk.Row) (all []vector.Value, err error) {
	all = make([]vector.Value, len(rows))
	for i, row := range rows {
		if all[i], err = s.stored(field, row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// stored is a dense vector as its segment has it, a sparse one as it was given, since segments
// have these by term alone.
func (s *Snapshot) stored(field string, row topk.Row) (vector.Value, error) {
	f := s.Field(field)
	if f.Kind == vector.KindDense {
		for _, x := range s.VectorSpaces(field) {
			if x.Segment != row.Segment || x.Vectors.Dense == nil {
				continue
			}
			if at, ok := x.Vectors.Find(row.Row); ok {
				return x.Vectors.Dense.Vector(at), nil
			}
		}
		return nil, nil
	}
	doc, passages := row, f.Unit == vector.Passages
	if passages {
		doc = s.DocumentOf(row)
	}
	h, err := s.Document(doc)
	if err != nil {
		return nil, err
	}
	all, err := s.Vectors(h)
	if err != nil {
		return nil, err
	}
	v := all[field]
	if parts, ok := v.(vector.Parts); ok && passages {
		p := s.Passage(row)
		v = nil
		for _, part := range parts {
			if part.Start == p.Start && part.End == p.End {
				v = part.Vector
			}
		}
	}
	return v, nil
}

// Beginning is that of Rows.
func (s *Snapshot) Beginning(unit vector.Unit, row topk.Row, most int) (h *store.Header, text string, err error) {
	doc := row
	if unit == vector.Passages {
		doc = s.DocumentOf(row)
	}
	if h, err = s.Document(doc); err != nil {
		return nil, "", err
	}
	start, end := 0, min(h.Size, most)
	if unit == vector.Passages {
		p := s.Passage(row)
		start, end = p.Start, min(p.End, p.Start+most)
	}
	text, err = s.Text(h, start, end)
	return h, text, err
}
