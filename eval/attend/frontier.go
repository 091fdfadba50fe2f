package attend

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// point is how far below dense attention recall counts as the same.
const point = .01

// WriteFrontier writes, for each length, what policies recall at each share, all tasks in the mean, and
// the least share from which on no task loses more than a point to dense attention, with what it costs.
func (r *Report) WriteFrontier(w io.Writer) error {
	var lengths []int
	var shares []float64
	for _, row := range r.Rows {
		if !slices.Contains(lengths, row.Length) {
			lengths = append(lengths, row.Length)
		}
		if _, share, ok := split(row.Policy); ok && !slices.Contains(shares, share) {
			shares = append(shares, share)
		}
	}
	slices.Sort(shares)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, n := range lengths {
		fmt.Fprintf(t, "%d tokens\t", n)
		for _, s := range shares {
			fmt.Fprintf(t, "%g\t", s)
		}
		fmt.Fprintln(t, "from\tread\tread a step\tprefill\tstep\tcache\t")
		var dense *Row
		var names []string
		rows := map[string][]*Row{}
		for _, row := range r.Rows {
			if row.Length != n {
				continue
			}
			if row.Policy == "dense" {
				dense = row
			}
			name, _, _ := split(row.Policy)
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			rows[name] = append(rows[name], row)
		}
		for _, name := range names {
			r.frontier(t, name, rows[name], dense, shares)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w, "recall of all tasks in the mean, in per cent, by share; from is the least share from which on no task loses more than a point to dense attention, and what it reads and takes there")
	return err
}

// frontier is the line of a policy.
func (r *Report) frontier(w io.Writer, name string, rows []*Row, dense *Row, shares []float64) {
	fmt.Fprintf(w, "%s\t", name)
	at := make([]*Row, len(shares))
	var same *Row
	from, any := 0., false
	for _, row := range rows {
		_, share, ok := split(row.Policy)
		if i := slices.Index(shares, share); ok && i >= 0 {
			at[i] = row
		} else if any = r.holds(row, dense); any {
			same = row
		}
	}
	for i := len(at) - 1; i >= 0; i-- {
		if at[i] == nil {
			continue
		}
		if !r.holds(at[i], dense) {
			break
		}
		same, from = at[i], shares[i]
	}
	for _, row := range at {
		switch {
		case row != nil:
			fmt.Fprintf(w, "%.1f\t", 100*r.mean(row))
		case len(rows) == 1:
			fmt.Fprintf(w, "%.1f\t", 100*r.mean(rows[0]))
		default:
			fmt.Fprint(w, "\t")
		}
	}
	switch {
	case same == nil:
		fmt.Fprintln(w, "none\t\t\t\t\t\t")
		return
	case any:
		fmt.Fprint(w, "any\t")
	default:
		fmt.Fprintf(w, "%g\t", from)
	}
	fmt.Fprintf(w, "%.1f %%\t%.1f %%\t%.2f×\t%.2f×\t%.2f×\t\n", 100*same.Read, 100*same.ReadStep, same.PrefillGain, same.StepGain, same.CacheShare)
}

// holds says whether no task loses more than a point.
func (r *Report) holds(row, dense *Row) bool {
	return !slices.ContainsFunc(r.tasks, func(task string) bool { return row.Recall[task] < dense.Recall[task]-point-1e-9 })
}

func (r *Report) mean(row *Row) (sum float64) {
	for _, task := range r.tasks {
		sum += row.Recall[task] / float64(len(r.tasks))
	}
	return sum
}
