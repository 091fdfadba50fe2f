// Package pdfium runs PDFium, as WebAssembly under wazero, in guests: instances
// without access to files or network, that have a bound on their memory and can be
// stopped. Of PDFium's interface it knows nothing: functions are called by name, with
// their arguments as the C interface has them.
package pdfium

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	pdfium "github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// Memory is the most that a guest may have.
	Memory = 512 << 20
	// Least is less than what a guest needs with a file.
	Least = 32 << 20
	// What a guest keeps of the memory it took: one that grew beyond is thrown away
	// after its file.
	guestKeeps = 96 << 20
	mostGuests = 4
	wasmPage   = 64 << 10
)

// Engine is PDFium as WebAssembly: compiled once a process, at the first PDF file.
type Engine struct {
	pool  pdfium.Pool
	slots chan struct{} // how many guests there may be

	mu     sync.Mutex
	idle   []*Guest
	module api.Module // of the guest that was started last
	linear *linear    // and its memory
}

var (
	startMu sync.Mutex
	started *Engine
)

// Start gives the engine of this process. One that could not be started is tried
// anew with the next file.
func Start() (*Engine, error) {
	startMu.Lock()
	defer startMu.Unlock()
	if started != nil {
		return started, nil
	}
	e := &Engine{slots: make(chan struct{}, min(mostGuests, runtime.GOMAXPROCS(0)))}
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(Memory / wasmPage)
	if cache := compilationCache(); cache != nil {
		config = config.WithCompilationCache(cache)
	}
	ctx := experimental.WithFunctionListenerFactory(context.Background(), e)
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(e.allocate))
	wasm, err := guarded(module)
	if err != nil {
		return nil, fmt.Errorf("PDFium does not start: %w", err)
	}
	pool, err := webassembly.InitWithWASM(webassembly.Config{
		WASM:          wasm,
		Context:       ctx,
		MaxTotal:      mostGuests,
		RuntimeConfig: config,
		FSConfig:      wazero.NewFSConfig(), // nothing of the machine's files
		Stdout:        io.Discard,
		Stderr:        io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("PDFium does not start: %w", err)
	}
	e.pool, started = pool, e
	return e, nil
}

// compilationCache keeps what compiling took seconds for under the user's cache
// directory; nil where there is none that can be written.
func compilationCache() wazero.CompilationCache {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	cache, err := wazero.NewCompilationCacheWithDir(filepath.Join(dir, "tamis", "pdfium"))
	if err != nil {
		return nil
	}
	return cache
}

// NewFunctionListener implements experimental.FunctionListenerFactory: the one
// function that each guest calls first tells which module it runs in, so that
// its functions can be called without the library's bookkeeping, which costs a
// multiple of what they do.
func (e *Engine) NewFunctionListener(def api.FunctionDefinition) experimental.FunctionListener {
	for _, name := range def.ExportNames() {
		if name == "FPDF_InitLibrary" {
			return experimental.FunctionListenerFunc(func(_ context.Context, m api.Module, _ api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
				e.module = m
			})
		}
	}
	return nil
}

// Guest is one instance of PDFium. An error of a call stays: from then on every
// Call gives 0.
type Guest struct {
	engine   *Engine
	instance pdfium.Pdfium
	module   api.Module
	memory   api.Memory
	linear   *linear
	calls    map[string]api.Function
	stack    [16]uint64
	Scratch  uint32 // scratchBytes of the guest's memory
	Err      error
}

const scratchBytes = 4 << 10

// Guest takes a guest that idles, or starts one; it waits while there are too many.
func (e *Engine) Guest(ctx context.Context) (*Guest, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	g, err := e.take()
	if err != nil {
		<-e.slots
	}
	return g, err
}

func (e *Engine) take() (g *Guest, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer func() {
		if p := recover(); p != nil { // where the system gives no memory
			g, err = nil, fmt.Errorf("PDFium does not start: %v", p)
		}
	}()
	if n := len(e.idle); n > 0 {
		g := e.idle[n-1]
		e.idle = e.idle[:n-1]
		return g, nil
	}
	instance, err := e.pool.GetInstance(time.Minute)
	if err != nil {
		return nil, fmt.Errorf("PDFium does not start: %w", err)
	}
	g = &Guest{engine: e, instance: instance, module: e.module, memory: e.module.Memory(), linear: e.linear, calls: map[string]api.Function{}}
	if g.Scratch = g.Malloc(scratchBytes); g.Scratch == 0 {
		g.end()
		return nil, fmt.Errorf("PDFium does not start: %w", errors.Join(g.Err, ErrMemory))
	}
	return g, nil
}

// Done gives a guest back. One that failed, or took much memory, is ended.
func (g *Guest) Done() {
	if g.Err != nil || g.memory.Size() > guestKeeps {
		g.end()
	} else {
		g.engine.mu.Lock()
		g.engine.idle = append(g.engine.idle, g)
		g.engine.mu.Unlock()
	}
	<-g.engine.slots
}

func (g *Guest) end() {
	_ = g.instance.Kill()
}

// What ends a guest.
var (
	ErrMemory = errors.New("it takes more memory than PDFium may have (--memory)")
	ErrTime   = errors.New("it takes too long")
)

// Within runs f, and ends the guest where f takes longer than limit or ctx ends.
func (g *Guest) Within(ctx context.Context, limit time.Duration, f func()) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	late := time.AfterFunc(limit, g.linear.stop)
	stop := context.AfterFunc(ctx, g.linear.stop)
	f()
	stop()
	late.Stop()
	if g.linear.stopped() {
		g.Err = ErrTime
	}
	if g.Err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return g.Err
}

// Call calls a function of PDFium.
func (g *Guest) Call(name string, args ...uint64) uint64 {
	if g.Err != nil {
		return 0
	}
	f := g.calls[name]
	if f == nil {
		if f = g.module.ExportedFunction(name); f == nil {
			g.Err = fmt.Errorf("PDFium has no %s", name)
			return 0
		}
		g.calls[name] = f
	}
	copy(g.stack[:], args)
	if err := f.CallWithStack(context.Background(), g.stack[:]); err != nil {
		first, _, _ := strings.Cut(err.Error(), "\n")
		g.Err = fmt.Errorf("PDFium failed in %s (%s)", name, strings.TrimPrefix(first, "wasm error: "))
		if uint64(g.memory.Size()) > g.linear.limit/4*3 {
			g.Err = ErrMemory
		}
		return 0
	}
	return g.stack[0]
}

func (g *Guest) Malloc(n int) uint32 { return uint32(g.Call("malloc", uint64(n))) }
func (g *Guest) Free(p uint32)       { g.Call("free", uint64(p)) }

// Bytes is n bytes of the guest's memory, until the next call.
func (g *Guest) Bytes(p uint32, n int) []byte {
	if g.Err != nil {
		return make([]byte, n) // its memory may be gone
	}
	b, ok := g.memory.Read(p, uint32(n))
	if !ok {
		g.Err = errors.New("PDFium points beyond its memory")
		return make([]byte, n)
	}
	return b
}

// Limit says how much memory the guest may have from now on, at most Memory.
func (g *Guest) Limit(n int64) { g.linear.limit = uint64(min(n, Memory)) }

// Write puts data into the guest's memory.
func (g *Guest) Write(p uint32, data []byte) bool { return g.Err == nil && g.memory.Write(p, data) }
