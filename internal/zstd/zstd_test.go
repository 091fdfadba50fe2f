package zstd

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestRoundTrip holds what Pebble relies on: the result stands at the start of
// dst, which CompressBound makes large enough for any data.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 100, 4096, 1 << 20} {
		src := make([]byte, n)
		for i := range src {
			src[i] = byte(r.Uint32())
		}
		for _, level := range []int{1, 3, 9} {
			dst := make([]byte, CompressBound(n))
			out, err := NewCtx().CompressLevel(dst, src, level)
			if err != nil || &out[0] != &dst[0] {
				t.Fatalf("%d bytes, level %d: moved or %v", n, level, err)
			}
			back := make([]byte, n)
			if m, err := NewCtx().DecompressInto(back, out); err != nil || m != n || !bytes.Equal(back, src) {
				t.Fatalf("%d bytes, level %d: %d bytes came back, %v", n, level, m, err)
			}
		}
	}
}
