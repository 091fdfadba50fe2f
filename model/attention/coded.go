package attention

import (
	"math"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
)

// Group is how many tokens are coded together.
const Group = 6 * Page

// Coded are keys and values of a head in 8 or 4 bits a number, of whole groups of tokens. A key's
// numbers are each coded with those of the same channel in other tokens, since some channels of keys
// are far greater than others in every token; a value's with those of the same token, since tokens
// are added by weights and one must not spoil another (KIVI: Liu et al. 2024, 2402.02750).
//
// A range of numbers is a least one and a step, in half precision, and for each number how many steps
// it is above. Ranges are a group of tokens or a value in 8 bits, 32 numbers in 4 bits: .26 to .28 and
// .16 of what float32 takes.
type Coded struct {
	bits, size   int
	groups       int
	keys, values []byte // by group and page or panel, row by row: of a key the channels, of a value the tokens
	ranges       [2][]half
}

// half is a least number and a step.
type half struct{ least, step uint16 }

// fine is how many numbers share a range where they have 4 bits.
const fine = 2 * Page

// NewCoded has nothing yet.
func NewCoded(bits, size int) *Coded { return &Coded{bits: bits, size: size} }

// N is how many tokens it holds.
func (c *Coded) N() int { return c.groups * Group }

// Bytes is what it holds.
func (c *Coded) Bytes() int {
	return len(c.keys) + len(c.values) + 4*(len(c.ranges[0])+len(c.ranges[1]))
}

// Clone is one of its own.
func (c *Coded) Clone() *Coded {
	o := *c
	o.keys, o.values = slices.Clone(c.keys), slices.Clone(c.values)
	for i := range o.ranges {
		o.ranges[i] = slices.Clone(c.ranges[i])
	}
	return &o
}

// shared is how many pages of a group, or panels of a value, have their ranges in common.
func (c *Coded) shared() int {
	if c.bits == 8 {
		return max(Group, c.size) / Page
	}
	return fine / Page
}

// sets is how many ranges a channel has in so many pages, or a token in so many panels.
func (c *Coded) sets(pages int) int { return (pages + c.shared() - 1) / c.shared() }

// Add codes a group: keys packed as simd.Pack does, values by panel, a row of Page numbers a token.
func (c *Coded) Add(keys []float32, values [][]float32) {
	pages, panels := make([][]float32, Group/Page), make([][]float32, len(values))
	for i := range pages {
		pages[i] = keys[i*Page*c.size:][:Page*c.size]
	}
	for i, v := range values {
		panels[i] = v[:Group*Page]
	}
	c.keys, c.ranges[0] = c.code(c.keys, c.ranges[0], pages)
	c.values, c.ranges[1] = c.code(c.values, c.ranges[1], panels)
	c.groups++
}

// code codes pages of rows of Page numbers; rows of the same number in shared pages have one range.
func (c *Coded) code(codes []byte, ranges []half, pages [][]float32) ([]byte, []half) {
	rows := len(pages[0]) / Page
	for from := 0; from < len(pages); from += c.shared() {
		some := pages[from:min(len(pages), from+c.shared())]
		first := len(ranges)
		for r := range rows {
			least, most := some[0][r*Page], some[0][r*Page]
			for _, page := range some {
				for _, x := range page[r*Page:][:Page] {
					least, most = min(least, x), max(most, x)
				}
			}
			ranges = append(ranges, rangeOf(least, most, c.bits))
		}
		for _, page := range some {
			for r := range rows {
				codes = c.appendRow(codes, page[r*Page:][:Page], ranges[first+r])
			}
		}
	}
	return codes, ranges
}

// appendRow codes a row. In 4 bits a byte has a number of the first half of a row below one of the second.
func (c *Coded) appendRow(codes []byte, row []float32, h half) []byte {
	var whole [Page]byte
	least, step, top := fromHalf(h.least), fromHalf(h.step), float32(int(1)<<c.bits-1)
	for i, x := range row {
		if step > 0 {
			whole[i] = byte(max(0, min(top, float32(math.RoundToEven(float64((x-least)/step))))))
		}
	}
	if c.bits == 8 {
		return append(codes, whole[:]...)
	}
	for i := range Page / 2 {
		codes = append(codes, whole[i]|whole[Page/2+i]<<4)
	}
	return codes
}

