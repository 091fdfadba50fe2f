package scorecard

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval/baselines"
	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/eval/judge"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/text/tokens"
)

// written is a folder of pages that say what some tools are.
func written(t *testing.T) *tamis.Index {
	t.Helper()
	dir := t.TempDir()
	for i, what := range []string{"spindle carries queued letters from one spool into the archive", "hopper holds grain above the stones until the miller opens it",
		"tumbler shakes dust and husks out of wool before anybody cards it", "lattice supports climbing beans along the southern wall of gardens",
		"gimbal keeps a compass level while the vessel rolls in heavy seas", "trammel draws ellipses of any size with two sliding wooden blocks"} {
		name, _, _ := strings.Cut(what, " ")
		text := fmt.Sprintf("# The %s workshop\n\nEvery %s %s. %s\n\n## Mending the %s\n\nMending the %s takes %d hours and a sharp knife, says the foreman of hall %d.\n\nA %s is a device that %s.\n",
			name, name, what, strings.Repeat("Nothing else happens in this hall for the rest of any day. ", 20), name, name, i+2, i, name, strings.TrimPrefix(what, name+" "))
		if err := os.WriteFile(filepath.Join(dir, name+".md"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	if _, err := ix.AddFiles(t.Context(), []string{dir}, tamis.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	return ix
}

func measured(t *testing.T, ix *tamis.Index, change func(*Options)) *Card {
	t.Helper()
	counter, err := tokens.New("o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	with, err := baselines.Named("fixed-chunks")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Questions: questions.Options{Count: 40, Seed: 1}, Budgets: []int{40, 200}, Counter: counter, Baselines: with}
	if change != nil {
		change(&o)
	}
	p, err := Prepare(t.Context(), ix, o)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Measure(t.Context(), "workshops")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCard(t *testing.T) {
	ix := written(t)
	c := measured(t, ix, nil)
	if c.Questions < 6 || len(c.Items) != c.Questions || c.Corpus.Documents != 6 || len(c.Systems) != 2 {
		t.Fatalf("%d questions, %+v", c.Questions, c.Corpus)
	}
	small, large := c.Measures["evidence_recall@40"], c.Measures["evidence_recall@200"]
	if large < .9 || small > large || c.Measures["violations@40"] != 0 || c.Measures["tokens@40"] > 40 {
		t.Errorf("measures: %v", c.Measures)
	}
	for _, s := range c.Systems {
		for b, f := range s.Budgets {
			// The mean is that of the items, and lies in its interval.
			sum := 0.0
			for _, i := range c.Items {
				sum += i.Scores[s.Name][b].Recall
			}
			if m := f.EvidenceRecall; math.Abs(m.Mean-sum/float64(len(c.Items))) > 1e-4 || m.Mean < m.Low || m.Mean > m.High {
				t.Errorf("%s at %d: %+v, items %v", s.Name, f.Budget, m, sum/float64(len(c.Items)))
			}
		}
	}
	// The same measurement has the same figures, but for time.
	again := measured(t, ix, nil)
	for _, x := range []*Card{c, again} {
		for k := range x.Measures {
			if strings.HasPrefix(k, "latency") {
				delete(x.Measures, k)
			}
		}
	}
	if !reflect.DeepEqual(c.Measures, again.Measures) {
		t.Errorf("another time: %v, %v", c.Measures, again.Measures)
	}
	var text bytes.Buffer
	if err := c.WriteText(&text); err != nil || !strings.Contains(text.String(), "evidence kept") {
		t.Errorf("%s %v", &text, err)
	}
}

func TestPage(t *testing.T) {
	ix := written(t)
	c := measured(t, ix, func(o *Options) { o.Budgets = []int{20, 60} })
	c.Items[0].Question = `<script>alert("x")</script>`
	var page bytes.Buffer
	if err := c.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	s := page.String()
	for _, bad := range []string{"<script", "http://", "https://", "url(", "@import", "<link", "<img"} {
		if strings.Contains(strings.ReplaceAll(s, `xmlns="http://www.w3.org/2000/svg"`, ""), bad) {
			t.Errorf("the page holds %s", bad)
		}
	}
	for _, want := range []string{"Where contexts missed", "Should have been kept", "<svg", "fixed-chunks", "&lt;script&gt;"} {
		if !strings.Contains(s, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	dir := filepath.Join(t.TempDir(), "pictures")
	if err := c.WritePictures(dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"recall", "kinds", "position", "heat", "maps"} {
		raw, err := os.ReadFile(filepath.Join(dir, name+".svg"))
		if err != nil {
			t.Fatal(err)
		}
		for d := xml.NewDecoder(bytes.NewReader(raw)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
}

func TestGates(t *testing.T) {
	budgets := []int{256, 1000}
	c := &Card{Measures: map[string]float64{"evidence_recall@1000": .742, "tokens@256": 250, "table/evidence_recall@1000": .5}}
	for s, fails := range map[string]string{
		"evidence_recall@1000>=.8":          "evidence_recall@1000 is 0.742, evidence_recall@1000>=0.8 was required",
		"evidence_recall@1000 >= 0.74":      "",
		"tokens@256<=250":                   "",
		"tokens@256<250":                    "tokens@256 is 250, tokens@256<250 was required",
		"table/evidence_recall@1000>.5":     "table/evidence_recall@1000 is 0.5",
		"definition/evidence_recall@1000>0": "there is no measure",
		"gain@256>0":                        "there is no measure",
	} {
		gates, err := figures.ParseGates([]string{s})
		if err == nil {
			err = figures.Known(gates, Measures(budgets, questions.Kinds, false))
		}
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if err := c.Gated(gates); (err == nil) != (fails == "") || err != nil && !strings.Contains(err.Error(), fails) {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"evidence_recall>=.8", "evidence_recall@500>=.8", "recall@1000>=.8", "riddle/evidence_recall@1000>0"} {
		gates, err := figures.ParseGates([]string{s})
		if err != nil {
			t.Errorf("%s: %v", s, err)
			continue
		}
		if err := figures.Known(gates, Measures(budgets, questions.Kinds, false)); err == nil || !strings.Contains(err.Error(), "there are evidence_recall@256, full_coverage@256") {
			t.Errorf("%s: %v", s, err)
		}
	}
	// Whatever a card has measured has a name that a gate may have.
	for m := range measured(t, written(t), nil).Measures {
		if !slices.Contains(Measures([]int{40, 200}, questions.Kinds, false), m) {
			t.Errorf("no gate can name %s", m)
		}
	}
}

// TestGraded: an endpoint that talks nonsense is counted, one that stops half-way ends the
// work, and the file of its replies lets it go on.
func TestGraded(t *testing.T) {
	ix := written(t)
	var asked atomic.Int64
	var stops atomic.Int64 // after how many requests it fails
	var nonsense atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		raw, _ := io.ReadAll(r.Body)
		reply := "The workshop knows."
		switch {
		case stops.Load() > 0 && n > stops.Load():
			http.Error(w, "gone", http.StatusInternalServerError)
			return
		case nonsense.Load():
			reply = "Colourless green ideas [1] sleep."
		case bytes.Contains(raw, []byte("Write down the facts")):
			reply = `[{"text": "a fact", "vital": true}]`
		case bytes.Contains(raw, []byte("support, partial_support or not_support")):
			reply = `["support"]`
		case bytes.Contains(raw, []byte("Write down the statements")):
			reply = `["The workshop knows."]`
		case bytes.Contains(raw, []byte("follows from the context")):
			reply = `["yes"]`
		case bytes.Contains(raw, []byte("Write three questions")):
			reply = `["What knows?", "Who knows?", "Which workshop?"]`
		}
		content, _ := json.Marshal(reply)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"choices":[{"message":{"content":%s},"finish_reason":"stop"}]}`, content)
	}))
	defer server.Close()
	path := filepath.Join(t.TempDir(), "judgments.jsonl")
	graded := func(path string) (*Card, int64, error) {
		c := measured(t, ix, func(o *Options) { o.Questions.Count = 6 })
		model, err := llm.New(llm.Config{URL: server.URL, Retries: -1, Whole: true})
		if err != nil {
			t.Fatal(err)
		}
		g := &judge.Grader{Model: model}
		if path != "" {
			if g.Memory, err = judge.OpenMemory(path); err != nil {
				t.Fatal(err)
			}
			defer g.Memory.Close()
		}
		before := asked.Load()
		err = c.Grade(t.Context(), g, nil)
		return c, asked.Load() - before, err
	}
	nonsense.Store(true)
	c, _, err := graded("")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range c.Judged {
		if f.Value != 0 || f.Invalid != f.Judgments || f.Judgments == 0 || f.AtMost != 1 || f.Cases != len(c.Items) {
			t.Errorf("nonsense: %+v", f)
		}
	}
	nonsense.Store(false)
	stops.Store(asked.Load() + 12)
	if c, _, err = graded(path); !errors.Is(err, llm.ErrGone) || c.Judged != nil {
		t.Fatalf("stops half-way: %v, %+v", err, c.Judged)
	}
	stops.Store(0)
	resumed, n, err := graded(path)
	if err != nil {
		t.Fatal(err)
	}
	whole, all, err := graded("")
	if err != nil || n > all-12 || !reflect.DeepEqual(resumed.Judged, whole.Judged) {
		t.Errorf("%d asked to go on, %d at once, %v\n%+v\n%+v", n, all, err, resumed.Judged, whole.Judged)
	}
	if v := whole.Measures["faithfulness@200"]; v != 1 {
		t.Errorf("faithfulness %v: %v", v, whole.Measures)
	}
	var text bytes.Buffer
	if err := whole.WriteText(&text); err != nil || !strings.Contains(text.String(), "graded by the model") || !strings.Contains(text.String(), "nugget recall") {
		t.Errorf("%s %v", &text, err)
	}
	if err := whole.WriteHTML(&text); err != nil || !strings.Contains(text.String(), "Graded by the model, 200 tokens") {
		t.Errorf("%s %v", &text, err)
	}
	gates, err := figures.ParseGates([]string{"faithfulness@200>=.9", "nugget_recall@200>=.9"})
	if err == nil {
		err = errors.Join(figures.Known(gates, Measures([]int{40, 200}, questions.Kinds, true)), whole.Gated(gates))
	}
	if err != nil {
		t.Error(err)
	}
}

// card has items of these recalls at one budget.
func card(recall func(i int) float64) *Card {
	c := &Card{Budgets: []int{1000}, Systems: []System{{Name: "tamis"}}}
	for i := range 100 {
		c.Items = append(c.Items, Item{ID: fmt.Sprint(i), Kind: "heading", Question: fmt.Sprintf("Question %d?", i), Scores: map[string][]Score{"tamis": {{Recall: recall(i), Full: recall(i) == 1, Tokens: 900}}}})
	}
	return c
}

func TestCompare(t *testing.T) {
	even := func(i int) float64 { return float64(i % 2) }
	a := card(even)
	for name, want := range map[string]struct {
		b       *Card
		verdict string
		fell    bool
	}{
		"the same": {card(even), Same, false},
		"better":   {card(func(i int) float64 { return max(even(i), float64((i/2)%2)) }), Better, false},
		"worse":    {card(func(i int) float64 { return min(even(i), float64((i/2)%2)) }), Worse, true},
		"noise":    {card(func(i int) float64 { return map[bool]float64{true: 1 - even(i), false: even(i)}[i%20 < 2] }), Noise, false},
	} {
		c, err := Compare(a, want.b)
		if err != nil || c.Rows[0].Verdict != want.verdict || c.Fell() != want.fell {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
		var b bytes.Buffer
		if err := c.WriteText(&b, 3); err != nil || !strings.Contains(b.String(), want.verdict) {
			t.Errorf("%s: %s %v", name, &b, err)
		}
	}
	other := card(even)
	for i := range other.Items {
		other.Items[i].ID += "x"
	}
	if _, err := Compare(a, other); err == nil || !strings.Contains(err.Error(), "share no question") {
		t.Errorf("no question in both: %v", err)
	}
	other = card(even)
	other.Budgets = []int{500}
	if _, err := Compare(a, other); err == nil || !strings.Contains(err.Error(), "share no budget") {
		t.Errorf("no budget in both: %v", err)
	}
	// A card that was written is compared as the one that was.
	path := filepath.Join(t.TempDir(), "a.json")
	raw, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw, 0o666); err != nil {
		t.Fatal(err)
	}
	read, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := Compare(a, read); err != nil || c.Rows[0].Verdict != Same {
		t.Errorf("%+v, %v", c, err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(path); err == nil {
		t.Error("an empty object is no card")
	}
}

func TestCancelled(t *testing.T) {
	ix := written(t)
	counter, err := tokens.New("o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p, err := Prepare(ctx, ix, Options{Questions: questions.Options{Count: 5}, Budgets: []int{100}, Counter: counter})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := p.Measure(ctx, "workshops"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
