package simd

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// randomBlocks are n rows of k numbers in blocks of a format: any bytes, and halves that are
// finite where the format has halves.
func randomBlocks(rng *rand.Rand, name string, n, k int) []byte {
	f := FormatOf(name)
	data := make([]byte, n*k/f.Numbers*f.Bytes)
	for i := range data {
		data[i] = byte(rng.Uint32())
	}
	for b := 0; b < len(data); b += f.Bytes {
		for _, at := range halvesOf(name, f) {
			binary.LittleEndian.PutUint16(data[b+at:], ToHalf(float32(rng.NormFloat64()*.02)))
		}
	}
	return data
}

// halvesOf is where a block has halves.
func halvesOf(name string, f *Format) []int {
	switch {
	case name == "Q6_K":
		return []int{208}
	case f.second == least:
		return []int{0, 2}
	}
	return []int{0}
}

// blocksNaive is the product as Multiply says it, number after number.
func blocksNaive(f *Format, data []byte, a *BlockRows, row, column int, bias float32) float32 {
	stride := a.k / f.Numbers * f.Bytes
	groups := make([]Group, 256/Grouped)
	sum := bias
	for i := range a.k / Grouped {
		per := f.Numbers / Grouped
		f.Read(groups, data[column*stride+i/per*f.Bytes:])
		g, x, halves := &groups[i%per], &a.records[row*a.k/Grouped+i], [2]int32{}
		for l, q := range g.Whole {
			halves[l/16] += int32(q) * int32(x.whole[l])
		}
		sum = addGroup(sum, f.second, halves, g.Step, g.Second, x)
	}
	return sum
}

// TestBlocks compares all forms bit for bit, whole and in parts, and with the product of the
// numbers before they were rounded.
func TestBlocks(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 1))
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		f := FormatOf(name)
		for _, shape := range [][3]int{{1, 1, 16}, {2, 2, 17}, {3, 1, 5}, {4, 3, 48}, {5, 9, 40}, {7, 24, 16}, {13, 25, 35}, {6, 50, 64}} {
			m, k, n := shape[0], shape[1]*f.Numbers, shape[2]
			data, x, bias := randomBlocks(rng, name, n, k), randoms(rng, m*k), randoms(rng, Padded(n))
			clear(x[:Grouped])
			w, err := NewBlocks(f, data, n, k)
			if err != nil {
				t.Fatal(err)
			}
			forms8(func(form string) {
				var a BlockRows
				a.Resize(m, k)
				a.Set(m/2, x[m/2*k:])
				a.Set(0, x[:m/2*k])
				ldc := n + 3
				c, part := slices.Repeat([]float32{7}, m*ldc), slices.Repeat([]float32{7}, m*ldc)
				w.Multiply(c, ldc, &a, m, 0, n, bias)
				for from := 0; from < n; from += Columns {
					w.Multiply(part[from:], ldc, &a, m, from, min(Columns, n-from), bias[from:])
				}
				if !slices.Equal(c, part) {
					t.Fatalf("%s %v, %s: columns by themselves differ", name, shape, form)
				}
				for i := range m {
					for j := range n {
						if want := blocksNaive(f, data, &a, i, j, bias[j]); c[i*ldc+j] != want {
							t.Fatalf("%s %v, %s: row %d, column %d is %g, want %g", name, shape, form, i, j, c[i*ldc+j], want)
						}
					}
					if !slices.Equal(c[i*ldc+n:(i+1)*ldc], []float32{7, 7, 7}) {
						t.Fatalf("%s %v, %s: wrote behind row %d", name, shape, form, i)
					}
				}
				one := make([]float32, n)
				a.Resize(1, k)
				a.Set(0, x[(m-1)*k:])
				if w.Multiply(one, n, &a, 1, 0, n, bias); !slices.Equal(one, c[(m-1)*ldc:][:n]) {
					t.Fatalf("%s %v, %s: a row by itself differs", name, shape, form)
				}
				numbers := make([]float32, k)
				for j := range n {
					for b := range k / f.Numbers {
						f.Floats(numbers[b*f.Numbers:], data[(j*k/f.Numbers+b)*f.Bytes:])
					}
					want, size := float64(bias[j]), 0.
					for l, v := range numbers {
						want += float64(v) * float64(x[(m-1)*k+l])
						size += float64(v) * float64(v)
					}
					if off := math.Abs(want - float64(one[j])); off > .05*math.Sqrt(size) {
						t.Fatalf("%s %v, %s: column %d is off by %g of %g", name, shape, form, j, off, math.Sqrt(size))
					}
				}
			})
		}
	}
}

// TestBlockRows compares both forms, for numbers of any size too.
func TestBlockRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 2))
	x := randoms(rng, 64*Grouped)
	for i := range x {
		x[i] *= float32(math.Exp2(float64(rng.IntN(9) - 4)))
	}
	clear(x[Grouped : 2*Grouped])
	for i := range Grouped {
		x[2*Grouped+i] *= 1e-38
		x[3*Grouped+i] *= 1e37
	}
	var first []blockRow
	forms8(func(form string) {
		var a BlockRows
		a.Resize(2, len(x)/2)
		a.Set(0, x)
		if first == nil {
			first = slices.Clone(a.records)
		}
		if !slices.Equal(a.records, first) {
			t.Fatalf("the %s form differs", form)
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			y := slices.Clone(x[:Grouped])
			y[rng.IntN(Grouped)] = float32(v)
			a.Resize(1, Grouped)
			if a.Set(0, y); !math.IsNaN(float64(a.records[0].step - a.records[0].step)) {
				t.Errorf("%s: with %g among them, a step is %g", form, v, a.records[0].step)
			}
		}
	})
}

func TestNewBlocks(t *testing.T) {
	f := FormatOf("Q8_0")
	for _, shape := range [][3]int{{34, 1, 33}, {34, 2, 32}, {0, 0, 32}, {34, 1, 0}} {
		if _, err := NewBlocks(f, make([]byte, shape[0]), shape[1], shape[2]); err == nil {
			t.Errorf("%v: no error", shape)
		}
	}
}

func BenchmarkBlocks(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 3))
	const k, n = 1536, 2304
	for _, name := range slices.Sorted(maps.Keys(formats)) {
		w, _ := NewBlocks(FormatOf(name), randomBlocks(rng, name, n, k), n, k)
		for _, m := range []int{1, 96} {
			x, bias, c := randoms(rng, m*k), make([]float32, n), make([]float32, m*n)
			var a BlockRows
			a.Resize(m, k)
			a.Set(0, x)
			forms8(func(form string) {
				b.Run(fmt.Sprintf("%s/%d/%s", name, m, form), func(b *testing.B) {
					for b.Loop() {
						w.Multiply(c, n, &a, m, 0, n, bias)
					}
					seconds := b.Elapsed().Seconds() / float64(b.N)
					b.ReportMetric(2e-9*float64(m*k*n)/seconds, "Gop/s")
					b.ReportMetric(1e-9*float64(len(w.data))/seconds, "GB/s")
				})
			})
		}
	}
}
