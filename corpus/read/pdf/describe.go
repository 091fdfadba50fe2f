package pdf

import (
	"regexp"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
)

// describe fills what the file says about itself: title, author, subject, keywords
// and dates.
func (r *reading) describe(d *corpus.Document) {
	d.Title = title(r.pdf.meta("Title"))
	d.Metadata = map[string]any{"pages": float64(r.pdf.pages())}
	for tag, key := range map[string]string{"Author": "author", "Subject": "subject", "Keywords": "keywords"} {
		if v := clean(r.pdf.meta(tag)); v != "" {
			d.Metadata[key] = v
		}
	}
	for tag, key := range map[string]string{"CreationDate": "created", "ModDate": "modified"} {
		if v := date(r.pdf.meta(tag)); v != "" {
			d.Metadata[key] = v
		}
	}
}

// clean is a text of the information dictionary as one line of valid UTF-8.
func clean(s string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", " "), "\uFFFD")), " ")
}

// noTitle are titles that programs write and nobody chose: names of files, and
// those of new documents.
var noTitle = regexp.MustCompile(`(?i)^(untitled.*|document\d*|title|.*\.(docx?|xlsx?|pptx?|pdf|dvi|tex|indd|qxd|odt|rtf|txt|html?))$`)

func title(s string) string {
	s = clean(s)
	for _, program := range []string{"Microsoft Word - ", "Microsoft PowerPoint - ", "Microsoft Excel - "} {
		s = strings.TrimPrefix(s, program)
	}
	if noTitle.MatchString(s) {
		return ""
	}
	return s
}

// date is a date of PDF, D:20261128061000+01'00', as RFC 3339 has it, as far as it
// says; "" where it is none.
func date(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), "D:")
	s = strings.ReplaceAll(s, "'", "")
	for _, layout := range []string{"20060102150405-0700", "20060102150405Z0000", "20060102150405Z", "20060102150405-07", "20060102150405"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	if len(s) >= 8 {
		if t, err := time.Parse("20060102", s[:8]); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return ""
}
