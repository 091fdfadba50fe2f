package pdfium

import (
	"sync"

	"github.com/tetratelabs/wazero/experimental"
)

// linear is the memory of a guest. Its addresses are reserved once, so that growing
// copies nothing, and pages that are not used take no memory; it is no part of Go's heap,
// and is given back when the guest ends.
type linear struct {
	mu       sync.Mutex // of reserved, which another goroutine writes to when it stops the guest
	reserved []byte
	limit    uint64
}

// allocate implements experimental.MemoryAllocator; the engine keeps the last one for
// the guest that it is made for.
func (e *Engine) allocate(_, most uint64) experimental.LinearMemory {
	most = min(most, Memory)
	e.linear = &linear{reserved: reserve(int(most)), limit: most}
	return e.linear
}

// Reallocate implements experimental.LinearMemory: nil where there is no more.
func (l *linear) Reallocate(size uint64) []byte {
	if size > uint64(len(l.reserved)) || size > l.limit {
		return nil
	}
	return l.reserved[:size:len(l.reserved)]
}

// Free implements experimental.LinearMemory.
func (l *linear) Free() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reserved != nil {
		release(l.reserved)
		l.reserved = nil
	}
}

// stop ends the guest at its next loop.
func (l *linear) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reserved != nil {
		l.reserved[stopAt] = 1
	}
}

func (l *linear) stopped() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reserved == nil || l.reserved[stopAt] != 0
}
