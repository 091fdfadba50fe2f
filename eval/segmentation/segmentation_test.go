package segmentation

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/evaldata"
)

// masses are the lengths of segments, as published segmentations are given.
func masses(lengths ...int) (n int, boundaries []int) {
	for i, m := range lengths {
		if i > 0 {
			boundaries = append(boundaries, n)
		}
		n += m
	}
	return n, boundaries
}

// gaps reads the form of NLTK: a 1 for each border between units at which a
// segment begins.
func gaps(s string) (n int, boundaries []int) {
	for i := range s {
		if s[i] == '1' {
			boundaries = append(boundaries, i+1)
		}
	}
	return len(s) + 1, boundaries
}

// TestWindowMetrics: values that NLTK and segeval (Fournier) publish with their
// code; windows of our own size where k is 0.
func TestWindowMetrics(t *testing.T) {
	for _, c := range []struct {
		reference, hypothesis string
		k                     int
		pk, windowDiff        float64 // negative: not published
	}{
		{"000100000010", "000010000100", 3, -1, .30},
		{"000010000100", "100000010000", 3, -1, .80},
		{strings.Repeat("0100", 100), strings.Repeat("1", 400), 2, .50, -1},
		{strings.Repeat("0100", 100), strings.Repeat("0", 400), 2, .50, -1},
		{strings.Repeat("0100", 100), strings.Repeat("0100", 100), 2, 0, 0},
		{"000100010000", "000000000000", 0, 4. / 11, 4. / 11},
		{"000000000000", "000100010000", 0, 1, -1},
		{"000100010000", "111111111111", 0, 7. / 11, 1},
		{"000010010000", "000100010000", 0, 2. / 11, 2. / 11},
		{"000010010000", "000011010000", 0, 1. / 11, 2. / 11},
		{"000100010000", "000011010000", 0, 3. / 11, 3. / 11},
		{"0100100000", "0101000000", 0, 2. / 9, 2. / 9},             // masses 2 3 6 and 2 2 7
		{"00000100000", "00000000000", 0, 3. / 9, 3. / 9},           // masses 6 6 and 12
		{"00000100000", "00001000000", 0, -1, 2. / 9},               // 5 7
		{"00000100000", "10000100000", 0, -1, 1. / 9},               // 1 5 6
		{"00000100000", "00001110000", 0, -1, 5. / 9},               // 5 1 1 5
		{"0000000000", "1111111111", 0, 1, 1},                       // 11 and eleven of 1
		{"11111111111", "00000000000", 1, 1, 1},                     // no pair is right
		{"0", "1", 0, 1, 1}, {"", "", 0, 0, 0}, {"1", "1", 5, 0, 0}, // and the smallest
	} {
		n, r := gaps(c.reference)
		_, h := gaps(c.hypothesis)
		k, tolerance := c.k, .005 // NLTK gives two decimals
		if k == 0 {
			k, tolerance = WindowSize(n, r), 1e-9
		}
		if got := Pk(n, r, h, k); c.pk >= 0 && math.Abs(got-c.pk) > tolerance {
			t.Errorf("Pk(%s, %s, %d) = %f, want %f", c.reference, c.hypothesis, k, got, c.pk)
		}
		if got := WindowDiff(n, r, h, k); c.windowDiff >= 0 && math.Abs(got-c.windowDiff) > tolerance {
			t.Errorf("WindowDiff(%s, %s, %d) = %f, want %f", c.reference, c.hypothesis, k, got, c.windowDiff)
		}
	}
}

// TestBoundarySimilarity: the examples of segeval's tests, and by hand.
func TestBoundarySimilarity(t *testing.T) {
	for _, c := range []struct {
		a, b []int // masses
		want float64
	}{
		{[]int{2, 3, 6}, []int{5, 6}, .5},
		{[]int{2, 3, 6}, []int{2, 3, 3, 3}, 2. / 3},
		{[]int{2, 3, 6}, []int{2, 2, 7}, .75},
		{[]int{2, 3, 6}, []int{1, 1, 3, 1, 5}, .5},
		{[]int{13}, []int{4, 4, 5}, 0},
		{[]int{5, 5}, []int{5, 5}, 1},
		{[]int{10}, []int{10}, 1},
		{[]int{5, 5}, []int{3, 7}, 0},            // two apart is no near miss
		{[]int{5, 1, 4}, []int{4, 2, 4}, .75},    // 5 6 and 4 6: one match, one near
		{[]int{4, 2, 4}, []int{5, 5}, 1 - 1.5/2}, // 5 is near to one of 4 and 6 only
	} {
		_, a := masses(c.a...)
		_, b := masses(c.b...)
		if got := BoundarySimilarity(a, b); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("B(%v, %v) = %f, want %f", c.a, c.b, got, c.want)
		}
		if BoundarySimilarity(a, b) != BoundarySimilarity(b, a) {
			t.Errorf("B(%v, %v) is not symmetric", c.a, c.b)
		}
	}
}

