//go:build !purego

package simd

import "golang.org/x/sys/cpu"

var avx2 = cpu.X86.HasAVX2 && cpu.X86.HasBMI1

// maxVectorWidth is the greatest width at which every value lies in four bytes,
// whichever bit it starts at.
const maxVectorWidth = 25

// unpackPlan says how eight values of one width are taken from two 16-byte
// loads, the second at byte high: the four bytes of each value, then the bits
// to shift them down.
type unpackPlan struct {
	shuffle [32]byte
	shift   [8]uint32
	high    int
}

var unpackPlans = makeUnpackPlans()

func makeUnpackPlans() (plans [maxVectorWidth + 1]unpackPlan) {
	for width := range plans {
		p := &plans[width]
		p.high = 4 * width / 8
		for i := range 8 {
			bit := i * width
			if i >= 4 {
				bit -= 8 * p.high
			}
			p.shift[i] = uint32(bit & 7)
			for j := range 4 {
				p.shuffle[4*i+j] = byte(bit>>3 + j)
			}
		}
	}
	return plans
}

func unpackVector(dst *[BlockSize]uint32, src []byte, width, n int, add uint32) {
	unpackAVX2(&dst[0], &src[0], &unpackPlans[width], width, (n+7)/8, 1<<width-1, add)
}

//go:noescape
func unpackAVX2(dst *uint32, src *byte, plan *unpackPlan, stride, groups int, mask, add uint32)

//go:noescape
func prefixSumAVX2(v *uint32, first uint32, quads int)

//go:noescape
func addBoundsAVX2(sums *uint16, bounds *byte, n int, factor uint16)

//go:noescape
func selectRangeAVX2(dst *uint32, v *uint16, n int, low, span uint16) int

//go:noescape
func selectFromAVX2(dst *uint32, v *float32, n int, low float32) int

//go:noescape
func maxAVX2(v *uint16, n int) uint16

//go:noescape
func betweenAVX2(v *uint32, low, high uint32) uint64

//go:noescape
func belowAVX2(v *uint32, high uint32) uint32

//go:noescape
func impactsAVX2(dst *float32, rows, tfs *uint32, n int, codes *byte, norms *[256]float32, weight float32)
