package hostile

import (
	"fmt"
	"strings"
)

// File is a text in one of the formats that readers know: a file name with its
// extension, and the content.
func (g Gen) File(n int) (name, content string) {
	var b strings.Builder
	kind := pick(g, []string{"txt", "md", "md", "csv", "tsv", "html", "go", "py", "srt", "jsonl", "txt", "log"})
	switch kind {
	case "md":
		g.markdown(&b)
	case "csv", "tsv":
		comma := map[string]string{"csv": ",", "tsv": "\t"}[kind]
		columns := 1 + g.IntN(4)
		for range 1 + g.IntN(10) {
			for c := range columns {
				if c > 0 {
					b.WriteString(comma)
				}
				cell := pick(g, Words)
				if g.IntN(5) == 0 {
					cell = `"` + strings.ReplaceAll(g.Text(3), `"`, `""`) + `"`
				}
				b.WriteString(cell)
			}
			b.WriteString(pick(g, []string{"\n", "\n", "\r\n"}))
		}
	case "html":
		g.html(&b)
	case "go", "py":
		g.code(&b)
	case "srt":
		for i := range 1 + g.IntN(8) {
			fmt.Fprintf(&b, "%d\n00:00:%02d,000 --> 00:00:%02d,500\n%s %s\n\n", i+1, i, i+1, g.Line(2), g.Sentence())
		}
	case "jsonl":
		for i := range 1 + g.IntN(4) {
			fmt.Fprintf(&b, "{\"_id\":\"r%d-%d\",\"title\":%q,\"text\":%s}\n", n, i, pick(g, Words), quote(g.paragraph()))
		}
	case "log":
		for range 1 + g.IntN(20) {
			b.WriteString(pick(g, []string{"Anna: ", "[12:30] <keeper> ", "", "Q: ", "  "}) + g.Line(3) + "\n")
		}
	default:
		for range 1 + g.IntN(6) {
			b.WriteString(g.paragraph() + pick(g, []string{"\n\n", "\n", "\r\n\r\n", "\n \n"}))
		}
	}
	return fmt.Sprintf("f%d.%s", n, kind), b.String()
}

// Scrap is a short table or list, whose rows or items need what stands above them.
func (g Gen) Scrap() (name, content string) {
	var b strings.Builder
	row := func(between string) string {
		cells := make([]string, 1+g.IntN(3))
		for i := range cells {
			cells[i] = pick(g, []string{pick(g, Words), "a", "it"})
		}
		return strings.Join(cells, between) + "\n"
	}
	rows := 2 + g.IntN(4)
	if g.IntN(2) == 0 {
		for range 1 + rows {
			b.WriteString(row(","))
		}
		return "scrap.csv", b.String()
	}
	b.WriteString("The " + pick(g, Words) + " needs these:\n\n")
	for range rows {
		b.WriteString("- " + row(" "))
	}
	return "scrap.md", b.String()
}

func (g Gen) paragraph() string {
	switch g.IntN(6) {
	case 0:
		return g.Text(12)
	case 1: // one endless word
		return strings.Repeat(pick(g, Words), 1+g.IntN(200))
	}
	var b strings.Builder
	for range 1 + g.IntN(6) {
		b.WriteString(g.Sentence() + pick(g, []string{" ", " ", "\n", "  "}))
	}
	return b.String()
}

func (g Gen) markdown(b *strings.Builder) {
	if g.IntN(6) == 0 {
		fmt.Fprintf(b, "---\ntitle: %s\n---\n", pick(g, Words))
	}
	for range 1 + g.IntN(10) {
		switch g.IntN(8) {
		case 0, 1:
			fmt.Fprintf(b, "%s %s\n\n", strings.Repeat("#", 1+g.IntN(4)), pick(g, []string{pick(g, Words), g.Line(3), pick(g, Words) + " " + pick(g, Words)}))
		case 2:
			b.WriteString("The " + pick(g, Words) + " needs:\n\n")
			for range 1 + g.IntN(5) {
				b.WriteString(pick(g, []string{"- ", "* ", "1. ", "  - "}) + g.Sentence() + "\n")
			}
			b.WriteByte('\n')
		case 3:
			columns := 1 + g.IntN(3)
			b.WriteString(strings.Repeat("| "+pick(g, Words)+" ", columns) + "|\n" + strings.Repeat("|---", columns) + "|\n")
			for range 1 + g.IntN(5) {
				b.WriteString(strings.Repeat("| "+pick(g, []string{pick(g, Words), g.Line(1)})+" ", columns) + "|\n")
			}
			b.WriteByte('\n')
		case 4:
			b.WriteString(pick(g, []string{"```", "````", "~~~"}) + "\n")
			g.code(b)
			b.WriteString("```\n\n")
		case 5:
			b.WriteString("> " + g.Sentence() + "\n\n")
		default:
			b.WriteString(g.paragraph() + "\n\n")
		}
	}
}

func (g Gen) html(b *strings.Builder) {
	fmt.Fprintf(b, "<html><head><title>%s</title></head><body>", pick(g, Words))
	for range 1 + g.IntN(8) {
		switch g.IntN(5) {
		case 0:
			fmt.Fprintf(b, "<h%d>%s</h%[1]d>", 1+g.IntN(4), pick(g, Words))
		case 1:
			fmt.Fprintf(b, "<ul><li>%s<li>%s</ul>", g.Sentence(), g.Line(2))
		case 2:
			fmt.Fprintf(b, "<table><tr><th>%s<th>%s<tr><td>%s<td>%s</table>", pick(g, Words), pick(g, Words), pick(g, Words), g.Line(2))
		case 3:
			fmt.Fprintf(b, "<pre>%s</pre>", g.Text(4))
		default:
			fmt.Fprintf(b, "<p>%s &amp; <b>%s</b>", g.paragraph(), g.Sentence())
		}
	}
	b.WriteString("</body></html>")
}

func (g Gen) code(b *strings.Builder) {
	for range 1 + g.IntN(4) {
		w := pick(g, Words)
		fmt.Fprintf(b, "// %s\nfunc %s(%s int) error {\n\tif %[3]s > %[4]d {\n\t\treturn %[1]q\n\t}\n\treturn nil // %[5]s\n}\n\n", g.Line(2), w, strings.ToLower(w), g.IntN(100), pick(g, Words))
	}
}

// quote is a JSON string.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
