package model

import (
	"cmp"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFamilies compares states, weights of words and labels with those of transformers,
// for random weights in small shapes.
func TestFamilies(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to compare with transformers (needs python3, or what TAMIS_TORCH names, and its packages torch and transformers)")
	}
	python := cmp.Or(os.Getenv("TAMIS_TORCH"), "python3")
	folder := t.TempDir()
	cmd := exec.Command(python, filepath.Join("testdata", "peer.py"), folder)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("peer.py: %v", err)
	}
	folders, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(folders) != 30 {
		t.Fatalf("peer.py wrote %d folders, want seven families with four heads each, and two that prune", len(folders))
	}
	for _, dir := range folders {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			e := open(t, dir)
			data, err := os.ReadFile(filepath.Join(dir, "want.json"))
			if err != nil {
				t.Fatal(err)
			}
			var cases []struct {
				IDs []int32   `json:"ids"`
				Out []float32 `json:"out"`
			}
			if err := json.Unmarshal(data, &cases); err != nil {
				t.Fatal(err)
			}
			if len(cases) == 0 {
				t.Fatal("no cases")
			}
			worst := 0.
			for _, c := range cases {
				answer := e.States
				switch {
				case strings.HasSuffix(dir, "MaskedLM"):
					answer = e.Weights
					c.Out = greatest(c.Out, e.Words)
				case e.prune != nil:
					answer = func(ids [][]int32) ([][]float32, error) {
						scores, kept, err := e.Judge(ids, nil)
						if err != nil {
							return nil, err
						}
						return [][]float32{append(scores[0], kept[0]...)}, nil
					}
				case e.class != nil:
					answer = func(ids [][]int32) ([][]float32, error) { return e.Labels(ids, nil) }
				}
				got, err := answer([][]int32{c.IDs})
				if err != nil || len(got[0]) != len(c.Out) {
					t.Fatalf("%d tokens: %d numbers, want %d (%v)", len(c.IDs), len(got[0]), len(c.Out), err)
				}
				for i, want := range c.Out {
					worst = max(worst, math.Abs(float64(want-got[0][i])))
				}
			}
			if t.Logf("greatest difference %.1e", worst); !(worst < 1e-4) {
				t.Error("other numbers")
			}
		})
	}
}

// greatest is SPLADE's pooling of rows of logits.
func greatest(logits []float32, words int) []float32 {
	out := make([]float32, words)
	for i, v := range logits {
		out[i%words] = max(out[i%words], float32(math.Log1p(max(0, float64(v)))))
	}
	return out
}
