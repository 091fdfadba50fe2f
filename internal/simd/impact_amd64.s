//go:build !purego

#include "textflag.h"

// Quadwords of two unpacked vectors, back in the order of their bytes.
DATA unpackedLow<>+0(SB)/8, $0
DATA unpackedLow<>+8(SB)/8, $1
DATA unpackedLow<>+16(SB)/8, $8
DATA unpackedLow<>+24(SB)/8, $9
DATA unpackedLow<>+32(SB)/8, $2
DATA unpackedLow<>+40(SB)/8, $3
DATA unpackedLow<>+48(SB)/8, $10
DATA unpackedLow<>+56(SB)/8, $11
GLOBL unpackedLow<>(SB), RODATA|NOPTR, $64
DATA unpackedHigh<>+0(SB)/8, $4
DATA unpackedHigh<>+8(SB)/8, $5
DATA unpackedHigh<>+16(SB)/8, $12
DATA unpackedHigh<>+24(SB)/8, $13
DATA unpackedHigh<>+32(SB)/8, $6
DATA unpackedHigh<>+40(SB)/8, $7
DATA unpackedHigh<>+48(SB)/8, $14
DATA unpackedHigh<>+56(SB)/8, $15
GLOBL unpackedHigh<>(SB), RODATA|NOPTR, $64

// func sumRowsAVX512(sums *uint16, n int, data *byte, rows *int, count int, factors *uint16) uint16
//
// 64 blocks at a time through all rows. Unpacking above zero bytes multiplies by
// 256, so that the high half of the product with the factor is the impact.
TEXT ·sumRowsAVX512(SB), NOSPLIT, $0-50
	MOVQ sums+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ data+16(FP), SI
	MOVQ rows+24(FP), R8
	MOVQ count+32(FP), R9
	MOVQ factors+40(FP), R10
	VPXORQ Z0, Z0, Z0
	VPXORQ Z9, Z9, Z9
	VMOVDQU64 unpackedLow<>(SB), Z10
	VMOVDQU64 unpackedHigh<>(SB), Z11
sum512Group:
	VPXORQ Z1, Z1, Z1
	VPXORQ Z2, Z2, Z2
	XORL BX, BX
sum512Row:
	MOVQ (R8)(BX*8), AX
	VPBROADCASTW (R10)(BX*2), Z3
	VMOVDQU64 (SI)(AX*1), Z4
	PREFETCHT0 512(SI)(AX*1)
	VPUNPCKLBW Z4, Z0, Z5
	VPUNPCKHBW Z4, Z0, Z6
	VPMULHUW Z3, Z5, Z5
	VPMULHUW Z3, Z6, Z6
	VPADDUSW Z5, Z1, Z1
	VPADDUSW Z6, Z2, Z2
	INCQ BX
	CMPQ BX, R9
	JNE sum512Row
	VMOVDQA64 Z10, Z7
	VMOVDQA64 Z11, Z8
	VPERMI2Q Z2, Z1, Z7
	VPERMI2Q Z2, Z1, Z8
	VPADDUSW (DI), Z7, Z7
	VPADDUSW 64(DI), Z8, Z8
	VMOVDQU64 Z7, (DI)
	VMOVDQU64 Z8, 64(DI)
	VPMAXUW Z7, Z9, Z9
	VPMAXUW Z8, Z9, Z9
	ADDQ $64, SI
	ADDQ $128, DI
	SUBQ $64, CX
	JNZ sum512Group
	VEXTRACTI64X4 $1, Z9, Y1
	VPMAXUW Y1, Y9, Y0
	VEXTRACTI128 $1, Y0, X1
	VPMAXUW X1, X0, X0
	VPCMPEQW X1, X1, X1
	VPXOR X1, X0, X0
	VPHMINPOSUW X0, X0
	VMOVD X0, AX
	NOTL AX
	MOVW AX, ret+48(FP)
	VZEROUPPER
	RET

// func sumRowsAVX2(sums *uint16, n int, data *byte, rows *int, count int, factors *uint16) uint16
TEXT ·sumRowsAVX2(SB), NOSPLIT, $0-50
	MOVQ sums+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ data+16(FP), SI
	MOVQ rows+24(FP), R8
	MOVQ count+32(FP), R9
	MOVQ factors+40(FP), R10
	VPXOR Y0, Y0, Y0
	VPXOR Y9, Y9, Y9
