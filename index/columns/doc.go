// Package columns holds the metadata of one segment's documents, by field, and
// answers filters with the Roaring bitmap of the rows that pass. A Builder
// collects rows, Merge joins finished columns, and both write bytes that Open
// reads where they lie, so that a file can be mapped. The bytes depend on the
// rows alone.
//
// A column holds the values of one kind of one field: a field that is a number in
// one document and a keyword in the next has two.
//
// # Wire format, version 1
//
// Little-endian throughout. uvarint is the variable-length number of
// encoding/binary; CRC is CRC-32C (Castagnoli).
//
//	header     "tamiscol", u32 version, u32 rows, u32 columns, u32 zero,
//	           u64 size of the directory, u32 CRC of the directory,
//	           u32 CRC of the header up to here
//	directory  for each column, in order of field and kind: uvarint length and
//	           bytes of the field's name, byte kind (1 keyword, 2 number, 3 time,
//	           4 boolean), uvarint size of the column, u32 CRC of the column
//	columns    in the order of the directory
//
// A value is stored as a key; keys are ordered by bytes as values are:
//
//	keyword  its bytes
//	number   8 bytes, big-endian: the bits of the float64, all of them inverted
//	         where it is negative, else the highest one (-0 as 0)
//	time     12 bytes, big-endian: seconds since 1970 plus 2^63, nanoseconds
//	boolean  1 byte: 0 or 1
//
// The rows that hold a key are part of the column's list, or have a bitmap where
// that takes no more bytes and there are at least 32. The list holds the rows
// key after key, and ascending for each. A column is
//
//	u32 keys, u32 length of the list, u32 bitmaps, u32 checkpoints,
//	u64 size of the dictionary, u32 flags (1: no row has two keys), u32 zero
//	checkpoints  each: u32 place in the list, u32 number of a bitmap
//	blocks       for each block of the dictionary u64 where it starts
//	ends         for each bitmap u64 where it ends
//	dictionary   blocks of 16 keys in order. A block: uvarint place in the list
//	             of its first row, uvarint number of its first bitmap; for each
//	             key uvarint bytes shared with the one before (0 for the first of
//	             a block), uvarint bytes of its own, those, uvarint
//	             rows << 1 | (1: they are the next bitmap, 0: next in the list)
//	list         each row in as many bits as the highest row number takes, least
//	             significant bit first, then 8 zero bytes
//	bitmaps      in Roaring's portable format: those of keys in order of keys, then
//	             one for each checkpoint, then that of all rows of the column
//
// A checkpoint lies between two keys: its bitmap holds the rows of all keys
// before it, whose rows in the list are before its place, and whose bitmaps are
// before its number. A range of keys is the difference of two such prefixes, each
// mended by what lies between the key and the nearest checkpoint, so that a range
// over any share of the rows costs about as much. There are checkpoints where no
// row has two keys, in a column of at least 8 keys and 4096 rows: behind each key
// with which a sixteenth of the rows has passed since the last, but the last key.
//
// # Versions
//
//	1  2026-11  first. Readers: 1. Writers: 1.
package columns
