package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/internal/screen"
)

func (a *app) showCommand() *cobra.Command {
	var (
		file   string
		around int
		asJSON bool
		scope  scope
	)
	cmd := &cobra.Command{
		Use:   "show [--index DIR] [--filter EXPR] [--as GROUP,...] [--receipt FILE] LABEL | DOC:LINE | DOC:START-END",
		Short: "Show a passage in its surroundings",
		Long: `show prints a passage with the lines around it, numbered as grep -n -C does: "12:" is
a line of the passage, "11-" one beside it.

A passage is named by the label that a context gives its source: of the receipt in
FILE, or of the last context that was shown on a terminal. Or by a document and a
line, as lists of sources name it, or a range of bytes, as receipts do.`,
		Example: `  tamis show 2
  tamis show --receipt receipt.json 2
  tamis show notes/backups.md:12
  tamis show -C 10 notes/backups.md:671-743`,
		Args: flags.Exact("LABEL or DOC:LINE or DOC:START-END"),
		RunE: func(cmd *cobra.Command, args []string) error {
			seen, err := scope.resolve(cmd.Flags())
			if err != nil {
				return err
			}
			if around < 0 {
				return flags.Usagef("-C is %d: it must be at least 0", around)
			}
			places, err := a.placesNamed(args[0], file)
			if err != nil {
				return err
			}
			ix, err := a.openToRead(cmd.Context())
			if err != nil {
				return err
			}
			defer ix.Close()
			var found []*tamis.Surroundings
			for _, p := range places {
				s, err := p.find(cmd, ix, around, seen)
				if err != nil {
					return err
				}
				found = append(found, s)
			}
			return a.paged(func() error {
				if asJSON {
					return a.printJSON(map[string]any{"passages": found})
				}
				return a.printSurroundings(found)
			})
		},
	}
	f := cmd.Flags()
	f.StringVar(&file, "receipt", "", "the receipt whose label is meant (- for standard input)")
	f.IntVarP(&around, "context", "C", 3, "lines on either side")
	scope.add(f)
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// place is a passage that a command line names.
type place struct {
	doc        string
	start, end int
	line       int    // where it is not 0, this instead
	digest     string // of the bytes that a receipt means
}

var (
	labelForm = regexp.MustCompile(`^\[?#*(\d+)\]?$`)
	rangeForm = regexp.MustCompile(`^(.+):(\d+)-(\d+)$`)
	lineForm  = regexp.MustCompile(`^(.+):(\d+)$`)
)

// placesNamed are the passages of a label, or the one that is named.
func (a *app) placesNamed(name, file string) ([]place, error) {
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return -1 // too large for any document
		}
		return n
	}
	if m := labelForm.FindStringSubmatch(name); m != nil {
		c, err := a.receiptMeant(file)
		if err != nil {
			return nil, err
		}
		var places []place
		for _, s := range c.Spans {
			if s.Cite == number(m[1]) {
				places = append(places, place{doc: s.Doc, start: s.Start, end: s.End, digest: s.Digest})
			}
		}
		if len(places) == 0 {
			return nil, fmt.Errorf("the context for %q has no label %s", oneLine(c.Question), m[1])
		}
		return places, nil
	}
	if file != "" {
		return nil, flags.Usagef("%q is not a label of a receipt, such as 2", name)
	}
	if m := rangeForm.FindStringSubmatch(name); m != nil {
		return []place{{doc: m[1], start: number(m[2]), end: number(m[3])}}, nil
	}
	if m := lineForm.FindStringSubmatch(name); m != nil {
		return []place{{doc: m[1], line: number(m[2])}}, nil
	}
	return nil, flags.Usagef("%q is neither a label such as 2, nor DOC:LINE or DOC:START-END such as notes/backups.md:671-743", name)
}

// find shows the place; a path may be relative, as for deleting.
func (p place) find(cmd *cobra.Command, ix *tamis.Index, around int, seen tamis.Scope) (*tamis.Surroundings, error) {
	show := func(doc string) (*tamis.Surroundings, error) {
		if p.line != 0 {
			return ix.ShowLine(cmd.Context(), doc, p.line, around, seen)
		}
		return ix.Show(cmd.Context(), doc, p.start, p.end, around, seen)
	}
	s, err := show(p.doc)
	if errors.Is(err, tamis.ErrNotFound) && !filepath.IsAbs(p.doc) {
		abs, wrong := filepath.Abs(p.doc)
		if wrong != nil {
			return nil, wrong
		}
		if s, err = show(abs); err == nil {
			return s, nil
		}
	}
	if errors.Is(err, tamis.ErrNotFound) {
		return nil, fmt.Errorf("%s: %w", screen.Name(p.doc), err)
	}
	if scoped := scopeError(err); scoped != err {
		return nil, scoped
	}
	if p.digest != "" && (errors.Is(err, tamis.ErrInvalid) || err == nil && p.digest != digestOf(s)) {
		return nil, fmt.Errorf("%s:%d-%d has changed since the context was made; ask the question again", screen.Name(p.doc), p.start, p.end)
	}
	return s, err
}

