//go:build !unix

package pdfium

// reserve gives n bytes of zeros.
func reserve(n int) []byte { return make([]byte, n) }

func release([]byte) {}
