package decoder

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/tamis-search/tamis/internal/tiers"
)

// TestLogitsDigest prints what TestSIMDDoesNotShow compares.
func TestLogitsDigest(t *testing.T) {
	t.Log("logits", digest(t), "AVX2", cpu.X86.HasAVX2, "VNNI", cpu.X86.HasAVX512VNNI)
}

// TestSIMDDoesNotShow: processes without some vector instructions have the same logits, of
// unpacked weights and of blocks.
func TestSIMDDoesNotShow(t *testing.T) {
	want := digest(t)
	for off, left := range map[string]string{"avx2": " AVX2 false", "avx512vnni": fmt.Sprint(" AVX2 ", cpu.X86.HasAVX2, " VNNI false")} {
		tiers.Without(t, off, "TestLogitsDigest", fmt.Sprint("logits ", want, left))
	}
}

func digest(t *testing.T) string {
	t.Helper()
	all := maps.Clone(tiny)
	maps.Copy(all, inBlocks)
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		shape := all[name]
		d := open(t, shape.Write(t, 3))
		for _, n := range []int{1, 40} { // one row, and more than a kernel takes at once
			logits, err := d.Read(context.Background(), d.NewCache(), someIDs(n, d.Words))
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range logits {
				_ = binary.Write(sum, binary.LittleEndian, math.Float32bits(x)) // to memory
			}
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:8])
}
