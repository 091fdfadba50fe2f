package engine_test

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/engine/enginetest"
	"github.com/tamis-search/tamis/vector"
)

// plain is an index that keeps no track of files.
type plain struct{ engine.Index }

func inMemory(t *testing.T) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ix.Close() })
	return ix
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// slides writes a presentation of so many slides.
func slides(t *testing.T, path string, texts ...string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	put := func(name, text string) {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	list, rels := "", ""
	for i, text := range texts {
		n := string(rune('1' + i))
		list += `<p:sldId id="25` + n + `" r:id="r` + n + `"/>`
		rels += `<Relationship Id="r` + n + `" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/slide" Target="slides/slide` + n + `.xml"/>`
		put("ppt/slides/slide"+n+".xml", `<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:cSld><p:spTree><p:sp><p:txBody><a:p><a:r><a:t>`+text+`</a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>`)
	}
	put("[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override PartName="/ppt/presentation.xml" ContentType="application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"/></Types>`)
	put("_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="ppt/presentation.xml"/></Relationships>`)
	put("ppt/presentation.xml", `<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><p:sldIdLst>`+list+`</p:sldIdLst></p:presentation>`)
	put("ppt/_rels/presentation.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`+rels+`</Relationships>`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func ids(t *testing.T, ix engine.Index) []string {
	t.Helper()
	list, _, err := ix.Documents(t.Context(), tamis.Page{Limit: 100}, tamis.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, filepath.Base(d.ID))
	}
	return out
}

// TestAddFiles: an engine that keeps no track of files is brought up to date all the same,
// by the paths of its documents, whatever their ids.
func TestAddFiles(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	write(t, dir, "a.md", "# A\n\nThe first.\n")
	write(t, dir, "b.txt", "The second.")
	write(t, dir, "c.jsonl", `{"id":"one","text":"The third."}`+"\n"+`{"id":"two","text":"The fourth."}`+"\n")
	write(t, other, "d.txt", "Elsewhere.")
	ix := plain{inMemory(t)}
	add := func(paths ...string) tamis.Report {
		r, err := engine.AddFiles(t.Context(), ix, paths, tamis.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := add(dir, other); r.Added != 5 || len(r.Skipped) != 0 {
		t.Errorf("%+v", r)
	}
	if r := add(dir, other); r.Unchanged != 5 || r.Removed != 0 {
		t.Errorf("again: %+v", r)
	}
	write(t, dir, "b.txt", "The second, changed.")
	write(t, dir, "c.jsonl", `{"id":"two","text":"The fourth."}`+"\n")
	if err := os.Remove(filepath.Join(dir, "a.md")); err != nil {
		t.Fatal(err)
	}
	if r := add(dir); r.Updated != 1 || r.Removed != 2 || r.Unchanged != 1 {
		t.Errorf("changed: %+v", r)
	}
	if got := ids(t, ix); !slices.Equal(got, []string{"b.txt", "d.txt", "two"}) && !slices.Equal(got, []string{"d.txt", "b.txt", "two"}) {
		t.Errorf("left are %v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := engine.AddFiles(ctx, ix, []string{other}, tamis.FileOptions{}); err == nil {
		t.Error("a cancelled call returns no error")
	}
	if got := ids(t, ix); len(got) != 3 {
		t.Errorf("a cancelled call leaves %v", got)
	}
}

// TestCopy: a copy has the same documents, with what is known of where they stand in their
// files; copied again nothing changes.
func TestCopy(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.md", "# A\n\nThe first.\n\n## B\n\nThe mill grinds.\n")
	write(t, dir, "c.jsonl", `{"id":"one","text":"The third.","metadata":{"year":2020}}`+"\n"+`{"id":"two","text":"The fourth mill."}`+"\n")
	slides(t, filepath.Join(dir, "s.pptx"), "First slide", "The mill of the second slide")
	from, to := inMemory(t), inMemory(t)
	if r, err := from.AddFiles(t.Context(), []string{dir}, tamis.FileOptions{}); err != nil || r.Added != 4 {
		t.Fatalf("%+v %v", r, err)
	}
	for i, want := range []engine.Copied{{Report: tamis.Report{Added: 4}, Verified: 4}, {Report: tamis.Report{Unchanged: 4}, Verified: 4}} {
		c, err := engine.Copy(t.Context(), from, to, nil)
		if err != nil || c.Added != want.Added || c.Unchanged != want.Unchanged || c.Verified != want.Verified || len(c.Skipped) != 0 {
			t.Errorf("copy %d: %+v %v", i, c, err)
		}
	}
	for _, q := range []string{"mill", "first", "third"} {
		var out [2]*tamis.Results
		for i, ix := range []*tamis.Index{from, to} {
			res, err := ix.Search(t.Context(), tamis.Query{Text: q})
			if err != nil || len(res.Hits) == 0 {
				t.Fatal(res, err)
			}
			out[i] = res
		}
		for i, h := range out[0].Hits {
			if c := out[1].Hits[i]; c.Doc != h.Doc || c.Place != h.Place || c.Metadata["year"] != h.Metadata["year"] || h.Place.IsZero() {
				t.Errorf("%q: %s at %+v, copied %s at %+v", q, h.Doc, h.Place, c.Doc, c.Place)
			}
		}
	}
}

// TestCopyVectors: a copy ranks by vectors as its original does, in fields that keep them as
// those do.
func TestCopyVectors(t *testing.T) {
	from, err := tamis.Open("", tamis.Options{Vectors: map[string]tamis.VectorField{"near": {Similarity: vector.Cosine, Kind: vector.KindDense}, "coarse": {Bits: 8, Max: 4}}})
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	_, err = from.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for i := range 20 {
			x := float32(i + 1)
			text := "The mill of the town."
			d := tamis.Document{ID: fmt.Sprint("d", i), Source: text, Vectors: map[string]tamis.Vector{
				"vector": tamis.Sparse{"word": x / 3, "7": 1 / x}, "near": tamis.Dense{x, 1, -x / 7}, "coarse": tamis.Sparse{"a": x / 7},
				"parts": vector.Parts{{Start: 0, End: len(text), Vector: tamis.Sparse{"p": x}}}, "many": tamis.Multi{{x, 1}, {1, x}},
			}}
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	to := inMemory(t)
	for range 2 {
		if c, err := engine.Copy(t.Context(), from, to, nil); err != nil || c.Verified != 20 || c.Added+c.Unchanged != 20 {
			t.Fatalf("%+v %v", c, err)
		}
	}
	for _, q := range []tamis.Query{
		{Vector: tamis.Sparse{"word": 1, "7": 9}}, {Vector: tamis.Dense{1, 2, 3}, Field: "near"}, {Vector: tamis.Sparse{"a": 1}, Field: "coarse"},
		{Vector: tamis.Sparse{"p": 1}, Field: "parts"}, {Vector: tamis.Multi{{1, 2}}, Field: "many"},
	} {
		a, err := from.Search(t.Context(), q)
		if err != nil || len(a.Hits) == 0 {
			t.Fatal(q, err)
		}
		b, err := to.Search(t.Context(), q)
		if err != nil || !reflect.DeepEqual(a.Hits, b.Hits) {
			t.Errorf("%+v: %+v, copied %+v %v", q, a.Hits, b.Hits, err)
		}
	}
}

// TestEmbedded: the embedded index is what every engine is held to.
func TestEmbedded(t *testing.T) {
	enginetest.Run(t, func(t *testing.T) engine.Index { return inMemory(t) })
}
