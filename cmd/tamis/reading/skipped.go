package reading

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/internal/screen"
)

const (
	skippedLines = 10 // that are shown of what should have been read
	alike        = 3  // so many files may have a line each for one reason
	fewKinds     = 3  // so many files of kinds that are not read
	namedKinds   = 6
)

// Skipped tells people what was not read, and why: first what should have been, of which
// many with one reason share a line, then how much is of kinds that are not read, as
// pictures and programs.
func Skipped(w io.Writer, all []tamis.Skip) error {
	var b strings.Builder
	line := func(s tamis.Skip) {
		fmt.Fprintf(&b, "skipped %s: %s\n", receipt.Line(s.Path, s.Line), screen.Line(s.Reason))
	}
	var wanted, kinds []tamis.Skip
	for _, s := range all {
		if s.Status == format.Unsupported {
			kinds = append(kinds, s)
		} else {
			wanted = append(wanted, s)
		}
	}
	most := alike
	if len(wanted) <= skippedLines {
		most = skippedLines
	}
	told, lines := 0, 0
	for _, g := range groups(wanted, func(s tamis.Skip) string { return s.Reason }) {
		if lines == skippedLines {
			break
		}
		if len(g) > most {
			fmt.Fprintf(&b, "skipped %d: %s; first %s\n", len(g), screen.Line(g[0].Reason), receipt.Line(g[0].Path, g[0].Line))
			told, lines = told+len(g), lines+1
			continue
		}
		for _, s := range g[:min(len(g), skippedLines-lines)] {
			line(s)
			told, lines = told+1, lines+1
		}
	}
	if n := len(wanted) - told; n > 0 {
		fmt.Fprintf(&b, "… and %d more skipped; --json lists them all\n", n)
	}
	if len(kinds) <= fewKinds {
		for _, s := range kinds {
			line(s)
		}
	} else {
		fmt.Fprintf(&b, "skipped %d of kinds that are not read: %s\n", len(kinds), kindsOf(kinds))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

var digits = regexp.MustCompile(`\d+`)

// groups are those that have one reason, but for numbers in it, in the order of their
// first ones.
func groups(all []tamis.Skip, reason func(tamis.Skip) string) (out [][]tamis.Skip) {
	at := map[string]int{}
	for _, s := range all {
		key := digits.ReplaceAllString(reason(s), "0")
		i, ok := at[key]
		if !ok {
			i, at[key] = len(out), len(out)
			out = append(out, nil)
		}
		out[i] = append(out[i], s)
	}
	return out
}

// kindsOf counts files by what they are, the most frequent first.
func kindsOf(all []tamis.Skip) string {
	name := func(s tamis.Skip) string {
		kind := strings.TrimPrefix(s.Reason, "no reader for ")
		kind, _, _ = strings.Cut(kind, " (")
		return strings.TrimPrefix(strings.TrimPrefix(kind, "a "), "an ")
	}
	found := groups(all, name)
	slices.SortStableFunc(found, func(a, b []tamis.Skip) int { return cmp.Compare(len(b), len(a)) })
	var parts []string
	rest := len(all)
	for _, g := range found[:min(len(found), namedKinds)] {
		parts = append(parts, fmt.Sprintf("%s %d", screen.Line(name(g[0])), len(g)))
		rest -= len(g)
	}
	if rest > 0 {
		parts = append(parts, fmt.Sprint("others ", rest))
	}
	return strings.Join(parts, ", ")
}
