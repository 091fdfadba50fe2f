package simd

import (
	"encoding/binary"
	"math"
)

// DotStep divides the number of numbers of a row that the Dot kernels take: rows and
// query are padded with zeros.
const DotStep = 16

// DotFloat sets dst[i] to the inner product of a query with row i of rows, which lie
// one after the other as little-endian numbers, each of as many as the query has: a
// multiple of DotStep.
// Products are rounded, then added in an order that is the same on every machine.
func DotFloat(dst, query []float32, rows []byte) {
	n, stride, pairs := dotShape(len(dst), len(query), len(rows), 4)
	if n == 0 || !avx2 {
		dotScalar(dst, query, func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(rows[4*i:])) })
		return
	}
	if pairs > 0 {
		dotsFloatAVX2(&dst[0], &query[0], &rows[0], n/DotStep, stride, pairs)
	}
	if len(dst)%2 == 1 { // the last is half of a pair
		var two [2]float32
		dotsFloatAVX2(&two[0], &query[0], &rows[4*(len(dst)-1)*n], n/DotStep, 0, 1)
		dst[len(dst)-1] = two[0]
	}
}

// DotHalf is DotFloat for rows of half-precision floats.
func DotHalf(dst, query []float32, rows []byte) {
	n, stride, pairs := dotShape(len(dst), len(query), len(rows), 2)
	if n == 0 || !f16c {
		dotScalar(dst, query, func(i int) float32 { return FromHalf(binary.LittleEndian.Uint16(rows[2*i:])) })
		return
	}
	if pairs > 0 {
		dotsHalfAVX2(&dst[0], &query[0], &rows[0], n/DotStep, stride, pairs)
	}
	if len(dst)%2 == 1 {
		var two [2]float32
		dotsHalfAVX2(&two[0], &query[0], &rows[2*(len(dst)-1)*n], n/DotStep, 0, 1)
		dst[len(dst)-1] = two[0]
	}
}

// DotByte is DotFloat for whole numbers. No sum exceeds 31 bits: see QuerySteps.
func DotByte(dst []int32, query []int16, rows []byte) {
	n, stride, pairs := dotShape(len(dst), len(query), len(rows), 1)
	if n == 0 || !avx2 {
		dotByteScalar(dst, query, rows)
		return
	}
	if pairs > 0 {
		dotsByteAVX2(&dst[0], &query[0], &rows[0], n/DotStep, stride, pairs)
	}
	if len(dst)%2 == 1 {
		var two [2]int32
		dotsByteAVX2(&two[0], &query[0], &rows[(len(dst)-1)*n], n/DotStep, 0, 1)
		dst[len(dst)-1] = two[0]
	}
}

// QuerySteps is the greatest number of a query of n numbers that DotByte takes with
// rows of up to 127.
func QuerySteps(n int) int { return min(math.MaxInt16, math.MaxInt32/(127*max(n, 1))) }

func dotByteScalar(dst []int32, query []int16, rows []byte) {
	for row := range dst {
		sum := int32(0)
		for i, q := range query {
			sum += int32(q) * int32(int8(rows[row*len(query)+i]))
		}
		dst[row] = sum
	}
}

// dotShape checks that the rows are there; n is 0 where there is nothing to do, or
// less than a pair.
func dotShape(dst, query, rows, size int) (n, stride, pairs int) {
	if query%DotStep != 0 || rows < dst*query*size {
		panic("simd: rows of a product are too short")
	}
	if dst == 0 || query == 0 {
		return 0, 0, 0
	}
	if dst == 1 {
		return query, 0, 0
	}
	return query, query * size, dst / 2
}

func dotScalar(dst, query []float32, number func(i int) float32) {
	for row := range dst {
		var lanes [DotStep]float32
		for i, q := range query {
			lanes[i%DotStep] += float32(q * number(row*len(query)+i))
		}
		for half := DotStep / 2; half > 0; half /= 2 {
			for i := range half {
				lanes[i] += lanes[i+half]
			}
		}
		dst[row] = lanes[0]
	}
}

// FromHalf is the value of a half-precision float.
func FromHalf(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exp {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*(1./(1<<24))))
	case 31:
		return math.Float32frombits(sign | 255<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// ToHalf is the nearest half-precision float, ties to even; infinite where x is too
// great.
func ToHalf(x float32) uint16 {
	b := math.Float32bits(x)
	sign := uint16(b >> 16 & 0x8000)
	b &= 1<<31 - 1
	switch {
	case b > 255<<23:
		return sign | 0x7e00
	case b >= 143<<23: // 65536
		return sign | 0x7c00
	case b < 113<<23: // below 2⁻¹⁴: a whole number of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(b))*(1<<24)))
	}
	b += 0xfff + b>>13&1
	return sign | uint16((b-112<<23)>>13)
}

// EstimateRows is how many rows a block of Estimate has.
const EstimateRows = 32

// Estimate adds up tables of 16 bytes: for each row of a block the entries that its
// codes of four bits choose, one a table, and compares estimates with a bound. Of a
// block codes hold 16 bytes a table, the rows 0 to 15 in the low halves of the bytes,
// 16 to 31 in the high ones; factors holds 32 factors, then 32 offsets,
// little-endian float32. masks gets a bit
// for each row for which
//
//	(sum · unit + start) · factor + offset ≥ least
//
// does not fail, sums the sums. The number of tables is even, and no sum exceeds 65535;
// masks has one entry a block, sums 32.
func Estimate(masks []uint32, sums []uint16, codes, tables, factors []byte, unit, start, least float32) {
	if len(tables)%32 != 0 || len(sums) < EstimateRows*len(masks) || len(codes) < len(tables)*len(masks) || len(factors) < 8*EstimateRows*len(masks) {
		panic("simd: blocks of codes are too short")
	}
	if len(masks) == 0 || len(tables) == 0 {
		return
	}
	if avx2 {
		estimateAVX2(&masks[0], &sums[0], &codes[0], &tables[0], &factors[0], len(tables)/32, len(masks), unit, start, least)
		return
	}
	estimateScalar(masks, sums, codes, tables, factors, unit, start, least)
}

func estimateScalar(masks []uint32, sums []uint16, codes, tables, factors []byte, unit, start, least float32) {
	for b := range masks {
		code := codes[b*len(tables):][:len(tables)]
		f := factors[8*EstimateRows*b:][:8*EstimateRows]
		factor := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(f[4*i:])) }
		masks[b] = 0
		for row := range EstimateRows {
			sum := uint16(0)
			for t := 0; t < len(tables); t += 16 {
				sum += uint16(tables[t+int(code[t+row%16]>>(row/16*4)&15)])
			}
			sums[EstimateRows*b+row] = sum
			x := float32(float32(sum)*unit) + start
			x = float32(x*factor(row)) + factor(EstimateRows+row)
			if !(x < least) {
				masks[b] |= 1 << row
			}
		}
	}
}
