package trec

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tamis-search/tamis/internal/evaldata"
)

// TestPeers writes runs and judgments, has ir-measures and ranx read them, and holds each
// figure of each query to theirs. The runs are trec_eval's own, without equal scores,
// whose order ranx leaves open.
func TestPeers(t *testing.T) {
	python := os.Getenv("TAMIS_PEER_TREC_PYTHON")
	if os.Getenv("TAMIS_PEERS") != "1" || python == "" {
		t.Skip("set TAMIS_PEERS=1, and TAMIS_PEER_TREC_PYTHON to a Python with ir-measures and ranx")
	}
	dir := evaldata.Dir(t, "conformance/trec_eval-test")
	names := []string{"results.test", "results.trunc"}
	qrels := readQrels(t, filepath.Join(dir, "qrels.test"))
	written := func(name string, write func(*bytes.Buffer) error) string {
		var b bytes.Buffer
		path := filepath.Join(t.TempDir(), name)
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	args := []string{filepath.Join("testdata", "peers.py"), written("qrels", func(b *bytes.Buffer) error { return qrels.Write(b) })}
	var runs []*Run
	for _, name := range names {
		run := readRun(t, filepath.Join(dir, name))
		for q, docs := range run.Queries {
			docs = ranked(docs)
			for i := range docs {
				docs[i].Score = float64(len(docs) - i)
			}
			run.Queries[q] = docs
		}
		runs = append(runs, run)
		args = append(args, written(name, func(b *bytes.Buffer) error { return run.Write(b) }))
	}
	cmd := exec.Command(python, args...)
	cmd.Stderr = os.Stderr
	raw, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var said []map[string]map[string]map[string]float64
	if err := json.Unmarshal(raw, &said); err != nil || len(said) != len(runs) {
		t.Fatalf("%d answers, %v", len(said), err)
	}
	for i, peers := range said {
		for peer, measures := range peers {
			agree(t, names[i]+", "+peer, qrels, runs[i], measures)
		}
	}
}

// agree holds the figures of each query to those of a peer.
func agree(t *testing.T, name string, qrels Qrels, run *Run, measures map[string]map[string]float64) {
	t.Helper()
	checked := 0
	for measure, queries := range measures {
		m, err := ParseMeasures(measure)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Evaluate(qrels, run, m, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for q, want := range queries {
			if s.PerQuery[q] == nil {
				continue // of no result
			}
			checked++
			if got := s.PerQuery[q][0]; math.Abs(got-want) > 1e-15 {
				t.Errorf("%s, %s of query %s: %v, here %v", name, measure, q, want, got)
			}
		}
	}
	if checked < 20 {
		t.Errorf("%s: only %d figures", name, checked)
	}
	t.Logf("%s: %d figures", name, checked)
}
