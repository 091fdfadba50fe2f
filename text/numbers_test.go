package text

import (
	"slices"
	"testing"
)

// TestGroupedDigits: a number is one term however its digits are grouped.
func TestGroupedDigits(t *testing.T) {
	for _, name := range []string{"english", "simple", "german"} {
		a, err := NewAnalyzer(name)
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string][]string{
			"35,000":                   {"35000"},
			"35000":                    {"35000"},
			"35'000":                   {"35000"},
			"35’000":                   {"35000"},
			"35_000":                   {"35000"},
			"35\u202f000":              {"35000"},
			"35\u00a0000\u00a0123 km2": {"35000123", "km2"},
			"1,234,567.89":             {"1234567.89"},
			"$1,200":                   {"1200"},
			// What is not grouped in threes, or not alike, is not one number.
			"35 000":         {"35", "000"},
			"1,23":           {"1,23"},
			"1999,2000":      {"1999,2000"},
			"1,234,56":       {"1,234,56"},
			"1,2345":         {"1,2345"},
			"1,234'567":      {"1,234'567"},
			"10.000":         {"10.000"},
			"192.168.100.20": {"192.168.100.20"},
			"35\u200900":     {"35", "00"},
			"5\u00a0km":      {"5", "km"},
			"1234\u00a0567":  {"1234", "567"},
		} {
			if got := a.Terms(nil, text); !slices.Equal(got, want) {
				t.Errorf("%s: %q gives %q, want %q", name, text, got, want)
			}
		}
	}
}
