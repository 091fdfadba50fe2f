package office

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/flate"

	"github.com/tamis-search/tamis/corpus/read/format"
)

// container makes an OLE file of one stream, in sectors of 512 bytes.
func container(name string, content []byte) string {
	content = append(content, make([]byte, max(4096, (len(content)+511)/512*512)-len(content))...)
	u16 := func(n int) []byte { return binary.LittleEndian.AppendUint16(nil, uint16(n)) }
	u32 := func(n int) []byte { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
	const none = 0xFFFFFFFF
	var h bytes.Buffer
	for _, p := range [][]byte{[]byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), make([]byte, 16), u16(0x3E), u16(3), u16(0xFFFE), u16(9), u16(6), make([]byte, 6), u32(0), u32(1), u32(1), u32(0), u32(4096), u32(0xFFFFFFFE), u32(0), u32(0xFFFFFFFE), u32(0), u32(0)} {
		h.Write(p)
	}
	for h.Len() < 512 {
		h.Write(u32(none))
	}
	// Sector 0 is the table of sectors, 1 the directory, the stream follows.
	fat := append(u32(0xFFFFFFFD), u32(0xFFFFFFFE)...)
	n := len(content) / 512
	for i := range n {
		next := i + 3
		if i == n-1 {
			next = 0xFFFFFFFE
		}
		fat = append(fat, u32(next)...)
	}
	for len(fat) < 512 {
		fat = append(fat, u32(none)...)
	}
	h.Write(fat)
	entry := func(name string, kind byte, child, start, size int) {
		b := make([]byte, 128)
		for i, c := range utf16.Encode([]rune(name)) {
			copy(b[2*i:], u16(int(c)))
		}
		copy(b[64:], u16(2*len(name)+2))
		b[66], b[67] = kind, 1
		copy(b[68:], bytes.Join([][]byte{u32(none), u32(none), u32(child)}, nil))
		copy(b[116:], u32(start))
		copy(b[120:], u32(size))
		h.Write(b)
	}
	entry("Root Entry", 5, 1, 0xFFFFFFFE, 0)
	entry(name, 2, none, 2, len(content))
	h.Write(make([]byte, 256))
	h.Write(content)
	return h.String()
}

// oldBook is a workbook of Excel 97 with one cell.
func oldBook() []byte {
	rec := func(id int, content ...byte) []byte {
		b := binary.LittleEndian.AppendUint16(nil, uint16(id))
		return append(binary.LittleEndian.AppendUint16(b, uint16(len(content))), content...)
	}
	globals := func(at byte) []byte {
		return bytes.Join([][]byte{rec(0x809, 0, 6, 5, 0), rec(0x85, at, 0, 0, 0, 0, 0, 1, 0, 'S'), rec(0x0A)}, nil)
	}
	return bytes.Join([][]byte{globals(byte(len(globals(0)))), rec(0x809, 0, 6, 0x10, 0), rec(0x204, 1, 0, 1, 0, 0, 0, 5, 0, 0, 'h', 'e', 'l', 'l', 'o'), rec(0x0A)}, nil)
}

func TestOLE(t *testing.T) {
	d, err := open(t.Context(), OLE, container("WORKBOOK", oldBook()), format.Options{})
	if err != nil || d.Source != "S\n\nhello" || d.PlaceOf(3).Cell != "B2" || d.Type != "xls" {
		t.Errorf("%q, %v", d.Source, err)
	}
	for body, want := range map[string]string{
		container("Unknown", nil):                      format.Unsupported,
		container("Workbook", oldBook())[:700]:         format.Damaged,
		container("WordDocument", []byte("nothing")):   format.Damaged,
		container("EncryptedPackage", []byte("12345")): format.Encrypted,
	} {
		var s *format.SkipError
		if _, err := open(t.Context(), OLE, body, format.Options{}); !errors.As(err, &s) || s.Status != want {
			t.Errorf("%v, want it to be %s", err, want)
		}
	}
}

// TestLocked: an OpenDocument file that is encrypted opens with its password alone.
func TestLocked(t *testing.T) {
	content := `<office:document-content ` + ons + `><office:body><office:text><text:p>Secret text.</text:p></office:text></office:body></office:document-content>`
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, 6)
	_, _ = w.Write([]byte(content))
	_ = w.Close()
	start := sha256.Sum256([]byte("open sesame"))
	salt, iv := []byte("salt salt"), []byte("vector of blocks")
	key, err := pbkdf2.Key(sha1.New, string(start[:]), salt, 100, 32)
	if err != nil {
		t.Fatal(err)
	}
	b := packed.Bytes()
	sum := sha256.Sum256(b[:min(len(b), 1024)])
	pad := aes.BlockSize - len(b)%aes.BlockSize
	b = append(b, bytes.Repeat([]byte{byte(pad)}, pad)...)
	c, _ := aes.NewCipher(key)
	cipher.NewCBCEncrypter(c, iv).CryptBlocks(b, b)
	b64 := base64.StdEncoding.EncodeToString
	manifest := fmt.Sprintf(`<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry m:full-path="content.xml"><m:encryption-data m:checksum-type="x#sha256-1k" m:checksum=%q><m:algorithm m:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc" m:initialisation-vector=%q/><m:key-derivation m:key-derivation-name="PBKDF2" m:key-size="32" m:iteration-count="100" m:salt=%q/><m:start-key-generation m:start-key-generation-name="http://www.w3.org/2000/09/xmldsig#sha256"/></m:encryption-data></m:file-entry></m:manifest>`, b64(sum[:]), b64(iv), b64(salt))
	body := lockedFile(t, manifest, string(b))
	d, err := open(t.Context(), Zip, body, format.Options{Passwords: []string{"no", "open sesame"}})
	if err != nil || d.Source != "Secret text." {
		t.Errorf("%q, %v", d.Source, err)
	}
	for _, given := range [][]string{nil, {"no"}} {
		var s *format.SkipError
		if _, err := open(t.Context(), Zip, body, format.Options{Passwords: given}); !errors.As(err, &s) || s.Status != format.Encrypted {
			t.Errorf("%v with %q", err, given)
		}
	}
	slow := lockedFile(t, strings.Replace(manifest, `"100"`, `"999999999"`, 1), string(b))
	if _, err := open(t.Context(), Zip, slow, format.Options{Passwords: []string{"no"}}); err == nil || !strings.Contains(err.Error(), "hashed") {
		t.Error(err)
	}
}

func lockedFile(t *testing.T, manifest, content string) string {
	return packed(t, "mimetype", "application/vnd.oasis.opendocument.text", "META-INF/manifest.xml", manifest, "content.xml", content)
}

func FuzzOLE(f *testing.F) {
	f.Add(container("Workbook", oldBook()))
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Contains(body, "E\x00n\x00c\x00r\x00y\x00p\x00t\x00") {
			return // hashing a password takes its time
		}
		d, err := open(t.Context(), OLE, body, format.Options{MaxBytes: 1 << 20})
		whole(t, &d, err)
	})
}
