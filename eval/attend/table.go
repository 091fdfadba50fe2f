package attend

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/tamis-search/tamis/eval/draw"
	"github.com/tamis-search/tamis/model/attention"
)

// WriteTable writes a line for each policy and length.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	text := ""
	if r.text {
		text = "perplexity\tsame\t"
	}
	fmt.Fprintf(t, "tokens\tpolicy\t%s\t%sdivergence\tread\tread a step\tentropy\tprefill ms\t\tstep ms\t\tcache MB\t\t\n", strings.Join(r.tasks, "\t"), text)
	for _, row := range r.Rows {
		fmt.Fprintf(t, "%d\t%s\t", row.Length, row.Policy)
		for _, task := range r.tasks {
			fmt.Fprintf(t, "%.1f %%\t", 100*row.Recall[task])
		}
		if r.text {
			fmt.Fprintf(t, "%.2f\t%.1f %%\t", row.Perplexity, 100*row.Agreement)
		}
		fmt.Fprintf(t, "%.5f\t%.1f %%\t%.1f %%\t%.2f\t%.0f\t%.2f×\t%.2f\t%.2f×\t%.1f\t%.2f×\t\n", row.Divergence, 100*row.Read, 100*row.ReadStep, row.Entropy,
			row.Prefill, row.PrefillGain, row.Step, row.StepGain, float64(row.Bytes)/1e6, row.CacheShare)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d texts of each kind and length; prefill is the fastest, a step the median; × beside dense attention in the same run\n", r.Trials)
	return err
}

// WriteFamilies lists the policies.
func WriteFamilies(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "policy\tstages\tkind\twhat is read or kept\tfrom")
	fmt.Fprintln(t, "dense\tall\t\teverything\t")
	for _, f := range attention.Listed() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Name, f.Stages, f.Kind(), f.Does, f.Paper)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, `
A share follows a colon (snapkv:0.1; a quarter without), parts are joined by + (stripes:0.1+quest+snapkv).
ada-snapkv: heads of a layer share what is kept (AdaKV, 2407.11550); any policy of the cache takes it.
stripes+tail: the last 64 tokens of what is read at once, and steps of decoding, read everything (Tri-shape);
any policy of prefill takes it.
snapkv+q4: what is kept has 4 bits a number; q8 and q4 go with everything, also alone, and have no share.`)
	return err
}

// drawn is the task that is drawn: many, or the first that was measured.
func (r *Report) drawn() string {
	if slices.Contains(r.tasks, "many") || len(r.tasks) == 0 {
		return "many"
	}
	return r.tasks[0]
}

// WriteSVG draws the recall of a task by policy, many questions where these were asked: over the shares that policies were asked
// for, at the longest length, or over lengths where all have one share.
func (r *Report) WriteSVG(w io.Writer) error {
	longest, shares, lengths := 0, map[float64]bool{}, map[int]bool{}
	for _, row := range r.Rows {
		longest = max(longest, row.Length)
		lengths[row.Length] = true
		if _, share, ok := split(row.Policy); ok {
			shares[share] = true
		}
	}
	c := draw.Curves{Title: fmt.Sprintf("Recall (%s), %s", r.drawn(), r.Model)}
	var at []float64
	x := func(row *Row) (name string, x float64) { return row.Policy, float64(row.Length) }
	if len(shares) > 1 {
		c.XLabel = fmt.Sprintf("share of %d tokens that is read or kept", longest)
		for s := range shares {
			at = append(at, s)
		}
		x = func(row *Row) (string, float64) {
			name, share, ok := split(row.Policy)
			if !ok || row.Length != longest {
				return name, math.NaN()
			}
			return name, share
		}
	} else {
		c.XLabel = "tokens"
		for n := range lengths {
			at = append(at, float64(n))
		}
	}
	slices.Sort(at)
	for _, a := range at {
		c.X = append(c.X, strconv.FormatFloat(a, 'g', -1, 64))
	}
	for _, row := range r.Rows {
		name, place := x(row)
		i := slices.Index(at, place)
		if i < 0 {
			continue
		}
		l := slices.IndexFunc(c.Lines, func(l draw.Line) bool { return l.Name == name })
		if l < 0 {
			l = len(c.Lines)
			c.Lines = append(c.Lines, draw.Line{Name: name, Y: slices.Repeat([]float64{math.NaN()}, len(at)), Bold: name == "dense"})
		}
		c.Lines[l].Y[i] = row.Recall[r.drawn()]
	}
	return c.WriteSVG(w)
}

// split is the share that a policy of one part was asked for, and the policy without it.
func split(policy string) (name string, share float64, ok bool) {
	name, text, ok := strings.Cut(policy, ":")
	if !ok {
		return name, 0, false
	}
	text, rest, more := strings.Cut(text, "+")
	if more {
		name += "+" + rest
	}
	share, err := strconv.ParseFloat(text, 64)
	return name, share, err == nil
}
