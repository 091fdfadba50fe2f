package mcp

import (
	"context"
	"encoding/json"
	"fmt"
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
)

func addSecret(t *testing.T, h *house) {
	h.write(t, library.Default, func(ix engine.Index) error {
		_, err := ix.Add(context.Background(), func(yield func(tamis.Document, error) bool) {
			yield(tamis.Document{ID: "wages", Title: "Wages", Source: "The saucier earns quinquagenary doubloons a month.",
				Metadata: map[string]any{"groups": []any{"chef"}}}, nil)
		})
		return err
	})
}

// TestListsFailClosed: an agent in no group meets a document with an access list nowhere.
func TestListsFailClosed(t *testing.T) {
	h := newHouse(t, kitchen)
	addSecret(t, h)
	s := h.server(t, Options{Caller: owner()})
	a := connected(t, s)
	chef := connected(t, h.server(t, Options{Caller: &access.Caller{Name: "chef", Scope: access.Read, Groups: []string{"chef"}}}))
	seen := chef.want("context", `{"question":"What does the saucier earn?"}`)
	if !strings.Contains(seen, "doubloons") {
		t.Fatalf("a member sees nothing:\n%s", seen)
	}
	for _, c := range [][2]string{
		{"context", `{"question":"What does the saucier earn?"}`},
		{"context", `{"question":"quinquagenary doubloons"}`},
		{"search", `{"query":"quinquagenary doubloons"}`},
		{"search", `{"query":"saucier stock"}`},
		{"open", `{"label":"wages"}`},
		{"open", `{"label":"wages:0-20"}`},
		{"open", `{"label":"wages:1"}`},
	} {
		if got, _ := a.ask(c[0], c[1]); strings.Contains(got, "doubloons") || strings.Contains(got, "earns") {
			t.Errorf("%s %s: %s", c[0], c[1], got)
		}
	}
	there, failed := a.ask("open", `{"label":"wages"}`)
	none, _ := a.ask("open", `{"label":"wager"}`)
	if strings.Split(there, "\n")[0] != strings.Replace(strings.Split(none, "\n")[0], "wager", "wages", 1) || !failed {
		t.Errorf("what cannot be seen is told from what is not there: %q, %q", there, none)
	}
	for _, uri := range []string{"tamis://default/document/wages", "tamis://default/outline/wages"} {
		if r, err := a.ReadResource(context.Background(), &sdk.ReadResourceParams{URI: uri}); err == nil {
			t.Errorf("%s: %v", uri, r.Contents[0].Text)
		}
		if _, err := chef.ReadResource(context.Background(), &sdk.ReadResourceParams{URI: uri}); err != nil {
			t.Errorf("%s, for a member: %v", uri, err)
		}
	}
}

