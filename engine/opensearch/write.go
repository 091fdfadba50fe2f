package opensearch

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/metadata"
	"github.com/tamis-search/tamis/engine/opensearch/termfreq"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/store"
	"github.com/tamis-search/tamis/store/prepare"
	"github.com/tamis-search/tamis/store/record"
	"github.com/tamis-search/tamis/vector"
)

// A document is written in four steps, each of which the next begins after: an intent,
// its passages under a new sequence number, its own record in the place of the one
// before, the deletion of the passages of that. Its own record says which passages are
// its; an intent that is left over says which are not (recover).

const (
	// batchBytes and batchDocuments are how much is written at once.
	batchBytes     = 4 << 20
	batchDocuments = 500
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
func (ix *writer) take(ctx context.Context, n int) (int64, error) {
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
		if err := ix.cluster.Do(ctx, http.MethodGet, "/"+ix.writes+"/_doc/head", nil, &head); err != nil {
			return 0, fmt.Errorf("index %q: its head: %w", ix.name, err)
		}
		end := head.Source.Next + int64(max(n, reserved))
		path := fmt.Sprintf("/%s/_doc/head?require_alias=true&if_seq_no=%d&if_primary_term=%d", ix.writes, head.Seq, head.Term)
		err := ix.cluster.Do(ctx, http.MethodPut, path, query{"k": headKind, "q": end}, nil)
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

// ready is a document that is ready to be written.
type ready struct {
	*prepare.Document
	vectors map[string]vector.Value // by the names of their terms
	reason  string                  // why it cannot be
	err     error                   // of the sequence of documents
}

func (ix *Index) prepare(d tamis.Document) ready {
	p := ready{Document: &prepare.Document{Document: d}}
	if p.reason = ingest.Unfit(&d); p.reason != "" {
		return p
	}
	if len(d.Source) > mostBytes {
		p.reason = fmt.Sprintf("its text has %d MB, more than the %d MB that one document may have: split it", len(d.Source)>>20, mostBytes>>20)
		return p
	}
	var digested []byte
	if len(d.Vectors) > 0 {
		var err error
		if p.vectors, digested, err = vectors.Canonical(d.Vectors); err != nil {
			p.reason = err.Error()
			return p
		}
		if n := record.Vectors(p.vectors).Numbers(); n > store.MaxNumbers {
			p.reason = fmt.Sprintf("its vectors have %d weights or numbers, more than the %d that one document may have", n, store.MaxNumbers)
			return p
		}
	}
	p.Describe(ix.ingest)
	if err := p.Seal(digested); err != nil {
		p.reason = err.Error()
	}
	return p
}

// keeps says why vectors cannot be those of their fields.
func (ix *Index) keeps(ctx context.Context, all map[string]vector.Value) (reason string, err error) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		err := ix.unfenced(ctx, func(*writer) error {
			_, err := ix.fields.Use(ctx, name, all[name])
			return err
		})
		var unfit *vectors.UnfitError
		if errors.As(err, &unfit) {
			return err.Error(), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// vectorsOf are those of a document's own record, and those of the passage that a range is.
func (ix *writer) vectorsOf(ctx context.Context, all map[string]vector.Value) (own vectors.Record, of func(start, end int) vectors.Record, err error) {
	type at struct{ start, end int }
	parts := map[at]*vectors.Record{}
	for name, v := range all {
		f, err := ix.fields.Use(ctx, name, v)
		if err != nil {
			return own, nil, err
		}
		list, ok := v.(vector.Parts)
		if !ok {
			own.Put(name, f, v)
		}
		for _, p := range list {
			r := parts[at{p.Start, p.End}]
			if r == nil {
				r = &vectors.Record{}
				parts[at{p.Start, p.End}] = r
			}
			r.Put(name, f, p.Vector)
		}
	}
	return own, func(start, end int) vectors.Record {
		if r := parts[at{start, end}]; r != nil {
			return *r
		}
		return vectors.Record{}
	}, nil
}

// stored is what is known of a document that is there.
type stored struct {
	Found  bool        `json:"found"`
	Error  client.Item `json:"error"`
	SeqNo  int64       `json:"_seq_no"`
	Term   int64       `json:"_primary_term"`
	Source struct {
		Seq int64        `json:"q"`
		X   documentData `json:"x"`
	} `json:"_source"`
}

// known reads the records of documents by key, as they are now.
func (ix *writer) known(ctx context.Context, keys []string) ([]stored, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	docs := make([]query, len(keys))
	for i, k := range keys {
		docs[i] = query{"_id": documentKind + k, "routing": k, "_source": query{"excludes": []string{"x.b", "x.p", "x.v"}}}
	}
	var answer struct {
		Docs []stored `json:"docs"`
	}
	err := ix.cluster.Again(ctx, func() error {
		answer.Docs = nil
		err := ix.cluster.Once(ctx, http.MethodPost, "/"+ix.writes+"/_mget", query{"docs": docs}, &answer)
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

// move is one document from one sequence number to another; 0 is none.
type move struct {
	Key string `json:"key"`
	Old int64  `json:"old,omitempty"`
	New int64  `json:"new,omitempty"`
	// OldPassages is how many passages Old has.
	OldPassages int `json:"passages,omitempty"`
}

// writing is a document of a batch that is not as it is stored.
type writing struct {
	ready
	move
	old   stored
	count int // of its passages
}

// write writes the documents of a batch that are not as they are stored, from the sequence
// number first on, and returns what has to be tried again.
func (ix *writer) write(ctx context.Context, writes []*writing, first int64, report *tamis.Report) (again []ready, err error) {
	moves := make([]move, len(writes))
	for i, w := range writes {
		w.New = first + int64(i)
		moves[i] = w.move
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
	passages, records := ix.bulk(), ix.bulk()
	for _, w := range writes {
		if err := ix.rows(ctx, w, passages, records); err != nil {
			return nil, err
		}
	}
	if err := passages.Flush(ctx); err != nil {
		return nil, err
	}
	if err := records.Flush(ctx); err != nil {
		return nil, err
	}
	drop := ix.bulk()
	for _, w := range writes {
		reason := passages.Refused[w.Key]
		if reason == "" {
			reason = records.Refused[w.Key]
		}
		conflict := records.Conflicts[w.Key]
		if conflict || reason != "" {
			// Whoever was faster may have been this very request, its answer lost.
			if now, err := ix.known(ctx, []string{w.Key}); err != nil {
				return nil, err
			} else if now[0].Found && now[0].Source.Seq == w.New {
				conflict, reason = false, ""
			}
		}
		if reason != "" || conflict {
			dropRows(drop, w.Key, w.New, w.count)
			if reason == "" {
				again = append(again, w.ready)
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
func (ix *writer) intend(ctx context.Context, seq int64, moves []move) (done func(context.Context) error, err error) {
	path := "/" + ix.writes + "/_doc/i" + strconv.FormatInt(seq, 10)
	body := query{"k": intentKind, "q": seq, "x": query{"at": time.Now().Unix(), "moves": moves}}
	if err := ix.cluster.Do(ctx, http.MethodPut, path+"?require_alias=true", body, nil); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		err := ix.cluster.Do(ctx, http.MethodDelete, path, nil, nil)
		if client.IsStatus(err, http.StatusNotFound) {
			err = nil
		}
		return err
	}, nil
}

// rows puts the records of a document into bulks.
func (ix *writer) rows(ctx context.Context, w *writing, passages, records *client.Bulk) error {
	d := &w.Document.Document
	made, err := ix.ingest.Rows(d, w.Analyzer)
	if err != nil {
		return err
	}
	h := *w.Header
	h.Coding = ""
	values := metadata.Describe(made.Metadata)
	all := termfreq.Weigh(ix.weights, made.Document)
	own, part, err := ix.vectorsOf(ctx, w.vectors)
	if err != nil {
		return err
	}
	var kept []passageRecord
	err = made.Each(func(p corpus.Passage, f index.Fields) error {
		if made.Joined && made.Document.Body == nil {
			all.Add(f.Body, 1)
		}
		r := passageRecord{Kind: passageKind, Seq: w.New, N: len(kept), Row: rowOf(w.New, len(kept)), Terms: termfreq.Weigh(ix.weights, f).String(), Described: values}
		r.X = passageData{Start: p.Start, Text: d.Source[p.Start:p.End], Headings: slices.Clone(p.Headings), Sentences: flat(p)}
		v := part(p.Start, p.End)
		r.Vectors, r.X.Vectors = v.Indexed, v.Stored
		if place := d.PlaceOf(p.Start); !place.IsZero() {
			r.X.Place = &place
		}
		kept = append(kept, r)
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	w.count = len(kept)
	head := headerData{Header: &h, Passages: len(kept)}
	short := h
	short.Digest = nil // it stands in the document's own record
	for i := range kept {
		kept[i].X.Doc = headerData{Header: &short, Passages: len(kept)}
		if err := passages.Add(ctx, w.Key, query{"index": query{"_id": passageID(w.New, i), "routing": w.Key}}, &kept[i]); err != nil {
			return err
		}
	}
	r := documentRecord{
		Kind: documentKind, Seq: w.New, Row: strconv.FormatInt(w.New, 10), ID: sortedID(d.ID), Terms: all.String(), Title: termfreq.Title(made.Title), Analyzer: w.Analyzer, Described: values,
		Vectors: own.Indexed, X: documentData{Doc: head, Blocks: w.Blocks, Places: w.Places, storedVectors: storedVectors{own.Stored}},
	}
	action := query{"_id": documentKind + w.Key, "routing": w.Key}
	if w.old.Found {
		action["if_seq_no"], action["if_primary_term"] = w.old.SeqNo, w.old.Term
		return records.Hold(w.Key, query{"index": action}, &r)
	}
	return records.Hold(w.Key, query{"create": action}, &r)
}

// Delete is tamis.Index.Delete.
func (ix *Index) Delete(ctx context.Context, ids ...string) (removed int, err error) {
	if ix.readOnly {
		return 0, tamis.ErrReadOnly
	}
	defer func() {
		if removed > 0 {
			ix.forgetWords()
			err = errors.Join(err, ix.Refresh(context.WithoutCancel(ctx)))
		}
	}()
	for part := range slices.Chunk(ids, batchDocuments) {
		keys := make([]string, 0, len(part))
		for _, id := range part {
			if k := keyOf(id); !slices.Contains(keys, k) {
				keys = append(keys, k)
			}
		}
		err := ix.unfenced(ctx, func(w *writer) error {
			n, err := w.remove(ctx, slices.Clone(keys))
			removed += n
			return err
		})
		if err != nil {
			return removed, err
		}
	}
	return removed, nil
}

// remove deletes documents by key.
func (ix *writer) remove(ctx context.Context, keys []string) (removed int, err error) {
	for tries := 0; len(keys) > 0; tries++ {
		if tries > 20 {
			return removed, errors.New("documents are changed by other writers faster than they can be deleted here")
		}
		old, err := ix.known(ctx, keys)
		if err != nil {
			return removed, err
		}
		var moves []move
		records := ix.bulk()
		for i, o := range old {
			if !o.Found {
				continue
			}
			moves = append(moves, move{Key: keys[i], Old: o.Source.Seq, OldPassages: o.Source.X.Doc.Passages})
			action := query{"_id": documentKind + keys[i], "routing": keys[i], "if_seq_no": o.SeqNo, "if_primary_term": o.Term}
			if err := records.Hold(keys[i], query{"delete": action}, nil); err != nil {
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
		if err := records.Flush(ctx); err != nil {
			return removed, err
		}
		drop := ix.bulk()
		keys = keys[:0]
		for _, m := range moves {
			if records.Conflicts[m.Key] {
				now, err := ix.known(ctx, []string{m.Key})
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
			if reason := records.Refused[m.Key]; reason != "" {
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

// bulk writes into the index.
func (ix *writer) bulk() *client.Bulk { return &client.Bulk{Cluster: ix.cluster, Path: ix.writes} }

// dropRows deletes the passages of a document's sequence number.
func dropRows(b *client.Bulk, key string, seq int64, passages int) {
	for n := range passages {
		_ = b.Hold(key, query{"delete": query{"_id": passageID(seq, n), "routing": key}}, nil)
	}
}

// recover ends what writers that are gone have begun: what a document's own record does
// not name is deleted.
func (ix *writer) recover(ctx context.Context) error {
	var answer struct {
		Hits struct {
			Hits []struct {
				ID     string `json:"_id"`
				Source struct {
					X struct {
						At    int64  `json:"at"`
						Moves []move `json:"moves"`
					} `json:"x"`
				} `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	body := query{"size": 100, "query": query{"term": query{"k": intentKind}}}
	if err := ix.cluster.Do(ctx, http.MethodPost, "/"+ix.writes+"/_search", body, &answer); err != nil {
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
		now, err := ix.known(ctx, keys)
		if err != nil {
			return err
		}
		for i, m := range moves {
			for _, seq := range []int64{m.Old, m.New} {
				if seq == 0 || now[i].Found && now[i].Source.Seq == seq {
					continue
				}
				gone := query{"query": query{"bool": query{"filter": []query{{"term": query{"k": passageKind}}, {"term": query{"q": seq}}}}}}
				if err := ix.cluster.Do(ctx, http.MethodPost, "/"+ix.writes+"/_delete_by_query?conflicts=proceed&refresh=true&routing="+m.Key, gone, nil); err != nil {
					return err
				}
			}
		}
		if err := ix.cluster.Do(ctx, http.MethodDelete, "/"+ix.writes+"/_doc/"+hit.ID, nil, nil); err != nil && !client.IsStatus(err, http.StatusNotFound) {
			return err
		}
	}
	return nil
}
