package reading

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read"
)

func TestTables(t *testing.T) {
	src := "a\tb\n1\t2\n\n| c | d |\n| 3 |  |\ntext"
	d := corpus.Document{ID: "x", Source: src, Place: corpus.Place{Slide: 2}}
	for _, at := range [][2]int{{0, 3}, {4, 7}, {9, 18}, {19, 27}} {
		d.Blocks = append(d.Blocks, corpus.Block{Kind: corpus.TableRow, Start: at[0], End: at[1]})
	}
	d.Blocks = append(d.Blocks, corpus.Block{Start: 28, End: 32})
	got := Of(&d).Blocks
	if len(got) != 3 || got[0].Page != 2 || src[got[0].Start:got[0].End] != "a\tb\n1\t2" || got[2].Kind != "paragraph" {
		t.Fatalf("%+v", got)
	}
	if want := [][]string{{"a", "b"}, {"1", "2"}}; !reflect.DeepEqual(got[0].Rows, want) {
		t.Errorf("%q", got[0].Rows)
	}
	if want := [][]string{{"c", "d"}, {"3", ""}}; !reflect.DeepEqual(got[1].Rows, want) {
		t.Errorf("%q", got[1].Rows)
	}
}

// TestPages: what of a paragraph stands on another page is shown with that page.
func TestPages(t *testing.T) {
	src := "It begins here and ends there."
	at := corpus.Place{Page: 1}
	d := corpus.Document{ID: "x", Source: src, Blocks: []corpus.Block{{End: len(src), Place: &at, Onward: &corpus.Onward{Start: 15, Place: corpus.Place{Page: 2}, Onward: &corpus.Onward{Start: 24, Place: corpus.Place{Page: 3}}}}}}
	var got []string
	for _, b := range Of(&d).Blocks {
		got = append(got, fmt.Sprint(b.Page, b.Place.Page, b.Continues, src[b.Start:b.End]))
	}
	if want := []string{"1 1 falseIt begins here ", "2 2 trueand ends ", "3 3 truethere."}; !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

// TestWrite: a file that is a document stays by itself, what it holds is beside it; of
// one that only holds others, all are in one place.
func TestWrite(t *testing.T) {
	dir := t.TempDir()
	get := func(name string) (d Document) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = json.Unmarshal(data, &d)
		}
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	mail, part := Document{Doc: "/m.eml", Text: "Hello", Status: "ok"}, Document{Doc: "/m.eml!/sub/a.pdf", Text: "Pages", Status: "ok"}
	if err := Write(dir, "/m.eml", []Document{mail, part}); err != nil {
		t.Fatal(err)
	}
	if got := get("m.eml.json"); got.Text != "Hello" {
		t.Errorf("%+v", got)
	}
	if got := get("m.eml!_sub_a.pdf.json"); got.Text != "Pages" {
		t.Errorf("%+v", got)
	}
	one, two := Document{Doc: "/z.zip!/1", Text: "One", Status: "ok"}, Document{Doc: "/z.zip!/2", Text: "Two", Status: "ok", Blocks: []Block{{Kind: "heading", End: 3}}}
	bad := Failed(&read.SkipError{Path: "/z.zip", Inside: "3", Reason: "needs a password", Status: "encrypted"})
	if err := Write(dir, "/z.zip", []Document{bad, one, two}); err != nil {
		t.Fatal(err)
	}
	if got := get("z.zip.json"); got.Text != "One\n\nTwo" || got.Blocks[0].Start != 5 || got.Status != "ok" || got.Error != "/z.zip!/3: needs a password" || len(got.Documents) != 2 {
		t.Errorf("%+v", got)
	}
	if err := Write(dir, "/z.zip", []Document{bad}); err != nil {
		t.Fatal(err)
	}
	if got := get("z.zip.json"); got.Status != "encrypted" || got.Text != "" {
		t.Errorf("%+v", got)
	}
	if got := Failed(errors.New("x")); got.Status != "failed" {
		t.Errorf("%+v", got)
	}
}