// TestResources: documents, outlines and receipts can be read; a receipt only by whom it was
// given.
func TestResources(t *testing.T) {
	h := newHouse(t, kitchen)
	s := h.server(t, Options{Caller: owner(), Structured: true})
	a := connected(t, s)
	templates, err := a.ListResourceTemplates(context.Background(), nil)
	if err != nil || len(templates.ResourceTemplates) != 3 {
		t.Fatal(templates, err)
	}
	read := func(uri string) string {
		t.Helper()
		r, err := a.ReadResource(context.Background(), &sdk.ReadResourceParams{URI: uri})
		if err != nil {
			t.Fatal(uri, err)
		}
		return r.Contents[0].Text
	}
	for _, name := range []string{"sieves.md", filepath.Join(h.dir, "sieves.md")} {
		if got := read("tamis://default/document/" + name); got != kitchen["sieves.md"] {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := read("tamis://default/outline/sieves.md"); !strings.Contains(got, `"title":"Care"`) {
		t.Error(got)
	}
	r := a.result("context", `{"question":"How do I clean a tamis?"}`)
	uri, _ := r.StructuredContent.(map[string]any)["receipt"].(string)
	var receipt tamis.Context
	if err := json.Unmarshal([]byte(read(uri)), &receipt); err != nil {
		t.Fatal(err)
	}
	ix, release, err := h.library.Read(context.Background(), library.Default)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	if text, err := ix.Replay(context.Background(), &receipt, tamis.Scope{}); err != nil || !strings.HasPrefix(textOf(t, r), text) {
		t.Errorf("replayed %q (%v)", text, err)
	}
	for _, bad := range []string{"tamis://default/receipt/0000", "tamis://other/document/sieves.md", "tamis://default/document/nowhere.md", "tamis://default/document//etc/passwd"} {
		if r, err := a.ReadResource(context.Background(), &sdk.ReadResourceParams{URI: bad}); err == nil {
			t.Errorf("%s: %v", bad, r.Contents)
		}
	}
	done, err := a.Complete(context.Background(), &sdk.CompleteParams{Ref: &sdk.CompleteReference{Type: "ref/resource", URI: templates.ResourceTemplates[0].URITemplate},
		Argument: sdk.CompleteParamsArgument{Name: "name", Value: "stock/"}})
	if err != nil || fmt.Sprint(done.Completion.Values) != "[stock/fish.md stock/veal.md]" {
		t.Errorf("%v (%v)", done, err)
	}
	long := strings.Repeat("bones of the stock\n", 20_000)
	if err := os.WriteFile(filepath.Join(h.dir, "long.txt"), []byte(long), 0o644); err != nil {
		t.Fatal(err)
	}
	h.write(t, library.Default, func(ix engine.Index) error {
		_, err := engine.AddFiles(context.Background(), ix, []string{h.dir}, tamis.FileOptions{})
		return err
	})
	if got := read("tamis://default/document/long.txt"); counted(t, got) > mostResource || !strings.Contains(got, "[cut at byte") {
		t.Errorf("%d tokens", counted(t, got))
	}
}

// TestAnotherWrites: an agent is answered from what another process has written meanwhile,
// and what it was shown of a document that has changed is forgotten.
func TestAnotherWrites(t *testing.T) {
	h := newHouse(t, kitchen)
	a := connected(t, h.server(t, Options{Caller: owner()}))
	a.want("context", `{"question":"How do I clean a tamis?"}`)
	other := library.New(library.Options{Collections: map[string]string{library.Default: h.index}})
	defer other.Close()
	(&house{dir: h.dir, library: other}).write(t, library.Default, func(ix engine.Index) error {
		if err := os.WriteFile(filepath.Join(h.dir, "sieves.md"), []byte("# Sieves\n\nClean the tamis with a soft brush.\n"), 0o644); err != nil {
			return err
		}
		_, err := engine.AddFiles(context.Background(), ix, []string{h.dir}, tamis.FileOptions{})
		return err
	})
	for end := time.Now().Add(10 * time.Second); ; {
		got := a.want("context", `{"question":"How do I clean a tamis?"}`)
		if strings.Contains(got, "soft brush") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the answer is as it was:\n%s", got)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if got := a.want("session", `{}`); strings.Contains(got, "[1]") || !strings.Contains(got, "[2] stock/veal.md") {
		t.Errorf("the window holds what is gone:\n%s", got)
	}
}

// TestAddFiles: files under a folder that is allowed go in, with progress; links out of it do
// not.
func TestAddFiles(t *testing.T) {
	h := newHouse(t, kitchen)
	extra := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(extra, fmt.Sprintf("pan%d.txt", i)), []byte("Copper pans are seasoned with salt.\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(h.dir, filepath.Join(extra, "out")); err != nil {
		t.Skip(err)
	}
	s := h.server(t, Options{Caller: owner(), Folders: []string{extra}})
	here, there := sdk.NewInMemoryTransports()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go s.connection(ctx, there)
	told := make(chan float64, 1000)
	client, err := sdk.NewClient(&sdk.Implementation{Name: "test"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, p *sdk.ProgressNotificationClientRequest) { told <- p.Params.Progress },
	}).Connect(ctx, here, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	params := &sdk.CallToolParams{Name: "add", Arguments: json.RawMessage(`{"paths":["."]}`)}
	params.SetProgressToken("p")
	r, err := client.CallTool(ctx, params)
	if err != nil || !strings.Contains(textOf(t, r), "20 added") {
		t.Fatal(r, err)
	}
	select {
	case <-told:
	case <-time.After(10 * time.Second):
		t.Error("no progress was told")
	}
	if got, failed := (agent{t, client}).ask("add", `{"paths":["out"]}`); !failed {
		t.Errorf("a link led out: %s", got)
	}
	readers := connected(t, h.server(t, Options{Caller: owner(), ReadOnly: true}))
	if list, err := readers.ListTools(ctx, nil); err != nil || len(list.Tools) != 4 {
		t.Errorf("read-only: %v (%v)", list, err)
	}
}

// TestCancelled: a call that nobody waits for ends, and the window is as it was.
func TestCancelled(t *testing.T) {
	h := newHouse(t, kitchen)
	a := connected(t, h.server(t, Options{Caller: owner()}))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if r, err := a.CallTool(ctx, &sdk.CallToolParams{Name: "context", Arguments: json.RawMessage(`{"question":"How do I clean a tamis?"}`)}); err == nil {
		t.Error(r)
	}
	a.want("context", `{"question":"How do I clean a tamis?"}`)
}
