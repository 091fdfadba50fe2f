package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/generations"
	"github.com/tamis-search/tamis/engine/opensearch/mapping"
	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/engine/opensearch/writing"
	"github.com/tamis-search/tamis/vector"
)

// writes makes what all writers share, once ingest and fields are there.
func (ix *Index) writes() {
	ix.to = &writing.Index{Cluster: ix.cluster, Name: ix.name, Fields: ix.fields, Maker: records.Maker{Ingest: ix.ingest, Weights: ix.ingest.Index()}}
}

// writer writes into the generation that is there now.
func (ix *Index) writer() *writing.Writer {
	return &writing.Writer{Index: ix.to, Path: ix.now.Load().Writes}
}

// unfenced writes; where the index takes no writes for now, or was made anew, again when it
// does, for as long as the cluster is waited for.
func (ix *Index) unfenced(ctx context.Context, do func(w *writing.Writer) error) error {
	until := time.Now().Add(ix.cluster.Patience)
	for wait := client.FirstWait; ; wait = min(2*wait, client.MostWait) {
		err := do(ix.writer())
		if !client.Fenced(err) || time.Now().Add(wait).After(until) {
			return err
		}
		if err := client.Pause(ctx, wait); err != nil {
			return err
		}
		was := *ix.now.Load()
		m, found, err := ix.find(ctx)
		switch {
		case err != nil:
			return err
		case !found:
			return fmt.Errorf("index %q of the cluster is gone: %w", ix.name, tamis.ErrNotFound)
		case *ix.now.Load() == was: // it is not done yet, or the disk is full
		case m.Format != mapping.Version || m.Made != ix.ingest.Made():
			return fmt.Errorf("index %q was made anew by another version of tamis: open it again: %w", ix.name, tamis.ErrConfig)
		}
	}
}

// migratePage is how many documents are made anew at once.
const migratePage = 100

// migrate makes the index anew as this program makes indexes, from its documents as they are
// stored, under the next number. Searches go on meanwhile, writers wait; then the alias
// moves, and what was there before is removed, in one step.
//
// What another began so and did not end (see package generations) is taken away.
func (ix *Index) migrate(ctx context.Context, warn func(format string, args ...any)) (err error) {
	old := ix.now.Load()
	shards, replicas, err := ix.cluster.Shape(ctx, old.Concrete)
	if err != nil {
		return err
	}
	left, number, err := old.Begun(ctx, ix.cluster)
	if err != nil {
		return err
	}
	for _, name := range left {
		if alive, err := generations.Lives(ctx, ix.cluster, name); err != nil {
			return err
		} else if alive {
			return fmt.Errorf("index %q: %w (%q)", ix.name, generations.ErrMaking, name)
		}
		warn("index %q was being made anew as %q by a process that is gone: it is begun again", ix.name, name)
	}
	name, err := old.Name(number)
	if err != nil {
		return err
	}
	m := mapping.Meta{Format: mapping.Version, Made: ix.ingest.Made(), Config: ix.meta.Config, Seismic: ix.meta.Seismic}
	d := mapping.Definition(m, shards, replicas, ix.plugin != "")
	d["aliases"] = query{name + generations.Writers: query{}}
	err = ix.cluster.Do(ctx, http.MethodPut, "/"+url.PathEscape(name)+"?wait_for_active_shards=1", d, nil)
	var e *client.Error
	if errors.As(err, &e) && e.Type == "resource_already_exists_exception" {
		return fmt.Errorf("index %q: %w (%q)", ix.name, generations.ErrMaking, name)
	}
	if err != nil {
		return err
	}
	alive, err := generations.Begin(ctx, ix.cluster, name)
	if err != nil {
		return err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx)
		alive.End(ctx, err == nil)
		if err != nil && alive.Own(ctx) {
			err = errors.Join(err, old.Unblock(ctx, ix.cluster), generations.Remove(ctx, ix.cluster, name))
		}
	}()
	for _, gone := range left {
		if err := generations.Remove(ctx, ix.cluster, gone); err != nil {
			return err
		}
	}
	to := &Index{cluster: ix.cluster, name: ix.name, path: url.PathEscape(name + generations.Writers), ingest: ix.ingest, plugin: ix.plugin}
	to.fields = &vectors.Fields{Cluster: ix.cluster, Path: to.path, Seismic: ix.meta.Seismic}
	to.now.Store(generations.Of(name))
	to.writes()
	// When this returns, no write is under way.
	if err := ix.cluster.Do(ctx, http.MethodPut, "/"+old.Concrete+"/_block/write", nil, nil); err != nil {
		return err
	}
	if err := ix.cluster.Do(ctx, http.MethodPost, "/"+old.Concrete+"/_refresh", nil, nil); err != nil {
		return err
	}
	if err := ix.copyTo(ctx, to); err != nil {
		return fmt.Errorf("index %q: making it anew: %w", ix.name, err)
	}
	return ix.moveTo(ctx, old, name, m, alive)
}

