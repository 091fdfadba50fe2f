package classify

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/vector"
)

// some are examples of three labels, whose texts share words within a label.
func some(n int) (all []Example) {
	subjects := []string{"invoice", "refund", "charge", "card", "balance", "fee"}
	weathers := []string{"rain", "snow", "storm", "sunshine", "wind", "fog"}
	songs := []string{"jazz", "opera", "blues", "techno", "folk", "swing"}
	for i := range n {
		k := i % len(subjects)
		all = append(all,
			Example{ID: fmt.Sprint("b", i), Text: "there is a wrong " + subjects[k] + " on my bank account", Labels: []string{"bank"}},
			Example{ID: fmt.Sprint("w", i), Text: "will there be " + weathers[k] + " tomorrow in the mountains", Labels: []string{"weather"}},
			Example{ID: fmt.Sprint("m", i), Text: "play me some " + songs[k] + " from the seventies", Labels: []string{"music"}})
	}
	for i := range all {
		all[i].End = len(all[i].Text)
	}
	return all
}

func learn(t *testing.T, examples []Example) *Classifier {
	t.Helper()
	c, err := New(t.Context(), examples, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestClassify(t *testing.T) {
	c := learn(t, some(12))
	for text, want := range map[string]string{
		"a strange fee on the account":  "bank",
		"is there fog in the mountains": "weather",
		"play opera":                    "music",
	} {
		r, err := c.Classify(text, Vectors{}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Labels) != 1 || r.Labels[0].Label != want {
			t.Errorf("%q is %+v (none %.2f), want %s", text, r.Labels, r.NoneIs, want)
		}
		for _, e := range r.Evidence {
			if !slices.Contains(e.Labels, want) || e.Text != c.examples[e.Row].Text || len(e.Digest) != 64 {
				t.Errorf("%q: evidence %+v", text, e)
			}
		}
	}
	r, err := c.Classify("quantum chromodynamics", Vectors{}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if !r.None || len(r.Labels) != 0 || len(r.Others) != 3 {
		t.Errorf("nothing in common with the examples, and %+v", r)
	}
}

// TestSameTwice: the order of goroutines says nothing.
func TestSameTwice(t *testing.T) {
	examples := some(20)
	a, b := learn(t, examples), learn(t, examples)
	for _, text := range []string{"play rain", "card", "", "wrong tomorrow"} {
		x, err := a.Classify(text, Vectors{}, 3)
		if err != nil {
			t.Fatal(err)
		}
		y, err := b.Classify(text, Vectors{}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(x) != fmt.Sprint(y) {
			t.Errorf("%q: %+v and %+v", text, x, y)
		}
	}
}

func TestManyLabels(t *testing.T) {
	examples := some(12)
	for i := range 12 {
		examples = append(examples, Example{ID: fmt.Sprint("x", i), Text: fmt.Sprintf("play a song number %d about rain and fog tomorrow", i), Labels: []string{"music", "weather"}})
	}
	r, err := learn(t, examples).Classify("play a song about fog tomorrow", Vectors{}, 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Labels) != 2 {
		t.Errorf("%+v, want music and weather", r.Labels)
	}
}

func TestExamplesOfNone(t *testing.T) {
	examples := some(12)
	for i := range 24 {
		examples = append(examples, Example{ID: fmt.Sprint("n", i), Text: fmt.Sprintf("tell me about history chapter %d of the empire", i)})
	}
	c := learn(t, examples)
	if got := c.Labels(); !slices.Equal(got, []string{"bank", "music", "weather"}) {
		t.Errorf("labels %q", got)
	}
	r, err := c.Classify("about the history of the empire", Vectors{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !r.None {
		t.Errorf("%+v, want none", r)
	}
}

func TestVectorsCount(t *testing.T) {
	examples := some(12)
	at := map[string]vector.Dense{"bank": {1, 0, 0}, "weather": {0, 1, 0}, "music": {0, 0, 1}}
	for i := range examples {
		examples[i].Vectors.Set(at[examples[i].Labels[0]])
	}
	c := learn(t, examples)
	v := Vectors{}
	v.Set(vector.Dense{.1, .2, 2})
	r, err := c.Classify("unheard words", v, 1)
	if err != nil {
		t.Fatal(err)
	}
	if first := append(r.Labels, r.Others...)[0]; first.Label != "music" {
		t.Errorf("%+v, want music by its vector", r)
	}
	for space, want := range map[string]string{Dense: "music", Words: "bank"} {
		if got, _, err := c.Vote(space, "bank account", v, 5); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %s", space, got, err, want)
		}
	}
}

func TestWrongExamples(t *testing.T) {
	for name, tt := range map[string]struct {
		examples []Example
		want     error
	}{
		"nothing":   {nil, ErrNoExamples},
		"only none": {[]Example{{Text: "a"}}, ErrNoExamples},
		"one label": {[]Example{{Text: "a", Labels: []string{"x"}}, {Text: "b", Labels: []string{"x"}}}, ErrOneLabel},
	} {
		if _, err := New(t.Context(), tt.examples, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	c := learn(t, []Example{{ID: "1", Text: "a  b", Labels: []string{"x"}}, {ID: "2", Text: "A b", Labels: []string{"y"}}, {ID: "3", Text: "c", Labels: []string{"x"}}})
	w := c.Warnings()
	if len(w.Contradictions) != 1 || !strings.Contains(w.Contradictions[0], "x (1)") || !strings.Contains(w.Contradictions[0], "y (2)") {
		t.Errorf("contradictions %q", w.Contradictions)
	}
	if !slices.Equal(w.Single, []string{"y"}) {
		t.Errorf("single %q", w.Single)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(ctx, some(4), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRead(t *testing.T) {
	in := `{"text":"one","label":"x"}

{"_id":7,"text":"two","metadata":{"label":["y","oos","y"]}}
{"id":"c","text":"three","label":"oos"}
`
	all, err := Read("f", strings.NewReader(in), "label", "oos", false)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 3 || all[0].ID != "f:1" || all[1].ID != "7" || !slices.Equal(all[1].Labels, []string{"y"}) || all[2].Labels != nil {
		t.Errorf("%+v", all)
	}
	for in, want := range map[string]string{
		"{\"text\":\"a\",\"label\":\"x\"}\n{\"text\":\"b\"}": `f:2: the record has no "label"`,
		`{"label":"x"}`: `f:1: the record has no "text"`,
		`plain`:         `f:1: not a JSON object`,
	} {
		if _, err := Read("f", strings.NewReader(in), "label", "", false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", in, err)
		}
	}
	if all, err = Read("f", strings.NewReader("plain\n"), "label", "", true); err != nil || all[0].Text != "plain" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestNames(t *testing.T) {
	names := Names([]Example{{Labels: []string{"play_music", "42"}}, {Labels: []string{"7-b"}}})
	var got []string
	for _, n := range names {
		got = append(got, n.Labels[0]+"="+n.Text)
	}
	if want := []string{"42=", "7-b=", "play_music=play music"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// model replies with what it is.
type model string

func (m model) Chat(context.Context, []llm.Message) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) { yield(llm.Delta{Text: string(m)}, nil) }
}

func TestAsk(t *testing.T) {
	c := learn(t, some(12))
	const text = "play opera in the storm"
	for reply, want := range map[string]string{
		"weather":                       "weather",
		"Let me think.\nLabel: Music.":  "music",
		"none of these":                 "",
		"`music`, weather":              "music weather",
		"I cannot say, it is not clear": "error",
	} {
		r, err := c.Classify(text, Vectors{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Ask(t.Context(), model(reply), text, Vectors{}, r)
		if want == "error" {
			if !errors.Is(err, ErrReply) {
				t.Errorf("%q: %v, want ErrReply", reply, err)
			}
			continue
		}
		var got []string
		for _, l := range r.Labels {
			got = append(got, l.Label)
		}
		if err != nil || strings.Join(got, " ") != want || r.None != (want == "") {
			t.Errorf("%q: %q, none %v, %v, want %q", reply, got, r.None, err, want)
		}
	}
	r, err := c.Classify(text, Vectors{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := c.Prompt(text, Vectors{}, r)
	if err != nil {
		t.Fatal(err)
	}
	if s := m[0].Content; !strings.HasSuffix(s, "Text: "+text+"\nLabel:") || strings.Count(s, "Label: ") != Demonstrations {
		t.Errorf("prompt %s", s)
	}
}
