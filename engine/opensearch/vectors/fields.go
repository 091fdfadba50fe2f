package vectors

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/store/names"
	"github.com/tamis-search/tamis/vector"
)

// Kind is that of the records of fields.
const Kind = "v"

// Plugin is what brings dense vectors.
const Plugin = "opensearch-knn"

// Fields are those of an index: each is a record of the cluster, which the first vector of
// the field writes. It is safe for concurrent use.
type Fields struct {
	Cluster *client.Cluster
	Path    string // of the index
	Seismic int    // see mapping.Meta

	mu     sync.Mutex
	wanted map[string]vector.Field // how fields are to be that are not used
	stored map[string]vector.Field
	mapped map[string]bool // by this process
	at     time.Time       // when all were read
}

// record is what the record of a field has.
type record struct {
	Kind string `json:"k"`
	X    struct {
		Name  string       `json:"name"`
		Field vector.Field `json:"field"`
	} `json:"x"`
}

// fresh is how long the fields are taken to be all.
const fresh = 2 * time.Second

// All are the fields that are used; with an error, those that were known.
func (f *Fields) All(ctx context.Context) (map[string]vector.Field, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.at) < fresh {
		return maps.Clone(f.stored), nil
	}
	var found struct {
		Hits struct {
			Hits []struct {
				Source record `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	at := time.Now()
	body := client.Query{"size": 1000, "query": client.Query{"term": client.Query{"k": Kind}}}
	if err := f.Cluster.Do(ctx, http.MethodPost, "/"+f.Path+"/_search?allow_partial_search_results=false", body, &found); err != nil {
		return maps.Clone(f.stored), err
	}
	for _, h := range found.Hits.Hits {
		f.know(h.Source)
	}
	f.at = at
	return maps.Clone(f.stored), nil
}

// Said are the fields that are used, and those that are wanted.
func (f *Fields) Said(ctx context.Context) (map[string]vector.Field, error) {
	all, err := f.All(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	said := maps.Clone(f.wanted)
	if said == nil {
		said = map[string]vector.Field{}
	}
	maps.Copy(said, all)
	return said, err
}

// Want says how fields are to be that are not used; an error, where one is otherwise.
func (f *Fields) Want(ctx context.Context, fields map[string]vector.Field) error {
	used, err := f.All(ctx)
	if err != nil {
		return err
	}
	kept := map[string]vector.Field{}
	for name, w := range fields {
		if w.Kind != vector.KindSparse {
			w.Bits = 32
		}
		kept[name] = w
	}
	if _, err := names.NewFields(f.Path, used, kept); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wanted == nil {
		f.wanted = map[string]vector.Field{}
	}
	maps.Copy(f.wanted, kept)
	return nil
}

// idOf is what the record of a field is called.
func idOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return Kind + hex.EncodeToString(sum[:16])
}

func (f *Fields) know(r record) {
	if f.stored == nil {
		f.stored = map[string]vector.Field{}
	}
	f.stored[r.X.Name] = r.X.Field
}

// Use fixes how a field keeps its vectors, of which v, a valid one, is the first, or says
// that v cannot be one of it (UnfitError).
func (f *Fields) Use(ctx context.Context, name string, v vector.Value) (vector.Field, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		known, err := names.NewFields(f.Path, f.stored, f.wanted)
		if err != nil {
			return vector.Field{}, err
		}
		if err := known.Use(name, v); err != nil {
			return vector.Field{}, &UnfitError{err}
		}
		field := known.Field(name)
		if _, ok := f.stored[name]; ok {
			return field, f.mapping(ctx, name, field)
		}
		if field.Kind != vector.KindSparse {
			field.Bits = 32
			if err := f.plugged(ctx, field.Kind); err != nil {
				return field, err
			}
		}
		if err := f.write(ctx, name, field); err != nil {
			return field, err
		}
	}
}

// Copy makes fields that another index has.
func (f *Fields) Copy(ctx context.Context, all map[string]vector.Field) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name, field := range all {
		if err := f.write(ctx, name, field); err != nil {
			return err
		}
		if err := f.mapping(ctx, name, field); err != nil {
			return err
		}
	}
	return nil
}

// write makes the record of a field, or reads the one that another writer made.
func (f *Fields) write(ctx context.Context, name string, field vector.Field) error {
	id := idOf(name)
	r := record{Kind: Kind}
	r.X.Name, r.X.Field = name, field
	err := f.Cluster.Do(ctx, http.MethodPut, "/"+f.Path+"/_create/"+id+"?refresh=true", r, nil)
	if client.IsStatus(err, http.StatusConflict) {
		var got struct {
			Source record `json:"_source"`
		}
		if err = f.Cluster.Do(ctx, http.MethodGet, "/"+f.Path+"/_doc/"+id, nil, &got); err == nil {
			r = got.Source
		}
	}
	if err == nil {
		f.know(r)
	}
	return err
}

// plugged says that the plugin of dense vectors is missing, or too old.
func (f *Fields) plugged(ctx context.Context, k vector.Kind) error {
	have, err := f.Cluster.Plugins(ctx)
	if err != nil {
		return err
	}
	switch {
	case have[Plugin] == "":
		return unfit("the cluster lacks the plugin %s on some node, and so searches by %s vectors: install it on all of them", Plugin, k)
	case k == vector.KindMulti && !Compares(have[Plugin]):
		return unfit("the cluster has version %s of the plugin %s, which does not compare multi-vectors: 3.3 or later does", have[Plugin], Plugin)
	}
	return nil
}

// Compares says whether a version of the plugin compares multi-vectors.
func Compares(version string) bool { return since33(version) }

func since33(version string) bool {
	var major, minor int
	_, err := fmt.Sscanf(version, "%d.%d", &major, &minor)
	return err == nil && (major > 3 || major == 3 && minor >= 3)
}

// Field is how a field keeps its vectors, or how it is to where it is not used.
func (f *Fields) Field(name string) vector.Field {
	f.mu.Lock()
	defer f.mu.Unlock()
	if used, ok := f.stored[name]; ok {
		return used
	}
	return f.wanted[name]
}

// NeedsMax and SetMax are those of names.Fields.
func (f *Fields) NeedsMax(name string) (steps int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, used := f.stored[name]
	w := f.wanted[name]
	return w.Steps(), !used && w.Kind == vector.KindSparse && (w.Bits == 8 || w.Bits == 16) && w.Max == 0
}

// SetMax tells such a field its greatest weight.
func (f *Fields) SetMax(name string, most float32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	w := f.wanted[name]
	w.Max = most
	f.wanted[name] = w
}

// Move notes where the model of a field lies now, if that is used.
func (f *Fields) Move(ctx context.Context, name, model string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	field, ok := f.stored[name]
	if !ok || field.Model == model {
		return nil
	}
	field.Model = model
	r := record{Kind: Kind}
	r.X.Name, r.X.Field = name, field
	err := f.Cluster.Do(ctx, http.MethodPut, "/"+f.Path+"/_doc/"+idOf(name)+"?refresh=true", r, nil)
	if err == nil {
		f.know(r)
	}
	return err
}

// mapping has the cluster index a field, once.
func (f *Fields) mapping(ctx context.Context, name string, field vector.Field) error {
	if f.mapped[name] || field.Kind == vector.KindMulti {
		return nil // what is compared by a script is not indexed
	}
	how := client.Query{"type": "rank_features"}
	if field.Kind == vector.KindDense {
		how = client.Query{"type": "knn_vector", "dimension": field.Dims, "method": client.Query{"name": "hnsw", "engine": "lucene", "space_type": "innerproduct"}}
	}
	all := client.Query{Property(name, field.Kind): how}
	if field.Kind == vector.KindSparse && f.Seismic > 0 {
		all[near(name)] = nearMapping(field, f.Seismic)
	}
	body := client.Query{"properties": client.Query{"v": client.Query{"properties": all}}}
	err := f.Cluster.Do(ctx, http.MethodPut, "/"+f.Path+"/_mapping", body, nil)
	var e *client.Error
	if errors.As(err, &e) && e.Status == http.StatusBadRequest && strings.Contains(e.Reason, "knn_vector") {
		return unfit("the cluster lacks the plugin %s, and so searches by dense vectors: %w", Plugin, err)
	}
	if err != nil {
		return err
	}
	if f.mapped == nil {
		f.mapped = map[string]bool{}
	}
	f.mapped[name] = true
	return nil
}
