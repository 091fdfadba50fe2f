package main

import (
	"fmt"

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
input). A vector is a list of numbers or a map of word: weight, as the model makes
them. A title stands before its text with ". " between.`,
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
			e, err := encode.Open(dir, weights)
			if err != nil {
				return err
			}
			defer e.Close()
			return encoding.File(cmd.Context(), a.out, a.in, e, args[0], use)
		},
	}
	f := cmd.Flags()
	f.StringVar(&dir, "model", "", "folder of the model")
	f.BoolVar(&query, "query", false, "the texts are questions, where the model treats them differently")
	f.StringVar(&precision, "precision", "f32", "of the weights: f32, or int8, which is faster")
	return cmd
}

func (a *app) modelsCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "models DIR...",
		Short: "Say what model folders are, whether they load, and how fast they are here",
		Args:  flags.AtLeastOne("DIR"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return encoding.Models(cmd.Context(), a.out, a.warn, args, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, an object a line for each folder")
	return cmd
}
