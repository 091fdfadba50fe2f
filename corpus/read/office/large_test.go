package office

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// largeSheet is a workbook whose sheet has so many bytes of XML.
func largeSheet(t *testing.T, size int) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range map[string]string{
		"_rels/.rels": rels("officeDocument", "xl/workbook.xml"), "xl/_rels/workbook.xml.rels": rels("worksheet", "worksheets/sheet1.xml"),
		"xl/workbook.xml": `<workbook ` + sns + `><sheets><sheet name="Large" r:id="r1"/></sheets></workbook>`,
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(body))
	}
	w, err := z.Create("xl/worksheets/sheet1.xml")
	if err != nil {
		t.Fatal(err)
	}
	n, _ := fmt.Fprintf(w, `<worksheet %s><sheetData>`, sns)
	for row := 1; n < size; row++ {
		k, _ := fmt.Fprintf(w, `<row r="%d"><c r="A%d" t="inlineStr"><is><t>Item %d of store %d</t></is></c>%s</row>`, row, row, row, row%97,
			strings.Repeat(fmt.Sprintf(`<c r="B%d"><v>%d.%d</v></c>`, row, row*31%100_000, row%100), 9))
		n += k
	}
	_, _ = w.Write([]byte("</sheetData></worksheet>"))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestLargeSheet: what a sheet takes is its text, a record for each row, and little
// beside it: 4 MiB of XML, or 100 MiB with TAMIS_LARGE=1.
func TestLargeSheet(t *testing.T) {
	size := 4 << 20
	if os.Getenv("TAMIS_LARGE") == "1" {
		size = 100 << 20
	}
	body := largeSheet(t, size)
	defer debug.SetGCPercent(debug.SetGCPercent(20)) // so that the heap is what is alive
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	before, peak := m.HeapAlloc, uint64(0)
	done, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for {
			select {
			case <-done:
				return
			case <-time.After(2 * time.Millisecond):
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
		}
	}()
	f := &format.File{Path: "/a", Name: "/a", Size: int64(len(body)), ReaderAt: bytes.NewReader(body)}
	var d corpus.Document
	err := Zip(context.Background(), f, &format.Options{MaxBytes: 256 << 20}, func(got corpus.Document, _ error) bool { d = got; return true })
	close(done)
	<-stopped
	if err != nil {
		t.Fatal(err)
	}
	text, rows := uint64(len(d.Source)), uint64(len(d.Blocks))
	took := peak - min(before, peak)
	t.Logf("%d MiB of XML: %d MiB of text in %d rows; the heap grew by %d MiB at most", size>>20, text>>20, rows, took>>20)
	// A text that grows is there twice for a while, and so are the rows.
	if limit := 2*text + 400*rows + 16<<20; took > limit {
		t.Errorf("the heap grew by %d MiB, %d MiB are expected", took>>20, limit>>20)
	}
}
