package pdf

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/md5"
	"crypto/rc4"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/pdf/pdfium"
)

const padding = "\x28\xBF\x4E\x5E\x4E\x75\x8A\x41\x64\x00\x4E\x56\xFF\xFA\x01\x08\x2E\x2E\x00\xB6\xD0\x68\x3E\x80\x2F\x0C\xA9\xFE\x64\x53\x69\x7A"

// encrypted writes a page with the oldest encryption of PDF (RC4 of 40 bits).
func encrypted(user, owner, text string) []byte {
	pad := func(s string) []byte { return []byte((s + padding)[:32]) }
	crypt := func(key, data []byte) []byte {
		c, _ := rc4.NewCipher(key)
		out := make([]byte, len(data))
		c.XORKeyStream(out, data)
		return out
	}
	sum := md5.Sum(pad(owner))
	o := crypt(sum[:5], pad(user))
	id := []byte("0123456789abcdef")
	p := make([]byte, 4)
	binary.LittleEndian.PutUint32(p, 0xFFFFFFC0)
	sum = md5.Sum(bytes.Join([][]byte{pad(user), o, p, id}, nil))
	key := sum[:5]
	u := crypt(key, []byte(padding))
	content := at("F1", 10, 50, 700, text)
	objectKey := md5.Sum(append(bytes.Clone(key), 5, 0, 0, 0, 0))
	content = string(crypt(objectKey[:10], []byte(content)))
	return assemble([]string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[4 0 R]>>",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 5 0 R/Resources<</Font<</F1 3 0 R>>>>>>",
		fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(content), content),
	}, fmt.Sprintf("/ID[<%x><%x>]/Encrypt<</Filter/Standard/V 1/R 2/P -64/O<%x>/U<%x>>>", id, id, o, u))
}

func skipped(t *testing.T, err error, status, reason string) {
	t.Helper()
	var skip *format.SkipError
	if !errors.As(err, &skip) || skip.Status != status || !strings.Contains(skip.Reason, reason) {
		t.Errorf("%v, want status %q and %q", err, status, reason)
	}
}

func TestEncrypted(t *testing.T) {
	data := encrypted("open", "own", "It was locked.")
	for _, password := range []string{"open", "own"} {
		docs, err := readWith(t.Context(), data, format.Options{Passwords: []string{"wrong", password}})
		if err != nil || docs[0].Source != "It was locked." {
			t.Errorf("with %q: %v %v", password, docs, err)
		}
	}
	_, err := readWith(t.Context(), data, format.Options{})
	skipped(t, err, format.Encrypted, "it is encrypted")
	_, err = readWith(t.Context(), data, format.Options{Passwords: []string{"wrong"}})
	skipped(t, err, format.Encrypted, "none of the passwords")
	if docs, err := readWith(t.Context(), encrypted("", "own", "Anyone may read it."), format.Options{}); err != nil || docs[0].Source != "Anyone may read it." {
		t.Errorf("%v %v", docs, err)
	}
}

// TestMain reads the picture of a page where the tests run themselves to do so.
func TestMain(m *testing.M) {
	if os.Getenv("TAMIS_TEST_OCR") == "" {
		os.Exit(m.Run())
	}
	picture, err := os.ReadFile(os.Args[len(os.Args)-1])
	if err != nil || !bytes.HasPrefix(picture, []byte("\x89PNG")) {
		fmt.Fprintln(os.Stderr, "no picture")
		os.Exit(3)
	}
	fmt.Print("What the picture\nsays.\n\nAnd more.\n\f")
	os.Exit(0)
}

// scan is a page that is a grey picture, and one with text.
func scan() []byte {
	image := `<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray/BitsPerComponent 8/Length 1>>stream
x
endstream`
	data := made([]string{image}, "q 600 0 0 800 0 0 cm /I Do Q\n"+at("F1", 8, 10, 10, "stamp 7"), at("F1", 10, 50, 700, "A page with text."))
	return bytes.Replace(data, []byte("/Resources<<"), []byte("/Resources<</XObject<</I 6 0 R>>"), 1)
}

func TestScanned(t *testing.T) {
	d := readOne(t, scan())
	if len(d.Warnings) != 1 || d.Warnings[0].Key != "pages 1" || !strings.Contains(d.Warnings[0].Reason, "scanned") {
		t.Errorf("%+v", d.Warnings)
	}
	_, err := readWith(t.Context(), bytes.Replace(bytes.Replace(scan(), []byte("(stamp 7)"), []byte("(       )"), 1), []byte("(A page with text.)"), []byte("(                 )"), 1), format.Options{})
	skipped(t, err, format.Scanned, "--ocr")

	t.Setenv("TAMIS_TEST_OCR", "1")
	docs, err := readWith(t.Context(), scan(), format.Options{OCR: os.Args[0]})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, docs[0], "paragraph 1: What the picture says.\nparagraph 1: And more.\nparagraph 1: stamp 7\nparagraph 2: A page with text.")
	docs, err = readWith(t.Context(), scan(), format.Options{OCR: os.Args[0] + " {} none"})
	if err != nil || len(docs[0].Warnings) != 1 || !strings.Contains(docs[0].Warnings[0].Reason, "no picture") {
		t.Errorf("%v %v", docs, err)
	}
}

