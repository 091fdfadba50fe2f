// Package impact holds one segment of rows that are learned sparse vectors, and
// finds the k rows with the greatest inner product with a query, exactly or for
// a target recall.
//
// A Builder collects vectors and writes bytes that Open reads where they lie, so
// that a file can be mapped. Rows are numbered in the order of addition; inside,
// similar rows lie together (spherical k-means), in blocks of 32. For each term the
// highest weight of every block is kept, which bounds what the block's rows can
// score. Where a block's bound reaches the threshold, exact scores are taken down
// from it, term after term, and the block is dropped as soon as none of its rows
// can reach the threshold. The structure follows block-max pruning (Mallia et al.,
// "Faster Learned Sparse Retrieval with Block-Max Pruning", SIGIR 2024); the
// postings are records inside its table of maxima, without a forward index.
//
// # Scores
//
// A row's score is the sum over the query's terms, in ascending order, of query
// weight · stored weight in float32, each product rounded by itself. What a weight
// is stored as says Config.Precision:
//
//	Bits8    a whole number from 1 to 255 times the unit of its term
//	Bits16   a whole number from 1 to 65535 times the unit of its term
//	Float32  the weight itself
//
// TopK at recall 1 returns what Exhaustive does, bit for bit; rows with equal
// scores go in order of source and row. Bits16 and Float32 search on weights of 8
// bits that are rounded up, and score what can be among the best again with those
// of a forward index. A unit is the greatest weight of the term in the segment over
// 255 or 65535, or the same for all where Config.Unit is set; then scores do not
// depend on how rows are spread over segments, and greater weights are cut.
//
// Below a recall of 1 TopK looks at the heaviest terms of the query alone, visits the
// blocks in the order of their bounds, stops where a bound times a factor is below
// the threshold, and scores a few rows more than were asked for with all terms. Which
// share of the weight and which factor reach a recall is measured when the segment is
// written, against the weights given.
//
// # Format, version 2
//
// Little-endian. CRC is CRC-32C (Castagnoli). Every section starts at a multiple
// of 64 bytes, with zero bytes before it where that needs them.
//
//	header    "tamisimp", u32 version, u32 precision (0, 1, 2 in the order above),
//	          u32 rows, u32 terms, u64 postings, f32 Config.Unit, f32 loss,
//	          u32 dense rows of maxima, u32 bytes of a forward term (0 without
//	          a forward index); for each section below u64 size and u32 CRC;
//	          u32 CRC of the header up to here
//	order     the row of each place, u32
//	terms     28 bytes a term, ascending: u32 term, f32 unit of its 8-bit weights,
//	          u32 postings, u32 blocks that have one, u32 number of its dense
//	          row or first entry of its list, u32 its first record, u8 highest
//	          weight, u8 1 for dense, u16 0
//	rows      for each dense term the highest weight of every block, u8, 0 for
//	          none, filled up to a multiple of 64
//	counts    for each dense term and 64 blocks the number of blocks before them
//	          that have a posting, u32
//	blocks    for other terms the blocks that have a posting, u16
//	maxima    and the highest weight there, u8
//	records   for each term and block that has a posting, u32
//	overflow  what records point to, then 36 zero bytes
//	starts    forward index: the first entry of each row, and their number, u32
//	forward   the number of each entry's term, u16 or u32
//	weights   u16, or f32, of each entry
//	units     f32 for each term: the unit of 16-bit weights
//	recalls   measured, in falling order of recall and cost: f32 factor on bounds,
//	          f32 share of the query's weight, f32 recall at 10; before them 1, 1
//	          and the recall of exact search over stored weights
//
// loss is the root of the mean squared error of the stored weights over that of the
// weights given. A term is dense when more than 1/16 of the blocks have it. A
// record's two highest bits say what it is:
//
//	1   one posting: lane (5 bits), 5 bits 0, weight (8 bits)
//	2   two: lane, higher lane (5 bits each), weight, weight (8 bits each)
//	3   more: 30 bits place in overflow of u32 bitmap of lanes and the weights
//
// A segment holds at most 65,536 blocks and 1 GiB of overflow.
//
// Changes: version 2 measures recalls against the weights given and tells the share
// of the query's weight.
package impact
