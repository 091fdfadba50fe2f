package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/api/results"
)

// serveBarely answers searches and contexts over HTTP and does nothing else.
func serveBarely(index string) error {
	ix, err := tamis.OpenReadOnly(index)
	if err != nil {
		return err
	}
	defer ix.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/collections/default/search", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Query string
			K     int
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		found, err := ix.Search(r.Context(), tamis.Query{Text: q.Query, K: q.K, Groups: []string{}})
		answer(w, found, err)
	})
	mux.HandleFunc("POST /v1/collections/default/context", func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			Question string
			Budget   int
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		c, err := ix.Context(r.Context(), q.Question, tamis.Budget{Tokens: q.Budget}, tamis.Scope{Groups: []string{}})
		answer(w, c, err)
	})
	fmt.Printf("http://%s/\n", l.Addr())
	return http.Serve(l, mux)
}

func answer(w http.ResponseWriter, v any, err error) {
	var b bytes.Buffer
	if err == nil {
		err = results.Marshal(&b, v)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // the caller is gone, or has it
}
