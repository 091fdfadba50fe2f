package decoder

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/weights"
)

var tiny = map[string]tinymodel.Decoder{
	"llama": {Architecture: "llama", Layers: 3, Width: 48, Heads: 6, KeyHeads: 2, Size: 16, Inner: 80, Positions: 512, Tied: true},
	"qwen2": {Architecture: "qwen2", Layers: 2, Width: 64, Heads: 4, KeyHeads: 4, Size: 16, Inner: 96, Positions: 512},
	"qwen3": {Architecture: "qwen3", Layers: 2, Width: 40, Heads: 4, KeyHeads: 2, Size: 32, Inner: 72, Positions: 512},

	"gemma":    {Architecture: "gemma", Layers: 2, Width: 40, Heads: 4, KeyHeads: 1, Size: 32, Inner: 72, Positions: 512, Tied: true},
	"gemma2":   {Architecture: "gemma2", Layers: 3, Width: 48, Heads: 4, KeyHeads: 2, Size: 16, Inner: 70, Positions: 512, Window: 37, Tied: true},
	"gemma3":   {Architecture: "gemma3", Layers: 7, Width: 40, Heads: 4, KeyHeads: 1, Size: 32, Inner: 72, Positions: 512, Window: 50, Tied: true},
	"gpt2":     {Architecture: "gpt2", Layers: 3, Width: 48, Heads: 3, KeyHeads: 3, Size: 16, Inner: 192, Positions: 512, Tied: true},
	"mixtral":  {Architecture: "llama", Layers: 2, Width: 48, Heads: 6, KeyHeads: 2, Size: 16, Inner: 56, Positions: 512, Experts: 5, Taken: 2},
	"qwen2moe": {Architecture: "qwen2moe", Layers: 2, Width: 64, Heads: 4, KeyHeads: 4, Size: 16, Inner: 40, Positions: 512, Experts: 6, Taken: 3, Shared: 88},
	"qwen3moe": {Architecture: "qwen3moe", Layers: 2, Width: 40, Heads: 4, KeyHeads: 2, Size: 32, Inner: 24, Positions: 512, Experts: 8, Taken: 3},
}

// inBlocks are models whose matrices are in blocks: one format for all, several, and with some
// that are not.
var inBlocks = map[string]tinymodel.Decoder{}

func init() {
	shape := tinymodel.Decoder{Architecture: "qwen2", Layers: 2, Width: 64, Heads: 4, KeyHeads: 2, Size: 16, Inner: 96, Positions: 512, Tied: true}
	for _, kind := range []string{"Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0"} {
		shape.Blocks = func(string) string { return kind }
		inBlocks[kind] = shape
	}
	shape.Blocks = func(name string) string {
		switch {
		case strings.Contains(name, "attn_v") || name == "token_embd.weight":
			return "Q8_0"
		case strings.Contains(name, "ffn_up"):
			return ""
		}
		return "Q4_1"
	}
	inBlocks["mixed"] = shape
	experts := tiny["mixtral"]
	experts.Width, experts.Inner = 64, 96
	experts.Blocks = func(string) string { return "Q4_0" }
	inBlocks["experts"] = experts
	shape.Layers, shape.Width, shape.Heads, shape.Inner = 1, 256, 16, 256
	for _, kind := range []string{"Q4_K", "Q5_K", "Q6_K"} {
		shape.Blocks = func(string) string { return kind }
		inBlocks[kind] = shape
	}
}

func open(t testing.TB, path string) *Decoder { return openAs(t, path, Options{}) }

func openAs(t testing.TB, path string, o Options) *Decoder {
	t.Helper()
	d, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// published is the file that TAMIS_GGUF names.
func published(tb testing.TB) string {
	path := os.Getenv("TAMIS_GGUF")
	if path == "" {
		tb.Skip("set TAMIS_GGUF to a GGUF file of a published model")
	}
	return path
}

func someIDs(n, words int) []int32 {
	random := rand.New(rand.NewPCG(5, 6))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(random.IntN(words))
	}
	return ids
}

// TestReadIsTheNaiveModel compares with the oracle, for texts longer than a block.
func TestReadIsTheNaiveModel(t *testing.T) {
	all := maps.Clone(tiny)
	maps.Copy(all, inBlocks)
	for name, shape := range all {
		path := shape.Write(t, 1)
		d, oracle := openAs(t, path, Options{F32: true}), openNaive(t, path)
		for _, n := range []int{1, 17, blockRows + 30} {
			ids := someIDs(n, d.Words)
			got, err := d.Read(context.Background(), d.NewCache(), ids)
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range oracle.logits(ids) {
				if diff := math.Abs(float64(got[i]) - want); diff > 2e-5*max(1, math.Abs(want)) {
					t.Fatalf("%s, %d tokens: logit %d is %g, want %g", name, n, i, got[i], want)
				}
			}
		}
	}
}

