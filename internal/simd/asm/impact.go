package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// impact holds the kernels that work on blocks of 32 rows. Package index/impact
// says what rows, counts, records and overflow are.
func impact(g *gen) {
	low := g.table("unpackedLow", 0, 1, 8, 9, 2, 3, 10, 11)
	high := g.table("unpackedHigh", 4, 5, 12, 13, 6, 7, 14, 15)
	sumRows(g, "sumRowsAVX2", g.YMM, func(g *gen) func(lo, hi, first, second reg.VecVirtual) {
		return func(lo, hi, first, second reg.VecVirtual) {
			g.VPERM2I128(Imm(0x20), hi, lo, first)
			g.VPERM2I128(Imm(0x31), hi, lo, second)
		}
	})
	sumRows(g, "sumRowsAVX512", g.ZMM, func(g *gen) func(lo, hi, first, second reg.VecVirtual) {
		// Quadwords of two unpacked vectors, back in the order of their bytes.
		orders := []reg.VecVirtual{g.ZMM(), g.ZMM()}
		g.VMOVDQU64(low, orders[0])
		g.VMOVDQU64(high, orders[1])
		return func(lo, hi, first, second reg.VecVirtual) {
			g.VMOVDQA64(orders[0], first)
			g.VMOVDQA64(orders[1], second)
			g.VPERMI2Q(hi, lo, first)
			g.VPERMI2Q(hi, lo, second)
		}
	})
	locate(g, "locateAVX2", func(g *gen) func(row, at, mask reg.GPVirtual) {
		zero := g.zeros(1, g.YMM)[0]
		equal, high := []reg.VecVirtual{g.YMM(), g.YMM()}, g.GP64()
		return func(row, at, mask reg.GPVirtual) {
			for i, v := range equal {
				g.VPCMPEQB(item(row, at, 1).Offset(32*i), zero, v)
			}
			g.VPMOVMSKB(equal[0], mask.As32())
			g.VPMOVMSKB(equal[1], high.As32())
			g.SHLQ(Imm(32), high)
			g.ORQ(high, mask)
			g.NOTQ(mask)
		}
	})
	locate(g, "locateAVX512", func(g *gen) func(row, at, mask reg.GPVirtual) {
		ones, k := g.ZMM(), g.K()
		g.VPTERNLOGD(Imm(0xff), ones, ones, ones)
		return func(row, at, mask reg.GPVirtual) {
			g.VPTESTMB(item(row, at, 1), ones, k)
			g.KMOVQ(k, mask)
		}
	})
	lowerAVX2(g)
	lowerAVX512(g)
	approach(g)
	pick(g)
	fetch(g)
	spread(g)
	keep(g, "keepAVX2", g.YMM, func(g *gen, v []reg.VecVirtual, low reg.VecVirtual) {
		g.VPMAXUW(v[1], v[0], v[0])
		g.VPMAXUW(low, v[0], v[1])
		g.VPCMPEQW(v[1], v[0], v[0])
	}, func(g *gen, v []reg.VecVirtual, _ reg.VecVirtual) { g.VPTEST(v[0], v[0]) })
	k := g.K()
	keep(g, "keepAVX512", g.ZMM, func(g *gen, v []reg.VecVirtual, low reg.VecVirtual) {
		g.VPCMPUW(Imm(notLess), low, v[0], k)
	}, func(g *gen, _ []reg.VecVirtual, _ reg.VecVirtual) { g.KORTESTD(k, k) })
	reach(g)
}

