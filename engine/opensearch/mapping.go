package opensearch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tamis-search/tamis/engine/opensearch/client"
	"github.com/tamis-search/tamis/engine/opensearch/generations"
	"github.com/tamis-search/tamis/engine/opensearch/mapping"
	"github.com/tamis-search/tamis/engine/opensearch/records"
)

// errNotOurs says that an index of that name is somebody else's.
var errNotOurs = errors.New("the index was not made by tamis")

// find looks an index up by its name, or the alias that has it.
func (ix *Index) find(ctx context.Context) (m mapping.Meta, found bool, err error) {
	var answer map[string]struct {
		Mappings struct {
			Meta struct {
				Tamis *mapping.Meta `json:"tamis"`
			} `json:"_meta"`
		} `json:"mappings"`
	}
	err = ix.cluster.Do(ctx, http.MethodGet, "/"+ix.path+"/_mapping", nil, &answer)
	if client.IsStatus(err, http.StatusNotFound) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	if len(answer) != 1 {
		return m, false, fmt.Errorf("%q is %d indexes of the cluster: give the name of one", ix.name, len(answer))
	}
	for name, a := range answer {
		if a.Mappings.Meta.Tamis == nil {
			return m, false, fmt.Errorf("index %q: %w: choose another name", name, errNotOurs)
		}
		m = *a.Mappings.Meta.Tamis
		ix.now.Store(generations.Of(name))
	}
	return m, true, nil
}

// create makes the index, under an alias by which it is found.
func (ix *Index) create(ctx context.Context, m mapping.Meta, o Options) error {
	name := ix.name + generations.FirstSuffix // of two that create it at once, one is told that it is there
	d := mapping.Definition(m, max(o.Shards, 1), o.Replicas, ix.plugin != "")
	d["aliases"] = query{ix.name: query{"is_write_index": true}, name + generations.Writers: query{}}
	err := ix.cluster.Do(ctx, http.MethodPut, "/"+url.PathEscape(name)+"?wait_for_active_shards=1", d, nil)
	var e *client.Error
	if errors.As(err, &e) && strings.Contains(e.Reason, "delimited_term_freq") {
		return fmt.Errorf("the cluster lacks the token filter delimited_term_freq (OpenSearch 2.13 or later has it): %w", err)
	}
	if errors.As(err, &e) && e.Type == "resource_already_exists_exception" {
		_, found, err := ix.find(ctx)
		if err == nil && !found {
			err = fmt.Errorf("index %q: %w: it is there, without the alias %q", name, errNotOurs, ix.name)
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("index %q: %w", ix.name, err)
	}
	head := query{"k": records.HeadKind, "q": 1}
	ix.now.Store(generations.Of(name))
	if err := ix.cluster.Do(ctx, http.MethodPut, "/"+ix.now.Load().Writes+"/_create/head?require_alias=true", head, nil); err != nil && !client.IsStatus(err, http.StatusConflict) {
		return err
	}
	return nil
}
