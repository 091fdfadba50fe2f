// Package writing writes documents into an index of a cluster: batches with their
// intents, replacements and deletions by optimistic concurrency, vectors that are attached.
package writing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/store/prepare"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// Index is an index that is written: what all its Writers share.
type Index struct {
	Cluster *client.Cluster
	Name    string
	Fields  *vectors.Fields
	Maker   records.Maker
	numbers sequence
}

// Writer writes into one generation of an index, at Path.
type Writer struct {
	*Index
	Path string
}

// query is a part of a request.
type query = client.Query

// A document is written in four steps, each of which the next begins after: an intent,
// its passages under a new sequence number, its own record in the place of the one
// before, the deletion of the passages of that. Its own record says which passages are
// its; an intent that is left over says which are not (recover).

const (
	// reserved is how many sequence numbers are taken at once.
	reserved = 1000
	// mostBytes is the longest source of a document: its passages are held in memory.
	mostBytes = 64 << 20
	// abandoned is how old an intent is whose writer is taken to be gone. A writer gives a
	// batch up after half of that, so that no other takes its passages away while it may
	// still write the record that names them; the other half is for clocks that differ.
	abandoned = 10 * time.Minute
)

var errSlow = fmt.Errorf("a batch was not written within %s and is given up: what was not counted is to be added again", abandoned/2)

// sequence hands out sequence numbers.
type sequence struct {
	mu        sync.Mutex
	next, end int64
}

// take reserves so many numbers that follow each other.
func (ix *Writer) take(ctx context.Context, n int) (int64, error) {
	s := &ix.numbers
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.end-s.next < int64(n) {
		var head struct {
			Seq    int64 `json:"_seq_no"`
			Term   int64 `json:"_primary_term"`
			Source struct {
				Next int64 `json:"q"`
			} `json:"_source"`
		}
		if err := ix.Cluster.Do(ctx, http.MethodGet, "/"+ix.Path+"/_doc/head", nil, &head); err != nil {
			return 0, fmt.Errorf("index %q: its head: %w", ix.Name, err)
		}
		end := head.Source.Next + int64(max(n, reserved))
		path := fmt.Sprintf("/%s/_doc/head?require_alias=true&if_seq_no=%d&if_primary_term=%d", ix.Path, head.Seq, head.Term)
		err := ix.Cluster.Do(ctx, http.MethodPut, path, query{"k": records.HeadKind, "q": end}, nil)
		if client.IsStatus(err, http.StatusConflict) {
			continue // another writer was faster, or this was done and the answer was lost
		}
		if err != nil {
			return 0, err
		}
		s.next, s.end = head.Source.Next, end
	}
	first := s.next
	s.next += int64(n)
	return first, nil
}

// Ready is a document that is ready to be written.
type Ready struct {
	*prepare.Document
	// vectors it came with, and those that were attached to it, by the names of their terms.
	Vectors, Attached map[string]vector.Value

	Reason string // why it cannot be
	Err    error  // of the sequence of documents
}

func (ix *Index) Prepare(d tamis.Document) Ready {
	p := Ready{Document: &prepare.Document{Document: d}}
	if p.Reason = ingest.Unfit(&d); p.Reason != "" {
		return p
	}
	if len(d.Source) > mostBytes {
		p.Reason = fmt.Sprintf("its text has %d MB, more than the %d MB that one document may have: split it", len(d.Source)>>20, mostBytes>>20)
		return p
	}
	var digested []byte
	if len(d.Vectors) > 0 {
		var err error
		if p.Vectors, digested, err = vectors.Canonical(d.Vectors); err != nil {
			p.Reason = err.Error()
			return p
		}
		if n := record.Vectors(p.Vectors).Numbers(); n > store.MaxNumbers {
			p.Reason = fmt.Sprintf("its vectors have %d weights or numbers, more than the %d that one document may have", n, store.MaxNumbers)
			return p
		}
	}
	p.Describe(ix.Maker.Ingest)
	if err := p.Seal(digested); err != nil {
		p.Reason = err.Error()
	}
	return p
}

// vectorsOf are those of a document's own record, and those of the passage that a range is.
func (ix *Writer) vectorsOf(ctx context.Context, given, attached map[string]vector.Value) (own vectors.Record, of func(start, end int) vectors.Record, err error) {
	type at struct{ start, end int }
	parts := map[at]*vectors.Record{}
	own.Near = ix.Fields.Seismic > 0
	put := func(name string, v vector.Value, later bool) error {
		f, err := ix.Fields.Use(ctx, name, v)
		if err != nil {
			return err
		}
		list, ok := v.(vector.Parts)
		if !ok {
			own.Put(name, f, vectors.Store(v, later))
		}
		for _, p := range list {
			r := parts[at{p.Start, p.End}]
			if r == nil {
				r = &vectors.Record{Near: own.Near}
				parts[at{p.Start, p.End}] = r
			}
			r.Put(name, f, vectors.Store(p.Vector, later))
		}
		return nil
	}
	for name, v := range given {
		if err := put(name, v, false); err != nil {
			return own, nil, err
		}
	}
	for name, v := range attached {
		if err := put(name, v, true); err != nil {
			return own, nil, err
		}
	}
	return own, func(start, end int) vectors.Record {
		if r := parts[at{start, end}]; r != nil {
			return *r
		}
		return vectors.Record{}
	}, nil
}

