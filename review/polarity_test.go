package review

import (
	"testing"

	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/text"
)

// TestConflict: what contradicts, and what only looks as if it did.
func TestConflict(t *testing.T) {
	an, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct{ a, b, want string }{
		{"Aspirin use reduced the risk of colorectal cancer in men.", "Aspirin use increased the risk of colorectal cancer in men.", "direction"},
		{"Aspirin use reduced the risk of colorectal cancer in men.", "Aspirin use did not reduce the risk of colorectal cancer in men.", "negation"},
		{"The drug was given to 40 patients with severe asthma in Leeds.", "The drug was given to 45 patients with severe asthma in Leeds.", "number"},
		{"Aspirin use reduced the risk of colorectal cancer in men.", "Aspirin use lowered the risk of colorectal cancer in men.", ""},
		// Little of it, and much of it: they agree.
		{"Low vitamin D increased the risk of bone fracture in women.", "Vitamin D reduced the risk of bone fracture in women.", ""},
		// Not only, and not studied, deny nothing.
		{"Aspirin use not only reduced the risk of colorectal cancer in men.", "Aspirin use reduced the risk of colorectal cancer in men.", ""},
		{"The effect of aspirin use on colorectal cancer risk in men has not been studied.", "Aspirin use has an effect on colorectal cancer risk in men.", ""},
		// Other subjects.
		{"Tea did not change the mood of students.", "Aspirin use reduced the risk of colorectal cancer in men.", ""},
		{"", "", ""},
	}
	for _, c := range cases {
		a, b := stanceOf(an, c.a), stanceOf(an, c.b)
		if got, back := conflict(a, b), conflict(b, a); got != c.want || back != c.want {
			t.Errorf("%q / %q: %q and %q, want %q", c.a, c.b, got, back, c.want)
		}
	}
}

// TestLongForms: what the acronyms of a question stand for.
func TestLongForms(t *testing.T) {
	for phrase, want := range map[string]string{"of tumour necrosis factor": "tumour necrosis factor", "the transient nonsense": "", "factor": ""} {
		got := ""
		for _, d := range acronym.Find(phrase + " (TNF)") {
			got = d.Long
		}
		if got != want {
			t.Errorf("%q: %q", phrase, got)
		}
	}
}
