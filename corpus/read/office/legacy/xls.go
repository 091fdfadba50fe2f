package legacy

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/office/numfmt"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
)

// The records of a workbook that are read. Each has its number, its length and its
// content, which goes on in records of the kind Continue.
const (
	recFormula   = 0x006
	recDateMode  = 0x022
	recFilePass  = 0x02F
	recContinue  = 0x03C
	recColumn    = 0x07D
	recMerged    = 0x0E5
	recSheet     = 0x085
	recMulRK     = 0x0BD
	recRString   = 0x0D6
	recXF        = 0x0E0
	recStrings   = 0x0FC
	recLabelSST  = 0x0FD
	recNumber    = 0x203
	recLabel     = 0x204
	recBool      = 0x205
	recString    = 0x207
	recRow       = 0x208
	recRK        = 0x27E
	recFormat    = 0x41E
	recBegin     = 0x809
	recEnd       = 0x00A
	version8     = 0x600
	maxSheets    = 10_000
	mostRowCells = 256
)

// xls is a workbook that is being read.
type xls struct {
	d        data
	t        *parts.Text
	wide     bool // Excel 97 and later: strings are in Unicode
	from1904 bool
	strings  []string
	codes    map[int]string
	xfs      []int
	formats  map[int]*numfmt.Format // by style of cell

	gone  map[int]bool // columns that are hidden
	rows  map[int]bool // rows that are
	cells []cellText   // of the open row
	row   int
	out   parts.Grid
	late  int // the column of a formula whose text follows; -1 for none
}

type cellText struct {
	col    int
	text   string
	number bool
}

type xlsSheet struct {
	name   string
	at     int
	hidden bool
}

// XLS reads a workbook.
func XLS(f *format.File, streams map[string][]byte, t *parts.Text) error {
	x := &xls{d: streams["Workbook"], t: t, out: parts.Grid{T: t}, codes: map[int]string{}, formats: map[int]*numfmt.Format{}}
	if x.d == nil {
		x.d = streams["Book"]
	}
	if x.d.u16(0) != recBegin {
		return f.SkipAs(format.Unsupported, "no reader for workbooks before Excel 5")
	}
	x.wide = x.d.u16(4) == version8
	var sheets []xlsSheet
	locked := false
	x.each(0, func(id int, r data, at int) bool {
		switch id {
		case recFilePass:
			locked = true
			return false
		case recDateMode:
			x.from1904 = r.u16(0) == 1
		case recFormat:
			if x.wide {
				x.codes[r.u16(0)] = x.text(r.cut(2, len(r)), 2)
			} else {
				x.codes[r.u16(0)] = latin(r.cut(3, r.u8(2)))
			}
		case recXF:
			x.xfs = append(x.xfs, r.u16(2))
		case recStrings:
			x.readStrings(at)
		case recSheet:
			if r.u8(5) == 0 && len(sheets) < maxSheets { // a sheet, not a chart
				s := xlsSheet{at: r.u32(0), hidden: r.u8(4)&3 != 0}
				if x.wide {
					s.name = x.text(r.cut(6, len(r)), 1)
				} else {
					s.name = latin(r.cut(7, r.u8(6)))
				}
				sheets = append(sheets, s)
			}
		}
		return true
	})
	if locked {
		return f.SkipAs(format.Encrypted, "it is encrypted in the way of old Excel files, which is not read")
	}
	for _, s := range sheets {
		if err := x.sheet(s); err != nil {
			return err
		}
	}
	return nil
}

// each calls f with the records from at to the end of what begins there.
func (x *xls) each(at int, f func(id int, r data, at int) bool) {
	depth := 0
	for at >= 0 && at+4 <= len(x.d) {
		id, n := x.d.u16(at), x.d.u16(at+2)
		r := x.d.cut(at+4, n)
		switch id {
		case recBegin:
			depth++
		case recEnd:
			if depth--; depth <= 0 {
				return
			}
		default:
			if depth <= 1 && !f(id, r, at) {
				return
			}
		}
		at += 4 + n
	}
}