// digestOf is that of the bytes of a passage, as spans of receipts have it.
func digestOf(s *tamis.Surroundings) string {
	var lines []string
	for _, l := range s.Lines {
		lines = append(lines, l.Text)
	}
	text, from := strings.Join(lines, "\n"), s.Lines[0].Start
	sum := sha256.Sum256([]byte(text[s.Start-from : s.End-from]))
	return hex.EncodeToString(sum[:])
}

// printSurroundings prints passages with their lines, each line once.
func (a *app) printSurroundings(all []*tamis.Surroundings) error {
	var b strings.Builder
	for i := 0; i < len(all); {
		first := all[i]
		of := []*tamis.Surroundings{}
		for ; i < len(all) && all[i].Doc == first.Doc; i++ {
			of = append(of, all[i])
		}
		fmt.Fprintf(&b, "%s", a.bold(screen.Name(receipt.ShortPath(first.Doc))))
		if len(first.Headings) > 0 {
			fmt.Fprintf(&b, "  %s", a.dim(oneLine(strings.Join(first.Headings, " > "))))
		}
		b.WriteByte('\n')
		end, number := -1, 0 // of the last line that was printed
		for k, s := range of {
			if end >= 0 && len(s.Lines) > 0 && s.Lines[0].Start > end+1 {
				b.WriteString("--\n")
			}
			for _, l := range s.Lines {
				if l.Start <= end && end >= 0 {
					continue
				}
				if l.Number == number { // formats with marks say where blocks begin
					l.Number = 0
				} else {
					number = l.Number
				}
				a.printLine(&b, l, of[max(k-1, 0):])
				end = l.End
			}
		}
	}
	_, err := a.out.Write([]byte(b.String()))
	return err
}

// printLine prints a line with its number, and what of it is in the passages.
func (a *app) printLine(b *strings.Builder, l tamis.Line, passages []*tamis.Surroundings) {
	sign, text, at := "-", "", l.Start
	for _, s := range passages {
		from, to := max(s.Start, at), min(s.End, l.End)
		if s.Start <= l.End && s.End >= l.Start && (s.Start < l.End || l.Start == l.End) && (s.End > l.Start || s.Start == s.End) {
			sign = ":"
		}
		if from < to {
			text += l.Text[at-l.Start:from-l.Start] + a.bold(l.Text[from-l.Start:to-l.Start])
			at = to
		}
	}
	text += l.Text[at-l.Start:]
	number := ""
	if l.Number > 0 {
		number = fmt.Sprint(l.Number)
	}
	fmt.Fprintf(b, "%s%s\n", a.dim(number+sign), text)
}

// remembered is the last context that a terminal showed, for labels.
type remembered struct {
	Index   string         `json:"index"`
	Context *tamis.Context `json:"context"`
}

func rememberedFile() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "tamis", "last-context.json"), err
}

// remember keeps what a context that a terminal shows is made of, without its
// text, so that its labels can be shown. It is a convenience: where it cannot be
// kept, show says so.
func (a *app) remember(c *tamis.Context) {
	if a.terminal == nil {
		return
	}
	a.keep(c)
}

func (a *app) keep(c *tamis.Context) {
	file, err := rememberedFile()
	if err != nil {
		return
	}
	dir, err := filepath.Abs(a.indexDir())
	if err != nil {
		return
	}
	short := *c
	short.Text, short.Dropped = "", nil
	b, err := json.Marshal(remembered{dir, &short})
	if err == nil && os.MkdirAll(filepath.Dir(file), 0o700) == nil {
		_ = os.WriteFile(file, b, 0o600)
	}
}

// receiptMeant is that of a file, or the last one that a terminal showed, with its
// index.
func (a *app) receiptMeant(file string) (*tamis.Context, error) {
	if file != "" {
		return receipt.Read(file, a.in)
	}
	last, err := rememberedFile()
	if err != nil {
		return nil, err
	}
	var r remembered
	b, err := os.ReadFile(last)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || r.Context == nil {
		return nil, errors.New("no context was shown on this terminal yet: name a receipt with --receipt, or a passage as DOC:LINE")
	}
	if a.dir == "" {
		a.dir = r.Index
	}
	return r.Context, nil
}
