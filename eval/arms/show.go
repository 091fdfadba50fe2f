package arms

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/eval/draw"
	"github.com/tamis-search/tamis/eval/synthetic"
)

// measures of a cell that gates may bound.
var measures = []struct {
	name string
	of   func(*Cell) *float64
}{
	{"needle_recall", func(c *Cell) *float64 { return c.NeedleRecall }},
	{"evidence_recall", func(c *Cell) *float64 { return c.EvidenceRecall }},
	{"answers", func(c *Cell) *float64 { return c.Answers }},
	{"replies", func(c *Cell) *float64 { return c.Replies }},
}

// Measures lists what gates may bound: a measure of what tamis packs at a budget, the
// mean over all tasks, or with the name of one before it.
func Measures(tasks []synthetic.Task, o Options) (names []string) {
	if !slices.Contains(o.Arms, Packed) {
		return nil
	}
	prefixes := []string{""}
	for _, t := range tasks {
		prefixes = append(prefixes, t.Name+":")
	}
	for _, p := range prefixes {
		for _, m := range measures {
			if m.name == "replies" && o.Model == nil {
				continue
			}
			for _, b := range o.Budgets {
				names = append(names, fmt.Sprintf("%s%s@%d", p, m.name, b))
			}
		}
	}
	return names
}

// Values are those of Measures; one that no item has is NaN. A task's is the mean over
// its lengths.
func (r *Report) Values(tasks []synthetic.Task, o Options) map[string]float64 {
	values := map[string]float64{}
	put := func(prefix string, row Row) {
		for _, m := range measures {
			for _, b := range o.Budgets {
				v := math.NaN()
				if c := row.cell(Packed, b); c != nil && m.of(c) != nil {
					v = *m.of(c)
				}
				values[fmt.Sprintf("%s%s@%d", prefix, m.name, b)] = v
			}
		}
	}
	put("", r.Mean)
	for _, t := range tasks {
		var own []Row
		for _, row := range r.Tasks {
			if row.Task == t.Name {
				own = append(own, row)
			}
		}
		put(t.Name+":", o.mean(own))
	}
	return values
}

// Size writes a length as people say it: 4096 as 4k.
func Size(n int) string {
	if n >= 1024 && n%1024 == 0 {
		return strconv.Itoa(n/1024) + "k"
	}
	return strconv.Itoa(n)
}

// percent is a share, or a dash.
func percent(v *float64) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", 100**v)
}

func (c *Cell) text(model bool) string {
	if c == nil {
		return ""
	}
	s := percent(c.NeedleRecall) + " / " + percent(c.Answers)
	if model {
		s += " / " + percent(c.Replies)
	}
	return s
}

// row writes the cells of a table's row for one budget.
func (r *Report) row(w io.Writer, name, length string, row Row, budget int, width int, text func(*Cell) string) {
	ceiling := ""
	if c := row.ceiling(budget); c >= 0 {
		ceiling = fmt.Sprintf("%.0f", 100*c)
	}
	fmt.Fprintf(w, "%-26s%6s%9s", name, length, ceiling)
	var line strings.Builder
	for _, arm := range r.Arms {
		b := budget
		if arm == Full {
			b = 0
		}
		fmt.Fprintf(&line, "%*s", width, text(row.cell(arm, b)))
	}
	fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
}

// ceiling is that of the rows' arms at a budget, -1 where no arm has one.
func (r *Row) ceiling(budget int) float64 {
	for _, c := range r.Cells {
		if c.Budget == budget {
			return c.Ceiling
		}
	}
	return -1
}

