package simd

import (
	"encoding/binary"
	"math/bits"
)

// The kernels of this file work on blocks of BlockLanes rows, each lane of a
// block having a score of 16 bits. The impact of an 8-bit weight w under a factor
// f is w·f/256, rounded down. Package index/impact says what rows, counts,
// records and overflow are.

// BlockLanes is the number of rows of a block.
const BlockLanes = 32

// RowLanes divides the number of bytes of a row, one a block.
const RowLanes = 64

// recordSlack is how many readable bytes there must be from the bitmap of any
// overflowing record on.
const recordSlack = 4 + BlockLanes

// A Ref leads to the record of one term in one block: the place of the record
// (32 bits), the place of the block's lanes (16 bits), the highest weight there.
type Ref uint64

// NewRef puts a Ref together.
func NewRef(record uint32, block int, highest byte) Ref {
	return Ref(record) | Ref(block)<<32 | Ref(highest)<<48
}

// SumRows adds to each sums[i] the impacts of data[rows[j]+i] under factors[j]
// over all j, stopping at 65535, and returns the greatest sum. len(sums) is a
// multiple of RowLanes.
func SumRows(sums []uint16, data []byte, rows []int, factors []uint16) uint16 {
	if len(sums) == 0 {
		return 0
	}
	for _, at := range rows {
		_ = data[at : at+len(sums)]
	}
	_ = factors[:len(rows)]
	if bmi2 && len(sums)%RowLanes == 0 && len(rows) > 0 {
		if avx512 {
			return sumRowsAVX512(&sums[0], len(sums), &data[0], &rows[0], len(rows), &factors[0])
		}
		return sumRowsAVX2(&sums[0], len(sums), &data[0], &rows[0], len(rows), &factors[0])
	}
	if len(rows) == 0 {
		return Max(sums)
	}
	return sumRowsScalar(sums, data, rows, factors)
}

// Locate writes for each of the ascending blocks in which row has a weight the
// Ref of its record, and returns how many there are. counts holds, little-endian
// in four bytes, for each 64 blocks the number of records before them. refs is
// as long as blocks. It asks for the records to be brought near.
func Locate(refs []Ref, row, counts, records []byte, blocks []uint32) int {
	if len(blocks) == 0 {
		return 0
	}
	last := int(blocks[len(blocks)-1])
	_, _, _ = row[last|(RowLanes-1)], counts[last/RowLanes*4+3], refs[len(blocks)-1]
	if bmi2 && len(records) > 0 {
		if avx512 {
			return locateAVX512((*uint64)(&refs[0]), &row[0], &counts[0], &records[0], &blocks[0], len(blocks))
		}
		return locateAVX2((*uint64)(&refs[0]), &row[0], &counts[0], &records[0], &blocks[0], len(blocks))
	}
	return locateScalar(refs, row, counts, blocks)
}

// Lower takes, in the lanes of each Ref's block, the impact of the highest weight
// away and that of the lane's own weight in: what a lane has above the two. Lanes
// stay at 0 or above. acc has BlockLanes lanes for each block that a Ref names. A
// record beyond records is the last one, an overflow beyond overflow the first.
func Lower(acc []uint16, refs []Ref, records, overflow []byte, factor uint16) {
	if len(refs) == 0 || len(records) < 4 || len(overflow) < recordSlack {
		return
	}
	_ = acc[int(uint16(refs[len(refs)-1]>>32))*BlockLanes+BlockLanes-1] // blocks ascend
	if bmi2 {
		if avx512 {
			lowerAVX512(&acc[0], (*uint64)(&refs[0]), len(refs), &records[0], uint32(len(records)/4-1), &overflow[0], uint32(len(overflow)-recordSlack), factor)
		} else {
			lowerAVX2(&acc[0], (*uint64)(&refs[0]), len(refs), &records[0], uint32(len(records)/4-1), &overflow[0], uint32(len(overflow)-recordSlack), factor)
		}
		return
	}
	lowerScalar(acc, refs, records, overflow, factor)
}

// Approach asks for what the records of refs point to to be brought near, for Lower.
func Approach(refs []Ref, records, overflow []byte) {
	if bmi2 && len(refs) > 0 && len(records) >= 4 && len(overflow) > 0 {
		approachAVX2((*uint64)(&refs[0]), len(refs), &records[0], uint32(len(records)/4-1), &overflow[0])
	}
}

// Pick writes, for the record of each Ref, the weight of one lane to codes, 0 for
// none: that of lanes[i] for a Ref to the i-th block. What lies beyond records or
// overflow is taken as by Lower. Blocks do not descend.
func Pick(codes []byte, refs []Ref, lanes, records, overflow []byte) {
	if len(refs) == 0 || len(records) < 4 || len(overflow) < recordSlack {
		clear(codes)
		return
	}
	_, _ = codes[len(refs)-1], lanes[uint16(refs[len(refs)-1]>>32)]
	if bmi2 {
		pickAVX2(&codes[0], (*uint64)(&refs[0]), len(refs), &lanes[0], &records[0], uint32(len(records)/4-1), &overflow[0], uint32(len(overflow)-recordSlack))
		return
	}
	pickScalar(codes, refs, lanes, records, overflow)
}

// Fetch asks for size bytes of data from at on to be brought near, as far as there
// are any.
func Fetch(data []byte, at, size int) {
	const line = 64
	if size = min(size, len(data)-at); bmi2 && at >= 0 && size > 0 {
		fetchAVX2(&data[at], (size+line-1)/line)
	}
}

