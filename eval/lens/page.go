package lens

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/tamis-search/tamis/eval/draw"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": func(x float64) string { return fmt.Sprintf("%.1f", 100*x) },
	"nats":    func(x float64) string { return fmt.Sprintf("%.2f", x) },
}).Parse(pageText))

// WriteTable writes the figures of layers and of kinds of tokens.
func (r *Report) WriteTable(out io.Writer) error {
	fmt.Fprintf(out, "%d tokens in windows of %d; maps are fitted on half of the windows and judged on the other\n", r.Tokens, r.Window)
	if r.Scarce {
		fmt.Fprintf(out, "there are few tokens for states of %d numbers: linearity and context are more than is seen here\n", r.Width)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "layer\tlinear\t(fitted)\tits update\tcontext, nats\tof all\tnext token\tnats\tas the last\tdimension\tanisotropy\t")
	for _, l := range r.Layers {
		linear := "\t\t"
		if l.Number > 0 {
			linear = fmt.Sprintf("%.3f\t(%.3f)\t%.3f", l.Linearity, l.Fitted, l.Update)
		}
		fmt.Fprintf(w, "%d\t%s\t%.2f\t%.1f %%\t%.3f\t%.2f\t%.1f %%\t%.1f\t%.3f\t\n", l.Number, linear, l.Context, 100*l.Share, l.Next, l.Nats, 100*l.Agrees, l.Dimension, l.Anisotropy)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	w = tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "tokens\tkind\tcontext, nats\tnot linear\t")
	for _, k := range r.Kinds {
		fmt.Fprintf(w, "%d\t%s\t%.2f\t%.3f\t\n", k.Tokens, k.Name, k.Context, k.Unlike)
	}
	return w.Flush()
}

// shade is a token on the page: how strongly it is coloured, of 100.
type shade struct {
	Text, Title     string
	Context, Unlike int
}

// WriteHTML writes the report as one page that needs nothing else.
func (r *Report) WriteHTML(w io.Writer) error {
	data := struct {
		*Report
		Shares, Told template.HTML
		Shades       []shade
	}{Report: r}
	var err error
	if data.Shares, err = picture(r.shares()); err == nil {
		data.Told, err = picture(r.saying())
	}
	if err != nil {
		return err
	}
	context, unlike := 1e-9, 1e-9
	for _, t := range r.First {
		context, unlike = max(context, t.Context), max(unlike, min(t.Unlike, 2))
	}
	for _, t := range r.First {
		data.Shades = append(data.Shades, shade{t.Text, fmt.Sprintf("%s: context %.2f nats, not linear %.3f", t.Kind, t.Context, t.Unlike),
			int(100 * max(0, t.Context) / context), int(100 * min(1, t.Unlike/unlike))})
	}
	return page.Execute(w, data)
}

func (r *Report) curves(title string, lines ...draw.Line) *draw.Curves {
	c := &draw.Curves{Title: title, XLabel: "layer", Lines: lines}
	for _, l := range r.Layers {
		c.X, c.At = append(c.X, fmt.Sprint(l.Number)), append(c.At, float64(l.Number))
		for i, v := range []float64{l.Linearity, l.Update, l.Anisotropy, l.Share, l.Next, l.Agrees} {
			for k := range c.Lines {
				if c.Lines[k].Name == measures[i] {
					if l.Number == 0 && i < 2 {
						v = 1 // nothing has been done yet
					}
					c.Lines[k].Y = append(c.Lines[k].Y, min(max(v, 0), 1))
				}
			}
		}
	}
	return c
}

// measures are those of curves.
var measures = []string{"linearity", "of its update", "anisotropy", "context told", "next token", "as the last layer"}

func (r *Report) shares() *draw.Curves {
	return r.curves("What layers do to states", draw.Line{Name: measures[0], Bold: true}, draw.Line{Name: measures[1]}, draw.Line{Name: measures[2]}, draw.Line{Name: measures[3], Bold: true})
}

func (r *Report) saying() *draw.Curves {
	return r.curves("What the model would say if it ended there", draw.Line{Name: measures[4], Bold: true}, draw.Line{Name: measures[5]})
}

// picture is an SVG of numbers and escaped names: it is HTML already.
func picture(c *draw.Curves) (template.HTML, error) {
	var b bytes.Buffer
	err := c.WriteSVG(&b)
	return template.HTML(strings.Replace(b.String(), "<svg ", `<svg class="picture" `, 1)), err //nolint:gosec // see above
}