// moveTo gives the name of the index to what was made of it, in one step, and removes what
// was there before.
func (ix *Index) moveTo(ctx context.Context, old *generations.Generation, name string, m mapping.Meta, alive *generations.Making) error {
	still, err := old.Blocked(ctx, ix.cluster)
	if err != nil {
		return err
	}
	if !still || !alive.Own(ctx) {
		return fmt.Errorf("index %q: it was written while it was made anew: try again", ix.name)
	}
	was, err := url.PathUnescape(old.Concrete)
	if err != nil {
		return err
	}
	actions := query{"actions": []query{
		{"add": query{"index": name, "alias": ix.name, "is_write_index": true}}, {"remove_index": query{"index": was}},
	}}
	if err := ix.cluster.Do(ctx, http.MethodPost, "/_aliases", actions, nil); err != nil {
		// Where the answer alone was lost, all is done.
		if _, found, lost := ix.find(ctx); lost != nil || !found || ix.now.Load().Concrete != url.PathEscape(name) {
			return err
		}
	}
	ix.meta = m
	ix.now.Store(generations.Of(name))
	ix.forgetWords()
	return nil
}

// mend takes away what somebody began to make in the place of this index and did not end, and
// has it take writes again.
func (ix *Index) mend(ctx context.Context, warn func(format string, args ...any)) error {
	names, _, err := ix.now.Load().Begun(ctx, ix.cluster)
	if err != nil {
		return err
	}
	for _, name := range names {
		alive, err := generations.Lives(ctx, ix.cluster, name)
		if err != nil {
			return err
		}
		if alive {
			return nil // writers wait for it
		}
		warn("index %q was being made anew as %q by a process that is gone: that is taken away, and the index takes writes again", ix.name, name)
		if err := errors.Join(ix.now.Load().Unblock(ctx, ix.cluster), generations.Remove(ctx, ix.cluster, name)); err != nil {
			return err
		}
	}
	return nil
}

// copyTo makes all documents anew in an index that nobody else writes, under the sequence
// numbers that they have.
func (ix *Index) copyTo(ctx context.Context, to *Index) error {
	fields, err := ix.fields.All(ctx)
	if err != nil {
		return err
	}
	if err := to.fields.Copy(ctx, fields); err != nil {
		return err
	}
	count := 0
	for after := -1; ; {
		m, err := ix.moment(ctx, tamis.Scope{}, false)
		if err != nil {
			return err
		}
		found, err := m.search(query{
			"size": migratePage, "track_total_hits": false, "query": query{"term": query{"k": records.DocumentKind}},
			"sort": []query{{"q": "asc"}}, "search_after": []int{after},
		}, false)
		if err != nil {
			return err
		}
		if len(found.Hits.Hits) == 0 {
			break
		}
		w := to.writer()
		passages, own := w.Bulk(), w.Bulk()
		for i := range found.Hits.Hits {
			made, err := m.anew(&found.Hits.Hits[i], to)
			if err != nil {
				return err
			}
			after = int(made.New)
			if err := w.Rows(ctx, made, passages, own); err != nil {
				return err
			}
		}
		count += len(found.Hits.Hits)
		if err := errors.Join(passages.Flush(ctx), own.Flush(ctx)); err != nil {
			return err
		}
		for key, reason := range passages.Refused {
			return fmt.Errorf("document with the key %s: the cluster does not take it: %s", key, reason)
		}
		for key, reason := range own.Refused {
			return fmt.Errorf("document with the key %s: the cluster does not take it: %s", key, reason)
		}
	}
	var head struct {
		Source query `json:"_source"`
	}
	if err := ix.cluster.Do(ctx, http.MethodGet, "/"+ix.path+"/_doc/head", nil, &head); err != nil {
		return err
	}
	if err := ix.cluster.Do(ctx, http.MethodPut, "/"+to.path+"/_doc/head?require_alias=true", head.Source, nil); err != nil {
		return err
	}
	if err := to.Refresh(ctx); err != nil {
		return err
	}
	got, _, err := to.Count(tamis.Scope{})
	if err == nil && got != count {
		err = fmt.Errorf("%w: %d of %d documents are there", tamis.ErrCorrupt, got, count)
	}
	return err
}

// anew is a stored document, ready to be written into another index.
func (m *moment) anew(h *hit, to *Index) (*writing.Change, error) {
	row, err := m.keep(h)
	if err != nil {
		return nil, err
	}
	d, err := m.source(row)
	if err != nil {
		return nil, err
	}
	var attached map[string]vector.Value
	if d.Vectors, attached, err = m.vectorsOf(row); err != nil {
		return nil, err
	}
	p := to.to.Prepare(*d)
	p.Attached = attached
	if p.Reason != "" {
		return nil, fmt.Errorf("document %q: %s", d.ID, p.Reason)
	}
	return &writing.Change{Ready: p, Move: writing.Move{Key: records.KeyOf(d.ID), New: int64(row.Segment)}}, nil
}
