package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/server/access"
	"github.com/tamis-search/tamis/server/library"
	"github.com/tamis-search/tamis/server/sessions"
	"github.com/tamis-search/tamis/text/tokens"
)

// owner is who serves their own files to their own agent.
func owner() *access.Caller { return &access.Caller{Name: "owner", Scope: access.Write} }

// house is a folder of notes, indexed.
type house struct {
	dir     string // of the notes
	library *library.Library
}

func newHouse(t testing.TB, files map[string]string) *house {
	t.Helper()
	h := &house{dir: t.TempDir()}
	for name, text := range files {
		file := filepath.Join(h.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h.library = library.New(library.Options{Collections: map[string]string{library.Default: filepath.Join(t.TempDir(), "ix")}})
	t.Cleanup(func() {
		if err := h.library.Close(); err != nil {
			t.Error(err)
		}
	})
	h.write(t, library.Default, func(ix *tamis.Index) error {
		_, err := ix.AddFiles(context.Background(), []string{h.dir}, tamis.FileOptions{})
		return err
	})
	return h
}

func (h *house) write(t testing.TB, collection string, do func(*tamis.Index) error) {
	t.Helper()
	ix, done, err := h.library.Write(context.Background(), collection)
	if err != nil {
		t.Fatal(err)
	}
	if err := do(ix); err != nil {
		t.Fatal(err)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
}

func (h *house) server(t testing.TB, o Options) *Server {
	t.Helper()
	o.Library, o.Sessions = h.library, sessions.New(64, time.Hour)
	if o.Names == nil {
		o.Names = []string{h.dir}
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// agent is a client with the tools of a server.
type agent struct {
	t testing.TB
	*sdk.ClientSession
}

// connected is an agent over a connection in memory.
func connected(t testing.TB, s *Server) agent {
	t.Helper()
	here, there := sdk.NewInMemoryTransports()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.connection(ctx, there) }()
	a := agent{t, dial(t, here)}
	t.Cleanup(func() {
		a.Close()
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return a
}

func dial(t testing.TB, transport sdk.Transport) *sdk.ClientSession {
	t.Helper()
	session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(context.Background(), transport, nil)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

// overHTTP is an agent over HTTP.
func overHTTP(t testing.TB, s *Server, query string) agent {
	t.Helper()
	web := httptest.NewServer(Local(s.Handler()))
	t.Cleanup(web.Close)
	a := agent{t, dial(t, &sdk.StreamableClientTransport{Endpoint: web.URL + query})}
	t.Cleanup(func() { a.Close() })
	return a
}

// ask calls a tool and returns its text; failed says that it is an error.
func (a agent) ask(tool, arguments string) (text string, failed bool) {
	a.t.Helper()
	r := a.result(tool, arguments)
	return textOf(a.t, r), r.IsError
}

// want calls a tool that is to answer.
func (a agent) want(tool, arguments string) string {
	a.t.Helper()
	text, failed := a.ask(tool, arguments)
	if failed {
		a.t.Fatalf("%s %s: %s", tool, arguments, text)
	}
	return text
}

func (a agent) result(tool, arguments string) *sdk.CallToolResult {
	a.t.Helper()
	r, err := a.CallTool(context.Background(), &sdk.CallToolParams{Name: tool, Arguments: json.RawMessage(arguments)})
	if err != nil {
		a.t.Fatalf("%s %s: %v", tool, arguments, err)
	}
	return r
}

func textOf(t testing.TB, r *sdk.CallToolResult) string {
	t.Helper()
	if len(r.Content) != 1 {
		t.Fatalf("%d contents", len(r.Content))
	}
	return r.Content[0].(*sdk.TextContent).Text
}

func counted(t testing.TB, v any) int {
	t.Helper()
	c, err := tokens.New("o200k_base")
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := v.(string); ok {
		return c.Count(s)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return c.Count(string(b))
}

// costs is what a model may be shown of a reply.
func costs(t testing.TB, r *sdk.CallToolResult) int {
	n := counted(t, textOf(t, r))
	if r.StructuredContent != nil {
		n += counted(t, r.StructuredContent)
	}
	return n
}

var kitchen = map[string]string{
	"sieves.md": "# Sieves\n\nA tamis is a drum sieve with a flat mesh.\n\n## Care\n\nRinse the tamis at once, mesh up. Dry it standing.\n\nNever put it into the dishwasher: the rim warps.\n",
	"stock/veal.md": "# Veal stock\n\nRoast the bones at 220 degrees for forty minutes.\n\nSimmer for eight hours and skim often.\n\n" +
		"Pass the stock through a tamis lined with muslin.\n",
	"stock/fish.md": "# Fish stock\n\nFish bones give all they have in twenty minutes; longer makes the stock bitter.\n",
}

func TestToolsCost(t *testing.T) {
	h := newHouse(t, kitchen)
	for name, s := range map[string]struct {
		*Server
		most int
	}{
		"all": {h.server(t, Options{Caller: owner(), About: "what the cooks of the restaurant wrote down", Folders: []string{h.dir}, Structured: true}), 600},
	} {
		for _, a := range []agent{connected(t, s.Server), overHTTP(t, s.Server, "")} {
			list, err := a.ListTools(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			n := counted(t, list)
			t.Logf("%s: %d tools, %d tokens", name, len(list.Tools), n)
			for _, tool := range list.Tools {
				t.Logf("%s: %d", tool.Name, counted(t, tool))
			}
			if n >= s.most || len(list.Tools) != 5 {
				t.Errorf("%d tools take %d tokens, more than %d", len(list.Tools), n, s.most)
			}
		}
	}
}

func TestLook(t *testing.T) {
	dir := os.Getenv("TAMIS_LOOK")
	if dir == "" {
		t.Skip()
	}
	lib := library.New(library.Options{Collections: map[string]string{library.Default: dir}})
	s, err := New(Options{Library: lib, Sessions: sessions.New(4, time.Hour), Caller: owner(), Names: []string{os.Getenv("TAMIS_LOOK_BASE")}})
	if err != nil {
		t.Fatal(err)
	}
	a := connected(t, s)
	for _, line := range strings.Split(os.Getenv("TAMIS_LOOK_CALLS"), "\n") {
		tool, args, _ := strings.Cut(line, " ")
		began := time.Now()
		r := a.result(tool, args)
		fmt.Printf("=== %s (%d tokens, %v)\n%s\n", line, costs(t, r), time.Since(began).Round(time.Millisecond), textOf(t, r))
	}
}

func TestThinPath(t *testing.T) {
	h := newHouse(t, kitchen)
	a := connected(t, h.server(t, Options{Caller: owner()}))
	for _, c := range [][2]string{{"context", `{"question":"How do I clean a tamis?"}`}, {"context", `{"question":"How do I clean a tamis?"}`}, {"search", `{"query":"stock bones"}`},
		{"open", `{"label":"1"}`}, {"open", `{"label":"stock/veal.md:5"}`}, {"open", `{"label":"stock/fish.md"}`}, {"session", `{}`}, {"session", `{"do":"fold","labels":["[##1]"]}`},
		{"session", `{"do":"restore","labels":1}`}, {"session", `{"do":"find","text":"mesh"}`}, {"session", `{"do":"fold"}`}, {"session", `{}`},
		{"add", `{"title":"Ducks","text":"Ducks are roasted on the bone."}`}, {"context", `{"question":"how are ducks roasted"}`}} {
		t.Logf("=== %s %s\n%s", c[0], c[1], a.want(c[0], c[1]))
	}
	_ = http.StatusOK
}
