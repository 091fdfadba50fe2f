package read

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"testing"
)

// list returns what Files lists below dir, relative to it, errors as
// "!path: reason".
func list(t testing.TB, o Options, dir string, paths ...string) []string {
	t.Helper()
	var out []string
	for f, err := range New(o).Files(paths...) {
		if err != nil {
			out = append(out, "!"+strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
			continue
		}
		rel, err := filepath.Rel(dir, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return out
}

func wantList(t *testing.T, got []string, want string) {
	t.Helper()
	if g := strings.Join(got, "\n"); g != strings.TrimSpace(want) {
		t.Errorf("got\n%s\nwant\n%s", g, strings.TrimSpace(want))
	}
}

func TestFiles(t *testing.T) {
	dir := tree(t, map[string]string{
		"b.txt": "b", "a/x.txt": "x", "a/build/out.txt": "out", "a/keep.log": "k", "a/no.log": "n", ".git/config": "c", "a/.git": "gitdir: x",
		".gitignore": "*.log\n!keep.log\nbuild/\n", "idx/MANIFEST": "m", ".hidden": "h", "sub/.hg/x": "x",
	})
	o := Options{Skip: []string{filepath.Join(dir, "idx")}}
	wantList(t, list(t, o, dir, dir), "a/keep.log\na/x.txt\nb.txt")
	// Named files are read even if they are ignored; a folder too.
	wantList(t, list(t, o, dir, filepath.Join(dir, "a", "no.log"), filepath.Join(dir, "a", "build"), filepath.Join(dir, "a")),
		"a/no.log\na/build/out.txt\na/keep.log\na/x.txt")
	// Twice is once.
	wantList(t, list(t, o, dir, filepath.Join(dir, "b.txt"), dir+"/./b.txt", dir), "b.txt\na/keep.log\na/x.txt")
	wantList(t, list(t, o, dir, filepath.Join(dir, "none")), "!none: does not exist or vanished while it was read")
	// Rules above a root hold inside a repository.
	wantList(t, list(t, o, dir, filepath.Join(dir, "sub"), filepath.Join(dir, "a", "x.txt")), "a/x.txt")
}

// TestForeign: what is hidden, installed or another program's own is listed only
// where it is named.
func TestForeign(t *testing.T) {
	dir := tree(t, map[string]string{
		"a.txt": "a", ".env": "secret", ".github/b.md": "b", "node_modules/c/d.js": "d", "x/node_modules/e.js": "e", "x/__pycache__/f.py": "f",
		"env/pyvenv.cfg": "home", "env/lib/g.py": "g", "target/CACHEDIR.TAG": "Signature", "target/h.txt": "h",
		"notes/db/i": "i", "notes/segments/j": "j", "notes/head": "k", "git/head": "l", "git/db/m.txt": "m", "node_modules.txt": "n",
	})
	wantList(t, list(t, Options{}, dir, dir), "a.txt\ngit/db/m.txt\ngit/head\nnode_modules.txt")
	for named, want := range map[string]string{
		".env": ".env", ".github": ".github/b.md", "node_modules": "node_modules/c/d.js", "x/node_modules/e.js": "x/node_modules/e.js",
		"env": "env/lib/g.py\nenv/pyvenv.cfg", "target": "target/CACHEDIR.TAG\ntarget/h.txt",
	} {
		wantList(t, list(t, Options{}, dir, filepath.Join(dir, filepath.FromSlash(named))), want)
	}
	// Named beside the folder that holds it.
	wantList(t, list(t, Options{}, dir, filepath.Join(dir, "env"), dir), "env/lib/g.py\nenv/pyvenv.cfg\na.txt\ngit/db/m.txt\ngit/head\nnode_modules.txt")
}

func TestLinks(t *testing.T) {
	dir := tree(t, map[string]string{"in/a.txt": "a", "in/sub/b.txt": "b", "out/c.txt": "c", "out/d/e.txt": "e"})
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip("no symbolic links:", err)
		}
	}
	link("a.txt", "in/0-to-a")
	link("../out/c.txt", "in/to-c")
	link("to-c", "in/to-c-again")
	link("../out", "in/to-out")
	link("..", "in/sub/up")
	link("../..", "in/sub/above")
	link("self", "in/self")
	link("nowhere", "in/dangling")
	link("../../in", "out/d/back")
	got := list(t, Options{}, dir, filepath.Join(dir, "in"))
	for i := range got {
		got[i] = strings.ReplaceAll(strings.ReplaceAll(got[i], dir, "<dir>"), "name out", "name <dir>/out")
	}
	wantList(t, got, `
in/a.txt
in/sub/b.txt
!in/dangling: symbolic link to a file that does not exist
!in/self: symbolic link that leads to itself
!in/sub/above: symbolic link to a folder above it: <dir>
!in/sub/up: symbolic link to a folder above it: in
!in/to-c: symbolic link that leads out of the folder: name <dir>/out/c.txt to index it
!in/to-c-again: symbolic link that leads out of the folder: name <dir>/out/c.txt to index it
!in/to-out: symbolic link that leads out of the folder: name <dir>/out to index it
`)
	// Where both are named, nothing leads out, and each file is listed once.
	got = list(t, Options{}, dir, filepath.Join(dir, "in"), filepath.Join(dir, "out"))
	wantList(t, slices.DeleteFunc(got, func(s string) bool { return s[0] == '!' }), "in/a.txt\nin/sub/b.txt\nout/c.txt\nout/d/e.txt")
}

func TestUnreadable(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("needs a user whom permissions bind")
	}
	dir := tree(t, map[string]string{"a.txt": "a", "b/c.txt": "c", "d.txt": "d"})
	os.Chmod(filepath.Join(dir, "a.txt"), 0)
	os.Chmod(filepath.Join(dir, "b"), 0)
	defer os.Chmod(filepath.Join(dir, "b"), 0o777)
	docs, skipped := readAll(t, Options{}, dir, dir)
	if len(docs) != 1 || strings.Join(skipped, "\n") != "a.txt: permission denied\nb: permission denied" {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
}

// TestVanish takes files away, and puts others in their place, while the folder
// is read.
func TestVanish(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a", "b.txt": "b", "c/d.txt": "d", "e.txt": "e", "f.txt": "f"})
	r := New(Options{})
	var got []string
	for f, err := range r.Files(dir) {
		if err != nil {
			got = append(got, "!"+err.Error())
			continue
		}
		switch filepath.Base(f.Path) {
		case "a.txt":
			os.Remove(filepath.Join(dir, "b.txt"))
			os.RemoveAll(filepath.Join(dir, "c"))
			os.WriteFile(filepath.Join(dir, "a2.txt"), []byte("new"), 0o666)
		case "e.txt":
			os.Remove(f.Path)
			os.Mkdir(f.Path, 0o777)
		case "f.txt":
			os.WriteFile(f.Path, []byte("it has grown since it was listed"), 0o666)
		}
		for d, err := range r.Documents(t.Context(), f) {
			if err != nil {
				got = append(got, "!"+err.Error())
				continue
			}
			got = append(got, filepath.Base(d.ID)+" "+d.Source)
		}
	}
	text := strings.ReplaceAll(strings.Join(got, "\n"), dir+string(filepath.Separator), "")
	want := `a.txt a
!b.txt: does not exist or vanished while it was read
!c: does not exist or vanished while it was read
!e.txt: not a regular file
f.txt it has grown since it was listed`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestStop(t *testing.T) {
	dir := tree(t, map[string]string{"a.txt": "a", "b/c.txt": "c", "d.jsonl": records})
	r := New(Options{})
	for range r.Files(dir) {
		break
	}
	for range r.Documents(t.Context(), &File{Path: filepath.Join(dir, "d.jsonl")}) {
		break
	}
}

// TestGitignore compares with git itself.
func TestGitignore(t *testing.T) {
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is not installed")
	}
	files := map[string]string{
		".gitignore": strings.Join([]string{
			"# comment", "", "*.o", "!keep.o", "/top.txt", "build/", "doc/*.txt", "**/temp", "a/**/z.txt", "deep/**", "!deep/yes.txt", "trail\\ ", "spaces   ",
			"\\#hash", "\\!bang", "[abc].x", "[!a-c].y", "q?.z", "*~", "x/y/", "**/foo/bar", "un[closed", "café*", "[[:digit:]]n", "/only/here", "nest", "!nest/", "w**w",
			"back\\\\slash", "\tTab", "[]-].br", "[^x].ng", "c[a-]r", "star\\*", "/", "!", "**", "!*", "*.bak", "sub/",
		}, "\n"),
		"sub2/.gitignore": "!*.o\n/local\n*.sub\r\n",
		"x/.gitignore":    "",
	}
	names := strings.Fields(`a.o keep.o top.txt in/top.txt build/f in/build/f build2 in/build doc/a.txt doc/in/a.txt in/doc/a.txt temp in/temp in/temp/f a/z.txt
		a/b/z.txt a/b/c/z.txt deep/yes.txt deep/no.txt deep/er/f #hash !bang a.x d.x a.y d.y q1.z q.z qé.z f~ x/y/f y/f foo/bar foo/bar/f in/foo/bar
		un[closed caféteria 1n an only/here in/only/here nest in/nest/f ww wxw back\slash ].br -.br a.br y.ng x.ng c-r car cbr star* starx s.bak
		sub/f in/sub/f sub2/a.o sub2/local sub2/in/local sub2/f.sub f.sub sub2/keep.o in/deep/f`)
	names = append(names, "trail ", "spaces", "\tTab", "sp ace/f")
	for _, variant := range []string{"", "no catch-all"} {
		all := make(map[string]string)
		for k, v := range files {
			if variant != "" {
				v = strings.ReplaceAll(v, "\n**\n!*\n", "\n")
			}
			all[k] = v
		}
		dir := tree(t, all)
		for _, n := range names {
			path := filepath.Join(dir, filepath.FromSlash(n))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				continue // the name is taken by a file
			}
			os.WriteFile(path, []byte("x"), 0o666)
		}
		run := func(args ...string) string {
			cmd := exec.Command(git, args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "LC_ALL=C.UTF-8")
			out, err := cmd.Output()
			if err != nil {
				t.Skipf("git %v: %v", args, err)
			}
			return string(out)
		}
		run("init", "-q")
		os.WriteFile(filepath.Join(dir, ".git", "info", "exclude"), []byte("in/only/here\n"), 0o666)
		want := strings.Split(strings.TrimSuffix(run("ls-files", "-z", "--others", "--exclude-standard"), "\x00"), "\x00")
		want = slices.DeleteFunc(want, func(name string) bool { return filepath.Base(name)[0] == '.' }) // hidden
		got := list(t, Options{}, dir, dir)
		sort.Strings(want)
		sort.Strings(got)
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("%s: files listed and not by git: %q; by git only: %q", variant, without(got, want), without(want, got))
		}
		if len(got) < 24 {
			t.Errorf("only %d files listed: %q", len(got), got)
		}
	}
}

func without(a, b []string) (out []string) {
	in := make(map[string]bool)
	for _, s := range b {
		in[s] = true
	}
	for _, s := range a {
		if !in[s] {
			out = append(out, s)
		}
	}
	return
}

// FuzzGitignore: no pattern may panic, loop or take long.
func FuzzGitignore(f *testing.F) {
	f.Add("**/a/**/b", "x/a/y/b")
	f.Add("[[:alpha:]-\\]]*?", "a]b")
	f.Add("[[:]lpha:]-\\a]*?", "aib")
	f.Add(strings.Repeat("*a", 30), strings.Repeat("a", 200))
	f.Fuzz(func(t *testing.T, pat, path string) {
		p, ok := parsePattern(pat)
		if !ok {
			return
		}
		matchSegments(p.segments, strings.Split(path, "/"))
		_ = fmt.Sprint(p)
	})
}
