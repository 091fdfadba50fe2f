//go:build !unix

package pdf

// reserve gives n bytes of zeros.
func reserve(n int) []byte { return make([]byte, n) }

func release([]byte) {}
