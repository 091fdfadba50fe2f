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
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/mapping"
	"github.com/tamis-search/tamis/engine/opensearch/vectors"
	"github.com/tamis-search/tamis/index"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

// Options say where a cluster is, and how an index is made there.
type Options struct {
	// Addresses of nodes: http://HOST:PORT or https://HOST:PORT.
	Addresses      []string
	User, Password string
	// CA are certificates in PEM form of authorities that sign those of the nodes, beside
	// those of the system.
	CA []byte
	// Language, Similarity, Shards (1) and Replicas are those of an index that is made;
	// zero values stand for what is there.
	Language         string
	Similarity       tamis.Similarity
	Shards, Replicas int
	// Vectors says how fields keep their vectors, from their first use on, as
	// tamis.Options do; dense ones have 32 bits here.
	Vectors map[string]tamis.VectorField
	// MustExist makes opening fail with tamis.ErrNotFound where there is no index.
	MustExist bool
	// Migrate has an index that another version of tamis made be made anew on opening, while
	// it answers and takes no writes.
	Migrate bool
	// ReadOnly makes no index, and ends nothing that another writer has left.
	ReadOnly bool
	// Statistics are Global, the default, or Shard.
	Statistics string
	// Patience is how long a request is tried again while no node takes it; 0 is 30 s.
	Patience time.Duration
	// Counters are token counters beside those that a tamis.Budget can name.
	Counters []tamis.Counter
}

// The statistics that scores are made of.
const (
	Global = "global" // of all shards, which are asked first
	Shard  = "shard"  // of each shard for its own
)

// Scheme is what the addresses of indexes begin with: opensearch://HOST:PORT/NAME.
const Scheme = "opensearch://"

// Parse reads opensearch://[USER[:PASSWORD]@]HOST:PORT[,HOST:PORT…]/NAME and what may
// follow: ?tls=true, shards, replicas, statistics, migrate. A password may come from
// $TAMIS_OPENSEARCH_PASSWORD.
func Parse(address string) (name string, o Options, err error) {
	rest, ok := strings.CutPrefix(address, Scheme)
	if !ok {
		return "", o, fmt.Errorf("address %q does not begin with %s", address, Scheme)
	}
	rest, asked, _ := strings.Cut(rest, "?")
	hosts, name, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(hosts, '@'); i >= 0 {
		user, password, _ := strings.Cut(hosts[:i], ":")
		if o.User, err = url.PathUnescape(user); err == nil {
			o.Password, err = url.PathUnescape(password)
		}
		if err != nil {
			return "", o, fmt.Errorf("the name and password before @ are not escaped as in a URL")
		}
		hosts = hosts[i+1:]
	}
	o.Password = cmp.Or(o.Password, os.Getenv("TAMIS_OPENSEARCH_PASSWORD"))
	shown := Scheme + hosts + "/" + name // without the password
	if err := named(name); err != nil || hosts == "" {
		return "", o, fmt.Errorf("address %q: give %sHOST:PORT/NAME: %w", shown, Scheme, cmp.Or(err, errNoHost))
	}
	values, err := url.ParseQuery(asked)
	if err != nil {
		return "", o, fmt.Errorf("address %q: what follows ? is not written as in a URL", shown)
	}
	proto := "http://"
	for key := range values {
		v := values.Get(key)
		var err error
		switch key {
		case "tls":
			var on bool
			if on, err = strconv.ParseBool(v); on {
				proto = "https://"
			}
		case "shards":
			o.Shards, err = strconv.Atoi(v)
		case "replicas":
			o.Replicas, err = strconv.Atoi(v)
		case "migrate":
			o.Migrate, err = strconv.ParseBool(v)
		case "statistics":
			o.Statistics = v
		default:
			return "", o, fmt.Errorf("address %q: unknown %q after ?: use tls, shards, replicas, statistics or migrate", shown, key)
		}
		if err != nil {
			return "", o, fmt.Errorf("address %q: %s=%s is not a value that it takes", shown, key, v)
		}
	}
	for h := range strings.SplitSeq(hosts, ",") {
		o.Addresses = append(o.Addresses, proto+h)
	}
	return name, o, nil
}

var errNoHost = fmt.Errorf("it names no host")

// named says what is wrong with the name of an index.
func named(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("it names no index")
	case name != strings.ToLower(name) || strings.ContainsAny(name, "\\/*?\"<>| ,#:") || strings.ContainsAny(name[:1], "_-+.") || len(name) > 200:
		return fmt.Errorf("%q is no name for an index: use lower-case letters, digits, - and _", name)
	}
	return nil
}

// Index is an index in a cluster. It is safe for concurrent use, and so are several of
// them, in one process or many.
type Index struct {
	cluster   *client.Cluster
	name      string
	path      string // the name in a URL
	meta      mapping.Meta
	readOnly  bool
	dense     bool // all nodes have the plugin of dense vectors
	global    bool
	ingest    *ingest.Pipeline
	weights   index.Config
	analyzers text.Pool
	counters  map[string]tamis.Counter

	now     atomic.Pointer[generation]
	numbers sequence
	fields  *vectors.Fields
	encoder atomic.Pointer[tamis.Encoder]
	recalls recalls

	mu    sync.Mutex
	words words // what is known of the analyses
}

// Open opens the index of a name and makes it where there is none.
func Open(ctx context.Context, name string, o Options) (*Index, error) {
	if err := named(name); err != nil {
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
	ix.dense = plugins[vectors.Plugin] != ""
	m, found, err := ix.find(ctx)
	if err != nil {
		return err
	}
	if !found && (o.MustExist || o.ReadOnly) {
		return fmt.Errorf("index %q of the cluster: %w", ix.name, tamis.ErrNotFound)
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
	ix.weights = ix.ingest.Index()
	if ix.meta = m; !found {
		ix.meta = mapping.Meta{Format: mapping.Version, Made: ix.ingest.Made(), Config: want}
		if err := ix.create(ctx, ix.meta, o); err != nil {
			return err
		}
	}
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
		return ix.migrate(ctx)
	}
	return ix.writer().recover(ctx)
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
	return ix.cluster.Do(context.Background(), "DELETE", "/"+ix.now.Load().concrete, nil, nil)
}
