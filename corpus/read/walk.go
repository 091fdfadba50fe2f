package read

import (
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus/read/format"
)

// Files lists the files at and below paths: named files and "-" (standard
// input) as they are, folders in byte order of their entries, then what
// symbolic links lead to. Left out without a word are hidden files and folders,
// what package managers install and other programs keep for themselves (see
// foreign), what browsers save beside a page, what .gitignore files and .git/info/exclude name (as git does, but
// also where there is no git repository), and [Options.Skip]. Files and folders
// named themselves are listed even so. A file that is reached twice is listed
// once; a link that leads out of the folders that are named, or to one that holds
// it, is a [*SkipError], as is what cannot be listed or is no regular file.
func (r *Reader) Files(paths ...string) iter.Seq2[*File, error] {
	return func(yield func(*File, error) bool) {
		w := &walker{r: r, seen: make(map[string]bool), yield: yield}
		for _, p := range paths {
			if abs, err := filepath.Abs(p); err == nil && p != "-" {
				if real, err := filepath.EvalSymlinks(abs); err == nil {
					w.roots = append(w.roots, real)
				}
			}
		}
		for _, p := range paths {
			if w.stopped {
				return
			}
			w.root(p)
		}
		// Links come last, so that a file that is also reached without a link
		// keeps its own path. Links found on the way join the queue.
		for i := 0; i < len(w.links) && !w.stopped; i++ {
			w.link(w.links[i])
		}
	}
}

// PassedOver says that a folder of this name, where it is not named itself, is not
// entered: it is hidden, or holds what was installed or compiled.
func PassedOver(name string) bool {
	return name[0] == '.' || name == "node_modules" || name == "__pycache__"
}

type link struct {
	path  string
	top   string // the folder that the caller named
	rules *ignoreRules
}

type walker struct {
	exclude *ignoreRules // Options.Exclude at the folder being walked
	r       *Reader
	yield   func(*File, error) bool
	stopped bool
	top     string          // the folder that the caller named
	seen    map[string]bool // real paths of listed files and entered folders
	roots   []string        // real paths of the folders that the caller named
	entered []string        // real paths of the roots and of the folders that links led to
	links   []link
}

func (w *walker) emit(f *File, err error) {
	if !w.stopped && !w.yield(f, err) {
		w.stopped = true
	}
}

func (w *walker) skip(path string, err error) {
	s := *format.SkipOf(path, err)
	s.Path = Name(s.Path)
	w.emit(nil, &s)
}

// root lists one path of the caller.
func (w *walker) root(path string) {
	if path == "-" {
		w.emit(&File{Path: "stdin", stdin: w.r.o.Stdin}, nil)
		return
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		w.skip(path, err)
		return
	}
	info, err := os.Stat(abs) // a root may be a link
	if err != nil {
		w.skip(abs, err)
		return
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		w.skip(abs, err)
		return
	}
	if w.r.inSkip(abs) || w.r.inSkip(real) {
		return
	}
	w.top = filepath.Dir(abs)
	if info.IsDir() {
		w.top = abs
		w.entered = append(w.entered, real)
		w.exclude = (*ignoreRules)(nil).withLines(slices.Values(w.r.o.Exclude), abs)
		w.dir(abs, real, ignoreAbove(real, abs))
		return
	}
	w.file(abs, real, info)
}

// file lists a file; info is that of the file itself, not of a link to it.
func (w *walker) file(path, real string, info fs.FileInfo) {
	if w.seen[real] || w.r.skip[real] {
		return
	}
	w.seen[real] = true
	if !info.Mode().IsRegular() {
		w.skip(path, &SkipError{Path: path, Reason: "not a regular file (" + modeName(info.Mode()) + ")"})
		return
	}
	if isPage(path) {
		w.r.pages[Name(path)] = true
	}
	name, err := filepath.Rel(w.top, path)
	if err != nil {
		name = filepath.Base(path)
	}
	w.emit(&File{Path: Name(path), disk: path, Size: info.Size(), ModTime: info.ModTime(), limit: w.r.o.MaxFileBytes, name: filepath.ToSlash(Name(name))}, nil)
}

func modeName(m fs.FileMode) string {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return "named pipe"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return m.Type().String()
}

