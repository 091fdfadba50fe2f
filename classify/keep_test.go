package classify

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

// vectored are examples with vectors of both kinds, one without labels.
func vectored() []Example {
	examples := append(some(12), Example{ID: "n", Text: "nothing of the kind"})
	for i := range examples {
		examples[i].Vectors.Set(vector.Dense{float32(i % 3), 1, float32(i % 5)})
		if i%4 > 0 {
			examples[i].Vectors.Set(vector.Named{"bank": float32(i % 4), fmt.Sprint("t", i%7): 1})
		}
	}
	return examples
}

// TestKept: what is restored answers as what was learned, to the bit.
func TestKept(t *testing.T) {
	for name, examples := range map[string][]Example{"words": some(12), "vectors": vectored()} {
		c := learn(t, examples)
		of := Fingerprint(examples, "m")
		again, err := Restore(c.Keep(of), of, examples)
		if err != nil {
			t.Fatal(name, err)
		}
		v := Vectors{}
		v.Set(vector.Dense{1, 0, 2})
		for _, text := range []string{"play rain", "a card of the bank", "", "quantum chromodynamics"} {
			for _, space := range []string{Words, Fused, Dense, Sparse} {
				a, x, err := c.Vote(space, text, v, 5)
				if err != nil {
					t.Fatal(err)
				}
				b, y, err := again.Vote(space, text, v, 5)
				if a != b || x != y || err != nil {
					t.Errorf("%s: %s of %q: %s %v and %s %v, %v", name, space, text, a, x, b, y, err)
				}
			}
			a, err := c.Classify(text, v, 3)
			if err != nil {
				t.Fatal(err)
			}
			b, err := again.Classify(text, v, 3)
			if err != nil || fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
				t.Errorf("%s: %q: %+v and %+v, %v", name, text, a, b, err)
			}
		}
	}
}

// TestMethod: whoever changes what is learned of the same examples counts up the version of
// the method, so that what was kept before is learned anew.
func TestMethod(t *testing.T) {
	examples := vectored()
	sum := sha256.Sum256(learn(t, examples).Keep(Fingerprint(examples, "m")))
	const want = "86c4a6dbd7e40c5c"
	if got := hex.EncodeToString(sum[:8]); got != want {
		t.Errorf("what was learned is %s, want %s: where that is meant, count up method", got, want)
	}
}

// TestDamaged: no byte that is another, and no end that is missing, is taken for what was kept.
func TestDamaged(t *testing.T) {
	examples := vectored()
	of := Fingerprint(examples, "")
	whole := learn(t, examples).Keep(of)
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := append([]byte{}, whole...)
		if r.IntN(2) == 0 {
			b = b[:r.IntN(len(b))]
		} else {
			b[r.IntN(len(b))] ^= byte(1 + r.IntN(255))
		}
		if _, err := Restore(b, of, examples); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrOlder) {
			t.Fatal(err)
		}
	}
	if _, err := Restore(whole, Fingerprint(examples, "another"), examples); !errors.Is(err, ErrOther) {
		t.Error(err)
	}
	if _, err := Restore(append([]byte("tamis labels 0\n"), whole[len(keptMark):]...), of, examples); !errors.Is(err, ErrOlder) {
		t.Error(err)
	}
}

// TestFingerprint: all that is learned of counts, and what is not does not.
func TestFingerprint(t *testing.T) {
	seen := map[[32]byte]string{}
	for name, change := range map[string]func(e []Example) []Example{
		"same":    func(e []Example) []Example { return e },
		"text":    func(e []Example) []Example { e[0].Text += "x"; return e },
		"label":   func(e []Example) []Example { e[0].Labels = []string{"other"}; return e },
		"order":   func(e []Example) []Example { e[0], e[1] = e[1], e[0]; return e },
		"fewer":   func(e []Example) []Example { return e[1:] },
		"dense":   func(e []Example) []Example { e[0].Vectors.Set(vector.Dense{3, 1, 0}); return e },
		"learned": func(e []Example) []Example { e[0].Vectors.Set(vector.Named{"a": 1}); return e },
		"joined":  func(e []Example) []Example { e[0].Text, e[0].Labels = e[0].Text+e[0].Labels[0], []string{""}; return e },
	} {
		of := Fingerprint(change(vectored()), "m")
		if other, ok := seen[of]; ok {
			t.Errorf("%s and %s are the same", name, other)
		}
		seen[of] = name
	}
	renamed := vectored()
	renamed[0].ID = "elsewhere"
	if Fingerprint(renamed, "m") != Fingerprint(vectored(), "m") {
		t.Error("the name of an example counts")
	}
}
