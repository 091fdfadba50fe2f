package keyphrase

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis/text"
)

const passage = `Sparse retrieval with inverted indexes. We present a fast method for sparse retrieval. ` +
	`Inverted indexes hold the postings of each term, and block maxima prune the postings. ` +
	`Sparse retrieval is exact, and the memory of inverted indexes is small.`

func analyzer(t testing.TB) *text.Analyzer {
	t.Helper()
	a, err := text.NewAnalyzer("english")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestExtract(t *testing.T) {
	a := analyzer(t)
	found := Extract(a, passage, 5, nil)
	if len(found) != 5 || !strings.EqualFold(found[0].Text, "sparse retrieval") || !strings.EqualFold(found[1].Text, "inverted indexes") {
		t.Errorf("%+v", found)
	}
	for _, p := range found {
		if got := strings.Join(strings.Fields(passage[p.Start:p.End]), " "); got != p.Text {
			t.Errorf("%q is at %d-%d: %q", p.Text, p.Start, p.End, got)
		}
	}
	if found[0].Count != 3 {
		t.Errorf("%q occurs %d times", found[0].Text, found[0].Count)
	}
	rare := Extract(a, passage, 3, func(term string) float64 {
		if strings.HasPrefix(term, "maxim") || term == "block" || term == "prune" {
			return 100
		}
		return .01
	})
	if !strings.Contains(rare[0].Text, "block") {
		t.Errorf("with rare words %+v", rare)
	}
	if got := Extract(a, "", 3, nil); len(got) != 0 {
		t.Errorf("%+v of nothing", got)
	}
}

func FuzzExtract(f *testing.F) {
	f.Add(passage)
	f.Add("a-b\xff (c) d’e 東京都 x\n\ny")
	a := analyzer(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, p := range Extract(a, s, 10, nil) {
			if p.Start < 0 || p.End > len(s) || p.Start >= p.End {
				t.Errorf("%+v of %q", p, s)
			}
		}
	})
}
