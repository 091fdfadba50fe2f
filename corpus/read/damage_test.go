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

// allocated is how many bytes the heap has given out so far.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