// sumRows goes through all rows for 64 blocks at a time. Unpacking above zero
// bytes multiplies by 256, as byteImpacts wants it. pair gives what puts the sums
// of the low and the high bytes of the vector's lanes back in order.
func sumRows(g *gen, name string, vector func() reg.VecVirtual, pair func(*gen) func(lo, hi, first, second reg.VecVirtual)) {
	g.begin(name, "func(sums *uint16, n int, data *byte, rows *int, count int, factors *uint16) uint16",
		"goes through all rows for 64 blocks at a time.")
	sums, n, data := g.argument("sums"), g.argument("n"), g.argument("data")
	rows, count, factors := g.argument("rows"), g.argument("count"), g.argument("factors")
	zeros := g.zeros(2, vector)
	zero, most := zeros[0], zeros[1]
	size := int(zero.Size())
	restore := pair(g)
	g.each(n, 64, func() {
		parts := g.zeros(128/size, vector)
		row, place, factor := g.GP64(), g.GP64(), vector()
		g.XORL(row.As32(), row.As32())
		g.Label(name + "Row")
		g.MOVQ(item(rows, row, 8), place)
		g.VPBROADCASTW(item(factors, row, 2), factor)
		weights := g.loads(item(data, place, 1), 64, vector)
		g.PREFETCHT0(item(data, place, 1).Offset(512))
		lo, hi := vector(), vector()
		for i, w := range weights {
			g.VPUNPCKLBW(w, zero, lo)
			g.VPUNPCKHBW(w, zero, hi)
			g.byteImpacts(lo, factor)
			g.byteImpacts(hi, factor)
			g.VPADDUSW(lo, parts[2*i], parts[2*i])
			g.VPADDUSW(hi, parts[2*i+1], parts[2*i+1])
		}
		g.INCQ(row)
		g.CMPQ(row, count)
		g.JNE(LabelRef(name + "Row"))
		totals := make([]reg.VecVirtual, len(parts))
		for i := 0; i < len(parts); i += 2 {
			totals[i], totals[i+1] = vector(), vector()
			restore(parts[i], parts[i+1], totals[i], totals[i+1])
		}
		for i, v := range totals {
			g.VPADDUSW(at(sums, size*i), v, v)
		}
		g.stores(totals, at(sums, 0))
		for _, v := range totals {
			g.VPMAXUW(v, most, most)
		}
	}, move{data, 64}, move{sums, 128})
	if size == 64 {
		high := g.YMM()
		g.VEXTRACTI64X4(Imm(1), most, high)
		g.VPMAXUW(high, most.AsY(), most.AsY())
	}
	g.returnGreatest(most)
	g.end()
}

// locate writes a Ref for every block; the next one overwrites it where the weight
// is 0. nonzero gives what makes a mask of the weights of 64 blocks that are not 0.
func locate(g *gen, name string, nonzero func(*gen) func(row, at, mask reg.GPVirtual)) {
	g.begin(name, "func(refs *uint64, row, counts, records *byte, blocks *uint32, n int) int",
		"writes a Ref for every block; the next one overwrites it where", "the weight is 0.")
	refs, row, counts := g.argument("refs"), g.argument("row"), g.argument("counts")
	records, blocks, n := g.argument("records"), g.argument("blocks"), g.argument("n")
	place, one := g.GP64(), g.GP64() // of the block, << 32
	g.XORL(place.As32(), place.As32())
	g.MOVQ(U32(1), one)
	g.SHLQ(Imm(32), one)
	next := g.copyOf(refs)
	masked := nonzero(g)
	block, group, mask, lane, behind := g.GP64(), g.GP64(), g.GP64(), g.GP64(), g.GP64()
	g.loop(n, 1, func() {
		g.MOVL(at(blocks, 0), block.As32())
		g.MOVL(block.As32(), group.As32())
		g.ANDQ(I8(-64), group)
		masked(row, group, mask)
		g.MOVL(block.As32(), lane.As32())
		g.ANDL(Imm(63), lane.As32())
		g.BZHIQ(lane, mask, mask)
		g.POPCNTQ(mask, mask) // weights of the group before this one
		g.SHRL(Imm(6), group.As32())
		g.ADDL(item(counts, group, 4), mask.As32())
		g.MOVBLZX(item(row, block, 1), block.As32())
		g.PREFETCHT0(item(records, mask, 4))
		g.ORQ(place, mask)
		g.SHLQ(Imm(48), block) // says whether the weight is 0
		g.LEAQ(item(mask, block, 1), mask)
		g.MOVQ(mask, at(next, 0))
		g.LEAQ(at(next, 8), behind)
		g.CMOVQNE(behind, next)
		g.ADDQ(one, place)
		g.ADDQ(Imm(4), blocks)
	})
	g.returnCount(next, refs, 3)
}

