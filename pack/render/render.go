// Package render makes the text of a context of what was chosen, and its receipt,
// from which the text can be made again byte for byte. It does not know how
// units are scored or chosen.
//
// Layout says which ranges stand in which order, Text what stands between them,
// New and Compose write receipts, Replay holds one against the stored sources.
package render

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The renderings of a context. What they add around the kept ranges cannot be
// forged by a range: plain labels and XML tags are lengthened until nothing of
// their form occurs in one, fences are longer than any run of backticks in one,
// and JSON escapes.
const (
	Plain    = "plain"    // "[1] " before each document; the default
	Markdown = "markdown" // "[1]" above a fenced block for each document
	XML      = "xml"      // an element for each document: <source id="1">
	JSON     = "json"     // an array of {"cite", "text"}, one a range; its strings decode to the ranges
	// Structured regroups the ranges of a document under its headings, which are
	// ranges too: a line "[1] Heading > Heading" for each group, its ranges below
	// it as points. Headings that are not among the candidates are left out.
	Structured = "structured"
)

// Renderings lists them.
func Renderings() []string { return []string{Plain, Markdown, XML, JSON, Structured} }

// Growing lists those that more can be added to: two texts joined by a line
// break are the text of both.
func Growing() []string { return []string{Plain, Markdown, XML} }

// Mark stands where two ranges of a document are joined that something was left
// out between: at the end of the line, or inside it for an Inline range. With the
// line break it is one token of o200k_base. In JSON every range is an element of
// its own, and in Structured a label begins a new group; these need none.
const Mark = " …"

// Part is a kept range with its bytes.
type Part struct {
	Span
	Text string
}

// Form is what marks a document, with signs signs more than it needs where
// no range holds anything of the kind: the form of a label as for fmt, a fence,
// a tag.
func Form(rendering string, signs int) string {
	switch rendering {
	case Markdown:
		return "```" + strings.Repeat("`", signs)
	case XML:
		return "source" + strings.Repeat("_", signs)
	case JSON:
		return ""
	}
	return "[" + strings.Repeat("#", signs) + "%d]"
}

func validLabel(rendering, form string) bool {
	signs := len(form) - len(Form(rendering, 0))
	return signs >= 0 && form == Form(rendering, signs)
}

// Text is the one place that knows what stands between the parts of a context.
// The label is a Form of the rendering.
func Text(rendering, label string, parts []Part) string {
	switch rendering {
	case JSON:
		return renderJSON(parts)
	case Structured:
		return renderStructured(label, parts)
	}
	n := 0
	for _, p := range parts {
		n += len(p.Text) + 8
	}
	var b strings.Builder
	b.Grow(n)
	cite := 0
	closed := func() {
		switch {
		case cite == 0:
		case rendering == Markdown:
			fmt.Fprintf(&b, "\n%s", label)
		case rendering == XML:
			fmt.Fprintf(&b, "\n</%s>", label)
		}
	}
	for i, p := range parts {
		if p.Cite != cite {
			closed()
		}
		if i > 0 {
			b.WriteString(p.joint(cite))
		}
		if p.Cite != cite {
			cite = p.Cite
			switch rendering {
			case Markdown:
				fmt.Fprintf(&b, "[%d]\n%s\n", cite, label)
			case XML:
				fmt.Fprintf(&b, "<%s id=\"%d\">\n", label, cite)
			default:
				fmt.Fprintf(&b, label, cite)
				b.WriteByte(' ')
			}
		}
		b.WriteString(p.Text)
	}
	closed()
	return b.String()
}

// joint is what stands between a range and the one before it, which is of the
// label cite.
func (p *Part) joint(cite int) string {
	switch {
	case p.Cite != cite:
		return "\n"
	case p.Inline && p.Gap:
		return Mark + " "
	case p.Inline:
		return " "
	case p.Gap:
		return Mark + "\n"
	}
	return "\n"
}

func renderJSON(parts []Part) string {
	if len(parts) == 0 {
		return ""
	}
	var b strings.Builder
	for i, p := range parts {
		b.WriteString([2]string{"[", ",\n"}[min(i, 1)])
		fmt.Fprintf(&b, `{"cite":%d,"text":`, p.Cite)
		var s strings.Builder
		e := json.NewEncoder(&s)
		e.SetEscapeHTML(false)
		e.Encode(p.Text) // a string and a Builder: no error
		b.WriteString(strings.TrimSuffix(s.String(), "\n"))
		b.WriteByte('}')
	}
	b.WriteByte(']')
	return b.String()
}

// Signs returns how many signs the label of a rendering needs so that s
// holds nothing of its form.
func Signs(rendering, s string) int {
	switch rendering {
	case Markdown:
		return max(0, longestRun(s, '`')-2)
	case XML:
		return tagSigns(s)
	case JSON:
		return 0
	}
	return labelSigns(s)
}

func longestRun(s string, c byte) int {
	top, run := 0, 0
	for i := range len(s) {
		if s[i] == c {
			run++
			top = max(top, run)
		} else {
			run = 0
		}
	}
	return top
}

// tagSigns is one more than the longest run of underscores behind "source", in
// any case, wherever it stands in s; 0 when it does not.
func tagSigns(s string) int {
	const tag = "source"
	need := 0
	for i := 0; i+len(tag) <= len(s); i++ {
		if s[i]|0x20 != 's' || !strings.EqualFold(s[i:i+len(tag)], tag) {
			continue
		}
		run := 0
		for j := i + len(tag); j < len(s) && s[j] == '_'; j++ {
			run++
		}
		need = max(need, run+1)
	}
	return need
}

// labelSigns returns how many number signs a label needs so that nothing of
// its form occurs in s: one more than the longest run of them between "[" and
// digits followed by "]", or 0 when there is nothing of the kind.
func labelSigns(s string) int {
	need := 0
	for {
		i := strings.IndexByte(s, '[')
		if i < 0 {
			return need
		}
		s = s[i+1:]
		j := 0
		for j < len(s) && s[j] == '#' {
			j++
		}
		d := j
		for d < len(s) && '0' <= s[d] && s[d] <= '9' {
			d++
		}
		if d > j && d < len(s) && s[d] == ']' {
			need = max(need, j+1)
		}
		s = s[j:]
	}
}
