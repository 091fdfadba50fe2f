package render

import (
	"fmt"
	"strings"
)

// NoHeading is the Level of a point that no heading stands above, after points
// that one does.
const NoHeading = -1

// renderStructured writes a line for each group: the label of the document, its
// scope, and the headings that are new, its aspects; and a line "- " for each
// point. A heading whose parents stand above an earlier group begins with "> "
// for each of them. Every group begins with a label, so that no range can seem
// to begin one, in its own document or another.
func renderStructured(label string, parts []Part) string {
	var b strings.Builder
	line := func() {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
	}
	cite, level := 0, 0 // of the part before
	for _, p := range parts {
		if p.Inline && p.Cite == cite && p.Level == 0 {
			b.WriteString(p.joint(cite) + p.Text)
			continue
		}
		group := p.Cite != cite || p.Level == NoHeading || p.Level > 0 && (level <= 0 || p.Level <= level)
		if group {
			line()
			fmt.Fprintf(&b, label, p.Cite)
			if p.Level > 0 {
				b.WriteString(strings.Repeat(" >", p.Level-1) + " " + p.Text)
			}
		} else if p.Level > 0 {
			b.WriteString(" > " + p.Text)
		}
		if p.Level <= 0 {
			joint := "\n"
			if !group && level <= 0 {
				joint = p.joint(cite)
			}
			b.WriteString(joint + "- " + p.Text)
		}
		cite, level = p.Cite, p.Level
	}
	return b.String()
}
