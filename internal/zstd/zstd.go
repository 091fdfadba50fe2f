// Package zstd stands in for the C library of the same import path when tamis
// is built from its own repository (see go.work): Pebble takes that library
// wherever a C compiler is at hand, which doubles the time of a cold build,
// although nothing here is ever compressed with zstd. It has what Pebble
// calls, over a codec in Go; the format is the same.
package zstd

import (
	"errors"

	"github.com/klauspost/compress/zstd"
)

// Ctx compresses and decompresses. It holds nothing, so one serves all.
type Ctx struct{}

// NewCtx returns a Ctx.
func NewCtx() Ctx { return Ctx{} }

// CompressBound is the most bytes that n bytes can become.
func CompressBound(n int) int { return n + n>>7 + 512 }

// CompressLevel compresses src into the start of dst.
func (Ctx) CompressLevel(dst, src []byte, level int) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(level)), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return e.EncodeAll(src, dst[:0]), e.Close()
}

// DecompressInto fills dst, which has the length of the decompressed data.
func (Ctx) DecompressInto(dst, src []byte) (int, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	defer d.Close()
	out, err := d.DecodeAll(src, dst[:0])
	if err == nil && len(out) > len(dst) {
		err = errors.New("zstd: the data is longer than it was said to be")
	}
	return len(out), err
}
