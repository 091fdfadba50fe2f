package tamis

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/tamis-search/tamis/internal/tiers"
	"github.com/tamis-search/tamis/pack/score"
)

// TestMeantContexts prints what TestSIMDDoesNotShowInMeaning compares.
func TestMeantContexts(t *testing.T) {
	t.Log("contexts", meantContexts(t), "AVX2", cpu.X86.HasAVX2, "VNNI", cpu.X86.HasAVX512VNNI)
}

// TestSIMDDoesNotShowInMeaning: a process without vector instructions makes the same vectors
// and contexts with a model.
func TestSIMDDoesNotShowInMeaning(t *testing.T) {
	contexts := meantContexts(t)
	for off, left := range map[string]string{"avx2": " AVX2 false", "avx512vnni": fmt.Sprint(" AVX2 ", cpu.X86.HasAVX2, " VNNI false")} {
		tiers.Without(t, off, "TestMeantContexts", fmt.Sprint("contexts ", contexts, left))
	}
}

// meantContexts is a digest of contexts that a model weighs in, and of what it says of
// each unit.
func meantContexts(t *testing.T) string {
	t.Helper()
	sum := sha256.New()
	for seed := range uint64(3) {
		ix, err := Open("", Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer ix.Close()
		if _, err := ix.Add(t.Context(), gates(30)); err != nil {
			t.Fatal(err)
		}
		e := tinyEncoder(t, seed)
		if _, err := ix.Encode(t.Context(), e, nil); err != nil {
			t.Fatal(err)
		}
		ix.Use(e)
		weighed := 0
		for _, question := range []string{"when is the tide high at the gate", "which wall opens at noon", "tide", "the gates of the walls"} {
			for _, budget := range []int{60, 200, 900} {
				c, err := ix.Context(t.Context(), question, Budget{Tokens: budget}, Lab{Trace: func(units []score.Unit) {
					for i := range units {
						if units[i].Features[score.Meaning] > 0 {
							weighed++
						}
						fmt.Fprintln(sum, units[i].Doc, units[i].Start, units[i].Features, units[i].Score)
					}
				}})
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(sum, c.Text, c.Digest)
			}
		}
		if weighed == 0 {
			t.Fatal("the model weighs in nothing")
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)[:16])
}
