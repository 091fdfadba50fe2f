package showing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/internal/screen"
)

// Viewer opens the file of a passage.
type Viewer struct {
	// Command has words that are divided by spaces: {} stands for the file, which is the
	// last word else, {page} and {line} for where the passage begins. It has the terminal
	// until it ends. Empty is the system's viewer.
	Command   string
	In        io.Reader
	Out, Errs io.Writer
}

// Open opens the file of a passage at its page, or line, and says what was opened. No
// shell reads the names. A file that stands in an archive or is attached to a mail is
// opened as a copy that only its user can read; where there is no such file, as of a
// letter in a mailbox, the one that holds it is opened.
func (v *Viewer) Open(ctx context.Context, s *tamis.Surroundings) (what string, err error) {
	name := screen.Name(receipt.ShortPath(s.Doc))
	file := read.PathOf(s.Path)
	if s.Path == "" {
		return "", fmt.Errorf("%s comes from no file that could be opened", name)
	}
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s cannot be opened: its file is not there any more", name)
	}
	at := s.Place
	what = screen.Name(receipt.ShortPath(s.Path))
	if inside, ok := strings.CutPrefix(s.Doc, s.Path+"!/"); ok {
		part, copied, err := extracted(ctx, s.Path, inside)
		switch {
		case err != nil:
			return "", fmt.Errorf("%s cannot be copied out of its file: %w", name, err)
		case copied != "":
			file, what = copied, "a copy of "+screen.Name(receipt.ShortPath(s.Path+"!/"+part))
		}
		if part != inside {
			at, what = tamis.Place{}, what+", which holds "+screen.Name(inside)
		}
	}
	if spot := receipt.Spot(at); spot != "" {
		if at.Line > 0 {
			spot = "line " + spot
		}
		what += ", " + spot
	}
	if v.Command != "" {
		return what, v.run(words(v.Command, file, at))
	}
	if err := runnable(file); err != nil {
		return "", err
	}
	return what, start(system(file, at))
}

// words are those of a command.
func words(command, file string, at tamis.Place) []string {
	all := strings.Fields(command)
	placed := false
	number := strings.NewReplacer("{page}", strconv.Itoa(max(at.Page, at.Slide, 1)), "{line}", strconv.Itoa(max(at.Line, 1)))
	for i := range all {
		all[i] = number.Replace(all[i])
		if strings.Contains(all[i], "{}") {
			all[i], placed = strings.ReplaceAll(all[i], "{}", file), true
		}
	}
	if !placed {
		all = append(all, file)
	}
	return all
}

func (v *Viewer) run(words []string) error {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = v.In, v.Out, v.Errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("--viewer: %s: %w", screen.Name(words[0]), err)
	}
	return nil
}

// What systems run instead of showing it.
var programs = strings.Fields(`.desktop .command .tool .terminal .workflow .exe .com .scr .pif .bat .cmd .ps1 .vbs .vbe .js .jse
	.wsf .wsh .hta .msi .lnk .url .webloc .inetloc .reg .jar .py .pyw .rb .pl .php .sh .bash .zsh .fish .appimage .run`)

// runnable is an error where the system's viewer might run a file.
func runnable(file string) error {
	ext := strings.ToLower(filepath.Ext(file))
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if slices.Contains(programs, ext) || ext == "" && info.Mode()&0o111 != 0 {
		return fmt.Errorf("%s is a program, which the system may run: name an editor with --viewer", screen.Name(receipt.ShortPath(file)))
	}
	return nil
}

// pageFlags are the programs that show PDF files at a page, by what their entries among
// the applications of a desktop are named after.
var pageFlags = [][2]string{
	{"evince", "--page-index="}, {"papers", "--page-index="}, {"atril", "--page-index="}, {"xreader", "--page-index="},
	{"okular", "--page="}, {"zathura", "--page="},
	{"firefox", ""}, {"chromium", ""}, {"google-chrome", ""}, {"brave-browser", ""}, {"microsoft-edge", ""},
}

// system is the command that opens a file as a desktop does.
func system(file string, at tamis.Place) []string {
	switch runtime.GOOS {
	case "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler", file}
	case "darwin":
		return []string{"open", file}
	}
	if at.Page > 0 && strings.EqualFold(filepath.Ext(file), ".pdf") {
		entry, err := exec.Command("xdg-mime", "query", "default", "application/pdf").Output()
		if args := atPage(strings.ToLower(string(entry)), file, at.Page); err == nil && args != nil {
			if _, err := exec.LookPath(args[0]); err == nil {
				return args
			}
		}
	}
	return []string{"xdg-open", file}
}

// atPage is the command that opens a PDF file at a page, nil for a program that is not
// known.
func atPage(entry, file string, page int) []string {
	for _, p := range pageFlags {
		if !strings.Contains(entry, p[0]) {
			continue
		}
		if p[1] == "" {
			u := url.URL{Scheme: "file", Path: filepath.ToSlash(file), Fragment: fmt.Sprint("page=", page)}
			return []string{p[0], u.String()}
		}
		return []string{p[0], fmt.Sprint(p[1], page), file}
	}
	return nil
}

// start starts a program that goes on by itself, and waits a moment for it to fail.
func start(words []string) error {
	cmd := exec.Command(words[0], words[1:]...)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("no viewer: %w; name one with --viewer", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("%s: %w; name a viewer with --viewer", words[0], err)
		}
	case <-time.After(time.Second):
	}
	return nil
}

// keepCopies is how long the copies of files are kept that were opened: a viewer may read
// on after the command that started it has ended.
const keepCopies = 24 * time.Hour

// extracted copies what stands in a file, or the innermost of what holds it there: part
// is what was copied, and empty with copied where that is the file itself.
func extracted(ctx context.Context, file, inside string) (part, copied string, err error) {
	top, err := copies()
	if err != nil {
		return "", "", err
	}
	dir, err := os.MkdirTemp(top, "")
	if err != nil {
		return "", "", err
	}
	defer func() {
		if copied == "" {
			_ = os.RemoveAll(dir) // at the latest it goes with the old ones
		}
	}()
	for part = inside; part != ""; {
		name := filepath.Join(dir, baseName(part))
		found, err := copyOut(ctx, file, part, name)
		if err != nil {
			return "", "", err
		}
		if found {
			return part, name, nil
		}
		part = part[:max(strings.LastIndex(part, "!/"), 0)]
	}
	return "", "", nil
}

func copyOut(ctx context.Context, file, part, name string) (found bool, err error) {
	w, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return false, err
	}
	found, err = read.New(read.Options{}).Extract(ctx, file, part, w)
	err = errors.Join(err, w.Close())
	if err != nil || !found {
		err = errors.Join(err, os.Remove(name))
	}
	return found, err
}

// copies is the folder of copies, without old ones.
func copies() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(dir, "tamis", "opened")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > keepCopies {
			_ = os.RemoveAll(filepath.Join(dir, e.Name())) // next time, then
		}
	}
	return dir, err
}

// baseName is the last part of a name, as any system takes it.
func baseName(part string) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"/\|?*`, r) {
			return '_'
		}
		return r
	}, strings.ToValidUTF8(path.Base(part), "_"))
	for len(name) > 120 { // its end says what it is
		name = name[1:]
	}
	return cmp.Or(strings.Trim(strings.ToValidUTF8(name, ""), ". "), "file")
}