// Stored is what is known of a document that is there.
type Stored struct {
	Found  bool        `json:"found"`
	Error  client.Item `json:"error"`
	SeqNo  int64       `json:"_seq_no"`
	Term   int64       `json:"_primary_term"`
	Source struct {
		Seq int64                `json:"q"`
		X   records.DocumentData `json:"x"`
	} `json:"_source"`
}

// Known reads the records of documents by key, as they are now.
func (ix *Writer) Known(ctx context.Context, keys []string) ([]Stored, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	docs := make([]query, len(keys))
	for i, k := range keys {
		docs[i] = query{"_id": records.DocumentKind + k, "routing": k, "_source": query{"excludes": []string{"x.b", "x.p", "x.v"}}}
	}
	var answer struct {
		Docs []Stored `json:"docs"`
	}
	err := ix.Cluster.Again(ctx, func() error {
		answer.Docs = nil
		err := ix.Cluster.Once(ctx, http.MethodPost, "/"+ix.Path+"/_mget", query{"docs": docs}, &answer)
		for i := 0; i < len(answer.Docs) && err == nil; i++ {
			err = answer.Docs[i].Error.Err()
		}
		return err
	})
	if err == nil && len(answer.Docs) != len(keys) {
		err = fmt.Errorf("%w: it answers %d documents for %d", client.ErrNotOpenSearch, len(answer.Docs), len(keys))
	}
	return answer.Docs, err
}

// Move is one document from one sequence number to another; 0 is none.
type Move struct {
	Key string `json:"key"`
	Old int64  `json:"old,omitempty"`
	New int64  `json:"new,omitempty"`
	// OldPassages is how many passages Old has.
	OldPassages int `json:"passages,omitempty"`
}

// Change is a document of a batch that is not as it is stored.
type Change struct {
	Ready
	Move
	old   Stored
	count int // of its passages
}

// write writes the documents of a batch that are not as they are stored, from the sequence
// number first on, and returns what has to be tried again.
func (ix *Writer) write(ctx context.Context, writes []*Change, first int64, report *tamis.Report) (again []Ready, err error) {
	moves := make([]Move, len(writes))
	for i, w := range writes {
		w.New = first + int64(i)
		moves[i] = w.Move
	}
	done, err := ix.intend(ctx, first, moves)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, abandoned/2, errSlow)
	defer cancel()
	defer func() {
		if cause := context.Cause(ctx); errors.Is(cause, errSlow) && err != nil {
			err = cause
		}
	}()
	passages, own := ix.Bulk(), ix.Bulk()
	for _, w := range writes {
		if err := ix.Rows(ctx, w, passages, own); err != nil {
			return nil, err
		}
	}
	if err := passages.Flush(ctx); err != nil {
		return nil, err
	}
	if err := own.Flush(ctx); err != nil {
		return nil, err
	}
	drop := ix.Bulk()
	for _, w := range writes {
		reason := passages.Refused[w.Key]
		if reason == "" {
			reason = own.Refused[w.Key]
		}
		conflict := own.Conflicts[w.Key]
		if conflict || reason != "" {
			// Whoever was faster may have been this very request, its answer lost.
			if now, err := ix.Known(ctx, []string{w.Key}); err != nil {
				return nil, err
			} else if now[0].Found && now[0].Source.Seq == w.New {
				conflict, reason = false, ""
			}
		}
		if reason != "" || conflict {
			dropRows(drop, w.Key, w.New, w.count)
			if reason == "" {
				again = append(again, w.Ready)
				continue
			}
			report.Skipped = append(report.Skipped, tamis.Skip{Path: w.Document.Document.Name(), Reason: "the cluster does not take it: " + reason})
			continue
		}
		if w.Old == 0 {
			report.Added++
		} else {
			report.Updated++
			dropRows(drop, w.Key, w.Old, w.OldPassages)
		}
		report.Warn(&w.Document.Document)
	}
	if err := drop.Flush(ctx); err != nil {
		return nil, err
	}
	return again, done(ctx)
}

// intend writes down what is about to be done; done takes it away.
func (ix *Writer) intend(ctx context.Context, seq int64, moves []Move) (done func(context.Context) error, err error) {
	path := "/" + ix.Path + "/_doc/i" + strconv.FormatInt(seq, 10)
	body := query{"k": records.IntentKind, "q": seq, "x": query{"at": time.Now().Unix(), "moves": moves}}
	if err := ix.Cluster.Do(ctx, http.MethodPut, path+"?require_alias=true", body, nil); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		err := ix.Cluster.Do(ctx, http.MethodDelete, path, nil, nil)
		if client.IsStatus(err, http.StatusNotFound) {
			err = nil
		}
		return err
	}, nil
}

