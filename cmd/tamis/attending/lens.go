package attending

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/lens"
	"github.com/tamis-search/tamis/internal/replace"
)

// Lens is tamis eval lens.
func (c *Console) Lens() *cobra.Command {
	var (
		o                  lens.Options
		model, read, write string
		threads            int
		asJSON             bool
	)
	cmd := &cobra.Command{
		Use:   "lens --llm FILE.gguf --text FILE [--html FILE]",
		Short: "What a text becomes inside of a language model, layer by layer",
		Long: `lens reads a text with a model and says of each layer:

  linear       the share of its states that an affine map of the states before
               gives, on tokens that the map was not fitted to; in brackets on those
               that it was; and of what the layer adds alone
  context      how many nats a state tells of the tokens 1, 2 and 4 before its own,
               beyond how often these come, as an affine map reads them out of it; and
               of how many there are to tell
  next token   its mean probability, and nats, if the model ended there, and how often
               it would choose as the last layer does
  dimension    how many numbers would do to say where states lie
  anisotropy   the share of the variance that lies in one direction

and which kinds of tokens carry most of their past, and are moved least linearly. Layer 0 is
what comes to the first. --html writes it as one page, with pictures and the text itself.

Half of the windows judge what was fitted on the other half, so that a text needs about four
tokens for each number of a state. The first token of a window is left out.`,
		Example: `  tamis eval lens --llm SmolLM2-135M-Instruct.Q4_1.gguf --text book.txt --html lens.html
  tamis eval lens --llm SmolLM2-135M-Instruct.Q4_1.gguf --text book.txt --tokens 2048 --json`,
		Args: flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case model == "" || read == "":
				return flags.Usagef("give --llm and --text; see tamis eval lens --help")
			case o.Tokens < 0 || o.Window < 0 || threads < 0:
				return flags.Usagef("--tokens, --window and --threads are 0 or more")
			}
			data, err := os.ReadFile(read)
			if err != nil {
				return err
			}
			d, done, err := open(model)
			if err != nil {
				return err
			}
			defer done()
			if threads > 0 {
				d.Threads = threads
			}
			here := func() {}
			if c.Progress != nil {
				o.Progress = func(done, all int) { fmt.Fprintf(c.Progress, "\r\x1b[K%d of %d", done, all) }
				here = func() { fmt.Fprint(c.Progress, "\r\x1b[K") }
			}
			r, err := lens.Run(cmd.Context(), d, strings.ToValidUTF8(string(data), "\uFFFD"), o)
			here()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", filepath.Base(model), filepath.Base(read), err)
			}
			r.Model, r.Text = filepath.Base(model), filepath.Base(read)
			if write != "" {
				var b bytes.Buffer
				if err := r.WriteHTML(&b); err != nil {
					return err
				}
				if err := replace.File(write, b.Bytes()); err != nil {
					return err
				}
			}
			if asJSON {
				return c.JSON(r)
			}
			return r.WriteTable(c.Out)
		},
	}
	f := cmd.Flags()
	f.StringVar(&model, "llm", "", "GGUF file or folder of a language model, #f32 behind it for exact products")
	f.StringVar(&read, "text", "", "file of text")
	f.IntVar(&o.Tokens, "tokens", lens.DefaultTokens, "tokens that are read at most; fewer where their states would take more than 4 GB")
	f.IntVar(&o.Window, "window", lens.DefaultWindow, "tokens that are read by themselves")
	f.IntVar(&threads, "threads", 0, "threads of the model (default: all)")
	f.StringVar(&write, "html", "", "write the report as one HTML page to this file")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