sum256Group:
	VPXOR Y1, Y1, Y1
	VPXOR Y2, Y2, Y2
	VPXOR Y10, Y10, Y10
	VPXOR Y11, Y11, Y11
	XORL BX, BX
sum256Row:
	MOVQ (R8)(BX*8), AX
	VPBROADCASTW (R10)(BX*2), Y3
	VMOVDQU (SI)(AX*1), Y4
	VMOVDQU 32(SI)(AX*1), Y7
	PREFETCHT0 512(SI)(AX*1)
	VPUNPCKLBW Y4, Y0, Y5
	VPUNPCKHBW Y4, Y0, Y6
	VPMULHUW Y3, Y5, Y5
	VPMULHUW Y3, Y6, Y6
	VPADDUSW Y5, Y1, Y1
	VPADDUSW Y6, Y2, Y2
	VPUNPCKLBW Y7, Y0, Y5
	VPUNPCKHBW Y7, Y0, Y6
	VPMULHUW Y3, Y5, Y5
	VPMULHUW Y3, Y6, Y6
	VPADDUSW Y5, Y10, Y10
	VPADDUSW Y6, Y11, Y11
	INCQ BX
	CMPQ BX, R9
	JNE sum256Row
	VPERM2I128 $0x20, Y2, Y1, Y5
	VPERM2I128 $0x31, Y2, Y1, Y6
	VPERM2I128 $0x20, Y11, Y10, Y7
	VPERM2I128 $0x31, Y11, Y10, Y8
	VPADDUSW (DI), Y5, Y5
	VPADDUSW 32(DI), Y6, Y6
	VPADDUSW 64(DI), Y7, Y7
	VPADDUSW 96(DI), Y8, Y8
	VMOVDQU Y5, (DI)
	VMOVDQU Y6, 32(DI)
	VMOVDQU Y7, 64(DI)
	VMOVDQU Y8, 96(DI)
	VPMAXUW Y5, Y9, Y9
	VPMAXUW Y6, Y9, Y9
	VPMAXUW Y7, Y9, Y9
	VPMAXUW Y8, Y9, Y9
	ADDQ $64, SI
	ADDQ $128, DI
	SUBQ $64, CX
	JNZ sum256Group
	VEXTRACTI128 $1, Y9, X1
	VPMAXUW X1, X9, X0
	VPCMPEQW X1, X1, X1
	VPXOR X1, X0, X0
	VPHMINPOSUW X0, X0
	VMOVD X0, AX
	NOTL AX
	MOVW AX, ret+48(FP)
	VZEROUPPER
	RET

// func locateAVX512(refs *Ref, row, counts, records *byte, blocks *uint32, n int) int
//
// Every block writes a Ref; the next one overwrites it where the weight is 0.
TEXT ·locateAVX512(SB), NOSPLIT, $0-56
	MOVQ refs+0(FP), DI
	MOVQ row+8(FP), SI
	MOVQ counts+16(FP), R8
	MOVQ records+24(FP), R9
	MOVQ blocks+32(FP), R10
	MOVQ n+40(FP), CX
	XORL R11, R11 // place of the block << 32
	MOVQ $1, R15
	SHLQ $32, R15
	MOVQ DI, R12
	VPTERNLOGD $0xff, Z0, Z0, Z0
locate512Loop:
	MOVL (R10), AX
	MOVL AX, BX
	ANDQ $~63, BX
	VPTESTMB (SI)(BX*1), Z0, K1
	KMOVQ K1, DX
	MOVL AX, R13
	ANDL $63, R13
	BZHIQ R13, DX, DX
	POPCNTQ DX, DX
	SHRL $6, BX
	ADDL (R8)(BX*4), DX
	MOVBLZX (SI)(AX*1), AX
	PREFETCHT0 (R9)(DX*4)
	MOVQ AX, BX
	SHLQ $48, BX
	ORQ R11, DX
	ORQ BX, DX
	MOVQ DX, (R12)
	LEAQ 8(R12), BX
	TESTL AX, AX
	CMOVQNE BX, R12
	ADDQ R15, R11
	ADDQ $4, R10
	DECQ CX
	JNZ locate512Loop
	SUBQ DI, R12
	SHRQ $3, R12
	MOVQ R12, ret+48(FP)
	VZEROUPPER
	RET

