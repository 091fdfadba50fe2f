// Package vector holds vectors and reads the files that others keep them in. A
// Value is sparse, dense or multi, and a Field says how those of one name are
// stored.
//
// A reader yields documents in the order of the file. What is wrong with one
// document costs one error, which names the file and the place, and the next
// document follows; a file that cannot be read on ends with its error. Weights
// are positive, finite float32 numbers: a weight that is negative, zero (also
// after rounding to float32), infinite or not a number, an empty vector and a term that
// comes twice in a document are errors of that document. Order means nothing:
// readers sort by term.
//
// Terms are strings, numbered by a [Vocabulary] in the order in which they
// come. No vocabulary is fixed beforehand, so one that changes in the middle of a
// file only adds terms.
//
// # JSON Lines
//
// One object a line, as Anserini writes them: "id" or "_id", a string or a number;
// "vector", an object of term: weight; "contents", the text. Other members are
// ignored, blank lines too. A "vector" that is a list of numbers is a dense one, a list
// of lists of numbers a multi-vector; each number is finite.
//
// # CIFF
//
// The Common Index File Format (Lin et al., SIGIR 2020): protocol buffer
// messages, each behind its length as a varint. A header, then one list a term, then
// one record a document:
//
//	Header        1 version = 1, 2 num_postings_lists, 3 num_docs, …
//	PostingsList  1 term (bytes), 2 df, 3 cf, 4 repeated Posting
//	Posting       1 docid, as the difference from the one before in the list; 2 tf
//	DocRecord     1 docid, 2 collection_docid (bytes), 3 doclength
//
// A weight is the tf, a whole number. The file is inverted, so it is held in
// memory, with 8 bytes more for each posting. Messages tell themselves apart by their
// fields, therefore counts that lie (num_postings_lists, num_docs, df, cf; a
// count of 0 is one that is not stated) cost an error at the end and nothing else.
// A file that is cut off inside its lists yields no document, since any may lack terms;
// cut off inside its records it yields those before. A term with two lists is one term.
//
// # CSR
//
// The sparse matrices of the BigANN benchmark, little-endian:
//
//	int64 nrow, ncol, nnz; int64 indptr[nrow+1]; int32 indices[nnz]; float32 values[nnz]
//
// Row i is the document with the id i, column j the term with the name j, both in
// decimal. Rows that are whole in a file that is cut off are read.
package vector

// Document is a vector and the id of what it stands for.
type Document struct {
	ID       string
	Contents string // the text, where the file gives one
	Vector   Sparse
	Dense    Value // a dense or a multi-vector, instead of Vector
}
