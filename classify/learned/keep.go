package learned

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/internal/screen"
)

const (
	// What took less time to learn is not kept unless a file was named.
	worthIt = 300 * time.Millisecond
	// mostBytes bounds the folder: what was used least lately makes room for more.
	mostBytes = 1 << 30
	ending    = ".learned"
)

// Keep says where what was learned is kept. The zero Keep keeps nothing.
type Keep struct {
	// File is one that was named. Else what was learned is kept in Folder, "" for
	// nowhere, by what it was learned of.
	File, Folder string
	// Warn is told why what was kept is not used, and what keeps it from being kept; nil
	// for nobody.
	Warn func(format string, args ...any)
}

// Folder is the one in the user's cache where what was learned is kept; "" where there is no
// such folder.
func Folder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "tamis", "labels")
}

func (k Keep) warn(format string, args ...any) {
	if k.Warn != nil {
		k.Warn(format, args...)
	}
}

// file is where something is kept; "" for nowhere.
func (k Keep) file(of [sha256.Size]byte) string {
	switch {
	case k.File != "":
		return k.File
	case k.Folder != "":
		return filepath.Join(k.Folder, hex.EncodeToString(of[:16])+ending)
	}
	return ""
}

// read is the classifier that was kept; nil where none was, or what was cannot be used.
func (k Keep) read(of [sha256.Size]byte, examples []classify.Example) *classify.Classifier {
	name := k.file(of)
	if name == "" {
		return nil
	}
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var c *classify.Classifier
	if err == nil {
		c, err = classify.Restore(b, of, examples)
	}
	if errors.Is(err, classify.ErrNoExamples) || errors.Is(err, classify.ErrOneLabel) {
		return nil // learning says so
	}
	if err != nil {
		k.warn("what was learned is kept in %s, but %v: it is learned anew", screen.Name(name), err)
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(name, now, now) // who cannot write there uses it all the same
	return c
}

// write keeps what was learned, where that is worth it. It is there whole or not at all.
func (k Keep) write(of [sha256.Size]byte, c *classify.Classifier, took time.Duration) {
	name := k.file(of)
	if name == "" || k.File == "" && took < worthIt {
		return
	}
	b := c.Keep(of)
	var err error
	if k.File == "" {
		if err = os.MkdirAll(k.Folder, 0o700); err == nil {
			makeRoom(k.Folder, filepath.Base(name), int64(len(b)))
		}
	}
	if err == nil {
		err = replace.File(name, b)
	}
	if err != nil {
		k.warn("what was learned cannot be kept and will be learned again: %v", err)
	}
}

// makeRoom removes what was used least lately until so many bytes have room.
func makeRoom(folder, but string, bytes int64) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	var files []fs.FileInfo
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && info.Mode().IsRegular() && strings.HasSuffix(e.Name(), ending) && e.Name() != but {
			files = append(files, info)
			bytes += info.Size()
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range files {
		if bytes <= mostBytes {
			return
		}
		if os.Remove(filepath.Join(folder, f.Name())) == nil {
			bytes -= f.Size()
		}
	}
}
