package trainingdata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/eval/questions"
	"github.com/tamis-search/tamis/text/tokens"
)

// halls are documents about machines of a mill. Each has sections whose first statement
// answers their heading in words of its own, and what else is said in the hall.
func halls(n int) map[string]string {
	out := map[string]string{}
	for i := range n {
		r := rand.New(rand.NewPCG(7, uint64(i)))
		word := func() string {
			var b strings.Builder
			for range 3 {
				b.WriteString(string("bdfgklmnprstvz"[r.IntN(14)]) + string("aeiou"[r.IntN(5)]))
			}
			return b.String()
		}
		common := make([]string, 25)
		for k := range common {
			common[k] = word()
		}
		name := word() + "s"
		var b strings.Builder
		fmt.Fprintf(&b, "# %s\n\nThe %s stands by the %s, near the %s and %s, as %s writes.\n\n", name, name, word(), word(), word(), word())
		for _, topic := range []string{"Mending", "Oiling", "Storing", "Selling"} {
			fmt.Fprintf(&b, "## %s the %s\n\n%s the %s takes a %s and a %s of %s, says foreman %s of %s.", topic, name, topic, name, word(), word(), word(), word(), word())
			for range 12 {
				b.WriteString(" Visitors")
				for range 9 {
					b.WriteString(" " + common[r.IntN(len(common))])
				}
				b.WriteString(".")
			}
			b.WriteString("\n\n")
		}
		out[fmt.Sprintf("hall%d.md", i)] = b.String()
	}
	return out
}

