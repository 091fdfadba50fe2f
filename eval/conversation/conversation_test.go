package conversation_test

import (
	"context"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/eval/conversation"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/evaldata"
	"github.com/tamis-search/tamis/session/turn"
)

const turns = `{"topic":1,"turn":2,"raw":"What are its symptoms?","rewrite":"What are lung cancer's symptoms?"}
{"topic":1,"turn":1,"raw":"Tell me about lung cancer.","rewrite":"Tell me about lung cancer."}
{"topic":"b","turn":1,"raw":"What is a kite?","rewrite":"What is a kite?"}
`

func TestMeasure(t *testing.T) {
	list, err := conversation.Read("turns", strings.NewReader(turns))
	if err != nil {
		t.Fatal(err)
	}
	if all := conversation.Conversations(list); len(all) != 2 || all[0][0].Number != 1 {
		t.Fatalf("%+v", all)
	}
	// Rankings are the words of what is asked.
	rank := func(_ context.Context, question string, carried []turn.Carried) ([]string, error) {
		words := strings.Fields(strings.ToLower(strings.NewReplacer("?", "", ".", "", "'s", "").Replace(question)))
		for _, c := range carried {
			words = append(words, strings.Fields(c.Text)...)
		}
		return words, nil
	}
	r, err := conversation.Measure(t.Context(), list, &turn.Fitted, rank)
	if err != nil {
		t.Fatal(err)
	}
	if r.Turns != 3 || r.Elliptic != 1 || r.Complete != 2 || len(r.Ways) != 4 {
		t.Fatalf("%+v", r)
	}
	over := r.Ways[3]
	if over.Words.Precision != 1 || over.Words.Recall != 1 || over.Elliptic.Overlap <= r.Ways[0].Elliptic.Overlap || over.Complete.Overlap != 1 {
		t.Errorf("%+v %+v", over, over.Elliptic)
	}
	for _, bad := range []string{"", "{", `{"topic":1,"turn":1,"raw":"a"}`} {
		if _, err := conversation.Read("turns", strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
}

// TestFitted: the weights are those that fitting finds on CAsT 2019, and on CAsT 2020, which
// they have not seen, they carry over more of the right words than all of the first turn or of
// the last one.
func TestFitted(t *testing.T) {
	dir := evaldata.Dir(t, "conversation")
	read := func(name string) []conversation.Turn {
		list, err := files.Read(dir+"/"+name, conversation.Read)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	w, err := conversation.Fit(conversation.Conversations(read("cast2019.jsonl")))
	if err != nil || w != turn.Fitted {
		t.Errorf("fitting finds %v %v", w, err)
	}
	r, err := conversation.Measure(t.Context(), read("cast2020.jsonl"), &turn.Fitted, nil)
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Ways[3].Words.F1; f <= r.Ways[1].Words.F1 || f <= r.Ways[2].Words.F1 {
		t.Errorf("%+v", r.Ways)
	}
}
