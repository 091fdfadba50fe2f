package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"github.com/tamis-search/tamis/corpus/read"
)

// in reads a file of a name with some bytes: "id=text" of its documents, the ids
// without the folder, and what was skipped.
func in(t testing.TB, o read.Options, name, body string) (docs, skipped []string) {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(body), 0o666); err != nil {
		t.Fatal(err)
	}
	r := read.New(o)
	note := func(err error) {
		var s *read.SkipError
		if !errors.As(err, &s) {
			t.Fatalf("error %v is no SkipError", err)
		}
		skipped = append(skipped, strings.TrimPrefix(s.Error(), dir+"/"))
	}
	for f, err := range r.Files(path) {
		if err != nil {
			note(err)
			continue
		}
		for d, err := range r.Documents(t.Context(), f) {
			if err != nil {
				note(err)
				continue
			}
			docs = append(docs, strings.TrimPrefix(d.ID, dir+"/")+"="+d.Source)
		}
	}
	return docs, skipped
}

type file struct{ name, body string }

func zipOf(files ...file) string {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate}
		if strings.HasSuffix(f.name, "link") {
			h.SetMode(os.ModeSymlink | 0o777)
		}
		w, _ := z.CreateHeader(h)
		io.WriteString(w, f.body)
	}
	z.Close()
	return b.String()
}

func tarOf(files ...file) string {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Size: int64(len(f.body)), Mode: 0o644, Typeflag: tar.TypeReg}
		if strings.HasSuffix(f.name, "link") {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, f.body, 0
		}
		w.WriteHeader(h)
		if h.Size > 0 {
			io.WriteString(w, f.body)
		}
	}
	w.Close()
	return b.String()
}