// TestDivisionDoesNotShow: however tokens are divided between calls, and calls between
// threads, and what was cut before, logits are the same to the last bit.
func TestDivisionDoesNotShow(t *testing.T) {
	ctx := context.Background()
	all := maps.Clone(tiny)
	maps.Copy(all, inBlocks)
	for name, shape := range all {
		d := open(t, shape.Write(t, 2))
		ids := someIDs(230, d.Words)
		d.Threads = 1
		want, err := d.Read(ctx, d.NewCache(), ids)
		if err != nil {
			t.Fatal(err)
		}
		d.Threads = 3
		for _, cuts := range [][]int{{230}, {1, 1, 228}, {100, 7, 123}, {96, 96, 38}} {
			c := d.NewCache()
			if _, err := d.Read(ctx, c, someIDs(150, d.Words)); err != nil {
				t.Fatal(err)
			}
			c.Cut(0)
			var got []float32
			for _, n := range cuts {
				if got, err = d.Read(ctx, c, ids[len(c.Tokens()):][:n]); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: read in %v, the logits are others", name, cuts)
			}
			c.Cut(220)
			each, err := d.ReadEach(ctx, c, ids[220:])
			if err != nil || !slices.Equal(each[9], want) {
				t.Errorf("%s: read each, the last logits are others: %v", name, err)
			}
			c.Cut(220)
			for i, id := range ids[220:] {
				if got, err = d.Read(ctx, c, []int32{id}); err != nil || !slices.Equal(got, each[i]) {
					t.Errorf("%s: read each, the logits after %d are others: %v", name, 220+i, err)
				}
			}
			c.Cut(90)
			if got, err = d.Read(ctx, c, ids[90:]); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: cut and read again, the logits are others: %v", name, err)
			}
		}
	}
}

// TestBlocksAreNearF32 compares the logits of weights in their blocks with those of the same
// weights unpacked: states are rounded to 8 bits before each product.
func TestBlocksAreNearF32(t *testing.T) {
	for name, shape := range inBlocks {
		path := shape.Write(t, 4)
		d, oracle := open(t, path), openAs(t, path, Options{F32: true})
		if d.logits.blocks == nil || oracle.logits.blocks != nil {
			t.Fatalf("%s: the logits' matrix is held in another way than asked", name)
		}
		off, size := 0., 0.
		for seed := range 5 {
			ids := someIDs(30+seed, d.Words)
			got, err := d.Read(context.Background(), d.NewCache(), ids)
			if err != nil {
				t.Fatal(err)
			}
			want, err := oracle.Read(context.Background(), oracle.NewCache(), ids)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range want {
				off += float64(got[i]-w) * float64(got[i]-w)
				size += float64(w) * float64(w)
			}
		}
		if share := math.Sqrt(off / size); share > .02 {
			t.Errorf("%s: logits are off by %.1f %%", name, 100*share)
		} else {
			t.Logf("%s: logits are off by %.2f %%", name, 100*share)
		}
	}
}

// TestPublishedBlocksAreNearF32 is the same for a published model and a text, of which each token
// is read by itself: what a user gets who asks for nothing else, beside the oracle.
func TestPublishedBlocksAreNearF32(t *testing.T) {
	path := published(t)
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	d, oracle := open(t, path), openAs(t, path, Options{F32: true})
	c, exact := d.NewCache(), oracle.NewCache()
	greatest, sum, sizes, same, surprise := 0., 0., 0., 0, [2]float64{}
	tokens := d.Tokenizer.Encode(string(text), 400)
	for i, token := range tokens {
		got, err := d.Read(context.Background(), c, []int32{token.ID})
		if err != nil {
			t.Fatal(err)
		}
		want, err := oracle.Read(context.Background(), exact, []int32{token.ID})
		if err != nil {
			t.Fatal(err)
		}
		for j, w := range want {
			off := math.Abs(float64(got[j] - w))
			greatest, sum, sizes = max(greatest, off), sum+off, sizes+math.Abs(float64(w))
		}
		if slices.Index(got, slices.Max(got)) == slices.Index(want, slices.Max(want)) {
			same++
		}
		if i+1 < len(tokens) {
			for k, logits := range [][]float32{got, want} {
				surprise[k] += surpriseOf(logits, tokens[i+1].ID) / float64(len(tokens)-1)
			}
		}
	}
	n := float64(len(tokens) * d.Words)
	t.Logf("%d tokens: logits differ by %.3f at most, %.4f on average, of %.2f; the greedy token is the same for %.1f %%; the text has %.4f nats a token, in f32 %.4f",
		len(tokens), greatest, sum/n, sizes/n, 100*float64(same)/float64(len(tokens)), surprise[0], surprise[1])
	if sum > .05*sizes || float64(same) < .9*float64(len(tokens)) || math.Abs(surprise[0]-surprise[1]) > .05 {
		t.Error("the products in blocks are too far from f32")
	}
}

// TestDamagedBlocks: a step that is no number is not looked for when a file is opened, since
// nothing of it is read then, but no answer is made of it.
func TestDamagedBlocks(t *testing.T) {
	path := inBlocks["Q8_0"].Write(t, 5)
	set, _, err := weights.OpenGGUF(path)
	if err != nil {
		t.Fatal(err)
	}
	embeddings, _ := set.Tensor("token_embd.weight")
	first := slices.Clone(embeddings.Blocks()[:64])
	set.Close()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(file[bytes.Index(file, first):], []byte{0, 0x7e})
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	d := open(t, path)
	if _, err := d.Read(context.Background(), d.NewCache(), []int32{7}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("%v", err)
	}
	if _, err := Open(path, Options{F32: true}); err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Errorf("%v", err)
	}
}

