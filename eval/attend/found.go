package attend

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// Found is what one operator finds of a task, beside the same model that reads everything: a line of the
// table of all of them.
type Found struct {
	Task     string  `json:"task"`
	Operator string  `json:"operator"`
	Model    string  `json:"model"`
	Length   int     `json:"length"` // tokens of texts
	Read     float64 `json:"read"`   // share of the tokens that a step of decoding reads, or of the positions that are left of them
	Recall   float64 `json:"recall"`
	Beside   float64 `json:"beside"` // recall of that model where it reads everything
	Asked    int     `json:"asked"`
}

const dense = "dense"

// Found are the rows of a report, those of everything first.
func (r *Report) Found() (all []Found) {
	whole := map[int]*Row{}
	for _, row := range r.Rows {
		if row.Policy == dense {
			whole[row.Length] = row
		}
	}
	for _, row := range r.Rows {
		beside := whole[row.Length]
		if beside == nil {
			continue
		}
		for task, recall := range row.Recall {
			all = append(all, Found{Task: task, Operator: row.Policy, Model: r.Model, Length: row.Length, Read: row.ReadStep,
				Recall: recall, Beside: beside.Recall[task], Asked: row.Asked[task]})
		}
	}
	return all
}

// Found are the rows of a report. Models that were trained with sparse attention stand beside the one of the
// same task that was trained with dense.
func (r *TrainedReport) Found() (all []Found) {
	type cell struct {
		task   string
		length int
	}
	whole := map[cell]float64{}
	for _, row := range r.Rows {
		if row.Attention == dense {
			whole[cell{row.Task, row.Length}] = row.Recall
		}
	}
	for _, row := range r.Rows {
		if beside, ok := whole[cell{row.Task, row.Length}]; ok {
			all = append(all, Found{Task: row.Task, Operator: row.Attention, Model: "trained with it", Length: row.Length, Read: row.ReadStep,
				Recall: row.Recall, Beside: beside, Asked: row.Asked})
		}
	}
	return all
}

// Found are the rows of a report; what is opened at random is an operator too, to compare with.
func (r *CompressedReport) Found() (all []Found) {
	type cell struct {
		task   string
		length int
	}
	whole := map[cell]CompressedRow{}
	for _, row := range r.Rows {
		if row.Read == "all" {
			whole[cell{row.Task, row.Length}] = row
		}
	}
	for _, row := range r.Rows {
		beside, ok := whole[cell{row.Task, row.Length}]
		if !ok || beside.Positions == 0 {
			continue
		}
		operator := row.Read
		if operator == "all" {
			operator = dense
		}
		if row.Open != "none" {
			operator += ", open " + row.Open
		}
		all = append(all, Found{Task: row.Task, Operator: operator, Model: "reads vectors", Length: row.Length, Read: row.Positions / beside.Positions,
			Recall: row.Recall, Beside: beside.Recall, Asked: row.Asked})
	}
	return all
}

// WriteFound writes a line for each, by task, length, model and how much is read.
func WriteFound(w io.Writer, all []Found) error {
	slices.SortStableFunc(all, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Length, b.Length), cmp.Compare(a.Model, b.Model), cmp.Compare(b.Read, a.Read), cmp.Compare(a.Operator, b.Operator))
	})
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "task\ttokens\tmodel\toperator\treads\tfinds\teverything finds\tasked")
	for _, f := range all {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%.1f %%\t%.1f %%\t%.1f %%\t%d\n", f.Task, f.Length, f.Model, f.Operator, 100*f.Read, 100*f.Recall, 100*f.Beside, f.Asked)
	}
	return t.Flush()
}