func indexed(t *testing.T, files map[string]string) *tamis.Index {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
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

func options(t *testing.T) Options {
	t.Helper()
	counter, err := tokens.New("o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Count: 60, Seed: 3, HeldOut: .3, Negatives: 4, Length: 1500, Counter: counter}
}

// lines are the examples as a file holds them.
func lines(t *testing.T, ix *tamis.Index, o Options) (*Made, []byte) {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	made, err := Make(t.Context(), ix, o, func(x *Example) error { return e.Encode(x) })
	if err != nil {
		t.Fatal(err)
	}
	return made, b.Bytes()
}

func decoded(t *testing.T, raw []byte) (out []Example) {
	t.Helper()
	for line := range bytes.Lines(raw) {
		var e Example
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func TestExamples(t *testing.T) {
	ix := indexed(t, halls(16))
	o := options(t)
	made, raw := lines(t, ix, o)
	all := decoded(t, raw)
	for _, k := range Kinds {
		for _, part := range []string{Train, HeldOut} {
			if made.Examples[k][part] == 0 {
				t.Errorf("no example of kind %s in part %s: %+v", k, part, made)
			}
		}
	}
	source := func(id string) (string, error) { return ix.Source(t.Context(), id, tamis.Scope{}) }
	checked, err := Verify("examples", bytes.NewReader(raw), source)
	if err != nil || checked.Examples != len(all) {
		t.Fatalf("%+v, %v", checked, err)
	}
	for _, e := range all {
		holds(t, &e, o)
		ranks(t, ix, &e)
	}
	if _, again := lines(t, ix, o); !bytes.Equal(raw, again) {
		t.Error("the same seed gives other examples")
	}
	o.Seed++
	if _, other := lines(t, ix, o); bytes.Equal(raw, other) {
		t.Error("another seed gives the same examples")
	}
}

// holds checks what is promised of one example.
func holds(t *testing.T, e *Example, o Options) {
	t.Helper()
	answer := folded(e.Answer.Text)
	said := map[string]bool{}
	for i, x := range e.Texts {
		has := strings.Contains(folded(x.Text), answer)
		whole := folded(x.Text)
		if said[whole] {
			t.Errorf("%s, %s: a text comes twice: %s", e.ID, e.Kind, x.Text)
		}
		said[whole] = true
		switch {
		case x.As == Positive:
			if e.Target != i+1 {
				t.Errorf("%s, %s: text %d answers, %d is the target", e.ID, e.Kind, i+1, e.Target)
			}
			if !has {
				t.Errorf("%s, %s: the text that answers lacks the answer", e.ID, e.Kind)
			}
		case has, x.Doc == e.Answer.Doc && x.Start < e.Answer.End && e.Answer.Start < x.End:
			t.Errorf("%s, %s: a text as %s holds the answer %q: %s", e.ID, e.Kind, x.As, e.Answer.Text, x.Text)
		}
	}
	if e.Positive != nil && !strings.Contains(e.Positive.Text, e.Answer.Text) {
		t.Errorf("%s, %s: the positive lacks the answer", e.ID, e.Kind)
	}
	switch e.Kind {
	case Negatives:
		if len(e.Texts) > o.Negatives {
			t.Errorf("%s: %d negatives", e.ID, len(e.Texts))
		}
	case Long:
		if n := o.Counter.Count(Joined(e.Texts)); n != e.Tokens || n > o.Length || 2*n < o.Length {
			t.Errorf("%s: %d tokens of %d, and says %d", e.ID, n, o.Length, e.Tokens)
		}
	case Compressed:
		if !strings.Contains(folded(e.Chosen.Text), answer) || strings.Contains(folded(e.Rejected.Text), answer) {
			t.Errorf("%s: chosen %q, rejected %q, answer %q", e.ID, e.Chosen.Text, e.Rejected.Text, e.Answer.Text)
		}
	case Distractors:
		for _, as := range []string{Related, Partly, Unrelated} {
			if n := len(slices.DeleteFunc(slices.Clone(e.Texts), func(x Text) bool { return x.As != as })); n > o.Negatives/2 {
				t.Errorf("%s: %d texts are %s", e.ID, n, as)
			}
		}
	}
}

// ranks holds texts with a rank to the index's own ranking.
func ranks(t *testing.T, ix *tamis.Index, e *Example) {
	t.Helper()
	var found *tamis.Results
	for _, x := range e.Texts {
		if x.Rank == 0 {
			continue
		}
		if found == nil {
			var err error
			if found, err = ix.Search(t.Context(), tamis.Query{Text: e.Query, K: deep}); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.ContainsFunc(found.Hits, func(h tamis.Hit) bool {
			return h.Doc == x.Doc && h.Start <= x.Start && x.End <= h.End && h.Score == x.Score
		}) {
			t.Errorf("%s, %s: %d to %d of %s was found with %g, and is no hit with that", e.ID, e.Kind, x.Start, x.End, x.Doc, x.Score)
		}
	}
}

// TestCopies: a document and its copy are held out together, or trained on together, and
// no negative says what the answer says.
func TestCopies(t *testing.T) {
	files := halls(16)
	for name, text := range halls(16) {
		files["copy-of-"+name] = strings.Replace(text, "says foreman", "says the foreman", 1)
	}
	ix := indexed(t, files)
	for seed := range uint64(3) {
		o := options(t)
		o.Seed = seed
		_, raw := lines(t, ix, o)
		parts := map[string]string{}
		for _, e := range decoded(t, raw) {
			holds(t, &e, o)
			for _, x := range e.all() {
				name := strings.TrimPrefix(filepath.Base(x.Doc), "copy-of-")
				if had := parts[name]; had != "" && had != e.Split {
					t.Fatalf("seed %d: %s and its copy are in both parts", seed, name)
				}
				parts[name] = e.Split
			}
		}
	}
}

// TestStays: a document that comes moves no other one into another part.
func TestStays(t *testing.T) {
	part := func(n int) map[string]string {
		ix := indexed(t, halls(n))
		_, raw := lines(t, ix, options(t))
		out := map[string]string{}
		for _, e := range decoded(t, raw) {
			out[filepath.Base(e.Answer.Doc)] = e.Split
		}
		return out
	}
	few, more := part(20), part(24)
	for name, split := range few {
		if more[name] != "" && more[name] != split {
			t.Errorf("%s was in part %s, and is in part %s beside four more", name, split, more[name])
		}
	}
}

func TestVerify(t *testing.T) {
	ix := indexed(t, halls(16))
	o := options(t)
	_, raw := lines(t, ix, o)
	source := func(id string) (string, error) { return ix.Source(t.Context(), id, tamis.Scope{}) }
	for name, change := range map[string]func(e *Example){
		"is not what stands there": func(e *Example) { e.Texts[0].Text += "." },
		"have changed":             func(e *Example) { e.Texts[0].Start++ },
		"has no bytes":             func(e *Example) { e.Texts[0].End = 1 << 30 },
		"lies outside":             func(e *Example) { e.Chosen.Kept[0].End = e.Chosen.End + 1 },
		"no part":                  func(e *Example) { e.Split = "both" },
	} {
		all := decoded(t, raw)
		i := slices.IndexFunc(all, func(e Example) bool { return e.Kind == Compressed })
		change(&all[i])
		line, err := json.Marshal(&all[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Verify("f", bytes.NewReader(line), source); err == nil || !strings.Contains(err.Error(), name) || !strings.HasPrefix(err.Error(), "f:1: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Verify("f", strings.NewReader("{\n"), source); err == nil || !strings.Contains(err.Error(), "f:1: no example") {
		t.Error(err)
	}
	if _, err := Verify("f", bytes.NewReader(raw), func(string) (string, error) { return "other text", nil }); err == nil {
		t.Error("examples are replayed from other documents")
	}
	// A document in both parts is named, over two files too.
	both := bytes.Replace(raw, []byte(`"split":"train"`), []byte(`"split":"held-out"`), 1)
	if _, err := Verify("f", bytes.NewReader(both), source); err == nil || !strings.Contains(err.Error(), "in the training part and in the part held out") {
		t.Error(err)
	}
}

func TestBadCorpora(t *testing.T) {
	none := func(*Example) error { return errors.New("an example is made") }
	one := map[string]string{"one.md": halls(1)["hall0.md"]}
	if _, err := Make(t.Context(), indexed(t, one), options(t), none); !errors.Is(err, ErrNotDivided) {
		t.Errorf("one document: %v", err)
	}
	o := options(t)
	o.HeldOut = 0
	if made, _ := lines(t, indexed(t, one), o); made.Queries == 0 || made.HeldOut != 0 {
		t.Errorf("one document, none held out: %+v", made)
	}
	if _, err := Make(t.Context(), indexed(t, map[string]string{"a.md": "other", "b.md": "word"}), options(t), none); !errors.Is(err, questions.ErrNone) {
		t.Errorf("nothing to ask: %v", err)
	}
	o.Kinds = []string{"triples"}
	if _, err := Make(t.Context(), indexed(t, one), o, none); err == nil || !strings.Contains(err.Error(), "pairs") {
		t.Errorf("an unknown kind: %v", err)
	}
	// What the one who takes examples says ends the work.
	full := errors.New("no room")
	if _, err := Make(t.Context(), indexed(t, halls(6)), options(t), func(*Example) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
}
