package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/model"
)

func (a *app) encodeCommand() *cobra.Command {
	var dir, precision string
	var query bool
	cmd := &cobra.Command{
		Use:   "encode --model DIR [--query] [--precision f32|int8] FILE",
		Short: "Make vectors of texts with a model in a folder",
		Long: `encode prints a line of JSON, {"id", "vector"}, for each record of FILE, which is
JSON Lines of "_id" or "id", "title" and "text" (gzipped or not, "-" is standard
input). A vector is a list of numbers, a map of word: weight, or a list of the vectors
of tokens, as the model makes them; of a model with labels, their scores, of which it
reads title and text as a pair. Else a title stands before its text with ". " between.`,
		Example: "  tamis encode --model ~/models/all-MiniLM-L6-v2 corpus.jsonl > vectors.jsonl",
		Args:    flags.Exact("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if dir == "" {
				return flags.UsageError{Err: fmt.Errorf("--model DIR is needed: a folder with config.json, model.safetensors and a tokenizer")}
			}
			weights, ok := map[string]model.Precision{"f32": model.F32, "int8": model.Int8}[precision]
			if !ok {
				return flags.UsageError{Err: fmt.Errorf("--precision %s: f32 and int8 are the two there are", screen.Name(precision))}
			}
			use := encode.Passage
			if query {
				use = encode.Query
			}
			open := encoding.Open
			if query {
				open = encoding.ForQuestions
			}
			e, err := open(cmd.Context(), dir, weights)
			if err != nil {
				return err
			}
			defer e.Close()
			return encoding.File(cmd.Context(), a.out, a.in, e, args[0], use)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "model", "", "folder, name or address of the model")
	f.BoolVar(&query, "query", false, "the texts are questions, where the model treats them differently")
	f.StringVar(&precision, "precision", "f32", "of the weights: f32, or int8, which is faster")
	return cmd
}

func (a *app) modelsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "models DIR... | pull NAME...",
		Short: "Say what model folders are, whether they load, and how fast they are here",
		Args:  flags.AtLeastOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return encoding.Models(cmd.Context(), a.out, a.warn, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, an object a line for each folder")
	cmd.AddCommand(a.pullCommand())
	return cmd
}

func (a *app) pullCommand() *cobra.Command {
	var asJSON bool
	var revision string
	cmd := &cobra.Command{
		Use:   "pull [NAME...]",
		Short: "Fetch published models by name, or list the names that there are",
		Long: `pull fetches models from the Hugging Face hub, or from $HF_ENDPOINT, into the
folders where the hub's own tools keep them ($HF_HUB_CACHE, $HF_HOME/hub,
~/.cache/huggingface/hub), goes on where it was stopped, and checks and prints the
digest of each file. NAME is one of a short list, which pull prints without a name,
or OWNER/MODEL. Nothing else in tamis asks the network for a model.

Without a network, bring the folder here by hand (config.json, model.safetensors,
tokenizer.json) and name it with --model.`,
		Example: "  tamis models pull\n  tamis models pull minilm\n  tamis index --model minilm ~/notes",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return encoding.Known(a.out, asJSON)
			}
			return encoding.Pull(cmd.Context(), a.out, args, revision, asJSON, a.fetching())
		},
	}
	cmd.Flags().StringVar(&revision, "revision", "", "branch, tag or commit (default: that of the list, else main)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, an object a line for each model")
	return cmd
}

// fetching shows on a terminal how much of a file is there; nil where nobody watches.
func (a *app) fetching() func(file string, done, size int64) {
	if a.progress == nil || a.quiet {
		return nil
	}
	var last time.Time
	return func(file string, done, size int64) {
		if now := time.Now(); done == size || now.Sub(last) > time.Second/4 {
			last = now
			fmt.Fprintf(a.progress, "\r\x1b[K%s  %.1f of %.1f MB", screen.Name(file), float64(done)/1e6, float64(size)/1e6)
			if done == size {
				fmt.Fprint(a.progress, "\r\x1b[K")
			}
		}
	}
}
