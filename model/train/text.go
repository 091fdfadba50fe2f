package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
)

// TextTask is the task of going on with a text, byte for byte: what a trained model's attention gives it in text as people
// write it, beside recall, which says what it can find.
const TextTask = "text"

const (
	textWords = 256 // bytes; First begins texts, so that a byte of 0 is read as a space
	textParts = 20  // of which each tenth is held out
	// LeastText is how many bytes a text has at least.
	LeastText = 1 << 16
)

// Text is what models learn to go on with. A tenth of it is never learned from: two parts, one of its middle and its end.
type Text struct {
	learned [][]byte
	Held    [][]byte
	Digest  string // of all of it
}

// NewText divides a text.
func NewText(data []byte) (*Text, error) {
	if len(data) < LeastText {
		return nil, fmt.Errorf("a text of %d bytes is too small to learn from: it has %d at least", len(data), LeastText)
	}
	sum := sha256.Sum256(data)
	t := &Text{Digest: hex.EncodeToString(sum[:])}
	for i := range textParts {
		part := data[len(data)*i/textParts : len(data)*(i+1)/textParts]
		if i%10 == 9 {
			t.Held = append(t.Held, part)
			continue
		}
		if n := len(t.learned); i%10 > 0 { // goes on from the part before
			part, t.learned = data[len(data)*(i/10*10)/textParts:len(data)*(i+1)/textParts], t.learned[:n-1]
		}
		t.learned = append(t.learned, part)
	}
	return t, nil
}

// TextIDs are the tokens of some text, which First begins.
func TextIDs(some []byte) []int32 {
	ids := make([]int32, 1, 1+len(some))
	for _, b := range some {
		if b == 0 {
			b = ' '
		}
		ids = append(ids, int32(b))
	}
	return ids
}

// sample is a piece that may be learned from; each byte of it is scored.
func (t *Text) sample(random *rand.Rand, length int) (s sample) {
	at := random.IntN(len(t.learned[0]) + len(t.learned[1]) - 2*length)
	part := t.learned[0]
	if n := len(part) - length; at >= n {
		at, part = at-n, t.learned[1]
	}
	s.ids = TextIDs(part[at:][:length-1])
	for i := range length - 1 {
		s.scored = append(s.scored, i)
	}
	return s
}

// TextRecipeOf is how a model of a text is made with a kind of attention.
func TextRecipeOf(t *Text, attention string, seed uint64) (Recipe, error) {
	r, err := RecipeOf(tasks[0].name, attention, seed)
	r.Task, r.Text, r.Goal = TextTask, t.Digest, 0
	r.Steps, r.Shape.Words, r.Shape.Inner = 300, textWords, 128
	return r, err
}

// TrainText makes a model of a text. Right answers in its progress are bytes.
func TrainText(ctx context.Context, r Recipe, t *Text, watch func(Progress)) (*Model, error) {
	if r.Task != TextTask || r.Text != t.Digest || r.Shape.Words < textWords {
		return nil, fmt.Errorf("a recipe for the task %s and %d words is not one of this text, which has the task %s and %d", r.Task, r.Shape.Words, TextTask, textWords)
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	for _, part := range t.learned {
		if len(part) < 2*r.Length {
			return nil, fmt.Errorf("a part of %d bytes is too small for texts of %d", len(part), r.Length)
		}
	}
	return r.train(ctx, func(random *rand.Rand, _ float64) sample { return t.sample(random, r.Length) }, watch)
}
