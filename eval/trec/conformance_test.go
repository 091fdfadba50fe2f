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
// Left out: names that are not figures (runid, relstring). Measures whose name carries
// parameters are in TestTrecEvalParameters, z-scores in TestTrecEvalZ, judgments by several
// people in TestTrecEvalGroups. Of its thirteen outputs, two are of preferences
// (out.test.prefs, out.test.qrels_prefs), which are no judgments and are not read here.
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

// expected are the figures that a file holds, with their queries.
func expected(t *testing.T, path string, each func(name, query, want string)) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		f := strings.Fields(line)
		each(f[0], f[1], f[2])
	}
}

// asked evaluates one measure.
func asked(t *testing.T, name string, qrels Qrels, run *Run, o Options) *Scores {
	t.Helper()
	m, err := ParseMeasures(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Evaluate(qrels, run, m, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Scores) value(query string) float64 {
	if query == "all" {
		return s.Mean[0]
	}
	return s.PerQuery[query][0]
}

// TestTrecEvalParameters: gains by grade, points of interpolation and the prices of
// utility are made here of measures that take none.
func TestTrecEvalParameters(t *testing.T) {
	dir := evaldata.Dir(t, "conformance/trec_eval-test")
	qrels, run := readQrels(t, filepath.Join(dir, "qrels.test")), readRun(t, filepath.Join(dir, "results.test"))
	// nDCG does not change when all gains are doubled.
	gains := Qrels{}
	for q, docs := range qrels {
		gains[q] = map[string]int{}
		for d, g := range docs {
			if to, ok := map[int]int{1: 6, 2: 18, 4: 9}[g]; ok {
				g = to
			} else if g > 0 {
				g *= 2
			}
			gains[q][d] = g
		}
	}
	checked := 0
	expected(t, filepath.Join(dir, "out.test.meas_params"), func(name, query, want string) {
		if !strings.Contains(name, ",") {
			return
		}
		v := 0.0
		switch name {
		case "11pt_avg_.25,.5,.75":
			for _, p := range []string{"0.25", "0.50", "0.75"} {
				v += asked(t, "iprec_at_recall_"+p, qrels, run, Options{}).value(query) / 3
			}
		case "utility_2,-1,0,0":
			ret, rel := asked(t, "num_ret", qrels, run, Options{}), asked(t, "num_rel_ret", qrels, run, Options{})
			v = 2*rel.value(query) - (ret.value(query) - rel.value(query))
			if query == "all" {
				v /= float64(len(ret.Queries)) // the numbers are sums
			}
		case "ndcg_1=3,2=9,4=4.5":
			v = asked(t, "ndcg", gains, run, Options{}).value(query)
		default:
			t.Errorf("%s is not checked", name)
			return
		}
		if text := fmt.Sprintf("%.4f", v); text != want {
			t.Errorf("%s %s: %s, trec_eval prints %s", name, query, text, want)
		}
		checked++
	})
	if checked != 12 {
		t.Errorf("%d figures", checked)
	}
}

// TestTrecEvalZ: how far figures are from the mean of other runs, in deviations, which
// trec_eval reads from a file: a check of more digits than the figures have.
func TestTrecEvalZ(t *testing.T) {
	dir := evaldata.Dir(t, "conformance/trec_eval-test")
	qrels, run := readQrels(t, filepath.Join(dir, "qrels.test")), readRun(t, filepath.Join(dir, "results.test"))
	type normal struct{ mean, deviation float64 }
	of := map[string]normal{}
	raw, err := os.ReadFile(filepath.Join(dir, "zscores_file"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		var query, name string
		var n normal
		if _, err := fmt.Sscan(line, &query, &name, &n.mean, &n.deviation); err != nil {
			t.Fatal(err)
		}
		of[name+" "+query] = n
	}
	checked, done, sums := 0, map[string]*Scores{}, map[string][]float64{}
	expected(t, filepath.Join(dir, "out.test.aqZ"), func(name, query, want string) {
		name = strings.TrimPrefix(name, "Z")
		if name == "num_q" || name == "runid" || strings.HasPrefix(name, "relstring") {
			return
		}
		if done[name] == nil {
			done[name] = asked(t, name, qrels, run, Options{})
		}
		v := 0.0
		if query == "all" {
			n := float64(len(sums[name]))
			if strings.HasPrefix(name, "num_") {
				n = 1 // numbers are added up, as they are without -Z
			}
			for _, x := range sums[name] {
				v += x / n
			}
			if sums[name] == nil {
				return // gm_map and gm_bpref are of all queries only
			}
		} else {
			n, ok := of[name+" "+query]
			if ok && n.deviation != 0 {
				v = (done[name].value(query) - n.mean) / n.deviation
			}
			sums[name] = append(sums[name], v)
		}
		if text := fmt.Sprintf("%.4f", v); text != want {
			t.Errorf("%s %s: %s, trec_eval prints %s", name, query, text, want)
		}
		checked++
	})
	t.Logf("%d figures", checked)
	if checked < 300 {
		t.Errorf("only %d figures", checked)
	}
}

// TestTrecEvalGroups: judgments of three people in one file, whose figures are averaged.
func TestTrecEvalGroups(t *testing.T) {
	dir := evaldata.Dir(t, "conformance/trec_eval-test")
	run := readRun(t, filepath.Join(dir, "results.test"))
	for _, file := range []string{"qrels.123", "qrels.comments.123"} {
		raw, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		by := map[string][]string{}
		for line := range strings.Lines(string(raw)) {
			if f := strings.Fields(line); len(f) == 4 && !strings.HasPrefix(line, "#") {
				by[f[1]] = append(by[f[1]], line)
			}
		}
		var groups []Qrels
		for g, lines := range by {
			q, err := ReadQrels(g, strings.NewReader(strings.Join(lines, "")))
			if err != nil {
				t.Fatal(err)
			}
			groups = append(groups, q)
		}
		checked := 0
		expected(t, filepath.Join(dir, "out.test.qrels_jg"), func(name, query, want string) {
			if !strings.Contains(name, "_avgjg") {
				return
			}
			v, n := 0.0, 0
			for _, q := range groups {
				s := asked(t, strings.Replace(name, "_avgjg", "", 1), q, run, Options{})
				if query == "all" {
					v, n = v+s.Mean[0], n+1
				} else if x, ok := s.PerQuery[query]; ok {
					v, n = v+x[0], n+1
				}
			}
			if text := fmt.Sprintf("%.4f", v/float64(max(1, n))); text != want {
				t.Errorf("%s, %s %s: %s, trec_eval prints %s", file, name, query, text, want)
			}
			checked++
		})
		if checked < 60 {
			t.Errorf("%s: only %d figures", file, checked)
		}
		t.Logf("%s: %d groups, %d figures", file, len(groups), checked)
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