// Records and overflows beyond their ends are taken from the last and the first
// place.

// record makes of the number of a record the record.
func (g *gen) record(r, last, records reg.GPVirtual) {
	g.CMPL(r.As32(), last.As32())
	g.CMOVLHI(last.As32(), r.As32())
	g.MOVL(item(records, r, 4), r.As32())
}

// overflowing is the first record that is not inline; the rest of its bits says
// where in the overflow its bitmap and weights are.
const overflowing = U32(3 << 30)

// overflow gives the place in the overflow that a record says. For an inline record
// it is 1<<30 at least, and the carry is set.
func (g *gen) overflow(record reg.GPVirtual) reg.GPVirtual {
	place := g.GP64()
	g.MOVL(record.As32(), place.As32())
	g.SUBL(overflowing, place.As32())
	return place
}

// bitmap gives where the bitmap of a record lies if it overflows, else some place
// that can be read, and sets carry if it is inline. zero becomes 0.
func (g *gen) bitmap(record, last, overflow, zero reg.GPVirtual) reg.GPVirtual {
	g.XORL(zero.As32(), zero.As32())
	place := g.overflow(record)
	g.CMPL(place.As32(), last.As32())
	g.CMOVLHI(zero.As32(), place.As32())
	g.CMPL(record.As32(), overflowing)
	g.LEAQ(item(overflow, place, 1), place)
	return place
}

// inlineBitmap gives the lanes of an inline record.
func (g *gen) inlineBitmap(record reg.GPVirtual) reg.GPVirtual {
	lanes, second, lane := g.GP32(), g.GP32(), g.GP32()
	g.MOVL(U32(1), lanes)
	g.SHLXL(record.As32(), lanes, lanes)
	g.MOVL(record.As32(), second)
	g.SHRL(Imm(31), second)
	g.MOVL(record.As32(), lane)
	g.SHRL(Imm(5), lane)
	g.SHLXL(lane, second, second)
	g.ORL(second, lanes)
	return lanes
}

// inlineWeights gives the weights of an inline record, in its lowest bytes.
func (g *gen) inlineWeights(record reg.GPVirtual) reg.GPVirtual {
	weights := g.copyOf32(record.As32())
	g.SHRL(Imm(10), weights)
	return weights
}

const lowerSignature = "func(acc *uint16, refs *uint64, n int, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32, factor uint16)"

