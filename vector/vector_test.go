package vector_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

// render prints a sequence, a line each: what the golden files hold.
func render(docs iter.Seq2[vector.Document, error], v *vector.Vocabulary) string {
	var b strings.Builder
	for d, err := range docs {
		if err != nil {
			fmt.Fprintf(&b, "! %v\n", err)
			continue
		}
		fmt.Fprintf(&b, "%s", d.ID)
		if d.Contents != "" {
			fmt.Fprintf(&b, " %q", d.Contents)
		}
		for i, t := range d.Vector.Terms {
			if v == nil {
				fmt.Fprintf(&b, " %d:%g", t, d.Vector.Weights[i])
			} else {
				fmt.Fprintf(&b, " %s:%g", v.Term(t), d.Vector.Weights[i])
			}
		}
		if d.Dense != nil {
			fmt.Fprintf(&b, " %v", d.Dense)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if want = strings.TrimPrefix(want, "\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestJSONGolden(t *testing.T) {
	v := vector.NewVocabulary()
	want, err := os.ReadFile("testdata/documents.want")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, render(vector.ReadFile("testdata/documents.jsonl", v), v), string(want))
	if id, ok := v.Lookup("sieve"); !ok || v.Term(id) != "sieve" {
		t.Errorf("sieve has no number of its own: %d %v", id, ok)
	}
	if _, ok := v.Lookup("nobody wrote this"); ok {
		t.Error("looking up adds a term")
	}
}

func TestJSONEnds(t *testing.T) {
	v := vector.NewVocabulary()
	for in, want := range map[string]string{
		"":                                      "",
		"\n \n":                                 "",
		"\ufeff{\"id\":1,\"vector\":{\"a\":1}}": "1 a:1\n",
		"{\"id\":1,\"vector\":{\"a\":1}}\n{\"id\":2,\"vec": "1 a:1\n! f: line 2: malformed JSON at byte 12: unexpected end of JSON input\n",
	} {
		expect(t, render(vector.ReadJSON("f", strings.NewReader(in), v), v), want)
	}
}

func TestReadFileFindsFormat(t *testing.T) {
	dir := t.TempDir()
	json := []byte("{\"id\":\"x\",\"vector\":{\"3\":0.5}}\n")
	csr := csrFile(1, 4, []int64{0, 1}, []int32{3}, []float32{.5})
	ciff := ciffFile(header(1, 1), list("3", 1, 1, posting(0, 1)), record(0, "x"))
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(csr)
	w.Close()
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"a.jsonl": {json, "x 3:0.5\n"}, "a": {json, "x 3:0.5\n"},
		"b.csr": {csr, "0 3:0.5\n"}, "b": {csr, "0 3:0.5\n"}, "b.csr.gz": {z.Bytes(), "0 3:0.5\n"}, "bz": {z.Bytes(), "0 3:0.5\n"},
		"c.ciff": {ciff, "x 3:1\n"}, "c": {ciff, "x 3:1\n"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, c.data, 0o666); err != nil {
			t.Fatal(err)
		}
		v := vector.NewVocabulary()
		expect(t, render(vector.ReadFile(path, v), v), c.want)
	}
	for _, err := range vector.ReadFile(filepath.Join(dir, "absent"), vector.NewVocabulary()) {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("absent file: %v", err)
		}
	}
	path := filepath.Join(dir, "cut.jsonl.gz")
	if err := os.WriteFile(path, z.Bytes()[:z.Len()-6], 0o666); err != nil {
		t.Fatal(err)
	}
	for _, err := range vector.ReadFile(path, vector.NewVocabulary()) {
		if !errors.Is(err, vector.ErrTruncated) {
			t.Errorf("gzip that is cut off: %v", err)
		}
	}
}

func csrFile(rows, columns int64, ptr []int64, indices []int32, values []float32) []byte {
	var b bytes.Buffer
	for _, x := range []any{rows, columns, int64(len(indices)), ptr, indices, values} {
		binary.Write(&b, binary.LittleEndian, x)
	}
	return b.Bytes()
}

func readCSR(data []byte) string {
	return render(vector.ReadCSR("m", bytes.NewReader(data), int64(len(data)), nil), nil)
}

