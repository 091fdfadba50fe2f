package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/text/tokens"
)

const smallDocuments = `{"id":"a","title":"Alpha","text":"Alpha beta. Gamma é delta."}
{"_id":"g1-b","title":"","text":"Beta said no."}

{"id":"g1-c","title":"","text":"Nothing here."}
`

const smallQuestions = `{"id":1,"question":"Alpha?","answers":["BETA.","no",12.5,null],"evidence":[{"doc":"a","start":0,"end":11},{"doc":"a","start":6,"end":11}]}
{"id":"q2","question":"Who?","answers":["Missing"],"evidence":[{"doc":"g1-b","start":0,"end":4}],"group":"g1"}
`

func smallSet(t testing.TB) *EvidenceSet {
	t.Helper()
	s, err := ReadEvidence("d", strings.NewReader(smallDocuments), "q", strings.NewReader(smallQuestions))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestReadEvidence(t *testing.T) {
	s := smallSet(t)
	q := &s.Questions[0]
	if q.ID != "1" || q.bytes != 11 || !reflect.DeepEqual(q.answers, []string{"beta."}) || !reflect.DeepEqual(q.Answers, []string{"BETA.", "no", "12.5"}) {
		t.Errorf("%+v", q)
	}
	if s.Documents[0].Group != "" || s.Documents[1].Group != "g1" || s.Documents[2].Group != "g1" {
		t.Errorf("groups %+v", s.Documents)
	}
	for want, x := range map[string][2]string{
		"d:1: ":     {"{", smallQuestions},
		"d:2: ":     {"{\"id\":\"a\"}\n{\"id\":\"a\"}", smallQuestions},
		"d:3: ":     {"\n\n{}", smallQuestions},
		"q:1: ":     {smallDocuments, `{"id":"x","evidence":[{"doc":"zz","start":0,"end":1}]}`},
		"q:2: ":     {smallDocuments, "\n" + `{"id":"x","evidence":[{"doc":"a","start":0,"end":19}]}`}, // cuts é
		"q: holds ": {smallDocuments, ""},
	} {
		if _, err := ReadEvidence("d", strings.NewReader(x[0]), "q", strings.NewReader(x[1])); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestJudge(t *testing.T) {
	s := smallSet(t)
	words, err := tokens.New("words")
	if err != nil {
		t.Fatal(err)
	}
	first, second := &s.Questions[0], &s.Questions[1]
	j := s.Judge(first, &Context{Budget: 5, Tokens: words.Count("Alpha beta."), Text: "Alpha beta.", Spans: []Span{{"a", 0, 11}}}, words)
	want := Judgment{EvidenceRecall: 1, FullCoverage: true, AnyEvidence: true, HasAnswer: true, AnswerFound: true, Whole: 2, Kept: 11, Hit: 11, Tokens: j.Tokens}
	if j != want {
		t.Errorf("%+v", j)
	}
	j = s.Judge(first, &Context{Budget: 1, Tokens: 99, Text: "Alpha beta.", Spans: []Span{{"a", 0, 19}}}, words) // cuts é
	if j.Verbatim != 1 || !j.OverBudget || !j.TokensDiffer || j.EvidenceRecall != 0 {
		t.Errorf("%+v", j)
	}
	j = s.Judge(first, &Context{Text: "Alpha Gamma", Spans: []Span{{"a", 12, 17}, {"a", 0, 5}}}, nil) // not in the text's order
	if j.Verbatim != 1 || math.Abs(j.EvidenceRecall-5./11) > 1e-12 || j.AnyEvidence || j.Kept != 10 || j.Hit != 5 {
		t.Errorf("%+v", j)
	}
	j = s.Judge(second, &Context{Text: "Alpha Beta", Spans: []Span{{"a", 0, 5}, {"g1-b", 0, 4}, {"none", 0, 1}, {"g1-b", 4, 4}}}, nil)
	if j.Verbatim != 3 || j.EvidenceRecall != 1 || j.HasAnswer {
		t.Errorf("another group's document: %+v", j)
	}
	if j = s.Judge(first, &Context{}, words); j.EvidenceRecall != 0 || j.Verbatim != 0 || j.OverBudget {
		t.Errorf("%+v", j)
	}
}

func TestFold(t *testing.T) {
	if got := fold(" STRASSE\u00a0 Straße\x1cΣΊΣΥΦΟΣ\tǅ "); got != "strasse strasse σίσυφοσ ǆ" {
		t.Errorf("%q", got)
	}
}

func TestRunFile(t *testing.T) {
	s := smallSet(t)
	words, _ := tokens.New("words")
	var b bytes.Buffer
	w := NewRunWriter(&b)
	r, err := s.Run(t.Context(), func(_ context.Context, q *Question, budget int) (*Context, error) {
		if q.ID != "1" {
			return &Context{}, nil
		}
		return &Context{Text: "<Alpha>", Tokens: words.Count("<Alpha>"), Spans: []Span{{"a", 0, 5}}}, nil
	}, []int{7, 9}, words, w.Write)
	if err != nil || w.Flush() != nil {
		t.Fatal(err)
	}
	first := `{"id":"1","budget":7,"tokens":` + strconv.Itoa(words.Count("<Alpha>")) + `,"text":"<Alpha>","spans":[{"doc":"a","start":0,"end":5}]}` + "\n"
	if !strings.HasPrefix(b.String(), first) || strings.Count(b.String(), "\n") != 4 || !strings.Contains(b.String(), `"id":"q2","budget":9,"tokens":0,"text":"","spans":[]`) {
		t.Errorf("%s", b.String())
	}
	if r.Questions != 2 || r.Budgets[1].EvidenceRecall != figures.Round(5./22, 5) || *r.Budgets[0].AnswerRecall != 0 || r.Budgets[0].AnswerQuestions != 1 {
		t.Errorf("%+v", r)
	}
	raw, _ := json.Marshal(r)
	for _, field := range []string{`"questions":2`, `"budgets":[{"budget":7,"evidence_recall":`, `"full_coverage":`, `"answer_recall":0`, `"tokens_mean":`, `"took_ms_p50":`} {
		if !strings.Contains(string(raw), field) {
			t.Errorf("%s lacks %s", raw, field)
		}
	}
	boom := errors.New("boom")
	if _, err := s.Run(t.Context(), func(context.Context, *Question, int) (*Context, error) { return nil, boom }, []int{1}, words, nil); !errors.Is(err, boom) {
		t.Error(err)
	}
}
