package decoder

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// python runs a script of testdata with the interpreter that has torch.
func python(t *testing.T, script string, in any, out any, args ...string) {
	t.Helper()
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to compare with transformers (needs python3, or what TAMIS_TORCH names, and its packages torch, transformers and gguf)")
	}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(cmp.Or(os.Getenv("TAMIS_TORCH"), "python3"), append([]string{filepath.Join("testdata", script)}, args...)...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(b), os.Stderr
	said, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(said, out)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// same holds the logits after ids to those of a peer.
func same(t *testing.T, path string, ids []int32, want []float64) {
	t.Helper()
	d := openAs(t, path, Options{F32: true})
	got, err := d.Read(context.Background(), d.NewCache(), ids)
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.
	for j, w := range want {
		worst = max(worst, math.Abs(float64(got[j])-w)/max(1, math.Abs(w)))
	}
	if t.Logf("%s (%s): %d logits, greatest difference %.1e", filepath.Base(path), d.Name, len(want), worst); worst > 1e-4 || len(want) != d.Words {
		t.Errorf("%s: logits differ by %g", path, worst)
	}
}

// TestPeer compares logits with those of transformers: random weights, and, where TAMIS_GGUF
// names a file, a published model.
func TestPeer(t *testing.T) {
	var paths []string
	for _, name := range []string{"llama", "qwen2", "gemma", "gemma2", "gpt2", "mixtral", "qwen2moe"} {
		paths = append(paths, tiny[name].Write(t, 1))
	}
	if path := os.Getenv("TAMIS_GGUF"); path != "" {
		paths = append(paths, path)
	}
	var all [][]int32
	for range paths {
		all = append(all, someIDs(120, 200))
	}
	var want [][]float64
	python(t, "peer.py", all, &want, paths...)
	for i, path := range paths {
		same(t, path, all[i], want[i])
	}
}

// TestFolders reads what transformers saves.
func TestFolders(t *testing.T) {
	ids := someIDs(120, 200)
	var all []struct {
		Folder string
		Logits []float64
	}
	python(t, "folders.py", ids, &all, t.TempDir())
	for _, one := range all {
		same(t, one.Folder, ids, one.Logits)
	}
	if len(all) != 10 {
		t.Errorf("%d folders", len(all))
	}
}