// func locateAVX2(refs *Ref, row, counts, records *byte, blocks *uint32, n int) int
TEXT ·locateAVX2(SB), NOSPLIT, $0-56
	MOVQ refs+0(FP), DI
	MOVQ row+8(FP), SI
	MOVQ counts+16(FP), R8
	MOVQ records+24(FP), R9
	MOVQ blocks+32(FP), R10
	MOVQ n+40(FP), CX
	XORL R11, R11
	MOVQ $1, R15
	SHLQ $32, R15
	MOVQ DI, R12
	VPXOR Y0, Y0, Y0
locate256Loop:
	MOVL (R10), AX
	MOVL AX, BX
	ANDQ $~63, BX
	VPCMPEQB (SI)(BX*1), Y0, Y1
	VPCMPEQB 32(SI)(BX*1), Y0, Y2
	VPMOVMSKB Y1, DX
	VPMOVMSKB Y2, R13
	SHLQ $32, R13
	ORQ R13, DX
	NOTQ DX
	MOVL AX, R13
	ANDL $63, R13
	BZHIQ R13, DX, DX
	POPCNTQ DX, DX
	SHRL $6, BX
	ADDL (R8)(BX*4), DX
	MOVBLZX (SI)(AX*1), AX
	PREFETCHT0 (R9)(DX*4)
	MOVQ AX, BX
	SHLQ $48, BX
	ORQ R11, DX
	ORQ BX, DX
	MOVQ DX, (R12)
	LEAQ 8(R12), BX
	TESTL AX, AX
	CMOVQNE BX, R12
	ADDQ R15, R11
	ADDQ $4, R10
	DECQ CX
	JNZ locate256Loop
	SUBQ DI, R12
	SHRQ $3, R12
	MOVQ R12, ret+48(FP)
	VZEROUPPER
	RET

// PREFETCHOVERFLOW asks for the overflow of all records of the refs. Records
// and overflows beyond their ends are taken from the last and the first place.
#define PREFETCHOVERFLOW(loop) \
	MOVQ R8, R13 \
	MOVQ CX, R12 \
	XORL SI, SI \
loop: \
	MOVL (R13), AX \
	CMPL AX, R10 \
	CMOVLHI R10, AX \
	MOVL (R9)(AX*4), AX \
	MOVL AX, BX \
	ANDL $0x3fffffff, BX \
	CMPL AX, $0xc0000000 \
	CMOVLCS SI, BX \
	PREFETCHT0 (R11)(BX*1) \
	ADDQ $8, R13 \
	DECQ R12 \
	JNZ loop

// func lowerAVX512(acc *uint16, refs *Ref, n int, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32, factor uint16)
//
// Both forms of a record are decoded and the right one chosen without a branch.
TEXT ·lowerAVX512(SB), NOSPLIT, $0-54
	MOVQ acc+0(FP), DI
	MOVQ refs+8(FP), R8
	MOVQ n+16(FP), CX
	MOVQ records+24(FP), R9
	MOVL lastRecord+32(FP), R10
	MOVQ overflow+40(FP), R11
	VPBROADCASTW factor+52(FP), Z5
	MOVL lastOverflow+48(FP), R12
	MOVWLZX factor+52(FP), R13
lower512Loop:
	MOVQ (R8), DX
	MOVL DX, AX
	CMPL AX, R10
	CMOVLHI R10, AX
	MOVL (R9)(AX*4), AX
	XORL SI, SI
	MOVL AX, BX
	ANDL $0x3fffffff, BX
	CMPL BX, R12
	CMOVLHI SI, BX
	CMPL AX, $0xc0000000
	SBBL SI, SI // all ones for an inline record
	ANDNL BX, SI, BX
	ADDQ R11, BX
	VMOVDQU 4(BX), Y2
	ANDNL (BX), SI, BX // bitmap of an overflowing record
	KMOVD SI, K2
	MOVL AX, R15
	SHRL $10, R15
	VMOVD R15, X1
	VMOVDQU8 Y1, K2, Y2
	MOVL $1, R15
	SHLXL AX, R15, R15
	ANDL SI, R15
	ORL R15, BX
	MOVL AX, R15
	SHRL $31, R15
	ANDL SI, R15
	SHRL $5, AX
	SHLXL AX, R15, R15
	ORL R15, BX
	KMOVD BX, K1
	VPEXPANDB.Z Y2, K1, Y2
	VPMOVZXBW Y2, Z2
	VPSLLW $8, Z2, Z2
	VPMULHUW Z5, Z2, Z2
	MOVQ DX, AX
	SHRQ $48, AX
	IMULL R13, AX
	SHRL $8, AX
	VPBROADCASTW AX, Z3
	VPSUBUSW Z2, Z3, Z3
	SHRQ $32, DX
	MOVWLZX DX, DX
	SHLQ $6, DX
	VMOVDQU64 (DI)(DX*1), Z4
	VPSUBUSW Z3, Z4, Z4
	VMOVDQU64 Z4, (DI)(DX*1)
	ADDQ $8, R8
	DECQ CX
	JNZ lower512Loop
	VZEROUPPER
	RET

