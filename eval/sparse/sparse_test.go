package sparse

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/tamis-search/tamis/eval/trec"
	"github.com/tamis-search/tamis/index/impact"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/vector"
)

// wordPiece splits as BERT's uncased models do (Devlin et al., 2019): words and
// marks without case and accents, then the longest pieces of the vocabulary.
func wordPiece(vocabulary map[string]bool, text string) (tokens []string) {
	var words []string
	word := ""
	end := func() {
		if word != "" {
			words, word = append(words, word), ""
		}
	}
	for _, r := range norm.NFD.String(strings.ToLower(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsSpace(r):
			end()
		case unicode.IsPunct(r) || r < 128 && unicode.IsSymbol(r):
			end()
			words = append(words, string(r))
		default:
			word += string(r)
		}
	}
	end()
	for _, w := range words {
		var pieces []string
		for rest := w; rest != ""; {
			n := len(rest)
			for ; n > 0; n-- {
				piece := rest[:n]
				if len(pieces) > 0 {
					piece = "##" + piece
				}
				if vocabulary[piece] {
					pieces, rest = append(pieces, piece), rest[n:]
					break
				}
			}
			if n == 0 {
				pieces = nil
				break
			}
		}
		tokens = append(tokens, pieces...)
	}
	return tokens
}

// TestSparseNFCorpus asks real SPLADE-v3 documents for the pieces of the question,
// each with a weight of 1.
func TestSparseNFCorpus(t *testing.T) {
	documents := filepath.Join(evaldata.Dir(t, "sparse/nfcorpus-splade-v3"), "documents.jsonl.gz")
	text := evaldata.Dir(t, "retrieval/nfcorpus")
	file, err := os.ReadFile(filepath.Join(evaldata.Dir(t, "conformance"), "bert-base-uncased-vocab.txt"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, piece := range strings.Split(string(file), "\n") {
		known[piece] = true
	}
	open := func(name string) *os.File {
		f, err := os.Open(filepath.Join(text, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	questions, err := trec.ReadQueries("queries.jsonl", open("queries.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	qrels, err := trec.ReadQrels("qrels.txt", open("qrels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	v := vector.NewVocabulary()
	docs, err := Read(documents, v, func(err error) { t.Errorf("skipped: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	var queries []vector.Document
	for _, q := range questions {
		weights := map[uint32]bool{}
		var s vector.Sparse
		for _, token := range wordPiece(known, q.Text) {
			if id := v.Add(token); !weights[id] {
				weights[id] = true
				s.Terms, s.Weights = append(s.Terms, id), append(s.Weights, 1)
			}
		}
		if s, err = vector.New(s.Terms, s.Weights); err != nil {
			t.Fatal(err)
		}
		queries = append(queries, vector.Document{ID: q.ID, Vector: s})
	}
	for _, c := range []struct {
		name      string
		o         Options
		ndcg, tol float64
		recall    float64
	}{
		{"exact", Options{10, 1, impact.Float32}, .340, .001, 1},
		{"exact of 8 bits", Options{10, 1, impact.Bits8}, .340, .002, .97},
		{"recall .95", Options{10, .95, impact.Float32}, .340, .01, .945},
	} {
		_, r, err := Measure(t.Context(), docs, queries, qrels, c.o)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: nDCG@10 %.4f, recall %.4f, exact %v, %d bytes", c.name, r.Metrics["ndcg@10"], r.Recall, r.Exact, r.IndexBytes)
		if math.Abs(r.Metrics["ndcg@10"]-c.ndcg) > c.tol || r.Recall < c.recall || r.Exact != (c.o.Recall == 1) && r.Exact && r.Recall != 1 {
			t.Errorf("%s: %+v", c.name, r)
		}
	}
}

// TestSparseExact finds what a plain loop over all documents finds, ties in the order
// of addition.
func TestSparseExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	random := func(n int, id string) (all []vector.Document) {
		for i := range n {
			weights := map[uint32]float32{}
			for range 1 + rng.IntN(12) {
				weights[uint32(rng.IntN(60))] = float32(1+rng.IntN(8)) / 4
			}
			var terms []uint32
			var values []float32
			for term, w := range weights {
				terms, values = append(terms, term), append(values, w)
			}
			s, err := vector.New(terms, values)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, vector.Document{ID: id + strconv.Itoa(i), Vector: s})
		}
		return all
	}
	docs, queries := random(300, "d"), random(20, "q")
	queries = append(queries, vector.Document{ID: "unknown", Vector: vector.Sparse{Terms: []uint32{99}, Weights: []float32{1}}})
	qrels := trec.Qrels{"q0": {"d0": 1}}
	run, r, err := Measure(t.Context(), docs, queries, qrels, Options{5, 1, impact.Float32})
	if err != nil {
		t.Fatal(err)
	}
	if r.Recall != 1 || !r.Exact || r.Documents != 300 || r.Queries != 21 || r.Metrics == nil || r.IndexBytes == 0 {
		t.Errorf("%+v", r)
	}
	for _, q := range queries {
		hits := run.Queries[q.ID]
		for i, h := range hits {
			better := 0
			for _, d := range docs {
				if float64(vector.Dot(q.Vector, d.Vector)) > h.Score {
					better++
				}
			}
			if better > i {
				t.Errorf("query %s, rank %d: %d documents are better than %s", q.ID, i+1, better, h.Doc)
			}
		}
	}
	if len(run.Queries["unknown"]) != 0 {
		t.Error("a query without a known term has hits")
	}
}
