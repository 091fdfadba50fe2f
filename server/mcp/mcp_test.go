package mcp

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/engine"
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
	index   string
	library *library.Library
}

func newHouse(t testing.TB, files map[string]string) *house {
	t.Helper()
	h := &house{dir: t.TempDir(), index: filepath.Join(t.TempDir(), "ix")}
	for name, text := range files {
		file := filepath.Join(h.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h.library = library.New(library.Options{Collections: map[string]string{library.Default: h.index}})
	t.Cleanup(func() {
		if err := h.library.Close(); err != nil {
			t.Error(err)
		}
	})
	h.write(t, library.Default, func(ix engine.Index) error {
		_, err := engine.AddFiles(context.Background(), ix, []string{h.dir}, tamis.FileOptions{})
		return err
	})
	return h
}

func (h *house) write(t testing.TB, collection string, do func(engine.Index) error) {
	t.Helper()
	ix, done, err := h.library.Write(context.Background(), collection)
	if err != nil {
		t.Fatal(err)
	}
	if err := do(ix); err != nil {
		t.Fatal(err)
	}
	if err := done(nil); err != nil {
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

// TestToolsCost: all that a model must read before its first call, with everything switched
// on, is less than 600 tokens.
func TestToolsCost(t *testing.T) {
	h := newHouse(t, kitchen)
	h.library = library.New(library.Options{Collections: map[string]string{library.Default: h.index, "second": h.index + "2"}})
	about := strings.Repeat("what the cooks of the restaurant wrote down, ", 100)
	s := h.server(t, Options{Caller: owner(), About: about, Folders: []string{h.dir}, Structured: true})
	for name, a := range map[string]agent{"connection": connected(t, s), "http": overHTTP(t, s, "")} {
		list, err := a.ListTools(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		n := counted(t, list)
		t.Logf("%s: %d tools, %d tokens", name, len(list.Tools), n)
		for _, tool := range list.Tools {
			if tool.OutputSchema == nil {
				t.Errorf("%s has no output schema", tool.Name)
			}
		}
		if n >= 600 || len(list.Tools) != 5 {
			t.Errorf("%s: %d tools take %d tokens, and may take 600", name, len(list.Tools), n)
		}
	}
	usual, err := connected(t, h.server(t, Options{Caller: &access.Caller{Name: "a", Scope: access.Read, Collections: []string{library.Default}}, About: "recipes"})).ListTools(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("read-only, one collection: %d tokens", counted(t, usual))
}

// TestLongNames: what a document is called may be longer than a budget.
func TestLongNames(t *testing.T) {
	h := newHouse(t, kitchen)
	id := strings.Repeat("Løv-naïve/", 300)
	h.write(t, library.Default, func(ix engine.Index) error {
		_, err := ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
			yield(tamis.Document{ID: id, Title: id, Source: "Copper pans are seasoned with salt."}, nil)
		})
		return err
	})
	a := connected(t, h.server(t, Options{Caller: owner(), Structured: true}))
	for tool, arguments := range map[string]string{"open": `{"label":"` + id + `","budget":150}`, "search": `{"query":"copper pans","budget":150}`,
		"context": `{"question":"How are copper pans seasoned?","budget":150}`, "session": `{}`} {
		if r := a.result(tool, arguments); costs(t, r) > 150 {
			t.Errorf("%s: %d tokens: %s", tool, costs(t, r), textOf(t, r))
		}
	}
}

// TestConversation: what an agent meets in a conversation.
func TestConversation(t *testing.T) {
	h := newHouse(t, kitchen)
	a := connected(t, h.server(t, Options{Caller: owner()}))
	for _, step := range []struct {
		tool, arguments string
		want            []string // in the reply
		not             string
	}{
		{"session", `{}`, []string{"Nothing was shown yet.", "[window: "}, "##"},
		{"context", `{"question":"How do I clean a tamis?"}`, []string{"[##1]", "dishwasher", "[##1] = sieves.md:1", " tokens used; left: "}, h.dir},
		{"context", `{"question":"How do I clean a tamis?"}`, []string{"Nothing more matches."}, "dishwasher"},
		{"search", `{"query":"stock bones"}`, []string{"1. stock/fish.md:1 — Fish stock\n   ", "2. stock/veal.md:1"}, "tamis is a drum"},
		{"open", `{"label":"1"}`, []string{"sieves.md:1 to 10\n```\n# Sieves", "warps.\n"}, ""},
		{"open", `{"label":"[##1]"}`, []string{"sieves.md:1 to 10"}, ""},
		{"open", `{"label":1,"budget":"400"}`, []string{"sieves.md:1 to 10"}, ""},
		{"open", `{"label":"stock/veal.md:5"}`, []string{"Simmer for eight hours"}, ""},
		{"open", `{"label":"stock/veal.md:14-20"}`, []string{"Roast the bones"}, ""},
		{"open", `{"label":"stock/fish.md"}`, []string{"Fish bones give"}, ""},
		{"session", `{"do":"pin","labels":[2]}`, []string{"Pinned [2]."}, ""},
		{"session", `{"do":"fold","labels":["[##1]"]}`, []string{"Folded [1]."}, ""},
		{"session", `{"do":"list"}`, []string{"[1] sieves.md:1 (about ", ", folded)", ", pinned)"}, "dishwasher"},
		{"session", `{"do":"restore","labels":1}`, []string{"[##1] # Sieves", "[##1] = sieves.md:1"}, ""},
		{"session", `{"do":"restore","labels":[1,2]}`, []string{"dishwasher", "muslin"}, ""},
		{"session", `{"do":"find","text":"MESH"}`, []string{"[1] sieves.md:1 (2 times)"}, "veal"},
		{"session", `{"do":"fold"}`, []string{"Let go of everything that is not pinned [1]."}, ""},
		{"context", `{"question":"How do I clean a tamis?"}`, []string{"[##3]", "dishwasher"}, "[##1]"},
		{"add", `{"title":"Ducks","text":"Ducks are roasted on the bone."}`, []string{"1 added"}, ""},
		{"add", `{"title":"Ducks","text":"Ducks are roasted on the bone, and rest."}`, []string{"1 updated"}, ""},
		{"context", `{"question":"how are ducks roasted"}`, []string{"and rest.", "= note/ducks:0-40"}, ""},
	} {
		got := a.want(step.tool, step.arguments)
		for _, want := range step.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s %s: no %q in\n%s", step.tool, step.arguments, want, got)
			}
		}
		if step.not != "" && strings.Contains(got, step.not) {
			t.Errorf("%s %s: %q in\n%s", step.tool, step.arguments, step.not, got)
		}
		if lines := strings.Split(got, "\n"); !strings.HasPrefix(lines[len(lines)-1], "[window: ") {
			t.Errorf("%s %s ends with %q", step.tool, step.arguments, lines[len(lines)-1])
		}
	}
}

// TestErrors: each is short, and says what to do.
func TestErrors(t *testing.T) {
	h := newHouse(t, kitchen)
	s := h.server(t, Options{Caller: owner(), Folders: []string{h.dir}})
	a := connected(t, s)
	for _, c := range [][3]string{
		{"context", `{}`, "context needs the argument question"},
		{"context", `{"question":" "}`, "empty"},
		{"context", `{"question":"the"}`, "no word to search for"},
		{"context", `{"question":"tamis","budget":12}`, "use 150 or more"},
		{"context", `{"question":"tamis","budget":-5}`, "use 150 or more"},
		{"context", `{"question":"tamis","budget":"much"}`, "budget must be an integer"},
		{"context", `{"question":"tamis","k":3}`, "context has no argument k; it takes question, budget, filter"},
		{"context", `{"question":"tamis","filter":"path ^ "}`, "filter"},
		{"context", `{"question":"tamis","filter":"colour = \"red\""}`, "colour"},
		{"context", `{"question":["tamis"]}`, "question must be a string"},
		{"search", `{"query":""}`, "empty"},
		{"open", `{"label":"7"}`, "the window holds no label 7"},
		{"open", `{"label":"99999999999999999999999"}`, "no label"},
		{"open", `{"label":"nowhere.md"}`, "nowhere.md: no such document is indexed"},
		{"open", `{"label":"sieves.md:4000"}`, "has no line 4000"},
		{"open", `{"label":"sieves.md:5-100000000"}`, "no range"},
		{"open", `{"label":"sieves.md#page=2"}`, "has no page 2"},
		{"open", `{"label":"../../etc/passwd"}`, "no such document"},
		{"open", `{"label":"/etc/passwd"}`, "no such document"},
		{"session", `{"do":"burn"}`, "list, fold, restore, pin, unpin, find"},
		{"session", `{"do":"fold","labels":[3]}`, "no label 3"},
		{"session", `{"do":"pin"}`, "pin needs labels"},
		{"session", `{"do":"find"}`, "find needs a text"},
		{"add", `{}`, "nothing to add"},
		{"add", `{"paths":["/etc/passwd"]}`, "is not under a folder that may be added"},
		{"add", `{"paths":["../../etc/passwd"]}`, "is not under a folder that may be added"},
		{"add", `{"paths":["missing.md"]}`, "is not under a folder that may be added"},
		{"context", `{"question":"tamis","` + strings.Repeat("long", 1000) + `":1}`, "context has no argument"},
		{"open", `{"label":"` + strings.Repeat("long", 1000) + `"}`, "no such document"},
	} {
		got, failed := a.ask(c[0], c[1])
		if !failed || !strings.Contains(got, c[2]) {
			t.Errorf("%s %.60s: %q, want %q", c[0], c[1], got, c[2])
		}
		if n := counted(t, got); n > mostError {
			t.Errorf("%s %.60s: %d tokens: %q", c[0], c[1], n, got)
		}
	}
	none := connected(t, (&house{dir: h.dir, library: library.New(library.Options{Collections: map[string]string{"default": t.TempDir() + "/none"}})}).server(t, Options{Caller: owner()}))
	if got, failed := none.ask("context", `{"question":"tamis"}`); !failed || !strings.Contains(got, "tamis index PATH") {
		t.Errorf("without an index: %q", got)
	}
	if got := none.want("add", `{"title":"Ducks","text":"Ducks are roasted on the bone."}`); !strings.Contains(got, "1 added") {
		t.Errorf("an index is made: %q", got)
	}
}

// TestHardLimit: a full window refuses, and goes on when something was let go of.
func TestHardLimit(t *testing.T) {
	h := newHouse(t, kitchen)
	a := connected(t, h.server(t, Options{Caller: owner(), Window: 600}))
	soft := false
	for i := 0; ; i++ {
		got, failed := a.ask("open", `{"label":"sieves.md","budget":150}`)
		soft = soft || strings.Contains(got, "over the soft limit")
		if failed {
			if !strings.Contains(got, "the window is full") || !soft || i < 2 {
				t.Errorf("after %d replies: %q", i, got)
			}
			break
		}
		if i > 10 {
			t.Fatal("the window is never full")
		}
	}
	a.want("session", `{"do":"fold"}`)
	a.want("open", `{"label":"sieves.md","budget":150}`)
}

// TestStream: calls that stand in a file are answered to the last, and what is no call ends
// nothing but itself.
func TestStream(t *testing.T) {
	h := newHouse(t, kitchen)
	s := h.server(t, Options{Caller: owner()})
	var out bytes.Buffer
	in := initialize + `
{"jsonrpc":"2.0","method":"notifications/initialized"}
{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"context","arguments":{"question":"How do I clean a tamis?"}}}
{"jsonrpc":"2.0","id":"b","method":"no/such/method","params":{}}
{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"zzz"}}
{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"burn","arguments":{}}}
{"jsonrpc":"2.0","id":"d","method":"tools/call","params":{"name":"search","arguments":{"query":"stock bones"}}}
`
	began := time.Now()
	if err := s.Stdio(context.Background(), strings.NewReader(in), &out); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took >= lastAnswer {
		t.Errorf("its end took %v", took)
	}
	for _, want := range []string{`"id":"a","result"`, `dishwasher`, `"id":"b","error"`, `"id":"c","error"`, `"id":"d","result"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out.String())
		}
	}
	for _, broken := range []string{"{", "\x00\xff\n", "[]\n", "null\n", `{"jsonrpc":"2.0","id":1}` + "\n", strings.Repeat("[", 100_000) + "\n"} {
		_ = s.Stdio(context.Background(), strings.NewReader(broken+in), io.Discard) // it ends, with an error or not
	}
}