// EXPAND spreads the next weights at BX over the lanes of the low byte of DX,
// eight lanes to a quadword dst, and moves on.
#define EXPAND(dst) \
	MOVBLZX DX, AX \
	PDEPQ R15, AX, R13 \
	POPCNTL AX, AX \
	MOVQ R13, SI \
	SHLQ $8, R13 \
	SUBQ SI, R13 \
	MOVQ (BX), SI \
	PDEPQ R13, SI, R13 \
	VMOVQ R13, dst \
	ADDQ AX, BX \
	SHRL $8, DX

// func lowerAVX2(acc *uint16, refs *Ref, n int, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32, factor uint16)
//
// The weights of an inline record are put where those of others are read from, so
// that there is no branch.
TEXT ·lowerAVX2(SB), NOSPLIT, $24-54
	MOVQ acc+0(FP), DI
	MOVQ refs+8(FP), R8
	MOVQ n+16(FP), CX
	MOVQ records+24(FP), R9
	MOVL lastRecord+32(FP), R10
	MOVQ overflow+40(FP), R11
	VPBROADCASTW factor+52(FP), Y5
	MOVL lastOverflow+48(FP), R12
	LEAQ inline-16(SP), R14
	MOVQ $0x0101010101010101, R15
lower256Loop:
	MOVL (R8), AX
	CMPL AX, R10
	CMOVLHI R10, AX
	MOVL (R9)(AX*4), AX
	MOVL AX, SI
	SHRL $10, SI
	VMOVD SI, X4
	VMOVDQU X4, (R14)
	// The bitmap of an inline record.
	MOVL $1, SI
	SHLXL AX, SI, SI
	MOVL AX, R13
	SHRL $5, R13
	MOVL AX, DX
	SHRL $31, DX
	SHLXL R13, DX, DX
	ORL DX, SI
	MOVL AX, BX
	ANDL $0x3fffffff, BX
	XORL DX, DX
	CMPL BX, R12
	CMOVLHI DX, BX
	CMPL AX, $0xc0000000
	CMOVLCS DX, BX // any that can be read
	LEAQ (R11)(BX*1), BX
	MOVL (BX), DX
	LEAQ 4(BX), BX
	CMOVLCS SI, DX
	CMOVQCS R14, BX
	EXPAND(X0)
	EXPAND(X1)
	EXPAND(X2)
	EXPAND(X3)
	VPUNPCKLQDQ X1, X0, X0
	VPUNPCKLQDQ X3, X2, X2
	VPMOVZXBW X0, Y0
	VPMOVZXBW X2, Y2
	VPSLLW $8, Y0, Y0
	VPSLLW $8, Y2, Y2
	VPMULHUW Y5, Y0, Y0
	VPMULHUW Y5, Y2, Y2
	MOVWLZX 6(R8), AX
	MOVWLZX factor+52(FP), R13
	IMULL R13, AX
	SHRL $8, AX // impact of the highest weight
	VMOVD AX, X4
	VPBROADCASTW X4, Y4
	VPSUBUSW Y0, Y4, Y0
	VPSUBUSW Y2, Y4, Y2
	MOVWLZX 4(R8), SI
	SHLQ $6, SI
	VMOVDQU (DI)(SI*1), Y1
	VMOVDQU 32(DI)(SI*1), Y3
	VPSUBUSW Y0, Y1, Y1
	VPSUBUSW Y2, Y3, Y3
	VMOVDQU Y1, (DI)(SI*1)
	VMOVDQU Y3, 32(DI)(SI*1)
	ADDQ $8, R8
	DECQ CX
	JNZ lower256Loop
	VZEROUPPER
	RET

