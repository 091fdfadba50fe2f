// Package web is the page of a server: plain modules that a browser runs as they are,
// with nothing from outside. It knows the index only through the interface (package api).
//
// pdf.js (for pages of PDF files) and uPlot (for charts) are under static/vendor with their
// licences, and are fetched when they are needed.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var files embed.FS

// policy is the content policy that the page lives with, in place of the one of answers
// (package guard): everything from the server itself, no script or style in the markup, and
// nobody frames it. Pages of PDF files are drawn with fonts made of their own bytes.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Handler serves the page at "/" and its parts below "/assets/", behind a guard, which sets
// what else keeps pages safe.
func Handler() http.Handler {
	static, err := fs.Sub(files, "static")
	if err != nil {
		panic(err) // the folder is embedded
	}
	tags := map[string]string{}
	_ = fs.WalkDir(static, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			b, _ := fs.ReadFile(static, name)
			sum := sha256.Sum256(b)
			tags[name] = `"` + hex.EncodeToString(sum[:12]) + `"`
		}
		return nil
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/assets/")
		if r.URL.Path == "/" {
			name = "index.html"
		}
		tag, ok := tags[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		if kind := mime.TypeByExtension(path.Ext(name)); path.Ext(name) == ".mjs" || kind == "" {
			h.Set("Content-Type", map[bool]string{true: "text/javascript; charset=utf-8", false: "text/plain; charset=utf-8"}[path.Ext(name) == ".mjs"])
		}
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-cache") // its tag says whether it is as it was
		h.Set("ETag", tag)
		http.ServeFileFS(w, r, static, name)
	})
}