// Rows puts the records of a document into bulks.
func (ix *Writer) Rows(ctx context.Context, w *Change, passages, own *client.Bulk) error {
	g := records.Given{Document: w.Document, Seq: w.New}
	var err error
	if g.Own, g.Part, err = ix.vectorsOf(ctx, w.Vectors, w.Attached); err != nil {
		return err
	}
	r, kept, err := ix.Maker.Make(ctx, g)
	if err != nil {
		return err
	}
	w.count = len(kept)
	for i := range kept {
		if err := passages.Add(ctx, w.Key, query{"index": query{"_id": records.PassageID(w.New, i), "routing": w.Key}}, &kept[i]); err != nil {
			return err
		}
	}
	action := query{"_id": records.DocumentKind + w.Key, "routing": w.Key}
	if w.old.Found {
		action["if_seq_no"], action["if_primary_term"] = w.old.SeqNo, w.old.Term
		return own.Hold(w.Key, query{"index": action}, r)
	}
	return own.Hold(w.Key, query{"create": action}, r)
}

// Remove deletes documents by key.
func (ix *Writer) Remove(ctx context.Context, keys []string) (removed int, err error) {
	for tries := 0; len(keys) > 0; tries++ {
		if tries > 20 {
			return removed, errors.New("documents are changed by other writers faster than they can be deleted here")
		}
		old, err := ix.Known(ctx, keys)
		if err != nil {
			return removed, err
		}
		var moves []Move
		own := ix.Bulk()
		for i, o := range old {
			if !o.Found {
				continue
			}
			moves = append(moves, Move{Key: keys[i], Old: o.Source.Seq, OldPassages: o.Source.X.Doc.Passages})
			action := query{"_id": records.DocumentKind + keys[i], "routing": keys[i], "if_seq_no": o.SeqNo, "if_primary_term": o.Term}
			if err := own.Hold(keys[i], query{"delete": action}, nil); err != nil {
				return removed, err
			}
		}
		if len(moves) == 0 {
			return removed, nil
		}
		seq, err := ix.take(ctx, 1)
		if err != nil {
			return removed, err
		}
		done, err := ix.intend(ctx, seq, moves)
		if err != nil {
			return removed, err
		}
		if err := own.Flush(ctx); err != nil {
			return removed, err
		}
		drop := ix.Bulk()
		keys = keys[:0]
		for _, m := range moves {
			if own.Conflicts[m.Key] {
				now, err := ix.Known(ctx, []string{m.Key})
				if err != nil {
					return removed, err
				}
				if now[0].Found {
					keys = append(keys, m.Key)
				}
				if now[0].Found && now[0].Source.Seq == m.Old {
					continue
				}
			}
			if reason := own.Refused[m.Key]; reason != "" {
				return removed, fmt.Errorf("the cluster does not delete a document: %s", reason)
			}
			removed++
			dropRows(drop, m.Key, m.Old, m.OldPassages)
		}
		if err := drop.Flush(ctx); err != nil {
			return removed, err
		}
		if err := done(ctx); err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// Bulk writes into the index.
func (ix *Writer) Bulk() *client.Bulk { return &client.Bulk{Cluster: ix.Cluster, Path: ix.Path} }

// dropRows deletes the passages of a document's sequence number.
func dropRows(b *client.Bulk, key string, seq int64, passages int) {
	for n := range passages {
		_ = b.Hold(key, query{"delete": query{"_id": records.PassageID(seq, n), "routing": key}}, nil)
	}
}

// Recover ends what writers that are gone have begun: what a document's own record does
// not name is deleted.
func (ix *Writer) Recover(ctx context.Context) error {
	var answer struct {
		Hits struct {
			Hits []struct {
				ID     string `json:"_id"`
				Source struct {
					X struct {
						At    int64  `json:"at"`
						Moves []Move `json:"moves"`
					} `json:"x"`
				} `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	body := query{"size": 100, "query": query{"term": query{"k": records.IntentKind}}}
	if err := ix.Cluster.Do(ctx, http.MethodPost, "/"+ix.Path+"/_search", body, &answer); err != nil {
		return err
	}
	for _, hit := range answer.Hits.Hits {
		if time.Since(time.Unix(hit.Source.X.At, 0)) < abandoned {
			continue
		}
		moves := hit.Source.X.Moves
		keys := make([]string, len(moves))
		for i, m := range moves {
			keys[i] = m.Key
		}
		now, err := ix.Known(ctx, keys)
		if err != nil {
			return err
		}
		for i, m := range moves {
			for _, seq := range []int64{m.Old, m.New} {
				if seq == 0 || now[i].Found && now[i].Source.Seq == seq {
					continue
				}
				gone := query{"query": query{"bool": query{"filter": []query{{"term": query{"k": records.PassageKind}}, {"term": query{"q": seq}}}}}}
				if err := ix.Cluster.Do(ctx, http.MethodPost, "/"+ix.Path+"/_delete_by_query?conflicts=proceed&refresh=true&routing="+m.Key, gone, nil); err != nil {
					return err
				}
			}
		}
		if err := ix.Cluster.Do(ctx, http.MethodDelete, "/"+ix.Path+"/_doc/"+hit.ID, nil, nil); err != nil && !client.IsStatus(err, http.StatusNotFound) {
			return err
		}
	}
	return nil
}
