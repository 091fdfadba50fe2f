package pack

import (
	"fmt"
	"testing"
)

// What a question's words say together is worth more than what they say apart,
// and words that are nowhere tell that nothing answers.
func TestConfidence(t *testing.T) {
	l := newLibrary(t)
	l.add("light", "Lighthouses", "The keeper of the lighthouse hid the password under a seagull. He told nobody.")
	for i := range 12 {
		l.add(fmt.Sprint("letter", i), "", fmt.Sprintf("Keeper %d of the archive wrote a letter. A password was changed. Some lighthouse was painted.", i))
	}
	sure := func(question string) float64 {
		c, err := Select(t.Context(), l.question(question), l.docs, Options{Budget: 120, Counter: counter(t, "o200k_base"), KeepDuplicates: true})
		if err != nil {
			t.Fatal(err)
		}
		if c.Confidence < 0 || c.Confidence > 1 {
			t.Fatalf("%q: confidence %v", question, c.Confidence)
		}
		return c.Confidence
	}
	together := sure("where did the lighthouse keeper hide the password under a seagull")
	apart := sure("which keeper painted a letter about archive passwords changed in a lighthouse")
	foreign := sure("how are passwords of zebras encrypted by hydraulic turbines in volcanic harbours")
	if !(together > apart && apart > foreign) {
		t.Errorf("together %v, apart %v, foreign %v", together, apart, foreign)
	}
	if foreign >= Unsure {
		t.Errorf("foreign %v is not below %v", foreign, Unsure)
	}
	if none := sure("zebras"); none != 0 {
		t.Errorf("nothing kept: %v", none)
	}
}
