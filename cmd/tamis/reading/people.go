package reading

import (
	"fmt"
	"path"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

// String shows a document to people: a line for each block, with its place and kind
// before it, then what was left out.
func (d Document) String() string {
	var b strings.Builder
	if d.Status != "ok" {
		fmt.Fprintf(&b, "%s: %s: %s\n", d.Doc, d.Status, d.Error)
		return b.String()
	}
	fmt.Fprintf(&b, "%s  %s  %s\n", d.Doc, d.Type, d.Title)
	for _, w := range d.Warnings {
		fmt.Fprintf(&b, "  warning: %s\n", w)
	}
	if len(d.Attachments) > 0 {
		fmt.Fprintf(&b, "  attachments: %s\n", strings.Join(d.Attachments, ", "))
	}
	if d.Keyphrases != nil {
		b.WriteString(d.words())
		return b.String()
	}
	if d.Blocks == nil {
		b.WriteString(strings.TrimRight(d.Text, "\n") + "\n")
	}
	for _, x := range d.Blocks {
		kind := x.Kind
		if x.Level > 0 {
			kind = fmt.Sprint(kind, " ", x.Level)
		}
		lead := fmt.Sprintf("%-9s %-10s ", placeOf(x.Place), kind)
		text := d.Text[x.Start:x.End]
		if x.Rows != nil {
			var rows []string
			for _, r := range x.Rows {
				rows = append(rows, strings.Join(r, " | "))
			}
			text = strings.Join(rows, "\n")
		}
		b.WriteString(lead + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", len(lead))) + "\n")
	}
	for _, x := range d.Dropped {
		fmt.Fprintf(&b, "left out (%s): %s\n", x.Reason, strings.Join(strings.Fields(x.Text), " "))
	}
	return b.String()
}

// placeOf names a place in few signs.
func placeOf(p *corpus.Place) string {
	switch {
	case p == nil:
		return ""
	case p.Page > 0:
		return fmt.Sprint("p", p.Page)
	case p.Paragraph > 0:
		return fmt.Sprint("¶", p.Paragraph)
	case p.Line > 0 && p.Sheet != "":
		return fmt.Sprint(path.Base(p.Sheet), ":", p.Line)
	case p.Slide > 0:
		return fmt.Sprint("slide ", p.Slide)
	case p.Cell != "":
		return p.Sheet + "!" + p.Cell
	case p.Seconds != nil:
		return fmt.Sprintf("%.1fs", *p.Seconds)
	case p.Line > 0:
		return fmt.Sprint(p.Line)
	}
	return p.Sheet
}
