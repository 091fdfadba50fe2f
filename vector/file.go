package vector

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// ReadFile reads a file of vectors, gzipped or not, in the format that its
// name (.ciff, .csr, .json, .jsonl) or else its content tells; "-" is standard input. A
// file that cannot be opened is the only error of its sequence.
func ReadFile(path string, v *Vocabulary) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) {
		f := os.Stdin
		if path != "-" {
			var err error
			if f, err = os.Open(path); err != nil {
				yield(Document{}, err)
				return
			}
			defer f.Close()
		}
		docs, err := open(path, f, v)
		if err != nil {
			yield(Document{}, &InputError{File: path, Err: err})
			return
		}
		docs(yield)
	}
}

func open(path string, f *os.File, v *Vocabulary) (iter.Seq2[Document, error], error) {
	in := bufio.NewReaderSize(f, 64<<10)
	base := filepath.Base(path)
	magic, _ := in.Peek(2)
	zipped := string(magic) == "\x1f\x8b"
	if zipped {
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in, base = bufio.NewReaderSize(z, 64<<10), strings.TrimSuffix(base, ".gz")
	}
	head, _ := in.Peek(csrHeader + 8)
	switch formatOf(base, head) {
	case "csr":
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && !zipped {
			return ReadCSR(path, f, info.Size(), v), nil
		}
		data, err := io.ReadAll(in)
		if err != nil {
			return nil, readError(err)
		}
		return ReadCSR(path, bytes.NewReader(data), int64(len(data)), v), nil
	case "ciff":
		return ReadCIFF(path, in, v), nil
	}
	return ReadJSON(path, in, v), nil
}

// formatOf names the format of a file.
func formatOf(base string, head []byte) string {
	switch ext := strings.ToLower(filepath.Ext(base)); ext {
	case ".ciff", ".csr":
		return ext[1:]
	case ".json", ".jsonl", ".ndjson":
		return "json"
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	switch {
	case len(text) == 0 || text[0] == '{':
		return "json"
	case len(head) == csrHeader+8 && binary.LittleEndian.Uint64(head[8:]) < 1<<33 && binary.LittleEndian.Uint64(head[csrHeader:]) == 0:
		return "csr" // a small number of columns, and the first row starts at 0
	case len(head) > 2 && head[1] == 8 && head[2] == 1:
		return "ciff" // a header of under 128 bytes, version 1
	case len(head) > 3 && head[0] >= 0x80 && head[2] == 8 && head[3] == 1:
		return "ciff"
	}
	return "json"
}