func lowerAVX512(g *gen) {
	g.begin("lowerAVX512", lowerSignature,
		"decodes both forms of a record and chooses the right one without", "a branch.")
	acc, refs, n := g.argument("acc"), g.argument("refs"), g.argument("n")
	records, lastRecord := g.argument("records"), g.argument64("lastRecord")
	overflow, lastOverflow := g.argument("overflow"), g.argument64("lastOverflow")
	factors, factor := g.words("factor", g.ZMM()), g.argument32("factor")
	g.each(n, 1, func() {
		ref, record := g.GP64(), g.GP64()
		g.MOVQ(at(refs, 0), ref)
		g.MOVL(ref.As32(), record.As32())
		g.record(record, lastRecord, records)
		inline := g.GP64()
		bitmap := g.bitmap(record, lastOverflow, overflow, inline)
		g.SBBL(inline.As32(), inline.As32()) // all ones for an inline record
		weights, own := g.ZMM(), g.ZMM()
		chosen, lanes := g.K(), g.K()
		g.VMOVDQU(at(bitmap, 4), weights.AsY())
		g.ANDNL(at(bitmap, 0), inline.As32(), bitmap.As32())
		g.KMOVD(inline.As32(), chosen)
		g.VMOVD(g.inlineWeights(record), own.AsX())
		g.VMOVDQU8(own.AsY(), chosen, weights.AsY())
		second := g.inlineBitmap(record)
		g.ANDL(inline.As32(), second)
		g.ORL(second, bitmap.As32())
		g.KMOVD(bitmap.As32(), lanes)
		g.VPEXPANDB_Z(weights.AsY(), lanes, weights.AsY())
		g.VPMOVZXBW(weights.AsY(), weights)
		g.wideImpacts(weights, factors)
		highest := g.copyOf(ref)
		g.SHRQ(Imm(48), highest)
		g.IMULL(factor, highest.As32())
		g.SHRL(Imm(8), highest.As32())
		drop, lowered := g.ZMM(), g.ZMM()
		g.VPBROADCASTW(highest.As32(), drop)
		g.VPSUBUSW(weights, drop, drop)
		g.SHRQ(Imm(32), ref)
		g.MOVWLZX(ref.As16(), ref.As32())
		g.SHLQ(Imm(6), ref)
		g.VMOVDQU64(item(acc, ref, 1), lowered)
		g.VPSUBUSW(drop, lowered, lowered)
		g.VMOVDQU64(lowered, item(acc, ref, 1))
	}, move{refs, 8})
	g.end()
}

func lowerAVX2(g *gen) {
	g.begin("lowerAVX2", lowerSignature,
		"puts the weights of an inline record where those of others are read", "from, so that there is no branch.")
	inline, own := g.AllocLocal(16), g.GP64()
	acc, refs, n := g.argument("acc"), g.argument("refs"), g.argument("n")
	records, lastRecord := g.argument("records"), g.argument64("lastRecord")
	overflow, lastOverflow := g.argument("overflow"), g.argument64("lastOverflow")
	factors, ones := g.words("factor", g.YMM()), g.GP64()
	g.LEAQ(inline, own)
	g.MOVQ(U64(0x0101010101010101), ones)
	g.each(n, 1, func() {
		record := g.GP64()
		g.MOVL(at(refs, 0), record.As32())
		g.record(record, lastRecord, records)
		x := g.XMM()
		g.VMOVD(g.inlineWeights(record), x)
		g.VMOVDQU(x, at(own, 0))
		inlineLanes := g.inlineBitmap(record)
		lanes := g.GP64()
		weights := g.bitmap(record, lastOverflow, overflow, lanes)
		g.MOVL(at(weights, 0), lanes.As32())
		g.LEAQ(at(weights, 4), weights)
		g.CMOVLCS(inlineLanes, lanes.As32())
		g.CMOVQCS(own, weights)
		quads := []reg.VecVirtual{g.XMM(), g.XMM(), g.XMM(), g.XMM()}
		for _, q := range quads {
			g.expand(q, weights, lanes, ones)
		}
		drops := []reg.VecVirtual{g.YMM(), g.YMM()}
		for i := range drops {
			g.VPUNPCKLQDQ(quads[2*i+1], quads[2*i], quads[2*i])
		}
		for i, v := range drops {
			g.VPMOVZXBW(quads[2*i], v)
		}
		for _, v := range drops {
			g.wideImpacts(v, factors)
		}
		highest, factor, most := g.GP32(), g.argument32("factor"), g.YMM()
		g.MOVWLZX(at(refs, 6), highest)
		g.IMULL(factor, highest)
		g.SHRL(Imm(8), highest)
		g.VMOVD(highest, most.AsX())
		g.VPBROADCASTW(most.AsX(), most)
		for _, v := range drops {
			g.VPSUBUSW(v, most, v)
		}
		block := g.GP64()
		g.MOVWLZX(at(refs, 4), block.As32())
		g.SHLQ(Imm(6), block)
		lowered := g.loads(item(acc, block, 1), 64, g.YMM)
		for i, v := range lowered {
			g.VPSUBUSW(drops[i], v, v)
		}
		g.stores(lowered, item(acc, block, 1))
	}, move{refs, 8})
	g.end()
}

