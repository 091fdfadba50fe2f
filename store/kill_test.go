package store

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// killWriters is how many writers the child has; each owns some ids.
const killWriters = 2

// killStep is commit n of a writer: what it puts (a source) and deletes ("")
// by id. Parent and child compute it alike.
func killStep(writer, n int) model {
	r := rand.New(rand.NewPCG(uint64(writer), uint64(n)))
	step := model{}
	for _, i := range r.Perm(20)[:1+r.IntN(5)] {
		id := fmt.Sprint("w", writer, "-", i)
		step[id] = ""
		if r.IntN(4) > 0 {
			step[id] = strings.Repeat(vocabulary[r.IntN(len(vocabulary))]+" ", 1+r.IntN(2000)) + fmt.Sprint(n)
		}
	}
	return step
}

// TestKillChild is the process that is killed: writers that commit steps from
// the given numbers on and report each one that was acknowledged.
func TestKillChild(t *testing.T) {
	dir, from := os.Getenv("TAMIS_KILL_DIR"), os.Getenv("TAMIS_KILL_FROM")
	if dir == "" {
		return // it is run by TestKill only
	}
	s := openAt(t, dir, Options{Tuning: Tuning{MemTable: 256 << 10, SealBytes: 64 << 10, SealAfter: 20 * time.Millisecond, MergeFactor: 3}})
	next := make([]int, killWriters)
	for w, f := range strings.Fields(from) {
		if _, err := fmt.Sscan(f, &next[w]); err != nil {
			t.Fatal(err)
		}
	}
	errs := make(chan error)
	for w := range killWriters {
		go func() {
			for n := next[w]; ; n++ {
				if err := commitStep(s, killStep(w, n)); err != nil {
					errs <- err
					return
				}
				fmt.Printf("acked %d %d\n", w, n)
			}
		}()
	}
	t.Fatal(<-errs)
}

func commitStep(s *Store, step model) error {
	b, err := s.Begin()
	if err != nil {
		return err
	}
	defer b.Discard()
	for id, source := range step {
		if source == "" {
			_, err = b.Delete(id)
		} else {
			_, err = b.Put(document(id, source))
		}
		if err != nil {
			return err
		}
	}
	return b.Commit()
}

// TestKill kills a writing process with SIGKILL again and again. What it
// acknowledged is there each time, with at most the one commit more that each
// writer had under way, whole.
func TestKill(t *testing.T) {
	kills := 8
	if os.Getenv("TAMIS_PEERS") != "" {
		kills = 20
	}
	if os.Getenv("TAMIS_HEAVY") == "full" {
		kills = 240
	}
	dir := filepath.Join(t.TempDir(), "ix")
	r := rand.New(rand.NewPCG(5, 6))
	next := make([]int, killWriters)
	stored := make([]model, killWriters)
	for w := range stored {
		stored[w] = model{}
	}
	total := 0
	for k := range kills {
		acked := runAndKill(t, dir, next, time.Duration(1+r.IntN(150))*time.Millisecond)
		opened := time.Now()
		var s *Store
		if k%2 == 0 {
			s = openAt(t, dir, Options{ReadOnly: true})
		} else {
			s = openAt(t, dir, Options{})
		}
		ready(t, s)
		took := time.Since(opened)
		got := contents(t, s)
		if report, err := s.Check(context.Background(), false); err != nil || len(report.Lost)+len(report.Derivable) > 0 || report.Documents != len(got) {
			t.Fatalf("kill %d: check: %+v, %v", k, report, err)
		}
		closeStore(t, s)
		for w := range killWriters {
			for ; next[w] <= acked[w]; next[w]++ {
				apply(stored[w], killStep(w, next[w]))
				total++
			}
			mine := model{}
			for id, text := range got {
				if strings.HasPrefix(id, fmt.Sprint("w", w, "-")) {
					mine[id] = text
				}
			}
			if maps.Equal(mine, stored[w]) {
				continue
			}
			apply(stored[w], killStep(w, next[w]))
			next[w]++
			if !maps.Equal(mine, stored[w]) {
				t.Fatalf("kill %d: writer %d acknowledged %d; stored %v\nwant %v", k, w, acked[w], ids(mine), ids(stored[w]))
			}
		}
		if testing.Verbose() {
			t.Logf("kill %d: commits %v, %d documents, opened whole in %v", k, next, len(got), took)
		}
	}
	t.Logf("%d kills, %d commits acknowledged", kills, total)
}

func apply(m, step model) {
	for id, source := range step {
		if source == "" {
			delete(m, id)
		} else {
			m[id] = source
		}
	}
}

// runAndKill lets a child work for a while after its first acknowledged commit
// and returns the last commit that each writer acknowledged.
func runAndKill(t *testing.T, dir string, next []int, after time.Duration) []int {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestKillChild$")
	cmd.Env = append(os.Environ(), "TAMIS_KILL_DIR="+dir, "TAMIS_KILL_FROM="+strings.Trim(fmt.Sprint(next), "[]"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := make([]int, killWriters)
	for w := range acked {
		acked[w] = next[w] - 1
	}
	var rest []string
	lines := bufio.NewReader(out)
	started := false
	for {
		line, err := lines.ReadString('\n')
		var w, n int
		if _, scanned := fmt.Sscanf(line, "acked %d %d\n", &w, &n); scanned == nil && strings.HasSuffix(line, "\n") {
			acked[w] = n
			if !started {
				started = true
				time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
			}
		} else {
			rest = append(rest, line)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// It was killed: its status says no more than that.
	_ = cmd.Wait()
	if !started {
		t.Fatalf("the child did not work: %s", strings.Join(rest, ""))
	}
	return acked
}
