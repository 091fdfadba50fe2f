package review_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/review"
)

func index(t *testing.T, texts ...string) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	_, err = ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for i, s := range texts {
			title, text, _ := strings.Cut(s, "|")
			if !yield(tamis.Document{ID: fmt.Sprint("d", i), Title: title, Source: text}, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

var abstracts = []string{
	"Coffee and pressure|We studied forty adults. Coffee consumption significantly increased systolic blood pressure in adults with hypertension. The study was small.",
	"A cohort|We followed nurses for ten years. Coffee consumption significantly decreased systolic blood pressure in adults with hypertension. It was large.",
	"A second trial|Coffee consumption significantly increased systolic blood pressure of adults with hypertension. Nobody knows why.",
	"Tea|Green tea lowered cholesterol in a small trial. Tea is drunk in many countries.",
	"Null|Coffee consumption had no effect on blood lipids in rats. This suggests that coffee is harmless.",
	"Purpose|OBJECTIVE To determine whether coffee raises blood pressure in adults with hypertension. It was not determined.",
}

const question = "Does coffee consumption increase blood pressure in hypertension?"

func report(t *testing.T, rep *review.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := rep.Markdown(&b, true); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestRun: claims stand with their evidence, what says the same is one claim, what contradicts
// stands side by side, and what a study set out to do is no claim.
func TestRun(t *testing.T) {
	ix := index(t, abstracts...)
	rep, err := review.Run(t.Context(), ix, review.Options{Question: question})
	if err != nil {
		t.Fatal(err)
	}
	text := report(t, rep)
	if len(rep.Claims) == 0 || len(rep.Claims[0].Evidence) != 2 {
		t.Errorf("the first claim has not both sources: %+v", rep.Claims)
	}
	if len(rep.Conflicts) == 0 || rep.Conflicts[0].Kind != "direction" {
		t.Errorf("conflicts %+v", rep.Conflicts)
	}
	if n, err := review.Replay(t.Context(), ix, rep, tamis.Scope{}); err != nil || n != rep.Replayed || n < 3 {
		t.Error(n, err)
	}
	for _, want := range []string{"> Coffee consumption significantly increased", "| direction |", "## Bibliography", "1. Coffee and pressure (d0)", "search (question)"} {
		if !strings.Contains(text, want) {
			t.Errorf("the report lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "> OBJECTIVE") {
		t.Error("a purpose is a claim")
	}
}

// TestCheck: what is for a claim and what against it.
func TestCheck(t *testing.T) {
	rep, err := review.Run(t.Context(), index(t, abstracts...), review.Options{Check: true, Question: "Coffee consumption increases systolic blood pressure of adults with hypertension."})
	if err != nil {
		t.Fatal(err)
	}
	text := report(t, rep)
	if !strings.Contains(text, "The sources contradict each other. For it: 2, against it: 1") || !strings.Contains(text, "## Every step") {
		t.Errorf("%s", text)
	}
}

// TestFew: one document, none that answers, and an index without documents.
func TestFew(t *testing.T) {
	for _, texts := range [][]string{abstracts[:1], abstracts[3:4], {}} {
		rep, err := review.Run(t.Context(), index(t, texts...), review.Options{Question: question})
		if err != nil {
			t.Fatal(err)
		}
		if text := report(t, rep); (len(rep.Claims) == 0) != strings.Contains(text, "Nothing was found") {
			t.Errorf("%s", text)
		}
	}
	if _, err := review.Run(t.Context(), index(t, abstracts...), review.Options{Question: "is it?"}); err != nil && !errors.Is(err, tamis.ErrNoTerms) {
		t.Error(err)
	}
	var wrong *tamis.InvalidError
	if _, err := review.Run(t.Context(), index(t), review.Options{Question: question, Rounds: -1}); !errors.As(err, &wrong) {
		t.Error(err)
	}
}

// writer phrases claims until it fails.
type writer struct {
	replies []string
	calls   int
	fails   int // the call that fails, from 1; 0 for none
}

var errGone = errors.New("the endpoint is gone")

func (w *writer) Chat(_ context.Context, messages []llm.Message) iter.Seq2[llm.Delta, error] {
	w.calls++
	n := w.calls
	return func(yield func(llm.Delta, error) bool) {
		if n == w.fails {
			yield(llm.Delta{Text: "Cof"}, nil)
			yield(llm.Delta{}, errGone)
			return
		}
		_, evidence, _ := strings.Cut(messages[1].Content, "Evidence:\n")
		reply := evidence
		if len(w.replies) > 0 {
			reply = w.replies[min(n, len(w.replies))-1]
		}
		if yield(llm.Delta{Text: reply}, nil) {
			yield(llm.Delta{Usage: &llm.Usage{PromptTokens: 1000, CompletionTokens: 100}}, nil)
		}
	}
}

// TestResumes: an endpoint that fails in the middle, a process that is killed in a line of the
// log: asked again the review goes on, does nothing twice, and the report is the same.
func TestResumes(t *testing.T) {
	ix := index(t, abstracts...)
	whole := &writer{}
	want, err := review.Run(t.Context(), ix, review.Options{Question: question, Model: whole})
	if err != nil || whole.calls < 2 {
		t.Fatal(whole.calls, err)
	}
	file := filepath.Join(t.TempDir(), "log.jsonl")
	broken := &writer{fails: 2}
	o := review.Options{Question: question, Model: broken, Log: file}
	if _, err := review.Run(t.Context(), ix, o); !errors.Is(err, errGone) {
		t.Fatal(err)
	}
	again := &writer{}
	o.Model = again
	got, err := review.Run(t.Context(), ix, o)
	if err != nil {
		t.Fatal(err)
	}
	if report(t, got) != report(t, want) || again.calls != whole.calls-1 || got.Resumed == 0 {
		t.Errorf("%d calls, %d at once, %d steps resumed\n%s", again.calls, whole.calls, got.Resumed, report(t, got))
	}
	// The log cut anywhere gives the same.
	log, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < len(log); cut += 1 + len(log)/23 {
		if err := os.WriteFile(file, log[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		o.Model = &writer{}
		got, err := review.Run(t.Context(), ix, o)
		if err != nil {
			t.Fatal(err)
		}
		if report(t, got) != report(t, want) {
			t.Fatalf("cut at %d:\n%s", cut, report(t, got))
		}
		if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, log) {
			t.Fatalf("cut at %d: another log", cut)
		}
	}
	o.Question = "Is tea drunk?"
	if _, err := review.Run(t.Context(), ix, o); !errors.Is(err, review.ErrOther) {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte("no log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := review.Run(t.Context(), ix, o); err == nil {
		t.Error("what is no log is taken for one")
	}
}

// TestPhrasing: what says more than its evidence is refused; money ends the phrasing.
func TestPhrasing(t *testing.T) {
	ix := index(t, abstracts...)
	for reply, why := range map[string]string{
		"Coffee consumption increased systolic blood pressure by 12 points.":  "number",
		"Coffee consumption did not increase blood pressure in hypertension.": "denies",
		"Elephants and whales like swimming in oceans at night.":              "words",
		"": "nothing",
	} {
		rep, err := review.Run(t.Context(), ix, review.Options{Question: question, Model: &writer{replies: []string{reply}}})
		if err != nil {
			t.Fatal(err)
		}
		if c := rep.Claims[rep.Kept[0]]; !strings.Contains(c.Refused, why) || c.Phrased != "" {
			t.Errorf("%q: %+v", reply, c)
		}
	}
	good := "Coffee consumption significantly increased blood pressure in hypertension."
	w := &writer{replies: []string{good}}
	rep, err := review.Run(t.Context(), ix, review.Options{Question: question, Model: w, Price: review.Price{In: 1, Out: 1}, Money: .0012})
	if err != nil {
		t.Fatal(err)
	}
	if rep.Claims[rep.Kept[0]].Phrased != good || w.calls != 1 || rep.Cost > .0012 || len(rep.Ended) == 0 {
		t.Errorf("%d calls, %+v", w.calls, rep)
	}
	text := report(t, rep)
	if !strings.Contains(text, "1. "+good+" [1][2]") || !strings.Contains(text, "the money for the model is used") {
		t.Errorf("%s", text)
	}
}

// TestBudget: reading ends with the budget, and the report says so.
func TestBudget(t *testing.T) {
	rep, err := review.Run(t.Context(), index(t, abstracts...), review.Options{Question: question, Tokens: 10})
	if err != nil || len(rep.Read) != 1 || len(rep.Ended) == 0 {
		t.Errorf("%+v %v", rep, err)
	}
	rep, err = review.Run(t.Context(), index(t, abstracts...), review.Options{Question: question, Documents: 2})
	if err != nil || len(rep.Read) != 2 || len(rep.Ended) == 0 {
		t.Errorf("%+v %v", rep, err)
	}
}

// TestChanged: evidence whose source has changed since is named.
func TestChanged(t *testing.T) {
	ix := index(t, abstracts...)
	file := filepath.Join(t.TempDir(), "log.jsonl")
	o := review.Options{Question: question, Log: file}
	if _, err := review.Run(t.Context(), ix, o); err != nil {
		t.Fatal(err)
	}
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		yield(tamis.Document{ID: "d0", Source: "It was withdrawn."}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := review.Run(t.Context(), ix, o); !errors.Is(err, review.ErrOther) || !strings.Contains(err.Error(), "d0") {
		t.Error(err)
	}
}

// TestScope: what a group may not see is in no step of a review.
func TestScope(t *testing.T) {
	ix := index(t, abstracts[:1]...)
	if _, err := ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		yield(tamis.Document{ID: "secret", Title: "Hidden", Source: abstracts[1], Metadata: map[string]any{"groups": []string{"board"}}}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	rep, err := review.Run(t.Context(), ix, review.Options{Question: question, Scope: tamis.Scope{Groups: []string{}}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(rep)
	if err != nil || bytes.Contains(b, []byte("secret")) || bytes.Contains(b, []byte("Hidden")) || rep.Indexed != 1 {
		t.Errorf("%s %v", b, err)
	}
}
