package record

import (
	"encoding/binary"

	"github.com/tamis-search/tamis/corpus"
)

// AppendBlocks encodes blocks: uvarint n+1 (0 for nil), then for each its
// kind, level, gap since the block before, length, file gap, file length (the
// file gap is signed), and the label's length and bytes.
func AppendBlocks(b []byte, blocks []corpus.Block) []byte {
	if blocks == nil {
		return append(b, 0)
	}
	b = binary.AppendUvarint(b, uint64(len(blocks))+1)
	pos, filePos := 0, 0
	for _, x := range blocks {
		b = append(b, byte(x.Kind), x.Level)
		b = binary.AppendUvarint(b, uint64(x.Start-pos))
		b = binary.AppendUvarint(b, uint64(x.End-x.Start))
		b = binary.AppendVarint(b, int64(x.FileStart-filePos))
		b = binary.AppendVarint(b, int64(x.FileEnd-x.FileStart))
		b = binary.AppendUvarint(b, uint64(len(x.Label)))
		b = append(b, x.Label...)
		pos, filePos = x.End, x.FileEnd
	}
	return b
}

// DecodeBlocks reads what AppendBlocks wrote.
func DecodeBlocks(b []byte) ([]corpus.Block, error) {
	d := decoder{b: b}
	n := d.uvarint()
	if n == 0 {
		return nil, d.done()
	}
	n--
	if n > uint64(len(b)) {
		return nil, errDecode
	}
	blocks := make([]corpus.Block, 0, n)
	pos, filePos := 0, 0
	for ; n > 0 && d.err == nil; n-- {
		var x corpus.Block
		x.Kind, x.Level = corpus.BlockKind(d.byte()), d.byte()
		x.Start = pos + int(d.uvarint())
		x.End = x.Start + int(d.uvarint())
		x.FileStart = filePos + int(d.varint())
		x.FileEnd = x.FileStart + int(d.varint())
		x.Label = d.string()
		pos, filePos = x.End, x.FileEnd
		blocks = append(blocks, x)
	}
	return blocks, d.done()
}
