package tamis_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/cpu"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/ingest"
	"github.com/tamis-search/tamis/internal/tiers"
)

// setting is a way to run the same operations.
type setting struct {
	tuning tamis.Tuning
	reopen int // after every so many operations; 0: never
	batch  int // documents an Add call
	backup bool
	// noise is how many writers add and delete documents of their own meanwhile.
	noise int
	// other: when it is reopened, a program that makes rows otherwise has had the
	// index in between, and made it anew every second time.
	other bool
}

var settings = map[string]setting{
	"defaults":         {batch: 100},
	"one by one":       {batch: 1, tuning: tamis.Tuning{Inline: true}},
	"all in files":     {batch: 7, tuning: tamis.Tuning{SealBytes: 1, MergeFactor: 2, MemTable: 64 << 10}},
	"small segments":   {batch: 20, tuning: tamis.Tuning{MaxSegmentBytes: 32 << 10, StepBytes: 2 << 10}},
	"reopened":         {batch: 30, reopen: 3, tuning: tamis.Tuning{SealAfter: time.Hour}},
	"copied":           {batch: 50, reopen: 9, backup: true},
	"slow merging":     {batch: 5, tuning: tamis.Tuning{MergeRate: 1 << 20, MergeFactor: 3}},
	"many in memory":   {batch: 3, tuning: tamis.Tuning{SealBytes: 64 << 20, SealAfter: time.Hour, MergeFactor: 4}},
	"merged at once":   {batch: 100, tuning: tamis.Tuning{MergeFactor: 2, Inline: true}},
	"many writers":     {batch: 10, noise: 3, tuning: tamis.Tuning{SealBytes: 8 << 10, MergeFactor: 2}},
	"another version":  {batch: 40, reopen: 4, other: true, noise: 1},
	"few in a segment": {batch: 2, tuning: tamis.Tuning{MergeFactor: 20, MaxSegments: 200}},
}

// TestSettingsDoNotShow: the same operations under any setting give answers
// that are the same to the byte.
func TestSettingsDoNotShow(t *testing.T) {
	seeds := uint64(1)
	if os.Getenv("TAMIS_HEAVY") == "full" {
		seeds = 20
	}
	for seed := range seeds {
		want := everyAnswer(t, seed, settings["defaults"])
		for name, s := range settings {
			if got := everyAnswer(t, seed, s); got != want {
				t.Errorf("seed %d: %s gives other answers than the defaults", seed, name)
			}
		}
	}
}

// TestAnswers prints what TestSIMDDoesNotShow compares.
func TestAnswers(t *testing.T) {
	t.Log("answers", everyAnswer(t, 0, settings["defaults"]), "AVX2", cpu.X86.HasAVX2)
}

// TestSIMDDoesNotShow: a process without vector instructions gives the same
// answers.
func TestSIMDDoesNotShow(t *testing.T) {
	tiers.Without(t, "avx2", "TestAnswers", fmt.Sprint("answers ", everyAnswer(t, 0, settings["defaults"]), " AVX2 false"))
}