// expand spreads the next weights over the lanes of the low byte of lanes, eight
// lanes to a quadword, and moves both on. ones are eight bytes of 1.
func (g *gen) expand(dst reg.VecVirtual, weights, lanes, ones reg.GPVirtual) {
	n, filled, ends := g.GP64(), g.GP64(), g.GP64()
	g.MOVBLZX(lanes.As8(), n.As32())
	g.PDEPQ(ones, n, filled)
	g.POPCNTL(n.As32(), n.As32())
	g.MOVQ(filled, ends)
	g.SHLQ(Imm(8), filled)
	g.SUBQ(ends, filled)
	g.MOVQ(at(weights, 0), ends)
	g.PDEPQ(filled, ends, filled)
	g.VMOVQ(filled, dst)
	g.ADDQ(n, weights)
	g.SHRL(Imm(8), lanes.As32())
}

func approach(g *gen) {
	g.begin("approachAVX2", "func(refs *uint64, n int, records *byte, lastRecord uint32, overflow *byte)",
		"asks for the overflow of all records of the refs.")
	refs, n := g.argument("refs"), g.argument("n")
	records, last, overflow := g.argument("records"), g.argument64("lastRecord"), g.argument("overflow")
	zero, record := g.GP64(), g.GP64()
	g.XORL(zero.As32(), zero.As32())
	g.each(n, 1, func() {
		g.MOVL(at(refs, 0), record.As32())
		g.record(record, last, records)
		place := g.overflow(record)
		g.CMOVLCS(zero.As32(), place.As32())
		g.PREFETCHT0(item(overflow, place, 1))
	}, move{refs, 8})
	g.RET()
}

func pick(g *gen) {
	g.begin("pickAVX2", "func(codes *byte, refs *uint64, n int, lanes *byte, records *byte, lastRecord uint32, overflow *byte, lastOverflow uint32)",
		"decodes both forms of a record and chooses the right one without a", "branch.")
	codes, refs, lanes := g.argument("codes"), g.argument("refs"), g.argument("lanes")
	records, lastRecord := g.argument("records"), g.argument64("lastRecord")
	overflow, lastOverflow := g.argument("overflow"), g.argument64("lastOverflow")
	g.each(g.place(g.Param("n")), 1, func() { // too many registers are in use to count in one
		record := g.GP64()
		g.MOVL(at(refs, 0), record.As32())
		g.record(record, lastRecord, records)
		inline := g.GP64()
		weights := g.bitmap(record, lastOverflow, overflow, inline)
		g.SBBL(inline.As32(), inline.As32()) // all ones for an inline record
		bitmap := g.GP32()
		g.MOVL(at(weights, 0), bitmap)
		own := g.inlineBitmap(record)
		g.TESTL(inline.As32(), inline.As32())
		g.CMOVLNE(own, bitmap)
		lane, before := g.GP64(), g.GP64()
		g.MOVWLZX(at(refs, 4), lane.As32())
		g.MOVBLZX(item(lanes, lane, 1), lane.As32())
		g.BZHIL(lane.As32(), bitmap, before.As32())
		g.POPCNTL(before.As32(), before.As32())
		g.SHRXL(lane.As32(), bitmap, lane.As32())
		g.ANDL(Imm(1), lane.As32())
		g.NEGL(lane.As32()) // all ones where the lane has a weight
		code := g.GP32()
		g.SHRL(Imm(10), record.As32())
		g.MOVBLZX(item(weights, before, 1).Offset(4), code)
		g.SHLL(Imm(3), before.As32())
		g.SHRXL(before.As32(), record.As32(), record.As32())
		g.TESTL(inline.As32(), inline.As32())
		g.CMOVLNE(record.As32(), code)
		g.ANDL(lane.As32(), code)
		g.MOVB(code.As8(), at(codes, 0))
	}, move{codes, 1}, move{refs, 8})
	g.RET()
}