func TestCSR(t *testing.T) {
	golden, err := os.ReadFile("testdata/matrix.csr")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, readCSR(golden), `
0 2:0.5 4:1.25
! m: row 1: empty vector
2 0:3 1:2 4:1
`)
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	expect(t, readCSR(csrFile(9, 5,
		[]int64{0, 1, 2, 3, 4, 5, 7, 8, 9, 10},
		[]int32{0, 1, 2, 3, 4, 2, 2, 5, -1, 0},
		[]float32{1, -1, 0, inf, nan, 1, 2, 1, 1, 7})), `
0 0:1
! m: row 1: weights must be positive and finite: term "1" weighs -1
! m: row 2: weights must be positive and finite: term "2" weighs 0, zero as float32; leave it out
! m: row 3: weights must be positive and finite: term "3" weighs +Inf, infinite as float32
! m: row 4: weights must be positive and finite: term "4" weighs NaN
! m: row 5: repeated term: "2"
! m: row 6: malformed: column 5 of 5
! m: row 7: malformed: column -1 of 5
8 0:7
`)
	expect(t, readCSR(csrFile(4, 5, []int64{0, 2, 1, 9, 3}, []int32{0, 1, 2}, []float32{1, 2, 3})), `
0 0:1 1:2
! m: row 1: malformed: it goes from 2 to 1 of 3 non-zeros
! m: row 2: malformed: it goes from 1 to 9 of 3 non-zeros
! m: row 3: malformed: it goes from 9 to 3 of 3 non-zeros
`)
	expect(t, readCSR(csrFile(1, 5, []int64{0, 2}, []int32{0, 1, 2}, []float32{1, 2, 3})), `
0 0:1 1:2
! m: count does not hold: the last row ends at 2, the header says 3
`)
	expect(t, readCSR(append(csrFile(1, 5, []int64{0, 1}, []int32{0}, []float32{1}), 0)), `
0 0:1
! m: count does not hold: 49 bytes where 48 were promised
`)
}

// TestCSRCut cuts a file everywhere: the rows that are whole come, then one error.
func TestCSRCut(t *testing.T) {
	full := csrFile(3, 5, []int64{0, 2, 3, 5}, []int32{0, 1, 2, 3, 4}, []float32{1, 2, 3, 4, 5})
	want := strings.SplitAfter(readCSR(full), "\n")
	for n := range full {
		lines := strings.SplitAfter(readCSR(full[:n]), "\n")
		rows := max(0, n-(len(full)-20)) / 4 // values that are there
		whole := 0
		for _, end := range []int{2, 3, 5} {
			if rows >= end {
				whole++
			}
		}
		if len(lines) != whole+2 || !slices.Equal(lines[:whole], want[:whole]) || !strings.Contains(lines[whole], "cut off") {
			t.Fatalf("%d bytes: %q", n, lines)
		}
	}
	for n := range 24 { // any header
		bad := slices.Clone(full)
		bad[n] ^= 0xff
		readCSR(bad)
	}
}

// Messages of CIFF, put together by hand.

func num(field int, n uint64) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(nil, uint64(field)<<3), n)
}