// everyAnswer runs operations and returns a digest of all answers.
func everyAnswer(t *testing.T, seed uint64, s setting) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "ix")
	options := tamis.Options{Tuning: s.tuning, Vectors: map[string]tamis.VectorField{"small": {Bits: 8, Max: 4}}}
	ix, err := tamis.Open(dir, options)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { ix.Close() }()
	r := rand.New(rand.NewPCG(seed, 77))
	word := func() string { return fmt.Sprint("w", int(60*r.Float64()*r.Float64())) }
	// Sums of these weights depend on the order of adding.
	weights := func(terms int) tamis.Vector {
		v := tamis.Sparse{}
		for range 1 + r.IntN(terms) {
			v[[]string{"", "1"}[r.IntN(2)]+word()[1:]] = 5 * (1 - r.Float32())
			v[word()] = r.Float32() + .001
		}
		return v
	}
	document := func() tamis.Document {
		n := r.IntN(120)
		d := tamis.Document{ID: fmt.Sprint("doc", n), Title: word() + " " + word(), Metadata: map[string]any{"n": float64(n)}}
		for range 1 + r.IntN(40) {
			for range 1 + r.IntN(15) {
				d.Source += word() + " "
			}
			d.Source += word() + ". "
		}
		switch r.IntN(4) {
		case 0:
			d.Source = ""
			fallthrough
		case 1:
			d.Vectors = map[string]tamis.Vector{"vector": weights(30), "small": weights(30)}
		}
		return d
	}
	sum := sha256.New()
	record := func(v any, err error) {
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		sum.Write(b)
	}
	for op := range 25 {
		quiet := makeNoise(t, ix, s.noise)
		var docs []tamis.Document
		seen := map[string]bool{}
		for range 1 + r.IntN(40) {
			if d := document(); !seen[d.ID] {
				seen[d.ID] = true
				docs = append(docs, d)
			}
		}
		for i := 0; i < len(docs); i += s.batch {
			add(t, ix, docs[i:min(len(docs), i+s.batch)]...)
		}
		var gone []string
		for range r.IntN(10) {
			gone = append(gone, fmt.Sprint("doc", r.IntN(120)))
		}
		record(ix.Delete(t.Context(), gone...))
		if r.IntN(2) == 0 {
			var lines strings.Builder
			for _, n := range r.Perm(120)[:r.IntN(12)] {
				v, err := json.Marshal(map[string]any{"id": fmt.Sprint("doc", n), "vector": weights(20)})
				if err != nil {
					t.Fatal(err)
				}
				lines.Write(append(v, '\n'))
			}
			file := filepath.Join(t.TempDir(), "vectors.jsonl")
			if err := os.WriteFile(file, []byte(lines.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			record(ix.AddVectors(t.Context(), file, "vector"))
		}
		quiet()
		for range 3 {
			q := tamis.Query{Text: word() + " " + word() + " " + word(), K: 1 + r.IntN(30), Fold: r.IntN(3) == 0}
			if r.IntN(2) == 0 {
				q.Unit = tamis.Documents
			}
			if r.IntN(3) == 0 {
				q.Filter = fmt.Sprint("n < ", r.IntN(120))
			}
			if r.IntN(3) == 0 {
				q.Text, q.Unit, q.Vector = "", "", weights(10)
				q.Field = []string{"vector", "small"}[r.IntN(2)]
			}
			res, err := ix.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			res.TookMS = 0
			record(res, nil)
		}
		record(ix.Context(t.Context(), word()+" "+word(), tamis.Budget{Tokens: 20 + r.IntN(200), Counter: "words"}))
		if s.reopen > 0 && op%s.reopen == s.reopen-1 {
			if s.backup {
				target := dir + "'"
				if err := tamis.Backup(t.Context(), dir, target); err != nil {
					t.Fatal(err)
				}
				dir = target
			}
			if err := ix.Close(); err != nil {
				t.Fatal(err)
			}
			if s.other {
				ix, err := tamis.OpenVariant(dir, options, ingest.Variant{Title: 5, Split: split.Options{PassageTokens: 40}})
				if err != nil {
					t.Fatal(err)
				}
				if op/s.reopen%2 == 0 {
					if err := ix.Ready(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				makeNoise(t, ix, 1)()
				if err := ix.Close(); err != nil {
					t.Fatal(err)
				}
			}
			if ix, err = tamis.Open(dir, options); err != nil {
				t.Fatal(err)
			}
			if err := ix.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// makeNoise starts writers that add, replace and delete documents of their own,
// and attach vectors to them; the result ends them and takes all back.
func makeNoise(t *testing.T, ix *tamis.Index, writers int) (quiet func()) {
	t.Helper()
	done := make(chan struct{})
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			ids := map[string]bool{}
			for round := 0; ; round++ {
				d := tamis.Document{ID: fmt.Sprint("noise", w, " ", r.IntN(9)), Title: fmt.Sprint("w", r.IntN(60)), Metadata: map[string]any{"n": 1.0}}
				for range r.IntN(80) {
					d.Source += fmt.Sprint("w", r.IntN(60), " ")
				}
				// Names would take numbers, and sums depend on the order of terms.
				d.Vectors = map[string]tamis.Vector{"vector": tamis.Sparse{fmt.Sprint(r.IntN(60)): 1 + r.Float32()}}
				ids[d.ID] = true
				if _, err := ix.Add(t.Context(), one(d)); err != nil {
					t.Error(err)
					return
				}
				if r.IntN(3) == 0 {
					if _, err := ix.Delete(t.Context(), d.ID); err != nil {
						t.Error(err)
						return
					}
				}
				select {
				case <-done:
					if _, err := ix.Delete(t.Context(), slices.Collect(maps.Keys(ids))...); err != nil {
						t.Error(err)
					}
					return
				default:
				}
			}
		})
	}
	return func() {
		close(done)
		wg.Wait()
	}
}

func one(d tamis.Document) iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) { yield(d, nil) }
}
