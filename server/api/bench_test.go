package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/gosrc"
	"github.com/tamis-search/tamis/server/access"
)

// BenchmarkOverhead is a search and a context by the library alone, through the interface,
// and over loopback, in turns: medians in microseconds.
func BenchmarkOverhead(b *testing.B) {
	s := serve(b, Options{})
	ctx := context.Background()
	root, err := gosrc.Root()
	if err != nil {
		b.Skip(err)
	}
	ix, done, err := s.lib.Write(ctx, "go")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := engine.AddFiles(ctx, ix, []string{filepath.Join(root, "src", "net")}, tamis.FileOptions{}); err != nil {
		b.Fatal(err)
	}
	if err := done(nil); err != nil {
		b.Fatal(err)
	}
	ix, release, err := s.lib.Read(ctx, "go")
	if err != nil {
		b.Fatal(err)
	}
	defer release()
	const question = "how are idle connections closed by the transport"
	groups := tamis.Scope{Groups: []string{}}
	local := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.ServeHTTP(w, r.WithContext(access.With(r.Context(), reader)))
	})
	server := httptest.NewServer(local)
	defer server.Close()
	for _, c := range []struct {
		name, body string
		direct     func() error
	}{
		{"search", `{"query":"` + question + `"}`, func() error {
			_, err := ix.Search(ctx, tamis.Query{Text: question, K: 10, Groups: groups.Groups})
			return err
		}},
		{"context", `{"question":"` + question + `","budget":1000}`, func() error {
			_, err := ix.Context(ctx, question, tamis.Budget{Tokens: 1000}, groups)
			return err
		}},
	} {
		path := "/v1/collections/go/" + c.name
		ways := []struct {
			name string
			do   func() error
		}{{"library", c.direct}, {"interface", func() error {
			if w := s.ask(reader, "POST", path, c.body); w.Code != 200 {
				return fmt.Errorf("%d %s", w.Code, w.Body)
			}
			return nil
		}}, {"loopback", func() error {
			r, err := http.Post(server.URL+path, "application/json", strings.NewReader(c.body))
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, r.Body)
			return errors.Join(err, r.Body.Close())
		}}}
		b.Run(c.name, func(b *testing.B) {
			took := make([][]float64, len(ways))
			for b.Loop() {
				for i, way := range ways { // one after another: what else the machine does falls on all
					begin := time.Now()
					if err := way.do(); err != nil {
						b.Fatal(err)
					}
					took[i] = append(took[i], float64(time.Since(begin).Microseconds()))
				}
			}
			for i, way := range ways {
				slices.Sort(took[i])
				b.ReportMetric(took[i][len(took[i])/2], way.name+"-us")
			}
		})
	}
}
