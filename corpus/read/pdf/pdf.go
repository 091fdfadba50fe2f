// Package pdf reads PDF files.
//
// A PDF file says where each glyph stands on a page, and little more: words, lines,
// paragraphs and tables are guessed. PDFium, compiled to WebAssembly, parses files
// and fonts; it runs under wazero without access to files or network, in an instance
// that can be killed and has a bound on its memory. From its characters and their
// boxes the layout is made here: glyphs to words (words.go), lines to paragraphs
// (blocks.go), rules and gaps to tables (table.go), and all pages together to headings
// and running heads (document.go). The order of the text is that of the page's
// content, which is the order in which nearly all programs write what they set.
//
// PDFium is compiled when a process meets its first PDF file, for some seconds; the
// result is kept under the user's cache directory, from where it takes a tenth of a second.
package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/pdf/pdfium"
)

// Limits of one file.
const (
	pageTime  = 20 * time.Second
	openTime  = 30 * time.Second
	fileTime  = 10 * time.Minute
	mostPages = 20_000
)

// Read reads a PDF file as one document.
func Read(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	limit := int64(pdfium.Memory)
	if o.Memory > 0 {
		limit = min(limit, o.Memory/2)
	}
	if f.Size > limit/2 || limit < pdfium.Least {
		return f.Skip("a PDF file of %d MiB takes more memory than there may be (--memory)", f.Size>>20)
	}
	data := make([]byte, f.Size)
	if n, err := io.ReadFull(f.Reader(), data); err != nil {
		return fmt.Errorf("%d of %d bytes: %w", n, f.Size, err)
	}
	e, err := pdfium.Start()
	if err != nil {
		return f.Skip("%v", err)
	}
	g, err := e.Guest(ctx)
	if err != nil {
		return failed(ctx, f, err)
	}
	defer g.Done()
	g.Limit(limit)
	r := reading{file: f, options: o, guest: g}
	d, err := r.guarded(ctx, data)
	if err != nil {
		return failed(ctx, f, err)
	}
	yield(d, nil)
	return nil
}

// failed is the error of a file that could not be read: that of ctx where it ended,
// else a skip.
func failed(ctx context.Context, f *format.File, err error) error {
	var skip *format.SkipError
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.As(err, &skip) {
		return err
	}
	return f.Skip("%v", err)
}

// reading is the reading of one file.
type reading struct {
	file    *format.File
	options *format.Options
	guest   *pdfium.Guest
	pdf     *file
	pages   []*page
	blocks  []*block
	dropped []corpus.Dropped
	tables  int
	outline map[string]int // levels of headings by their keys
	byOCR   int            // pages that a command read
	scans   []int          // pages that are pictures and were not read
	ocrErr  error
}

// guarded is read where a panic of the libraries below is an error.
func (r *reading) guarded(ctx context.Context, data []byte) (d corpus.Document, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("PDFium failed: %v", p)
			r.guest.Err = err
		}
	}()
	return r.read(ctx, data)
}

func (r *reading) read(ctx context.Context, data []byte) (d corpus.Document, err error) {
	if err := r.open(ctx, data); err != nil {
		return d, err
	}
	defer r.pdf.close()
	if err := r.readPages(ctx); err != nil {
		return d, err
	}
	if err := r.guest.Within(ctx, openTime, func() {
		r.outline = r.pdf.readOutline()
		r.describe(&d)
	}); err != nil {
		return d, err
	}
	r.dropRepeats()
	r.joinTables()
	r.classify()
	r.joinParagraphs()
	r.unturn()
	d.Type = "pdf"
	compose(&d, r.blocks)
	d.Place.Page = 1
	r.warnScans(&d)
	if r.options.Explain {
		d.Dropped = r.dropped
	}
	if format.Blank(d.Source) {
		switch {
		case len(r.scans) > 0 && r.ocrErr != nil:
			return d, r.file.SkipAs(format.Scanned, "scanned, and not read: %v", r.ocrErr)
		case len(r.scans) > 0:
			pages := "one page is a picture"
			if n := len(r.scans); n > 1 {
				pages = fmt.Sprintf("%d pages are pictures", n)
			}
			return d, r.file.SkipAs(format.Scanned, "scanned: %s without text, which --ocr COMMAND reads", pages)
		}
		return d, r.file.Skip("there is no text in it")
	}
	return d, nil
}