// TestWindowMetricsSlowly holds the moving windows against counting each anew.
func TestWindowMetricsSlowly(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(rt, "n")
		draw := func(name string) (b []int) {
			for i := 1; i < n; i++ {
				if rapid.IntRange(0, 3).Draw(rt, name) == 0 {
					b = append(b, i)
				}
			}
			return b
		}
		r, h := draw("reference"), draw("hypothesis")
		k := rapid.IntRange(1, 12).Draw(rt, "k")
		count := func(b []int, i, j int) (c int) {
			for _, x := range b {
				if i < x && x <= j {
					c++
				}
			}
			return c
		}
		pk, wd, all := 0., 0., 0.
		for i := 0; i+k < n; i++ {
			a, b := count(r, i, i+k), count(h, i, i+k)
			if (a == 0) != (b == 0) {
				pk++
			}
			if a != b {
				wd++
			}
			all++
		}
		if all > 0 {
			pk, wd = pk/all, wd/all
		}
		if Pk(n, r, h, k) != pk || WindowDiff(n, r, h, k) != wd {
			rt.Fatalf("%d units, %v, %v, k %d: %f and %f, want %f and %f", n, r, h, k, Pk(n, r, h, k), WindowDiff(n, r, h, k), pk, wd)
		}
		if k := WindowSize(n, r); n > 1 && (k < 1 || k >= n) {
			rt.Fatalf("window of %d for %d units", k, n)
		}
	})
}

func TestRead(t *testing.T) {
	docs, err := Read("f", strings.NewReader(`{"id":"a","title":"T","sentences":["x","y","z"],"boundaries":[1]}`+"\n"))
	if err != nil || len(docs) != 1 || docs[0].ID != "a" || !slices.Equal(docs[0].Boundaries, []int{1}) || len(docs[0].Sentences) != 3 {
		t.Errorf("%+v, %v", docs, err)
	}
	for in, want := range map[string]string{
		"":                    "f: holds no document",
		`{"id":"a"}`:          `f:1: document "a" has no "sentences"`,
		`{"sentences":["x"]}`: `f:1: has no "id"`,
		`{"id":"a","sentences":["x","y"],"boundaries":[0]}`:                                             "f:1: document \"a\": boundaries must ascend",
		`{"id":"b","sentences":["x","y"]}` + "\n" + `{"id":"a","sentences":["x","y"],"boundaries":[2]}`: "f:2: document \"a\": boundaries must ascend",
		`{"id":"a","sentences":["x","y","z"],"boundaries":[2,1]}`:                                       "f:1: document \"a\": boundaries must ascend",
		`{"id":"a","sentences":"x"}`:                                                                    "f:1: not a JSON object of this kind",
	} {
		if _, err := Read("f", strings.NewReader(in)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", in, err, want)
		}
	}
}

// TestSegmentBaselines: what random and even do, and that a document of one
// sentence has figures.
func TestSegmentBaselines(t *testing.T) {
	if got := fmt.Sprint(evenBoundaries(10, 3), evenBoundaries(3, 2), randomBoundaries(4, 3, 1), randomBoundaries(1, 0, 1)); got != "[2 5 7] [1 2] [1 2 3] []" {
		t.Error(got)
	}
	r, err := Measure([]Document{{ID: "a", Sentences: []string{"one"}}, {ID: "b", Sentences: []string{"one", "two"}, Boundaries: []int{1}}})
	if err != nil || r.Documents != 2 || len(r.Baselines) != len(baselines) || r.Baselines["even"].Pk != 0 || r.Baselines["even"].BoundarySimilarity != 1 || r.Baselines["none"].Pk != .5 {
		t.Errorf("%+v, %v", r, err)
	}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil || strings.Count(b.String(), "\n") != 3+len(baselines) {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestSegmentationQuality holds what docs/benchmarks.md claims on the sets that
// Segment's numbers were not chosen on: ai-lectures and every other chapter of
// clinical.
func TestSegmentationQuality(t *testing.T) {
	for _, set := range []string{"clinical", "ai-lectures"} {
		f, err := files.Open(filepath.Join(evaldata.Dir(t, "segmentation/"+set), "documents.jsonl.gz"))
		if err != nil {
			t.Fatal(err)
		}
		docs, err := Read(set, f)
		if err = errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		if set == "clinical" {
			for i := range len(docs) / 2 {
				docs[i] = docs[2*i+1]
			}
			docs = docs[:len(docs)/2]
		}
		r, err := Measure(docs)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := r.WriteTable(&b); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s\n%s", set, b.String())
		for _, name := range []string{"texttiling", "c99", "random", "even"} {
			if r.Pk > r.Baselines[name].Pk-.05 {
				t.Errorf("%s: Pk %.4f, %s %.4f", set, r.Pk, name, r.Baselines[name].Pk)
			}
		}
	}
}
