package scorecard

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/eval/figures"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": figures.Percent,
	"interval": func(m Measured) string {
		return fmt.Sprintf("[%.1f, %.1f]", 100*m.Low, 100*m.High)
	},
	"megabytes": func(n int) string { return fmt.Sprintf("%.1f", float64(n)/1e6) },
}).Parse(pageText))

// What the page shows of questions that were missed, and of documents.
const (
	mostMissed = 25
	mostMaps   = 30
	keptBytes  = 2400
)

// missed is a question of whose evidence little was kept.
type missed struct {
	*Item
	Doc      string // without the folders of all
	Recall   float64
	Evidence []string
	Why      string
	Kept     string
	Cut      bool
	Tokens   int
}

// less is the first system less the second at the shown budget, in points.
type less struct {
	Name, Class, Verdict string
	Points, Low, High    float64
}

// row is a question in the list of all.
type row struct {
	Question, Kind string
	Recall         float64
}

// WriteHTML writes the card as one page that needs nothing else.
func (c *Card) WriteHTML(w io.Writer) error {
	first := &c.Systems[0]
	data := struct {
		Card                                *Card
		Shown                               *Figures
		Less                                *less
		Violations                          int
		Curve, Kinds, Positions, Heat, Maps template.HTML
		Missed                              []missed
		All                                 []row
	}{Card: c, Shown: &first.Budgets[c.shown]}
	for b := range first.Budgets {
		data.Violations += first.Budgets[b].Violations
	}
	if len(c.Systems) > 1 {
		d := c.Systems[1].Less[c.shown]
		data.Less = &less{c.Systems[1].Name, "", "may be noise", 100 * d.Mean, 100 * d.Low, 100 * d.High}
		if d.P <= .05 {
			data.Less.Verdict = fmt.Sprintf("no noise (p %.4f)", d.P)
			if data.Less.Class = Better; d.Mean < 0 {
				data.Less.Class = Worse
			}
		}
	}
	// Pictures are made here of numbers and escaped names: they are HTML already.
	for _, p := range c.Pictures() {
		picture := template.HTML(bytes.Replace(p.SVG, []byte("<svg "), []byte(`<svg class="picture" `), 1)) //nolint:gosec // see above
		switch p.Name {
		case "recall":
			data.Curve = picture
		case "kinds":
			data.Kinds = picture
		case "position":
			data.Positions = picture
		case "heat":
			data.Heat = picture
		case "maps":
			data.Maps = picture
		}
	}
	data.Missed = c.missed()
	for i := range data.Missed {
		data.Missed[i].Doc = strings.TrimPrefix(data.Missed[i].Item.Doc, c.above())
	}
	for i := range c.Items {
		data.All = append(data.All, row{c.Items[i].Question, c.Items[i].Kind, c.recall(i)})
	}
	slices.SortStableFunc(data.All, func(a, b row) int { return cmp.Compare(a.Recall, b.Recall) })
	return page.Execute(w, data)
}

// recall of an item by the first system at the shown budget.
func (c *Card) recall(i int) float64 { return c.Items[i].Scores[c.Systems[0].Name][c.shown].Recall }

// missed are the questions of whose evidence at most half was kept, least first; of
// documents in turn, so that one cannot fill the list.
func (c *Card) missed() (out []missed) {
	for i := range c.Items {
		x := &c.Items[i]
		if r := c.recall(i); r <= .5 {
			text := x.kept.Text
			m := missed{Item: x, Recall: r, Evidence: x.evidence, Why: x.why, Kept: text, Tokens: x.kept.Tokens}
			if len(text) > keptBytes {
				n := keptBytes
				for !utf8.RuneStart(text[n]) {
					n--
				}
				m.Kept, m.Cut = text[:n]+" …", true
			}
			out = append(out, m)
		}
	}
	slices.SortStableFunc(out, func(a, b missed) int { return cmp.Compare(a.Recall, b.Recall) })
	turn, seen := make(map[*Item]int), map[string]int{}
	for _, m := range out {
		turn[m.Item] = seen[m.Item.Doc]
		seen[m.Item.Doc]++
	}
	slices.SortStableFunc(out, func(a, b missed) int { return cmp.Compare(turn[a.Item], turn[b.Item]) })
	return out[:min(mostMissed, len(out))]
}

// WritePictures writes the card's pictures as SVG files into a folder, which is made.
func (c *Card) WritePictures(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for _, p := range c.Pictures() {
		if err := os.WriteFile(filepath.Join(dir, p.Name+".svg"), p.SVG, 0o666); err != nil {
			return err
		}
	}
	return nil
}

// above are the folders that all documents asked lie in.
func (c *Card) above() string {
	all := c.Items[0].Doc
	for i := range c.Items {
		for !strings.HasPrefix(c.Items[i].Doc, all) {
			all = all[:len(all)-1]
		}
	}
	return all[:strings.LastIndexByte(all, '/')+1]
}

// shortDoc is the end of a document's id, as far as a picture has room.
func shortDoc(id string) string {
	const room = 44
	if utf8.RuneCountInString(id) <= room {
		return id
	}
	parts := strings.Split(id, "/")
	short := parts[len(parts)-1]
	for i := len(parts) - 2; i >= 0 && utf8.RuneCountInString(short)+len(parts[i])+3 <= room; i-- {
		short = parts[i] + "/" + short
	}
	if r := []rune(short); len(r) > room {
		short = string(r[len(r)-room:])
	}
	return "…/" + short
}
