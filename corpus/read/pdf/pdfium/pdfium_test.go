package pdfium

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
)

// hangs is a module whose function "run" has a loop without an end.
var hangs = []byte("\x00asm\x01\x00\x00\x00" +
	"\x01\x04\x01\x60\x00\x00" + // a type: () -> ()
	"\x03\x02\x01\x00" + // a function of it
	"\x05\x03\x01\x00\x01" + // a page of memory
	"\x07\x10\x02\x03run\x00\x00\x06memory\x02\x00" +
	"\x0a\x09\x01\x07\x00\x03\x40\x0c\x00\x0b\x0b") // loop, br 0, end

// TestLoopsEnd: a guest that would never return ends once it is told to.
func TestLoopsEnd(t *testing.T) {
	wasm, err := guarded(hangs)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(wasm) - len(hangs); n != len(check) {
		t.Fatalf("one loop makes the module %d bytes longer", n)
	}
	r := wazero.NewRuntime(t.Context())
	defer r.Close(context.Background())
	m, err := r.Instantiate(t.Context(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error)
	go func() {
		_, err := m.ExportedFunction("run").Call(context.Background())
		ended <- err
	}()
	select {
	case err := <-ended:
		t.Fatalf("it ended by itself: %v", err)
	case <-time.After(20 * time.Millisecond):
	}
	m.Memory().WriteByte(stopAt, 1)
	if err := <-ended; err == nil {
		t.Error("it ended without an error")
	}
}

// TestGuarded: PDFium is found and can be read to its end; what is cut off is an error.
func TestGuarded(t *testing.T) {
	wasm, err := guarded(module)
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(wasm, check); n < 5000 {
		t.Errorf("%d loops of %d bytes", n, len(module))
	}
	for n := range len(hangs) - 1 {
		if _, err := guarded(hangs[:n]); err == nil && n != 8 && n != 14 && n != 18 && n != 23 && n != 41 {
			t.Errorf("cut at %d: no error", n)
		}
	}
	if _, err := guarded(module[:len(module)/2]); err == nil {
		t.Error("half of the module is not one")
	}
}

// TestStopped: time and contexts end a guest, and the next one is another.
func TestStopped(t *testing.T) {
	e, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	g, err := e.Guest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	loops := func() {
		for g.Err == nil {
			g.CString("text")
		}
	}
	if err := g.Within(t.Context(), 20*time.Millisecond, loops); !errors.Is(err, ErrTime) && !errors.Is(err, ErrMemory) {
		t.Error(err)
	}
	if p := g.CString("more"); p != 0 || len(g.Bytes(g.Scratch, 4)) != 4 {
		t.Error("a guest that has ended answers")
	}
	g.Done()
	if g, err = e.Guest(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Within(ctx, time.Minute, loops); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	g.Done()
	if g, err = e.Guest(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.Limit(Least)
	if err := g.Within(t.Context(), time.Minute, func() {
		for g.Malloc(1<<20) != 0 {
		}
	}); err != nil {
		t.Errorf("no memory is no reason to end: %v", err)
	}
	g.Done()
}