// func approachAVX2(refs *Ref, n int, records *byte, lastRecord uint32, overflow *byte)
TEXT ·approachAVX2(SB), NOSPLIT, $0-40
	MOVQ refs+0(FP), R8
	MOVQ n+8(FP), CX
	MOVQ records+16(FP), R9
	MOVL lastRecord+24(FP), R10
	MOVQ overflow+32(FP), R11
	PREFETCHOVERFLOW(approachLoop)
	RET

// func spreadAVX2(acc, sums *uint16, blocks *uint32, n int)
TEXT ·spreadAVX2(SB), NOSPLIT, $0-32
	MOVQ acc+0(FP), DI
	MOVQ sums+8(FP), SI
	MOVQ blocks+16(FP), R8
	MOVQ n+24(FP), CX
spreadLoop:
	MOVL (R8), AX
	VPBROADCASTW (SI)(AX*2), Y0
	VMOVDQU Y0, (DI)
	VMOVDQU Y0, 32(DI)
	ADDQ $4, R8
	ADDQ $64, DI
	DECQ CX
	JNZ spreadLoop
	VZEROUPPER
	RET

// func keepAVX512(acc *uint16, blocks *uint32, n int, low uint16) int
TEXT ·keepAVX512(SB), NOSPLIT, $0-40
	MOVQ acc+0(FP), DI
	MOVQ blocks+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTW low+24(FP), Z1
	MOVQ DI, R8
	MOVQ SI, R9
keep512Loop:
	VMOVDQU64 (R8), Z0
	MOVL (R9), AX
	VMOVDQU64 Z0, (DI)
	MOVL AX, (SI)
	VPCMPUW $5, Z1, Z0, K1
	LEAQ 64(DI), R10
	LEAQ 4(SI), R11
	KORTESTD K1, K1
	CMOVQNE R10, DI
	CMOVQNE R11, SI
	ADDQ $64, R8
	ADDQ $4, R9
	DECQ CX
	JNZ keep512Loop
	SUBQ blocks+8(FP), SI
	SHRQ $2, SI
	MOVQ SI, ret+32(FP)
	VZEROUPPER
	RET

// func keepAVX2(acc *uint16, blocks *uint32, n int, low uint16) int
TEXT ·keepAVX2(SB), NOSPLIT, $0-40
	MOVQ acc+0(FP), DI
	MOVQ blocks+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTW low+24(FP), Y1
	MOVQ DI, R8
	MOVQ SI, R9
keep256Loop:
	VMOVDQU (R8), Y0
	VMOVDQU 32(R8), Y2
	MOVL (R9), AX
	VMOVDQU Y0, (DI)
	VMOVDQU Y2, 32(DI)
	MOVL AX, (SI)
	VPMAXUW Y2, Y0, Y0
	VPMAXUW Y1, Y0, Y2
	VPCMPEQW Y2, Y0, Y0
	LEAQ 64(DI), R10
	LEAQ 4(SI), R11
	VPTEST Y0, Y0
	CMOVQNE R10, DI
	CMOVQNE R11, SI
	ADDQ $64, R8
	ADDQ $4, R9
	DECQ CX
	JNZ keep256Loop
	SUBQ blocks+8(FP), SI
	SHRQ $2, SI
	MOVQ SI, ret+32(FP)
	VZEROUPPER
	RET

// func reachAVX2(masks *uint32, acc *uint16, n int, low uint16)
TEXT ·reachAVX2(SB), NOSPLIT, $0-26
	MOVQ masks+0(FP), DI
	MOVQ acc+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTW low+24(FP), Y1
reachLoop:
	VMOVDQU (SI), Y0
	VMOVDQU 32(SI), Y2
	VPMAXUW Y1, Y0, Y3
	VPMAXUW Y1, Y2, Y4
	VPCMPEQW Y3, Y0, Y0
	VPCMPEQW Y4, Y2, Y2
	VPACKSSWB Y2, Y0, Y0
	VPERMQ $0xd8, Y0, Y0
	VPMOVMSKB Y0, AX
	MOVL AX, (DI)
	ADDQ $4, DI
	ADDQ $64, SI
	DECQ CX
	JNZ reachLoop
	VZEROUPPER
	RET

