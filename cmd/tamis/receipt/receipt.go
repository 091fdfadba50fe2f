// Package receipt is how the command line reads, prints and explains receipts, and
// how it names documents to people.
package receipt

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/corpus/dates"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/pack"
	"github.com/tamis-search/tamis/pack/render"
)

// Printed is a context as it is printed: confidence and number of drops always, the drops on
// request.
type Printed struct {
	*tamis.Context
	Confidence   float64        `json:"confidence"`
	DroppedCount int            `json:"dropped_count"`
	Dropped      *[]render.Drop `json:"dropped,omitempty"`
}

// Of is a context as it is printed, with what was dropped on request.
func Of(c *tamis.Context, dropped bool) Printed {
	r := Printed{Context: c, Confidence: c.Confidence, DroppedCount: c.DroppedCount}
	if dropped {
		r.Dropped = &c.Dropped
	}
	return r
}

// Doubt says why a context may not answer its question, where that is likely.
func Doubt(c *tamis.Context) string {
	if c.Confidence >= pack.Unsure || len(c.Spans) == 0 {
		return ""
	}
	return fmt.Sprintf("this may not answer the question (confidence %.2f): its words stand together here hardly more than by chance", c.Confidence)
}

// Read reads a receipt from a file; "-" is in.
func Read(file string, in io.Reader) (*tamis.Context, error) {
	var data []byte
	var err error
	if file == "-" {
		data, err = io.ReadAll(in)
	} else {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var c tamis.Context
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s is not a receipt: %w", screen.Name(file), err)
	}
	if c.Digest == "" {
		return nil, fmt.Errorf("%s is not a receipt: it has no digest; make one with tamis context --json", screen.Name(file))
	}
	return &c, nil
}

// Sources lists what the labels of a context stand for: for each run of
// ranges under one heading the document, the lines, or bytes where lines say
// little, and the heading.
func Sources(w io.Writer, c *tamis.Context) error {
	form := "[%d]"
	if strings.Contains(c.Label, "%d") {
		form = c.Label // as the text has it
	}
	var b strings.Builder
	for i := 0; i < len(c.Spans); {
		s := &c.Spans[i]
		var lines, bytes []string
		var marks []tamis.Dated
		for ; i < len(c.Spans) && c.Spans[i].Cite == s.Cite && c.Spans[i].Heading == s.Heading; i++ {
			if line := Spot(c.Spans[i].Place); !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
			bytes = append(bytes, fmt.Sprintf("%d-%d", c.Spans[i].Start, c.Spans[i].End))
			marks = append(marks, c.Spans[i].Dates...)
		}
		where, rest := At(ShortPath(s.Doc), s.Doc, s.Path, s.Place), " bytes "+strings.Join(bytes, ", ")
		switch {
		case s.Place.Line > 0 && s.Place.Sheet == "" && (s.Path == "" || s.Path == s.Doc):
			where, rest = screen.Name(ShortPath(s.Doc))+":"+strings.Join(lines, ","), ""
		case (s.Place.Line == 0 || s.Place.Sheet != "") && Spot(s.Place) != "":
			where, rest = screen.Name(ShortPath(s.Doc))+" "+strings.Join(lines, ", "), ""
		}
		if s.Heading != "" {
			rest = "  " + strings.Join(strings.Fields(s.Heading), " ") + rest
		}
		fmt.Fprintf(&b, form+" %s%s\n", s.Cite, screen.Style(w, screen.Cyan, where), rest)
		if said := Dates(marks); said != "" {
			fmt.Fprintf(&b, "    %s\n", screen.Style(w, screen.Dim, said))
		}
	}
	if c.CutRecall > 0 {
		fmt.Fprintf(&b, "cut %s: measured to leave %.1f %% of the evidence that 2,000 tokens hold\n", c.Cut, 100*c.CutRecall)
	}
	fmt.Fprintln(&b, screen.Style(w, screen.Dim, fmt.Sprintf("%d of %d tokens (%s), confidence %.2f, %d units scored and dropped, receipt %s",
		c.Tokens, c.Budget, c.Tokenizer, c.Confidence, c.DroppedCount, c.Digest[:min(12, len(c.Digest))])))
	_, err := io.WriteString(w, b.String())
	return err
}

// Dates says on one line which days words mean: a mark beside a text; "" for none.
func Dates(marks []tamis.Dated) string {
	if said := dates.Line(marks); said != "" {
		return "(" + said + ")"
	}
	return ""
}

// At names a document, shown as name, with the line where that is known, as
// editors and compilers do: path:LINE, or the record's id with its file's.
func At(name, doc, path string, p tamis.Place) string {
	switch {
	case p.Line == 0 || p.Sheet != "":
		return screen.Name(name)
	case path == "" || path == doc:
		return fmt.Sprintf("%s:%d", screen.Name(name), p.Line)
	}
	return fmt.Sprintf("%s (%s:%d)", screen.Name(name), screen.Name(ShortPath(path)), p.Line)
}

// Spot says where in its original a range begins, in the words of its format; ""
// where nothing is known.
func Spot(p tamis.Place) string {
	switch {
	case p.Line > 0 && p.Sheet != "": // of a file in a book
		return fmt.Sprintf("%s:%d", screen.Name(p.Sheet), p.Line)
	case p.Line > 0:
		return fmt.Sprint(p.Line)
	case p.Page > 0 && p.Paragraph > 0:
		return fmt.Sprintf("p. %d ¶ %d", p.Page, p.Paragraph)
	case p.Paragraph > 0:
		return fmt.Sprintf("¶ %d", p.Paragraph)
	case p.Page > 0:
		return fmt.Sprintf("p. %d", p.Page)
	case p.Slide > 0:
		return fmt.Sprintf("slide %d", p.Slide)
	case p.Sheet != "" || p.Cell != "":
		return screen.Name(strings.Trim(p.Sheet+"!"+p.Cell, "!"))
	case p.Seconds != nil:
		return fmt.Sprintf("%d:%02d", int(*p.Seconds)/60, int(*p.Seconds)%60)
	}
	return ""
}

// ShortPath shows a file below the working directory by its relative path; what stands
// inside it may have any name.
func ShortPath(doc string) string {
	file := doc
	if i := strings.Index(doc, "!/"); i >= 0 {
		file = doc[:i]
	}
	wd, err := os.Getwd()
	if err == nil && filepath.IsAbs(file) {
		if rel, err := filepath.Rel(wd, file); err == nil && !strings.HasPrefix(rel, "..") {
			return rel + doc[len(file):]
		}
	}
	return doc
}

// Line names a line of a file, or the file.
func Line(path string, line int) string {
	if line == 0 {
		return screen.Name(ShortPath(path))
	}
	return fmt.Sprintf("%s:%d", screen.Name(ShortPath(path)), line)
}
