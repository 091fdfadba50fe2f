package reading

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// TestSkipped: a few have a line each; of many those that should have been read come
// first, alike ones share a line, and what is of other kinds is counted.
func TestSkipped(t *testing.T) {
	var all []tamis.Skip
	for i := range 2000 {
		all = append(all, tamis.Skip{Path: fmt.Sprint("p", i, ".jpg"), Reason: "no reader for a JPEG picture", Status: format.Unsupported},
			tamis.Skip{Path: fmt.Sprint("b", i), Reason: fmt.Sprintf("binary file (NUL byte at %d)", i), Status: format.Unsupported})
	}
	all = append(all, tamis.Skip{Path: "o", Reason: "no reader for an icon", Status: format.Unsupported})
	pictures := len(all)
	for i := range 30 {
		all = append(all, tamis.Skip{Path: fmt.Sprint("s", i, ".pdf"), Reason: fmt.Sprintf("scanned: %d pages", i), Status: format.Scanned})
	}
	all = append(all, tamis.Skip{Path: "l.pdf", Reason: "encrypted", Status: format.Encrypted}, tamis.Skip{Path: "r.jsonl", Line: 7, Reason: "no id"})
	for _, c := range []struct {
		all  []tamis.Skip
		want string
	}{
		{nil, ""},
		{all[:3], "skipped p0.jpg: no reader for a JPEG picture\nskipped b0: binary file (NUL byte at 0)\nskipped p1.jpg: no reader for a JPEG picture\n"},
		{all[pictures-1 : pictures+5], "skipped s0.pdf: scanned: 0 pages\nskipped s1.pdf: scanned: 1 pages\nskipped s2.pdf: scanned: 2 pages\nskipped s3.pdf: scanned: 3 pages\nskipped s4.pdf: scanned: 4 pages\nskipped o: no reader for an icon\n"},
		{all, "skipped 30: scanned: 0 pages; first s0.pdf\nskipped l.pdf: encrypted\nskipped r.jsonl:7: no id\nskipped 4001 of kinds that are not read: JPEG picture 2000, binary file 2000, icon 1\n"},
	} {
		var b strings.Builder
		if err := Skipped(&b, c.all); err != nil || b.String() != c.want {
			t.Errorf("%d: %v\n%swant\n%s", len(c.all), err, b.String(), c.want)
		}
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var inside strings.Builder
	if err := Skipped(&inside, []tamis.Skip{{Path: wd + "/a.zip!/../../b", Reason: "leads out"}}); err != nil || inside.String() != "skipped a.zip!/../../b: leads out\n" {
		t.Errorf("%v %s", err, inside.String())
	}
	var unlike []tamis.Skip
	for i := range 26 {
		unlike = append(unlike, tamis.Skip{Path: "f", Reason: strings.Repeat("x", i+1)})
	}
	var b strings.Builder
	if err := Skipped(&b, unlike); err != nil || strings.Count(b.String(), "\n") != 11 || !strings.HasSuffix(b.String(), "… and 16 more skipped; --json lists them all\n") {
		t.Errorf("%v\n%s", err, b.String())
	}
}