func fetch(g *gen) {
	g.begin("fetchAVX2", "func(data *byte, lines int)", "asks for lines of 64 bytes.")
	data, lines := g.argument("data"), g.argument("lines")
	g.each(lines, 1, func() { g.PREFETCHT0(at(data, 0)) }, move{data, 64})
	g.RET()
}

func spread(g *gen) {
	g.begin("spreadAVX2", "func(acc, sums *uint16, blocks *uint32, n int)", "writes a block at a time.")
	acc, sums, blocks, n := g.argument("acc"), g.argument("sums"), g.argument("blocks"), g.argument("n")
	block, v := g.GP64(), g.YMM()
	g.each(n, 1, func() {
		g.MOVL(at(blocks, 0), block.As32())
		g.VPBROADCASTW(item(sums, block, 2), v)
		g.stores([]reg.VecVirtual{v, v}, at(acc, 0))
	}, move{blocks, 4}, move{acc, 64})
	g.end()
}

// keep moves every block to the front; the next one overwrites it where no lane is
// high enough. compare and test leave the zero flag clear where one is. Its loop is
// not aligned: that took 7 % longer.
func keep(g *gen, name string, vector func() reg.VecVirtual, compare, test func(g *gen, v []reg.VecVirtual, low reg.VecVirtual)) {
	g.begin(name, "func(acc *uint16, blocks *uint32, n int, low uint16) int",
		"moves every block to the front; the next one overwrites it where no", "lane is high enough.")
	acc, blocks, n, low := g.argument("acc"), g.argument("blocks"), g.argument("n"), g.words("low", vector())
	from, end := g.copyOf(acc), g.GP64()
	g.LEAQ(item(blocks, n, 4), end)
	g.NEGQ(n) // counts up, from the end
	id, nextAcc, nextBlocks := g.GP32(), g.GP64(), g.GP64()
	g.Label(name + "Loop")
	v := g.loads(at(from, 0), 64, vector)
	g.MOVL(item(end, n, 4), id)
	g.stores(v, at(acc, 0))
	g.MOVL(id, at(blocks, 0))
	compare(g, v, low)
	g.LEAQ(at(acc, 64), nextAcc)
	g.LEAQ(at(blocks, 4), nextBlocks)
	test(g, v, low)
	g.CMOVQNE(nextAcc, acc)
	g.CMOVQNE(nextBlocks, blocks)
	g.ADDQ(Imm(64), from)
	g.INCQ(n)
	g.JNZ(LabelRef(name + "Loop"))
	g.returnCount(blocks, g.place(g.Param("blocks")), 2)
}

func reach(g *gen) {
	g.begin("reachAVX2", "func(masks *uint32, acc *uint16, n int, low uint16)", "makes the mask of a block at a time.")
	masks, acc, n, low := g.argument("masks"), g.argument("acc"), g.argument("n"), g.words("low", g.YMM())
	greater, mask := []reg.VecVirtual{g.YMM(), g.YMM()}, g.GP32()
	g.each(n, 1, func() {
		v := g.loads(at(acc, 0), 64, g.YMM)
		for i := range v {
			g.VPMAXUW(low, v[i], greater[i])
		}
		for i := range v {
			g.VPCMPEQW(greater[i], v[i], v[i])
		}
		g.VPACKSSWB(v[1], v[0], v[0])
		g.VPERMQ(Imm(0xd8), v[0], v[0])
		g.VPMOVMSKB(v[0], mask)
		g.MOVL(mask, at(masks, 0))
	}, move{masks, 4}, move{acc, 64})
	g.end()
}
