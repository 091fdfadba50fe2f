package read

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// TestLies: what a file is, is said by its bytes; where its name says otherwise it is read
// as what it is, or named with a reason. None keeps the others from being read.
func TestLies(t *testing.T) {
	page := "<!DOCTYPE html><title>Mill</title><p>The mill grinds."
	mail := "From: a@example.org\nTo: b@example.org\nSubject: Mill\nDate: Mon, 2 Jan 2006 15:04:05 +0000\n\nThe mill grinds.\n"
	word := archived(t, "[Content_Types].xml", "<Types/>", "_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="w.xml"/></Relationships>`,
		"w.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>The mill grinds.</w:t></w:r></w:p></w:body></w:document>`)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&tar.Header{Name: "m.txt", Size: 16, Mode: 0o644}); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(w, "The mill grinds.")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	rtf := `{\rtf1\ansi The mill grinds.}`
	files := map[string]string{
		"page.txt": page, "page.doc": page, "page.xls": page, "text.gz": "The mill grinds.", "text.zip": "The mill grinds.", "text.jpg": "The mill grinds.",
		"word.zip": word, "word.pdf": word, "word.txt": word, "word": word, "rtf.doc": rtf, "rtf.txt": rtf, "tar.txt": b.String(), "tar.zip": b.String(), "mail.txt": mail,
		"zip.docx": archived(t, "m.txt", "The mill grinds."), "sub.vtt": "The mill grinds.", "gz.txt": zipped("The mill grinds."),
		"text.docx": "The mill grinds.", "page.pdf": page, "text.epub": "The mill grinds.", "text.7z": "The mill grinds.", "text.msg": "The mill grinds.",
		"png.txt": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "exe.md": "MZ\x90\x00\x03", "elf": "\x7fELF\x02\x01\x01\x00", "film": "\x00\x00\x00\x18ftypmp42\x00\x00", "heic.md": "\x00\x00\x00\x18ftypheic\x00\x00", "BM.txt": "BMW is a car.", "zeros.html": strings.Repeat("\x00", 100),
	}
	dir := tree(t, files)
	docs, skipped := readAll(t, Options{}, dir, dir)
	var got []string
	for id, d := range docs {
		got = append(got, fmt.Sprintf("%s: %s %q", id, d.Type, d.Source))
	}
	got = append(got, skipped...)
	slices.Sort(got)
	want := `BM.txt: text "BMW is a car."
elf: no reader for a program
exe.md: no reader for a program
film: no reader for a film
gz.txt: text "The mill grinds."
heic.md: no reader for a HEIC picture
mail.txt: mail "Mill\n\nFrom: a@example.org\nTo: b@example.org\nDate: Mon, 02 Jan 2006 15:04:05 +0000\n\nThe mill grinds."
page.doc: html "The mill grinds."
page.pdf: html "The mill grinds."
page.txt: html "The mill grinds."
page.xls: html "The mill grinds."
png.txt: no reader for a PNG picture
rtf.doc: rtf "The mill grinds."
rtf.txt: rtf "The mill grinds."
sub.vtt: vtt "The mill grinds."
tar.txt!/m.txt: text "The mill grinds."
tar.zip!/m.txt: text "The mill grinds."
text.7z: text "The mill grinds."
text.docx: text "The mill grinds."
text.epub: text "The mill grinds."
text.gz: text "The mill grinds."
text.jpg: text "The mill grinds."
text.msg: text "The mill grinds."
text.zip: text "The mill grinds."
word.pdf: docx "The mill grinds."
word.txt: docx "The mill grinds."
word.zip: docx "The mill grinds."
word: docx "The mill grinds."
zeros.html: binary file (NUL byte at 0)
zip.docx!/m.txt: text "The mill grinds."`
	if s := strings.Join(got, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

// TestMixedEncodings: each part of a file is read in its own character set.
func TestMixedEncodings(t *testing.T) {
	latin, err := charmap.ISO8859_1.NewEncoder().String("Größe in Metern")
	if err != nil {
		t.Fatal(err)
	}
	sjis, err := japanese.ShiftJIS.NewEncoder().String("水車小屋は川のほとりにあります。")
	if err != nil {
		t.Fatal(err)
	}
	letter := func(charset, how, body string) string {
		return "From a@b.org Mon Jan  2 15:04:05 2006\nFrom: a@b.org\nSubject: x\nContent-Type: text/plain; charset=" + charset + "\nContent-Transfer-Encoding: " + how + "\n\n" + body + "\n\n"
	}
	dir := tree(t, map[string]string{
		"a.mbox": letter("iso-8859-1", "8bit", latin) + letter("shift_jis", "base64", base64.StdEncoding.EncodeToString([]byte(sjis))) + letter("utf-8", "quoted-printable", "Gr=C3=B6=C3=9Fe"),
		"b.zip":  archived(t, "latin.txt", latin, "utf8.txt", "Größe", "utf16.txt", "\xff\xfeG\x00r\x00\xf6\x00", "sjis.txt", strings.Repeat(sjis, 4)),
		"c.txt":  strings.Repeat("Größe in Metern und Breite in Fuß.\n", 20) + latin + "\n",
	})
	docs, skipped := readAll(t, Options{}, dir, dir)
	for id, want := range map[string]string{
		"a.mbox!/1": "Größe in Metern", "a.mbox!/2": "水車小屋は川のほとりにあります。", "a.mbox!/3": "Größe",
		"b.zip!/latin.txt": "Größe in Metern", "b.zip!/utf8.txt": "Größe", "b.zip!/utf16.txt": "Grö", "b.zip!/sjis.txt": "水車小屋は川のほとりにあります。",
		"c.txt": "in Fuß.\nGr\uFFFD\uFFFDe in Metern\n", // what is UTF-8 but for some bytes stays that
	} {
		if !strings.HasSuffix(docs[id].Source, want) {
			t.Errorf("%s: %q, want %q", id, docs[id].Source, want)
		}
	}
	if len(skipped) > 0 || len(docs) != 8 {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
}
