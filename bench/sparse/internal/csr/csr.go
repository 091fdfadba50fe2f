// Package csr holds sparse matrices of the BigANN form in memory and turns
// them into what the peers read. Package vector of tamis reads any such file; this one is for files of our own, whole.
package csr

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"unsafe"
)

// Matrix is a sparse matrix: row i has the terms and weights from At[i] to At[i+1].
type Matrix struct {
	Columns int
	At      []int64
	Terms   []uint32
	Weights []float32
}

// Rows is the number of rows.
func (m *Matrix) Rows() int { return len(m.At) - 1 }

// Row returns the terms and weights of a row.
func (m *Matrix) Row(i int) ([]uint32, []float32) {
	a, b := m.At[i], m.At[i+1]
	return m.Terms[a:b], m.Weights[a:b]
}

// bytes is the memory of a slice of numbers. The files are little-endian, as is every machine that the peers run on.
func bytes[T int64 | uint32 | float32 | uint16 | int32](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}

// Read reads a file.
func Read(name string) (*Matrix, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]int64, 3)
	if _, err := io.ReadFull(f, bytes(head)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if rows, nonzeros := head[0], head[2]; rows < 0 || nonzeros < 0 || rows > info.Size() || nonzeros > info.Size() || info.Size() != 32+8*(rows+nonzeros) {
		return nil, fmt.Errorf("%s is not a CSR file of %d rows and %d non-zeros: its size is %d", name, rows, nonzeros, info.Size())
	}
	m := &Matrix{Columns: int(head[1]), At: make([]int64, head[0]+1), Terms: make([]uint32, head[2]), Weights: make([]float32, head[2])}
	for _, part := range [][]byte{bytes(m.At), bytes(m.Terms), bytes(m.Weights)} {
		if _, err := io.ReadFull(f, part); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return m, nil
}

// Write writes m to a file.
func (m *Matrix) Write(name string) error {
	return write(name, func(w *bufio.Writer) {
		w.Write(bytes([]int64{int64(m.Rows()), int64(m.Columns), int64(len(m.Terms))}))
		w.Write(bytes(m.At))
		w.Write(bytes(m.Terms))
		w.Write(bytes(m.Weights))
	})
}

// write makes a file; its writer keeps the first error for the end.
func write(name string, fill func(w *bufio.Writer)) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	fill(w)
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Transpose turns terms into rows: row t has the documents of term t, ascending.
func (m *Matrix) Transpose() *Matrix {
	order := make([]uint32, m.Rows())
	for i := range order {
		order[i] = uint32(i)
	}
	return m.TransposeIn(order)
}

// TransposeIn does so with the documents in another order: number i is row order[i].
func (m *Matrix) TransposeIn(order []uint32) *Matrix {
	t := &Matrix{Columns: m.Rows(), At: make([]int64, m.Columns+1), Terms: make([]uint32, len(m.Terms)), Weights: make([]float32, len(m.Terms))}
	for _, x := range m.Terms {
		t.At[x+1]++
	}
	for i := range m.Columns {
		t.At[i+1] += t.At[i]
	}
	next := append([]int64(nil), t.At[:m.Columns]...)
	for d, row := range order {
		terms, weights := m.Row(int(row))
		for i, x := range terms {
			t.Terms[next[x]], t.Weights[next[x]] = uint32(d), weights[i]
			next[x]++
		}
	}
	return t
}

// Highest is the highest weight.
func (m *Matrix) Highest() (top float32) {
	for _, w := range m.Weights {
		top = max(top, w)
	}
	return top
}

// quantize makes a weight 1 to 255.
func quantize(w, top float32) uint32 {
	return uint32(min(max(math.RoundToEven(float64(w)*255/float64(top)), 1), 255))
}

// WriteCIFF writes the transposed documents with 8-bit weights in the Common Index File Format; a term is called by its number, a
// document by what names holds for it.
func WriteCIFF(name string, lists *Matrix, names []uint32) error {
	docs, top := lists.Columns, lists.Highest()
	live, total := 0, uint64(0)
	for t := range lists.Rows() {
		_, weights := lists.Row(t)
		if len(weights) > 0 {
			live++
		}
		for _, w := range weights {
			total += uint64(quantize(w, top))
		}
	}
	return write(name, func(w *bufio.Writer) {
		message := func(m []byte) {
			w.Write(binary.AppendUvarint(nil, uint64(len(m))))
			w.Write(m)
		}
		var h []byte
		for i, n := range []int{1, live, docs, live, docs, int(total)} {
			h = number(h, i+1, uint64(n))
		}
		h = binary.LittleEndian.AppendUint64(append(h, 7<<3|1), math.Float64bits(float64(total)/float64(docs)))
		message(text(h, 8, "semi-real sparse vectors"))
		var m []byte
		for t := range lists.Rows() {
			ids, weights := lists.Row(t)
			if len(ids) == 0 {
				continue
			}
			sum := uint64(0)
			for _, x := range weights {
				sum += uint64(quantize(x, top))
			}
			m = number(number(text(m[:0], 1, fmt.Sprint(t)), 2, uint64(len(ids))), 3, sum)
			last := uint32(0)
			for i, d := range ids {
				var b [16]byte
				p := b[:0]
				if d != last {
					p = number(p, 1, uint64(d-last))
				}
				p = number(p, 2, uint64(quantize(weights[i], top)))
				m = append(append(m, 4<<3|2, byte(len(p))), p...)
				last = d
			}
			message(m)
		}
		for d := range docs {
			m = m[:0]
			if d > 0 {
				m = number(m, 1, uint64(d))
			}
			message(number(text(m, 2, fmt.Sprint(names[d])), 3, 100))
		}
	})
}

func number(m []byte, field int, n uint64) []byte {
	return binary.AppendUvarint(append(m, byte(field<<3)), n)
}

func text(m []byte, field int, s string) []byte {
	return append(binary.AppendUvarint(append(m, byte(field<<3|2)), uint64(len(s))), s...)
}

// WritePISA writes the transposed documents with 8-bit weights as the uncompressed inverted index of PISA: base.docs, base.freqs
// and base.sizes, and beside them the names, fwd.terms and fwd.documents. Terms without a posting keep their place but no list, so
// the names are those of live terms, with zeros before them: PISA looks them up by halving. A document is called by what names holds for it.
func WritePISA(dir string, lists *Matrix, names []uint32) error {
	docs, top := lists.Columns, lists.Highest()
	sizes := make([]uint32, docs)
	err := write(dir+"/inv.docs", func(w *bufio.Writer) {
		w.Write(bytes([]uint32{1, uint32(docs)}))
		for t := range lists.Rows() {
			if ids, _ := lists.Row(t); len(ids) > 0 {
				w.Write(bytes([]uint32{uint32(len(ids))}))
				w.Write(bytes(ids))
			}
		}
	})
	if err != nil {
		return err
	}
	err = write(dir+"/inv.freqs", func(w *bufio.Writer) {
		for t := range lists.Rows() {
			ids, weights := lists.Row(t)
			if len(ids) == 0 {
				continue
			}
			q := make([]uint32, len(ids), len(ids)+1)
			for i, x := range weights {
				q[i] = quantize(x, top)
				sizes[ids[i]] += q[i]
			}
			w.Write(bytes([]uint32{uint32(len(q))}))
			w.Write(bytes(q))
		}
	})
	if err != nil {
		return err
	}
	if err := write(dir+"/inv.sizes", func(w *bufio.Writer) {
		w.Write(bytes([]uint32{uint32(docs)}))
		w.Write(bytes(sizes))
	}); err != nil {
		return err
	}
	if err := write(dir+"/fwd.terms", func(w *bufio.Writer) {
		for t := range lists.Rows() {
			if ids, _ := lists.Row(t); len(ids) > 0 {
				fmt.Fprintf(w, "%06d\n", t)
			}
		}
	}); err != nil {
		return err
	}
	return write(dir+"/fwd.documents", func(w *bufio.Writer) {
		for _, d := range names {
			fmt.Fprintln(w, d)
		}
	})
}
