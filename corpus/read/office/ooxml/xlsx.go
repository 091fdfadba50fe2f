package ooxml

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/corpus/read/office/numfmt"
	"github.com/tamis-search/tamis/corpus/read/office/parts"
	"github.com/tamis-search/tamis/internal/xmlscan"
)

// book is a workbook that is being read. Its sheets are read row by row; what is kept
// beside the text are the shared strings, as one run of bytes.
type book struct {
	p        *parts.Package
	t        *parts.Text
	out      parts.Grid
	from1904 bool
	shared   []byte
	ends     []uint32 // of the shared strings
	formats  map[int]string
	cells    []*numfmt.Format // by the style of a cell
}

type sheet struct {
	name, part string
	hidden     bool
}

// workbook reads the sheets of a workbook.
func workbook(p *parts.Package, main string, t *parts.Text) error {
	rels, err := p.Relations(main)
	if err != nil {
		return err
	}
	b := &book{p: p, t: t, out: parts.Grid{T: t}, formats: map[int]string{}}
	var sheets []sheet
	err = p.Scan(main, canon, func(s *xmlscan.Scanner) error {
		for s.Next() {
			if s.Kind != xmlscan.Start {
				continue
			}
			switch string(s.Name()) {
			case "workbookPr":
				b.from1904 = s.Raw("date1904") != nil && on(s, "date1904")
			case "sheet":
				if r := rels[s.Attr("r:id")]; r.Type == "worksheet" && !r.External {
					state := s.Attr("state")
					sheets = append(sheets, sheet{parts.Cell(parts.Clean(s.Attr("name"))), r.Target, state == "hidden" || state == "veryHidden"})
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, r := range rels {
		if r.External || !p.Has(r.Target) {
			continue
		}
		switch r.Type {
		case "sharedStrings":
			err = p.Scan(r.Target, canon, b.readShared)
		case "styles":
			err = p.Scan(r.Target, canon, b.readStyles)
		}
		if err != nil {
			return err
		}
	}
	for _, s := range sheets {
		if s.hidden && !t.Explaining() {
			continue
		}
		if err := b.sheet(s); err != nil {
			return err
		}
	}
	return nil
}

// maxShared bounds what is kept of the strings.
const maxShared = 1 << 30

// readShared keeps the shared strings, without the marks of pronunciation.
func (b *book) readShared(s *xmlscan.Scanner) error {
	in := 0
	for s.Next() {
		switch s.Kind {
		case xmlscan.Start:
			switch string(s.Name()) {
			case "t":
				in++
			case "rPh":
				s.Skip()
			}
		case xmlscan.End:
			switch string(s.Name()) {
			case "t":
				in--
			case "si":
				b.ends = append(b.ends, uint32(len(b.shared)))
			}
		case xmlscan.Text:
			if in > 0 {
				b.shared = append(b.shared, s.Text()...)
			}
		}
		if len(b.shared) > maxShared || b.p.TooMuch(int64(len(b.shared)+4*len(b.ends))) {
			return b.p.File.Skip("its shared strings take more memory than is allowed (--memory)")
		}
	}
	return nil
}

func (b *book) string(i int) []byte {
	if i < 0 || i >= len(b.ends) {
		return nil
	}
	start := uint32(0)
	if i > 0 {
		start = b.ends[i-1]
	}
	return b.shared[start:b.ends[i]]
}

// readStyles finds how the cells of each style show their numbers.
func (b *book) readStyles(s *xmlscan.Scanner) error {
	known := map[string]*numfmt.Format{}
	in := false
	for s.Next() {
		switch {
		case s.Kind == xmlscan.Start && string(s.Name()) == "numFmt":
			id, _ := strconv.Atoi(s.Attr("numFmtId"))
			b.formats[id] = s.Attr("formatCode")
		case s.Kind == xmlscan.Start && string(s.Name()) == "dxfs":
			s.Skip()
		case string(s.Name()) == "cellXfs":
			in = s.Kind == xmlscan.Start
		case in && s.Kind == xmlscan.Start && string(s.Name()) == "xf":
			id, _ := strconv.Atoi(s.Attr("numFmtId"))
			code, ok := b.formats[id]
			if !ok {
				code = numfmt.Builtin(id)
			}
			if known[code] == nil {
				known[code] = numfmt.Parse(code)
			}
			b.cells = append(b.cells, known[code])
		}
	}
	return nil
}

// sheet reads one.
func (b *book) sheet(sh sheet) error {
	b.out.Begin(sh.name)
	if b.t.Explaining() {
		rels, err := b.p.Relations(sh.part)
		if err == nil {
			err = comments(b.p, rels, "comment", b.t)
		}
		if err != nil {
			return err
		}
	}
	if err := b.p.Find(sh.part, []byte("mergeCell ref=\""), b.merge); err != nil {
		return err
	}
	g := &grid{b: b, sh: sh}
	if err := b.p.Scan(sh.part, canon, g.read); err != nil {
		return err
	}
	return b.out.End()
}

// merge takes a range of cells that are merged, which stand behind all cells in the
// file: "B7:C7".
func (b *book) merge(at []byte) {
	from, to, _ := bytes.Cut(at, []byte(":"))
	digits := bytes.IndexAny(from, "0123456789")
	if digits < 0 {
		return
	}
	end := digits
	for end < len(from) && from[end] >= '0' && from[end] <= '9' {
		end++
	}
	row, err := strconv.Atoi(string(from[digits:end]))
	if left := column(from); err == nil && left >= 0 {
		b.out.Merge(row, left, column(to)-left+1)
	}
}

// grid is a sheet that is being read.
type grid struct {
	b      *book
	sh     sheet
	row    int // from 1
	gone   bool
	col    int // of the open cell
	hidden [][2]int
	value  []byte
	kind   string
	style  int
}

func (g *grid) read(s *xmlscan.Scanner) error {
	inValue := 0
	g.col = -1
	for s.Next() {
		switch s.Kind {
		case xmlscan.Text:
			if inValue > 0 {
				g.value = append(g.value, s.Text()...)
			}
		case xmlscan.Start:
			switch string(s.Name()) {
			case "c":
				g.begin(s)
			case "v", "t":
				inValue++
			case "row":
				g.beginRow(s)
			case "col":
				if s.Raw("hidden") != nil && on(s, "hidden") {
					a, _ := strconv.Atoi(s.Attr("min"))
					z, _ := strconv.Atoi(s.Attr("max"))
					g.hidden = append(g.hidden, [2]int{a - 1, z - 1})
				}
			case "f", "rPh", "extLst", "conditionalFormatting", "dataValidations", "hyperlinks":
				s.Skip()
			}
		case xmlscan.End:
			switch string(s.Name()) {
			case "v", "t":
				inValue--
			case "c":
				g.end()
			case "row":
				if err := g.endRow(); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// column is the number of the column of a cell, from 0; -1 where it has none.
func column(ref []byte) int {
	n := 0
	for _, c := range ref {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c < 'A' || c > 'Z' || n > 20000 {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1
}

// maxColumn is the last column that a sheet can have.
const maxColumn = 16383

func (g *grid) beginRow(s *xmlscan.Scanner) {
	n := g.row + 1
	if x, err := strconv.Atoi(string(s.Raw("r"))); err == nil && x > 0 {
		n = x
	}
	g.row, g.gone = n, s.Raw("hidden") != nil && on(s, "hidden")
	g.b.out.BeginRow(n)
	g.col = -1
}

func (g *grid) begin(s *xmlscan.Scanner) {
	g.col++
	if c := column(s.Raw("r")); c >= 0 {
		g.col = c
	}
	g.value = g.value[:0]
	g.kind = ""
	switch k := s.Raw("t"); string(k) {
	case "", "n":
	case "s":
		g.kind = "s"
	case "b":
		g.kind = "b"
	case "d":
		g.kind = "d"
	default:
		g.kind = "str"
	}
	g.style, _ = strconv.Atoi(string(s.Raw("s")))
}

// end writes a cell into its row.
func (g *grid) end() {
	if len(g.value) == 0 || g.col > maxColumn {
		return
	}
	var t string
	plain := false
	switch g.kind {
	case "s":
		i, err := strconv.Atoi(string(bytes.TrimSpace(g.value)))
		if err != nil {
			return
		}
		t = string(g.b.string(i))
	case "b":
		t = "FALSE"
		if g.value[0] == '1' || g.value[0] == 't' {
			t = "TRUE"
		}
	case "d":
		t = strings.TrimSuffix(strings.Replace(string(g.value), "T", " ", 1), " 00:00:00")
	case "str":
		t = string(g.value)
	default:
		t, plain = g.number(), true
	}
	if !plain {
		t = parts.Cell(t)
	}
	if t == "" {
		return
	}
	for _, h := range g.hidden {
		if g.col >= h[0] && g.col <= h[1] {
			g.b.t.Drop("hidden column", t)
			return
		}
	}
	g.b.out.Cell(g.col, t, g.kind == "" || g.kind == "d")
}

var plain = numfmt.Parse("General")

func (g *grid) format() *numfmt.Format {
	if g.style >= 0 && g.style < len(g.b.cells) {
		return g.b.cells[g.style]
	}
	return plain
}

// number shows the number of a cell.
func (g *grid) number() string {
	raw := bytes.TrimSpace(g.value)
	f := g.format()
	if f.Plain() && len(raw) < 12 && !bytes.ContainsAny(raw, "eE") {
		return string(raw)
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return parts.Cell(string(raw))
	}
	return parts.Cell(f.Show(v, g.b.from1904))
}

// endRow writes a row.
func (g *grid) endRow() error {
	why := ""
	if g.sh.hidden {
		why = "hidden sheet"
	} else if g.gone {
		why = "hidden row"
	}
	return g.b.out.EndRow(why)
}
