package tamis_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
)

const logText = `# Storage

## The log

The write-ahead log (WAL) is a file that every change is written to first. It is
never changed in place. Old parts of it are dropped at a checkpoint.

A checkpoint is the moment when all changes are in the tables. The keeper is called
a warden. Somewhere else things are different and nobody minds.

## Recovery

Some remarks come first. They are of no use to anybody.

After a crash the WAL is read from the last checkpoint on. This reading takes seconds.

| name | unit | meaning |
|------|------|---------|
| a1 | ms | the time of one sync |
| b2 | MB | the size of a part |
`

const useText = "Disks have an MTBF of years. [1] stands here.\n"

const codeText = `package keep

// Fold folds the oldest pieces until there is room. It keeps those that are pinned.
func Fold(pieces []Piece, room int) int {
	free := 0
	for _, p := range pieces {
		if p.Pinned {
			continue
		}
		free += sizeOf(p)
	}
	return free
}

// sizeOf counts the bytes of a piece.
func sizeOf(p Piece) int { return len(p.Text) }
`

const drawText = `class Canvas(Base):
    """A thing to draw on.

    It has two sides.
    """

    def line(self, a,
             b):
        """Draws a line from a to b.

        And so on.
        """
        steps = fit(a, b)
        return steps

def fit(a, b):
    """Says how many steps a line has."""
    n = 0
` + "    n += a - b\n    print(n)\n    print(n)\n    print(n)\n    print(n)\n    return n\n"

func aroundIndex(t *testing.T) (*tamis.Index, string) {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	dir := t.TempDir()
	var paths []string
	for name, text := range map[string]string{
		"log.md": logText, "keep.go": codeText, "use.txt": useText,
		"piece.go": "package keep\n\n// A Piece is what is shown.\ntype Piece struct {\n\tPinned bool\n\tText string\n}\n",
		"fold.go": "package keep\n\n// A Window is what is shown, in pieces.\n//\n// More of it.\ntype Window struct {\n\troom int // tokens\n\tpieces []Piece\n}\n\n" +
			"// tidy folds what is over.\nfunc (w *Window) tidy(n int) int {\n\tw.room -= Fold(w.pieces, w.room)\n\treturn w.room\n}\n",
		"other.go":     "package keep\n\nfunc x() {\n\tvar room string\n\tprintln(room)\n}\n",
		"draw.py":      drawText,
		"long.go":      "package keep\n\n// In this folder the least recently used (LRU) pieces go first.\nfunc y() {\n" + strings.Repeat("\tprintln(1)\n", 60) + "}\n",
		"lru.txt":      "Pieces are kept by LRU here.\n",
		"people.txt":   "The keeper is paid by Norda Ltd's purse. It is empty.\n",
		"norda.txt":    "Norda Ltd Holding is a maker of sieves. It has a shop.\n",
		"terms.txt":    "Two things are kept here. The mean time between failures (MTBF) is how long a disk lives.\n",
		"secret.jsonl": `{"id":"secret","text":"A hidden thing lives here.","metadata":{"groups":"staff"}}` + "\n",
	} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(paths)
	if _, err := ix.AddFiles(context.Background(), paths, tamis.FileOptions{}); err != nil {
		t.Fatal(err)
	}
	return ix, dir
}

func whereIs(t *testing.T, source, what string) (start, end int) {
	t.Helper()
	i := strings.Index(source, what)
	if i < 0 {
		t.Fatalf("no %q", what)
	}
	return i, i + len(what)
}

func around(t *testing.T, ix *tamis.Index, doc, source, what string, budget int) *tamis.Context {
	t.Helper()
	start, end := whereIs(t, source, what)
	c, err := ix.Context(context.Background(), "", tamis.Budget{Tokens: budget}, tamis.Around{Doc: doc, Start: start, End: end})
	if err != nil {
		t.Fatalf("%q: %v", what, err)
	}
	again, err := ix.Replay(context.Background(), c, tamis.Scope{})
	if err != nil || again != c.Text {
		t.Errorf("%q: replayed %q, %v", what, again, err)
	}
	if c.Tokens > budget || !strings.HasPrefix(c.Text, "["+strings.Repeat("#", strings.Count(c.Label, "#"))+"1] ") {
		t.Errorf("%q: %d tokens, %q", what, c.Tokens, c.Text)
	}
	return c
}

