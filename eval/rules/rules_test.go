package rules

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/model/decoder"
	"github.com/tamis-search/tamis/model/induction"
)

// examples are what a prompt shows, and what it asks for.
func examples(prompt string) (words [][2]string, names []string, asked [2]string) {
	for line := range strings.Lines(prompt) {
		thing, name, _ := strings.Cut(strings.TrimSpace(line), ":")
		a, b, _ := strings.Cut(thing, " ")
		if name == "" {
			return words, names, [2]string{a, b}
		}
		words, names = append(words, [2]string{a, b}), append(names, strings.TrimSpace(name))
	}
	return words, names, asked
}

// byRule finds which of the two words decides and follows it.
func byRule(_ context.Context, prompt string, of []string) ([]float64, error) {
	words, names, asked := examples(prompt)
	for at := range 2 {
		said, decides := map[string]string{}, true
		for i, w := range words {
			if was, ok := said[w[at]]; ok && was != names[i] {
				decides = false
			}
			said[w[at]] = names[i]
		}
		if decides {
			out := make([]float64, len(of))
			for i, n := range of {
				if said[asked[at]] == n {
					out[i] = 1
				}
			}
			return out, nil
		}
	}
	return nil, errors.New("no word decides")
}

// byLikeness lets each example vote, by how many words it shares.
func byLikeness(_ context.Context, prompt string, of []string) ([]float64, error) {
	words, names, asked := examples(prompt)
	out := make([]float64, len(of))
	for i, w := range words {
		shared := 0
		for at := range 2 {
			if w[at] == asked[at] {
				shared++
			}
		}
		for k, n := range of {
			if n == names[i] {
				out[k] += []float64{0, 1, 10}[shared]
			}
		}
	}
	return out, nil
}

// TestTellsThemApart: who follows the rule is seen to, always; who follows what is most like it is right where all is
// shown, cannot tell where one kind is held back, and is outvoted where examples disagree.
func TestTellsThemApart(t *testing.T) {
	for name, c := range map[string]struct {
		ask  Ask
		want []float64
	}{
		"rule":     {byRule, []float64{1, 1, 1}},
		"likeness": {byLikeness, []float64{1, .5, 0}},
		"lots":     {func(context.Context, string, []string) ([]float64, error) { return []float64{0, 0}, nil }, []float64{.5, .5, .5}},
	} {
		r, err := Run(t.Context(), c.ask, 40, 1)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range r.Rows {
			if row.Rule != c.want[i] || row.Low > row.Rule || row.High < row.Rule {
				t.Errorf("%s, %s: %+v, want %g", name, row.Condition, row, c.want[i])
			}
		}
		var b bytes.Buffer
		if err := r.WriteTable(&b); err != nil || !strings.Contains(b.String(), "one kind held back  40") {
			t.Errorf("%v: %s", err, b.String())
		}
	}
}

// TestOf: a model that looks up what followed the same two tokens finds what is shown; the same seed asks the same.
func TestOf(t *testing.T) {
	at := filepath.Join(t.TempDir(), "built.gguf")
	if err := induction.WriteFile(at); err != nil {
		t.Fatal(err)
	}
	d, err := decoder.Open(at, decoder.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	// The built model reads bytes: after "e:" it finds the blank, after ": " the letter before which these stood.
	found, err := Of(d)(t.Context(), "blue cup: K\nblue cup:", []string{"K", "M"})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("%v", found)
	}
	found, err = Of(d)(t.Context(), "cup:K\ncup:", []string{"K", "M"})
	if err != nil {
		t.Fatal(err)
	}
	if found[0] <= found[1] {
		t.Errorf("what followed is not more probable: %v", found)
	}
	one, err := Run(t.Context(), Of(d), 3, 5)
	if err != nil {
		t.Fatal(err)
	}
	two, err := Run(t.Context(), Of(d), 3, 5)
	if err != nil || !reflect.DeepEqual(one, two) {
		t.Errorf("%v: %v and %v", err, one, two)
	}
	stop, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Run(stop, Of(d), 3, 5); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
