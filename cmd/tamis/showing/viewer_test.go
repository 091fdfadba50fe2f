package showing

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

// TestSystem: the system's viewer is told the page where it is known to take one, and is
// not given what the system might run instead of showing it.
func TestSystem(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("opens files as desktops of Linux do")
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		return file
	}
	viewer := "#!/bin/sh\necho \"${0##*/} $*\" > \"${0%/*}/opened\"\n"
	for _, name := range []string{"xdg-open", "evince", "firefox"} {
		write(name, viewer)
	}
	t.Setenv("PATH", dir)
	open := func(name, doc string, at tamis.Place) string {
		t.Helper()
		file := write(name, "text")
		_ = os.Remove(filepath.Join(dir, "opened"))
		_, err := (&Viewer{}).Open(t.Context(), &tamis.Surroundings{Doc: file + doc, Path: file, Place: at})
		opened, readErr := os.ReadFile(filepath.Join(dir, "opened"))
		if (err == nil) != (readErr == nil) {
			t.Fatalf("%s: %v, %v", name, err, readErr)
		}
		if err != nil {
			return err.Error()
		}
		return strings.ReplaceAll(strings.TrimSpace(string(opened)), dir, "")
	}
	page := tamis.Place{Page: 7}
	for entry, want := range map[string]string{
		"":                         "xdg-open /a b.pdf",
		"org.gnome.Evince.desktop": "evince --page-index=7 /a b.pdf",
		"firefox.desktop":          "firefox file:///a%20b.pdf#page=7",
		"okular.desktop":           "xdg-open /a b.pdf", // which is not installed
	} {
		write("xdg-mime", "#!/bin/sh\necho "+entry+"\n")
		if got := open("a b.pdf", "", page); got != want {
			t.Errorf("%s: %q, want %q", entry, got, want)
		}
	}
	if got := open("a.pdf", "", tamis.Place{}); got != "xdg-open /a.pdf" {
		t.Error(got)
	}
	for _, name := range []string{"a.desktop", "a.PY", "program"} {
		if got := open(name, "", tamis.Place{Line: 1}); !strings.HasSuffix(got, name+" is a program, which the system may run: name an editor with --viewer") {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := open("a.jsonl", "", tamis.Place{Line: 9}); got != "xdg-open /a.jsonl" {
		t.Error(got)
	}
	write("xdg-open", "#!/bin/sh\nexit 3\n")
	if got := open("a.txt", "", tamis.Place{}); got != "xdg-open: exit status 3; name a viewer with --viewer" {
		t.Error(got)
	}
	t.Setenv("PATH", filepath.Join(dir, "none"))
	if got := open("a.txt", "", tamis.Place{}); !strings.HasPrefix(got, "no viewer: ") {
		t.Error(got)
	}
}

// TestBaseName: a copy's name is one on any system, and keeps its end.
func TestBaseName(t *testing.T) {
	for in, want := range map[string]string{
		"a.txt": "a.txt", "x!/b/c.pdf": "c.pdf", "a\x00b\n.txt": "a_b_.txt", `C:\x.doc`: "C__x.doc", "..": "file", "": "file", "a\xff.txt": "a_.txt",
		strings.Repeat("long ", 50) + ".docx": strings.Repeat("long ", 50)[135:] + ".docx", "con|*?.md.": "con___.md",
	} {
		if got := baseName(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
