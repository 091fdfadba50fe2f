package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/internal/tinymodel"
)

// limitFiles makes files of more than n bytes fail to be written, where the
// operating system can.
var limitFiles = func(n uint64) {}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"tamis": func() {
			if n, err := strconv.ParseUint(os.Getenv("TEST_FILE_LIMIT"), 10, 64); err == nil {
				limitFiles(n)
			}
			os.Exit(run(interruptible(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
		// viewer prints what it is called with, and the first bytes of files among that.
		"viewer": func() {
			for _, arg := range os.Args[1:] {
				fmt.Printf("(%s)\n", arg)
				if data, err := os.ReadFile(arg); err == nil {
					info, _ := os.Stat(arg)
					fmt.Printf("%v %q\n", info.Mode(), data[:min(len(data), 40)])
				}
			}
		},
	})
}

// TestScripts runs the command line as people and scripts do: each file under
// testdata/script is a session with its files and what it must print.
func TestScripts(t *testing.T) {
	words := []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "gate", "wall", "tide", "opens", "high", "noon"}
	shape := tinymodel.Shape{Words: len(words), Width: 32, Inner: 48, Layers: 1, Heads: 2, Positions: 32}
	first, second := shape.Write(t, 1, words...), shape.Write(t, 2, words...)
	shape.Masked = true
	sparse, table := shape.Write(t, 3, words...), t.TempDir()
	shape.Masked, shape.Labels = false, 1
	reader := shape.Write(t, 4, words...)
	for _, dir := range []string{sparse, table} {
		tinymodel.WriteJSON(t, filepath.Join(dir, "idf.json"), map[string]float64{"gate": 2, "tide": 1, "noon": .5})
	}
	tinymodel.WriteFile(t, filepath.Join(table, "vocab.txt"), []byte(strings.Join(words, "\n")))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			server := httptest.NewServer(&chat{})
			env.Defer(server.Close)
			env.Setenv("CHAT", server.URL)
			env.Setenv("MODEL", first)
			env.Setenv("OTHER", second)
			env.Setenv("SPARSE", sparse)
			env.Setenv("TABLE", table)
			env.Setenv("READER", reader)
			vectors := httptest.NewServer(http.HandlerFunc(embed))
			env.Defer(vectors.Close)
			env.Setenv("VECTORS", vectors.URL+"/v1#letters")
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			// write FILE STRING makes a file of a quoted Go string; its name is one too.
			"write": func(ts *testscript.TestScript, _ bool, args []string) {
				s, err := strconv.Unquote(`"` + args[1] + `"`)
				ts.Check(err)
				name, err := strconv.Unquote(`"` + args[0] + `"`)
				ts.Check(err)
				ts.Check(os.WriteFile(ts.MkAbs(name), []byte(s), 0o644))
			},
			// library FILE makes records about 60 subjects, four of each, in words that differ.
			"library": func(ts *testscript.TestScript, _ bool, args []string) {
				var b strings.Builder
				for i := range 240 {
					named := string([]byte{'a' + byte(i%60/26), 'a' + byte(i%60%26)}) // without a digit: literal terms are lent to nobody
					fmt.Fprintf(&b, "{\"_id\": \"%d\", \"title\": \"name%s alias%s\", \"text\": \"", i, named, named)
					for w := range 40 {
						fmt.Fprintf(&b, "s%dw%d word%d ", i%60, (w*7+i)%30, (w*31+i*17)%500)
					}
					if i%8 < 5 {
						fmt.Fprintf(&b, "name%s alias%s", named, named)
					}
					b.WriteString("\"}\n")
				}
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
			},
			// unmark DIR takes the marker away that names a database's manifest.
			"unmark": func(ts *testscript.TestScript, _ bool, args []string) {
				names, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "marker.manifest.*"))
				ts.Check(err)
				for _, name := range names {
					ts.Check(os.Remove(name))
				}
			},
			// golden NAME DIR unpacks an index that an earlier version wrote.
			"golden": func(ts *testscript.TestScript, _ bool, args []string) {
				wd, err := os.Getwd()
				ts.Check(err)
				ts.Check(os.MkdirAll(ts.MkAbs(args[1]), 0o755))
				ts.Check(ts.Exec("tar", "-xzf", filepath.Join(wd, "..", "..", "store", "testdata", "golden", args[0]+".tar.gz"), "-C", ts.MkAbs(args[1])))
			},
			// zip FILE NAME FILE… makes an archive of files, each under a name.
			"zip": func(ts *testscript.TestScript, _ bool, args []string) {
				var b bytes.Buffer
				w := zip.NewWriter(&b)
				for i := 1; i+1 < len(args); i += 2 {
					f, err := w.Create(args[i])
					ts.Check(err)
					_, err = io.WriteString(f, ts.ReadFile(args[i+1]))
					ts.Check(err)
				}
				ts.Check(w.Close())
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
			},
			// text FILE BYTES makes a file of so many bytes of numbered sentences.
			"text": func(ts *testscript.TestScript, _ bool, args []string) {
				n, err := strconv.Atoi(args[1])
				ts.Check(err)
				var b bytes.Buffer
				for i := 0; b.Len() < n; i++ {
					fmt.Fprintf(&b, "Sentence %d of this file names word%x and word%x.\n", i, i*7919, i*i)
				}
				ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[0])), 0o755))
				ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
			},
			// exits CODE COMMAND… runs a command that must exit with CODE and print
			// one line to standard error when that is not 0.
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				code := 0
				var exit *exec.ExitError
				if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
					code = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if strconv.Itoa(code) != args[0] {
					ts.Fatalf("exit code %d, want %s", code, args[0])
				}
				if stderr := ts.ReadFile("stderr"); code != 0 && (strings.Count(stderr, "\n") != 1 || !strings.HasPrefix(stderr, "tamis: ")) {
					ts.Fatalf("not one line: %q", stderr)
				}
			},
			// hold DIR keeps an index open in another process until the script ends.
			"hold": func(ts *testscript.TestScript, _ bool, args []string) {
				ix, err := tamis.Open(ts.MkAbs(args[0]), tamis.Options{})
				ts.Check(err)
				ts.Defer(func() { ix.Close() })
			},
			// newer DIR makes an index look as if a later version had written it.
			"newer": func(ts *testscript.TestScript, _ bool, args []string) {
				markers, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "db", "marker.format-version.*"))
				ts.Check(err)
				for _, m := range markers {
					ts.Check(os.Rename(m, m[:strings.LastIndexByte(m, '.')]+".999"))
				}
			},
		},
	})
}

