package neardup

import (
	"hash/fnv"
	"strings"
	"testing"
)

func shingles(s string) []uint64 {
	words := strings.Fields(s)
	return Shingles(len(words), func(i int) uint64 {
		h := fnv.New64a()
		h.Write([]byte(words[i]))
		return h.Sum64()
	})
}

func TestTwin(t *testing.T) {
	long := strings.Repeat("a b c d e f g h i j k l m n o p q r s t u v w x y z ", 1)
	var f Folder
	if got := f.Twin(shingles(long)); got != -1 {
		t.Fatalf("an empty folder has twin %d", got)
	}
	f.Keep(3, shingles(long))
	f.Keep(7, shingles(long))
	f.Keep(9, shingles("one two three four five six seven"))
	for _, c := range []struct {
		text string
		want int
	}{
		{long, 3},
		{long + "end", 3},
		{"start " + long + "end", 3},
		{strings.Replace(long, "m", "M", 1), -1}, // three of 24 shingles differ on both sides
		{"one two three four five six seven", 9},
		{"seven six five four three two one", -1},
		{"one two three", -1},
	} {
		if got := f.Twin(shingles(c.text)); got != c.want {
			t.Errorf("twin of %q is %d, want %d", c.text, got, c.want)
		}
	}
	if Shingles(5, func(int) uint64 { return 0 }) != nil {
		t.Error("a short text has shingles")
	}
}

func TestSaid(t *testing.T) {
	var f Folder
	if got := f.Said(shingles("a b c d e f")); got != -1 {
		t.Fatalf("an empty folder has said it: %d", got)
	}
	f.Keep(5, shingles("a b c d e f g h i j k l"))
	f.Keep(2, shingles("k l m n o p q r s t u v"))
	for _, c := range []struct {
		text string
		want int
	}{
		{"b c d e f g h", 5},                          // a part of one
		{"c d e f g h i j k l m n o p q r", 5},        // two of 14 shingles are in neither
		{"d e f g h i j k l k l m n o p q r s", 2},    // both have as many
		{"a b c d e f g h i j k l and much more", -1}, // says something new
		{"a c e g i k m", -1},
		{"a b c", -1},
	} {
		if got := f.Said(shingles(c.text)); got != c.want {
			t.Errorf("said of %q is %d, want %d", c.text, got, c.want)
		}
	}
}