// text is a string of Unicode with a length of so many bytes.
func (x *xls) text(r data, size int) string {
	n := r.u8(0)
	if size == 2 {
		n = r.u16(0)
	}
	if r.u8(size)&1 != 0 {
		return utf16Of(r.cut(size+1, 2*n))
	}
	return narrow(r.cut(size+1, n))
}

// narrow are characters below 256 in one byte each.
func narrow(b data) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

// stream is the content of a record and of those that it goes on in. What goes on in
// the middle of a string begins with its flags again.
type stream struct {
	x    *xls
	r    data
	next int
}

func (s *stream) more() bool {
	if s.x.d.u16(s.next) != recContinue || s.next+4 > len(s.x.d) {
		return false
	}
	n := s.x.d.u16(s.next + 2)
	s.r = s.x.d.cut(s.next+4, n)
	s.next += 4 + n
	return true
}

func (s *stream) take(n int) data {
	var out data
	for n > 0 {
		if len(s.r) == 0 && !s.more() {
			break
		}
		k := min(n, len(s.r))
		out = append(out, s.r[:k]...)
		s.r = s.r[k:]
		n -= k
	}
	return out
}

// readStrings reads the table of strings.
func (x *xls) readStrings(at int) {
	s := &stream{x: x, r: x.d.cut(at+4, x.d.u16(at+2)), next: at + 4 + x.d.u16(at+2)}
	count := s.take(8).u32(4)
	for range min(count, len(x.d)) {
		head := s.take(3)
		if len(head) < 3 {
			return
		}
		n, flags := head.u16(0), head.u8(2)
		runs, more := 0, 0
		if flags&8 != 0 {
			runs = s.take(2).u16(0)
		}
		if flags&4 != 0 {
			more = s.take(4).u32(0)
		}
		var b strings.Builder
		for n > 0 {
			if len(s.r) == 0 {
				if !s.more() || len(s.r) == 0 {
					break
				}
				flags = s.r.u8(0)
				s.r = s.r[1:]
			}
			size := 1 + flags&1
			k := min(n, len(s.r)/size)
			if k == 0 {
				s.r = nil
				continue
			}
			if size == 2 {
				b.WriteString(utf16Of(s.r[:2*k]))
			} else {
				b.WriteString(narrow(s.r[:k]))
			}
			s.r = s.r[k*size:]
			n -= k
		}
		s.take(min(4*runs+more, len(x.d)))
		x.strings = append(x.strings, b.String())
	}
}

func (x *xls) show(v float64, xf int) string {
	f := x.formats[xf]
	if f == nil {
		code := "General"
		if xf >= 0 && xf < len(x.xfs) {
			var ok bool
			if code, ok = x.codes[x.xfs[xf]]; !ok {
				code = numfmt.Builtin(x.xfs[xf])
			}
		}
		f = numfmt.Parse(code)
		x.formats[xf] = f
	}
	return f.Show(v, x.from1904)
}

// rk is a number in four bytes.
func rk(n int) float64 {
	var v float64
	if n&2 != 0 {
		v = float64(int32(uint32(n)) >> 2)
	} else {
		v = math.Float64frombits(uint64(uint32(n)&^3) << 32)
	}
	if n&1 != 0 {
		v /= 100
	}
	return v
}

