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
	write := func(name string, d compress.Description, shapes map[string][]int) {
		t.Helper()
		dir := filepath.Join(filepath.Dir(path), compress.Folder, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		d.Model = digest
		described, err := json.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		var all []weights.Written
		for name, shape := range shapes {
			w := weights.Written{Name: name, Shape: shape, Floats: make([]float32, shape[0]*append(shape, 1)[1])}
			for i := range w.Floats {
				w.Floats[i] = float32((i+len(name))%7)/8 - .4
			}
			all = append(all, w)
		}
		tensors, err := weights.Safetensors(all)
		if err != nil {
			t.Fatal(err)
		}
		for name, b := range map[string][]byte{compress.Described: described, compress.Weights: tensors} {
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := shape.Width
	write("four", compress.Description{Rate: 4, Segment: 16}, map[string][]int{compress.MemoryName: {4, w}, compress.IntoName: {w, w}})
	state := map[string][]int{compress.StartName: {5, w}, compress.PlaceName: {5, w}, compress.KeepName: {5}, compress.QueryName: {w, w}, compress.KeyName: {w, w}, compress.ValueName: {w, w}, compress.IntoName: {w, w}}
	write("state", compress.Description{Kind: compress.Recurrent, State: 5, Segment: 16}, state)
	state[compress.AskedName] = []int{w, w}
	write("asked", compress.Description{Kind: compress.Recurrent, State: 5, Segment: 16, Asked: true}, state)
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

// TestRecurrent: documents of a prompt are read as one state, however long they are; a document that is added goes on from it. Where
// the question is known it has a part in the state, and without documents nothing is compressed.
func TestRecurrent(t *testing.T) {
	ctx := context.Background()
	path := compressing(t)
	plain, err := Open(path, Options{MaxTokens: 20})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	short, _, err := answer(ctx, plain, asked("who?"))
	if err != nil {
		t.Fatal(err)
	}
	first := "Sources of what was found:\n\n" + strings.Repeat("one source says so. ", 40)
	for _, name := range []string{"state", "asked"} {
		m, err := Open(path, Options{MaxTokens: 20, Compress: name})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if got, _, err := answer(ctx, m, asked("who?")); err != nil || got != short {
			t.Errorf("%s: without documents, the answer is %q instead of %q: %v", name, got, short, err)
		}
		ask := func(prompt string) (made, reused int) {
			t.Helper()
			before, again := m.compressor.Reused()
			if _, _, err := answer(ctx, m, asked(prompt)); err != nil {
				t.Fatal(err)
			}
			made, reused = m.compressor.Reused()
			return made - before, reused - again
		}
		made, reused := ask(first + "\n\nQuestion: who?")
		segments := made + reused // sentences that stand there again and again have other states behind others
		if segments < 20 || reused > 0 && name == "state" {
			t.Errorf("%s: %d segments were made, %d taken again", name, made, reused)
		}
		if made, reused := ask(first + "\n\nQuestion: and what else?"); made > 0 || reused != segments {
			t.Errorf("%s: another question made %d segments of %d, and took %d again", name, made, segments, reused)
		}
		if made, reused := ask(first + "\n\nanother does not.\n\nQuestion: who?"); made == 0 || made > 3 || reused < segments-1 {
			t.Errorf("%s: another document made %d segments, and took %d of %d again", name, made, reused, segments)
		}
	}
	if _, err := Open(path, Options{Compress: "state:0.5"}); err == nil || !strings.Contains(err.Error(), "no share of it can be read as tokens") || strings.Contains(err.Error(), "\n") {
		t.Errorf("a share is opened: %v", err)
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
	for name, says := range map[string]string{"five": "it has asked, four, state", "four:0": "above 0", "four:2": "1 at most", "four:x": "above 0", "../four": "no name"} {
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
