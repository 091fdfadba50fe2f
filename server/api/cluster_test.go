//go:build linux

package api

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/internal/nodes"
	"github.com/tamis-search/tamis/server/library"
)

// TestOverCluster: a collection in a cluster is served as an embedded one is, and what a
// group may not see is nowhere in it; what the engine lacks is named.
func TestOverCluster(t *testing.T) {
	c := nodes.Start(t, 1)
	indexes := 0
	elsewhere = func(t testing.TB) library.Opener {
		indexes++
		name := fmt.Sprint("served-", indexes)
		t.Cleanup(func() {
			ix, err := opensearch.Open(context.Background(), name, opensearch.Options{Addresses: c.Addresses(), MustExist: true})
			if err != nil {
				t.Error(err)
				return
			}
			if err := ix.Drop(); err != nil {
				t.Error(err)
			}
			_ = ix.Close()
		})
		return func(ctx context.Context, write bool) (engine.Index, error) {
			return opensearch.Open(ctx, name, opensearch.Options{Addresses: c.Addresses(), MustExist: !write, ReadOnly: !write})
		}
	}
	defer func() { elsewhere = nil }()
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"Reads", TestReads}, {"NobodyReadsAcross", TestNobodyReadsAcross}, {"Scopes", TestScopes},
		{"ContextReplayed", TestContextReplayed}, {"ChangedSourceIsNamed", TestChangedSourceIsNamed},
		{"Conditional", TestConditional}, {"DocumentsWritten", TestDocumentsWritten}, {"FilesUploaded", TestFilesUploaded},
		{"Sessions", TestSessions}, {"Asked", TestAsked}, {"Problems", TestProblems},
	} {
		t.Run(test.name, test.run)
	}
	t.Run("Lacks", func(t *testing.T) {
		s := serve(t, Options{})
		for _, id := range []string{"backup", "secret", "none"} { // nobody learns which there are
			if w := s.ask(reader, "GET", "/v1/collections/notes/original?id="+id, ""); w.Code != http.StatusNotImplemented {
				t.Errorf("the file of %s: %d %s", id, w.Code, w.Body)
			}
		}
		if w := s.ask(admin, "DELETE", "/v1/collections/notes", ""); w.Code != http.StatusConflict {
			t.Errorf("removing it: %d %s", w.Code, w.Body)
		}
	})
}
