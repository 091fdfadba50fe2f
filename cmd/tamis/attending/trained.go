package attending

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/attend"
	"github.com/tamis-search/tamis/model/train"
)

// trained is the suite of models that are trained here.
func (c *Console) trained(cmd *cobra.Command, o *options) (err error) {
	t := attend.TrainedOptions{Attentions: o.Policies, Lengths: o.Lengths, Trials: o.Trials, Questions: o.Questions, Seed: o.Seed, Models: o.models}
	if cmd.Flags().Changed("tasks") {
		t.Tasks = o.Tasks
	}
	if len(t.Lengths) == 0 {
		t.Lengths = []int{256, 1024, 4096, 16384}
	}
	if err := checkTrained(cmd, o, t); err != nil {
		return err
	}
	if t.Models == "" {
		if t.Models, err = os.MkdirTemp("", "tamis-trained-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(t.Models)) }()
	}
	here := func() {}
	if c.Progress != nil {
		t.Watch = func(what string) { fmt.Fprintf(c.Progress, "\r\x1b[K%s", what) }
		here = func() { fmt.Fprint(c.Progress, "\r\x1b[K") }
	}
	r, err := attend.Trained(cmd.Context(), t)
	here()
	if len(r.Rows) == 0 {
		return err
	}
	if o.asJSON {
		return errors.Join(c.JSON(r), err)
	}
	return errors.Join(r.WriteTable(c.Out), err)
}

func checkTrained(cmd *cobra.Command, o *options, t attend.TrainedOptions) error {
	for _, name := range []string{"model", "text", "shares", "steps", "state", "plot", "mask", "calibrate", "threads"} {
		if cmd.Flags().Changed(name) {
			return flags.Usagef("--%s does not go with --suite trained", name)
		}
	}
	for _, name := range t.Tasks {
		if !slices.Contains(train.Tasks(), name) {
			return flags.Usagef("--tasks holds %q: with --suite trained there are %s", name, strings.Join(train.Tasks(), ", "))
		}
	}
	for _, name := range t.Attentions {
		if !slices.Contains(train.Attentions, name) {
			return flags.Usagef("--policies holds %q: with --suite trained there are %s", name, strings.Join(train.Attentions, ", "))
		}
	}
	if o.Trials < 1 || o.Trials > 1000 || o.Questions < 1 || o.Questions > 32 {
		return flags.Usagef("--trials is %d and --questions %d: use 1 to 1000, and with --suite trained 1 to 32", o.Trials, o.Questions)
	}
	for _, n := range t.Lengths {
		if least, most := 16+12*o.Questions, 1<<16; n < least || n > most {
			return flags.Usagef("--lengths holds %d: with --suite trained and %d questions use %d to %d", n, o.Questions, least, most)
		}
	}
	return nil
}
