package attending

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/attend"
	"github.com/tamis-search/tamis/internal/screen"
)

// all is one table of every operator: policies on the built model and on one of the user's, attention that models are
// trained with, and contexts that they read as vectors.
func (c *Console) all(cmd *cobra.Command, o *options) (err error) {
	for _, name := range []string{"tasks", "policies", "shares", "steps", "state", "plot", "mask", "calibrate"} {
		if cmd.Flags().Changed(name) {
			return flags.Usagef("--%s does not go with --suite all", name)
		}
	}
	if (o.model == "") != (o.text == "") {
		return flags.Usagef("--model needs --text FILE, a text that the model has not seen, in which facts are hidden, and --text a --model")
	}
	if !cmd.Flags().Changed("questions") {
		o.Questions = 8
	}
	if len(o.Lengths) == 0 {
		o.Lengths = []int{1024, 4096}
	}
	for _, n := range o.Lengths {
		if least := 64 + 16*o.Questions; n < least || n > 1<<16 {
			return flags.Usagef("--lengths holds %d: with --suite all and %d questions use %d to %d", n, o.Questions, least, 1<<16)
		}
	}
	if o.Trials < 1 || o.Trials > 1000 || o.Questions < 1 || o.Questions > 20 {
		return flags.Usagef("--trials is %d and --questions %d: use 1 to 1000, and with --suite all 1 to 20", o.Trials, o.Questions)
	}
	if o.models == "" {
		if o.models, err = os.MkdirTemp("", "tamis-trained-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(o.models)) }()
	}
	found, failed := c.every(cmd, o)
	if len(found) == 0 {
		return failed
	}
	if o.asJSON {
		return errors.Join(c.JSON(found), failed)
	}
	if err := attend.WriteFound(c.Out, found); err != nil {
		return errors.Join(err, failed)
	}
	_, err = fmt.Fprintln(c.Out, "\nreads: the keys that a step of decoding reads, of all tokens so far, or the positions that are left of them; everything finds: the same model where it reads everything,\nbeside models that are trained with an attention one of the same task that is trained with dense attention")
	return errors.Join(err, failed)
}

// every measures them one after the other; where one fails, what was done before it is there.
func (c *Console) every(cmd *cobra.Command, o *options) (found []attend.Found, err error) {
	ctx := cmd.Context()
	for _, model := range []string{"", o.model}[:1+min(1, len(o.model))] {
		policies := *o
		if policies.model = model; model != "" {
			data, err := os.ReadFile(o.text)
			if err != nil {
				return found, err
			}
			policies.Text = strings.ToValidUTF8(string(data), "\uFFFD")
		}
		d, done, err := open(model)
		if err != nil {
			return found, err
		}
		if o.threads > 0 {
			d.Threads = o.threads
		}
		policies.fill(d.Positions)
		here := c.watching(&policies.Watch)
		r, err := attend.Run(ctx, d, policies.Options)
		here()
		done()
		if r != nil {
			if r.Model = "built"; model != "" {
				r.Model = screen.Name(filepath.Base(strings.TrimSuffix(model, "#f32")))
			}
			found = append(found, r.Found()...)
		}
		if err != nil {
			return found, err
		}
	}
	t := attend.TrainedOptions{Lengths: o.Lengths, Trials: o.Trials, Questions: o.Questions, Seed: o.Seed, Models: o.models}
	if t.Text, err = textOf(cmd, ""); err != nil {
		return found, err
	}
	here := c.watching(&t.Watch)
	defer here()
	trained, err := attend.Trained(ctx, t)
	found = append(found, trained.Found()...)
	if err != nil {
		return found, err
	}
	compressed, err := attend.Compressed(ctx, attend.CompressedOptions{TrainedOptions: t, Open: []float64{.1}})
	return append(found, compressed.Found()...), err
}
