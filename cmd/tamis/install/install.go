// Package install puts a server into the configuration files of programs that speak the
// Model Context Protocol, and leaves all else in them as it stands, comments included.
package install

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/tailscale/hujson"

	"github.com/tamis-search/tamis/internal/screen"
)

// Server is how a client starts the server.
type Server struct {
	Name    string
	Command string
	Args    []string
}

// client is a program with a configuration file.
type client struct {
	name, shown string
	file        func() (string, error)
	key         string // of the object that holds the servers by name
	extra       string // a member of each, as JSON
	toml        bool
}

// clients are those that are known. Their files are where their documentation says.
var clients = []client{
	{"claude-desktop", "Claude Desktop", under(os.UserConfigDir, "Claude", "claude_desktop_config.json"), "mcpServers", "", false},
	{"claude-code", "Claude Code, in this folder", here(".mcp.json"), "mcpServers", `"type": "stdio"`, false},
	{"cursor", "Cursor", under(os.UserHomeDir, ".cursor", "mcp.json"), "mcpServers", "", false},
	{"vscode", "VS Code", under(os.UserConfigDir, "Code", "User", "mcp.json"), "servers", `"type": "stdio"`, false},
	{"zed", "Zed", zed, "context_servers", "", false},
	{"windsurf", "Windsurf", under(os.UserHomeDir, ".codeium", "windsurf", "mcp_config.json"), "mcpServers", "", false},
	{"gemini-cli", "Gemini CLI", under(os.UserHomeDir, ".gemini", "settings.json"), "mcpServers", "", false},
	{"codex", "Codex", codex, "mcp_servers", "", true},
}

func under(base func() (string, error), path ...string) func() (string, error) {
	return func() (string, error) {
		dir, err := base()
		return filepath.Join(append([]string{dir}, path...)...), err
	}
}

func here(name string) func() (string, error) {
	return func() (string, error) { return filepath.Abs(name) }
}

// zed keeps its settings in ~/.config on macOS too.
func zed() (string, error) {
	if runtime.GOOS == "windows" {
		return under(os.UserConfigDir, "Zed", "settings.json")()
	}
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" && runtime.GOOS != "darwin" {
		return filepath.Join(dir, "zed", "settings.json"), nil
	}
	return under(os.UserHomeDir, ".config", "zed", "settings.json")()
}

func codex() (string, error) {
	if dir := os.Getenv("CODEX_HOME"); dir != "" {
		return filepath.Join(dir, "config.toml"), nil
	}
	return under(os.UserHomeDir, ".codex", "config.toml")()
}

// Clients lists the names of the clients.
func Clients() []string {
	var names []string
	for _, c := range clients {
		names = append(names, c.name)
	}
	return names
}

// Change is what would be written.
type Change struct {
	Client string // as people call it
	File   string
	Entry  string // what is put in, to be shown
	Before []byte // nil where there is no file
	After  []byte
}

// Same says that the file has the server already, as it is to be.
func (c *Change) Same() bool { return c.Before != nil && bytes.Equal(c.Before, c.After) }

// mostBytes is how large a configuration file may be.
const mostBytes = 16 << 20

// Plan makes the change for a client, and writes nothing. The error names the file where it
// is not what such a file is.
func Plan(name string, s Server) (*Change, error) {
	at := slices.IndexFunc(clients, func(c client) bool { return c.name == name })
	if at < 0 {
		return nil, fmt.Errorf("%q is no client that is known: use %s", name, strings.Join(Clients(), ", "))
	}
	c := clients[at]
	file, err := c.file()
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(file); err == nil {
		file = real // a file that is kept elsewhere stays a link
	}
	change := &Change{Client: c.shown, File: file}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > mostBytes:
		return nil, fmt.Errorf("%s is no configuration file", screen.Name(file))
	default:
		if change.Before, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	if c.toml {
		change.Entry, change.After, err = inTOML(change.Before, c.key, s)
	} else {
		change.Entry, change.After, err = inJSON(change.Before, c, s)
	}
	if err != nil {
		return nil, fmt.Errorf("%s was left as it is: %w", screen.Name(file), err)
	}
	return change, nil
}

// Write replaces the file at once, where it is as it was planned, and keeps what it was in
// one that ends in ".before-tamis".
func (c *Change) Write() error {
	now, err := os.ReadFile(c.File)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !bytes.Equal(now, c.Before) || (now == nil) != (c.Before == nil) {
		return fmt.Errorf("%s has just been changed by another program; try again", screen.Name(c.File))
	}
	if err := os.MkdirAll(filepath.Dir(c.File), 0o700); err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(c.File); err == nil {
		mode = info.Mode().Perm()
	}
	if c.Before != nil {
		if err := os.WriteFile(c.File+".before-tamis", c.Before, mode); err != nil {
			return err
		}
	}
	next, err := os.CreateTemp(filepath.Dir(c.File), filepath.Base(c.File)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // where it was not renamed
	_, err = next.Write(c.After)
	if err = errors.Join(err, next.Sync(), next.Close(), os.Chmod(next.Name(), mode)); err != nil {
		return err
	}
	return os.Rename(next.Name(), c.File)
}

// inJSON puts the server into a file of JSON, which may have comments and commas at ends.
func inJSON(before []byte, c client, s Server) (entry string, after []byte, err error) {
	text := before
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return "", nil, fmt.Errorf("it is no JSON: %w", err)
	}
	if _, ok := root.Value.(*hujson.Object); !ok {
		return "", nil, errors.New("it is no JSON object")
	}
	if servers := root.Find("/" + c.key); servers == nil {
		if err := root.Patch([]byte(`[{"op":"add","path":"/` + c.key + `","value":{}}]`)); err != nil {
			return "", nil, err
		}
		line(root.Value.(*hujson.Object), "  ", "")
	} else if _, ok := servers.Value.(*hujson.Object); !ok {
		return "", nil, fmt.Errorf("its %s is no object", c.key)
	}
	servers := root.Find("/" + c.key).Value.(*hujson.Object)
	path := "/" + c.key + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(s.Name)
	value, err := valueOf(c, s, "    ")
	if err != nil {
		return "", nil, err
	}
	if old := root.Find(path); old != nil && sameJSON(old, value) {
		return fmt.Sprintf("%q: %s", s.Name, value), before, nil
	}
	if err := root.Patch(fmt.Appendf(nil, `[{"op":"add","path":%q,"value":%s}]`, path, value)); err != nil {
		return "", nil, err
	}
	if at := servers.Members; string(at[len(at)-1].Name.Value.(hujson.Literal)) == fmt.Sprintf("%q", s.Name) {
		line(servers, "    ", "  ")
	}
	after = root.Pack()
	if before == nil {
		after = append(after, '\n')
	}
	return fmt.Sprintf("%q: %s", s.Name, value), after, nil
}

