package npy

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// made is a file with any header: what numpy.save writes, where it is one of its own.
func made(version byte, head string, data []byte) []byte {
	b := []byte(magic + string([]byte{version, 0}))
	if version == 1 {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(head)))
	} else {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
	}
	return append(append(b, head...), data...)
}

func dict(descr, order, shape string) string {
	return fmt.Sprintf("{'descr': %s, 'fortran_order': %s, 'shape': %s, }          \n", descr, order, shape)
}

func write(t *testing.T, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.npy")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTypesAndVersions(t *testing.T) {
	want := [][]float32{{1, -2.5}, {0.5, 65504}, {float32(math.Inf(1)), 0}}
	halves, _ := hex.DecodeString("003c00c10038ff7b007c0000")
	var singles, doubles []byte
	for _, row := range want {
		for _, v := range row {
			singles = binary.LittleEndian.AppendUint32(singles, math.Float32bits(v))
			doubles = binary.LittleEndian.AppendUint64(doubles, math.Float64bits(float64(v)))
		}
	}
	for version := byte(1); version <= 3; version++ {
		for dtype, data := range map[string][]byte{"'<f2'": halves, "'<f4'": singles, "\"<f8\"": doubles} {
			path := write(t, made(version, dict(dtype, "False", "(3, 2)"), data))
			got, h, err := ReadAll(path, 3)
			if err != nil || !reflect.DeepEqual(got, want) || h.Flat || h.Width != 2 {
				t.Errorf("version %d, %s: %v %v %v", version, dtype, got, h, err)
			}
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			if raw, err := f.Raw(1); err != nil || !bytes.Equal(raw, data[len(data)/3:2*len(data)/3]) {
				t.Errorf("row 1: %x %v", raw, err)
			}
			if _, err := f.Raw(3); err == nil {
				t.Error("row 3 of 3 was read")
			}
			f.Close()
		}
	}
	got, h, err := ReadAll(write(t, made(1, dict("'<f4'", "False", "(6,)"), singles)), 6)
	if err != nil || len(got) != 6 || !h.Flat || got[1][0] != -2.5 {
		t.Errorf("flat: %v %v %v", got, h, err)
	}
}

// TestGolden: the bytes are those of numpy.save(np.array([[1, 2]], '<f4')).
func TestGolden(t *testing.T) {
	head := "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }"
	want := "\x93NUMPY\x01\x00\x76\x00" + head + strings.Repeat(" ", 0x76-len(head)-1) + "\n\x00\x00\x80?\x00\x00\x00@"
	if got := Encode([][]float32{{1, 2}}, 2); string(got) != want {
		t.Errorf("%q", got)
	}
	if _, _, err := ReadAll(write(t, Encode(nil, 4)), 0); err != nil {
		t.Error(err)
	}
}

func TestBadFiles(t *testing.T) {
	ok := dict("'<f4'", "False", "(2, 1)")
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":           {nil, "no .npy file"},
		"text":            {[]byte("a,b\n1,2\n3,4\n"), "no .npy file"},
		"version":         {made(4, ok, make([]byte, 8)), "version 4"},
		"header cut":      {made(1, ok, nil)[:40], "ends in its header"},
		"long header":     {append([]byte(magic+"\x02\x00"), 0xff, 0xff, 0xff, 0xff), "a header of 4294967295 bytes"},
		"no dictionary":   {made(1, "{}\n", nil), "does not say descr"},
		"big-endian":      {made(1, dict("'>f4'", "False", "(2, 1)"), make([]byte, 8)), "big-endian"},
		"objects":         {made(1, dict("'|O'", "False", "(2, 1)"), make([]byte, 8)), "Python objects"},
		"integers":        {made(1, dict("'<i8'", "False", "(2, 1)"), make([]byte, 8)), `type "<i8"`},
		"records":         {made(1, dict("[('x', '<f4')]", "False", "(2,)"), make([]byte, 8)), "records"},
		"fortran":         {made(1, dict("'<f4'", "True", "(2, 1)"), make([]byte, 8)), "Fortran order"},
		"scalar":          {made(1, dict("'<f4'", "False", "()"), make([]byte, 4)), "0 dimensions"},
		"cube":            {made(1, dict("'<f4'", "False", "(2, 1, 1)"), make([]byte, 8)), "3 dimensions"},
		"no numbers":      {made(1, dict("'<f4'", "False", "(2, 0)"), nil), "no numbers"},
		"wide":            {made(1, dict("'<f4'", "False", "(2, 99999999999)"), nil), "rows of 99999999999 numbers"},
		"long":            {made(1, dict("'<f4'", "False", "(99999999999999, 999999)"), nil), "too large"},
		"longer":          {made(1, dict("'<f4'", "False", "(99999999999999999999999, 1)"), nil), "too large"},
		"cut":             {made(1, ok, make([]byte, 7)), "cut short"},
		"something after": {made(1, ok, make([]byte, 9)), "behind the array"},
	} {
		path := write(t, c.data)
		_, err := Open(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "a.npy") {
			t.Errorf("%s: %v, want %q and the name", name, err, c.want)
		}
	}
	r, err := NewReader(bytes.NewReader(made(1, ok, make([]byte, 7))), "-")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = r.Next(make([]float32, 1)); err != nil {
		t.Fatal(err)
	}
	if _, err = r.Next(make([]float32, 1)); err == nil || !strings.Contains(err.Error(), "ends in row 1 of 2") {
		t.Error(err)
	}
	for size, want := range map[int]error{4: io.EOF, 8: io.EOF, 7: nil} { // nil: an error that says where
		r, err := NewReader(bytes.NewReader(made(1, dict("'<f4'", "False", "(99, 1)"), make([]byte, size))), "-")
		if err != nil {
			t.Fatal(err)
		}
		r.Open = true
		for err == nil {
			_, err = r.Next(make([]float32, 1))
		}
		if want != nil && (err != want || r.Rows != size/4) || want == nil && !strings.Contains(err.Error(), "cut short") {
			t.Errorf("%d bytes: %v, %d rows", size, err, r.Rows)
		}
	}
	if _, err := Open(t.TempDir()); err == nil {
		t.Error("a folder was opened")
	}
}

// FuzzReader: whatever the bytes, reading ends with rows or an error, and what was written is read.
func FuzzReader(f *testing.F) {
	f.Add(Encode([][]float32{{1, 2}, {3, 4}}, 2))
	f.Add(made(3, dict("'<f2'", "False", "(3,)"), make([]byte, 6)))
	f.Add(made(1, dict("'<f8'", "False", "(1, 99999999)"), make([]byte, 6)))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := NewReader(bytes.NewReader(b), "fuzz")
		if err != nil {
			return
		}
		if r.RowBytes() > 1<<20 {
			return
		}
		var rows [][]float32
		row := make([]float32, r.Width)
		for {
			if _, err = r.Next(row); err != nil {
				break
			}
			rows = append(rows, append([]float32(nil), row...))
		}
		if err == io.EOF && len(rows) != r.Rows {
			t.Fatalf("%d rows of %d", len(rows), r.Rows)
		}
		if err != io.EOF {
			return
		}
		again, err := NewReader(bytes.NewReader(Encode(rows, r.Width)), "again")
		if err != nil || again.Rows != len(rows) {
			t.Fatal(err)
		}
		for i := range rows {
			if _, err := again.Next(row); err != nil {
				t.Fatal(err)
			}
			for j, v := range row {
				if math.Float32bits(v) != math.Float32bits(rows[i][j]) && v == v {
					t.Fatalf("row %d: %v, not %v", i, row, rows[i])
				}
			}
		}
	})
}
