package read

import (
	"archive/zip"
	"bytes"
	le "encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime/metrics"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/tamis-search/tamis/internal/evaldata"
)

var numbers = regexp.MustCompile(`[0-9]{1,10}`)

// spoiled is a file that something happened to: it ends early, bits are turned, a piece is
// zeroed, doubled or gone, a number is another one.
func spoiled(r *rand.Rand, body []byte) []byte {
	b := bytes.Clone(body)
	at := func() int { return r.IntN(len(b)) }
	for range 1 + r.IntN(3) {
		if len(b) < 8 {
			return b
		}
		switch piece := 1 + r.IntN(min(256, len(b)-1)); r.IntN(8) {
		case 0:
			b = b[:at()]
		case 1, 2:
			for range 1 + r.IntN(8) {
				b[at()] ^= 1 << r.IntN(8)
			}
		case 3:
			i := r.IntN(len(b) - piece)
			clear(b[i : i+piece])
		case 4:
			i, j := r.IntN(len(b)-piece), r.IntN(len(b)-piece)
			b = slices.Insert(b, j, b[i:i+piece]...)
		case 5:
			i := r.IntN(len(b) - piece)
			b = slices.Delete(b, i, i+piece)
		case 6:
			i := r.IntN(len(b) - 4)
			le.LittleEndian.PutUint32(b[i:], []uint32{0, 1<<32 - 1, 1<<31 - 1, 1 << 31, uint32(len(b)), 1 << 20}[r.IntN(6)])
		case 7:
			i := at()
			if m := numbers.FindIndex(b[i:]); m != nil {
				b = slices.Replace(b, i+m[0], i+m[1], []byte([]string{"0", "-1", "99999999", "2147483648", "18446744073709551615", strconv.Itoa(len(b))}[r.IntN(6)])...)
			}
		}
	}
	return b
}

// spoiledPart is an archive with one of its parts spoiled.
func spoiledPart(r *rand.Rand, body []byte) []byte {
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil || len(z.File) == 0 {
		return spoiled(r, body)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	which := r.IntN(len(z.File))
	for i, f := range z.File {
		in, err := f.Open()
		if err != nil {
			return spoiled(r, body)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return spoiled(r, body)
		}
		if i == which {
			data = spoiled(r, data)
		}
		if out, err := w.CreateHeader(&zip.FileHeader{Name: f.Name}); err == nil {
			_, _ = out.Write(data) // to memory
		}
	}
	_ = w.Close()
	return b.Bytes()
}

// TestSpoiled: real files of every format, spoiled at random, are read or skipped with one
// line, in bounded time and memory. TAMIS_HEAVY=full: all files, 40 times each.
func TestSpoiled(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(evaldata.Dir(t, "documents/files"), "*"))
	if err != nil {
		t.Fatal(err)
	}
	times, each, most := 1, 16, 64<<10
	if os.Getenv("TAMIS_HEAVY") == "full" {
		times, each, most = 40, 1, 512<<10
	}
	if n, err := strconv.Atoi(os.Getenv("TAMIS_SPOILED")); err == nil {
		times, each, most = n, 1, 512<<10
	}
	for i, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if i%each != 0 || info.Size() > int64(most) {
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		h := fnv.New64a()
		h.Write([]byte(name))
		for n := range times {
			r := rand.New(rand.NewPCG(h.Sum64(), uint64(n)))
			bad := spoiled(r, body)
			if n%2 == 1 && bytes.HasPrefix(body, []byte("PK")) {
				bad = spoiledPart(r, body)
			}
			before, begin := allocated(), time.Now()
			t.Run(fmt.Sprint(name, " ", n), func(t *testing.T) { fuzzFile(t, name, string(bad)) })
			if took, took1 := time.Since(begin), allocated()-before; took > time.Minute || took1 > 2<<30 {
				t.Errorf("%s, spoiled with %d: %v, %d MiB", name, n, took, took1>>20)
			} else if took > 4*time.Second || took1 > 256<<20 {
				t.Logf("%s, spoiled with %d: %v, %d MiB", name, n, took, took1>>20)
			}
		}
	}
}

