package pruner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/pruner"
	"github.com/tamis-search/tamis/train/asked"
)

func labels(t *testing.T, text string) *Labels {
	t.Helper()
	l, err := ReadLabels("f", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestLabels: what lines say together.
func TestLabels(t *testing.T) {
	const right = `{"question":"q","title":"T","sentences":["One.","Two."],"keep":[1]}`
	l := labels(t, right+"\n\n"+`{"question":"q","passage":"Other things. And more.","answers":false}`)
	p := l.Asked[0].Passages
	if len(p) != 2 || !p[0].Answers || p[1].Answers || p[0].Text != "One. Two." || !slices.Equal(p[0].Keep, []bool{false, true}) || p[1].Keep != nil || len(p[1].Sentences) != 2 || l.Asked[0].From != "T" {
		t.Errorf("%+v", l.Asked)
	}
	if text, before := p[0].Read(); text != "T. One. Two." || before != 3 {
		t.Errorf("%q, %d", text, before)
	}
	// Two lines of three say that the second sentence is kept.
	l = labels(t, right+"\n"+right+"\n"+`{"question":"q","title":"T","sentences":["One.","Two."],"keep":[0,1]}`)
	if got := l.Asked[0].Passages[0].Keep; !slices.Equal(got, []bool{false, true}) || l.Repeated != 2 || l.Twice != 1 || l.Undecided != 0 {
		t.Errorf("%v %+v", got, l)
	}
	// One line against one: left out.
	l = labels(t, right+"\n"+`{"question":"r","sentences":["A.","B."],"keep":[0]}`+"\n"+`{"question":"r","sentences":["A.","B."],"keep":[]}`)
	if len(l.Asked) != 1 || l.Undecided != 1 || l.Unanswered != 1 {
		t.Errorf("%+v", l)
	}
	for text, want := range map[string]string{
		`{"question":"q","sentences":["A."],"keep":[0]}`:     "f: 1 of 1 sentences are kept",
		`{"question":"q","sentences":["A.","B."],"keep":[]}`: "no question has a passage that answers",
		`{"question":"q","passage":"A.","answers":true}`:     "no line has sentences",
		`{"question":"q","sentences":["A."],"keep":[1]}`:     `f:1: "keep" names sentence 1 of 1`,
		`{"question":" ","sentences":["A."],"keep":[0]}`:     "f:1: there is no question",
		`{"question":"q"}`:                "one of both",
		`{"question":"q","passage":"A."}`: "says true or false",
		right + "\n{":                     "f:2: ",
		"":                                "no question",
	} {
		if _, err := ReadLabels("f", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// asked are questions about things, each answered by the sentence that names the thing.
func labelled(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"question":"thing%d fine %d","title":"about %[2]d","sentences":["a sieve is here","fine thing%[1]d is there","a fine sieve %[2]d"],"keep":[1]}`+"\n", i%7, i)
	}
	return b.String()
}

func frozen(t *testing.T) *encode.Frozen {
	t.Helper()
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "fine", "sieve", "##s", ".", "is", "here", "there", "about", "thing0", "thing1", "thing2", "thing3", "thing4", "thing5", "thing6"}
	dir := tinymodel.Shape{Words: len(words), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 40}.Write(t, 1, words...)
	f, err := encode.OpenFrozen(dir, model.F32, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func options() Options {
	o := Options{Options: pruner.Defaults}
	o.Hidden, o.Epochs, o.Rate = 4, 8, .01
	return o
}

// TestWrong: questions without wrong passages get those of others, about something else, of the same part.
func TestWrong(t *testing.T) {
	f := frozen(t)
	l := labels(t, labelled(60)).Asked
	rare := rarity(l, f.Is().Words, f.Tokens)
	if there, fine := f.Tokens("thing1")[0], f.Tokens("fine")[0]; rare[there] <= rare[fine] {
		t.Errorf("thing1 weighs %g, fine %g", rare[there], rare[fine])
	}
	parts(l, 1, f.Tokens, func(id int32) float32 { return rare[id] })
	byTitle := map[string]bool{}
	for i := range l {
		byTitle[l[i].From] = l[i].Held(1)
	}
	for _, a := range l {
		if len(a.Passages) != 1+asked.Negatives || a.Passages[1].Keep == nil || a.Passages[2].Keep != nil {
			t.Fatalf("%+v", a)
		}
		for _, p := range a.Passages[1:] {
			if p.Answers || p.Title == a.From || byTitle[p.Title] != byTitle[a.From] {
				t.Errorf("%s: %+v", a.From, p)
			}
		}
		// The tokens of the question that are rare stand in the first.
		if word := strings.Fields(a.Text)[0]; !byTitle[a.From] && !strings.Contains(a.Passages[1].Text, word+" ") {
			t.Errorf("%s: %s", word, a.Passages[1].Text)
		}
	}
}

// TestLearn: the sentence that names the thing is learned; what was broken off goes on, to the same bytes.
func TestLearn(t *testing.T) {
	f := frozen(t)
	learn := func(ctx context.Context, dir string, o Options) (*Result, error) {
		return Learn(ctx, f, labels(t, labelled(150)).Asked, dir, o)
	}
	saved := func(r *Result) []byte {
		dir := filepath.Join(t.TempDir(), "head")
		if err := r.Head.Save(dir, f.Is()); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "pruner.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	whole, err := learn(t.Context(), t.TempDir(), options())
	if err != nil {
		t.Fatal(err)
	}
	if g := whole.Gain; g.Sentences.Head < .95 || g.Passages.Questions == 0 || len(g.Curve) != 9 || g.Curve[0].Answers < .9 || whole.Resumed != 0 {
		t.Errorf("%+v", g)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	o := options()
	o.Reading = func(done, all int) {
		if done == 20 {
			cancel()
		}
	}
	if _, err := learn(ctx, dir, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	path := filepath.Join(dir, pruner.Features)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)-5], 0o600); err != nil { // torn
		t.Fatal(err)
	}
	again, err := learn(t.Context(), dir, options())
	if err != nil {
		t.Fatal(err)
	}
	if again.Resumed < 10 || again.Resumed >= 150 || !bytes.Equal(saved(again), saved(whole)) {
		t.Errorf("%d of 150 were there; the same bytes: %v", again.Resumed, bytes.Equal(saved(again), saved(whole)))
	}
	// Other questions begin anew.
	r, err := Learn(t.Context(), f, labels(t, labelled(149)).Asked, dir, options())
	if err != nil || r.Resumed != 0 {
		t.Errorf("%+v %v", r, err)
	}
	if _, err := Learn(t.Context(), f, labels(t, labelled(20)).Asked, t.TempDir(), options()); !errors.Is(err, ErrFew) {
		t.Error(err)
	}
}
