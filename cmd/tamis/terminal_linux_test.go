package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs a command line on a pseudo-terminal of so many rows and returns
// what it was sent.
func onTerminal(t *testing.T, rows uint16, args ...string) (code int, shown string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	defer master.Close()
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo-terminal: ", err)
	}
	if err := unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: 80}); err != nil {
		t.Fatal(err)
	}
	done := make(chan string)
	go func() {
		var b bytes.Buffer
		_, _ = io.Copy(&b, master) // ends with an error when the terminal is closed
		done <- b.String()
	}()
	code = run(context.Background(), args, strings.NewReader(""), terminal, terminal)
	if err := terminal.Close(); err != nil {
		t.Fatal(err)
	}
	return code, strings.ReplaceAll(<-done, "\r\n", "\n") // as the terminal's driver has it
}

// TestTerminal: what documents, headings, names and errors hold reaches the
// terminal escaped, what is found stands out, long results go through the pager,
// and labels are those of the last context.
func TestTerminal(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"} {
		t.Setenv(name, dir)
	}
	for _, name := range []string{"NO_COLOR", "LESS", "TAMIS_INDEX"} {
		t.Setenv(name, "")
	}
	t.Setenv("TERM", "xterm")
	t.Setenv("TAMIS_PAGER", "sed s/^/paged:/")
	t.Chdir(dir)
	if err := os.MkdirAll("notes", 0o755); err != nil {
		t.Fatal(err)
	}
	evil := "\x1b]52;c;ZXZpbA==\x07\x1b[31m\u009b32m\u202e"
	text := "# Otters " + evil + "\n\nThe otter " + evil + " swims at night.\n"
	for name, text := range map[string]string{"a.md": text, "n\x1b[35mame.md": "An otter sleeps.\n", "x\nskipped y.bin": "\x00"} {
		if err := os.WriteFile(filepath.Join("notes", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var all string
	ask := func(code int, args ...string) string {
		t.Helper()
		got, shown := onTerminal(t, 40, args...)
		if got != code {
			t.Fatalf("%v: exit code %d: %s", args, got, shown)
		}
		all += shown
		return shown
	}
	if s := ask(0, "index", "notes"); !strings.Contains(s, `"notes/x\nskipped y.bin"`) {
		t.Errorf("%q", s)
	}
	if s := ask(0, "search", "otter"); !strings.Contains(s, "\x1b[1;31motter\x1b[0m") || !strings.Contains(s, `\x1b]52;c;`) || !strings.Contains(s, `\u202e`) || !strings.Contains(s, `"notes/n\x1b[35mame.md":1`) {
		t.Errorf("%q", s)
	}
	if s := ask(0, "context", "when does the otter swim?"); !strings.Contains(s, `swims at night.`) || !strings.Contains(s, "[1] \x1b[36mnotes/a.md:") || strings.Contains(s, "paged:") {
		t.Errorf("%q", s)
	}
	if s := ask(0, "show", "1"); !strings.Contains(s, "notes/a.md") || !strings.Contains(s, "3:") {
		t.Errorf("%q", s)
	}
	ask(1, "show", "notes/\x1b[31m:1-2")
	ask(2, "search", "--\x1b[31m", "x")
	ask(0, "search", "--json", "otter")
	ask(0, "outline", "notes/a.md")
	ask(1, "index", "absent\x1b[31m\u202e")
	for _, own := range []string{"\x1b[1m", "\x1b[2m", "\x1b[36m", "\x1b[1;31m", "\x1b[0m"} {
		all = strings.ReplaceAll(all, own, "")
	}
	// The progress bar moves the cursor: up, and back to the beginning of a line.
	for _, bar := range []string{"\x1b[?25l", "\x1b[?25h", "\x1b[1A", "\x1b[J"} {
		all = strings.ReplaceAll(all, bar, "")
	}
	if i := strings.IndexAny(all, "\x1b\x07\r\u009b\u202e"); i >= 0 {
		t.Errorf("the terminal got %q", all[max(i-40, 0):min(i+40, len(all))])
	}
	if _, s := onTerminal(t, 3, "context", "when does the otter swim?"); !strings.Contains(s, "paged:[1] ") || !strings.Contains(s, "paged:\n") {
		t.Errorf("%q", s)
	}
	if _, s := onTerminal(t, 3, "context", "--no-pager", "when does the otter swim?"); strings.Contains(s, "paged:") {
		t.Errorf("%q", s)
	}
	t.Setenv("NO_COLOR", "1")
	if _, s := onTerminal(t, 40, "search", "otter"); strings.Contains(s, "\x1b") {
		t.Errorf("%q", s)
	}
}
