package read

import (
	"archive/zip"
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
)

// archived is a ZIP archive of names, each with its bytes.
func archived(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		f, err := w.Create(files[i])
		if err == nil {
			_, err = io.WriteString(f, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestExtract: the bytes of what stands in a file, at any depth, are those that went in.
func TestExtract(t *testing.T) {
	letter := "From: a@b.org\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nSee it.\r\n--y\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"a.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\nAP8BAg==\r\n--y--\r\n"
	inner := archived(t, "b/c.txt", "the text", "letter.eml", letter, "broken.zip", "PK\x03\x04")
	dir := tree(t, map[string]string{"all.zip": archived(t, "aa.txt", "first", "inner.zip", inner, "z.txt", "last"), "box.mbox": "From a@b.org Mon Jan  2 15:04:05 2006\n" + strings.ReplaceAll(letter, "\r", "")})
	for name, want := range map[string]string{
		"all.zip!/inner.zip":                    inner,
		"all.zip!/inner.zip!/b/c.txt":           "the text",
		"all.zip!/inner.zip!/letter.eml":        letter,
		"all.zip!/inner.zip!/letter.eml!/a.bin": "\x00\xff\x01\x02",
		"all.zip!/z.txt":                        "last",
		"all.zip!/inner.zip!/d.txt":             "-",
		"all.zip!/inner.zip!/broken.zip!/d.txt": "-",
		"all.zip!/inner":                        "-",
		"all.zip!/../secret":                    "-",
		"box.mbox!/1":                           "-",
		"box.mbox!/1/a.bin":                     "\x00\xff\x01\x02",
	} {
		file, inside, _ := strings.Cut(name, "!/")
		var b bytes.Buffer
		found, err := New(Options{}).Extract(t.Context(), filepath.Join(dir, file), inside, &b)
		got := b.String()
		if !found {
			got += "-"
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
	var b bytes.Buffer
	if found, err := New(Options{MaxFileBytes: 5}).Extract(t.Context(), filepath.Join(dir, "all.zip"), "aa.txt", &b); err != nil || !found || b.String() != "first" {
		t.Errorf("%v, %v, %q", found, err, b.String())
	}
	if found, err := New(Options{MaxFileBytes: 4}).Extract(t.Context(), filepath.Join(dir, "all.zip"), "aa.txt", &b); err == nil || !found || !strings.HasSuffix(err.Error(), "larger than the limit of 4 bytes") {
		t.Errorf("%v, %v", found, err)
	}
}