// dir lists a folder whose real path is real; rules are those of the folders
// above it.
func (w *walker) dir(path, real string, rules *ignoreRules) {
	if w.seen[real] || w.stopped {
		return
	}
	w.seen[real] = true
	entries, err := os.ReadDir(path) // sorted; holds what was read before an error
	if err != nil {
		w.skip(path, err)
	}
	if !slices.Contains(w.roots, real) && foreign(entries) {
		return
	}
	for _, e := range entries {
		if e.Name() == ".gitignore" && !e.IsDir() {
			rules = rules.with(filepath.Join(path, ".gitignore"), path)
		}
	}
	for _, e := range entries {
		if w.stopped {
			return
		}
		name := e.Name()
		child, realChild := filepath.Join(path, name), filepath.Join(real, name)
		mode := e.Type()
		if name[0] == '.' || mode.IsDir() && PassedOver(name) {
			continue
		}
		if w.r.skip[child] || w.r.skip[realChild] ||
			w.exclude.ignored(child, mode.IsDir()) || rules.ignored(child, mode.IsDir()) {
			continue
		}
		if mode.IsDir() && savedBeside(name, entries) {
			continue
		}
		switch {
		case mode&fs.ModeSymlink != 0:
			w.links = append(w.links, link{path: child, top: w.top, rules: rules})
		case mode.IsDir():
			w.dir(child, realChild, rules)
		default:
			info, err := e.Info()
			if err != nil {
				w.skip(child, err)
				continue
			}
			w.file(child, realChild, info)
		}
	}
}

// link follows a symbolic link.
func (w *walker) link(l link) {
	w.top = l.top
	real, err := filepath.EvalSymlinks(l.path)
	if err != nil {
		if strings.Contains(err.Error(), "too many links") {
			err = &SkipError{Path: l.path, Reason: "symbolic link that leads to itself", Err: err}
		} else if _, e := os.Lstat(l.path); e == nil && os.IsNotExist(err) {
			err = &SkipError{Path: l.path, Reason: "symbolic link to a file that does not exist", Err: err}
		}
		w.skip(l.path, err)
		return
	}
	if w.r.inSkip(real) {
		return
	}
	if !w.within(real) && !w.above(real) {
		w.skip(l.path, &SkipError{Path: l.path, Reason: "symbolic link that leads out of the folder: name " + Name(real) + " to index it"})
		return
	}
	info, err := os.Stat(real)
	if err != nil {
		w.skip(l.path, err)
		return
	}
	if !info.IsDir() {
		w.file(l.path, real, info)
		return
	}
	if w.seen[real] && !w.above(real) {
		return
	}
	if w.above(real) {
		w.skip(l.path, &SkipError{Path: l.path, Reason: "symbolic link to a folder above it: " + Name(real)})
		return
	}
	w.entered = append(w.entered, real)
	w.dir(l.path, real, l.rules)
}

// within says that a path lies in one of the folders that the caller named.
func (w *walker) within(real string) bool {
	return slices.ContainsFunc(w.roots, func(root string) bool {
		rel, err := filepath.Rel(root, real)
		return err == nil && filepath.IsLocal(rel)
	})
}

// foreign says by what lies in a folder that it is a virtual environment of Python,
// a cache (https://bford.info/cachedir), or an index such as this one.
func foreign(entries []fs.DirEntry) bool {
	own := 0
	for _, e := range entries {
		switch e.Name() {
		case "pyvenv.cfg", "CACHEDIR.TAG":
			return true
		case "db", "segments":
			if e.IsDir() {
				own++
			}
		case "head":
			if !e.IsDir() {
				own++
			}
		}
	}
	return own == 3
}

// savedBeside says that a folder holds what browsers save beside a page: "page_files"
// beside "page.html".
func savedBeside(folder string, entries []fs.DirEntry) bool {
	for _, end := range []string{"_files", ".files", "-Dateien", "_fichiers", "_archivos"} {
		page, ok := strings.CutSuffix(folder, end)
		if ok && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			return !e.IsDir() && isPage(e.Name()) && strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())) == page
		}) {
			return true
		}
	}
	return false
}

// inSkip says that a path is one of Options.Skip or lies in one.
func (r *Reader) inSkip(path string) bool {
	for above := range r.skip {
		if path == above || strings.HasPrefix(path, above+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

// above says whether the folder real holds, or is, a folder that was entered as
// a root or through a link: to follow a link to it would leave the tree that
// the caller named, upwards, or go in a circle.
func (w *walker) above(real string) bool {
	prefix := strings.TrimSuffix(real, string(filepath.Separator)) + string(filepath.Separator)
	for _, e := range w.entered {
		if e == real || strings.HasPrefix(e, prefix) {
			return true
		}
	}
	return false
}
