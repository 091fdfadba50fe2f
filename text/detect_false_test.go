package text

import "testing"

// TestDetectNoOther: an English text that repeats what is a word elsewhere is in no
// other language.
func TestDetectNoOther(t *testing.T) {
	for _, s := range []string{
		`Install an SDK for access. pip install -U google "vertex" pip install -U google pip install -U google pip install -U google`,
		"p n p n transistor switches and d c d c converters",
		"Comment on: Chan KL, Ying S, Hickson ID. Replication stress at fragile loci. Nat Cell Biol; T S N D.",
		"Los Angeles Los Angeles Los Gatos Los Alamos population census table",
	} {
		if got := DetectLanguage(s); got != "" && got != "en" {
			t.Errorf("%q for %q", got, s)
		}
	}
}
