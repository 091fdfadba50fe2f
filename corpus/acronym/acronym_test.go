package acronym

import (
	"testing"

	"github.com/tamis-search/tamis/text"
)

func TestFind(t *testing.T) {
	for _, tt := range []struct{ text, short, long string }{
		{"We use hidden Markov models (HMM) here.", "HMM", "hidden Markov models"},
		{"the HMM (hidden Markov model) of speech", "HMM", "hidden Markov model"},
		{"the World Health Organization (WHO, 2004) says", "WHO", "World Health Organization"},
		{"of heat shock protein 70 (HSP70) levels", "HSP70", "heat shock protein 70"},
		{"transcription factor [TF] binding", "TF", "transcription factor"},
		{"a support-vector machine (SVM)", "SVM", "support-vector machine"},
		{"it rained (WHO) there", "", ""},
		{"the year (2004) and figure (a)", "", ""},
		{"see the paper. Then (TP) again", "", ""},
		{"the SVM (SVM) again", "", ""},
		{"", "", ""},
	} {
		found := Find(tt.text)
		if tt.short == "" {
			if len(found) != 0 {
				t.Errorf("%q: %+v", tt.text, found)
			}
			continue
		}
		if len(found) != 1 || found[0].Short != tt.short || found[0].Long != tt.long {
			t.Errorf("%q: %+v", tt.text, found)
			continue
		}
		f := found[0]
		if tt.text[f.ShortStart:f.ShortEnd] != tt.short || tt.text[f.LongStart:f.LongEnd] != tt.long {
			t.Errorf("%q: ranges %+v", tt.text, f)
		}
	}
}

func FuzzFind(f *testing.F) {
	f.Add("hidden Markov models (HMM) [x] (a b) \xff(AB)")
	f.Fuzz(func(t *testing.T, s string) {
		for _, d := range Find(s) {
			if d.ShortStart < 0 || d.ShortEnd > len(s) || d.LongStart < 0 || d.LongEnd > len(s) || d.ShortStart >= d.ShortEnd || d.LongStart >= d.LongEnd {
				t.Errorf("%+v of %q", d, s)
			}
		}
	})
}

func dictionary(t *testing.T) *Dictionary {
	t.Helper()
	a, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	return NewDictionary(a)
}

func TestResolve(t *testing.T) {
	d := dictionary(t)
	for range 3 {
		d.LearnText("The speech signal is recognised by hidden Markov models (HMM), whose states emit sounds.")
	}
	d.LearnText("The museum of the city, the historical maritime museum (HMM), shows old ships and sails.")
	for context, want := range map[string]string{
		"an HMM recognises sounds of speech":  "hidden Markov models",
		"the HMM shows ships with red sails":  "historical maritime museum",
		"nothing is known of this HMM at all": "hidden Markov models",
	} {
		got := d.Resolve("HMM", Context{Text: context})
		if len(got) != 2 || got[0].Long != want {
			t.Errorf("%q: %+v, want %s", context, got, want)
		}
	}
	if got := d.Resolve("HMM", Context{Text: "the HMM", Section: "old ships and sails of the museum"}); got[0].Long != "historical maritime museum" {
		t.Errorf("by its section: %+v", got)
	}
	if got := d.Resolve("XYZ", Context{}); got != nil {
		t.Errorf("unknown: %+v", got)
	}
	if got := d.Dominant("HMM", 2); got != "" {
		t.Errorf("dominant in 3 of 4: %q", got)
	}
	d.LearnText("Hidden Markov models (HMM) have states.")
	if got := d.Expand("what is an HMM?"); got != "what is an HMM? hidden Markov models" {
		t.Errorf("expanded: %q", got)
	}
	if got := d.Expand("training of hidden markov models"); got != "training of hidden markov models HMM" {
		t.Errorf("expanded: %q", got)
	}
}
