package attend

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/model/decoder"
)

// line is a row in a file of results, under the name of what it was measured with.
type line struct {
	With string `json:"with"`
	Row  *Row   `json:"row"`
}

// with names everything that rows depend on beside policies and lengths: rows of other settings stand
// in the same file and are let be.
func (o *Options) with(d *decoder.Decoder) string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%q %v %v", d.Name, d.Config, o.Text)
	return fmt.Sprintf("model and text %016x, %s, %d texts, %d questions, %d steps, seed %d", h.Sum64(), strings.Join(o.Tasks, " "), o.Trials, o.Questions, o.Steps, o.Seed)
}

// resume is Run with rows that are kept in a file, batch by batch: a batch is one policy at all its shares,
// and dense attention, at one length. What is in the file is not measured again.
func (o Options) resume(ctx context.Context, d *decoder.Decoder) (r *Report, err error) {
	with := o.with(d)
	have, err := kept(o.State, with)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(o.State, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := endLine(o.State, f); err != nil {
		return nil, err
	}
	r = &Report{Model: d.Name, Trials: o.Trials, Steps: o.Steps, text: o.Text != "", tasks: o.Tasks}
	for _, n := range o.Lengths {
		for _, policies := range batches(o.Policies) {
			var rows []*Row
			for _, p := range append([]string{"dense"}, policies...) {
				if row := have[place{p, n}]; row != nil {
					rows = append(rows, row)
				}
			}
			if missing := slices.ContainsFunc(policies, func(p string) bool { return have[place{p, n}] == nil }); missing {
				one := o
				one.State, one.Policies, one.Lengths = "", policies, []int{n}
				done, err := Run(ctx, d, one)
				if err != nil {
					return r, err
				}
				rows = done.Rows
				if err := keep(f, with, rows); err != nil {
					return r, err
				}
			}
			for _, row := range rows {
				if row.Policy != "dense" || !slices.ContainsFunc(r.Rows, func(other *Row) bool { return other.Policy == "dense" && other.Length == n }) {
					r.Rows = append(r.Rows, row)
				}
			}
		}
	}
	return r, nil
}

type place struct {
	policy string
	length int
}

// kept are the rows of a file that were measured with the same.
func kept(path, with string) (map[place]*Row, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	rows := map[place]*Row{}
	for i, text := range bytes.SplitAfter(data, []byte("\n")) {
		var l line
		switch err := json.Unmarshal(text, &l); {
		case len(bytes.TrimSpace(text)) == 0:
		case err == nil && l.Row != nil:
			if l.With == with {
				rows[place{l.Row.Policy, l.Row.Length}] = l.Row
			}
		case text[len(text)-1] == '\n' && !broken(text):
			return nil, fmt.Errorf("%s, line %d, is not a result of this command: name another file, or take the line out", path, i+1)
		}
	}
	return rows, nil
}

// broken says whether a line is the beginning of a result, whose writing was broken off.
func broken(text []byte) bool { return bytes.HasPrefix(text, []byte(`{"with":`)) }

// endLine ends a last line that was broken off.
func endLine(path string, f *os.File) error {
	data, err := os.ReadFile(path)
	if err == nil && len(data) > 0 && data[len(data)-1] != '\n' {
		_, err = f.WriteString("\n")
	}
	return err
}

func keep(w io.Writer, with string, rows []*Row) error {
	var out bytes.Buffer
	for _, row := range rows {
		data, err := json.Marshal(line{with, row})
		if err != nil {
			return err
		}
		out.Write(append(data, '\n'))
	}
	_, err := w.Write(out.Bytes())
	return err
}

// batches are policies that differ in their shares alone.
func batches(policies []string) (all [][]string) {
	at := map[string]int{}
	for _, p := range policies {
		name, _, _ := split(p)
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name], all = i, append(all, nil)
		}
		if p != "dense" && !slices.Contains(all[i], p) {
			all[i] = append(all[i], p)
		}
	}
	return all
}