// TestCut: a file that ends anywhere is read as far as it goes or skipped with one line.
func TestCut(t *testing.T) {
	whole := made(nil, at("F1", 10, 50, 700, "One page."), at("F1", 10, 50, 700, "Another page."))
	r := rand.New(rand.NewPCG(1, 2))
	for range 150 {
		docs, err := readWith(t.Context(), whole[:r.IntN(len(whole))], format.Options{})
		check(t, docs, err)
	}
}

func check(t *testing.T, docs []corpus.Document, err error) {
	t.Helper()
	var skip *format.SkipError
	if err != nil && !errors.As(err, &skip) || err == nil && len(docs) != 1 || skip != nil && strings.Contains(skip.Reason, "\n") {
		t.Fatalf("%d documents, %v", len(docs), err)
	}
	for _, d := range docs {
		at := 0
		for _, b := range d.Blocks {
			if b.Start < at || b.End <= b.Start || b.End > len(d.Source) || b.Place == nil || b.Place.Page < 1 {
				t.Fatalf("block %+v after %d of %d", b, at, len(d.Source))
			}
			at = b.End
		}
		if !utf8.ValidString(d.Source) || format.Blank(d.Source) || strings.ContainsRune(d.Source, 0) {
			t.Fatalf("source %q", d.Source)
		}
	}
}

