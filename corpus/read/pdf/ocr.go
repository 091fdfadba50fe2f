package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/pdf/pdfium"
)

// Limits of reading the pictures of pages with a command.
const (
	ocrTime    = time.Minute
	ocrPages   = 500 // a file
	ocrDPI     = 300
	ocrPixels  = 24 << 20 // larger pages are drawn with fewer dots
	ocrText    = 1 << 20
	scanWords  = 5    // a page of pictures may have as many words, of a stamp or a number
	scanCovers = 0.5  // so much of it are pictures
	scanLittle = 0.02 // that much is enough where there is no word
)

// recognise reads the picture of a page with the command, and gives its paragraphs.
func (r *reading) recognise(ctx context.Context, n int) ([]*block, error) {
	if r.byOCR >= ocrPages {
		return nil, fmt.Errorf("a file has at most %d pages that are read so", ocrPages)
	}
	r.byOCR++
	var picture *image.Gray
	var width, height float32
	if err := r.guest.Within(ctx, pageTime, func() { picture, width, height = r.pdf.draw(n) }); err != nil {
		return nil, err
	}
	if picture == nil {
		return nil, errors.New("the page cannot be drawn")
	}
	dir, err := os.MkdirTemp("", "tamis-ocr-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "page.png")
	var file bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&file, picture); err != nil {
		return nil, err
	}
	if err := os.WriteFile(name, file.Bytes(), 0o600); err != nil {
		return nil, err
	}
	text, err := runOCR(ctx, r.options.OCR, name)
	if err != nil {
		return nil, err
	}
	var blocks []*block
	for _, p := range strings.Split(strings.ReplaceAll(text, "\r", ""), "\n\n") {
		b := &block{page: n, box: box{0, 0, width, height}}
		for l := range strings.Lines(p) {
			var line line
			for _, w := range strings.Fields(l) {
				line.words = append(line.words, word{text: w, style: ocrStyle})
			}
			if len(line.words) > 0 {
				b.lines = append(b.lines, line)
			}
		}
		if len(b.lines) > 0 {
			blocks = append(blocks, b)
		}
	}
	return blocks, nil
}

var ocrStyle = &style{font: &font{}}

// runOCR runs a command, whose words are divided by spaces, on a picture: {} stands for
// its path, which is the last word else. What it prints is the text.
func runOCR(ctx context.Context, command, picture string) (string, error) {
	args := strings.Fields(command)
	placed := false
	for i := range args {
		if strings.Contains(args[i], "{}") {
			args[i], placed = strings.ReplaceAll(args[i], "{}", picture), true
		}
	}
	if !placed {
		args = append(args, picture)
		if len(args) == 2 && strings.TrimSuffix(filepath.Base(args[0]), ".exe") == "tesseract" {
			args = append(args, "stdout")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, ocrTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.WaitDelay = time.Second
	var out, errs limited
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("%s takes longer than %v", args[0], ocrTime)
		}
		first, _, _ := strings.Cut(strings.TrimSpace(errs.String()), "\n")
		return "", fmt.Errorf("%s: %w: %s", args[0], err, first)
	}
	return strings.ToValidUTF8(strings.ReplaceAll(out.String(), "\f", "\n\n"), "\uFFFD"), nil
}

// limited keeps the first bytes of what is written, and takes the rest.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	l.Buffer.Write(p[:max(0, min(len(p), ocrText-l.Len()))])
	return len(p), nil
}

var _ io.Writer = (*limited)(nil)

// draw draws a page in grey.
func (f *file) draw(n int) (picture *image.Gray, width, height float32) {
	handle := f.Call("FPDF_LoadPage", f.doc, uint64(n-1))
	if handle == 0 {
		return nil, 0, 0
	}
	defer f.Call("FPDF_ClosePage", handle)
	width, height = pdfium.Float32(f.Call("FPDF_GetPageWidthF", handle)), pdfium.Float32(f.Call("FPDF_GetPageHeightF", handle))
	scale := float32(ocrDPI) / 72
	for width*height*scale*scale > ocrPixels {
		scale *= 0.9
	}
	w, h := int(width*scale), int(height*scale)
	if w < 1 || h < 1 {
		return nil, 0, 0
	}
	const grey, notes = 1, 1
	bitmap := f.Call("FPDFBitmap_CreateEx", uint64(w), uint64(h), grey, 0, 0)
	if bitmap == 0 {
		return nil, 0, 0
	}
	defer f.Call("FPDFBitmap_Destroy", bitmap)
	f.Call("FPDFBitmap_FillRect", bitmap, 0, 0, uint64(w), uint64(h), 0xFFFFFFFF)
	f.Call("FPDF_RenderPageBitmap", bitmap, handle, 0, 0, uint64(w), uint64(h), 0, notes)
	stride := int(int32(f.Call("FPDFBitmap_GetStride", bitmap)))
	buffer := uint32(f.Call("FPDFBitmap_GetBuffer", bitmap))
	if f.Err != nil || buffer == 0 || stride < w {
		return nil, 0, 0
	}
	picture = image.NewGray(image.Rect(0, 0, w, h))
	data := f.Bytes(buffer, stride*h)
	for y := range h {
		copy(picture.Pix[y*picture.Stride:], data[y*stride:y*stride+w])
	}
	return picture, width, height
}

// scan says that a page is a picture of text.
func (p *page) scan(lines []line) bool {
	words := 0
	for i := range lines {
		words += len(lines[i].words)
	}
	return words == 0 && p.covered > scanLittle || words <= scanWords && p.covered >= scanCovers
}

// warnScans names the pages that are pictures and were not read.
func (r *reading) warnScans(d *corpus.Document) {
	if len(r.scans) == 0 {
		return
	}
	var list []string
	for i := 0; i < len(r.scans); {
		k := i
		for k+1 < len(r.scans) && r.scans[k+1] == r.scans[k]+1 {
			k++
		}
		if k == i {
			list = append(list, fmt.Sprint(r.scans[i]))
		} else {
			list = append(list, fmt.Sprintf("%d-%d", r.scans[i], r.scans[k]))
		}
		i = k + 1
	}
	if len(list) > 20 {
		list = append(list[:20], "…")
	}
	reason := "are scanned: pictures without text, which --ocr COMMAND reads"
	if r.ocrErr != nil {
		reason = fmt.Sprintf("are scanned and were not read: %v", r.ocrErr)
	}
	d.Warnings = append(d.Warnings, corpus.Warning{Key: "pages " + strings.Join(list, ", "), Reason: reason})
}
