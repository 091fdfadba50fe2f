package install

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/tailscale/hujson"
)

var server = Server{Name: "tamis", Command: "/opt/ta mis", Args: []string{"mcp", "--index", `C:\notes "old"/.tamis`}}

// at makes the home of a user, with a file of a client's where text is not "".
func at(t *testing.T, client, text string) (file string) {
	t.Helper()
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"} {
		t.Setenv(name, home)
	}
	t.Setenv("CODEX_HOME", "")
	t.Chdir(home)
	c, err := Plan(client, server)
	if err != nil {
		t.Fatal(err)
	}
	if text != "" {
		if err := os.MkdirAll(filepath.Dir(c.File), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(c.File, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	return c.File
}

func write(t *testing.T, client string, s Server) string {
	t.Helper()
	c, err := Plan(client, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(); err != nil {
		t.Fatal(err)
	}
	again, err := Plan(client, s)
	if err != nil || !again.Same() {
		t.Errorf("%s: written and not the same (%v):\n%s\n%s", client, err, again.Before, again.After)
	}
	b, err := os.ReadFile(c.File)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestEveryClient: a file is made where there is none, and holds the server where the client
// looks for it.
func TestEveryClient(t *testing.T) {
	for _, c := range clients {
		at(t, c.name, "")
		got := write(t, c.name, server)
		var all map[string]map[string]struct {
			Command, Type string
			Args          []string
		}
		parse := json.Unmarshal
		if c.toml {
			parse = toml.Unmarshal
		}
		if err := parse([]byte(got), &all); err != nil {
			t.Errorf("%s: %v\n%s", c.name, err, got)
		}
		s := all[c.key]["tamis"]
		if s.Command != server.Command || strings.Join(s.Args, "\n") != strings.Join(server.Args, "\n") || (c.extra != "") != (s.Type == "stdio") {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	if _, err := Plan("emacs", server); err == nil || !strings.Contains(err.Error(), "claude-code") {
		t.Error(err)
	}
}

// TestOthersStay: other entries, comments and their order stay as they are, also when the
// server changes.
func TestOthersStay(t *testing.T) {
	const before = `// mine
{
	"theme": "dark", // as it should be
	"context_servers": {
		"other": {"command": "x", "args": []}, /* keep */
	},
	"last": [1, 2,],
}
`
	file := at(t, "zed", before)
	got := write(t, "zed", server)
	for _, line := range []string{"// mine", `	"theme": "dark", // as it should be`, `"other": {"command": "x", "args": []}`, "/* keep */", `	"last": [1, 2,],`, "\n\t\t\"tamis\": {\n"} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is gone from\n%s", line, got)
		}
	}
	if kept, err := os.ReadFile(file + ".before-tamis"); err != nil || string(kept) != before {
		t.Errorf("%q (%v)", kept, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v (%v)", info.Mode(), err)
	}
	moved := server
	moved.Command = "/elsewhere"
	again := write(t, "zed", moved)
	v, err := hujson.Parse([]byte(again))
	if err != nil {
		t.Fatal(err)
	}
	if v.Find("/context_servers/other") == nil || strings.Contains(again, "/opt") || strings.Count(again, `"tamis"`) != 1 {
		t.Error(again)
	}
}

func TestTOML(t *testing.T) {
	const before = "# mine\nmodel = \"o5\"\n\n[mcp_servers.other]\ncommand = \"x\" # keep\n\n[mcp_servers.tamis]\ncommand = \"old\"\nargs = []\nenabled = false # not now\n\n[mcp_servers.tamis.env]\nA = \"b\"\n"
	at(t, "codex", before)
	got := write(t, "codex", server)
	for _, line := range []string{"# mine", "command = \"x\" # keep", "enabled = false # not now", "A = \"b\""} {
		if !strings.Contains(got, line) {
			t.Errorf("%q is gone from\n%s", line, got)
		}
	}
	if strings.Contains(got, `"old"`) || strings.Count(got, "[mcp_servers.tamis]") != 1 {
		t.Error(got)
	}
}

// TestLeftAlone: what is no such file is not touched.
func TestLeftAlone(t *testing.T) {
	for client, texts := range map[string][]string{
		"cursor": {`{"mcpServers": `, `[]`, `{"mcpServers": []}`, `{"a": 1, "a": `, "\x00"},
		"codex":  {"[mcp_servers", "mcp_servers = 3", "mcp_servers = { tamis = { command = \"x\" } }", "[mcp_servers.tamis]\nargs = [\n]\ncommand = \"x\""},
	} {
		for _, text := range texts {
			file := at(t, client, text)
			c, err := Plan(client, server)
			if err == nil || !strings.Contains(err.Error(), filepath.Base(file)) {
				t.Errorf("%q: %v, %+v", text, err, c)
			}
		}
	}
	file := at(t, "cursor", `{}`)
	c, err := Plan("cursor", server)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(`{"new": 1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Write(); err == nil {
		t.Error("another program's change was lost")
	}
}
