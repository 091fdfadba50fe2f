package attend

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
)

// Found is what one operator finds of a task, beside the same model that reads everything: a line of the
// table of all of them.
type Found struct {
	Task     string  `json:"task"`
	Operator string  `json:"operator"`
	Model    string  `json:"model"`
	Length   int     `json:"length"`            // tokens of texts
	Prefill  float64 `json:"prefill,omitempty"` // share of the keys that prefill reads; 0 where it reads vectors
	Read     float64 `json:"read"`              // share of the tokens that a step of decoding reads, or of the positions that are left of them
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
			all = append(all, Found{Task: task, Operator: row.Policy, Model: r.Model, Length: row.Length, Prefill: row.Read, Read: row.ReadStep,
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
			all = append(all, Found{Task: row.Task, Operator: row.Attention, Model: "trained with it", Length: row.Length, Prefill: row.Read, Read: row.ReadStep,
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

// WriteFound writes a table for each model: a line for each operator, those that read most first, and of each task a column
// for each length.
func WriteFound(w io.Writer, all []Found) error {
	for i, model := range inOrder(all, func(f Found) string { return f.Model }) {
		if i > 0 {
			fmt.Fprintln(w)
		}
		some := slices.DeleteFunc(slices.Clone(all), func(f Found) bool { return f.Model != model })
		if err := writeFound(w, model, some); err != nil {
			return err
		}
	}
	return nil
}

// inOrder are the values that there are, in the order in which they come first.
func inOrder[T comparable](all []Found, of func(Found) T) (values []T) {
	for _, f := range all {
		if v := of(f); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

func writeFound(w io.Writer, model string, all []Found) error {
	const prefill, step = "prefill", "step" // shares that are read, in the mean over tasks, which differ in little
	type cell struct {
		operator, task string
		length         int
	}
	sums, counts, asked := map[cell]float64{}, map[cell]float64{}, map[cell]int{}
	for _, f := range all {
		for task, v := range map[string]float64{prefill: f.Prefill, step: f.Read, f.Task: f.Recall} {
			at := cell{f.Operator, task, f.Length}
			sums[at], counts[at] = sums[at]+v, counts[at]+1
		}
		asked[cell{"", f.Task, f.Length}] = f.Asked
	}
	lengths := inOrder(all, func(f Found) int { return f.Length })
	slices.Sort(lengths)
	longest := lengths[len(lengths)-1]
	operators := inOrder(all, func(f Found) string { return f.Operator })
	slices.SortFunc(operators, func(a, b string) int {
		mean := func(operator, what string) float64 {
			at := cell{operator, what, longest}
			return sums[at] / max(1, counts[at])
		}
		both := func(operator string) float64 { return mean(operator, prefill) + mean(operator, step) }
		return cmp.Or(cmp.Compare(both(b), both(a)), cmp.Compare(a, b))
	})
	tasks := inOrder(all, func(f Found) string { return f.Task })
	slices.Sort(tasks)
	shares := []string{prefill, step}
	if !slices.ContainsFunc(all, func(f Found) bool { return f.Prefill > 0 }) {
		shares = shares[1:]
	}

	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(name string, of func(task string, length int) string) {
		fmt.Fprint(t, name)
		for _, task := range slices.Concat(shares, tasks) {
			for _, n := range lengths {
				fmt.Fprint(t, "\t"+of(task, n))
			}
		}
		fmt.Fprint(t, "\t\n")
	}
	line(model, func(task string, length int) string {
		switch {
		case length > lengths[0]:
			return ""
		case task == step && len(shares) == 1:
			return "positions"
		}
		return task
	})
	line("tokens", func(_ string, length int) string { return strconv.Itoa(length) })
	for _, operator := range operators {
		line(operator, func(task string, length int) string {
			at := cell{operator, task, length}
			if counts[at] == 0 {
				return "-"
			}
			return fmt.Sprintf("%.1f", 100*sums[at]/counts[at])
		})
	}
	line("asked", func(task string, length int) string {
		if task == prefill || task == step {
			return ""
		}
		return strconv.Itoa(asked[cell{"", task, length}])
	})
	return t.Flush()
}

// part is a line in a file of what was found: a part of the table, under the name of all that it depends on.
type part struct {
	With  string  `json:"with"`
	Found []Found `json:"found"`
}

// Kept is what measure finds, kept in a file under the name of all that it depends on, or what the file has under
// that name. Without a file it is measured.
func Kept(path, with string, measure func() ([]Found, error)) (found []Found, err error) {
	if path == "" {
		return measure()
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for i, text := range bytes.SplitAfter(data, []byte("\n")) {
		var p part
		switch err := json.Unmarshal(text, &p); {
		case len(bytes.TrimSpace(text)) == 0:
		case err == nil && p.With == with && len(p.Found) > 0:
			return p.Found, nil
		case err != nil && text[len(text)-1] == '\n' && !broken(text):
			return nil, fmt.Errorf("%s, line %d, is not a result of this command: name another file, or take the line out", path, i+1)
		}
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666) // before it is measured: minutes are not to be lost
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if found, err = measure(); err != nil || len(found) == 0 {
		return found, err
	}
	line, err := json.Marshal(part{with, found})
	if err == nil {
		err = endLine(path, f)
	}
	if err != nil {
		return found, err
	}
	_, err = f.Write(append(line, '\n'))
	return found, err
}