func str(field int, s []byte) []byte {
	return append(binary.AppendUvarint(binary.AppendUvarint(nil, uint64(field)<<3|2), uint64(len(s))), s...)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

func header(lists, docs int) []byte {
	return join(num(1, 1), num(2, uint64(lists)), num(3, uint64(docs)), []byte{7<<3 | 1, 0, 0, 0, 0, 0, 0, 0, 64}, str(8, []byte("test")))
}

func list(term string, df, cf int, postings ...[]byte) []byte {
	m := join(str(1, []byte(term)), num(2, uint64(df)), num(3, uint64(cf)))
	for _, p := range postings {
		m = append(m, str(4, p)...)
	}
	return m
}

func posting(delta, tf int) (p []byte) {
	if delta != 0 { // proto3 leaves zeros out
		p = num(1, uint64(int64(delta)))
	}
	if tf != 0 {
		p = append(p, num(2, uint64(int64(tf)))...)
	}
	return p
}

func record(docid int, id string) []byte {
	m := str(2, []byte(id))
	if docid != 0 {
		m = append(num(1, uint64(docid)), m...)
	}
	return append(m, num(3, 7)...)
}

func ciffFile(messages ...[]byte) (file []byte) {
	for _, m := range messages {
		file = append(binary.AppendUvarint(file, uint64(len(m))), m...)
	}
	return file
}

func readCIFF(data []byte) string {
	v := vector.NewVocabulary()
	return render(vector.ReadCIFF("c", bytes.NewReader(data), v), v)
}

func TestCIFF(t *testing.T) {
	golden, err := os.ReadFile("testdata/index.ciff")
	if err != nil {
		t.Fatal(err)
	}
	good := ciffFile(header(2, 3),
		list("fine", 2, 30, posting(0, 10), posting(2, 20)), list("sieve", 2, 300, posting(0, 255), posting(1, 45)),
		record(0, "a"), record(1, "b"), record(2, "c"))
	if !bytes.Equal(golden, good) {
		t.Error("the golden file differs from the file put together here")
	}
	expect(t, readCIFF(golden), `
a fine:10 sieve:255
b sieve:45
c fine:20
`)
	expect(t, readCIFF(ciffFile(header(9, 9), list("x", 3, 1, posting(0, 1), posting(1, 2)), record(0, "a"), record(1, "b"))), `
a x:1
b x:2
! c: count does not hold: df of 1 lists, the first: term "x" says 3 and has 2; the postings count
! c: count does not hold: cf of 1 lists, the first: term "x" says 1 and has 3; the postings count
! c: byte 0: count does not hold: the header says 9 postings lists, 1 can be read
! c: byte 0: count does not hold: the header says 9 documents, 2 are there
`)
	expect(t, readCIFF(ciffFile(header(0, 0), list("x", 0, 0, posting(0, 1), posting(1, -2), posting(1, 0), posting(1, 5), posting(0, 6), posting(9, 9)), list("y", 0, 0, posting(5, 5)),
		record(0, "a"), record(1, "b"), record(2, "c"), record(3, "d"), record(4, "e"), record(5, ""), record(1, "z"))), `
a x:1
! c: byte 89: document "b": weights must be positive and finite: term "x" weighs -2
! c: byte 97: document "c": weights must be positive and finite: term "x" weighs 0, zero as float32; leave it out
! c: byte 105: document "d": repeated term: "x"
! c: byte 113: document "e": empty vector
! c: byte 121: malformed: docid 5 has no name
! c: byte 128: malformed: docid 1 has a record already
! c: malformed: 1 postings of 1 lists, the first of term "x", are of documents without a record
`)
	expect(t, readCIFF(ciffFile(header(2, 2), append(list("x", 2, 3, posting(0, 1), posting(1, 2)), 0x22, 9, 8), list("y", 2, 2, posting(1, 1), posting(1, 1)),
		record(0, "a"), record(1, "b"), record(2, "c"))), `
! c: byte 63: malformed: document "a": its weight of term "x" is in a damaged list
! c: byte 69: malformed: document "b": its weight of term "x" is in a damaged list
c y:1
! c: byte 22: malformed: list of term "x"; its documents are left out as far as they can be read
! c: byte 0: count does not hold: the header says 2 postings lists, 1 can be read
! c: byte 0: count does not hold: the header says 2 documents, 3 are there
`)
	for in, want := range map[string]string{
		"":                     "! c: byte 0: file is cut off: the file is empty\n",
		"\x02\x08\x02":         "! c: byte 0: malformed: CIFF of version 2, where 1 can be read\n",
		"{\"id\":1}":           "! c: byte 0: file is cut off: 7 of the 123 bytes of a message are there\n",
		"\xff\xff\xff\xff\x7f": "! c: byte 0: malformed: a message of 34359738367 bytes\n",
	} {
		expect(t, readCIFF([]byte(in)), want)
	}
}

// TestCIFFCut cuts a file everywhere: no document comes without all its terms.
func TestCIFFCut(t *testing.T) {
	full := ciffFile(header(2, 3), list("x", 3, 6, posting(0, 1), posting(1, 2), posting(1, 3)), list("y", 1, 1, posting(1, 1)), record(0, "a"), record(1, "b"), record(2, "c"))
	want := []string{"a x:1\n", "b x:2 y:1\n", "c x:3\n"}
	for n := range full {
		lines := strings.SplitAfter(strings.TrimSuffix(readCIFF(full[:n]), "\n"), "\n")
		docs := 0
		for docs < len(lines) && docs < 3 && lines[docs] == want[docs] {
			docs++
		}
		for _, l := range lines[docs:] {
			if l != "" && !strings.HasPrefix(l, "! ") {
				t.Fatalf("%d bytes: %q", n, lines)
			}
		}
		if n > 0 && docs < 3 && len(lines) == docs && lines[0] != "" {
			t.Fatalf("%d bytes: no error: %q", n, lines)
		}
	}
}

// TestFormatsAgree writes random vectors in all three formats.
func TestFormatsAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		const docs, terms = 40, 30
		var json strings.Builder
		postings := make([][][]byte, terms)
		last := make([]int, terms)
		ptr, indices, values := []int64{0}, []int32(nil), []float32(nil)
		var records [][]byte
		for d := range docs {
			fmt.Fprintf(&json, "{\"id\":%d,\"vector\":{", d)
			for i, x := range rng.Perm(terms)[:1+rng.IntN(terms)] {
				w := 1 + rng.IntN(255)
				if i > 0 {
					json.WriteString(", ")
				}
				fmt.Fprintf(&json, "%q : %d.0", fmt.Sprint(x), w)
				postings[x] = append(postings[x], posting(d-last[x], w))
				last[x] = d
				indices, values = append(indices, int32(x)), append(values, float32(w))
			}
			json.WriteString("}}\n")
			ptr = append(ptr, int64(len(indices)))
			records = append(records, record(d, fmt.Sprint(d)))
		}
		messages := [][]byte{header(0, docs)}
		for x, p := range postings {
			messages = append(messages, list(fmt.Sprint(x), len(p), 0, p...))
		}
		csr := csrFile(docs, terms, ptr, indices, values)
		v := vector.NewVocabulary() // shared, so that terms have the same numbers
		a := render(vector.ReadJSON("j", strings.NewReader(json.String()), v), v)
		b := render(vector.ReadCSR("m", bytes.NewReader(csr), int64(len(csr)), v), v)
		c := render(vector.ReadCIFF("c", bytes.NewReader(ciffFile(append(messages, records...)...)), v), v)
		if a != b || a != c {
			t.Fatalf("JSON\n%sCSR\n%sCIFF\n%s", a, b, c)
		}
	}
}

