package opensearch_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/engine/opensearch"
	"github.com/tamis-search/tamis/internal/evaldata"
)

// BenchmarkAdd is the client's part of adding: the cluster is one that takes all and does
// nothing.
func BenchmarkAdd(b *testing.B) {
	var docs []tamis.Document
	for _, set := range []string{"scifact", "nfcorpus", "cacm"} {
		r := read.New(read.Options{})
		for f, err := range r.Files(filepath.Join(evaldata.Dir(b, "retrieval/"+set), "corpus.jsonl.gz")) {
			if err != nil {
				b.Fatal(err)
			}
			for d, err := range r.Documents(b.Context(), f) {
				if err == nil {
					d.ID = set + "/" + d.ID
					docs = append(docs, d)
				}
			}
		}
	}
	f := &fake{plugins: "[]", sent: map[string][]string{}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/_bulk"):
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = w.Write([]byte(`{"errors":false}`))
		case strings.HasSuffix(r.URL.Path, "/_mget"):
			var asked struct{ Docs []struct{} }
			_ = json.NewDecoder(r.Body).Decode(&asked)
			_, _ = w.Write([]byte(`{"docs":[` + strings.TrimSuffix(strings.Repeat(`{"found":false},`, len(asked.Docs)), ",") + `]}`))
		default:
			f.ServeHTTP(w, r)
		}
	}))
	defer s.Close()
	for b.Loop() {
		ix, err := opensearch.Open(b.Context(), "x", opensearch.Options{Addresses: []string{s.URL}})
		if err != nil {
			b.Fatal(err)
		}
		report, err := ix.Add(b.Context(), func(yield func(tamis.Document, error) bool) {
			for _, d := range docs {
				if !yield(d, nil) {
					return
				}
			}
		})
		if err != nil || report.Added != len(docs) {
			b.Fatal(report.Added, err)
		}
		_ = ix.Close()
	}
	b.ReportMetric(float64(len(docs)), "documents")
}
