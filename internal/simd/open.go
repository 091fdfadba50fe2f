package simd

// Range is what a row of codes is opened by: each code is so many steps above the least number.
type Range struct{ Least, Step float32 }

// OpenBytes sets rows of dst, Columns numbers each, to what as many bytes of codes stand for, by a
// range for each row.
func OpenBytes(dst []float32, codes []byte, ranges []Range) {
	if len(ranges) == 0 {
		return
	}
	_, _ = dst[len(ranges)*Columns-1], codes[len(ranges)*Columns-1]
	if fma {
		openBytesAVX2(&dst[0], &codes[0], &ranges[0].Least, len(ranges))
		return
	}
	openBytesScalar(dst, codes, ranges)
}

func openBytesScalar(dst []float32, codes []byte, ranges []Range) {
	for r, of := range ranges {
		row := dst[r*Columns:][:Columns]
		for i, c := range codes[r*Columns:][:Columns] {
			row[i] = multiplyAdd(float32(c), of.Step, of.Least)
		}
	}
}

// OpenHalfBytes is OpenBytes for codes of 4 bits: a byte holds a number of the first half of a row in
// its low bits and one of the second in its high bits.
func OpenHalfBytes(dst []float32, codes []byte, ranges []Range) {
	if len(ranges) == 0 {
		return
	}
	_, _ = dst[len(ranges)*Columns-1], codes[len(ranges)*Columns/2-1]
	if fma {
		openHalfBytesAVX2(&dst[0], &codes[0], &ranges[0].Least, len(ranges))
		return
	}
	openHalfBytesScalar(dst, codes, ranges)
}

func openHalfBytesScalar(dst []float32, codes []byte, ranges []Range) {
	for r, of := range ranges {
		row := dst[r*Columns:][:Columns]
		for i, c := range codes[r*Columns/2:][:Columns/2] {
			row[i] = multiplyAdd(float32(c&15), of.Step, of.Least)
			row[Columns/2+i] = multiplyAdd(float32(c>>4), of.Step, of.Least)
		}
	}
}