func TestAround(t *testing.T) {
	ix, dir := aroundIndex(t)
	for _, x := range []struct {
		doc, source, what string
		budget            int
		want, not         []string
	}{
		{"log.md", logText, "After a crash the WAL is read from the last checkpoint on.", 200,
			[]string{"The write-ahead log (WAL) is a file", "A checkpoint is the moment", "## Recovery", "# Storage"}, []string{"warden"}},
		{"log.md", logText, "It is\nnever changed in place.", 200, []string{"The write-ahead log (WAL)", "The log"}, nil},
		{"log.md", logText, "This reading takes seconds.", 60, []string{"After a crash the WAL is read"}, nil},
		{"log.md", logText, "| b2 | MB | the size of a part |", 100, []string{"| name | unit | meaning |"}, nil},
		{"log.md", logText, "takes", 100, []string{"[1] This reading takes seconds."}, nil},
		{"keep.go", codeText, "free += sizeOf(p)", 300,
			[]string{"func Fold(pieces []Piece, room int) int {", "for _, p := range pieces {", "func sizeOf(p Piece) int", "free := 0", "[1] free += sizeOf(p)"}, []string{"package keep"}},
		{"keep.go", codeText, "func Fold(pieces []Piece, room int) int {", 300, []string{"type Piece struct"}, nil},
		{"fold.go", "", "w.room -= Fold(w.pieces, w.room)", 300,
			[]string{"// A Window is what is shown, in pieces.", "room int // tokens", "// tidy folds", "func Fold(pieces []Piece, room int) int {", "// Fold folds the oldest"}, []string{"var room string"}},
		{"draw.py", drawText, "steps = fit(a, b)", 300,
			[]string{"class Canvas(Base):", "A thing to draw on.", "Draws a line from a to b.", "def fit(a, b):", "Says how many steps"}, []string{"two sides"}},
		{"keep.go", codeText, "// sizeOf counts the bytes of a piece.", 300, []string{"func sizeOf(p Piece) int"}, nil},
		{"lru.txt", "", "Pieces are kept by LRU here.", 200, []string{"least recently used (LRU)"}, nil},
		{"people.txt", "", "The keeper is paid by Norda Ltd's purse.", 200, []string{"Norda Ltd Holding is a maker of sieves."}, []string{"It has a shop"}},
		{"use.txt", useText, "Disks have an MTBF of years.", 100, []string{"The mean time between failures (MTBF)"}, nil},
	} {
		if x.source == "" {
			source, err := os.ReadFile(filepath.Join(dir, x.doc))
			if err != nil {
				t.Fatal(err)
			}
			x.source = string(source)
		}
		c := around(t, ix, filepath.Join(dir, x.doc), x.source, x.what, x.budget)
		for _, w := range x.want {
			if !strings.Contains(c.Text, w) {
				t.Errorf("%q lacks %q:\n%s", x.what, w, c.Text)
			}
		}
		for _, w := range x.not {
			if strings.Contains(c.Text, w) {
				t.Errorf("%q has %q:\n%s", x.what, w, c.Text)
			}
		}
		for _, s := range c.Spans {
			if s.Why == "" {
				t.Errorf("%q: no reason for %d-%d", x.what, s.Start, s.End)
			}
		}
	}
}

func TestAroundRefuses(t *testing.T) {
	ix, dir := aroundIndex(t)
	ctx := context.Background()
	for name, x := range map[string]struct {
		at       tamis.Around
		budget   int
		question string
		scope    tamis.Scope
		want     error
		says     string
	}{
		"unknown":  {tamis.Around{Doc: "none", End: 1}, 100, "", tamis.Scope{}, tamis.ErrNotFound, "no such document"},
		"unseen":   {tamis.Around{Doc: "secret", End: 5}, 100, "", tamis.Scope{Groups: []string{"guests"}}, tamis.ErrNotFound, "no such document"},
		"outside":  {tamis.Around{Doc: "use.txt", Start: 40, End: 400}, 100, "", tamis.Scope{}, tamis.ErrInvalid, "no range 40-400"},
		"negative": {tamis.Around{Doc: "use.txt", Start: -1, End: 4}, 100, "", tamis.Scope{}, tamis.ErrInvalid, "no range"},
		"empty":    {tamis.Around{Doc: "use.txt", Start: 4, End: 4}, 100, "", tamis.Scope{}, tamis.ErrInvalid, "holds no text"},
		"blank":    {tamis.Around{Doc: "log.md", Start: 9, End: 11}, 100, "", tamis.Scope{}, tamis.ErrInvalid, "holds no text"},
		"budget":   {tamis.Around{Doc: "use.txt", Start: 0, End: 20}, 3, "", tamis.Scope{}, tamis.ErrBudget, "would do"},
		"question": {tamis.Around{Doc: "use.txt", Start: 0, End: 20}, 100, "what?", tamis.Scope{}, tamis.ErrInvalid, "no question"},
	} {
		if x.at.Doc != "secret" {
			x.at.Doc = filepath.Join(dir, x.at.Doc)
		}
		_, err := ix.Context(ctx, x.question, tamis.Budget{Tokens: x.budget}, x.at, x.scope)
		if !errors.Is(err, x.want) || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
