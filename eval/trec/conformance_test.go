package trec

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/evaldata"
)

// TestTrecEval holds every figure to what trec_eval printed for its own tests.
// Left out: names that are not figures (runid, relstring), and measures whose
// name carries parameters that no one here needs (utility_2,-1,0,0 and such).
func TestTrecEval(t *testing.T) {
	dir := evaldata.Dir(t, "conformance/trec_eval-test")
	for _, x := range []struct {
		out, qrels, run string
		o               Options
	}{
		{"out.test", "qrels.test", "results.test", Options{}},
		{"out.test", "qrels.test.with-comments", "results.test", Options{}},
		{"out.comment.test", "qrels.comment.test", "results.comment.test", Options{}},
		{"out.test.a", "qrels.test", "results.test", Options{}},
		{"out.test.aq", "qrels.test", "results.test", Options{}},
		{"out.test.aqc", "qrels.test", "results.trunc", Options{Complete: true}},
		{"out.test.aqcM", "qrels.test", "results.trunc", Options{Complete: true, Depth: 100}},
		{"out.test.aql", "qrels.rel_level", "results.test", Options{MinGrade: 2}},
		{"out.test.meas_params", "qrels.test", "results.test", Options{}},
	} {
		t.Run(x.out+" "+x.qrels, func(t *testing.T) {
			qrels := readQrels(t, filepath.Join(dir, x.qrels))
			run := readRun(t, filepath.Join(dir, x.run))
			raw, err := os.ReadFile(filepath.Join(dir, x.out))
			if err != nil {
				t.Fatal(err)
			}
			checked, done := 0, map[string]*Scores{}
			for line := range strings.Lines(string(raw)) {
				f := strings.Fields(line)
				name, query, want := f[0], f[1], f[2]
				switch {
				case name == "runid":
					if want != run.Tag {
						t.Errorf("tag %q, want %q", run.Tag, want)
					}
					continue
				case strings.HasPrefix(name, "relstring") || strings.Contains(name, ","):
					continue
				}
				ask := name
				if name == "num_q" {
					ask = "num_ret"
				}
				s := done[ask]
				if s == nil {
					m, err := ParseMeasures(ask)
					if err != nil {
						t.Errorf("%v", err)
						continue
					}
					if s, err = Evaluate(qrels, run, m, x.o); err != nil {
						t.Fatal(err)
					}
					done[ask] = s
				}
				got := s.Mean[0]
				if query != "all" {
					got = s.PerQuery[query][0]
				}
				if name == "num_q" {
					got = float64(len(s.Queries))
				}
				text := fmt.Sprintf("%.4f", got)
				if !strings.Contains(want, ".") {
					text = fmt.Sprint(int(math.Round(got)))
				}
				if text != want {
					t.Errorf("%s %s: %s, trec_eval prints %s", name, query, text, want)
				}
				checked++
			}
			if checked < 10 {
				t.Errorf("only %d figures", checked)
			}
			t.Logf("%d figures", checked)
		})
	}
}

func readQrels(t testing.TB, path string) Qrels {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	q, err := ReadQrels(path, f)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func readRun(t testing.TB, path string) *Run {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := ReadRun(path, f)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
