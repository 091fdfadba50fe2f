package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/engine/opensearch"
)

// throughput prints how fast the documents of all sets go into a cluster: the bodies that
// tamis sends are recorded once, then both ways take turns on new indexes.
func throughput(ctx context.Context, node, data string, sets []string, rounds int) error {
	var docs []tamis.Document
	size := 0
	for _, set := range sets {
		r := read.New(read.Options{})
		for f, err := range r.Files(filepath.Join(data, "retrieval", set, "corpus.jsonl.gz")) {
			if err != nil {
				return err
			}
			for d, err := range r.Documents(ctx, f) {
				if err != nil {
					continue // one that is empty
				}
				d.ID = set + "/" + d.ID
				docs = append(docs, d)
				size += len(d.Source)
			}
		}
	}
	sequence := func(yield func(tamis.Document, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
	through := func(address string) (time.Duration, error) {
		return fresh(ctx, node, func(name string) (time.Duration, error) {
			ix, err := opensearch.Open(ctx, name, opensearch.Options{Addresses: []string{address}})
			if err != nil {
				return 0, err
			}
			defer ix.Close()
			begin := time.Now()
			report, err := ix.Add(ctx, sequence)
			if err == nil && report.Added != len(docs) {
				err = fmt.Errorf("%d of %d documents went in", report.Added, len(docs))
			}
			return time.Since(begin), err
		})
	}
	to, err := url.Parse(node)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var bodies [][]byte
	recorder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.HasSuffix(r.URL.Path, "/_bulk") {
			mu.Lock()
			bodies = append(bodies, body)
			mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		httputil.NewSingleHostReverseProxy(to).ServeHTTP(w, r)
	}))
	defer recorder.Close()
	if _, err := through(recorder.URL); err != nil { // which warms the cluster, too
		return err
	}
	sent := 0
	for _, b := range bodies {
		sent += len(b)
	}
	const clients = 4
	fmt.Printf("%d documents, %.1f MB of text, %.1f MB in %d requests; %d clients\n", len(docs), float64(size)/1e6, float64(sent)/1e6, len(bodies), clients)
	fmt.Println("round    tamis     raw   raw/tamis")
	var a, b []float64
	for i := range rounds {
		own, err := through(node)
		if err != nil {
			return err
		}
		raw, err := fresh(ctx, node, func(name string) (time.Duration, error) { return replay(node, name, bodies, clients) })
		if err != nil {
			return err
		}
		a, b = append(a, own.Seconds()), append(b, raw.Seconds())
		fmt.Printf("%5d %6.2f s %6.2f s %8.2f\n", i+1, own.Seconds(), raw.Seconds(), raw.Seconds()/own.Seconds())
	}
	x, y := median(a), median(b)
	fmt.Printf("median %.2f s and %.2f s: %.0f and %.0f documents/s, %.0f %% of raw\n", x, y, float64(len(docs))/x, float64(len(docs))/y, 100*y/x)
	return nil
}

// fresh does something with the name of an index that is made and dropped.
func fresh(ctx context.Context, node string, do func(name string) (time.Duration, error)) (time.Duration, error) {
	const name = "bench-bulk"
	ix, err := opensearch.Open(ctx, name, opensearch.Options{Addresses: []string{node}})
	if err != nil {
		return 0, err
	}
	defer func() {
		_ = ix.Drop()
		_ = ix.Close()
	}()
	return do(name)
}

// replay sends bodies as they are, and refreshes.
func replay(node, name string, bodies [][]byte, clients int) (time.Duration, error) {
	begin := time.Now()
	next := make(chan []byte)
	failed := make(chan error, clients)
	for range clients {
		go func() {
			var first error
			for b := range next {
				if err := post(node+"/"+name+"/_bulk?filter_path=errors,items.*.status,items.*.error", b); first == nil {
					first = err
				}
			}
			failed <- first
		}()
	}
	for _, b := range bodies {
		next <- b
	}
	close(next)
	var err error
	for range clients {
		if e := <-failed; err == nil {
			err = e
		}
	}
	if err == nil {
		err = post(node+"/"+name+"/_refresh", nil)
	}
	return time.Since(begin), err
}

func post(address string, body []byte) error {
	res, err := http.Post(address, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", address, res.Status)
	}
	return nil
}
