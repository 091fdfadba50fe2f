package arms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/synthetic"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/text/tokens"
)

func setup(t testing.TB, names ...string) ([]synthetic.Task, synthetic.Options, Options) {
	t.Helper()
	tasks, err := synthetic.Named(names, false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := tokens.New(tokens.Default)
	if err != nil {
		t.Fatal(err)
	}
	arms, err := Named(nil, false)
	if err != nil {
		t.Fatal(err)
	}
	return tasks, synthetic.Options{Seed: 42, Lengths: []int{4096, 16_384}, Items: 3, Counter: c}, Options{Arms: arms, Budgets: []int{250, 1000}, Counter: c}
}

// TestGate is the suite that CI runs at each change: what tamis keeps of needles whose
// question has words of theirs must not fall.
func TestGate(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	tasks, from, o := setup(t, "ruler", "overlap", "threads", "position", "robustness", "constraint", "implicit_temporal")
	from.Lengths, o.Arms = []int{16_384}, []string{Retrieved, Packed, Filtered}
	all, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil {
		t.Fatal(err)
	}
	r := NewReport(tasks, all, o)
	gates, err := figures.ParseGates([]string{
		"niah_single_1:needle_recall@1000>=1", "niah_single_2:needle_recall@1000>=1", "niah_single_3:needle_recall@1000>=1",
		"niah_multikey_1:needle_recall@1000>=1", "niah_multikey_2:needle_recall@1000>=1", "niah_multikey_3:needle_recall@1000>=1",
		"niah_multivalue:needle_recall@1000>=1", "niah_multiquery:needle_recall@1000>=1", "niah_multiquery:needle_recall@250>=.9",
		"overlap:needle_recall@1000>=1", "kv_single:needle_recall@250>=1", "kv_multi:needle_recall@1000>=1",
		"kv_300:needle_recall@1000>=1", "docs_30:needle_recall@1000>=1", "distractors:needle_recall@1000>=1",
		"order:needle_recall@1000>=1", "implicit_temporal:needle_recall@1000>=1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := figures.Unmet(gates, r.Values(tasks, o)); err != nil {
		var b strings.Builder
		_ = r.WriteTable(&b, false)
		t.Errorf("%v\n%s", err, b.String())
	}
	for _, row := range r.Tasks {
		if c := row.cell(Filtered, 1000); row.Task == "constraint" && (c == nil || c.Fit == nil || c.Fit.AllCorrect != 1) {
			t.Errorf("a filter does not answer a constraint: %+v", c)
		}
	}
	for _, x := range all {
		if x.Budget > 0 && x.Tokens > x.Budget {
			t.Errorf("%s, %s: %d tokens of %d", x.ID, x.Arm, x.Tokens, x.Budget)
		}
		if x.NeedleRecall != nil && *x.NeedleRecall > x.Ceiling+1e-9 && x.Arm != Full {
			t.Errorf("%s, %s: recall %g is above its ceiling %g", x.ID, x.Arm, *x.NeedleRecall, x.Ceiling)
		}
	}
}

// TestGateFails: a gate holds what it is for. A context half of which is gone is below it.
func TestGateFails(t *testing.T) {
	tasks, from, o := setup(t, "niah_multiquery")
	o.Arms, o.Budgets = []string{Packed}, []int{40}
	all, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil {
		t.Fatal(err)
	}
	gates, err := figures.ParseGates([]string{"needle_recall@40>=.9"})
	if err != nil {
		t.Fatal(err)
	}
	if err := figures.Unmet(gates, NewReport(tasks, all, o).Values(tasks, o)); err == nil || !strings.Contains(err.Error(), "needle_recall@40>=0.9 was required") {
		t.Error(err)
	}
	if err := figures.Known([]figures.Gate{{Measure: "needle_recall@41"}}, Measures(tasks, o)); err == nil {
		t.Error("a measure at a budget that is not asked is known")
	}
}

func TestScore(t *testing.T) {
	for _, c := range []struct {
		text    string
		answers []string
		any     bool
		want    float64
	}{
		{"It is 1234567, and Blue.", []string{"1234567", "blue", "red"}, false, 2. / 3},
		{"11234567 1234567x", []string{"1234567"}, false, 0},
		{"11234567 1234567", []string{"1234567"}, false, 1},
		{"red", []string{"blue", "red"}, true, 1},
		{"", []string{"a"}, true, 0},
		{"a", []string{""}, false, 0},
		{"STRASSE", []string{"straße"}, false, 1},
	} {
		if got := Score(c.text, c.answers, c.any); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%q, %q: %g, want %g", c.text, c.answers, got, c.want)
		}
	}
}

// TestLists: F1 counts what stands in the list and is not asked for, documents that meet a
// part of a filter are told from those that meet none of it.
func TestLists(t *testing.T) {
	it := &synthetic.Item{List: true, Answers: []string{"D-1", "D-2", "D-3"}, Others: []string{"D-7", "D-10"}}
	for text, want := range map[string]float64{"": 0, "D-1, D-2, D-3": 1, "D-1 and D-7": .4, "D-10 D-7": 0, "D-1 D-2 D-3 D-7 D-10": .75, "D-11": 0} {
		if got := *listed(it, text); math.Abs(got-want) > 1e-5 {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if listed(&synthetic.Item{}, "D-1") != nil {
		t.Error("no list has an F1")
	}
	it = &synthetic.Item{Evidence: []eval.Span{{Doc: "a"}, {Doc: "b"}}, Near: []string{"c"}}
	if got := fit(it, []eval.Span{{Doc: "a"}, {Doc: "c"}, {Doc: "d"}, {Doc: "e"}, {Doc: "a"}}); *got != (Fit{Satisfied: .25, Unsatisfied: .25, Irrelevant: .5, Completeness: .5}) {
		t.Errorf("%+v", got)
	}
	// Of a log in which every line is asked for, the whole has all; of one person's, the
	// whole has the others' too. A filter keeps nothing else.
	tasks, from, o := setup(t, "coverage", "constraint")
	from.Lengths, from.Items, o.Arms, o.Budgets = []int{4096}, 1, []string{Full, Packed, Filtered}, []int{400}
	all, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		switch {
		case r.Task == "constraint" && r.Arm == Filtered:
			if r.Fit == nil || r.Fit.Satisfied != 1 {
				t.Errorf("%s: %+v", r.Arm, r.Fit)
			}
		case r.Task == "coverage_recall" && r.Arm == Full && *r.F1 != 1, r.Task == "coverage_attribute" && r.Arm == Full && (*r.F1 > .5 || *r.F1 <= 0):
			t.Errorf("%s %s: F1 %v", r.Task, r.Arm, *r.F1)
		}
	}
	var b strings.Builder
	if err := NewReport(tasks, all, o).WriteTable(&b, false); err != nil || !strings.Contains(b.String(), "F1 of the list") || !strings.Contains(b.String(), "not at all") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// endpoint is a scripted model: it answers with the seven-digit numbers of the sentence
// "secret number of KEY is N" for the keys of the question, which only a text that
// holds them can give.
func endpoint(t *testing.T, instead func(n int64, w http.ResponseWriter) bool) (*llm.Client, *atomic.Int64) {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if k := n.Add(1); instead != nil && instead(k, w) {
			return
		}
		raw, _ := io.ReadAll(r.Body)
		var asked struct {
			Messages []llm.Message `json:"messages"`
		}
		if err := json.Unmarshal(raw, &asked); err != nil {
			t.Error(err)
		}
		text, question, _ := strings.Cut(asked.Messages[1].Content, "\n\nQuestion: ")
		var said []string
		for _, w := range strings.FieldsFunc(question, func(r rune) bool { return strings.ContainsRune(" ,?", r) }) {
			if _, after, ok := strings.Cut(text, "secret number of "+w+" is "); ok {
				said = append(said, "The secret number of "+w+" is "+after[:7]+".")
			}
		}
		reply := strings.Join(said, " ")
		if strings.Contains(asked.Messages[0].Content, "yes or no") {
			reply = map[bool]string{true: "Yes.", false: "no"}[reply != ""]
		} else if reply == "" {
			reply = "The context does not say."
		}
		w.Header().Set("Content-Type", "text/event-stream")
		piece, _ := json.Marshal(reply)
		fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s},\"finish_reason\":\"stop\"}]}\n\n", piece)
		fmt.Fprintf(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":%d,\"completion_tokens\":7}}\n\ndata: [DONE]\n\n", len(raw)/4)
	}))
	t.Cleanup(s.Close)
	c, err := llm.New(llm.Config{URL: s.URL, Retries: -1, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c, &n
}

func TestAnswers(t *testing.T) {
	tasks, from, o := setup(t, "niah_single_2", "niah_multikey_2")
	o.Model, _ = endpoint(t, nil)
	o.Budgets, from.Lengths = []int{500}, []int{8192}
	var err error
	if o.Arms, err = Named([]string{Full, Retrieved, Packed, Dropped, Summarised, Entailed}, true); err != nil {
		t.Fatal(err)
	}
	all, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil {
		t.Fatal(err)
	}
	r := NewReport(tasks, all, o)
	full, packed, summary := r.Mean.cell(Full, 0), r.Mean.cell(Packed, 500), r.Mean.cell(Summarised, 500)
	if *full.Replies != 1 || *packed.Replies != 1 || packed.Tokens > 500 || full.Tokens < 7500 || packed.PromptTokens*5 > full.PromptTokens {
		t.Errorf("full %+v, packed %+v", full, packed)
	}
	if summary.NeedleRecall != nil || summary.Answers == nil || summary.Tokens > 60 {
		t.Errorf("summarised %+v", summary)
	}
	entailed := r.Tasks[0].cell(Entailed, 500)
	if k := entailed.Chunks; k == nil || k.Shown == 0 || k.Relevant == 0 || k.ThrownAway != 0 || k.Invalid != 0 {
		t.Errorf("entailed %+v", entailed.Chunks)
	}
	var b strings.Builder
	err = r.WriteTable(&b, true)
	t.Log(b.String())
	if err != nil || !strings.Contains(b.String(), "100 / 100 / 100") || !strings.Contains(b.String(), "were thrown away") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestBadEndpoints: what fails is counted, not dropped, and the run file goes on.
func TestBadEndpoints(t *testing.T) {
	tasks, from, o := setup(t, "niah_single_2")
	from.Lengths, from.Items, o.Arms, o.Budgets = []int{2048}, 8, []string{Packed}, []int{300}
	h := Header{Version: RunVersion, Tasks: []string{"niah_single_2"}}
	cut := func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"The sec\"}}]}\n\n")
		return true
	}
	bad := func(n int64, w http.ResponseWriter) bool {
		switch n {
		case 2:
			http.Error(w, "no", http.StatusInternalServerError)
		case 3: // half of an answer
			return cut(w)
		case 4: // nothing
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
		case 5: // nonsense
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, `{"choices": 7}`)
		default:
			return false
		}
		return true
	}
	path := filepath.Join(t.TempDir(), "run.jsonl")
	run, err := OpenRun(path, h)
	if err != nil {
		t.Fatal(err)
	}
	o.Model, _ = endpoint(t, bad)
	o.Emit = run.Write
	all, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil || len(all) != 8 {
		t.Fatalf("%d results, %v", len(all), err)
	}
	c := NewReport(tasks, all, o).Mean.cell(Packed, 300)
	if c.Failed != 4 || *c.Replies != .5 || c.Items != 8 {
		t.Errorf("%+v", c)
	}
	if r := all[2].Reply; r.Text != "The sec" || !strings.Contains(r.Failed, "broke off") || r.Score != 0 {
		t.Errorf("half an answer: %+v", r)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	// A line that was not written to its end, as of a process that was killed.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id": "niah`); err != nil {
		t.Fatal(err)
	}
	f.Close()
	again, err := OpenRun(path, h)
	if err != nil || len(again.Done) != 8 {
		t.Fatalf("%d results, %v", len(again.Done), err)
	}
	defer again.Close()
	model, asked := endpoint(t, nil)
	o.Model, o.Done, o.Emit = model, again.Done, again.Write
	all, err = Run(t.Context(), synthetic.Each(tasks, from), o)
	if c := NewReport(tasks, all, o).Mean.cell(Packed, 300); err != nil || c.Failed != 0 || *c.Replies != 1 || asked.Load() != 4 {
		t.Errorf("%v, asked %d times, %+v", err, asked.Load(), c)
	}
	// One that never answers ends the run, with what was done kept.
	o.Model, asked = endpoint(t, func(_ int64, w http.ResponseWriter) bool {
		http.Error(w, "down", http.StatusServiceUnavailable)
		return true
	})
	o.Done = nil
	if all, err = Run(t.Context(), synthetic.Each(tasks, from), o); !errors.Is(err, llm.ErrGone) || len(all) != 5 || asked.Load() != 5 {
		t.Errorf("%d results, %d requests, %v", len(all), asked.Load(), err)
	}
}

func TestRunFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.jsonl")
	h := Header{Version: RunVersion, Seed: 1}
	r, err := OpenRun(path, h)
	if err != nil {
		t.Fatal(err)
	}
	v := .5
	if err := errors.Join(r.Write(&Result{ID: "a", Arm: Packed, NeedleRecall: &v}), r.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRun(path, Header{Version: RunVersion, Seed: 2}); !errors.Is(err, ErrOtherRun) {
		t.Errorf("another seed: %v", err)
	}
	if r, err = OpenRun(path, h); err != nil || len(r.Done) != 1 || *r.Done[0].NeedleRecall != .5 {
		t.Errorf("%+v, %v", r, err)
	}
	r.Close()
	other := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(other, []byte("my notes, which nobody may overwrite"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRun(other, h); err == nil {
		t.Error("a file of something else is taken")
	}
	if b, _ := os.ReadFile(other); !strings.HasPrefix(string(b), "my notes") {
		t.Error("a file of something else was changed")
	}
}

// TestResume: a run that was cancelled goes on to the same report.
func TestResume(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	tasks, from, o := setup(t, "niah_single_2", "interference")
	from.Items, from.Lengths = 1, []int{2048}
	whole, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var kept []Result
	o.Emit = func(r *Result) error {
		if kept = append(kept, *r); len(kept) == 11 {
			cancel()
		}
		return nil
	}
	if _, err := Run(ctx, synthetic.Each(tasks, from), o); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	o.Done, o.Emit = kept, nil
	all, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil || len(all) != len(whole) {
		t.Fatalf("%d results of %d, %v", len(all), len(whole), err)
	}
	for i := range all {
		a, b := all[i], whole[i]
		a.TookMS, a.PrepareMS, b.TookMS, b.PrepareMS = 0, 0, 0, 0
		if x, y := fmt.Sprintf("%+v", flat(a)), fmt.Sprintf("%+v", flat(b)); x != y {
			t.Errorf("%s\n%s", x, y)
		}
	}
}

// flat is a result without pointers.
func flat(r Result) string {
	b, _ := json.Marshal(r)
	return string(b)
}

func TestShrink(t *testing.T) {
	if testing.Short() {
		t.Skip("long, and nothing in it is shared: without the race detector")
	}
	tasks, from, o := setup(t, "ruler", "distractors", "interference")
	o.Arms = []string{Packed, Dropped, "fixed-chunks", "bm25-sentences", "random-sentences", "whole-passages", "recursive"}
	from.Lengths, o.Budgets = []int{8192}, []int{100, 250, 500, 1000}
	all, err := Run(t.Context(), synthetic.Each(tasks, from), o)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Shrink(all, 20)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d items, %d systems: %.3f, held out %+v, by lot %+v", r.Items, r.Of, r.Systems, r.Spearman, r.HeldOut, r.ByLot)
	if r.Systems != 28 || r.HeldOut.Spearman < .9 || r.HeldOut.Spearman < r.ByLot.Spearman-.02 || r.HeldOut.Error > .8*r.ByLot.Error {
		t.Errorf("%+v", r)
	}
	var b strings.Builder
	rep := NewReport(tasks, all, o)
	if err := rep.WriteHTML(&b, false); err != nil || !strings.Contains(b.String(), "<svg") || strings.Contains(b.String(), "src=") {
		t.Errorf("%v: %.300s", err, b.String())
	}
	var names []string
	for _, p := range rep.Pictures() {
		names = append(names, p.Name)
	}
	if !slices.Contains(names, "depth-length-1000.svg") || !slices.Contains(names, "interference-100.svg") {
		t.Errorf("pictures %v", names)
	}
}

func TestNamed(t *testing.T) {
	for _, bad := range [][]string{{"pack"}, {Summarised}, {Packed, Packed}} {
		if _, err := Named(bad, false); err == nil {
			t.Errorf("%v are taken", bad)
		}
	}
	if got, err := Named([]string{"gzip"}, false); err != nil || len(got) != 1 {
		t.Errorf("%v, %v", got, err)
	}
}
