package pdf

import (
	"github.com/tamis-search/tamis/corpus/read/pdf/pdfium"
)

// file is an open PDF file.
type file struct {
	*pdfium.Guest
	data uint32 // where its bytes are
	doc  uint64
}

// What FPDF_GetLastError says.
const (
	errPassword = 4
	errSecurity = 5
)

// open opens a file; code is why it could not.
func open(g *pdfium.Guest, data []byte, password string) (f *file, code int) {
	f = &file{Guest: g, data: g.Malloc(len(data))}
	if f.data == 0 {
		if g.Err == nil {
			g.Err = pdfium.ErrMemory
		}
		return nil, 0
	}
	if !g.Write(f.data, data) {
		g.Err = pdfium.ErrMemory
		return nil, 0
	}
	pass := g.CString(password)
	f.doc = g.Call("FPDF_LoadMemDocument", uint64(f.data), uint64(len(data)), uint64(pass))
	if pass != 0 {
		g.Free(pass)
	}
	if f.doc == 0 {
		code = int(g.Call("FPDF_GetLastError"))
		g.Free(f.data)
		return nil, code
	}
	return f, 0
}

func (f *file) close() {
	f.Call("FPDF_CloseDocument", f.doc)
	f.Free(f.data)
}

func (f *file) pages() int { return int(int32(f.Call("FPDF_GetPageCount", f.doc))) }

// meta is a text of the file's information dictionary.
func (f *file) meta(tag string) string {
	p := f.CString(tag)
	defer f.Free(p)
	return f.Wide(func(buf, n uint64) uint64 { return f.Call("FPDF_GetMetaText", f.doc, uint64(p), buf, n) })
}