// Spread sets the lanes of the i-th block to sums[blocks[i]]. blocks ascend.
func Spread(acc, sums []uint16, blocks []uint32) {
	if len(blocks) == 0 {
		return
	}
	_, _ = acc[len(blocks)*BlockLanes-1], sums[blocks[len(blocks)-1]]
	if bmi2 {
		spreadAVX2(&acc[0], &sums[0], &blocks[0], len(blocks))
		return
	}
	spreadScalar(acc, sums, blocks)
}

// Keep moves the blocks that have a lane of at least low, and their lanes, to the
// front and returns how many there are.
func Keep(acc []uint16, blocks []uint32, low uint16) int {
	if len(blocks) == 0 {
		return 0
	}
	_ = acc[len(blocks)*BlockLanes-1]
	if bmi2 {
		if avx512 {
			return keepAVX512(&acc[0], &blocks[0], len(blocks), low)
		}
		return keepAVX2(&acc[0], &blocks[0], len(blocks), low)
	}
	return keepScalar(acc, blocks, low)
}

// Reach says in masks[i] which lanes of the i-th block are at least low.
func Reach(masks []uint32, acc []uint16, low uint16) {
	if len(masks) == 0 {
		return
	}
	_ = acc[len(masks)*BlockLanes-1]
	if bmi2 {
		reachAVX2(&masks[0], &acc[0], len(masks), low)
		return
	}
	reachScalar(masks, acc, low)
}

func impact(w byte, factor uint16) uint32 { return uint32(w) * uint32(factor) >> 8 }

func sumRowsScalar(sums []uint16, data []byte, rows []int, factors []uint16) (most uint16) {
	for j, at := range rows {
		for i, w := range data[at : at+len(sums)] {
			sums[i] = uint16(min(uint32(sums[i])+impact(w, factors[j]), 1<<16-1))
		}
	}
	return maxScalar(sums)
}

func locateScalar(refs []Ref, row, counts []byte, blocks []uint32) int {
	n := 0
	for i, b := range blocks {
		highest := row[b]
		if highest == 0 {
			continue
		}
		at := binary.LittleEndian.Uint32(counts[b/RowLanes*4:])
		for _, w := range row[b&^(RowLanes-1) : b] {
			if w != 0 {
				at++
			}
		}
		refs[n] = NewRef(at, i, highest)
		n++
	}
	return n
}

// Decode writes the weights of a record to weights and returns the bitmap of
// their lanes.
func Decode(weights *[BlockLanes]byte, record uint32, overflow []byte) (lanes uint32) {
	if record>>30 == 3 {
		at := record & (1<<30 - 1)
		if int(at) > len(overflow)-recordSlack {
			at = 0
		}
		lanes = binary.LittleEndian.Uint32(overflow[at:])
		copy(weights[:], overflow[at+4:])
		return lanes
	}
	weights[0], weights[1] = byte(record>>10), byte(record>>18)
	first, second := record&31, record>>5&31
	lanes = 1<<first | record>>31<<second
	return lanes
}

func lowerScalar(acc []uint16, refs []Ref, records, overflow []byte, factor uint16) {
	var weights [BlockLanes]byte
	for _, ref := range refs {
		at := min(int(uint32(ref)), len(records)/4-1)
		lanes := Decode(&weights, binary.LittleEndian.Uint32(records[4*at:]), overflow)
		drop := impact(byte(ref>>48), factor)
		n := 0
		for i := range acc[int(uint16(ref>>32))*BlockLanes:][:BlockLanes] {
			lane := &acc[int(uint16(ref>>32))*BlockLanes+i]
			own := uint32(0)
			if lanes>>i&1 != 0 {
				own = impact(weights[n], factor)
				n++
			}
			*lane -= uint16(min(uint32(*lane), drop-min(drop, own)))
		}
	}
}

func pickScalar(codes []byte, refs []Ref, lanes, records, overflow []byte) {
	var weights [BlockLanes]byte
	for i, ref := range refs {
		at := min(int(uint32(ref)), len(records)/4-1)
		all, lane := Decode(&weights, binary.LittleEndian.Uint32(records[4*at:]), overflow), lanes[uint16(ref>>32)]&(BlockLanes-1)
		codes[i] = 0
		if all>>lane&1 != 0 {
			codes[i] = weights[bits.OnesCount32(all&(1<<lane-1))]
		}
	}
}

func spreadScalar(acc, sums []uint16, blocks []uint32) {
	for i, b := range blocks {
		lanes := acc[i*BlockLanes:][:BlockLanes]
		for j := range lanes {
			lanes[j] = sums[b]
		}
	}
}

func keepScalar(acc []uint16, blocks []uint32, low uint16) int {
	n := 0
	for i, b := range blocks {
		lanes := acc[i*BlockLanes:][:BlockLanes]
		if maxScalar(lanes) >= low {
			copy(acc[n*BlockLanes:], lanes)
			blocks[n] = b
			n++
		}
	}
	return n
}

func reachScalar(masks []uint32, acc []uint16, low uint16) {
	for i := range masks {
		masks[i] = 0
		for j, a := range acc[i*BlockLanes:][:BlockLanes] {
			if a >= low {
				masks[i] |= 1 << j
			}
		}
	}
}
