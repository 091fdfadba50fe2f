//go:build !amd64 || purego

package simd

const (
	avx2           = false
	maxVectorWidth = -1
)

var fma, bmi2, f16c, avx512, vnni bool

func unpackVector(*[BlockSize]uint32, []byte, int, int, uint32) {}
