package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	pdfium "github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// A guest never has more memory than this; a file that needs more is skipped.
	guestMemory = 512 << 20
	// What a guest keeps of the memory it took: one that grew beyond is thrown away
	// after its file.
	guestKeeps = 96 << 20
	mostGuests = 4
	wasmPage   = 64 << 10
)

// engine is PDFium as WebAssembly: compiled once a process, at the first PDF file.
type engine struct {
	pool  pdfium.Pool
	slots chan struct{} // how many guests there may be

	mu     sync.Mutex
	idle   []*guest
	module api.Module // of the guest that was started last
}

var (
	startMu sync.Mutex
	started *engine
)

// start gives the engine of this process. One that could not be started is tried
// anew with the next file.
func start() (*engine, error) {
	startMu.Lock()
	defer startMu.Unlock()
	if started != nil {
		return started, nil
	}
	e := &engine{slots: make(chan struct{}, min(mostGuests, runtime.GOMAXPROCS(0)))}
	config := wazero.NewRuntimeConfig().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(guestMemory / wasmPage).
		WithCloseOnContextDone(true)
	if cache := compilationCache(); cache != nil {
		config = config.WithCompilationCache(cache)
	}
	pool, err := webassembly.Init(webassembly.Config{
		Context:       experimental.WithFunctionListenerFactory(context.Background(), e),
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
func (e *engine) NewFunctionListener(def api.FunctionDefinition) experimental.FunctionListener {
	for _, name := range def.ExportNames() {
		if name == "FPDF_InitLibrary" {
			return experimental.FunctionListenerFunc(func(_ context.Context, m api.Module, _ api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
				e.module = m
			})
		}
	}
	return nil
}

// guest is one instance of PDFium. An error of a call stays: from then on every
// call gives 0.
type guest struct {
	engine   *engine
	instance pdfium.Pdfium
	module   api.Module
	memory   api.Memory
	calls    map[string]api.Function
	stack    [16]uint64
	ctx      context.Context
	kill     context.CancelFunc
	scratch  uint32 // scratchBytes of the guest's memory
	err      error
}

const scratchBytes = 4 << 10

// guest takes a guest that idles, or starts one; it waits while there are too many.
func (e *engine) guest(ctx context.Context) (*guest, error) {
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

func (e *engine) take() (*guest, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.idle); n > 0 {
		g := e.idle[n-1]
		e.idle = e.idle[:n-1]
		return g, nil
	}
	instance, err := e.pool.GetInstance(time.Minute)
	if err != nil {
		return nil, fmt.Errorf("PDFium does not start: %w", err)
	}
	g := &guest{engine: e, instance: instance, module: e.module, memory: e.module.Memory(), calls: map[string]api.Function{}}
	g.ctx, g.kill = context.WithCancel(context.Background())
	if g.scratch = g.malloc(scratchBytes); g.scratch == 0 {
		g.end()
		return nil, fmt.Errorf("PDFium does not start: %w", errors.Join(g.err, errMemory))
	}
	return g, nil
}

// done gives a guest back. One that failed, or took much memory, is ended.
func (g *guest) done() {
	if g.err != nil || g.memory.Size() > guestKeeps {
		g.end()
	} else {
		g.engine.mu.Lock()
		g.engine.idle = append(g.engine.idle, g)
		g.engine.mu.Unlock()
	}
	<-g.engine.slots
}

func (g *guest) end() {
	g.kill()
	_ = g.instance.Kill()
}

var (
	errMemory = fmt.Errorf("it takes more than the %d MiB of memory that PDFium may have", guestMemory>>20)
	errTime   = errors.New("it takes too long")
)

// within runs f, and ends the guest where f takes longer than limit or ctx ends.
func (g *guest) within(ctx context.Context, limit time.Duration, f func()) error {
	late := time.AfterFunc(limit, g.kill)
	stop := context.AfterFunc(ctx, g.kill)
	f()
	stop()
	inTime := late.Stop()
	switch {
	case g.err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case !inTime:
		return errTime
	}
	return g.err
}

// call calls a function of PDFium.
func (g *guest) call(name string, args ...uint64) uint64 {
	if g.err != nil {
		return 0
	}
	f := g.calls[name]
	if f == nil {
		if f = g.module.ExportedFunction(name); f == nil {
			g.err = fmt.Errorf("PDFium has no %s", name)
			return 0
		}
		g.calls[name] = f
	}
	copy(g.stack[:], args)
	if err := f.CallWithStack(g.ctx, g.stack[:]); err != nil {
		g.err = fmt.Errorf("PDFium failed in %s: %w", name, err)
		return 0
	}
	return g.stack[0]
}

func (g *guest) malloc(n int) uint32 { return uint32(g.call("malloc", uint64(n))) }
func (g *guest) free(p uint32)       { g.call("free", uint64(p)) }

// bytes is n bytes of the guest's memory, until the next call.
func (g *guest) bytes(p uint32, n int) []byte {
	b, ok := g.memory.Read(p, uint32(n))
	if !ok {
		if g.err == nil {
			g.err = errors.New("PDFium points beyond its memory")
		}
		return make([]byte, n)
	}
	return b
}
