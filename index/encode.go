package index

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"slices"

	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/internal/yield"
)

// shortList is the number of postings from which a list is packed in blocks;
// shorter ones are a run of variable-length numbers.
const shortList = 16

// dictBlock is the number of terms that share one dictionary block.
const dictBlock = 32

// termWork is what a term costs beside its postings, in postings.
const termWork = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// writer assembles the sections of an inverted unit space; terms come in byte
// order.
type writer struct {
	conf  Config
	codes []byte
	total uint64

	dict, dictIndex, postings []byte
	terms                     int
	pairs                     uint64
	last                      []byte
	gaps, tfs                 [BlockSize]uint32
	bounds                    boundWriter
	work                      yield.Work
}

// add writes a term; rows ascend, there is at least one.
func (w *writer) add(term []byte, rows, tfs []uint32) {
	w.work.Did(len(rows) + termWork)
	shared := 0
	if w.terms%dictBlock == 0 {
		w.dictIndex = binary.LittleEndian.AppendUint32(w.dictIndex, uint32(len(w.dict)))
		w.dict = putVarint(w.dict, uint64(len(w.postings)))
	} else {
		for shared < min(len(term), len(w.last)) && term[shared] == w.last[shared] {
			shared++
		}
	}
	w.last = append(w.last[:0], term...)
	w.terms++
	w.pairs += uint64(len(rows))

	suffix := term[shared:]
	w.dict = append(w.dict, byte(min(shared, 15)|min(len(suffix), 15)<<4))
	if shared >= 15 {
		w.dict = putVarint(w.dict, uint64(shared-15))
	}
	if len(suffix) >= 15 {
		w.dict = putVarint(w.dict, uint64(len(suffix)-15))
	}
	w.dict = append(w.dict, suffix...)
	w.dict = putVarint(w.dict, uint64(len(rows)))
	if len(rows) == 1 {
		w.dict = putPosting(w.dict, rows[0], tfs[0])
		return
	}
	start := len(w.postings)
	w.list(rows, tfs)
	w.dict = putVarint(w.dict, uint64(len(w.postings)-start))
}

// putPosting writes gap << 1 | (tf > 1), then tf - 2 where tf > 1.
func putPosting(dst []byte, gap, tf uint32) []byte {
	if tf == 1 {
		return putVarint(dst, uint64(gap)<<1)
	}
	return putVarint(putVarint(dst, uint64(gap)<<1|1), uint64(tf-2))
}

func (w *writer) list(rows, tfs []uint32) {
	next := uint32(0)
	if len(rows) < shortList {
		for i, row := range rows {
			w.postings = putPosting(w.postings, row-next, tfs[i])
			next = row + 1
		}
		return
	}
	skip, origin := -1, 0 // of the next skip entry, of the first block
	if dense(len(rows), len(w.codes)) {
		w.postings = w.bounds.append(w.postings, rows, tfs)
		skip = len(w.postings)
		origin = skip + skipEntry*blocks(len(rows))
		w.postings = append(w.postings, make([]byte, skipEntry*blocks(len(rows)))...)
	}
	for len(rows) > 0 {
		n := min(len(rows), BlockSize)
		for i, row := range rows[:n] {
			w.gaps[i] = row - next
			next = row + 1
		}
		copy(w.tfs[:], tfs[:n])
		start := len(w.postings)
		w.postings = appendBlock(w.postings, w.gaps[:n], w.tfs[:n])
		if skip >= 0 {
			e := w.postings[skip : skip+skipEntry]
			binary.LittleEndian.PutUint32(e, next-1)
			binary.LittleEndian.PutUint32(e[4:], uint32(start-origin))
			skip += skipEntry
		}
		rows, tfs = rows[n:], tfs[n:]
	}
}

// blocks is the number of blocks of df postings.
func blocks(df int) int { return (df + BlockSize - 1) / BlockSize }

// finish puts the sections together.
func (w *writer) finish(dst []byte) []byte {
	w.postings = append(w.postings, make([]byte, simd.Slack)...)
	start := len(dst)
	sections := [...][]byte{w.codes, w.dictIndex, w.dict, w.postings}
	h := append(dst, magic...)
	le := binary.LittleEndian
	h = le.AppendUint32(h, version)
	flags := uint32(0)
	if w.conf.LuceneLengths {
		flags |= flagLucene
	}
	h = le.AppendUint32(h, flags)
	h = le.AppendUint32(h, weight(w.conf.TitleWeight))
	h = le.AppendUint32(h, weight(w.conf.HeadingWeight))
	h = le.AppendUint32(h, uint32(len(w.codes)))
	h = le.AppendUint32(h, uint32(w.terms))
	h = le.AppendUint64(h, w.total)
	h = le.AppendUint64(h, w.pairs)
	for _, s := range sections {
		h = le.AppendUint64(h, uint64(len(s)))
		h = le.AppendUint32(h, crc32.Checksum(s, castagnoli))
	}
	h = le.AppendUint32(h, crc32.Checksum(h[start:], castagnoli))
	for _, s := range sections {
		h = append(h, s...)
	}
	return h
}

// Bytes writes the index of all rows added so far. The Builder can go on.
func (b *Builder) Bytes() []byte { return b.Append(nil) }

// Append is Bytes, appended to dst.
func (b *Builder) Append(dst []byte) []byte {
	type ref struct {
		prefix uint64 // decides most comparisons without a look at the text
		id     uint32
	}
	order := make([]ref, 0, len(b.states))
	for i := range b.states {
		if b.states[i].df > 0 {
			order = append(order, ref{prefix(b.terms.bytes(uint32(i))), uint32(i)})
		}
	}
	slices.SortFunc(order, func(x, y ref) int {
		if x.prefix != y.prefix {
			return cmp.Compare(x.prefix, y.prefix)
		}
		return bytes.Compare(b.terms.bytes(x.id), b.terms.bytes(y.id))
	})
	w := writer{conf: b.conf, codes: b.codes, total: b.total}
	w.bounds.init(b.conf, b.codes, b.total)
	var rows, tfs []uint32
	var buf []byte
	for _, r := range order {
		t := &b.states[r.id]
		buf = b.arena.read(buf[:0], t.stream)
		rows, tfs = rows[:0], tfs[:0]
		next := uint32(0)
		for at := 0; at < len(buf); {
			row, tf, n := getPosting(buf[at:], next)
			rows, tfs = append(rows, row), append(tfs, tf)
			at += n
			next = row + 1
		}
		w.add(b.terms.bytes(r.id), rows, tfs)
	}
	return w.finish(dst)
}
