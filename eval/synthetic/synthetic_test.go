package synthetic

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

func counter(t testing.TB) tokens.Counter {
	t.Helper()
	c, err := tokens.New(tokens.Default)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func questions(t testing.TB) *eval.EvidenceSet {
	t.Helper()
	var docs []eval.Document
	for i := range 400 {
		docs = append(docs, eval.Document{ID: string(rune('a'+i%26)) + string(rune('a'+i/26)), Text: strings.Repeat("Water runs down the hill of the miller. ", 20)})
	}
	s, err := eval.NewEvidence(docs, []eval.Question{
		{ID: "1", Text: "What runs?", Answers: []string{"Water"}, Evidence: []eval.Span{{Doc: "aa", Start: 0, End: 5}}},
		{ID: "2", Text: "What runs, and of whom is the hill?", Answers: []string{"Water"}, Evidence: []eval.Span{{Doc: "aa", Start: 0, End: 5}, {Doc: "ba", Start: 0, End: 5}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestItems holds every task to what an item promises.
func TestItems(t *testing.T) {
	tasks, err := Named([]string{"all"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(tasks) != len(All()) {
		t.Errorf("%d tasks of %d", len(tasks), len(All()))
	}
	o := Options{Seed: 1, Lengths: []int{4000, 12_000}, Items: 3, Counter: counter(t), Questions: questions(t)}
	n := 0
	seen := map[string]bool{}
	for it, err := range Each(tasks, o) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if seen[it.ID] {
			t.Errorf("%s comes twice", it.ID)
		}
		seen[it.ID] = true
		set, err := it.Set()
		if err != nil {
			t.Fatalf("%s: %v", it.ID, err)
		}
		if it.Length > 0 && it.Tokens > it.Length || it.Length > 0 && it.Tokens < it.Length*8/10 {
			t.Errorf("%s: %d tokens of %d", it.ID, it.Tokens, it.Length)
		}
		if len(it.Evidence) == 0 || len(it.Answers) == 0 || it.Question == "" || it.Depth < 0 || it.Depth > 1 || it.Scope <= 0 || it.Scope > 1 {
			t.Errorf("%s: %+v", it.ID, it)
		}
		var evidence strings.Builder
		for _, e := range it.Evidence {
			d, _ := set.Document(e.Doc)
			evidence.WriteString(d.Text[e.Start:e.End] + "\n")
		}
		for _, a := range it.Answers {
			if !it.Derived && !strings.Contains(evidence.String(), a) {
				t.Errorf("%s: the answer %q is not in its evidence\n%s", it.ID, a, evidence.String())
			}
		}
	}
	if want := Count(tasks, o); n != want {
		t.Errorf("%d items, %d were announced", n, want)
	}
}

func TestSameSeedSameItems(t *testing.T) {
	made := func(seed uint64) []byte {
		var b bytes.Buffer
		for it, err := range Each(All()[:8], Options{Seed: seed, Lengths: []int{2000}, Items: 2, Counter: counter(t)}) {
			if err != nil {
				t.Fatal(err)
			}
			if err := json.NewEncoder(&b).Encode(it); err != nil {
				t.Fatal(err)
			}
		}
		return b.Bytes()
	}
	if !bytes.Equal(made(7), made(7)) {
		t.Error("the same seed makes other items")
	}
	if bytes.Equal(made(7), made(8)) {
		t.Error("another seed makes the same items")
	}
}

// TestNoOverlap holds needles and questions to sharing no word, stemmed, beside stop words.
func TestNoOverlap(t *testing.T) {
	a, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range associations {
		in := a.Terms(nil, x.needle)
		for _, w := range a.QueryTerms(nil, x.question) {
			if slices.Contains(in, w) {
				t.Errorf("%q and %q share %q", x.needle, x.question, w)
			}
		}
		if !strings.Contains(x.needle, "X") {
			t.Errorf("%q asks for nobody", x.needle)
		}
	}
}

func TestDiffusion(t *testing.T) {
	want := map[string]string{"niah_single_1": "low", "niah_multikey_3": "low", "variable_tracking": "high", "cwe": "high", "no_overlap": "high", "overlap": "low", "coverage_recall": "low"}
	for it, err := range Each(All(), Options{Lengths: []int{4000}, Items: 1, Counter: counter(t), Questions: questions(t)}) {
		if err != nil {
			t.Fatal(err)
		}
		d, s := it.Labels()
		if w := want[it.Task]; w != "" && w != d {
			t.Errorf("%s: diffusion %s (%.2f), want %s", it.Task, d, it.Diffusion, w)
		}
		if wide := it.Task == "chain" || strings.HasPrefix(it.Task, "coverage"); wide != (s == "high") && !strings.HasPrefix(it.Task, "qa") && it.Task != "fwe" && it.Task != "cwe" && it.Task != "constraint" && !it.spread() {
			t.Errorf("%s: scope %s (%.3f)", it.Task, s, it.Scope)
		}
	}
}

// spread says that a task's own parameters decide how much of an item is evidence.
func (it *Item) spread() bool {
	return strings.Contains(it.Task, "thread") || it.Task == "interference"
}

func TestNamed(t *testing.T) {
	tasks, err := Named([]string{"ruler", "no_overlap", "niah_single_1"}, false)
	if err != nil || len(tasks) != 12 {
		t.Errorf("%d tasks, %v", len(tasks), err)
	}
	if _, err := Named([]string{"rulers"}, false); err == nil || !strings.Contains(err.Error(), "no-overlap") {
		t.Error(err)
	}
	if _, err := Named([]string{"qa_1"}, false); err == nil || !strings.Contains(err.Error(), "--questions") {
		t.Error(err)
	}
}

func TestHaystack(t *testing.T) {
	c := counter(t)
	var docs []corpus.Document
	for _, id := range []string{"a", "b", "c", "d", "e", "f"} {
		docs = append(docs, corpus.Document{ID: id, Title: strings.ToUpper(id), Source: strings.Repeat("The miller of "+id+" has a wheel.\n\n", 100), Metadata: map[string]any{"kind": "first half"[:5+len(id)*int(id[0]-'a')/3]}})
	}
	h, err := NewHaystack(docs, c)
	if err != nil {
		t.Fatal(err)
	}
	tasks, _ := Named([]string{"niah_single_2", "constraint"}, false)
	for it, err := range Each(tasks, Options{Lengths: []int{4000}, Items: 3, Counter: c, Haystack: h}) {
		if err != nil {
			t.Fatal(err)
		}
		if _, err := it.Set(); err != nil {
			t.Error(err)
		}
		if it.Tokens > 4000 || it.Tokens < 3600 {
			t.Errorf("%s: %d tokens", it.ID, it.Tokens)
		}
	}
	var short *ErrShort
	for _, err := range Each(tasks, Options{Lengths: []int{64_000}, Items: 1, Counter: c, Haystack: h}) {
		if !errors.As(err, &short) {
			t.Errorf("a haystack that is too small: %v", err)
		}
	}
	if _, err := NewHaystack([]corpus.Document{{ID: "a", Source: " \n"}}, c); err == nil {
		t.Error("a haystack without text is taken")
	}
	for _, err := range Each(All(), Options{Lengths: []int{10}, Items: 1, Counter: c, Questions: questions(t)}) {
		if err == nil {
			continue
		}
		if !strings.Contains(err.Error(), "length") && !strings.Contains(err.Error(), "too few") {
			t.Error(err)
		}
		break
	}
}

func BenchmarkRuler128k(b *testing.B) {
	tasks, _ := Named([]string{"ruler"}, false)
	for b.Loop() {
		for _, err := range Each(tasks, Options{Lengths: []int{128_000}, Items: 1, Counter: counter(b)}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