// Open sets keys and values to those of groups from one on up to another, laid out as Add takes them.
func (c *Coded) Open(keys []float32, values [][]float32, from, to int) {
	some := make([][]float32, len(values))
	for g := from; g < to; g++ {
		for p, v := range values {
			some[p] = v[(g-from)*Group*Page:]
		}
		c.OpenKeys(keys[(g-from)*Group*c.size:], g)
		c.OpenValues(some, g)
	}
}

// OpenKeys sets keys to those of a group.
func (c *Coded) OpenKeys(keys []float32, group int) {
	const pages = Group / Page
	var room [256]simd.Range
	ranges := room[:0]
	for p := range pages {
		if p%c.shared() == 0 {
			ranges = opened(ranges, c.ranges[0][(group*c.sets(pages)+p/c.shared())*c.size:][:c.size])
		}
		c.open(keys[p*Page*c.size:], c.keys, group*pages+p, c.size, ranges)
	}
}

// OpenValues sets values to those of a group, by panel.
func (c *Coded) OpenValues(values [][]float32, group int) {
	panels := c.size / Page
	var room [Group]simd.Range
	ranges := room[:0]
	for p := range panels {
		if p%c.shared() == 0 {
			ranges = opened(ranges, c.ranges[1][(group*c.sets(panels)+p/c.shared())*Group:][:Group])
		}
		c.open(values[p], c.values, group*panels+p, Group, ranges)
	}
}

// open opens the rows of a page.
func (c *Coded) open(dst []float32, codes []byte, page, rows int, ranges []simd.Range) {
	wide := Page * c.bits / 8
	codes = codes[page*rows*wide:][:rows*wide]
	if c.bits == 8 {
		simd.OpenBytes(dst, codes, ranges)
	} else {
		simd.OpenHalfBytes(dst, codes, ranges)
	}
}

func opened(dst []simd.Range, ranges []half) []simd.Range {
	dst = dst[:0]
	for _, h := range ranges {
		dst = append(dst, simd.Range{Least: fromHalf(h.least), Step: fromHalf(h.step)})
	}
	return dst
}

// Cut forgets all but the first groups.
func (c *Coded) Cut(groups int) {
	c.keys, c.values = c.keys[:len(c.keys)/max(1, c.groups)*groups], c.values[:len(c.values)/max(1, c.groups)*groups]
	for i, r := range c.ranges {
		c.ranges[i] = r[:len(r)/max(1, c.groups)*groups]
	}
	c.groups = groups
}

// rangeOf is the range that holds the numbers from one to another.
func rangeOf(least, most float32, bits int) half {
	h := half{least: toHalf(least)}
	h.step = toHalf((most - fromHalf(h.least)) / float32(int(1)<<bits-1))
	return h
}

// mostHalf is the greatest number in half precision.
const mostHalf = 65504

// toHalf is a number in half precision, the nearest; what is too great is the greatest.
func toHalf(x float32) uint16 {
	sign := uint16(math.Float32bits(x) >> 16 & 0x8000)
	x = min(float32(math.Abs(float64(x))), mostHalf)
	if x < 1./(1<<14) { // below the least exponent: whole parts of 2^-24
		return sign | uint16(math.RoundToEven(float64(x)*(1<<24)))
	}
	bits := math.Float32bits(x)
	bits += 0xfff + bits>>13&1 // to the nearest, of two the even
	return sign | uint16(bits>>13-(127-15)<<10)
}

// fromHalf is the number.
func fromHalf(h uint16) float32 {
	x := math.Float32frombits(uint32(h&0x7fff)<<13) * (1 << 112)
	if h&0x8000 != 0 {
		return -x
	}
	return x
}