// line puts the last member of an object on a line of its own.
func line(o *hujson.Object, indent, end string) {
	last := &o.Members[len(o.Members)-1]
	if len(o.Members) > 1 {
		if before := o.Members[len(o.Members)-2].Name.BeforeExtra; bytes.Contains(before, []byte("\n")) {
			indent = string(before[bytes.LastIndexByte(before, '\n')+1:])
		}
	} else if len(o.AfterExtra) == 0 {
		o.AfterExtra = hujson.Extra("\n" + end)
	}
	if !bytes.Contains(last.Name.BeforeExtra, []byte("\n")) {
		last.Name.BeforeExtra = hujson.Extra("\n" + indent)
	}
	if !strings.HasPrefix(string(last.Value.BeforeExtra), " ") {
		last.Value.BeforeExtra = hujson.Extra(" ")
	}
}

func valueOf(c client, s Server, indent string) (string, error) {
	command, err := plain(s.Command)
	if err != nil {
		return "", err
	}
	args, err := plain(s.Args)
	if err != nil {
		return "", err
	}
	members := []string{`"command": ` + command, `"args": ` + args}
	if c.extra != "" {
		members = slices.Insert(members, 0, c.extra)
	}
	return "{\n" + indent + "  " + strings.Join(members, ",\n"+indent+"  ") + "\n" + indent + "}", nil
}

// plain is JSON as people write it.
func plain(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return strings.TrimSpace(b.String()), err
}

func sameJSON(old *hujson.Value, value string) bool {
	v := old.Clone()
	v.Standardize()
	var a, b any
	return json.Unmarshal(v.Pack(), &a) == nil && json.Unmarshal([]byte(value), &b) == nil && fmt.Sprint(a) == fmt.Sprint(b)
}

// inTOML puts the server into a file of TOML, as a table at its end, or in the place of the
// one that it has.
func inTOML(before []byte, key string, s Server) (entry string, after []byte, err error) {
	command, err := plain(s.Command) // a TOML string has the escapes of JSON
	if err != nil {
		return "", nil, err
	}
	args, err := plain(s.Args)
	if err != nil {
		return "", nil, err
	}
	header := "[" + key + "." + s.Name + "]"
	entry = header + "\ncommand = " + command + "\nargs = " + args
	var all map[string]any
	if err := toml.Unmarshal(before, &all); err != nil {
		return "", nil, fmt.Errorf("it is no TOML: %w", err)
	}
	servers, _ := all[key].(map[string]any)
	if all[key] != nil && servers == nil {
		return "", nil, fmt.Errorf("its %s is no table", key)
	}
	lines := strings.SplitAfter(string(before), "\n")
	if old, ok := servers[s.Name].(map[string]any); ok {
		if fmt.Sprint(old["command"]) == s.Command && fmt.Sprint(old["args"]) == fmt.Sprint(s.Args) {
			return entry, before, nil
		}
		lines, ok = withoutKeys(lines, header)
		if !ok {
			return "", nil, fmt.Errorf("its server %s is written in a way that cannot be changed safely; remove it", s.Name)
		}
		at := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == header })
		lines[at] = entry + "\n"
		after = []byte(strings.Join(lines, ""))
	} else {
		text := strings.TrimRight(string(before), "\n")
		if text != "" {
			text += "\n\n"
		}
		after = []byte(text + entry + "\n")
	}
	var now map[string]any
	if err := toml.Unmarshal(after, &now); err != nil {
		return "", nil, fmt.Errorf("its server %s is written in a way that cannot be changed safely; remove it", s.Name)
	}
	return entry, after, nil
}

// withoutKeys drops the lines of a table that set its command and arguments, which must each
// be one line; false where they are not.
func withoutKeys(lines []string, header string) ([]string, bool) {
	at := slices.IndexFunc(lines, func(l string) bool { return strings.TrimSpace(l) == header })
	if at < 0 {
		return lines, false
	}
	out := slices.Clone(lines[:at+1])
	inside := true
	for _, l := range lines[at+1:] {
		trimmed := strings.TrimSpace(l)
		if strings.HasPrefix(trimmed, "[") {
			inside = false
		}
		key, value, _ := strings.Cut(trimmed, "=")
		if key = strings.TrimSpace(key); inside && (key == "command" || key == "args") {
			var v map[string]any
			if toml.Unmarshal([]byte(key+"="+value), &v) != nil {
				return lines, false
			}
			continue
		}
		out = append(out, l)
	}
	return out, true
}
