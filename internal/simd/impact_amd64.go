//go:build !purego

package simd

import "golang.org/x/sys/cpu"

var (
	bmi2   = avx2 && cpu.X86.HasBMI2 && cpu.X86.HasPOPCNT
	avx512 = bmi2 && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL && cpu.X86.HasAVX512VBMI2
)

//go:noescape
func sumRowsAVX2(sums *uint16, n int, data *byte, rows *int, count int, factors *uint16) uint16

//go:noescape
func sumRowsAVX512(sums *uint16, n int, data *byte, rows *int, count int, factors *uint16) uint16

//go:noescape
func locateAVX2(refs *Ref, row, counts, records *byte, blocks *uint32, n int) int

//go:noescape
func locateAVX512(refs *Ref, row, counts, records *byte, blocks *uint32, n int) int

//go:noescape
func lowerAVX2(acc *uint16, refs *Ref, n int, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32, factor uint16)

//go:noescape
func lowerAVX512(acc *uint16, refs *Ref, n int, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32, factor uint16)

//go:noescape
func spreadAVX2(acc, sums *uint16, blocks *uint32, n int)

//go:noescape
func keepAVX2(acc *uint16, blocks *uint32, n int, low uint16) int

//go:noescape
func keepAVX512(acc *uint16, blocks *uint32, n int, low uint16) int

//go:noescape
func reachAVX2(masks *uint32, acc *uint16, n int, low uint16)

//go:noescape
func approachAVX2(refs *Ref, n int, records *byte, lastRecord uint32, overflow *byte)

//go:noescape
func pickAVX2(codes *byte, refs *Ref, n int, lanes *byte, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32)

//go:noescape
func fetchAVX2(data *byte, lines int)

//go:noescape
func selectRangeAVX512(dst *uint32, v *uint16, n int, low, span uint16) int