// sheet reads one.
func (x *xls) sheet(s xlsSheet) (err error) {
	x.gone, x.rows, x.cells, x.row, x.late = map[int]bool{}, map[int]bool{}, nil, -1, -1
	x.out.Begin(parts.Cell(parts.Clean(s.name)))
	x.each(s.at, func(id int, r data, _ int) bool {
		if id == recMerged { // which stands behind the cells
			for at := 2; at+8 <= len(r); at += 8 {
				x.out.Merge(r.u16(at)+1, r.u16(at+4), r.u16(at+6)-r.u16(at+4)+1)
			}
		}
		return true
	})
	x.each(s.at, func(id int, r data, _ int) bool {
		switch id {
		case recColumn:
			if r.u16(8)&1 != 0 {
				for c := r.u16(0); c <= min(r.u16(2), mostRowCells); c++ {
					x.gone[c] = true
				}
			}
		case recRow:
			if r.u16(12)&0x20 != 0 {
				x.rows[r.u16(0)] = true
			}
		default:
			err = x.cell(id, r, s.hidden)
		}
		return err == nil
	})
	if err == nil {
		err = x.flush(s.hidden)
	}
	if err == nil {
		err = x.out.End()
	}
	return err
}

// cell takes a record of a cell.
func (x *xls) cell(id int, r data, hidden bool) error {
	put := func(col int, t string) {
		if t = parts.Cell(parts.Clean(t)); t != "" {
			number := id == recNumber || id == recRK || id == recMulRK || id == recFormula
			x.cells = append(x.cells, cellText{col, t, number})
		}
	}
	switch id {
	case recFormula, recMulRK, recRString, recLabelSST, recNumber, recLabel, recBool, recRK:
		if r.u16(0) != x.row {
			if err := x.flush(hidden); err != nil {
				return err
			}
			x.row = r.u16(0)
		}
	case recString:
		if x.late >= 0 {
			if x.wide {
				put(x.late, x.text(r, 2))
			} else {
				put(x.late, latin(r.cut(2, r.u16(0))))
			}
			x.late = -1
		}
		return nil
	default:
		return nil
	}
	x.late = -1
	col, xf := r.u16(2), r.u16(4)
	switch id {
	case recNumber:
		put(col, x.show(float(r, 6), xf))
	case recRK:
		put(col, x.show(rk(r.u32(6)), xf))
	case recMulRK:
		for i := 0; 4+6*i+6 <= len(r)-2; i++ {
			put(col+i, x.show(rk(r.u32(4+6*i+2)), r.u16(4+6*i)))
		}
	case recLabelSST:
		if n := r.u32(6); n < len(x.strings) {
			put(col, x.strings[n])
		}
	case recLabel, recRString:
		if x.wide {
			put(col, x.text(r.cut(6, len(r)), 2))
		} else {
			put(col, latin(r.cut(8, r.u16(6))))
		}
	case recBool:
		put(col, boolean(r.u8(6), r.u8(7) != 0))
	case recFormula:
		switch {
		case r.u16(12) != 0xFFFF:
			put(col, x.show(float(r, 6), xf))
		case r.u8(6) == 0:
			x.late = col
		case r.u8(6) == 1 || r.u8(6) == 2:
			put(col, boolean(r.u8(8), r.u8(6) == 2))
		}
	}
	return nil
}

func float(r data, at int) float64 {
	b := r.cut(at, 8)
	if len(b) < 8 {
		return 0
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b))
}

var faults = map[int]string{0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}

func boolean(v int, fault bool) string {
	switch {
	case fault:
		return faults[v]
	case v == 0:
		return "FALSE"
	}
	return "TRUE"
}

// flush writes the open row.
func (x *xls) flush(hidden bool) error {
	cells := x.cells
	x.cells = x.cells[:0]
	slices.SortStableFunc(cells, func(a, b cellText) int { return a.col - b.col })
	x.out.BeginRow(x.row + 1)
	last := -1
	for _, c := range cells {
		switch {
		case x.gone[c.col]:
			x.t.Drop("hidden column", c.text)
		case c.col > last:
			last = c.col
			x.out.Cell(c.col, c.text, c.number)
		}
	}
	why := ""
	if hidden {
		why = "hidden sheet"
	} else if x.rows[x.row] {
		why = "hidden row"
	}
	return x.out.EndRow(why)
}
