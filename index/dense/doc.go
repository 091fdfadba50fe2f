// Package dense ranks the dense vectors of one segment by their inner product with a
// query.
//
// A vector is stored as floats of 32 or 16 bits, or as bytes: whole steps of the
// vector's greatest number by 127. Its score is the inner product with what is
// stored, which is the same in every segment; so the exact ranking is, too. Rows of
// bytes are multiplied by a query in steps of its own, up to simd.QuerySteps of them, in
// whole numbers.
//
// # Wire format, version 1, little-endian
//
//	header    8 bytes magic "TAMISDNS"; u32 version; u32 bits of a number (32, 16, 8);
//	          u32 numbers of a vector; u32 rows; f32 loss; then for each section u64
//	          length, u32 CRC-32C; u32 CRC-32C of the header before
//	sections  in this order, each at a multiple of 64:
//	numbers   of each row the numbers, padded with zeros to a multiple of 16
//	scales    of each row what a step stands for, f32; only of 8 bits
//
// loss is the root of the mean squared error of the stored numbers over that of the
// numbers given.
package dense
