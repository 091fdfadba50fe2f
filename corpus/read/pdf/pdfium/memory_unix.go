//go:build unix

package pdfium

import "syscall"

// reserve gives n bytes of zeros; nil where the system has no more addresses.
func reserve(n int) []byte {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return b
}

func release(b []byte) { _ = syscall.Munmap(b) }
