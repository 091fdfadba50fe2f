// Package dense ranks the dense vectors of one segment by their inner product with a
// query.
//
// A vector is stored as floats of 32 or 16 bits, or as bytes: whole steps of the
// vector's greatest number by 127. Its score is the inner product with what is
// stored, which is the same in every segment; so the exact ranking is, too. Rows of
// bytes are multiplied by a query in steps of its own, up to simd.QuerySteps of them, in
// whole numbers.
//
// From ListsFromRows rows on they lie in lists, each around a centroid, with codes of a
// bit for each number (code.go); so have the centroids. A search for less than full recall
// estimates by these what the best row of each list may score, and looks into lists
// in that order until no other reaches what has been found; of a list it estimates each
// row by its code, and scores those that can be among the best. How far a list may reach,
// and how sure an estimate must be, is measured when the segment is written, with rows
// that stand in for queries. Where few rows may be seen, little is found, and more lists
// are looked into by themselves.
//
// # Wire format, version 2, little-endian
//
//	header    8 bytes magic "TAMISDNS"; u32 version; u32 bits of a number (32, 16, 8);
//	          u32 numbers of a vector; u32 rows; f32 loss; then for each section u64
//	          length, u32 CRC-32C; u32 CRC-32C of the header before
//	sections  in this order, each at a multiple of 64:
//	numbers   of each row the numbers, padded with zeros to a multiple of 16
//	scales    of each row what a step stands for, f32; only of 8 bits
//	order     the row of each place, u32: numbers and scales are by place. Without it,
//	          and the sections after it, places are rows.
//	lists     the first place of each list, u32, and the number of places
//	centroids of each list, and last their mean: f32, padded as numbers are
//	codes     of each list blocks of 32 places, the last one padded: for four numbers 16
//	          bytes, of which byte i has the signs of place i in the low half, those
//	          of place i + 16 in the high one
//	factors   of each block 32 f32 factors of the places, 32 f32 offsets
//	heads     codes of the centroids around their mean, as if they were one list
//	slopes    the factors of these
//	spreads   of each list the root of the mean squared distance of its rows from its
//	          centroid, f32
//	recalls   measured, in falling order of recall and cost: f32 reach, f32
//	          deviations that an estimate may be off by, f32 recall at 10
//
// loss is the root of the mean squared error of the stored numbers over that of the
// numbers given.
//
// # Multi-vectors, version 1, and 2 where there are lists
//
//	header    8 bytes magic "TAMISMLT"; u32 version; u32 rows; u32 CRC-32C of the starts;
//	          in version 2 also u64 length of the vectors, for each section after them u64
//	          length, u32 CRC-32C, and u32 CRC-32C of the header before
//	starts    the first vector of each row, u32, and the number of vectors
//	vectors   from the next multiple of 64 on, a segment of all vectors, without lists
//
// Version 2 has sections after the vectors, each at a multiple of 64 (late.go):
//
//	centroids of each list: f32, padded as numbers are
//	of        the list of each vector, u16
//	first     where the rows of each list begin, u32, and their number
//	rows      of each list the rows that have a vector in it, u32, ascending
//	recalls   measured, in falling order of recall and cost: u32 lists that are looked
//	          into for a vector of the query, u32 rows that are refined, f32 recall at 10
package dense
