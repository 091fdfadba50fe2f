package pdf

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
)

// file is an open PDF file.
type file struct {
	*guest
	data uint32 // where its bytes are
	doc  uint64
}

// What FPDF_GetLastError says.
const (
	errPassword = 4
	errSecurity = 5
)

// open opens a file; code is why it could not.
func (g *guest) open(data []byte, password string) (f *file, code int) {
	f = &file{guest: g, data: g.malloc(len(data))}
	if f.data == 0 {
		if g.err == nil {
			g.err = errMemory
		}
		return nil, 0
	}
	if !g.memory.Write(f.data, data) {
		g.err = errMemory
		return nil, 0
	}
	pass := g.cString(password)
	f.doc = g.call("FPDF_LoadMemDocument", uint64(f.data), uint64(len(data)), uint64(pass))
	if pass != 0 {
		g.free(pass)
	}
	if f.doc == 0 {
		code = int(g.call("FPDF_GetLastError"))
		g.free(f.data)
		return nil, code
	}
	return f, 0
}

func (f *file) close() {
	f.call("FPDF_CloseDocument", f.doc)
	f.free(f.data)
}

func (f *file) pages() int { return int(int32(f.call("FPDF_GetPageCount", f.doc))) }

// cString puts a string into the guest's memory; 0 for an empty one.
func (g *guest) cString(s string) uint32 {
	if s == "" {
		return 0
	}
	p := g.malloc(len(s) + 1)
	if p != 0 {
		copy(g.bytes(p, len(s)+1), s+"\x00")
	}
	return p
}

// wide reads a text that PDFium writes as UTF-16 with a final zero, by a function
// that tells how many bytes it has and writes as many as there is room for.
func (g *guest) wide(read func(buf, n uint64) uint64) string {
	n := read(uint64(g.scratch), scratchBytes)
	if n <= 2 || n > 1<<20 {
		return ""
	}
	p := g.scratch
	if n > scratchBytes {
		if p = g.malloc(int(n)); p == 0 {
			return ""
		}
		defer g.free(p)
		read(uint64(p), n)
	}
	return fromUTF16(g.bytes(p, int(n)-2))
}

func fromUTF16(b []byte) string {
	units := make([]uint16, len(b)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return string(utf16.Decode(units))
}

// narrow is wide for texts of bytes.
func (g *guest) narrow(read func(buf, n uint64) uint64) string {
	n := read(uint64(g.scratch), scratchBytes)
	if n <= 1 || n > scratchBytes {
		return ""
	}
	return string(g.bytes(g.scratch, int(n)-1))
}

func (g *guest) float(at int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(g.bytes(g.scratch+uint32(at), 4)))
}

func (g *guest) int(at int) int32 {
	return int32(binary.LittleEndian.Uint32(g.bytes(g.scratch+uint32(at), 4)))
}

func asFloat(v uint64) float32 { return math.Float32frombits(uint32(v)) }

// meta is a text of the file's information dictionary.
func (f *file) meta(tag string) string {
	p := f.cString(tag)
	defer f.free(p)
	return f.wide(func(buf, n uint64) uint64 { return f.call("FPDF_GetMetaText", f.doc, uint64(p), buf, n) })
}
