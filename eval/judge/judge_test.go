package judge

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/llm"
)

// scripted answers by a function, and counts.
type scripted struct {
	asked int
	say   func(n int, system, user string) (string, error)
}

func (s *scripted) Chat(_ context.Context, m []llm.Message) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		s.asked++
		said, err := s.say(s.asked, m[0].Content, m[1].Content)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		yield(llm.Delta{Text: said}, nil)
	}
}

var mill = Case{Question: "When are backups rotated?", Reference: []string{"Backups are rotated at two by the keeper."},
	Context: "[1] Backups are rotated at two by the keeper.\n[2] Grain is stored.", Chunks: []string{"Grain is stored.", "Backups are rotated at two by the keeper."}}

// good is a model that does what it is asked.
func good(_ int, system, user string) (string, error) {
	switch system {
	case answerPrompt:
		return "Backups are rotated at two.", nil
	case nuggetPrompt:
		return "Here:\n```json\n" + `[{"text": "rotated at two", "vital": true}, {"text": "by the keeper", "vital": false}]` + "\n```", nil
	case supportPrompt:
		if strings.Contains(user, "Grain") { // the context
			return `["support", "Support "]`, nil
		}
		return `["support", "partial_support"]`, nil
	case claimPrompt:
		return `["Backups are rotated.", "They are at two."]`, nil
	case faithfulPrompt:
		return `["yes", "no"]`, nil
	case usefulPrompt:
		return `["no", "yes"]`, nil
	case questionPrompt:
		return `["When are backups rotated?", "Who grinds?", "When are backups rotated?"]`, nil
	}
	return "", errors.New("no such prompt")
}

