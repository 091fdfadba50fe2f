//go:build linux

package opensearch_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/enginetest"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/internal/nodes"
)

// open opens an empty index in a cluster.
func open(t *testing.T, c *nodes.Cluster, o opensearch.Options) *opensearch.Index {
	t.Helper()
	o.Addresses = c.Addresses()
	name := strings.ToLower(strings.NewReplacer("/", "-", "#", "-").Replace(t.Name()))
	ix, err := opensearch.Open(t.Context(), name, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ix.Drop(); err != nil {
			t.Error(err)
		}
		_ = ix.Close()
	})
	return ix
}

// TestEngine: an index in a cluster is what an embedded one is, whatever its shards.
func TestEngine(t *testing.T) {
	c := nodes.Start(t, 1)
	for _, shards := range []int{1, 3} {
		t.Run(fmt.Sprint(shards, "-shards"), func(t *testing.T) {
			enginetest.Run(t, func(t *testing.T) engine.Index { return open(t, c, opensearch.Options{Shards: shards}) })
		})
	}
}
