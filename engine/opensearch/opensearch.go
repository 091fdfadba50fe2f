// Package opensearch is an index over a cluster of OpenSearch: reading, splitting,
// analysis, selection and proof are tamis's, the cluster holds the records and ranks.
//
// # Records
//
// One index of the cluster has all of it. A field k names the kind of a record, q is the
// sequence number of its document, which is the order of addition; x is what is read back
// and never searched.
//
//	head   h   _id "head": q is the next sequence number
//	document d  _id "d" and the key of its id: the terms of the whole document (T), its
//	            id (i), analysed title (y), analysis (a), the fields and values of its metadata (F, f); x has
//	            its header, and its blocks and places as a store has them
//	passage p   _id "p", the sequence number, "/" and the number of the passage, which
//	            is also its row (r): its terms (t), the values of its document's metadata,
//	            so that nothing has to be joined; x has its bytes of the source, of
//	            which the passages of a document are all, its headings and sentences,
//	            and the header of its document
//	field v     _id "v" and the digest of its name: how a field keeps its vectors, which
//	            stand with the documents or passages that they are of (package vectors)
//	intent i    _id "i" and a sequence number: what a writer is about to do, so that
//	            it can be ended or taken back by another
//
// The key of an id is the beginning of its SHA-256, and what the records of a document
// are routed by: they stand in one shard. Terms are written with their weighted
// frequencies, as tamis counts them, and read by a filter that takes these as they are:
// a score is that of package search, but for the length of a row, which has four
// significant bits here (see filled), and for statistics, which count what was deleted until the
// cluster merges it away, and are those of one shard unless all are asked first
// (Options.Statistics).
package opensearch

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/address"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/generations"
	"github.com/tamis-search/tamis/engine/opensearch/mapping"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/engine/opensearch/writing"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// Options say where a cluster is, and how an index is made there.
type Options = address.Options

// What addresses begin with, and the statistics that scores are made of.
const Scheme, Global, Shard = address.Scheme, address.Global, address.Shard

// Parse reads the address of an index.
func Parse(of string) (name string, o Options, err error) { return address.Parse(of) }

// query is a part of a request.
type query = client.Query

// Index is an index in a cluster. It is safe for concurrent use, and so are several of
// them, in one process or many.
type Index struct {
	cluster   *client.Cluster
	name      string
	path      string // the name in a URL
	meta      mapping.Meta
	readOnly  bool
	plugin    string // the version of the plugin of dense vectors that all nodes have, "" for none
	global    bool
	ingest    *ingest.Pipeline
	analyzers text.Pool
	counters  map[string]tamis.Counter

	now     atomic.Pointer[generations.Generation]
	to      *writing.Index
	fields  *vectors.Fields
	encoder atomic.Pointer[tamis.Encoder]
	recalls recalls

	mu    sync.Mutex
	words words // what is known of the analyses
}

// Open opens the index of a name and makes it where there is none.
func Open(ctx context.Context, name string, o Options) (*Index, error) {
	if err := address.Named(name); err != nil {
		return nil, err
	}
	switch o.Statistics {
	case "", Global, Shard:
	default:
		return nil, fmt.Errorf("unknown statistics %q: use %s or %s", o.Statistics, Global, Shard)
	}
	c, err := client.Dial(client.Options{Addresses: o.Addresses, User: o.User, Password: o.Password, CA: o.CA, Patience: o.Patience})
	if err != nil {
		return nil, err
	}
	ix := &Index{
		cluster: c, name: name, path: url.PathEscape(name), readOnly: o.ReadOnly,
		global: o.Statistics != Shard, counters: map[string]tamis.Counter{},
	}
	ix.fields = &vectors.Fields{Cluster: c, Path: ix.path}
	for _, counter := range o.Counters {
		ix.counters[counter.Name()] = counter
	}
	if err := ix.open(ctx, o); err != nil {
		c.Close()
		return nil, err
	}
	return ix, nil
}

// opening is how long a cluster is waited for that has not answered yet.
const opening = 3 * time.Second

