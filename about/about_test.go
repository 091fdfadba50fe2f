package about

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

var subjects = map[string][]string{
	"kitchen": {"espresso machine", "coffee beans", "milk foam", "kitchen grinder", "water filter", "breakfast table"},
	"backups": {"backup rotation", "tape library", "restore procedure", "disk snapshot", "retention policy", "storage server"},
	"garden":  {"apple tree", "garden hose", "tomato plants", "compost heap", "rose hedge", "lawn mower"},
}

// notes are texts about three subjects, in turn, with words that all have.
func notes(each int) []Text {
	var all []Text
	for i := range each {
		for _, name := range []string{"kitchen", "backups", "garden"} {
			phrases := subjects[name]
			var b strings.Builder
			for j := range 4 {
				fmt.Fprintf(&b, "The colleagues wrote about the %s and about the %s. ", phrases[(i+j)%6], phrases[(i+2*j+1)%6])
			}
			all = append(all, Text{ID: fmt.Sprintf("notes/%s/%d.txt", name, i), Title: fmt.Sprintf("On the %s", phrases[i%6]), Text: b.String(), Lang: "en"})
		}
	}
	return all
}

func all(texts []Text) iter.Seq2[Text, error] {
	return func(yield func(Text, error) bool) {
		for _, t := range texts {
			if !yield(t, nil) {
				return
			}
		}
	}
}

func TestFind(t *testing.T) {
	texts := append(notes(12), Text{ID: "notes/empty.txt"})
	for _, m := range Methods {
		r, err := Find(t.Context(), all(texts), Options{Topics: 3, Method: m})
		if err != nil {
			if m == Latent { // which wants more text than this
				continue
			}
			t.Fatal(err)
		}
		if r.Documents != 37 || r.Empty != 1 || len(r.Of) != 37 || r.Of[36] != -1 {
			t.Errorf("%s: %d documents, %d empty, the last in %d", m, r.Documents, r.Empty, r.Of[len(r.Of)-1])
		}
		if m == Dealt {
			continue
		}
		for _, topic := range r.Topics {
			if topic.Documents != 12 || len(topic.Members) != 12 || topic.FolderShare != 1 || topic.Coherence <= 0 || len(topic.Examples) != examples {
				t.Errorf("%s: %+v", m, topic)
			}
			phrases := subjects[strings.TrimPrefix(topic.Folder, "notes/")]
			if !slices.Contains(phrases, topic.Phrases[0]) {
				t.Errorf("%s: %s is called %q, which is none of its phrases", m, topic.Folder, topic.Label)
			}
		}
	}
}

// The same texts make the same topics, however many processors there are.
func TestSame(t *testing.T) {
	texts := notes(200)
	first, err := Find(t.Context(), all(texts), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	again, err := Find(t.Context(), all(texts), Options{})
	if err != nil || !reflect.DeepEqual(first, again) {
		t.Errorf("topics differ from run to run: %v\n%+v\n%+v", err, first.Topics, again.Topics)
	}
}

func TestRefused(t *testing.T) {
	for name, texts := range map[string][]Text{
		"nothing": nil, "one": notes(1)[:1], "no word": {{ID: "a", Text: "1 2 3"}, {ID: "b"}, {ID: "c"}, {ID: "d"}, {ID: "e"}},
		"nothing in common": {{ID: "a", Text: "lorem"}, {ID: "b", Text: "ipsum"}, {ID: "c", Text: "dolor"}, {ID: "d", Text: "amet"}},
	} {
		if _, err := Find(t.Context(), all(texts), Options{}); !errors.Is(err, ErrSmall) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Find(t.Context(), all(notes(9)), Options{Topics: MostTopics + 1}); err == nil {
		t.Error("too many topics were not refused")
	}
	if _, err := Find(t.Context(), all(notes(9)), Options{Method: "none"}); err == nil {
		t.Error("an unknown method was not refused")
	}
	if r, err := Find(t.Context(), all(notes(2)), Options{Topics: 100}); err != nil || len(r.Topics) > 6 {
		t.Errorf("more topics than documents: %v", err)
	}
}

// Windows are counted as looking at each would.
func TestWindows(t *testing.T) {
	c := &texts{seqs: [][]int32{{0, -1, 1, 2, 0, 0, -1, -1, 3, 1, 2, -1, 4}, {1, 2}, {}, {4, -1, -1, -1, -1, 0, 4}}}
	words := [][]int32{{0, 1, 2}, {3, 4, 0}}
	for _, size := range []int{1, 2, 3, 5, 10, 40} {
		fast := c.together(words, size)
		windows, one, two := 0, map[int32]int{}, map[[2]int32]int{}
		for _, seq := range c.seqs {
			for start := 0; start <= max(0, len(seq)-size); start++ {
				windows++
				in := map[int32]bool{}
				for _, w := range seq[start:min(len(seq), start+size)] {
					in[w] = w >= 0
				}
				for a, is := range in {
					if !is {
						continue
					}
					one[a]++
					for b, is := range in {
						if is && a < b && slices.ContainsFunc(words, func(ws []int32) bool { return slices.Contains(ws, a) && slices.Contains(ws, b) }) {
							two[[2]int32{a, b}]++
						}
					}
				}
			}
		}
		if int(fast.windows) != windows || !reflect.DeepEqual(fast.one, one) || !reflect.DeepEqual(fast.two, two) {
			t.Errorf("windows of %d: %v, want %d %v %v", size, fast, windows, one, two)
		}
	}
	n := &company{windows: 100, one: map[int32]int{0: 10, 1: 10}, two: map[[2]int32]int{{0, 1}: 10}}
	if got := n.npmi(1, 0); math.Abs(got-1) > 1e-12 {
		t.Errorf("words that are never apart have %g, want 1", got)
	}
	if got := n.npmi(0, 2); got != -1 {
		t.Errorf("words that are never together have %g, want -1", got)
	}
}

// Source code is read for what it says, not for who may use it.
func TestRemarks(t *testing.T) {
	const source = "// Copyright 2026 Somebody. All rights reserved.\n\npackage kettle\n\n// Boil heats the water until it bubbles.\nfunc Boil(litres int) {}\n"
	if got := remarks(source); !strings.Contains(got, "heats the water") || strings.Contains(got, "rights reserved") || !strings.Contains(got, "litres") {
		t.Errorf("remarks %q", got)
	}
}

func TestOf(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	_, err = ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for i, n := range notes(10) {
			d := tamis.Document{ID: n.ID, Title: n.Title, Source: n.Text, Lang: "en"}
			if i%3 == 0 {
				d.Metadata = map[string]any{"groups": []any{"cooks"}}
			}
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for want, seen := range map[int]tamis.Scope{30: {}, 20: {Groups: []string{}}} {
		r, err := Of(t.Context(), ix, seen, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if r.All != want || r.Documents != want {
			t.Errorf("%d of %d documents are read, want %d", r.Documents, r.All, want)
		}
		for _, topic := range r.Topics {
			if want == 20 && strings.Contains(strings.Join(topic.Words, " "), "coffee") {
				t.Errorf("a topic tells of what cannot be seen: %+v", topic)
			}
		}
	}
}
