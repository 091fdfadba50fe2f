//go:build !purego

#include "textflag.h"

// func unpackAVX2(dst *uint32, src *byte, plan *unpackPlan, stride, groups int, mask, add uint32)
//
// A group is eight values in stride bytes. Their bytes are brought together by
// a shuffle in each half, shifted to bit 0 and masked.
TEXT ·unpackAVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ plan+16(FP), DX
	MOVQ stride+24(FP), R8
	MOVQ groups+32(FP), CX
	MOVL mask+40(FP), AX
	VMOVD AX, X3
	VPBROADCASTD X3, Y3
	MOVL add+44(FP), AX
	VMOVD AX, X4
	VPBROADCASTD X4, Y4
	VMOVDQU (DX), Y1
	VMOVDQU 32(DX), Y2
	MOVQ 64(DX), R9
unpackLoop:
	VMOVDQU (SI), X0
	VINSERTI128 $1, (SI)(R9*1), Y0, Y0
	VPSHUFB Y1, Y0, Y0
	VPSRLVD Y2, Y0, Y0
	VPAND Y3, Y0, Y0
	VPADDD Y4, Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ R8, SI
	ADDQ $32, DI
	DECQ CX
	JNZ unpackLoop
	VZEROUPPER
	RET

// func prefixSumAVX2(v *uint32, first uint32, quads int)
//
// Two shifted additions make the sums inside four values; the last of them is
// carried to the next four.
TEXT ·prefixSumAVX2(SB), NOSPLIT, $0-24
	MOVQ v+0(FP), DI
	MOVL first+8(FP), AX
	VMOVD AX, X1
	VPSHUFD $0, X1, X1
	MOVQ quads+16(FP), CX
prefixLoop:
	VMOVDQU (DI), X0
	VPSLLDQ $4, X0, X2
	VPADDD X2, X0, X0
	VPSLLDQ $8, X0, X2
	VPADDD X2, X0, X0
	VPADDD X1, X0, X0
	VMOVDQU X0, (DI)
	VPSHUFD $0xff, X0, X1
	ADDQ $16, DI
	DECQ CX
	JNZ prefixLoop
	RET

// func addBoundsAVX2(sums *uint16, bounds *byte, n int, factor uint16)
//
// (bound << 8) · factor >> 16 is the high half of a 16-bit product.
TEXT ·addBoundsAVX2(SB), NOSPLIT, $0-26
	MOVQ sums+0(FP), DI
	MOVQ bounds+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTW factor+24(FP), Y1
boundsLoop:
	VPMOVZXBW (SI), Y0
	VPSLLW $8, Y0, Y0
	VPMULHUW Y1, Y0, Y0
	VPADDUSW (DI), Y0, Y0
	VMOVDQU Y0, (DI)
	ADDQ $16, SI
	ADDQ $32, DI
	SUBQ $16, CX
	JNZ boundsLoop
	VZEROUPPER
	RET

// func selectRangeAVX2(dst *uint32, v *uint16, n int, low, span uint16) int
//
// low ≤ x ≤ low + span is x - low ≤ span without sign.
TEXT ·selectRangeAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTW low+24(FP), Y1
	VPBROADCASTW span+26(FP), Y2
	MOVQ DI, R10
	XORL R8, R8
rangeLoop:
	VMOVDQU (SI), Y0
	VPSUBW Y1, Y0, Y0
	VPMINUW Y2, Y0, Y3
	VPCMPEQW Y3, Y0, Y0
	VPMOVMSKB Y0, AX
	ANDL $0x55555555, AX
	JZ rangeNext
rangeBit:
	BSFL AX, BX
	SHRL $1, BX
	ADDL R8, BX
	MOVL BX, (DI)
	ADDQ $4, DI
	BLSRL AX, AX
	JNZ rangeBit
rangeNext:
	ADDQ $32, SI
	ADDL $16, R8
	SUBQ $16, CX
	JNZ rangeLoop
	SUBQ R10, DI
	SHRQ $2, DI
	MOVQ DI, ret+32(FP)
	VZEROUPPER
	RET

// func selectFromAVX2(dst *uint32, v *float32, n int, low float32) int
TEXT ·selectFromAVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS low+24(FP), Y1
	MOVQ DI, R10
	XORL R8, R8
fromLoop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y2
	VCMPPS $0x0d, Y1, Y0, Y0
	VCMPPS $0x0d, Y1, Y2, Y2
	VMOVMSKPS Y0, AX
	VMOVMSKPS Y2, BX
	SHLL $8, BX
	ORL BX, AX
	JZ fromNext
fromBit:
	BSFL AX, BX
	ADDL R8, BX
	MOVL BX, (DI)
	ADDQ $4, DI
	BLSRL AX, AX
	JNZ fromBit