// TestCutAnywhere: a small file of each format that ends at any byte, or has any byte
// turned (TAMIS_HEAVY=full: each of its bits), is read or skipped. (PDF files and old office files have tests of their own.)
func TestCutAnywhere(t *testing.T) {
	letter := "From: a@b.org\nSubject: =?utf-8?q?x=C3=A9?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=y\n\n--y\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nSee =C3=A9.\n\n> old\n--y\nContent-Disposition: attachment; filename=a.txt\nContent-Transfer-Encoding: base64\n\nQW4gb3R0ZXIu\n--y--\n"
	word := archived(t, "[Content_Types].xml", "<Types/>", "_rels/.rels", `<Relationships><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="w.xml"/></Relationships>`,
		"w.xml", `<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>`)
	for name, body := range map[string]string{
		"a.md":   "---\ntitle: é\n---\n# Head\n\n- a\n  - b\n\n> q\n\n```go\nc\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n[l]: x\n",
		"a.html": "<!DOCTYPE html><title>é</title><nav>n</nav><h1>a</h1><ul><li>b<li>c</ul><table><tr><th>a<td>b</table><pre>\n x\n</pre><!-- c -->&eacute;&#233;",
		"a.rst":  "Head\n====\n\n.. note:: é\n\n   in\n\n- a\n- b ``c``\n\n+--+--+\n|a |b |\n+--+--+\n\n::\n\n  code\n",
		"a.adoc": "= Head\n:a: é\n\n* a\n** b\n\n|===\n|a |b\n|===\n\n----\ncode\n----\n{a}\n",
		"a.org":  "* Head\n:PROPERTIES:\n:a: b\n:END:\n- é\n| a | b |\n#+begin_src c\nx\n#+end_src\n[[a][b]]\n",
		"a.tex":  "\\documentclass{a}\\begin{document}\\section{A é}\\begin{itemize}\\item a $x$\\end{itemize}\\begin{tabular}{l}a&b\\\\\\end{tabular}\\verb|x|\\end{document}",
		"a.1":    ".TH A 1\n.SH NAME\na \\- \\fBé\\fR\n.TP\nb\nc\n.TS\nl l.\na\tb\n.TE\n",
		"a.csv":  "a,\"b é\"\n1,\"2\n3\"\n", "a.tsv": "a\tb\n1\t2\n", "a.jsonl": "{\"id\": \"é\", \"title\": \"t\", \"text\": \"a\\u00e9\"}\n{\"_id\": 2}\n",
		"a.json":  `[{"id": "a", "text": "b"}, {"id": "c", "n": [1, {"d": "é"}]}]`,
		"a.ipynb": `{"cells": [{"cell_type": "markdown", "source": ["# é"]}, {"cell_type": "code", "source": "x", "outputs": [{"text": ["1"]}]}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}`,
		"a.vtt":   "WEBVTT\n\n1\n00:00:01.000 --> 00:00:02.000\n<v Ann>é\n\nNOTE n\n", "a.srt": "1\n00:00:01,000 --> 00:00:02,000\né\n\n2\n00:00:02,000 --> 00:00:03,000\nb\n",
		"a.eml": letter, "a.mbox": "From a@b.org Mon Jan  2 15:04:05 2006\n" + letter + "\nFrom c@d.org Mon Jan  2 15:04:05 2006\nSubject: y\n\nb\n",
		"a.mhtml": "MIME-Version: 1.0\nSnapshot-Content-Location: x\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>é\n--b--\n",
		"a.warc":  "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.b\r\nContent-Type: application/http\r\nContent-Length: 43\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\n<p>x</p>\r\n\r\n",
		"a.rtf":   `{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 A;}}\pard a\'e9\u233?\par\trowd b\cell\row{\footnote c}}`,
		"a.docx":  word, "a.zip": archived(t, "a.txt", "one", "b.md", "# two"), "a.txt.gz": zipped("one otter"), "a.py": "def f():\n    \"\"\"é\"\"\"\n\nclass A:\n  x = 1\n", "a.go": "package a\n\n// F is é.\nfunc F() {}\n",
	} {
		for i := range len(body) {
			fuzzFile(t, name, body[:i])
			flips := []byte{1 << (i % 8)}
			if os.Getenv("TAMIS_HEAVY") == "full" {
				flips = []byte{1, 2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0xFF}
			}
			for _, flip := range flips {
				b := []byte(body)
				b[i] ^= flip
				fuzzFile(t, name, string(b))
			}
			if t.Failed() {
				t.Fatalf("%s at byte %d", name, i)
			}
		}
	}
}

// allocated is how many bytes the heap has given out so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