// valid fails unless every document that comes keeps what [vector.Sparse] promises.
func valid(t *testing.T, docs iter.Seq2[vector.Document, error]) {
	t.Helper()
	for d, err := range docs {
		if err != nil {
			var e *vector.InputError
			if !errors.As(err, &e) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of another kind: %q", err)
			}
			continue
		}
		if d.Dense != nil {
			if d.ID == "" || d.Dense.Validate() != nil || d.Vector.Len() > 0 {
				t.Fatalf("document %+v", d)
			}
			continue
		}
		if d.ID == "" || len(d.Vector.Terms) == 0 || len(d.Vector.Terms) != len(d.Vector.Weights) {
			t.Fatalf("document %+v", d)
		}
		for i, w := range d.Vector.Weights {
			if !(w > 0) || math.IsInf(float64(w), 0) || i > 0 && d.Vector.Terms[i] <= d.Vector.Terms[i-1] {
				t.Fatalf("document %+v", d)
			}
		}
	}
}

func FuzzJSON(f *testing.F) {
	data, err := os.ReadFile("testdata/documents.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		valid(t, vector.ReadJSON("f", bytes.NewReader(data), vector.NewVocabulary()))
	})
}

func FuzzCSR(f *testing.F) {
	f.Add(csrFile(3, 5, []int64{0, 2, 3, 5}, []int32{0, 1, 2, 3, 4}, []float32{1, 2, 3, 4, 5}))
	f.Fuzz(func(t *testing.T, data []byte) {
		valid(t, vector.ReadCSR("f", bytes.NewReader(data), int64(len(data)), nil))
	})
}

func FuzzCIFF(f *testing.F) {
	f.Add(ciffFile(header(2, 3), list("x", 3, 6, posting(0, 1), posting(1, 2), posting(1, 3)), record(0, "a"), record(1, "b"), record(2, "c")))
	f.Fuzz(func(t *testing.T, data []byte) {
		valid(t, vector.ReadCIFF("f", bytes.NewReader(data), vector.NewVocabulary()))
	})
}