// WriteTable prints the report for people.
func (r *Report) WriteTable(w io.Writer, model bool) error {
	var b bytes.Buffer
	what, width := "needles kept / answers in the text", 14
	if model {
		what, width = what+" / answered", 18
	}
	text := func(c *Cell) string { return c.text(model) }
	for _, arm := range r.Arms {
		width = max(width, len(arm)+2)
	}
	fmt.Fprintf(&b, "%d items; %%: %s\n", r.Items, what)
	for _, budget := range r.Budgets {
		fmt.Fprintf(&b, "\n%-26s%6s%9s", fmt.Sprintf("at %d tokens", budget), "length", "ceiling")
		for _, arm := range r.Arms {
			fmt.Fprintf(&b, "%*s", width, arm)
		}
		fmt.Fprintln(&b)
		for _, row := range r.Tasks {
			length := ""
			if row.Length > 0 {
				length = Size(row.Length)
			}
			r.row(&b, row.Task, length, row, budget, width, text)
		}
		r.row(&b, "mean of the above", "", r.Mean, budget, width, text)
		for _, row := range r.Labels {
			r.row(&b, fmt.Sprintf("diffusion %s, scope %s", row.Diffusion, row.Scope), "", row, budget, width, text)
		}
		number := func(name, format string, of func(*Cell) float64) {
			bare := Row{}
			bare.Cells = slices.Clone(r.Mean.Cells)
			for i := range bare.Cells {
				bare.Cells[i].Ceiling = -1
			}
			r.row(&b, name, "", bare, budget, width, func(c *Cell) string {
				if c == nil {
					return ""
				}
				return fmt.Sprintf(format, of(c))
			})
		}
		number("tokens", "%.0f", func(c *Cell) float64 { return c.Tokens })
		number("ms", "%.1f", func(c *Cell) float64 { return c.TookMS })
		number("ms to index", "%.0f", func(c *Cell) float64 { return c.PrepareMS })
		if model {
			number("ms to answer", "%.0f", func(c *Cell) float64 { return c.ReplyMS })
			number("failed", "%.0f", func(c *Cell) float64 { return float64(c.Failed) })
		}
	}
	r.writeMore(&b)
	_, err := w.Write(b.Bytes())
	return err
}

// writeMore prints what stands beside the table: curves, orders, conditions, chunks.
func (r *Report) writeMore(b *bytes.Buffer) {
	at := func(budget int) string {
		if budget == 0 {
			return ""
		}
		return fmt.Sprintf(" at %d", budget)
	}
	for _, c := range r.Curves {
		for _, arm := range r.Arms {
			for _, budget := range r.Budgets {
				if points := c.points(arm, budget); points != "" {
					fmt.Fprintf(b, "\n%s by %s, %s%s: %s", c.Task, c.Axis, arm, at(budget), points)
				}
			}
		}
	}
	if len(r.Curves) > 0 {
		fmt.Fprintln(b)
	}
	for _, o := range r.Orders {
		if o.Arm != Full {
			fmt.Fprintf(b, "the same evidence in whatever order, %s%s: %.0f %% of %d\n", o.Arm, at(o.Budget), 100*o.Same, o.Items)
		}
	}
	for _, row := range r.Tasks {
		for _, c := range row.Cells {
			if c.Fit != nil {
				fmt.Fprintf(b, "%s %s, %s%s: of the documents kept %.0f %% fit, %.0f %% in part, %.0f %% not at all; of those that fit %.0f %% are kept, all and no other in %.0f %%\n",
					row.Task, Size(row.Length), c.Arm, at(c.Budget), 100*c.Fit.Satisfied, 100*c.Fit.Unsatisfied, 100*c.Fit.Irrelevant, 100*c.Fit.Completeness, 100*c.Fit.AllCorrect)
			}
			if c.F1 != nil {
				fmt.Fprintf(b, "%s %s, %s%s: F1 of the list %.0f %%", row.Task, Size(row.Length), c.Arm, at(c.Budget), 100**c.F1)
				if c.RepliesF1 != nil {
					fmt.Fprintf(b, ", of the replies %.0f %%", 100**c.RepliesF1)
				}
				fmt.Fprintln(b)
			}
			if k := c.Chunks; k != nil && k.Shown > 0 {
				fmt.Fprintf(b, "%s, %s%s: of %d chunks %d hold evidence, %d of which (%.0f %%) were thrown away; %d replies were neither yes nor no\n",
					row.Task, c.Arm, at(c.Budget), k.Shown, k.Relevant, k.ThrownAway, 100*float64(k.ThrownAway)/float64(max(k.Relevant, 1)), k.Invalid)
			}
		}
	}
	for _, e := range r.EffectiveLengths {
		length := "none of these"
		if e.Length > 0 {
			length = Size(e.Length)
		}
		fmt.Fprintf(b, "effective length (85.6 %%), %s%s: %s\n", e.Arm, at(e.Budget), length)
	}
	if s := r.Shrunk; s != nil {
		fmt.Fprintf(b, "%d of %d items order %d systems with rank correlation %.3f; chosen from one half of the systems, the other half with %.3f (by lot %.3f); error of their means %.3f (by lot %.3f)\n",
			s.Items, s.Of, s.Systems, s.Spearman, s.HeldOut.Spearman, s.ByLot.Spearman, s.HeldOut.Error, s.ByLot.Error)
	}
}