func packed(how, s string) string {
	var b bytes.Buffer
	var w io.WriteCloser
	switch how {
	case "gz":
		w = gzip.NewWriter(&b)
	case "zst":
		w, _ = zstd.NewWriter(&b)
	case "xz":
		w, _ = xz.NewWriter(&b)
	}
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

const (
	teaBz2 = "QlpoOTFBWSZTWbELgxMAAAJTgAAQQAEEACKhGAAgADEA000EANMkrDYCnmgrxdyRThQkLELgxMA="
	tea7z  = "N3q8ryccAAQQl4DzngAAAAAAAAAUAAAAAAAAAD9NUuMBACJUZWEgaXMgZ3JlZW4uCiMgTWlsawoKSXQgaXMgd2hpdGUuCgDgAHwAb10AAIEzB64P0Hif/J85EJxt+2pcRsiMI2VEGnUqSfRybjhvoia3XD3n9FqtUBYKG5p4OH3mysYaz2CyfFG8O7apvPcfAhxXTVmm1e0apaZSVyzXCEQMYv+C3VHTM2ejRq0E8Jkx0dDIqvO3NZFOAAAAABcGJwEJdwAHCwEAASEhARgMfQAA"
	// With the password "key".
	tea7zLocked = "N3q8ryccAAQ/UIs00AAAAAAAAAAqAAAAAAAAALE+XRIEtGWIb9d4EbAA686dZ/1p4Ecy3z2wcRgOyZo85nls7b7it0QaRu7TjtZ3R5Kd+W0H7bufLwaKxFcpWjowuNarE6lsmAiQI40KER4D0OFJyN4+FA52z50o+Le9pX2QNywKNIOsL2ZjpDPckDJepiSy/nMkykRwlAvOPu0fWNuKwayIvgM6mYlR5N1BpRnPkj1SAS0S8L1ftCdADAP+0xfj8QGKOHSDR8nxLNZkePvduxlYNB7sLnTQmSKrKHt5WAS+iE4vyNeoMIt6DcNVQkCqFwYwAQmAoAAHCwEAASQG8QcBElMPBu2GAGUa76ybgJwI90bUjAyAkQAA"
)

func raw(s string) string {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestArchives(t *testing.T) {
	files := []file{{"a/tea.txt", "Tea is green.\n"}, {"../up.txt", "x"}, {"/root.txt", "x"}, {"a/link", "/etc/passwd"}, {"__MACOSX/._tea.txt", "x"}, {"p/node_modules/x/a.js", "x"}, {"p/.git/HEAD", "x"}, {"a/sub/", ""}, {"milk.md", "# Milk\n"}}
	want := "[a/tea.txt=Tea is green.\n milk.md=# Milk\n]"
	for name, body := range map[string]string{
		"t.zip": zipOf(files...), "t.tar": tarOf(files...), "t.tar.gz": packed("gz", tarOf(files...)), "t.tgz": packed("gz", tarOf(files...)),
		"t.tar.xz": packed("xz", tarOf(files...)), "t.tar.zst": packed("zst", tarOf(files...)), "t": zipOf(files...),
	} {
		docs, skipped := in(t, read.Options{}, name, body)
		if got := strings.ReplaceAll(fmt.Sprint(docs), name+"!/", ""); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if len(skipped) != 2 || !strings.Contains(skipped[0], "leads out of the archive") || !strings.Contains(skipped[1], "leads out of the archive") {
			t.Errorf("%s: skipped %q", name, skipped)
		}
	}
	for name, body := range map[string]string{"tea.txt.bz2": raw(teaBz2), "tea.txt.gz": packed("gz", "Tea is green.\n"), "tea.txt.xz": packed("xz", "Tea is green.\n"), "tea.txt.zst": packed("zst", "Tea is green.\n"), "tea.txt.gz.xz": packed("xz", packed("gz", "Tea is green.\n"))} {
		if docs, skipped := in(t, read.Options{}, name, body); fmt.Sprint(docs) != "["+name+"=Tea is green.\n]" {
			t.Errorf("%s: %q, skipped %q", name, docs, skipped)
		}
	}
	if docs, skipped := in(t, read.Options{}, "t.7z", raw(tea7z)); fmt.Sprint(docs) != "[t.7z!/a/tea.txt=Tea is green.\n t.7z!/milk.md=# Milk\n\nIt is white.\n]" {
		t.Errorf("7z: %q, skipped %q", docs, skipped)
	}
	if docs, skipped := in(t, read.Options{Passwords: []string{"no", "key"}}, "t.7z", raw(tea7zLocked)); len(docs) != 2 {
		t.Errorf("7z with a password: %q, skipped %q", docs, skipped)
	}
	if docs, skipped := in(t, read.Options{}, "t.7z", raw(tea7zLocked)); len(docs) != 0 || len(skipped) != 1 || !strings.Contains(skipped[0], "encrypted") && !strings.Contains(skipped[0], "damaged") {
		t.Errorf("7z without its password: %q, skipped %q", docs, skipped)
	}
}

// TestPassedBy: what follows a large member that is not read is read, also where the archive
// is compressed and so can only be read in order.
func TestPassedBy(t *testing.T) {
	noise := make([]byte, 300<<10)
	rand.NewChaCha8([32]byte{}).Read(noise)
	files := []file{{"film.mp4", "\x00\x00\x00\x18ftyp" + string(noise)}, {"p/.git/pack", string(noise)}, {"tea.txt", "Tea is green.\n"}}
	for name, body := range map[string]string{"t.zip": zipOf(files...), "t.tar": tarOf(files...), "t.tar.gz": packed("gz", tarOf(files...)), "u.zip": zipOf(file{"t.tar", tarOf(files...)})} {
		docs, skipped := in(t, read.Options{}, name, body)
		if len(docs) != 1 || !strings.HasSuffix(docs[0], "tea.txt=Tea is green.\n") || len(skipped) != 1 || !strings.HasSuffix(skipped[0], "film.mp4: no reader for a film") {
			t.Errorf("%s: %q, skipped %q", name, docs, skipped)
		}
	}
}

// TestNested: archives in archives, mails and what is attached to them.
func TestNested(t *testing.T) {
	mail := "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/zip; name=in.zip\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(zipOf(file{"deep.txt", "deep"}))) + "\n--b--\n"
	docs, skipped := in(t, read.Options{}, "t.zip", zipOf(file{"a.tar.gz", packed("gz", tarOf(file{"m.eml", mail}, file{"b.csv.gz", packed("gz", "a,b\n")}))}))
	want := []string{"t.zip!/a.tar.gz!/m.eml=x", "t.zip!/a.tar.gz!/m.eml!/in.zip!/deep.txt=deep", "t.zip!/a.tar.gz!/b.csv.gz=a\tb"}
	if !slices.Equal(docs, want) || len(skipped) > 0 {
		t.Errorf("%q, skipped %q", docs, skipped)
	}
	// One in another, again and again, ends.
	body := "deep"
	for range 12 {
		body = zipOf(file{"in.zip", body})
	}
	if docs, skipped := in(t, read.Options{}, "t.zip", body); len(docs) != 0 || len(skipped) != 1 || !strings.Contains(skipped[0], "files deep") {
		t.Errorf("%q, skipped %q", docs, skipped)
	}
}

// TestBombs: what unpacks to much more than it is ends early, and the others go in.
func TestBombs(t *testing.T) {
	words := strings.Repeat("word ", 7<<19) // 17.5 MiB
	docs, skipped := in(t, read.Options{}, "t.zip", zipOf(file{"bomb.txt", words}, file{"good.txt", "good"}))
	if fmt.Sprint(docs) != "[t.zip!/good.txt=good]" || len(skipped) != 1 || !strings.Contains(skipped[0], "bomb.txt: unpacks to more than 200 times") {
		t.Errorf("%q, skipped %q", docs, skipped)
	}
	// Small ones that are many spend what all may have together.
	o := read.Options{MaxFileBytes: 1 << 20}
	var many []file
	small := packed("gz", words[:1<<20])
	for i := range 40 {
		many = append(many, file{fmt.Sprint(i, ".txt.gz"), small})
	}
	docs, skipped = in(t, o, "t.zip", zipOf(many...))
	if len(docs) < 14 || len(docs) > 16 || len(skipped) == 0 || !strings.Contains(skipped[len(skipped)-1], "no more of it is read") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
	// A file of which each byte is said to be larger than all.
	docs, skipped = in(t, o, "t.gz", packed("gz", words))
	if len(docs) != 0 || len(skipped) != 1 || !strings.Contains(skipped[0], "larger than the limit") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
	// A list of files that is said to be huge.
	z := zipOf(file{"a.txt", "a"})
	at := strings.LastIndex(z, "PK\x05\x06")
	b := []byte(z)
	binary.LittleEndian.PutUint16(b[at+8:], 0xFFFF)
	binary.LittleEndian.PutUint16(b[at+10:], 0xFFFF)
	if _, skipped := in(t, read.Options{}, "t.zip", string(b)); len(skipped) != 1 || !strings.Contains(skipped[0], "no whole ZIP archive") {
		t.Errorf("skipped %q", skipped)
	}
	if _, skipped := in(t, read.Options{Memory: 1000}, "t.zip", zipOf(slices.Repeat([]file{{"a.txt", "a"}}, 100)...)); len(skipped) != 1 || !strings.Contains(skipped[0], "--memory") {
		t.Errorf("skipped %q", skipped)
	}
}

// TestCut: an archive that is cut gives what is whole, or a word.
func TestCut(t *testing.T) {
	whole := tarOf(file{"a.txt", "a"}, file{"b.txt", "b"})
	docs, skipped := in(t, read.Options{}, "t.tar", whole[:1200])
	if fmt.Sprint(docs) != "[t.tar!/a.txt=a]" || len(skipped) != 1 || !strings.Contains(skipped[0], "damaged archive") {
		t.Errorf("%q, skipped %q", docs, skipped)
	}
	for name, body := range map[string]string{"a.zip": zipOf(file{"a.txt", "a"}), "a.7z": raw(tea7z), "a.txt.bz2": raw(teaBz2), "a.txt.xz": packed("xz", "a"), "a.txt.zst": packed("zst", "aaaa")} {
		for n := 12; n < len(body)-4; n += 7 {
			if docs, skipped := in(t, read.Options{}, name, body[:n]); len(docs)+len(skipped) == 0 || len(docs) > 0 && fmt.Sprint(docs) != "[a.txt.xz=a]" {
				t.Errorf("%s, %d of %d bytes: %q, skipped %q", name, n, len(body), docs, skipped)
			}
		}
	}
}

func FuzzArchive(f *testing.F) {
	for _, s := range []string{zipOf(file{"a.txt", "a"}, file{"b.zip", zipOf(file{"c", "d"})}), tarOf(file{"a.txt", "a"}), packed("gz", tarOf(file{"a", "b"})), raw(tea7z), raw(teaBz2), packed("xz", "a"), packed("zst", "a")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := read.New(read.Options{Stdin: strings.NewReader(s), MaxFileBytes: 1 << 20, Memory: 64 << 20})
		for file, err := range r.Files("-") {
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range r.Documents(t.Context(), file) {
				var skip *read.SkipError
				if err != nil && !errors.As(err, &skip) {
					t.Fatalf("error %v is no SkipError", err)
				}
			}
		}
	})
}
