package text

import (
	"slices"
	"testing"
)

func TestLiterals(t *testing.T) {
	for term, want := range map[string]bool{
		"e4711": true, "0x80070005": true, "404": true, "err_reset": true, "v2.3.1": true, "p53": true,
		"12": false, "pump": false, "": false, "é": false, "2.5": false,
	} {
		if Literal(term) != want {
			t.Errorf("%q: %v", term, !want)
		}
	}
	for question, want := range map[string][]string{
		"Why does the Bosch dishwasher show E15?": {"Bosch", "E15"},
		"my iPhone and an IBM printer":            {"iPhone", "IBM"},
		"what is error ORA-00942 (12c)":           {"ORA-00942", "12c"},
		"Pumps and valves":                        nil,
		"WHY DOES IT STOP WITH E15":               {"E15"},
		"? !":                                     nil,
	} {
		if got := Literals(question); !slices.Equal(got, want) {
			t.Errorf("%q: %q", question, got)
		}
	}
}

// TestLiteralsAreTerms: every analysis keeps a literal word whole, as one of its terms.
func TestLiteralsAreTerms(t *testing.T) {
	for _, name := range []string{AnalyzerName("", "en"), AnalyzerName("", "de"), AnalyzerName("", "fr"), AnalyzerName("", "es"), AnalyzerName("", "ru"), AnalyzerName("go", "go")} {
		an, err := NewAnalyzer(name)
		if err != nil {
			t.Fatal(err)
		}
		for word, want := range map[string]string{
			"E4711": "e4711", "0x80070005": "0x80070005", "RTX4090Ti": "rtx4090ti", "v2.3.1": "v2.3.1", "A1s": "a1s", "F150s": "f150s", "00942": "00942", "60529": "60529",
		} {
			if got := an.Terms(nil, word); !slices.Contains(got, want) {
				t.Errorf("%s: %q gives %q", name, word, got)
			}
		}
	}
}