// points are those of a curve as text; one where all are the same.
func (c *Curve) points(arm string, budget int) string {
	var points []string
	first, same := "", true
	for _, p := range c.Points {
		if cell := p.cell(arm, budget); cell != nil {
			text := cell.text(cell.Replies != nil)
			if len(points) == 0 {
				first = text
			}
			same = same && text == first
			points = append(points, c.label(p.X)+": "+text)
		}
	}
	if same && len(points) > 1 {
		return first + " everywhere"
	}
	return strings.Join(points, ", ")
}

func (c *Curve) label(x float64) string {
	if i := int(x); i < len(c.Labels) {
		return c.Labels[i]
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// Picture is a drawing and the name of its file.
type Picture struct {
	Name string
	draw interface{ WriteSVG(io.Writer) error }
}

// WriteSVG draws it.
func (p Picture) WriteSVG(w io.Writer) error { return p.draw.WriteSVG(w) }

// Pictures are a heat map for each budget, and the curve of each task with an axis.
func (r *Report) Pictures() (out []Picture) {
	for _, h := range r.Heat {
		m := &draw.HeatMap{Title: fmt.Sprintf("Evidence kept in %d tokens, %%, by depth and length", h.Budget), XLabel: "tokens of the documents", YLabel: "depth"}
		for _, l := range h.Lengths {
			m.Columns = append(m.Columns, Size(l))
		}
		for d, row := range h.Recall {
			m.Rows = append(m.Rows, fmt.Sprintf("%d–%d %%", 10*d, 10*d+10))
			values := slices.Clone(row)
			for i, v := range values {
				if v < 0 {
					values[i] = math.NaN()
				}
			}
			m.Values = append(m.Values, values)
		}
		out = append(out, Picture{fmt.Sprintf("depth-length-%d.svg", h.Budget), m})
	}
	for _, c := range r.Curves {
		if len(c.Points) == 0 {
			continue
		}
		for _, budget := range r.Budgets {
			p := &draw.Curves{Title: fmt.Sprintf("%s: evidence kept in %d tokens", c.Task, budget), XLabel: c.Axis}
			for _, point := range c.Points {
				p.X = append(p.X, c.label(point.X))
			}
			for _, arm := range r.Arms {
				l := draw.Line{Name: arm}
				known := false
				for _, point := range c.Points {
					v := math.NaN()
					if cell := point.cell(arm, budget); cell != nil && cell.EvidenceRecall != nil {
						v, known = *cell.EvidenceRecall, true
					}
					l.Y = append(l.Y, v)
				}
				if known {
					p.Lines = append(p.Lines, l)
				}
			}
			out = append(out, Picture{fmt.Sprintf("%s-%d.svg", c.Task, budget), p})
		}
	}
	return out
}

var page = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Suites</title>
<style>body{font:15px/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}pre{white-space:pre-wrap;background:#f6f6f6;padding:1rem}svg{max-width:100%;height:auto;display:block;margin:1rem 0}</style>
<h1>Suites</h1>
<pre>{{.Table}}</pre>
{{range .Pictures}}{{.}}
{{end}}</html>
`))

// WriteHTML writes the report with its pictures as one page that loads nothing.
func (r *Report) WriteHTML(w io.Writer, model bool) error {
	var table bytes.Buffer
	if err := r.WriteTable(&table, model); err != nil {
		return err
	}
	var pictures []template.HTML
	for _, p := range r.Pictures() {
		var b bytes.Buffer
		if err := p.WriteSVG(&b); err != nil {
			return err
		}
		pictures = append(pictures, template.HTML(b.String())) // of package draw, which escapes what it is given
	}
	return page.Execute(w, struct {
		Table    string
		Pictures []template.HTML
	}{table.String(), pictures})
}