// chat is an OpenAI-compatible server that cites source 1 and one that is not
// there. /flaky fails the first time, /down always, /keyed wants a key, /silent
// and /empty say nothing, /short stops in the middle.
type chat struct{ asked atomic.Int32 }

func (c *chat) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch body, err := io.ReadAll(r.Body); {
	case err != nil || !bytes.Contains(body, []byte("nine days")):
		http.Error(w, `{"error": {"message": "the context is missing"}}`, http.StatusBadRequest)
	case kind == "flaky" && c.asked.Add(1) == 1, kind == "down":
		w.Header().Set("Retry-After", "0")
		http.Error(w, `{"error": {"message": "out of memory"}}`, http.StatusInternalServerError)
	case kind == "keyed" && r.Header.Get("Authorization") != "Bearer test-key":
		http.Error(w, `{"error": {"message": "wrong key"}}`, http.StatusUnauthorized)
	case kind != "keyed" && r.Header.Get("Authorization") != "":
		http.Error(w, `{"error": {"message": "a key that nobody gave"}}`, http.StatusBadRequest)
	case kind == "silent":
		<-r.Context().Done()
	case kind == "empty":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: [DONE]\n\n")
	case kind == "short":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, `data: {"choices": [{"delta": {"content": "Every nine"}, "finish_reason": "length"}], "usage": "odd"}`+"\n\ndata: [DONE]\n\n")
	default:
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range []string{"Every nine", " days [1", "], or so ", "[9", "]."} {
			fmt.Fprintf(w, "data: {\"choices\": [{\"delta\": {\"content\": %q}}]}\n\n", piece)
			w.(http.Flusher).Flush()
		}
		fmt.Fprint(w, "data: [DONE]\n\n")
	}
}

// TestSingleLineFile: a large file without a line break goes in, is found and
// packed, in bounded memory. TAMIS_HEAVY=full: of 200 MB.
func TestSingleLineFile(t *testing.T) {
	size := 20_000_000
	if os.Getenv("TAMIS_HEAVY") == "full" {
		size = 200_000_000
	}
	dir := t.TempDir()
	file, index := filepath.Join(dir, "line.txt"), filepath.Join(dir, "ix")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for i, n := 0, 0; n < size; i++ {
		b.Reset()
		for b.Len() < 1<<20 {
			fmt.Fprintf(&b, "entry%d holds word%x ", i%20_000, i*i*7919%50_000)
			i++
		}
		n += b.Len()
		if _, err := f.Write(b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.WriteString("and the walrus sleeps at last"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	stop, done := make(chan bool), make(chan uint64)
	go func() {
		var peak uint64
		for {
			select {
			case <-stop:
				done <- peak
				return
			case <-time.After(50 * time.Millisecond):
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapInuse+m.StackInuse)
			}
		}
	}()
	begin := time.Now()
	for _, args := range [][]string{
		{"index", file},
		{"search", "-k", "1", "--json", "walrus"},
		{"context", "--budget", "300", "where does the walrus sleep?"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), append(args, "--index", index), strings.NewReader(""), &out, &errs); code != 0 {
			t.Fatalf("%v: exit code %d: %s", args, code, errs.String())
		}
		if args[0] != "index" && !strings.Contains(out.String(), "the walrus sleeps") {
			t.Fatalf("%v: %s", args, out.String())
		}
	}
	close(stop)
	t.Logf("%d bytes in one line: %v, at most %d MiB of heap", size, time.Since(begin).Round(time.Millisecond), <-done>>20)
}

// TestInterruptedExitCodes: a signal is told apart from other failures, as shells do.
func TestInterruptedExitCodes(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(file, []byte("An otter."), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		cause error
		code  int
		said  string
	}{{interrupt{syscall.SIGINT}, 130, "tamis: interrupted\n"}, {interrupt{syscall.SIGTERM}, 143, "tamis: interrupted\n"}, {nil, 1, "tamis: context canceled\n"}} {
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(tt.cause)
		var out, errs bytes.Buffer
		if code := run(ctx, []string{"index", "--index", filepath.Join(dir, "ix"), file}, strings.NewReader(""), &out, &errs); code != tt.code || errs.String() != tt.said {
			t.Errorf("%v: exit code %d: %q", tt.cause, code, errs.String())
		}
	}
}

// embed is an endpoint for vectors: how often texts have each letter.
func embed(w http.ResponseWriter, req *http.Request) {
	var body struct{ Input []string }
	if err := json.NewDecoder(req.Body).Decode(&body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	type item struct {
		Index     int         `json:"index"`
		Embedding [26]float32 `json:"embedding"`
	}
	var answer struct {
		Data []item `json:"data"`
	}
	for i, text := range body.Input {
		x := item{Index: i}
		for _, r := range strings.ToLower(text) {
			if r >= 'a' && r <= 'z' {
				x.Embedding[r-'a']++
			}
		}
		answer.Data = append(answer.Data, x)
	}
	json.NewEncoder(w).Encode(answer)
}
