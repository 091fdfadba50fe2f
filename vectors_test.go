package tamis_test

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/vector"
)

// vectorDoc is a document as a model of an index holds it.
type vectorDoc struct {
	id      string
	n       int
	groups  []string
	vectors map[string]tamis.Vector
}

func (d *vectorDoc) document() tamis.Document {
	meta := map[string]any{"n": float64(d.n)}
	if d.groups != nil {
		meta["groups"] = d.groups
	}
	doc := tamis.Document{ID: d.id, Metadata: meta, Vectors: maps.Clone(d.vectors)}
	if d.n%3 > 0 {
		doc.Source = fmt.Sprint("The text of ", d.id, " number ", d.n, ".")
	}
	return doc
}

// randomVector has weights whose sums are exact in float32, so that the order of
// adding does not matter, and names of both kinds.
func randomVector(r *rand.Rand, terms int) tamis.Sparse {
	v := tamis.Sparse{}
	for range 1 + r.IntN(terms) {
		t := int(80 * r.Float64() * r.Float64())
		name := fmt.Sprint(t * t * t)
		if t%3 == 0 {
			name = fmt.Sprint("term", t)
		}
		v[name] = float32(1+r.IntN(64)) / 8
	}
	return v
}

// randomDense has numbers whose sums of products are exact in float32.
func randomDense(r *rand.Rand, n int) tamis.Dense {
	d := make(tamis.Dense, n)
	for i := range d {
		d[i] = float32(r.IntN(128)-64) / 8
	}
	return d
}

type vectorHit struct {
	Doc   string
	Score float32
}

// bruteForce scores every document; docs stand in order of addition.
func bruteForce(docs []*vectorDoc, q tamis.Query, pass func(*vectorDoc) bool) []vectorHit {
	hits := []vectorHit{}
	for _, d := range docs {
		score, found := float32(0), false
		switch v := d.vectors[q.Field].(type) {
		case tamis.Sparse:
			for t, w := range q.Vector.(tamis.Sparse) {
				score += w * v[t]
			}
			found = score > 0
		case tamis.Dense:
			for i, x := range q.Vector.(tamis.Dense) {
				score += x * v[i]
			}
			found = true
		}
		if found && pass(d) {
			hits = append(hits, vectorHit{d.id, score})
		}
	}
	slices.SortStableFunc(hits, func(a, b vectorHit) int { return cmp.Compare(b.Score, a.Score) })
	return hits[:min(q.K, len(hits))]
}

func searchVectors(t *testing.T, ix *tamis.Index, q tamis.Query) []vectorHit {
	t.Helper()
	res, err := ix.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if !res.Exact || res.Recall != 1 {
		t.Fatalf("exact %v, recall %v", res.Exact, res.Recall)
	}
	hits := []vectorHit{}
	for _, h := range res.Hits {
		hits = append(hits, vectorHit{h.Doc, h.Score})
	}
	return hits
}

// TestVectorHistory: whatever was added, replaced, deleted, merged and reopened
// before, searches by vector equal scoring the documents that are there.
func TestVectorHistory(t *testing.T) {
	rounds := 6
	if os.Getenv("TAMIS_HEAVY") == "full" {
		rounds = 100
	}
	tunings := []tamis.Tuning{
		{Inline: true},
		{Inline: true, SealBytes: 1, MergeFactor: 2},
		{StepBytes: 8 << 10, SealAfter: time.Millisecond, MergeFactor: 3},
		{},
	}
	for seed := range uint64(rounds) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			vectorHistory(t, seed, tunings[seed%4])
		})
	}
}

