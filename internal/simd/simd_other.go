//go:build !amd64 || purego

package simd

const (
	avx2           = false
	maxVectorWidth = -1
)

func unpackVector(*[BlockSize]uint32, []byte, int, int, uint32)                  {}
func prefixSumAVX2(*uint32, uint32, int)                                         {}
func addBoundsAVX2(*uint16, *byte, int, uint16)                                  {}
func selectRangeAVX2(*uint32, *uint16, int, uint16, uint16) int                  { return 0 }
func selectFromAVX2(*uint32, *float32, int, float32) int                         { return 0 }
func maxAVX2(*uint16, int) uint16                                                { return 0 }
func betweenAVX2(*uint32, uint32, uint32) uint64                                 { return 0 }
func belowAVX2(*uint32, uint32) uint32                                           { return 0 }
func impactsAVX2(*float32, *uint32, *uint32, int, *byte, *[256]float32, float32) {}
