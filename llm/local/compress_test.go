package local

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/llm"
	"github.com/tamis-search/tamis/model/attention"
	"github.com/tamis-search/tamis/model/compress"
	"github.com/tamis-search/tamis/model/weights"
)

// compressing is a model file with a compressor whose numbers are anything, in which the model reads segments itself.
func compressing(t *testing.T) string {
	t.Helper()
	path := shape.Write(t, 7)
	digest, err := compress.Digest(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(filepath.Dir(path), compress.Folder, "four")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	described, err := json.Marshal(compress.Description{Rate: 4, Segment: 16, Model: digest})
	if err != nil {
		t.Fatal(err)
	}
	memory, into := make([]float32, 4*shape.Width), make([]float32, shape.Width*shape.Width)
	for i := range memory {
		memory[i] = float32(i%7) - 3
	}
	for i := range into {
		into[i] = float32(i%5)/8 - .25
	}
	tensors, err := weights.Safetensors([]weights.Written{
		{Name: compress.MemoryName, Shape: []int{4, shape.Width}, Floats: memory}, {Name: compress.IntoName, Shape: []int{shape.Width, shape.Width}, Floats: into},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{compress.Described: described, compress.Weights: tensors} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// TestCompress: documents of a prompt are read as vectors, a quarter of their tokens, and kept for the next question; all open
// is what the model says of the tokens, and without documents nothing is compressed.
func TestCompress(t *testing.T) {
	ctx := context.Background()
	path := compressing(t)
	open := func(name string) *Model {
		m, err := Open(path, Options{MaxTokens: 20, Compress: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { m.Close() })
		return m
	}
	long := "Sources of what was found:\n\n" + strings.Repeat("one source says so. ", 4) + "\n\n" + strings.Repeat("another does not. ", 4) + "\n\nQuestion: "
	plain, four, all := open(""), open("four"), open("four:1")
	want, whole, err := answer(ctx, plain, asked(long+"who?"))
	if err != nil {
		t.Fatal(err)
	}
	first, last, err := answer(ctx, four, asked(long+"who?"))
	if err != nil || last.Usage.PromptTokens != whole.Usage.PromptTokens {
		t.Fatalf("%+v, %v", last, err)
	}
	made, reused := four.compressor.Reused()
	if made == 0 || reused == 0 { // sentences stand there again and again
		t.Errorf("%d segments were made, %d taken again", made, reused)
	}
	if _, _, err := answer(ctx, four, asked(long+"and what else?")); err != nil {
		t.Fatal(err)
	}
	if more, again := four.compressor.Reused(); more != made || again != made+2*reused {
		t.Errorf("another question made %d segments of %d, and took %d again", more, made, again)
	}
	if again, _, err := answer(ctx, four, asked(long+"who?")); err != nil || again != first {
		t.Errorf("asked again, the answer is %q instead of %q: %v", again, first, err)
	}
	if got, _, err := answer(ctx, all, asked(long+"who?")); err != nil || got != want {
		t.Errorf("all open, the answer is %q instead of %q: %v", got, want, err)
	}
	short, _, err := answer(ctx, plain, asked("who?"))
	if err != nil {
		t.Fatal(err)
	}
	if got, _, err := answer(ctx, four, asked("who?")); err != nil || got != short {
		t.Errorf("without documents, the answer is %q instead of %q: %v", got, short, err)
	}
	// What is too long as tokens is not as vectors.
	longer := strings.Replace(long, "one source", strings.Repeat("one more source ", 60), 1)
	if _, _, err := answer(ctx, plain, asked(longer+"who?")); err == nil {
		t.Error("the prompt is not too long for this test")
	}
	if _, _, err := answer(ctx, four, asked(longer+"who?")); err != nil {
		t.Errorf("as vectors: %v", err)
	}
	if _, _, err := answer(ctx, four, asked(strings.Replace(longer, "one more source ", strings.Repeat("one more source ", 40), 1)+"who?")); err != nil && !strings.Contains(err.Error(), "tokens and vectors") {
		t.Errorf("too long: %v", err)
	}
}

func TestBadCompress(t *testing.T) {
	path := compressing(t)
	sparse, err := attention.Parse("quest:0.5")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{Compress: "four", Attention: sparse}); err == nil || !strings.Contains(err.Error(), "not both") {
		t.Errorf("with attention: %v", err)
	}
	for name, says := range map[string]string{"five": "it has four", "four:0": "above 0", "four:2": "1 at most", "four:x": "above 0", "../four": "no name"} {
		if _, _, err := Named(llm.Config{URL: path, Compress: name}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := Named(llm.Config{URL: "http://127.0.0.1:1", Compress: "four"}); err == nil || !strings.Contains(err.Error(), "models in files") {
		t.Errorf("an endpoint: %v", err)
	}
	other := shape.Write(t, 8)
	if err := os.CopyFS(filepath.Join(filepath.Dir(other), compress.Folder), os.DirFS(filepath.Join(filepath.Dir(path), compress.Folder))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(other, Options{Compress: "four"}); err == nil || !strings.Contains(err.Error(), "another model") {
		t.Errorf("of another model: %v", err)
	}
}
