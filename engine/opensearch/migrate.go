package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/mapping"
	"github.com/tamis-search/tamis/engine/opensearch/records"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/engine/opensearch/writing"
	"github.com/tamis-search/tamis/vector"
)

// An index is found by an alias that is its name; what is behind it is called that and a
// number, which counts how often it was made anew. Writers write by another alias, of that
// number: a batch that was begun in one is not ended in the next.
type generation struct{ concrete, writes string } // in a URL

const (
	firstSuffix = "-000001"
	writers     = "-writers"
)

func generationOf(concrete string) *generation {
	return &generation{url.PathEscape(concrete), url.PathEscape(concrete + writers)}
}

// writes makes what all writers share, once ingest and fields are there.
func (ix *Index) writes() {
	ix.to = &writing.Index{Cluster: ix.cluster, Name: ix.name, Fields: ix.fields, Maker: records.Maker{Ingest: ix.ingest, Weights: ix.ingest.Index()}}
}

// writer writes into the generation that is there now.
func (ix *Index) writer() *writing.Writer {
	return &writing.Writer{Index: ix.to, Path: ix.now.Load().writes}
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
func (ix *Index) migrate(ctx context.Context) (err error) {
	old := ix.now.Load()
	shards, replicas, err := ix.cluster.Shape(ctx, old.concrete)
	if err != nil {
		return err
	}
	name, err := next(old.concrete)
	if err != nil {
		return err
	}
	m := mapping.Meta{Format: mapping.Version, Made: ix.ingest.Made(), Config: ix.meta.Config}
	d := mapping.Definition(m, shards, replicas, ix.plugin != "")
	d["aliases"] = query{name + writers: query{}}
	err = ix.cluster.Do(ctx, http.MethodPut, "/"+url.PathEscape(name)+"?wait_for_active_shards=1", d, nil)
	var e *client.Error
	if errors.As(err, &e) && e.Type == "resource_already_exists_exception" {
		return fmt.Errorf("index %q is being made anew, or that broke off: if nobody does, delete the index %q of the cluster and try again: %w", ix.name, name, err)
	}
	if err != nil {
		return err
	}
	to := &Index{cluster: ix.cluster, name: ix.name, path: url.PathEscape(name + writers), ingest: ix.ingest, plugin: ix.plugin}
	to.fields = &vectors.Fields{Cluster: ix.cluster, Path: to.path}
	to.now.Store(generationOf(name))
	to.writes()
	defer func() {
		if err == nil {
			return
		}
		ctx := context.WithoutCancel(ctx)
		err = errors.Join(err, ix.cluster.Do(ctx, http.MethodDelete, "/"+url.PathEscape(name), nil, nil),
			ix.cluster.Do(ctx, http.MethodPut, "/"+old.concrete+"/_settings", query{"index.blocks.write": nil}, nil))
	}()
	// When this returns, no write is under way.
	if err := ix.cluster.Do(ctx, http.MethodPut, "/"+old.concrete+"/_block/write", nil, nil); err != nil {
		return err
	}
	if err := ix.cluster.Do(ctx, http.MethodPost, "/"+old.concrete+"/_refresh", nil, nil); err != nil {
		return err
	}
	if err := ix.copyTo(ctx, to); err != nil {
		return fmt.Errorf("index %q: making it anew: %w", ix.name, err)
	}
	was, err := url.PathUnescape(old.concrete)
	if err != nil {
		return err
	}
	actions := query{"actions": []query{
		{"add": query{"index": name, "alias": ix.name, "is_write_index": true}}, {"remove_index": query{"index": was}},
	}}
	if err := ix.cluster.Do(ctx, http.MethodPost, "/_aliases", actions, nil); err != nil {
		// Where the answer alone was lost, all is done.
		if _, found, lost := ix.find(ctx); lost != nil || !found || ix.now.Load().concrete != url.PathEscape(name) {
			return err
		}
	}
	ix.meta = m
	ix.now.Store(generationOf(name))
	ix.forgetWords()
	return nil
}

// next is the name after that of a generation.
func next(concrete string) (string, error) {
	name, err := url.PathUnescape(concrete)
	if err != nil {
		return "", err
	}
	i := strings.LastIndexByte(name, '-')
	n, err := strconv.Atoi(name[i+1:])
	if i < 0 || err != nil {
		return "", fmt.Errorf("index %q has no number at its end", name)
	}
	return fmt.Sprintf("%s-%06d", name[:i], n+1), nil
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