// func pickAVX2(codes *byte, refs *Ref, n int, lanes *byte, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32)
//
// Both forms of a record are decoded and the right one chosen without a branch.
TEXT ·pickAVX2(SB), NOSPLIT, $0-60
	MOVQ codes+0(FP), DI
	MOVQ refs+8(FP), R8
	MOVQ lanes+24(FP), DX
	MOVQ records+32(FP), R9
	MOVL lastRecord+40(FP), R10
	MOVQ overflow+48(FP), R11
	MOVL lastOverflow+56(FP), R12
pickLoop:
	MOVL (R8), AX
	CMPL AX, R10
	CMOVLHI R10, AX
	MOVL (R9)(AX*4), AX
	XORL SI, SI
	MOVL AX, BX
	ANDL $0x3fffffff, BX
	CMPL BX, R12
	CMOVLHI SI, BX
	CMPL AX, $0xc0000000
	SBBL SI, SI // all ones for an inline record
	ANDNL BX, SI, BX
	MOVL (R11)(BX*1), R13 // bitmap of an overflowing record
	ADDQ R11, BX
	MOVL $1, R15
	SHLXL AX, R15, R15 // bitmap of an inline one
	BTL $31, AX
	SBBL R14, R14
	NEGL R14
	MOVL AX, CX
	SHRL $5, CX
	SHLXL CX, R14, R14
	ORL R14, R15
	TESTL SI, SI
	CMOVLNE R15, R13
	MOVWLZX 4(R8), CX
	MOVBLZX (DX)(CX*1), CX // lane
	BZHIL CX, R13, R15
	POPCNTL R15, R15 // weights before the lane's
	SHRXL CX, R13, CX
	ANDL $1, CX
	NEGL CX // all ones where the lane has a weight
	SHRL $10, AX
	MOVBLZX 4(BX)(R15*1), BX
	SHLL $3, R15
	SHRXL R15, AX, AX
	TESTL SI, SI
	CMOVLNE AX, BX
	ANDL CX, BX
	MOVB BX, (DI)
	INCQ DI
	ADDQ $8, R8
	DECQ n+16(FP)
	JNZ pickLoop
	RET

// func fetchAVX2(data *byte, lines int)
TEXT ·fetchAVX2(SB), NOSPLIT, $0-16
	MOVQ data+0(FP), SI
	MOVQ lines+8(FP), CX
fetchLoop:
	PREFETCHT0 (SI)
	ADDQ $64, SI
	DECQ CX
	JNZ fetchLoop
	RET

// func selectRangeAVX512(dst *uint32, v *uint16, n int, low, span uint16) int
TEXT ·selectRangeAVX512(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ v+8(FP), SI
	MOVQ n+16(FP), CX
	VPBROADCASTW low+24(FP), Z1
	VPBROADCASTW span+26(FP), Z2
	MOVQ DI, R10
	VPMOVZXBD firstLanes<>(SB), Z4
	MOVL $16, AX
	VPBROADCASTD AX, Z5
	VPXORQ Z6, Z6, Z6 // index of the first lane
	MOVL $32, AX
	VPBROADCASTD AX, Z7
range512Loop:
	VMOVDQU64 (SI), Z0
	VPSUBW Z1, Z0, Z0
	VPCMPUW $2, Z2, Z0, K1
	KORTESTD K1, K1
	JZ range512Next
	VPADDD Z4, Z6, Z8
	VPADDD Z5, Z8, Z9
	KSHIFTRD $16, K1, K2
	KMOVW K1, AX
	KMOVW K2, BX
	VPCOMPRESSD Z8, K1, Z8
	VPCOMPRESSD Z9, K2, Z9
	POPCNTL AX, AX
	POPCNTL BX, BX
	VMOVDQU32 Z8, (DI)
	LEAQ (DI)(AX*4), DI
	VMOVDQU32 Z9, (DI)
	LEAQ (DI)(BX*4), DI
range512Next:
	VPADDD Z7, Z6, Z6
	ADDQ $64, SI
	SUBQ $32, CX
	JNZ range512Loop
	SUBQ R10, DI
	SHRQ $2, DI
	MOVQ DI, ret+32(FP)
	VZEROUPPER
	RET

DATA firstLanes<>+0(SB)/8, $0x0706050403020100
DATA firstLanes<>+8(SB)/8, $0x0f0e0d0c0b0a0908
GLOBL firstLanes<>(SB), RODATA|NOPTR, $16
