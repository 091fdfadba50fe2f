//go:build !purego

package simd

import "golang.org/x/sys/cpu"

// The forms of the kernels that this machine has.
var (
	avx2   = cpu.X86.HasAVX2 && cpu.X86.HasBMI1
	fma    = avx2 && cpu.X86.HasFMA
	bmi2   = avx2 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
	f16c   = avx2 && cpu.X86.HasF16C
	avx512 = bmi2 && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI2
	vnni   = avx512 && fma && cpu.X86.HasAVX512VNNI
)

// maxVectorWidth is the greatest width at which every value lies in four bytes,
// whichever bit it starts at.
const maxVectorWidth = 25

// unpackPlans say for each width how eight values are taken from two 16-byte loads,
// the second at byte width/2: first where the four bytes of each value are, then the
// bits to shift each down, in four bytes.
var unpackPlans = makeUnpackPlans()

func makeUnpackPlans() (plans [maxVectorWidth + 1][64]byte) {
	for width := range plans {
		for i := range 8 {
			bit := i * width
			if i >= 4 {
				bit -= 8 * (width / 2)
			}
			for j := range 4 {
				plans[width][4*i+j] = byte(bit>>3 + j)
			}
			plans[width][32+4*i] = byte(bit & 7)
		}
	}
	return plans
}

func unpackVector(dst *[BlockSize]uint32, src []byte, width, n int, add uint32) {
	unpackAVX2(&dst[0], &src[0], &unpackPlans[width], width, (n+7)/8, 1<<width-1, add)
}