// TestHostile: cycles, bombs and lies end soon, and the next file is read.
func TestHostile(t *testing.T) {
	// A byte that comes 128 times, as often as it takes to fill what a guest may have.
	bomb := []byte(strings.Repeat("\x81\x00", 40<<20/128))
	stream := func(dict string, data []byte) string {
		return fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", dict, len(data), data)
	}
	page := "<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>"
	one := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", page}
	with := func(more ...string) []byte { return assemble(append(one[:3:3], more...), "") }
	files := map[string][]byte{
		"pages in a circle":      assemble([]string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 9/Kids[2 0 R 2 0 R]/Parent 2 0 R>>"}, ""),
		"too many pages":         assemble([]string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 2000000000/Kids[3 0 R]>>", page}, ""),
		"bomb":                   with(stream("/Filter/RunLengthDecode", bomb)),
		"form that draws itself": with(stream("", []byte("/X Do")), stream("/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>", []byte("/X Do /X Do"))),
		"deep arrays":            with(stream("", []byte(strings.Repeat("[", 1<<20)))),
		"outlines in a circle": assemble([]string{"<</Type/Catalog/Pages 2 0 R/Outlines 5 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", page, stream("", nil),
			"<</First 6 0 R/Last 6 0 R>>", "<</Title(a)/Next 6 0 R/First 6 0 R/Parent 5 0 R>>"}, ""),
		"table in a circle":     bytes.Replace(assemble(one, "/Prev 9 "), []byte("/Prev 9 "), []byte("/Prev 9 /XRefStm 9"), 1),
		"objects in each other": with(stream("/Type/ObjStm/N 1/First 4/Extends 5 0 R", []byte("5 0 4 0 R")), stream("/Type/ObjStm/N 99999999/First 4/Extends 4 0 R", []byte("4 0 5 0 R"))),
		"length that lies":      with("<</Length 99999999999>>stream\nBT ET"),
		"length in a circle":    with("<</Length 4 0 R>>stream\nBT ET\nendstream"),
		"large stream":          with(stream("/Filter/FlateDecode", deflated([]byte(strings.Repeat(" ", 1<<20)), 256))),
		"huge page":             bytes.Replace(made(nil, at("F1", 10, 50, 700, "Far.")), []byte("600 800"), []byte("9e9 1e9"), 1),
		"huge picture":          bytes.Replace(scan(), []byte("/Width 1/Height 1"), []byte("/Width 2000000000/Height 2000000000"), 1),
		"not at all":            []byte("%PDF-1.7\n" + strings.Repeat("nothing ", 1000)),
	}
	for name, data := range files {
		began := time.Now()
		docs, err := readWith(t.Context(), data, format.Options{Memory: 80 << 20})
		check(t, docs, err)
		if took := time.Since(began); took > 2*time.Minute {
			t.Errorf("%s: %v", name, took)
		}
		t.Logf("%s: %v %v", name, time.Since(began).Round(time.Millisecond), err)
		if d := readOne(t, made(nil, at("F1", 10, 50, 700, "The next file."))); d.Source != "The next file." {
			t.Errorf("after %s: %q", name, d.Source)
		}
	}
}

// deflated is data, again and again, as zlib writes it.
func deflated(data []byte, times int) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	for range times {
		w.Write(data)
	}
	w.Close()
	return b.Bytes()
}

// TestWrongTable: objects are found where the table of their places is wrong or gone.
func TestWrongTable(t *testing.T) {
	whole := made(nil, at("F1", 10, 50, 700, "Found even so."))
	moved := bytes.Replace(whole, []byte("%PDF-1.7\n"), []byte("%PDF-1.7\n%moved by a line\n"), 1)
	table := bytes.Index(whole, []byte("xref\n"))
	for name, data := range map[string][]byte{
		"moved":         moved,
		"gone":          append(bytes.Clone(whole[:table]), "trailer<</Root 1 0 R>>"...),
		"nowhere":       regexp.MustCompile(`startxref\n\d+`).ReplaceAll(whole, []byte("startxref\n999999999")),
		"zeros":         regexp.MustCompile(`\d{10} 00000 n`).ReplaceAll(whole, []byte("0000000000 00000 n")),
		"of another":    append(bytes.Clone(whole), whole[table:]...),
		"rubbish first": append([]byte(strings.Repeat("rubbish\n", 20)), whole...),
	} {
		if d := readOne(t, data); d.Source != "Found even so." {
			t.Errorf("%s: %q", name, d.Source)
		}
	}
}

// TestNoMap: a font that does not say what its characters are costs the words set in it,
// and no others.
func TestNoMap(t *testing.T) {
	font := "<</Type/Font/Subtype/Type0/BaseFont/None/Encoding/Identity-H/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/None/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor<</Type/FontDescriptor/FontName/None/Flags 4/FontBBox[0 0 9 9]>>>>]>>"
	data := bytes.Replace(made([]string{font}, "BT /F9 10 Tf 50 700 Td <000100020003> Tj ET\n"+at("F1", 10, 50, 600, "Words of another font.")), []byte("/F1 3 0 R"), []byte("/F1 3 0 R/F9 6 0 R"), 1)
	if d := readOne(t, data); !strings.HasSuffix(d.Source, "Words of another font.") {
		t.Errorf("%q", d.Source)
	}
}

// TestCrash: a guest that crashes is a file that is skipped, with one line, and the next
// file is read in another guest.
func TestCrash(t *testing.T) {
	e, err := pdfium.Start()
	if err != nil {
		t.Fatal(err)
	}
	g, err := e.Guest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	f := &format.File{Path: "a.pdf"}
	r := reading{file: f, options: &format.Options{}, guest: g, pdf: &file{Guest: g, doc: 0xFFFFFFF0}}
	err = failed(t.Context(), f, r.readPages(t.Context()))
	g.Done()
	skipped(t, err, "", "PDFium failed in FPDF_GetPageCount (out of bounds memory access)")
	check(t, nil, err)
	readOne(t, made(nil, at("F1", 10, 50, 700, "The next file.")))
}

// TestEnded: a context that ends ends reading.
func TestEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := readWith(ctx, made(nil, at("F1", 10, 50, 700, "Text.")), format.Options{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	// A guest that is killed while it works is not used again.
	e, err := pdfium.Start()
	if err != nil {
		t.Fatal(err)
	}
	g, err := e.Guest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = g.Within(t.Context(), 50*time.Millisecond, func() {
		for g.Err == nil {
			g.Call("malloc", 0)
		}
	})
	g.Done()
	if !errors.Is(err, pdfium.ErrTime) {
		t.Error(err)
	}
	readOne(t, made(nil, at("F1", 10, 50, 700, "The next file.")))
}

// TestMemory: a file that PDFium would need more memory for than the run has is skipped.
func TestMemory(t *testing.T) {
	_, err := readWith(t.Context(), made(nil, strings.Repeat(" ", 1<<20)), format.Options{Memory: 1 << 20})
	skipped(t, err, "", "--memory")
}

func FuzzRead(f *testing.F) {
	page := made(nil, at("F1", 10, 50, 700, "One page."), line2(1, 2, 3, 4))
	if _, err := readWith(f.Context(), page, format.Options{}); err != nil { // PDFium is compiled here: the first input is given ten seconds
		f.Fatal(err)
	}
	f.Add(page)
	f.Add(scan())
	f.Add(encrypted("", "b", "c"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, err := readWith(t.Context(), data, format.Options{Explain: true})
		check(t, docs, err)
	})
}
