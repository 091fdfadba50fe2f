package excerpt

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/screen"
)

func TestMatches(t *testing.T) {
	m := New([]string{"english", "code", "klingon"}, "rotated backups naïve")
	var b strings.Builder
	w := screen.NewWriter(&b, true)
	if _, err := w.Write([]byte(m.Highlight(w, "A backup rotates; the naïve readBackups do not."))); err != nil {
		t.Fatal(err)
	}
	on, off := "\x1b[1;31m", "\x1b[0m"
	want := "A " + on + "backup" + off + " " + on + "rotates" + off + "; the " + on + "naïve" + off + " " + on + "readBackups" + off + " do not."
	if b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
	if got := m.Highlight(&b, "A backup."); got != "A backup." {
		t.Errorf("%q where there are no colours", got)
	}
}

func TestExcerpt(t *testing.T) {
	m := New([]string{"english"}, "zebra stripes")
	long := strings.Repeat("nothing of note ", 40)
	for in, want := range map[string]string{
		"short\n\ttext":                       "short text",
		long + "a zebra has stripes. " + long: "a zebra has stripes.",
		"zebra " + long + "zebra stripes":     "zebra stripes",
		long:                                  "nothing of note",
		strings.Repeat("猫", 400) + " zebra":   "zebra",
	} {
		got := m.Excerpt(in, 100)
		if !strings.Contains(got, want) || len(got) > 100+2*len("… ") || !utf8.ValidString(got) {
			t.Errorf("%d bytes %q, want %q", len(got), got, want)
		}
	}
	if got := New(nil, "").Excerpt(long, 50); !strings.HasPrefix(got, "nothing") || !strings.HasSuffix(got, " …") {
		t.Errorf("%q", got)
	}
}
