package local

import (
	"slices"
	"strings"
	"testing"
)

// TestParts: paragraphs of the last message are documents, a heading goes with what follows, the last is the
// question; a message of one paragraph has none.
func TestParts(t *testing.T) {
	long := strings.Repeat("word ", 20)
	last := "Sources:\n\n" + long + "\n\nHeading\n\n" + long + "\n\nQuestion: what?"
	prompt := "Be brief. Sources:\n\nnone\n\n" + "<user>" + last + "<end>"
	var starts []int // a token is a word
	for i := range prompt {
		if i == 0 || strings.ContainsRune(" \n", rune(prompt[i-1])) && !strings.ContainsRune(" \n", rune(prompt[i])) {
			starts = append(starts, i)
		}
	}
	ends, asked := parts(prompt, last, starts)
	if !slices.Equal(ends, []int{5, 25, 46}) || asked != 2 || len(starts) != 48 {
		t.Errorf("parts end at %v of %d, %d tokens ask", ends, len(starts), asked)
	}
	if ends, asked := parts("<user>Why is that?<end>", "Why is that?", []int{0, 6, 10, 13}); ends != nil || asked != 3 {
		t.Errorf("one paragraph has parts %v, %d tokens ask", ends, asked)
	}
	if ends, asked := parts("another", last, []int{0}); ends != nil || asked != 0 {
		t.Error("a message that the template changed has parts")
	}
}
