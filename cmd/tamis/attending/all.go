package attending

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/attend"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model/train"
)

// all is one table of every operator: policies on the built model and on one of the user's, attention that models are
// trained with, and contexts that they read as vectors.
func (c *Console) all(cmd *cobra.Command, o *options) (err error) {
	for _, name := range []string{"tasks", "policies", "shares", "steps", "plot", "mask", "calibrate"} {
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
	_, err = fmt.Fprintln(c.Out, `
in per cent, by tokens of the texts. prefill, step: the keys that are read there, of all tokens so far; positions: how many are left of
them; then what is found. asked: how many questions a cell is the mean of. Among models that are trained with an attention, dense is
the one of the same task that is trained with dense attention.`)
	return errors.Join(err, failed)
}

// every measures part after part; where one fails, what was done before it is there.
func (c *Console) every(cmd *cobra.Command, o *options) (found []attend.Found, err error) {
	parts, err := c.parts(cmd, o)
	if err != nil {
		return nil, err
	}
	for i, p := range parts {
		var watch func(string)
		here := c.watching(&watch)
		some, err := attend.Kept(o.State, p.with, func() ([]attend.Found, error) {
			return p.measure(func(what string) {
				if watch != nil {
					watch(fmt.Sprintf("%d of %d: %s", i+1, len(parts), what))
				}
			})
		})
		here()
		if found = append(found, some...); err != nil {
			return found, err
		}
	}
	return found, nil
}

// measured is a part of the table, and what it depends on.
type measured struct {
	with    string
	measure func(watch func(string)) ([]attend.Found, error)
}

// parts are those of the table: policies by model and length, then what is trained, by task. What was done of a part is lost
// where it is given up, but for models in --models.
func (c *Console) parts(cmd *cobra.Command, o *options) (parts []measured, err error) {
	ctx := cmd.Context()
	for _, model := range []string{"", o.model}[:1+min(1, len(o.model))] {
		with := fmt.Sprintf("policies, %d texts, %d questions, seed %d", o.Trials, o.Questions, o.Seed)
		if model != "" {
			with += fmt.Sprintf(", %s, %s", named(model), named(o.text))
		}
		for _, n := range o.Lengths {
			parts = append(parts, measured{fmt.Sprintf("%s, %d tokens", with, n), func(watch func(string)) ([]attend.Found, error) {
				return o.policies(ctx, model, n, watch)
			}})
		}
	}
	t := attend.TrainedOptions{Lengths: o.Lengths, Trials: o.Trials, Questions: o.Questions, Seed: o.Seed, Models: o.models}
	with := fmt.Sprintf("%d texts of %d tokens, %d questions, seed %d", o.Trials, o.Lengths, o.Questions, o.Seed)
	if t.Text, err = textOf(cmd, ""); err != nil {
		return nil, err
	}
	for _, task := range t.AllTasks() {
		recipes := "" // errors of recipes are told by who trains
		for _, kind := range train.AttentionsOf(task) {
			r, _ := t.RecipeOf(task, kind)
			recipes += fmt.Sprintf(", %+v", r)
		}
		if task == train.TextTask {
			recipes += ", text " + t.Text.Digest
		}
		parts = append(parts, measured{"trained, " + with + recipes, func(watch func(string)) ([]attend.Found, error) {
			t := t
			t.Tasks, t.Watch = []string{task}, watch
			r, err := attend.Trained(ctx, t)
			return r.Found(), err
		}})
	}
	for _, task := range train.CompressorTasks() {
		recipes := ""
		for _, name := range train.Compressors() {
			r, _ := train.CompressorRecipeOf(task, name, o.Seed)
			recipes += fmt.Sprintf(", %s %+v", name, r)
		}
		parts = append(parts, measured{"compressed, " + with + recipes, func(watch func(string)) ([]attend.Found, error) {
			t := t
			t.Tasks, t.Watch = []string{task}, watch
			r, err := attend.Compressed(ctx, attend.CompressedOptions{TrainedOptions: t, Open: []float64{.1}})
			return r.Found(), err
		}})
	}
	return parts, nil
}

// named is a file as it is now, of a model or a text: what it would be measured as may change with it.
func named(path string) string {
	if info, err := os.Stat(strings.TrimSuffix(path, "#f32")); err == nil {
		return fmt.Sprintf("%s of %d bytes, written %d", path, info.Size(), info.ModTime().UnixNano())
	}
	return path
}

// policies are those on the built model, or on one of the user's, at a length.
func (o *options) policies(ctx context.Context, model string, length int, watch func(string)) (found []attend.Found, err error) {
	own := *o
	own.model, own.Lengths, own.Watch, own.State = model, []int{length}, watch, ""
	if model != "" {
		data, err := os.ReadFile(o.text)
		if err != nil {
			return nil, err
		}
		own.Text = strings.ToValidUTF8(string(data), "\uFFFD")
	}
	d, done, err := open(model)
	if err != nil {
		return nil, err
	}
	defer done()
	if o.threads > 0 {
		d.Threads = o.threads
	}
	own.fill(d.Positions)
	r, err := attend.Run(ctx, d, own.Options)
	if r == nil {
		return nil, err
	}
	if r.Model = "built"; model != "" {
		r.Model = screen.Name(filepath.Base(strings.TrimSuffix(model, "#f32")))
	}
	return r.Found(), err
}
