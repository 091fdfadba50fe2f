package streaming

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/eval/streams"
	"github.com/tamis-search/tamis/vector/npy"
)

// try runs a command in a folder.
func try(t *testing.T, dir, in string, args ...string) (string, error) {
	t.Helper()
	t.Chdir(dir)
	var out strings.Builder
	a := &App{In: strings.NewReader(in), Out: &out, JSON: func(v any) error { return json.NewEncoder(&out).Encode(v) },
		Note: func(format string, args ...any) { fmt.Fprintf(&out, format+"\n", args...) }}
	cmd := &cobra.Command{Use: "tamis", SilenceUsage: true, SilenceErrors: true}
	if args[0] == "eval" {
		cmd.AddCommand(a.Measure())
		args = args[1:]
	} else {
		cmd.AddCommand(a.Command())
	}
	cmd.SetArgs(args)
	cmd.SetErr(io.Discard)
	err := cmd.Execute()
	return out.String(), err
}

// folder has a stream of ten rows in two scenes with a moment at row 4, questions and times.
func folder(t *testing.T) string {
	dir := t.TempDir()
	var rows [][]float32
	for row := range 10 {
		switch {
		case row == 4:
			rows = append(rows, []float32{0, 0, 1})
		case row < 5:
			rows = append(rows, []float32{1, 0, 0})
		default:
			rows = append(rows, []float32{0, 1, 0})
		}
	}
	nan := slices.Clone(rows)
	nan[3] = []float32{0, float32(math.NaN()), 0}
	for name, data := range map[string][]byte{
		"s.npy":     npy.Encode(rows, 3),
		"nan.npy":   npy.Encode(nan, 3),
		"empty.npy": npy.Encode(nil, 3),
		"cut.npy":   npy.Encode(rows, 3)[:200],
		"q.npy":     npy.Encode([][]float32{{0, .6, .8}}, 3),
		"wide.npy":  npy.Encode([][]float32{{0, 0, 1, 0}}, 4),
		"zero.npy":  npy.Encode([][]float32{{0, 0, 0}}, 3),
		"times.npy": npy.Encode([][]float32{{0}, {.5}, {1}, {1.5}, {2}, {2.5}, {3}, {3.5}, {4}, {4.5}}, 1),
		"times.csv": []byte("frame,time\n0,0:00\n1,0:00.5\n2,1\n3,1.5\n4,2\n5,2.5\n6,3\n7,3.5\n8,4\n9,4.5\n"),
		"times.txt": []byte("0\n.5\n1\n1.5\n2\n2.5\n3\n3.5\n4\n4.5\n"),
		"few.txt":   []byte("0\n1\n"),
		"many.txt":  []byte("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n"),
		"back.txt":  []byte("0\n2\n1\n3\n4\n5\n6\n7\n8\n9\n"),
		"word.txt":  []byte("0\nlater\n"),
		"r.json":    []byte("{}"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestSelectAndCheck(t *testing.T) {
	dir := folder(t)
	for _, times := range []string{"times.npy", "times.csv", "times.txt"} {
		out, err := try(t, dir, "", "stream", "select", "s.npy", "--query", "q.npy", "--budget", "3", "--times", times, "--json")
		var r receipt
		if err != nil || json.Unmarshal([]byte(out), &r) != nil {
			t.Fatalf("%s: %v\n%s", times, err, out)
		}
		if len(r.Kept) != 3 || r.Kept[0].Row != 4 || r.Kept[0].Time != 2 || r.Kept[2].Row != 6 || math.Abs(r.Kept[0].Score-.8) > 1e-7 {
			t.Errorf("%s: %+v", times, r.Kept)
		}
		// SHA-256 of 0, 0 and 1 as little-endian floats of 4 bytes.
		if want := digest([]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x3f}); r.Kept[0].Digest != want {
			t.Errorf("digest %s, not %s", r.Kept[0].Digest, want)
		}
		if err := os.WriteFile(filepath.Join(dir, "kept.json"), []byte(out), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := try(t, dir, "", "stream", "check", "kept.json"); err != nil || !strings.Contains(out, "3 kept rows are as they were") {
		t.Errorf("%v %s", err, out)
	}
	data, _ := os.ReadFile(filepath.Join(dir, "s.npy"))
	data[len(data)-12*5] ^= 1 // in row 5
	_ = os.WriteFile(filepath.Join(dir, "other.npy"), data, 0o600)
	if out, err := try(t, dir, "", "stream", "check", "kept.json", "--file", "other.npy", "--json"); err == nil || !strings.Contains(err.Error(), "1 of 3 kept rows") || !strings.Contains(out, `"changed":[5]`) {
		t.Errorf("%v %s", err, out)
	}
	out, err := try(t, dir, "", "stream", "select", "nan.npy", "--query", "q.npy", "--budget", "20", "--row-tokens", "10", "--stages", "2", "--skip-bad")
	want := "1 rows that hold what is no finite number were left out\nrow  time  score   stage  digest\n4    4     0.8000  fine   "
	if err != nil || !strings.HasPrefix(out, want) || !strings.Contains(out, "\n····██····\n2 of 10 rows, two stages;") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = try(t, dir, "", "stream", "select", "s.npy", "--query", "q.npy", "--budget", "3", "--recent", "2")
	if err != nil || !strings.Contains(out, "\n····█···▒▒\n3 of 10 rows, recent and relevant;") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestKeepAndRecall(t *testing.T) {
	dir := folder(t)
	if out, err := try(t, dir, "", "stream", "keep", "s.npy", "--bytes", "368", "--times", "times.txt", "--out", "m"); err != nil || !strings.Contains(out, "10 rows in 4 entries, of 1 to 4 rows") {
		t.Fatalf("%v\n%s", err, out)
	}
	b, err := os.ReadFile(filepath.Join(dir, "m.json"))
	var m memory
	if err != nil || json.Unmarshal(b, &m) != nil {
		t.Fatal(err)
	}
	want := []span{{0, 3, 0, 1.5, 4}, {4, 4, 2, 2, 1}, {5, 8, 2.5, 4, 4}, {9, 9, 4.5, 4.5, 1}}
	if !slices.Equal(m.Spans, want) || m.Bytes != 368 {
		t.Errorf("%+v", m)
	}
	out, err := try(t, dir, "", "stream", "recall", "m.json", "--query", "q.npy", "-k", "1")
	if golden := "score   rows  times  of\n0.8000  4-4   2-2    1\n\n····█·····\n"; err != nil || out != golden {
		t.Errorf("%v\n%s", err, out)
	}
	data, _ := os.ReadFile(filepath.Join(dir, "s.npy"))
	if _, err := try(t, dir, string(data), "stream", "keep", "-", "--bytes", "368", "--out", "piped", "--json"); err != nil {
		t.Fatal(err)
	}
	a, _ := os.ReadFile(filepath.Join(dir, "m.npy"))
	if b, _ := os.ReadFile(filepath.Join(dir, "piped.npy")); len(b) == 0 || !bytes.Equal(a, b) {
		t.Error("a file and a pipe differ")
	}
	if _, err := try(t, dir, string(data[:len(data)-24]), "stream", "keep", "-", "--bytes", "368", "--out", "short"); err == nil || !strings.Contains(err.Error(), "ends in row 8 of 10") {
		t.Error(err)
	}
	if out, err := try(t, dir, string(data[:len(data)-24]), "stream", "keep", "-", "--bytes", "368", "--out", "short", "--open-ended"); err != nil || !strings.Contains(out, "8 rows in 4 entries") {
		t.Errorf("%v %s", err, out)
	}
	// Far more bytes than rows need: each row stays.
	if out, err := try(t, dir, "", "stream", "keep", "s.npy", "--bytes", "1000TB", "--out", "all"); err != nil || !strings.Contains(out, "10 rows in 10 entries") {
		t.Errorf("%v %s", err, out)
	}
	if out, err := try(t, dir, "", "stream", "scales", "s.npy", "--rows", "0", "--budget", "5", "--out", "near", "--json"); err != nil || !strings.Contains(out, `{"first":0,"last":0,"from":0,"to":0,"count":1}`) || !strings.Contains(out, `{"first":8,"last":9,`) {
		t.Errorf("%v %s", err, out)
	}
	_ = os.WriteFile(filepath.Join(dir, "m.npy"), data, 0o600)
	if _, err := try(t, dir, "", "stream", "recall", "m.json", "--query", "q.npy"); err == nil || !strings.Contains(err.Error(), "m.npy is not the file that m.json was written with") {
		t.Error(err)
	}
}

func TestBadInput(t *testing.T) {
	dir := folder(t)
	choose := func(file, query string, more ...string) []string {
		return append([]string{"stream", "select", file, "--query", query}, more...)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{choose("nan.npy", "q.npy"), "nan.npy: row 3: number 1 is NaN"},
		{choose("cut.npy", "q.npy"), "cut.npy: 200 bytes"},
		{choose("empty.npy", "q.npy"), "empty.npy has no rows"},
		{choose("none.npy", "q.npy"), "none.npy"},
		{choose("-", "q.npy"), "name a file"},
		{choose("s.npy", "wide.npy"), "wide.npy has vectors of 4 numbers, s.npy rows of 3"},
		{choose("s.npy", "zero.npy"), "zero.npy: row 0 is all zeros"},
		{choose("s.npy", "empty.npy"), "empty.npy: there is no row"},
		{choose("s.npy", ""), "--query"},
		{choose("s.npy", "q.npy", "--budget", "0"), "one row at least"},
		{choose("s.npy", "q.npy", "--budget", "99", "--row-tokens", "100"), "a row takes 100 tokens"},
		{choose("s.npy", "q.npy", "--stages", "3"), "there are 1 and 2"},
		{choose("s.npy", "q.npy", "--around", "3"), "--stages 2"},
		{choose("s.npy", "q.npy", "--budget", "3", "--recent", "4"), "--recent is 4"},
		{choose("s.npy", "q.npy", "--times", "few.txt"), "few.txt has 2 times"},
		{choose("s.npy", "q.npy", "--times", "many.txt"), "many.txt has more times than there are rows, 10"},
		{choose("s.npy", "q.npy", "--times", "back.txt"), "back.txt: the time of row 2, 1, lies before"},
		{choose("s.npy", "q.npy", "--times", "word.txt"), `word.txt: line 2: "later" is no time`},
		{choose("s.npy", "q.npy", "--times", "s.npy"), "s.npy has 3 numbers a row"},
		{[]string{"stream", "check", "r.json"}, "r.json is no receipt"},
		{[]string{"stream", "recall", "r.json", "--query", "q.npy"}, "r.json is no memory"},
		{[]string{"stream", "keep", "s.npy", "--bytes", "183"}, "two entries, 184 bytes, at least"},
		{[]string{"stream", "keep", "s.npy"}, "--bytes"},
		{[]string{"stream", "keep", "s.npy", "--bytes", "1KiB", "--open-ended"}, "for standard input"},
		{[]string{"stream", "keep", "s.npy", "--bytes", "1KiB", "--out", "s"}, "would overwrite s.npy"},
		{[]string{"stream", "keep", "nan.npy", "--bytes", "1KiB"}, "nan.npy: row 3"},
		{[]string{"stream", "keep", "-", "--bytes", "1KiB"}, `standard input`},
		{[]string{"stream", "scales", "s.npy", "--rows", "10"}, "row 10 is asked about"},
		{[]string{"stream", "scales", "s.npy", "--rows", "5", "--budget", "2"}, "too few"},
		{[]string{"stream", "scales", "s.npy"}, "no row is asked about"},
		{[]string{"eval", "stream", "--rows", "100"}, "--rows is 100"},
		{[]string{"eval", "stream", "--share", "0"}, "--share is 0"},
		{[]string{"eval", "stream", "--budgets", "1"}, "--budgets"},
	} {
		if _, err := try(t, dir, "", c.args...); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
	for _, file := range []string{"memory.npy", "memory.json", "scales.npy"} {
		if _, err := os.Stat(filepath.Join(dir, file)); err == nil {
			t.Errorf("%s was written by a command that failed", file)
		}
	}
}

func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	args := []string{"eval", "stream", "--rows", "3000", "--events", "4", "--seeds", "9", "--budgets", "40", "--share", ".05", "--json"}
	out, err := try(t, dir, "", args...)
	var r streams.Report
	if err != nil || json.Unmarshal([]byte(out), &r) != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if again, _ := try(t, dir, "", args...); again != out {
		t.Error("the same seed gives other figures")
	}
	recall := map[string]float64{}
	for _, c := range r.Chosen {
		recall[c.Way] = c.Recall
	}
	if recall["one stage"] < .8 || recall["two stages"] < .8 || recall["uniform"] > .2 || recall["random"] > .2 {
		t.Errorf("%v", recall)
	}
	opened := map[string]float64{}
	for _, h := range r.Memory {
		opened[h.Way] = h.Opened
	}
	if opened["memory"] <= opened["uniform"] || opened["memory"] <= opened["last"] {
		t.Errorf("%v", opened)
	}
	if out, err = try(t, dir, "", args[:len(args)-1]...); err != nil || !strings.Contains(out, "multi-scale blocks") {
		t.Errorf("%v %s", err, out)
	}
	if _, err := try(t, dir, "", append(args, "--write", "made")...); err != nil {
		t.Fatal(err)
	}
	if out, err := try(t, dir, "", "stream", "select", "made.npy", "--query", "made-question.npy", "--budget", "4"); err != nil || strings.Count(out, "fine") != 4 {
		t.Errorf("%v %s", err, out)
	}
}