fromNext:
	ADDQ $64, SI
	ADDL $16, R8
	SUBQ $16, CX
	JNZ fromLoop
	SUBQ R10, DI
	SHRQ $2, DI
	MOVQ DI, ret+32(FP)
	VZEROUPPER
	RET

// func maxAVX2(v *uint16, n int) uint16
//
// VPHMINPOSUW finds the least of eight words, so the complement is searched.
TEXT ·maxAVX2(SB), NOSPLIT, $0-18
	MOVQ v+0(FP), SI
	MOVQ n+8(FP), CX
	VPXOR Y0, Y0, Y0
maxLoop:
	VPMAXUW (SI), Y0, Y0
	ADDQ $32, SI
	SUBQ $16, CX
	JNZ maxLoop
	VEXTRACTI128 $1, Y0, X1
	VPMAXUW X1, X0, X0
	VPCMPEQW X1, X1, X1
	VPXOR X1, X0, X0
	VPHMINPOSUW X0, X0
	VMOVD X0, AX
	NOTL AX
	MOVW AX, ret+16(FP)
	VZEROUPPER
	RET

// func betweenAVX2(v *uint32, low, high uint32) uint64
//
// A comparison gives -1 for each value below; the sums are negated at the end.
// The result holds the count for high above that for low.
TEXT ·betweenAVX2(SB), NOSPLIT, $0-24
	MOVQ v+0(FP), SI
	MOVL low+8(FP), AX
	VMOVD AX, X1
	VPBROADCASTD X1, Y1
	MOVL high+12(FP), AX
	VMOVD AX, X3
	VPBROADCASTD X3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y6, Y6, Y6
	MOVQ $16, CX
betweenLoop:
	VMOVDQU (SI), Y0
	VPCMPGTD Y0, Y1, Y2
	VPCMPGTD Y0, Y3, Y5
	VPADDD Y2, Y4, Y4
	VPADDD Y5, Y6, Y6
	ADDQ $32, SI
	DECQ CX
	JNZ betweenLoop
	VPHADDD Y6, Y4, Y4
	VEXTRACTI128 $1, Y4, X0
	VPADDD X0, X4, X4
	VPHADDD X4, X4, X4
	VPXOR X0, X0, X0
	VPSUBD X4, X0, X4
	VMOVQ X4, AX
	MOVQ AX, ret+16(FP)
	VZEROUPPER
	RET

// func belowAVX2(v *uint32, high uint32) uint32
TEXT ·belowAVX2(SB), NOSPLIT, $0-20
	MOVQ v+0(FP), SI
	MOVL high+8(FP), AX
	VMOVD AX, X3
	VPBROADCASTD X3, Y3
	VPXOR Y4, Y4, Y4
	VPXOR Y6, Y6, Y6
	MOVQ $8, CX
belowLoop:
	VPCMPGTD (SI), Y3, Y2
	VPCMPGTD 32(SI), Y3, Y5
	VPADDD Y2, Y4, Y4
	VPADDD Y5, Y6, Y6
	ADDQ $64, SI
	DECQ CX
	JNZ belowLoop
	VPADDD Y6, Y4, Y4
	VEXTRACTI128 $1, Y4, X0
	VPADDD X0, X4, X4
	VPHADDD X4, X4, X4
	VPHADDD X4, X4, X4
	VMOVD X4, AX
	NEGL AX
	MOVL AX, ret+16(FP)
	VZEROUPPER
	RET

// func impactsAVX2(dst *float32, rows, tfs *uint32, n int, codes *byte, norms *[256]float32, weight float32)
//
// The norms of four rows are fetched one by one: gathers are no faster.
TEXT ·impactsAVX2(SB), NOSPLIT, $0-52
	MOVQ dst+0(FP), DI
	MOVQ rows+8(FP), SI
	MOVQ tfs+16(FP), R11
	MOVQ n+24(FP), CX
	MOVQ codes+32(FP), R12
	MOVQ norms+40(FP), R13
	VBROADCASTSS weight+48(FP), X5
impactsLoop:
	MOVL (SI), AX
	MOVL 4(SI), BX
	MOVL 8(SI), DX
	MOVL 12(SI), R8
	MOVBLZX (R12)(AX*1), AX
	MOVBLZX (R12)(BX*1), BX
	MOVBLZX (R12)(DX*1), DX
	MOVBLZX (R12)(R8*1), R8
	VMOVSS (R13)(AX*4), X1
	VINSERTPS $0x10, (R13)(BX*4), X1, X1
	VINSERTPS $0x20, (R13)(DX*4), X1, X1
	VINSERTPS $0x30, (R13)(R8*4), X1, X1
	VCVTDQ2PS (R11), X2
	VADDPS X1, X2, X1
	VDIVPS X1, X2, X2
	VMULPS X5, X2, X2
	VMOVUPS X2, (DI)
	ADDQ $16, SI
	ADDQ $16, R11
	ADDQ $16, DI
	SUBQ $4, CX
	JNZ impactsLoop
	RET
