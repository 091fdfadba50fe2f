package attending

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/rules"
)

// Rules is tamis eval rules.
func (c *Console) Rules() *cobra.Command {
	var (
		model     string
		questions int
		seed      uint64
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "rules --llm FILE.gguf [--questions N]",
		Short: "Whether a language model follows a rule, or the examples that are most alike",
		Long: `rules shows a model things of two words with names, where one of the two words decides what a thing
is called, and asks for the name of another:

  all shown            of its kind too: a model need only look it up
  one kind held back   of the other three kinds, as often: the rule says its name,
                       what is most like it says both as often
  examples disagree    most of what is like it has the other name, so that examples
                       outvote the rule

A model that follows the rule has its name always; one that goes by likeness has it in half of the
questions of the second, and never in those of the third. The words that decide, the names and the
order of the examples are drawn anew for each question.`,
		Example: `  tamis eval rules --llm SmolLM2-135M-Instruct.Q4_1.gguf`,
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case model == "":
				return flags.Usagef("give --llm; see tamis eval rules --help")
			case questions < 2:
				return flags.Usagef("--questions is %d: use 2 or more", questions)
			}
			d, done, err := open(model)
			if err != nil {
				return err
			}
			defer done()
			r, err := rules.Run(cmd.Context(), rules.Of(d), questions, seed)
			if err != nil {
				return err
			}
			if r.Model = filepath.Base(model); asJSON {
				return c.JSON(r)
			}
			return r.WriteTable(c.Out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&model, "llm", "", "GGUF file or folder of a language model, #f32 behind it for exact products")
	f.IntVar(&questions, "questions", 100, "questions of each kind")
	f.Uint64Var(&seed, "seed", 1, "what is drawn at random depends on it alone")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
