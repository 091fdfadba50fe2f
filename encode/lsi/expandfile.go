package lsi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"

	"github.com/tamis-search/tamis/internal/screen"
)

// expansion.bin, version 1, little-endian:
//
//	"tamisexp", u32 version, u32 width, u32 terms, u32 passages counted, u32 passages that
//	lend, u32 terms of these together; u32 of each term the passages that have it; of each
//	passage that lends u32 how many terms it has, and u64 that tells its document apart; the
//	terms, u32; their weights, u8; the numbers of the passages' vectors, i8; CRC-32C of all
//	before
const (
	expansionFile    = "expansion.bin"
	expansionMark    = "tamisexp"
	expansionVersion = 1
	expansionHead    = len(expansionMark) + 6*4
	mostExpansion    = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (x *Expansion) bytes() []byte {
	data := append([]byte{}, expansionMark...)
	u32 := func(n int) { data = binary.LittleEndian.AppendUint32(data, uint32(n)) }
	for _, n := range []int{expansionVersion, x.model.Config.Width, len(x.has), x.all, x.lending(), len(x.terms)} {
		u32(n)
	}
	for _, n := range x.has {
		u32(int(n))
	}
	for i := range x.lending() {
		u32(x.starts[i+1] - x.starts[i])
		data = binary.LittleEndian.AppendUint64(data, x.of[i])
	}
	for _, t := range x.terms {
		u32(int(t))
	}
	data = append(data, x.weights...)
	data = append(data, x.codes...)
	u32(int(crc32.Checksum(data, castagnoli)))
	return data
}

func (x *Expansion) lending() int { return len(x.starts) - 1 }

// readExpansion reads the expansion of the model in a folder, where there is one.
func (m *Model) readExpansion(dir string) error {
	path := filepath.Join(dir, expansionFile)
	data, err := read(path, mostExpansion)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if m.expansion, err = m.parseExpansion(data); err != nil {
		return fmt.Errorf("%s %w: train the model anew", screen.Name(path), err)
	}
	return nil
}

func (m *Model) parseExpansion(data []byte) (*Expansion, error) {
	if len(data) < expansionHead+4 || string(data[:len(expansionMark)]) != expansionMark {
		return nil, errors.New("holds no expansion")
	}
	end := len(data) - 4
	if binary.LittleEndian.Uint32(data[end:]) != crc32.Checksum(data[:end], castagnoli) {
		return nil, errors.New("is damaged")
	}
	at := len(expansionMark)
	u32 := func() int {
		n := binary.LittleEndian.Uint32(data[at:])
		at += 4
		return int(n)
	}
	version, width, terms, all, lending, pairs := u32(), u32(), u32(), u32(), u32(), u32()
	switch {
	case version != expansionVersion:
		return nil, fmt.Errorf("has version %d, not %d", version, expansionVersion)
	case width != m.Config.Width || terms != len(m.words):
		return nil, fmt.Errorf("is of %d terms and %d numbers a vector, the model of %d and %d", terms, width, len(m.words), m.Config.Width)
	case end-at != 4*terms+12*lending+5*pairs+lending*width:
		return nil, errors.New("has another length than it says")
	}
	x := &Expansion{model: m, all: all, has: make([]int32, terms), starts: make([]int, lending+1), terms: make([]int32, pairs)}
	for i := range x.has {
		if n := u32(); n <= all {
			x.has[i] = int32(n)
		} else {
			return nil, fmt.Errorf("has %d passages with a term, of %d", n, all)
		}
	}
	for i := range lending {
		x.starts[i+1] = x.starts[i] + u32()
		x.of = append(x.of, binary.LittleEndian.Uint64(data[at:]))
		at += 8
	}
	if x.starts[lending] != pairs {
		return nil, fmt.Errorf("has %d terms of passages, not %d", x.starts[lending], pairs)
	}
	for i := range x.terms {
		if n := u32(); n < terms {
			x.terms[i] = int32(n)
		} else {
			return nil, fmt.Errorf("has the term %d, of %d", n, terms)
		}
	}
	x.weights, x.codes = data[at:at+pairs], data[at+pairs:end]
	x.size()
	return x, nil
}
