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

// trained are the suites of models that are trained here: of their attention, and of contexts that they read as vectors.
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
	if o.suite == "compressed" && len(o.shares) == 0 {
		o.shares = []float64{.1}
	}
	if t.Models == "" {
		if t.Models, err = os.MkdirTemp("", "tamis-trained-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(t.Models)) }()
	}
	here := c.watching(&t.Watch)
	if o.suite == "compressed" {
		r, err := attend.Compressed(cmd.Context(), attend.CompressedOptions{TrainedOptions: t, Compressors: o.Policies, Open: o.shares})
		here()
		if len(r.Rows) == 0 {
			return err
		}
		if o.asJSON {
			return errors.Join(c.JSON(r), err)
		}
		return errors.Join(r.WriteTable(c.Out), err)
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

// watching shows how far it is, until the function that it returns is called.
func (c *Console) watching(watch *func(what string)) (done func()) {
	if c.Progress == nil {
		return func() {}
	}
	*watch = func(what string) { fmt.Fprintf(c.Progress, "\r\x1b[K%s", what) }
	return func() { fmt.Fprint(c.Progress, "\r\x1b[K") }
}

func checkTrained(cmd *cobra.Command, o *options, t attend.TrainedOptions) error {
	for _, name := range []string{"model", "text", "steps", "state", "plot", "mask", "calibrate", "threads"} {
		if cmd.Flags().Changed(name) {
			return flags.Usagef("--%s does not go with --suite %s", name, o.suite)
		}
	}
	kinds, tasks := train.Attentions, train.Tasks()
	if o.suite == "compressed" {
		kinds, tasks = train.Compressors(), train.CompressorTasks()
	} else if cmd.Flags().Changed("shares") {
		return flags.Usagef("--shares does not go with --suite trained")
	}
	for _, s := range o.shares {
		if !(s > 0 && s <= 1) {
			return flags.Usagef("--shares holds %g: use numbers above 0, and 1 at most", s)
		}
	}
	for _, name := range t.Tasks {
		if !slices.Contains(tasks, name) {
			return flags.Usagef("--tasks holds %q: with --suite %s there are %s", name, o.suite, strings.Join(tasks, ", "))
		}
	}
	for _, name := range o.Policies {
		if !slices.Contains(kinds, name) {
			return flags.Usagef("--policies holds %q: with --suite %s there are %s", name, o.suite, strings.Join(kinds, ", "))
		}
	}
	if o.Trials < 1 || o.Trials > 1000 || o.Questions < 1 || o.Questions > 32 {
		return flags.Usagef("--trials is %d and --questions %d: use 1 to 1000, and with --suite %s 1 to 32", o.Trials, o.Questions, o.suite)
	}
	for _, n := range t.Lengths {
		if least, most := 16+12*o.Questions, 1<<16; n < least || n > most {
			return flags.Usagef("--lengths holds %d: with --suite %s and %d questions use %d to %d", n, o.suite, o.Questions, least, most)
		}
	}
	return nil
}