// surpriseOf is how many nats a token costs.
func surpriseOf(logits []float32, id int32) float64 {
	most, sum := slices.Max(logits), 0.
	for _, v := range logits {
		sum += math.Exp(float64(v - most))
	}
	return math.Log(sum) - float64(logits[id]-most)
}

func TestWrongReadsLeaveTheCache(t *testing.T) {
	shape := tiny["llama"]
	shape.Positions = 100
	d := open(t, shape.Write(t, 3))
	c := d.NewCache()
	if _, err := d.Read(context.Background(), c, someIDs(60, d.Words)); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, try := range []struct {
		ctx context.Context
		ids []int32
		say string
	}{
		{context.Background(), nil, "no tokens"},
		{context.Background(), []int32{1, 70000}, "outside of the model's"},
		{context.Background(), someIDs(41, d.Words), "too long for the model"},
		{gone, someIDs(30, d.Words), "canceled"},
	} {
		if _, err := d.Read(try.ctx, c, try.ids); err == nil || !strings.Contains(err.Error(), try.say) {
			t.Errorf("%v instead of %q", err, try.say)
		}
		if len(c.Tokens()) != 60 {
			t.Fatalf("the cache has %d tokens", len(c.Tokens()))
		}
	}
}

func TestWrongFiles(t *testing.T) {
	for say, change := range map[string]func(map[string]any){
		"architecture is mamba; supported are llama": func(v map[string]any) { v["general.architecture"] = "mamba" },
		"embedding_length is 0":                      func(v map[string]any) { v["llama.embedding_length"] = uint32(0) },
		"token_embd.weight of rows of 64":            func(v map[string]any) { v["llama.embedding_length"] = uint32(64) },
		"cannot share":                               func(v map[string]any) { v["llama.attention.head_count_kv"] = uint32(5) },
		"no tensor blk.3.attn_norm.weight":           func(v map[string]any) { v["llama.block_count"] = uint32(4) },
		"tensor blk.0.ffn_gate.weight":               func(v map[string]any) { v["llama.feed_forward_length"] = uint32(64) },
		"tokenizer.ggml.model is plamo":              func(v map[string]any) { v["tokenizer.ggml.model"] = "plamo" },
		"tokenizer.ggml.pre is odd":                  func(v map[string]any) { v["tokenizer.ggml.pre"] = "odd" },
		"scaled by yarn":                             func(v map[string]any) { v["llama.rope.scaling.type"] = "yarn" },
		"has no tokenizer.ggml.tokens":               func(v map[string]any) { delete(v, "tokenizer.ggml.tokens") },
	} {
		shape := tiny["llama"]
		shape.Change = change
		path := shape.Write(t, 1)
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), say) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%v instead of %q", err, say)
		}
	}
	for say, c := range map[string]struct {
		shape  string
		change func(map[string]any)
	}{
		"expert_used_count is 9":                  {"mixtral", func(v map[string]any) { v["llama.expert_used_count"] = uint32(9) }},
		"no tensor blk.0.ffn_gate_inp.weight":     {"llama", func(v map[string]any) { v["llama.expert_count"], v["llama.expert_used_count"] = uint32(3), uint32(2) }},
		"tensor blk.0.ffn_gate_inp.weight":        {"mixtral", func(v map[string]any) { v["llama.expert_count"] = uint32(4) }},
		"tensor blk.0.ffn_gate_shexp.weight":      {"qwen2moe", func(v map[string]any) { v["qwen2moe.expert_shared_feed_forward_length"] = uint32(96) }},
		"tensor blk.0.ffn_gate_exps.weight":       {"qwen3moe", func(v map[string]any) { v["qwen3moe.expert_feed_forward_length"] = uint32(32) }},
		"tensor position_embd.weight":             {"gpt2", func(v map[string]any) { v["gpt2.context_length"] = uint32(1024) }},
		"sliding_window is 0":                     {"gemma2", func(v map[string]any) { v["gemma2.attention.sliding_window"] = uint32(0) }},
		"rope.scaling.factor is 0":                {"gemma3", func(v map[string]any) { v["gemma3.rope.scaling.factor"] = float32(0) }},
		"no tensor blk.0.post_attention_norm.wei": {"gemma", func(v map[string]any) { renamed(v, "gemma", "gemma2") }},
	} {
		shape := tiny[c.shape]
		shape.Change = c.change
		path := shape.Write(t, 1)
		if _, err := Open(path, Options{}); err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%v instead of %q", err, say)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.gguf"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// renamed makes a file say that it is of another architecture.
func renamed(v map[string]any, from, to string) {
	for key, x := range maps.Clone(v) {
		if rest, ok := strings.CutPrefix(key, from+"."); ok {
			v[to+"."+rest] = x
		}
	}
	v["general.architecture"] = to
}