func (r *reading) open(ctx context.Context, data []byte) error {
	passwords := append([]string{""}, r.options.Passwords...)
	code := 0
	err := r.guest.Within(ctx, openTime, func() {
		for _, password := range passwords {
			if r.pdf, code = open(r.guest, data, password); r.pdf != nil || code != errPassword {
				return
			}
		}
	})
	switch {
	case err != nil:
		return err
	case r.pdf != nil:
		return nil
	case code == errPassword && len(passwords) == 1:
		return r.file.SkipAs(format.Encrypted, "it is encrypted: give its password by --password")
	case code == errPassword:
		return r.file.SkipAs(format.Encrypted, "encrypted: none of the passwords opens it (--password)")
	case code == errSecurity:
		return r.file.SkipAs(format.Encrypted, "encrypted in a way that is not known")
	}
	return r.file.SkipAs(format.Damaged, "damaged: it is no PDF file that can be opened")
}

func (r *reading) readPages(ctx context.Context) error {
	began := time.Now()
	fonts := map[uint64]*font{}
	n := 0
	if err := r.guest.Within(ctx, openTime, func() { n = r.pdf.pages() }); err != nil {
		return err
	}
	if n == 0 {
		return r.file.SkipAs(format.Damaged, "damaged: it has no pages")
	}
	for i := 1; i <= min(n, mostPages); i++ {
		var p *page
		if err := r.guest.Within(ctx, pageTime, func() { p = r.pdf.page(i, fonts) }); err != nil {
			return fmt.Errorf("page %d: %w", i, err)
		}
		if time.Since(began) > fileTime {
			return fmt.Errorf("page %d of %d: %w", i, n, pdfium.ErrTime)
		}
		if p == nil {
			continue
		}
		if err := r.layOut(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// arrange makes blocks of the lines of a page: rows where they are in tables, each
// table where its first line stands, else paragraphs.
func (r *reading) arrange(p *page, lines []line) (blocks []*block) {
	of := p.tables(lines)
	done := map[*table]bool{}
	var plain []line
	for i := range lines {
		t := of[i]
		if t == nil {
			plain = append(plain, lines[i])
			continue
		}
		if !done[t] {
			done[t] = true
			blocks = append(blocks, paragraphs(p.number, plain)...)
			plain = nil
			r.tables++
			blocks = append(blocks, t.blocks(p.number, r.tables)...)
		}
	}
	return append(blocks, paragraphs(p.number, plain)...)
}

// layOut makes blocks of a page.
func (r *reading) layOut(ctx context.Context, p *page) error {
	p.stand()
	p.straighten()
	lines, hidden := p.lines()
	if p.scan(lines) {
		if r.options.OCR == "" || r.ocrErr != nil {
			r.scans = append(r.scans, p.number)
		} else {
			blocks, err := r.recognise(ctx, p.number)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if r.guest.Err != nil {
				return err
			}
			if err != nil {
				r.scans, r.ocrErr = append(r.scans, p.number), err
			}
			r.blocks = append(r.blocks, blocks...)
		}
	}
	if hidden != "" && r.options.Explain {
		r.dropped = append(r.dropped, corpus.Dropped{Reason: "invisible", Text: strings.ReplaceAll(hidden, string(hyphen), "-")})
	}
	blocks := r.arrange(p, lines)
	if p.tagged {
		blocks = tagTables(blocks, &r.tables)
	}
	r.blocks = append(r.blocks, blocks...)
	p.glyphs = nil
	r.pages = append(r.pages, p)
	return nil
}
