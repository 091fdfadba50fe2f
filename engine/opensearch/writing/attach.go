package writing

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/store/prepare"
	"github.com/tamis-search/tamis/vector"
)

// Vectors are attached to a document that is there by writing those of its records anew that
// get some, each in its own place and only while it is what was read: the text and the
// passages stay, so that what broke off half-way is a document of which some passages have
// vectors. What another writer changes meanwhile gets none.

// Attachment is what a document gets in a field: a vector of its own, or Parts.
type Attachment struct {
	*prepare.Document
	Seq   int64
	Value vector.Value
	// Lost says that the document was changed meanwhile, Refused why the cluster does not
	// take what it was to get.
	Lost    bool
	Refused string
}

// Key is that of the document, by which its records are found.
func (a *Attachment) Key() string { return records.KeyOf(a.Header.ID) }

// Record is a record as it is there.
type Record struct {
	SeqNo  int64 `json:"_seq_no"`
	Term   int64 `json:"_primary_term"`
	Source struct {
		Seq    int64    `json:"q"`
		N      *int     `json:"n"` // nil: of a document
		Fields []string `json:"w"`
		X      struct {
			Start int `json:"s"`
			records.StoredVectors
		} `json:"x"`
	} `json:"_source"`
	Sort []any `json:"sort"`
}

// Attach gives documents what they are to get in a field, and says of each whether it was
// lost or refused.
func (ix *Writer) Attach(ctx context.Context, field string, list []*Attachment) error {
	f := ix.Fields.Field(field)
	for _, a := range list {
		if vector.Numbers(a.Value) == 0 {
			continue
		}
		var err error
		if f, err = ix.Fields.Use(ctx, field, a.Value); err != nil {
			return err
		}
	}
	all, err := ix.Fields.All(ctx)
	if err != nil {
		return err
	}
	there, err := ix.Records(ctx, list, f.Unit)
	if err != nil {
		return err
	}
	b := ix.Bulk()
	for _, a := range list {
		r, kept, err := ix.Maker.Make(ctx, records.Given{Document: a.Document, Seq: a.Seq, Part: func(int, int) vectors.Record { return vectors.Record{} }})
		if err != nil {
			return err
		}
		now := there[a.Seq]
		if f.Unit == vector.Documents {
			if a.Lost = len(now) != 1; a.Lost {
				continue
			}
			v := now[0].with(all, field, f, a.Value, ix.Fields.Seismic > 0)
			r.Fields, r.Vectors, r.X.Vectors = v.Fields, v.Indexed, v.Stored
			if err := b.Add(ctx, a.Key(), query{"index": now[0].action(records.DocumentKind+a.Key(), a.Key())}, r); err != nil {
				return err
			}
			continue
		}
		parts, _ := a.Value.(vector.Parts)
		of := map[int]vector.Part{}
		for _, p := range parts {
			of[p.Start] = p
		}
		a.Lost = len(now) != len(kept)
		for i := 0; i < len(kept) && !a.Lost; i++ {
			x := &kept[i].X
			if a.Lost = now[i].Source.X.Start != x.Start; a.Lost {
				break
			}
			var value vector.Value
			if p, ok := of[x.Start]; ok && p.End == x.Start+len(x.Text) {
				value = p.Vector
			}
			v := now[i].with(all, field, f, value, ix.Fields.Seismic > 0)
			kept[i].Fields, kept[i].Vectors, x.Vectors = v.Fields, v.Indexed, v.Stored
			if err := b.Add(ctx, a.Key(), query{"index": now[i].action(records.PassageID(a.Seq, i), a.Key())}, &kept[i]); err != nil {
				return err
			}
		}
	}
	if err := b.Flush(ctx); err != nil {
		return err
	}
	for _, a := range list {
		// A request that was sent twice, its answer lost, conflicts with itself: such a
		// document is looked at again by the next run, and has its vectors.
		a.Lost, a.Refused = a.Lost || b.Conflicts[a.Key()], b.Refused[a.Key()]
	}
	return ix.Cluster.Do(ctx, http.MethodPost, "/"+ix.Path+"/_refresh", nil, nil)
}

// action writes a record while it is what was read.
func (s *Record) action(id, key string) query {
	return query{"_id": id, "routing": key, "if_seq_no": s.SeqNo, "if_primary_term": s.Term}
}

// with are the vectors of a record with another one, or none that a field has for it.
func (s *Record) with(all map[string]vector.Field, field string, f vector.Field, v vector.Value, near bool) vectors.Record {
	r := vectors.Record{Fields: s.Source.Fields, Near: near}
	for _, name := range slices.Sorted(maps.Keys(s.Source.X.Vectors)) {
		if name != field {
			r.Put(name, all[name], s.Source.X.Vectors[name])
		}
	}
	if v == nil {
		r.Mark(field, f)
	} else {
		r.Put(field, f, vectors.Store(v, true))
	}
	return r
}

// Records reads the records that are to get vectors, by sequence number and in the order
// of passages.
func (ix *Writer) Records(ctx context.Context, list []*Attachment, unit vector.Unit) (map[int64][]Record, error) {
	kind := records.DocumentKind
	if unit == vector.Passages {
		kind = records.PassageKind
	}
	seqs := make([]int64, len(list))
	for i, a := range list {
		seqs[i] = a.Seq
	}
	there := map[int64][]Record{}
	body := query{
		"size": 200, "track_total_hits": false, "seq_no_primary_term": true, "_source": []string{"q", "n", "w", "x.s", "x.v"},
		"query": query{"bool": query{"filter": []query{{"term": query{"k": kind}}, {"terms": query{"q": seqs}}}}},
		"sort":  []query{{"q": "asc"}, {"n": query{"order": "asc", "missing": -1}}},
	}
	for {
		var found struct {
			Hits struct {
				Hits []Record `json:"hits"`
			} `json:"hits"`
		}
		if err := ix.Cluster.Do(ctx, http.MethodPost, "/"+ix.Path+"/_search?allow_partial_search_results=false", body, &found); err != nil {
			return nil, err
		}
		hits := found.Hits.Hits
		if len(hits) == 0 {
			return there, nil
		}
		for _, h := range hits {
			there[h.Source.Seq] = append(there[h.Source.Seq], h)
		}
		body["search_after"] = hits[len(hits)-1].Sort
	}
}