func (ix *Index) open(ctx context.Context, o Options) (err error) {
	first := *ix.cluster
	first.Patience = min(first.Patience, opening)
	if err := first.Known(ctx); err != nil {
		return err
	}
	plugins, err := ix.cluster.Plugins(ctx)
	if err != nil {
		return err
	}
	ix.plugin = plugins[vectors.Plugin]
	m, found, err := ix.find(ctx)
	if err != nil {
		return err
	}
	if !found && (o.MustExist || o.ReadOnly) {
		return fmt.Errorf("index %q of the cluster: %w", ix.name, tamis.ErrNotFound)
	}
	warn := o.Warn
	if warn == nil {
		warn = func(string, ...any) {}
	}
	want := ingest.Config{Similarity: ingest.Similarity(o.Similarity), Language: o.Language}
	if found {
		if m.Format > mapping.Version {
			return fmt.Errorf("index %q: %w", ix.name, tamis.ErrNewer)
		}
		if want.Similarity != "" && want.Similarity != m.Config.Similarity || want.Language != "" && want.Language != m.Config.Language {
			return fmt.Errorf("index %q: %w", ix.name, tamis.ErrConfig)
		}
		want = m.Config
	}
	want.Similarity = cmp.Or(want.Similarity, ingest.BM25F)
	want.Language = cmp.Or(want.Language, "auto")
	if ix.ingest, err = ingest.New(want, ingest.Variant{}); err != nil {
		return err
	}
	ix.writes()
	if ix.meta = m; !found {
		ix.meta = mapping.Meta{Format: mapping.Version, Made: ix.ingest.Made(), Config: want, Seismic: o.Seismic}
		if err := seismic(o.Seismic, plugins[vectors.Neural]); err != nil {
			return err
		}
		if err := ix.create(ctx, ix.meta, o); err != nil {
			return err
		}
	}
	ix.fields.Seismic = ix.meta.Seismic
	if err := ix.fields.Want(ctx, o.Vectors); err != nil {
		return err
	}
	switch {
	case o.ReadOnly:
		return nil
	case ix.meta.Format != mapping.Version || ix.meta.Made != ix.ingest.Made():
		if !o.Migrate {
			return fmt.Errorf("index %q: another version of tamis made it (format %d, analysis %s; this one %d, %s): read it, or have it made anew while it answers, with ?migrate=true after its address: %w",
				ix.name, ix.meta.Format, ix.meta.Made, mapping.Version, ix.ingest.Made(), tamis.ErrConfig)
		}
		return ix.migrate(ctx, warn)
	}
	if err := ix.mend(ctx, warn); err != nil {
		return err
	}
	return ix.writer().Recover(ctx)
}

// seismic says why a cluster with a version of the plugin cannot have what is asked.
func seismic(threshold int, plugin string) error {
	switch {
	case threshold < 0:
		return fmt.Errorf("seismic is %d: give how many documents a segment has that is searched approximately, such as 1000000", threshold)
	case threshold == 0:
		return nil
	}
	return vectors.Seismic(plugin)
}

// Close releases the connections.
func (ix *Index) Close() error { return ix.cluster.Close() }

// Counter is the token counter of a name, as that of tamis.Index.
func (ix *Index) Counter(name string) (tamis.Counter, error) {
	return ix.counter(name)
}

func (ix *Index) counter(name string) (tokens.Counter, error) {
	name = cmp.Or(name, tokens.Default)
	if c, ok := ix.counters[name]; ok {
		return c, nil
	}
	c, err := tokens.New(name)
	return c, tamis.AsInvalid(err)
}

// Refresh lets searches find what was added; Add and Delete do so by themselves.
func (ix *Index) Refresh(ctx context.Context) error {
	return ix.cluster.Do(ctx, "POST", "/"+ix.path+"/_refresh", nil, nil)
}

// Drop deletes the index with all that it holds.
func (ix *Index) Drop() error {
	if _, found, err := ix.find(context.Background()); err != nil || !found {
		return err
	}
	return ix.cluster.Do(context.Background(), "DELETE", "/"+ix.now.Load().Concrete, nil, nil)
}
