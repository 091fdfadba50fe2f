package attention

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestHalf: half precision is what its bits say, and numbers become the nearest.
func TestHalf(t *testing.T) {
	exact := func(h uint16) float64 {
		e, m := int(h>>10&31), float64(h&1023)
		if e == 0 {
			return math.Copysign(m*math.Exp2(-24), 1-2*float64(h>>15))
		}
		return math.Copysign((1+m/1024)*math.Exp2(float64(e-15)), 1-2*float64(h>>15))
	}
	for h := range uint16(0x7c00) { // all that are finite
		for _, signed := range []uint16{h, h | 0x8000} {
			x := fromHalf(signed)
			if float64(x) != exact(signed) || toHalf(x) != signed {
				t.Fatalf("%04x is %g, and %04x again, instead of %g", signed, x, toHalf(x), exact(signed))
			}
		}
		if next := exact(h + 1); h < 0x7bff {
			if low := exact(h) + .49*(next-exact(h)); toHalf(float32(low)) != h {
				t.Fatalf("%g becomes %04x instead of %04x", low, toHalf(float32(low)), h)
			}
		}
	}
	if fromHalf(toHalf(1e9)) != mostHalf || fromHalf(toHalf(-1e9)) != -mostHalf {
		t.Error("what is too great is not the greatest")
	}
}

// head are keys and values of a group.
func head(seed uint64, size int) (keys []float32, values [][]float32) {
	r := rand.New(rand.NewPCG(seed, 4))
	keys = make([]float32, Group*size)
	for i := range keys {
		keys[i] = float32(r.NormFloat64())
	}
	values = make([][]float32, size/Page)
	for p := range values {
		values[p] = make([]float32, Group*Page)
		for i := range values[p] {
			values[p][i] = float32(r.NormFloat64())
		}
	}
	return keys, values
}

// key is where a number of a key stands, value where one of a value does.
func key(size, token, channel int) int {
	return token/Page*Page*size + channel*Page + token%Page
}

// TestCoded: each number is at most half a step from what it was, by ranges that are counted here
// number by number: of a key over tokens, of a value over its numbers.
func TestCoded(t *testing.T) {
	for _, bits := range []int{8, 4} {
		for _, size := range []int{16, 64, 80, 96, 256} {
			c := NewCoded(bits, size)
			var keys [3][]float32
			var values [3][][]float32
			for g := range 3 {
				keys[g], values[g] = head(uint64(g), size)
				for token := range Group {
					keys[g][key(size, token, 3)] += 1000             // a channel that is greater in all tokens
					values[g][1%len(values[g])][token*Page+5] *= 100 // a number that is greater
				}
				c.Add(keys[g], values[g])
			}
			width := map[int]int{8: 1 << 20, 4: 32}[bits]
			gotKeys, gotValues := make([]float32, 3*Group*size), make([][]float32, size/Page)
			for p := range gotValues {
				gotValues[p] = make([]float32, 3*Group*Page)
			}
			c.Open(gotKeys, gotValues, 0, 3)
			for g := range 3 {
				keyAt := func(token, channel int) float64 { return float64(keys[g][key(size, token, channel)]) }
				valueAt := func(token, i int) float64 { return float64(values[g][i/Page][token*Page+i%Page]) }
				for token := range Group {
					for i := range size {
						first := token / width * width
						step := span(func(j int) float64 { return keyAt(j, i) }, first, min(Group, first+width)) / float64(int(1)<<bits-1)
						got := float64(gotKeys[g*Group*size+key(size, token, i)])
						if off := math.Abs(got - keyAt(token, i)); off > .52*step+2e-3*math.Abs(keyAt(token, i)) {
							t.Fatalf("%d bits, size %d: key %d of token %d is %g off, a step is %g", bits, size, i, token, off, step)
						}
						first = i / width * width
						step = span(func(j int) float64 { return valueAt(token, j) }, first, min(size, first+width)) / float64(int(1)<<bits-1)
						got = float64(gotValues[i/Page][(g*Group+token)*Page+i%Page])
						if off := math.Abs(got - valueAt(token, i)); off > .52*step+1e-3*math.Abs(valueAt(token, i)) {
							t.Fatalf("%d bits, size %d: number %d of token %d's value is %g off, a step is %g", bits, size, i, token, off, step)
						}
					}
				}
			}
			if of := float64(c.Bytes()) / float64(3*Group*size*8); size >= 64 && of > map[int]float64{8: .275, 4: .165}[bits] {
				t.Errorf("%d bits, size %d: %.3f of float32's bytes", bits, size, of)
			}
			clone := c.Clone()
			c.Cut(1)
			c.Add(keys[0], values[0])
			again := make([]float32, Group*size)
			c.Open(again, gotValues, 1, 2)
			if !slices.Equal(again, gotKeys[:Group*size]) || c.N() != 2*Group {
				t.Errorf("%d bits, size %d: cut and added to, a group is another", bits, size)
			}
			clone.Open(again, gotValues, 2, 3)
			if !slices.Equal(again, gotKeys[2*Group*size:]) {
				t.Errorf("%d bits, size %d: a clone changes with its original", bits, size)
			}
		}
	}
}

// span is the greatest less the least.
func span(at func(int) float64, from, to int) float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for i := from; i < to; i++ {
		least, most = min(least, at(i)), max(most, at(i))
	}
	return most - least
}

// TestCodedConstants: what is the same everywhere stays what it is.
func TestCodedConstants(t *testing.T) {
	c := NewCoded(4, 16)
	keys, values := make([]float32, Group*16), [][]float32{slices.Repeat([]float32{-2.5}, Group*Page)}
	c.Add(keys, values)
	gotKeys, gotValues := slices.Repeat([]float32{9}, Group*16), [][]float32{make([]float32, Group*Page)}
	c.Open(gotKeys, gotValues, 0, 1)
	if !slices.Equal(gotKeys, keys) || !slices.Equal(gotValues[0], values[0]) {
		t.Error("constants are others")
	}
}