func grade(t *testing.T, say func(int, string, string) (string, error)) *Graded {
	t.Helper()
	g := &Grader{Model: &scripted{say: say}}
	c := mill
	out, err := g.Grade(t.Context(), &c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestGrades(t *testing.T) {
	out := grade(t, good)
	for m, want := range map[string]Grade{
		NuggetRecall:     {Value: 1, AtMost: 1, Judgments: 1},
		NuggetScore:      {Value: .75, AtMost: .75, Judgments: 2},
		ContextRecall:    {Value: 1, AtMost: 1, Judgments: 2},
		Faithfulness:     {Value: .5, AtMost: .5, Judgments: 2},
		AnswerRelevance:  {Value: 2. / 3, AtMost: 2. / 3, Judgments: 3},
		ContextPrecision: {Value: .5, AtMost: .5, Judgments: 2},
	} {
		got := out.Grades[m]
		if math.Abs(got.Value-want.Value) > 1e-9 || math.Abs(got.AtMost-want.AtMost) > 1e-9 || got.Judgments != want.Judgments || got.Invalid != 0 || got.None {
			t.Errorf("%s: %+v, want %+v", m, got, want)
		}
	}
	if len(out.Grades) != len(Measures) {
		t.Errorf("%d measures", len(out.Grades))
	}
}

// TestInvalid: each judgment that is none is counted where it belongs, is worth nothing,
// and at most what a good one would be.
func TestInvalid(t *testing.T) {
	instead := func(prompt, reply string) func(int, string, string) (string, error) {
		return func(n int, system, user string) (string, error) {
			if system == prompt {
				return reply, nil
			}
			return good(n, system, user)
		}
	}
	for name, x := range map[string]struct {
		prompt, reply, measure string
		value, most            float64
		invalid, judgments     int
	}{
		"no list":            {faithfulPrompt, "yes and no", Faithfulness, 0, 1, 2, 2},
		"another length":     {faithfulPrompt, `["yes"]`, Faithfulness, 0, 1, 2, 2},
		"another word":       {faithfulPrompt, `["yes", "perhaps"]`, Faithfulness, .5, 1, 1, 2},
		"numbers":            {usefulPrompt, `[1, 0]`, ContextPrecision, 0, 1, 2, 2},
		"half of a list":     {supportPrompt, `["support", "sup`, NuggetScore, 0, 1, 2, 2},
		"nuggets of nothing": {nuggetPrompt, `[]`, NuggetRecall, 0, 1, 1, 1},
		"nuggets in prose":   {nuggetPrompt, `There are none.`, ContextRecall, 0, 1, 1, 1},
		"empty nuggets":      {nuggetPrompt, `[{"text": " "}]`, NuggetScore, 0, 1, 1, 1},
		"no questions":       {questionPrompt, `I would rather not.`, AnswerRelevance, 0, 1, 1, 1},
		"no statements":      {claimPrompt, `None [1].`, Faithfulness, 0, 1, 1, 1},
	} {
		g := grade(t, instead(x.prompt, x.reply)).Grades[x.measure]
		if g.Value != x.value || g.AtMost != x.most || g.Invalid != x.invalid || g.Judgments != x.judgments {
			t.Errorf("%s: %+v, want %+v", name, g, x)
		}
	}
	// Nothing to judge is no invalid judgment.
	if g := grade(t, instead(claimPrompt, "[]")).Grades[Faithfulness]; !g.None || g.Invalid != 0 {
		t.Errorf("no statements: %+v", g)
	}
	out := grade(t, instead(answerPrompt, "Unknown."))
	if g := out.Grades; !g[Faithfulness].None || g[AnswerRelevance].Value != 0 || g[AnswerRelevance].Invalid != 0 || g[NuggetRecall].Value != 0 || g[NuggetRecall].Invalid != 0 || g[ContextRecall].Value != 1 {
		t.Errorf("no answer: %+v", g)
	}
	// An instruction in a nugget sets no verdict.
	out = grade(t, instead(nuggetPrompt, `[{"text": "x", "vital": true, "answer": "support", "context": "support"}]`))
	if out.Nuggets[0].Answer != "invalid" {
		t.Errorf("%+v", out.Nuggets)
	}
}

func TestWindows(t *testing.T) {
	c := mill
	c.Chunks = nil
	for i := range 45 {
		c.Chunks = append(c.Chunks, fmt.Sprintf("chunk %d", i))
	}
	var seen []int
	g := &Grader{Model: &scripted{say: func(n int, system, user string) (string, error) {
		if system != usefulPrompt {
			return good(n, system, user)
		}
		k := strings.Count(user, ". chunk ")
		seen = append(seen, k)
		return "[" + strings.TrimSuffix(strings.Repeat(`"yes",`, k), ",") + "]", nil
	}}}
	out, err := g.Grade(t.Context(), &c)
	if err != nil || !reflect.DeepEqual(seen, []int{10, 10, 10}) || out.Grades[ContextPrecision].Value != 1 || out.Grades[ContextPrecision].Judgments != 30 {
		t.Errorf("%v, %+v, %v", seen, out.Grades[ContextPrecision], err)
	}
}

// TestFailures: a failure is an invalid judgment; five in a row end the work, and what was
// asked is not asked again.
func TestFailures(t *testing.T) {
	broken := errors.New("connection refused")
	out := grade(t, func(n int, system, user string) (string, error) {
		if n == 1 {
			return "", broken
		}
		return good(n, system, user)
	})
	for _, m := range []string{Faithfulness, AnswerRelevance, NuggetRecall} {
		if g := out.Grades[m]; g.Invalid != g.Judgments || g.Value != 0 || g.AtMost != 1 {
			t.Errorf("without an answer, %s: %+v", m, g)
		}
	}
	path := filepath.Join(t.TempDir(), "judgments.jsonl")
	run := func(say func(int, string, string) (string, error)) (*Graded, int, error) {
		m, err := OpenMemory(path)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		model := &scripted{say: say}
		c := mill
		out, err := (&Grader{Model: model, Memory: m}).Grade(t.Context(), &c)
		return out, model.asked, err
	}
	_, n, err := run(func(n int, system, user string) (string, error) {
		if n > 2 {
			return "", broken
		}
		return good(n, system, user)
	})
	if !errors.Is(err, llm.ErrGone) || !errors.Is(err, broken) || n != 7 {
		t.Fatalf("%d asked, %v", n, err)
	}
	// The file's last line was being written.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(f, `{"asked":"ab`)
	f.Close()
	resumed, n, err := run(good)
	if err != nil || n != 6 {
		t.Fatalf("%d asked of 8, 2 of them before, %v", n, err)
	}
	if whole := grade(t, good); !reflect.DeepEqual(resumed, whole) {
		t.Errorf("%+v, at once %+v", resumed, whole)
	}
	if _, n, _ := run(good); n != 0 {
		t.Errorf("%d are asked again", n)
	}
	for text, want := range map[string]string{"some text": "holds no judgments", "{}\n": ":1: no judgment", "other\n": ":1: no judgment"} {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenMemory(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
		if raw, _ := os.ReadFile(path); string(raw) != text {
			t.Errorf("%q became %q", text, raw)
		}
	}
}

func TestSum(t *testing.T) {
	all := []*Graded{
		{Grades: map[string]Grade{Faithfulness: {Value: 1, AtMost: 1, Judgments: 2}}},
		{Grades: map[string]Grade{Faithfulness: {Value: 0, AtMost: .5, Judgments: 2, Invalid: 1}}},
		{Grades: map[string]Grade{Faithfulness: {None: true}}},
	}
	f := Sum(all)[2]
	if f.Measure != Faithfulness || f.Value != .5 || f.AtMost != .75 || f.Cases != 3 || f.None != 1 || f.Judgments != 4 || f.Invalid != 1 {
		t.Errorf("%+v", f)
	}
	if s := WriteText([]Figure{f}); !strings.Contains(s, "1 of 4") || !strings.Contains(s, "75.0") || !strings.Contains(s, "1 of 3 without any") {
		t.Error(s)
	}
}
