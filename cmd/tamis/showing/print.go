package showing

import (
	"fmt"
	"io"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/cmd/tamis/receipt"
	"github.com/tamis-search/tamis/internal/screen"
)

// Print prints passages with their lines, each line once: above those of one document
// its name, the place in its file where lines have no numbers, and the headings.
func Print(w io.Writer, all []*tamis.Surroundings) error {
	var b strings.Builder
	for i := 0; i < len(all); {
		first := all[i]
		of := []*tamis.Surroundings{}
		for ; i < len(all) && all[i].Doc == first.Doc; i++ {
			of = append(of, all[i])
		}
		fmt.Fprintf(&b, "%s", screen.Style(w, screen.Bold, screen.Name(receipt.ShortPath(first.Doc))))
		if at := receipt.Spot(first.Place); at != "" && first.Place.Line == 0 {
			fmt.Fprintf(&b, "  %s", at)
		}
		if len(first.Headings) > 0 {
			fmt.Fprintf(&b, "  %s", screen.Style(w, screen.Dim, oneLine(strings.Join(first.Headings, " > "))))
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
				printLine(w, &b, l, of[max(k-1, 0):])
				end = l.End
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printLine prints a line with its number, and what of it is in the passages.
func printLine(w io.Writer, b *strings.Builder, l tamis.Line, passages []*tamis.Surroundings) {
	sign, text, at := "-", "", l.Start
	for _, s := range passages {
		from, to := max(s.Start, at), min(s.End, l.End)
		if s.Start <= l.End && s.End >= l.Start && (s.Start < l.End || l.Start == l.End) && (s.End > l.Start || s.Start == s.End) {
			sign = ":"
		}
		if from < to {
			text += l.Text[at-l.Start:from-l.Start] + screen.Style(w, screen.Bold, l.Text[from-l.Start:to-l.Start])
			at = to
		}
	}
	text += l.Text[at-l.Start:]
	number := ""
	if l.Number > 0 {
		number = fmt.Sprint(l.Number)
	}
	fmt.Fprintf(b, "%s%s\n", screen.Style(w, screen.Dim, number+sign), text)
}