func vectorHistory(t *testing.T, seed uint64, tuning tamis.Tuning) {
	r := rand.New(rand.NewPCG(seed, 5))
	dir := filepath.Join(t.TempDir(), "ix")
	options := tamis.Options{Tuning: tuning, Vectors: map[string]tamis.VectorField{
		"eight":   {Bits: 8, Max: 255. / 8},
		"sixteen": {Bits: 16, Max: 65535. / 64},
		"halves":  {Bits: 16},
		"bytes":   {Bits: 8, Kind: vector.KindDense},
	}}
	ix, err := tamis.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	fields := []string{"eight", "sixteen", tamis.DefaultField, "floats", "halves", "bytes"}
	kind := func(field string, terms int) tamis.Vector {
		switch field {
		case "floats", "halves":
			return randomDense(r, 3)
		case "bytes":
			return append(randomDense(r, 19), 127./8) // steps of an eighth
		}
		return randomVector(r, terms)
	}
	var docs []*vectorDoc
	remove := func(id string) {
		docs = slices.DeleteFunc(docs, func(d *vectorDoc) bool { return d.id == id })
	}
	for range 30 {
		var batch []tamis.Document
		seen := map[string]bool{}
		for range r.IntN(25) {
			d := &vectorDoc{id: fmt.Sprint("doc", r.IntN(200)), n: r.IntN(100), vectors: map[string]tamis.Vector{}}
			if seen[d.id] {
				continue
			}
			seen[d.id] = true
			if r.IntN(4) == 0 {
				d.groups = []string{fmt.Sprint("g", r.IntN(3))}
			}
			for _, f := range fields {
				if r.IntN(3) > 0 {
					d.vectors[f] = kind(f, 20)
				}
			}
			batch = append(batch, d.document())
			remove(d.id)
			docs = append(docs, d)
		}
		add(t, ix, batch...)
		for range r.IntN(8) {
			id := fmt.Sprint("doc", r.IntN(200))
			if _, err := ix.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			remove(id)
		}
		switch r.IntN(8) {
		case 0:
			if err := ix.Compact(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 1:
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
			if ix, err = tamis.Open(dir, options); err != nil {
				t.Fatal(err)
			}
			if err := ix.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if len(docs) == 0 {
			continue
		}
		for range 6 {
			field := fields[r.IntN(len(fields))]
			q := tamis.Query{Vector: kind(field, 8), Field: field, K: 1 + r.IntN(30)}
			if field == "bytes" { // queries of bytes have steps, too: those of a power of two are exact
				clear(q.Vector.(tamis.Dense))
				q.Vector.(tamis.Dense)[r.IntN(20)] = 1
			}
			pass := func(*vectorDoc) bool { return true }
			switch r.IntN(3) {
			case 0:
				n := r.IntN(100)
				q.Filter = fmt.Sprint("n < ", n)
				pass = func(d *vectorDoc) bool { return d.n < n }
			case 1:
				q.Groups = []string{"g1"}
				pass = func(d *vectorDoc) bool { return d.groups == nil || d.groups[0] == "g1" }
			}
			if got, want := searchVectors(t, ix, q), bruteForce(docs, q, pass); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %+v\n got %v\nwant %v", seed, q, got, want)
			}
		}
	}
	report, err := ix.Check(t.Context(), false)
	if err != nil || len(report.Lost)+len(report.Derivable) > 0 {
		t.Fatalf("check: %+v, %v", report, err)
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestVectorsOfGoPrograms(t *testing.T) {
	ix := open(t, "")
	add(t, ix,
		tamis.Document{ID: "text", Title: "T", Source: "A text about hotels. Another sentence."},
		tamis.Document{ID: "both", Source: "A text about cats.", Vectors: map[string]tamis.Vector{"vector": tamis.Sparse{"cat": 2, "17": 1}}},
		tamis.Document{ID: "only", Vectors: map[string]tamis.Vector{"vector": tamis.Sparse{"cat": 1, "dog": 3}, "other": tamis.Sparse{"x": 1}}},
	)
	ask := func(q tamis.Query) string {
		t.Helper()
		var out []string
		res, err := ix.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range res.Hits {
			out = append(out, fmt.Sprintf("%s %g %q", h.Doc, h.Score, h.Text))
		}
		return strings.Join(out, ", ")
	}
	for want, q := range map[string]tamis.Query{
		`both 2 "A text about cats.", only 1 ""`: {Vector: tamis.Sparse{"cat": 1}},
		`both 3 "A text about cats."`:            {Vector: tamis.Sparse{"17": 3, "unknown": 9, "018": 9}},
		`only 1 ""`:                              {Vector: tamis.Sparse{"x": 1}, Field: "other"},
		``:                                       {Vector: tamis.Sparse{"unknown": 1, "4294967296": 1}},
	} {
		if got := ask(q); got != want {
			t.Errorf("%+v: %s, want %s", q, got, want)
		}
	}
	if n := textHits(t, ix, "cats"); n != 1 {
		t.Errorf("the document with a text and a vector is found %d times by its text", n)
	}
	for _, q := range []tamis.Query{
		{Vector: tamis.Sparse{}},
		{Vector: tamis.Sparse{"a": 1}, Text: "x"},
		{Vector: tamis.Sparse{"a": 1}, Unit: tamis.Passages},
		{Vector: tamis.Dense{1, 2}},
		{Vector: tamis.Dense{1, float32(math.NaN())}},
		{Vector: tamis.Sparse{"a": 1}, Field: "absent"},
		{Vector: tamis.Sparse{"a": float32(math.NaN())}},
		{Vector: tamis.Sparse{"a": -1}},
		{Vector: tamis.Sparse{"a": 1}, Recall: 1.5},
	} {
		if _, err := ix.Search(t.Context(), q); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := ix.Search(t.Context(), tamis.Query{Vector: tamis.Sparse{"a": 1}, Field: "absent"}); !errors.Is(err, tamis.ErrNotFound) {
		t.Error(err)
	}
	// The same document again is unchanged, one with another vector is not, and one
	// without it has none.
	for i, want := range []struct {
		vectors map[string]tamis.Vector
		hits    string
	}{
		{map[string]tamis.Vector{"vector": tamis.Sparse{"17": 1, "cat": 2}}, `both 2 "A text about cats.", only 1 ""`},
		{map[string]tamis.Vector{"vector": tamis.Sparse{"17": 1, "cat": .5}}, `only 1 "", both 0.5 "A text about cats."`},
		{nil, `only 1 ""`},
	} {
		report := add(t, ix, tamis.Document{ID: "both", Source: "A text about cats.", Vectors: want.vectors})
		if (report.Unchanged == 1) != (i == 0) || (report.Updated == 1) != (i > 0) {
			t.Errorf("again: %+v", report)
		}
		if got := ask(tamis.Query{Vector: tamis.Sparse{"cat": 1}}); got != want.hits {
			t.Errorf("again: %s, want %s", got, want.hits)
		}
	}
}

func textHits(t *testing.T, ix *tamis.Index, text string) int {
	t.Helper()
	res, err := ix.Search(t.Context(), tamis.Query{Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return len(res.Hits)
}

// TestBadVectors: what is wrong with one costs one clear reason; the rest goes in.
func TestBadVectors(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{Vectors: map[string]tamis.VectorField{"small": {Bits: 8}}})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	one := func(field string, v tamis.Vector) map[string]tamis.Vector { return map[string]tamis.Vector{field: v} }
	docs := []tamis.Document{
		{ID: "good", Vectors: one("vector", tamis.Sparse{"a": 1})},
		{ID: "negative", Vectors: one("vector", tamis.Sparse{"a": -1, "b": 1})},
		{ID: "zero", Vectors: one("vector", tamis.Sparse{"a": 0})},
		{ID: "nan", Vectors: one("vector", tamis.Sparse{"a": nan})},
		{ID: "infinite", Vectors: one("vector", tamis.Sparse{"a": inf})},
		{ID: "empty", Vectors: one("vector", tamis.Sparse{})},
		{ID: "nameless", Vectors: one("", tamis.Sparse{"a": 1})},
		{ID: "unscaled", Vectors: one("small", tamis.Sparse{"a": 1})},
		{ID: "tiny", Vectors: one("vector", tamis.Sparse{"a": 1e-45, "": 2, "\x00": 3e38})},
	}
	report, err := ix.Add(t.Context(), seq(docs...))
	if err != nil || report.Added != 2 || len(report.Skipped) != 7 {
		t.Fatalf("%+v, %v", report, err)
	}
	for i, s := range report.Skipped {
		if s.Path != docs[i+1].ID || s.Reason == "" || strings.Contains(s.Reason, "\n") {
			t.Errorf("%+v", s)
		}
		t.Log(s.Path, ": ", s.Reason)
	}
	res, err := ix.Search(t.Context(), tamis.Query{Vector: tamis.Sparse{"a": 1}})
	if err != nil || len(res.Hits) != 2 {
		t.Fatal(res, err)
	}
	if _, err := tamis.Open("", tamis.Options{Vectors: map[string]tamis.VectorField{"v": {Bits: 12}}}); err == nil {
		t.Error("12 bits are taken")
	}
}

// TestVectorsBesideWriters: a search sees whole commits of every writer, whatever
// is sealed and merged meanwhile.
func TestVectorsBesideWriters(t *testing.T) {
	const writers, docs, commits = 2, 5, 60
	ix, err := tamis.Open("", tamis.Options{Tuning: tamis.Tuning{SealBytes: 8 << 10, SealAfter: time.Millisecond, MergeFactor: 2}})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	write := func(w, n int) {
		var batch []tamis.Document
		for d := range docs {
			batch = append(batch, tamis.Document{ID: fmt.Sprint(w, "-", d), Vectors: map[string]tamis.Vector{"vector": tamis.Sparse{
				fmt.Sprint("writer", w): float32(n), "all": 1, fmt.Sprint("commit", n): 1,
			}}})
		}
		if _, err := ix.Add(t.Context(), seq(batch...)); err != nil {
			t.Error(err)
		}
	}
	for w := range writers {
		write(w, 1)
	}
	var working, reading sync.WaitGroup
	stop := make(chan struct{})
	for w := range writers {
		working.Go(func() {
			for n := 2; n <= commits; n++ {
				write(w, n)
			}
		})
		reading.Go(func() {
			last := float32(0)
			for done := false; !done; {
				select {
				case <-stop:
					done = true // once more
				default:
				}
				hits := searchVectors(t, ix, tamis.Query{Vector: tamis.Sparse{fmt.Sprint("writer", w): 1}, K: 20})
				if len(hits) != docs || hits[0].Score != hits[docs-1].Score || hits[0].Score < last {
					t.Errorf("after commit %g of writer %d: %v", last, w, hits)
					return
				}
				last = hits[0].Score
				if all := searchVectors(t, ix, tamis.Query{Vector: tamis.Sparse{"all": 1}, K: 50}); len(all) != writers*docs {
					t.Errorf("%d documents are seen", len(all))
					return
				}
			}
			if last != commits {
				t.Errorf("commit %g of writer %d is the last that is seen", last, w)
			}
		})
	}
	working.Wait()
	close(stop)
	reading.Wait()
}

// TestVectorFiles: files of others, whole, cut off and with counts that lie: what
// can be read goes in, the rest costs a reason that names the place.
func TestVectorFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join("vector", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	csr, ciff := read("matrix.csr"), read("index.ciff")
	jsonl := []byte(`{"id": "a", "vector": {"fine": 1, "sieve": 2}}
{"id": "b", "vector": {"fine": 0}}
{"id": "c", "vector": {"fine": 1, "fine": 2}}
{"id": "d", "vector": {"other": 1, "17": 3}}
{"id": 7, "contents": "A text.", "vector": {"sieve": 4}}
{"id": "a", "vector": {"fine": 9}}
{"id": "cut", "vec`)
	for _, c := range []struct {
		path   string
		counts [5]int
		query  tamis.Vector
		hits   string
		reason string
	}{
		{write("v.jsonl", jsonl), [5]int{3, 0, 0, 0, 4}, tamis.Sparse{"sieve": 1}, "7 4, a 2", "malformed JSON"},
		{write("m.csr", csr), [5]int{2, 0, 0, 0, 1}, tamis.Sparse{"4": 1}, "0 1.25, 2 1", "row 1: empty vector"},
		{write("cut.csr", csr[:len(csr)-3]), [5]int{1, 0, 0, 0, 2}, tamis.Sparse{"4": 1}, "0 1.25", "rows from 2 on are missing"},
		{write("i.ciff", ciff), [5]int{3, 0, 0, 0, 0}, tamis.Sparse{"sieve": 1}, "a 255, b 45", ""},
		{write("cut.ciff", ciff[:len(ciff)-2]), [5]int{2, 0, 0, 0, 2}, tamis.Sparse{"sieve": 1}, "a 255, b 45", "cut off"},
		{write("lies.ciff", slices.Concat(ciff[:4], []byte{9}, ciff[5:])), [5]int{3, 0, 0, 0, 1}, tamis.Sparse{"sieve": 1}, "a 255, b 45", "count does not hold"},
		{write("empty.ciff", nil), [5]int{0, 0, 0, 0, 1}, nil, "", "cut off"},
	} {
		for _, bits := range []int{32, 16, 8} {
			ix, err := tamis.Open("", tamis.Options{Vectors: map[string]tamis.VectorField{"v": {Bits: bits}}})
			if err != nil {
				t.Fatal(err)
			}
			report, err := ix.AddVectors(t.Context(), c.path, "v")
			if err != nil || counts(report) != c.counts {
				t.Errorf("%s: %+v, %v", c.path, report, err)
			}
			if n := len(report.Skipped); n > 0 && bits == 32 {
				if last := report.Skipped[n-1]; last.Path != c.path || !strings.Contains(last.Reason, c.reason) {
					t.Errorf("%s: %+v", c.path, last)
				}
			}
			if c.query != nil && bits != 8 { // 8 bits round the weights
				var got []string
				for _, h := range searchVectors(t, ix, tamis.Query{Vector: c.query, Field: "v"}) {
					got = append(got, fmt.Sprintf("%s %.3g", h.Doc, h.Score))
				}
				if s := strings.Join(got, ", "); s != c.hits {
					t.Errorf("%s, %d bits: %s, want %s", c.path, bits, s, c.hits)
				}
			}
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}
