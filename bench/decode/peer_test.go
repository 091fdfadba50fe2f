package main

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/tamis-search/tamis/internal/tinymodel"
	"github.com/tamis-search/tamis/model/decoder"
)

// TestPeer: the logits of models with random weights in floats are those of llama.cpp, which keeps
// its cache in floats here. Gemma's differ by more: llama.cpp looks its GELU up in a table of 16
// bits. Transformers has those of Gemma 2 to 1e-6 (model/decoder, TestPeer), so what Gemma 2
// differs by here is what llama.cpp is off by, and Gemma 3 may be off by as much.
func TestPeer(t *testing.T) {
	if os.Getenv("TAMIS_PEERS") != "1" {
		t.Skip("set TAMIS_PEERS=1 to compare with llama.cpp (needs Node.js and the package registry)")
	}
	t.Chdir("..")
	if _, err := os.Stat("decode/node_modules/node-llama-cpp"); err != nil {
		if out, err := exec.Command("npm", "i", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--silent", "--prefix", "decode").CombinedOutput(); err != nil {
			t.Fatalf("install llama.cpp: %v\n%s", err, out)
		}
	}
	for name, c := range map[string]struct {
		tinymodel.Decoder
		apart float64 // logarithms of probabilities, at most
	}{
		"llama":    {tinymodel.Decoder{Architecture: "llama", Tied: true}, 1e-4},
		"qwen3":    {tinymodel.Decoder{Architecture: "qwen3"}, 1e-4},
		"qwen3moe": {tinymodel.Decoder{Architecture: "qwen3moe", Experts: 4, Taken: 2}, 1e-4},
		"gemma2":   {tinymodel.Decoder{Architecture: "gemma2", Tied: true, Window: 32}, 5e-3},
		"gemma3":   {tinymodel.Decoder{Architecture: "gemma3", Tied: true, Window: 32}, 5e-3},
	} {
		t.Run(name, func(t *testing.T) {
			d := c.Decoder
			d.Layers, d.Width, d.Heads, d.KeyHeads, d.Size, d.Inner, d.Positions = 7, 64, 4, 2, 32, 96, 512
			file := d.Write(t, 7)
			ours, err := decoder.Open(file, decoder.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer ours.Close()
			p, err := start(file, 1, 256, "f32")
			if err != nil {
				t.Fatal(err)
			}
			defer p.close()
			ids := make([]int32, 120)
			random := rand.New(rand.NewPCG(1, 2))
			for i := range ids {
				ids[i] = 3 + int32(random.IntN(256)) // one of the bytes
			}
			theirs, err := p.ask(map[string]any{"do": "next", "ids": ids})
			if err != nil {
				t.Fatal(err)
			}
			cache, worst := ours.NewCache(), 0.
			for i, id := range ids {
				logits, err := ours.Read(context.Background(), cache, []int32{id})
				if err != nil {
					t.Fatal(err)
				}
				for k, v := range softmax(logits) {
					worst = max(worst, math.Abs(math.Log(v)-math.Log(theirs.Probabilities[i][k])))
				}
			}
			t.Logf("the greatest difference of the logarithms of probabilities is %.1e", worst)
			if !(worst <= c.apart) {
				t.Errorf("%.1e is more than %.0e", worst, c.apart)
			}
		})
	}
}
