package pdfium

import (
	"encoding/binary"
	"errors"
	"fmt"
	_ "unsafe" // for linkname

	// The library keeps its copy of PDFium to itself.
	_ "github.com/klippa-app/go-pdfium/webassembly"
)

// module is PDFium as go-pdfium embeds it. The library has no other way to it; were
// the variable gone, linking would fail, and TestGuarded too where it is empty.
//
//go:linkname module github.com/klippa-app/go-pdfium/internal/pdfium_wasm.Module
var module []byte

// stopAt is a byte of a guest's memory, in the part that C leaves empty so that null
// pointers are seen. Each loop ends the guest when it is not zero.
const stopAt = 16

// guarded is a WebAssembly module each of whose loops looks at the byte at stopAt, and
// traps where it is set. The runtime has a way of its own to end a guest that does not
// return, but leaves the guest's code in each loop for it, which makes PDFium take three
// times as long.
func guarded(wasm []byte) ([]byte, error) {
	const code = 10
	if len(wasm) < 8 || string(wasm[:4]) != "\x00asm" {
		return nil, errors.New("no WebAssembly module")
	}
	out := append(make([]byte, 0, len(wasm)+len(wasm)/8), wasm[:8]...)
	r := &decoder{b: wasm, at: 8}
	for r.at < len(wasm) {
		id := r.byte()
		end := r.until(int(r.u32()))
		if r.err != nil {
			return nil, r.err
		}
		section := wasm[r.at:end]
		if id == code {
			var err error
			if section, err = guardedCode(section); err != nil {
				return nil, err
			}
		}
		out = append(out, id)
		out = binary.AppendUvarint(out, uint64(len(section)))
		out = append(out, section...)
		r.at = end
	}
	return out, nil
}

func guardedCode(section []byte) ([]byte, error) {
	r := &decoder{b: section}
	n := int(r.u32())
	out := binary.AppendUvarint(make([]byte, 0, len(section)+len(section)/8), uint64(n))
	var body []byte
	for range n {
		end := r.until(int(r.u32()))
		if r.err != nil {
			return nil, r.err
		}
		body = guardedBody(r, end, body[:0])
		if r.err != nil {
			return nil, r.err
		}
		out = binary.AppendUvarint(out, uint64(len(body)))
		out = append(out, body...)
	}
	return out, r.err
}

// check is: if the byte at stopAt is not zero, trap.
var check = []byte{0x41, stopAt, 0x2D, 0, 0, 0x04, 0x40, 0x00, 0x0B} // i32.const, i32.load8_u, if, unreachable, end

// guardedBody appends a function's body with a check at the head of each loop.
func guardedBody(r *decoder, end int, out []byte) []byte {
	from := r.at
	for range r.u32() { // locals
		r.u32()
		r.byte()
	}
	for r.at < end && r.err == nil {
		if op := r.instruction(); op == opLoop {
			out = append(out, r.b[from:r.at]...)
			out = append(out, check...)
			from = r.at
		}
	}
	if r.at != end && r.err == nil {
		r.err = errors.New("a function does not end where it should")
	}
	return append(out, r.b[min(from, end):end]...)
}

// decoder reads WebAssembly's binary format. Its error stays.
type decoder struct {
	b   []byte
	at  int
	err error
}

func (r *decoder) byte() byte {
	if r.at >= len(r.b) {
		r.err = errors.New("the module ends too early")
		return 0
	}
	r.at++
	return r.b[r.at-1]
}

func (r *decoder) u32() uint32 {
	v, n := binary.Uvarint(r.b[min(r.at, len(r.b)):])
	if n <= 0 || v > 1<<32-1 {
		r.err = errors.New("no number where one should be")
		return 0
	}
	r.at += n
	return uint32(v)
}

// until is where n bytes from here end.
func (r *decoder) until(n int) int {
	if n > len(r.b)-r.at {
		r.err = errors.New("the module ends too early")
		return r.at
	}
	return r.at + n
}

// leb skips a number of any length.
func (r *decoder) leb() {
	for r.byte() >= 0x80 && r.err == nil {
	}
}

func (r *decoder) skip(n int) { r.at = r.until(n) }

const opLoop = 0x03

// instruction skips one, and says which it is.
func (r *decoder) instruction() byte {
	op := r.byte()
	switch {
	case op == 0x02 || op == opLoop || op == 0x04: // block, loop, if
		r.leb()
	case op == 0x08 || op == 0x0C || op == 0x0D || op == 0x10 || op == 0x12: // throw, br, br_if, call, return_call
		r.leb()
	case op == 0x0E: // br_table
		for range r.u32() {
			r.leb()
		}
		r.leb()
	case op == 0x11 || op == 0x13: // call_indirect, return_call_indirect
		r.leb()
		r.leb()
	case op == 0x1C: // select with types
		r.skip(int(r.u32()))
	case op == 0x1F: // try_table
		r.leb()
		for range r.u32() {
			if kind := r.byte(); kind < 2 {
				r.leb()
			}
			r.leb()
		}
	case op >= 0x20 && op <= 0x26: // locals, globals, tables
		r.leb()
	case op >= 0x28 && op <= 0x3E: // loads and stores
		r.memory()
	case op == 0x3F || op == 0x40 || op == 0xD0 || op == 0xD2: // memory.size, memory.grow, ref.null, ref.func
		r.leb()
	case op == 0x41 || op == 0x42: // constants
		r.leb()
	case op == 0x43:
		r.skip(4)
	case op == 0x44:
		r.skip(8)
	case op == 0xFC:
		r.bulk()
	case op == 0xFD:
		r.vector()
	case op <= 0x01 || op == 0x05 || op == 0x0A || op == 0x0B || op == 0x0F || op == 0x1A || op == 0x1B || op >= 0x45 && op <= 0xC4 || op == 0xD1:
	default:
		r.err = fmt.Errorf("instruction %#x is not known", op)
	}
	return op
}

func (r *decoder) memory() {
	r.leb()
	r.leb()
}

func (r *decoder) bulk() {
	switch op := r.u32(); {
	case op < 8: // conversions
	case op == 8 || op == 10 || op == 12 || op == 14:
		r.leb()
		r.leb()
	case op <= 17:
		r.leb()
	default:
		r.err = fmt.Errorf("instruction 0xfc %d is not known", op)
	}
}

func (r *decoder) vector() {
	switch op := r.u32(); {
	case op <= 11 || op == 92 || op == 93:
		r.memory()
	case op == 12 || op == 13:
		r.skip(16)
	case op >= 21 && op <= 34:
		r.skip(1)
	case op >= 84 && op <= 91:
		r.memory()
		r.skip(1)
	}
}
