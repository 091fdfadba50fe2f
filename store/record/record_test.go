package record

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/vector"
)

func TestVectorRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		v := Vectors{}
		for f := range 1 + r.IntN(3) {
			var x vector.Sparse
			scale := []float32{1, 100, 1000, 10000, 3}[r.IntN(5)]
			for range 1 + r.IntN(40) {
				x.Terms = append(x.Terms, r.Uint32()>>r.IntN(32))
			}
			slices.Sort(x.Terms)
			x.Terms = slices.Compact(x.Terms)
			for range x.Terms {
				w := float32(1+r.IntN(1<<r.IntN(22))) / scale
				if r.IntN(100) == 0 {
					w = []float32{math.SmallestNonzeroFloat32, math.MaxFloat32, .1, 1 << 24}[r.IntN(4)]
				}
				x.Weights = append(x.Weights, w)
			}
			v[fmt.Sprint("f", f)] = x
		}
		b := AppendVectors(nil, v)
		if got, err := DecodeVectors(b); err != nil || !reflect.DeepEqual(got, v) {
			t.Fatalf("%v, %v, want %v", got, err, v)
		}
		for n := range b {
			if _, err := DecodeVectors(b[:n]); err == nil {
				t.Fatalf("cut to %d of %d bytes it is read", n, len(b))
			}
		}
	}
	// Impacts and rounded weights take two to four bytes with their terms.
	small := vector.Sparse{Terms: []uint32{3, 200, 300}, Weights: []float32{1.17, .5, 12}}
	if n := len(AppendVectors(nil, Vectors{"a": small})); n != 13 {
		t.Errorf("%d bytes", n)
	}
}

func FuzzVectorRecord(f *testing.F) {
	f.Add(AppendVectors(nil, Vectors{"a": vector.Sparse{Terms: []uint32{1, 9}, Weights: []float32{.3, 2}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := DecodeVectors(b)
		if err != nil {
			return
		}
		again, err := DecodeVectors(AppendVectors(nil, v))
		if err != nil || !reflect.DeepEqual(again, v) {
			t.Fatalf("%v, %v, want %v", again, err, v)
		}
	})
}

func TestBlocksRecord(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		var blocks []corpus.Block
		if r.IntN(10) > 0 {
			blocks = []corpus.Block{}
		}
		pos := 0
		for range r.IntN(20) {
			if blocks == nil {
				break
			}
			b := corpus.Block{Kind: corpus.BlockKind(r.IntN(7)), Level: uint8(r.IntN(7)), Start: pos + r.IntN(100)}
			b.End = b.Start + r.IntN(1000)
			pos = b.End
			b.FileStart = r.IntN(10000)
			b.FileEnd = b.FileStart + r.IntN(1000)
			if r.IntN(2) == 0 {
				b.Label = fmt.Sprint("label ", r.IntN(100))
			}
			blocks = append(blocks, b)
		}
		b := AppendBlocks(nil, blocks)
		if got, err := DecodeBlocks(b); err != nil || !reflect.DeepEqual(got, blocks) {
			t.Fatalf("%v, %v, want %v", got, err, blocks)
		}
		for n := range b {
			if _, err := DecodeBlocks(b[:n]); err == nil {
				t.Fatalf("cut to %d of %d bytes it is read", n, len(b))
			}
		}
	}
}
