// Package index holds one inverted unit space: rows (documents or passages) made
// of analysed terms. A Builder collects rows, Merge joins finished spaces, and
// both write bytes that OpenInverted reads where they lie, so that a file can
// be mapped. The bytes depend on the rows alone.
//
// A row has, for each of its terms, a weighted term frequency (occurrences in
// the body, plus those in title and headings times the weights of Config), and
// a length, their sum, kept as a one-byte code.
//
// # Format, version 1
//
// Little-endian throughout. uvarint is the variable-length number of
// encoding/binary; CRC is CRC-32C (Castagnoli).
//
//	header    "tamisinv", u32 version, u32 flags (1: Lucene's length codes),
//	          u32 title weight, u32 heading weight, u32 rows, u32 terms,
//	          u64 total length, u64 postings; for each of the four sections
//	          below u64 size and u32 CRC; u32 CRC of the header up to here
//	lengths   one code a row
//	index     for each dictionary block its first byte, u32
//	dictionary
//	          blocks of 32 terms in byte order. A block: uvarint position in
//	          section postings of its first list; then its terms
//	postings  lists in order of terms, then 32 zero bytes, so that whole
//	          vectors can be read
//
// A term in the dictionary:
//
//	byte      shared | suffix << 4: bytes shared with the term before it (0 for
//	          the first of a block), and bytes of its own; each at most 15
//	uvarint   shared - 15, where shared is 15; the same for suffix
//	suffix    its own bytes
//	uvarint   df, the number of postings
//	df = 1    the posting: uvarint row << 1 | (tf > 1), uvarint tf - 2 if tf > 1
//	df > 1    uvarint size of its list in bytes
//
// A list of fewer than 16 postings holds for each uvarint gap << 1 | (tf > 1)
// and, if tf > 1, uvarint tf - 2. A gap is the number of rows between a posting
// and the one before it (row -1 before the first). Longer lists hold blocks of
// 128 postings, the last with what remains:
//
//	byte, byte  bits of a packed gap, bits of a packed tf - 1 (0 to 32)
//	byte        number of gap exceptions | number of tf exceptions << 4
//	packed gaps, packed tf - 1: the low bits, one value after another, least
//	            significant bit first, each of the two filled up to whole bytes
//	exceptions  of the gaps, then of tf - 1: byte place in the block, uvarint
//	            bits above the packed ones (patched frame of reference; Zukowski
//	            et al. 2006, Lemire and Boytsov 2015)
//
// A list with at least 128 postings and at least one for every 64 rows is
// dense. Before its blocks it has
//
//	one byte for each window of 64 rows: the highest tf/(tf + norm) of a posting
//	there, in 255ths, rounded up; norm is BM25's k1·(1 - b + b·length/average)
//	at k1 1.2, b 0.75, the coded lengths and the average of this space
//	for each block u32 last row, u32 first byte, counted from the first block
package index
