package pdfium

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// CString puts a string into the guest's memory; 0 for an empty one.
func (g *Guest) CString(s string) uint32 {
	if s == "" {
		return 0
	}
	p := g.Malloc(len(s) + 1)
	if p != 0 {
		copy(g.Bytes(p, len(s)+1), s+"\x00")
	}
	return p
}

// Wide reads a text that PDFium writes as UTF-16 with a final zero, by a function
// that tells how many bytes it has and writes as many as there is room for.
func (g *Guest) Wide(read func(buf, n uint64) uint64) string {
	n := read(uint64(g.Scratch), scratchBytes)
	if n <= 2 || n > 1<<20 {
		return ""
	}
	p := g.Scratch
	if n > scratchBytes {
		if p = g.Malloc(int(n)); p == 0 {
			return ""
		}
		defer g.Free(p)
		read(uint64(p), n)
	}
	return fromUTF16(g.Bytes(p, int(n)-2))
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// Narrow is wide for texts of bytes.
func (g *Guest) Narrow(read func(buf, n uint64) uint64) string {
	n := read(uint64(g.Scratch), scratchBytes)
	if n <= 1 || n > scratchBytes {
		return ""
	}
	return string(g.Bytes(g.Scratch, int(n)-1))
}

func (g *Guest) Float(at int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(g.Bytes(g.Scratch+uint32(at), 4)))
}

func (g *Guest) Int(at int) int32 {
	return int32(binary.LittleEndian.Uint32(g.Bytes(g.Scratch+uint32(at), 4)))
}

func Float32(v uint64) float32 { return math.Float32frombits(uint32(v)) }
