package dates

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/evaldata"
)

// TestLocomo: of the questions of LoCoMo that ask when something was and whose answer is a
// day, a month or a year, as many are answered by a mark in their evidence, where the date of the
// session is that of the document. TAMIS_EVAL=1 turns it on.
func TestLocomo(t *testing.T) {
	if os.Getenv("TAMIS_EVAL") == "" {
		t.Skip("TAMIS_EVAL is not set")
	}
	dir := evaldata.Dir(t, "evidence/locomo")
	texts := map[string]string{}
	lines(t, filepath.Join(dir, "documents.jsonl.gz"), func(d struct{ ID, Text string }) { texts[d.ID] = d.Text })
	asked, said, marked, right := 0, 0, 0, 0
	lines(t, filepath.Join(dir, "questions.jsonl"), func(q struct {
		Question string
		Category int
		Answers  []string
		Evidence []struct {
			Doc        string
			Start, End int
		}
	}) {
		if q.Category != 2 || len(q.Answers) == 0 {
			return
		}
		gold := goldDate(q.Answers[0])
		if gold == "" {
			return
		}
		asked++
		any, hit, stands := false, false, false
		for _, e := range q.Evidence {
			day, ok := sessionDay(texts[e.Doc])
			if !ok {
				t.Fatalf("no date in %.60q", texts[e.Doc])
			}
			text := texts[e.Doc][e.Start:e.End]
			stands = stands || strings.Contains(text, strings.TrimSpace(q.Answers[0]))
			for _, f := range Find(text, "en", day) {
				any = true
				hit = hit || f.String() == gold
			}
		}
		for _, of := range []struct {
			n  *int
			is bool
		}{{&said, stands}, {&marked, any}, {&right, hit}} {
			if of.is {
				*of.n++
			}
		}
		if any && !hit {
			t.Logf("%s: %s is %s", q.Question, q.Answers[0], gold)
		}
	})
	t.Logf("%d questions; the evidence of %d has the date itself, of %d a mark, of %d the mark that answers", asked, said, marked, right)
	if asked == 0 || 5*right < 3*asked {
		t.Errorf("%d of %d questions are answered by a mark: three of five were", right, asked)
	}
}

var (
	sessionLine = regexp.MustCompile(`(?i)^\[[^\]]* on (\d+ \w+), (\d{4})\]`)
	relative    = regexp.MustCompile(`(?i)^the (week|sunday|monday|tuesday|wednesday|thursday|friday|saturday) before (.+)$`)
)

func sessionDay(text string) (time.Time, bool) {
	m := sessionLine.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	day, err := time.Parse("2 January 2006", m[1]+" "+m[2])
	return day, err == nil
}

// goldDate is an answer as String has it; "" for what is no date.
func goldDate(answer string) string {
	answer = strings.Join(strings.Fields(strings.NewReplacer(",", " ", ".", " ", "`", "").Replace(answer)), " ")
	if m := relative.FindStringSubmatch(answer); m != nil {
		day, err := time.Parse("2 January 2006", m[2])
		if err != nil {
			return ""
		}
		if strings.EqualFold(m[1], "week") {
			return Find("last week", "en", day)[0].String()
		}
		return Find("last "+m[1], "en", day)[0].String()
	}
	for layout, as := range map[string]string{"2 January 2006": time.DateOnly, "January 2 2006": time.DateOnly, "January 2006": "2006-01", "2006": "2006"} {
		if d, err := time.Parse(layout, strings.TrimPrefix(answer, "In ")); err == nil {
			return d.Format(as)
		}
	}
	return ""
}

func lines[T any](t *testing.T, file string, each func(T)) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(file, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	for d := json.NewDecoder(in); ; {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
		each(v)
	}
}
