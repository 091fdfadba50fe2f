package ask_test

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/ask"
	"github.com/tamis-search/tamis/llm"
)

// model replies with its pieces, one after another, and keeps what it was asked.
type model struct {
	replies [][]string // by request
	err     error      // at the end of each
	finish  string     // at the end of each
	asked   [][]llm.Message
}

func (m *model) Chat(_ context.Context, messages []llm.Message) iter.Seq2[llm.Delta, error] {
	reply := m.replies[min(len(m.asked), len(m.replies)-1)]
	m.asked = append(m.asked, messages)
	return func(yield func(llm.Delta, error) bool) {
		for _, piece := range reply {
			if !yield(llm.Delta{Text: piece}, nil) {
				return
			}
		}
		if m.err != nil {
			yield(llm.Delta{}, m.err)
			return
		}
		if m.finish != "" && !yield(llm.Delta{Finish: m.finish}, nil) {
			return
		}
		yield(llm.Delta{Usage: &llm.Usage{PromptTokens: 7, CompletionTokens: 3}}, nil)
	}
}

func index(t *testing.T) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	docs := func(yield func(tamis.Document, error) bool) {
		yield(tamis.Document{ID: "sieve", Source: "A tamis is a fine sieve. Cooks push soup through it."}, nil)
	}
	if _, err := ix.Add(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
	return ix
}

// TestAnswer: the model is given the context and nothing else, and a citation of
// no source is marked however the reply is cut into pieces.
func TestAnswer(t *testing.T) {
	ix := index(t)
	m := &model{replies: [][]string{{"A sieve [", "1], says [", "7", "]."}}}
	var streamed strings.Builder
	reply, err := ask.Answer(t.Context(), ix, "What is a tamis?", ask.Options{
		Budget: tamis.Budget{Tokens: 100}, Model: m, Stream: func(s string) { streamed.WriteString(s) }})
	if err != nil {
		t.Fatal(err)
	}
	if reply.Text != "A sieve [1], says [7?]." || streamed.String() != reply.Text || !slices.Equal(reply.Cited, []int{1}) || !slices.Equal(reply.Unknown, []int{7}) {
		t.Errorf("%q, streamed %q, cited %v, unknown %v", reply.Text, streamed.String(), reply.Cited, reply.Unknown)
	}
	if reply.Usage == nil || reply.Usage.PromptTokens != 7 {
		t.Errorf("usage %v", reply.Usage)
	}
	if last := m.asked[0][len(m.asked[0])-1].Content; !strings.Contains(last, reply.Context.Text) || !strings.HasSuffix(last, "What is a tamis?") {
		t.Errorf("the model was asked %q", last)
	}
}

// TestDrafts: drafts are asked for first, and the context is looked for with them.
func TestDrafts(t *testing.T) {
	ix := index(t)
	m := &model{replies: [][]string{{"Cooks push soup."}, {" "}, {"Yes [1]."}}}
	reply, err := ask.Answer(t.Context(), ix, "What is a tamis?", ask.Options{Budget: tamis.Budget{Tokens: 100}, Model: m, Drafts: 2})
	if err != nil {
		t.Fatal(err)
	}
	if len(m.asked) != 3 || !slices.Equal(reply.Context.Drafts, []string{"Cooks push soup."}) {
		t.Errorf("asked %d times, drafts %q", len(m.asked), reply.Context.Drafts)
	}
}

func TestNoModel(t *testing.T) {
	reply, err := ask.Answer(t.Context(), index(t), "What is a tamis?", ask.Options{Budget: tamis.Budget{Tokens: 100}})
	if err != nil || reply.Text != reply.Context.Text || reply.Text == "" {
		t.Errorf("%+v, %v", reply, err)
	}
}

func TestModelFails(t *testing.T) {
	broken := errors.New("broken")
	m := &model{replies: [][]string{{"half"}}, err: broken}
	if _, err := ask.Answer(t.Context(), index(t), "What is a tamis?", ask.Options{Budget: tamis.Budget{Tokens: 100}, Model: m}); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// TestEmpty: no answer is an error that says why, not a success without words.
func TestEmpty(t *testing.T) {
	for finish, want := range map[string]string{"": "ask again", "stop": "ask again", "length": "limit of tokens", "content_filter": `"content_filter"`} {
		m := &model{replies: [][]string{{"", " \n"}}, finish: finish}
		_, err := ask.Answer(t.Context(), index(t), "What is a tamis?", ask.Options{Budget: tamis.Budget{Tokens: 100}, Model: m})
		if !errors.Is(err, ask.ErrEmpty) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", finish, err)
		}
	}
	m := &model{replies: [][]string{{"A sieve"}}, finish: "length"}
	reply, err := ask.Answer(t.Context(), index(t), "What is a tamis?", ask.Options{Budget: tamis.Budget{Tokens: 100}, Model: m})
	if err != nil || reply.Finish != "length" || !strings.Contains(reply.CutOff(), "cut off") || reply.Text != "A sieve" {
		t.Errorf("%+v %v", reply, err)
	}
}
