package measure

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tamis-search/tamis/cmd/tamis/encoding"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/eval/words"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/vector"
)

func (c *Console) acronymsCommand() *cobra.Command {
	var (
		mentions, dictionary, dir string
		asJSON                    bool
	)
	cmd := &cobra.Command{
		Use:   "acronyms --mentions F --dictionary F",
		Short: "Measure what is made of acronyms in their contexts",
		Long: `acronyms says what acronyms stand for in sentences, chosen among those that a
dictionary lists, and compares that with what people said: accuracy, and F1 over the
senses. It learns from every other sentence, as it does from definitions, and is asked
about the rest; beside it the most common sense, and the first that is listed.`,
		Example: "  tamis eval acronyms --mentions sdu-dev.jsonl --dictionary dictionary.json",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "mentions", "dictionary"); err != nil {
				return err
			}
			m, err := files.Read(mentions, words.ReadMentions)
			if err != nil {
				return err
			}
			d, err := files.Read(dictionary, words.ReadDictionary)
			if err != nil {
				return err
			}
			var near func(a, b string) float64
			if dir != "" {
				if near, err = nearness(cmd.Context(), dir, m, d); err != nil {
					return err
				}
			}
			report, err := words.Acronyms(m, d, near)
			if err != nil {
				return err
			}
			return c.show(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&mentions, "mentions", "", "sentences, JSON Lines of tokens, index, acronym, expansion")
	f.StringVar(&dictionary, "dictionary", "", "the senses of each acronym, a JSON object of lists")
	f.StringVar(&dir, "model", "", "folder, name or address of a model whose vectors weigh too")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// nearness is the cosine of the vectors that a model makes of sentences and senses.
func nearness(ctx context.Context, dir string, mentions []words.Mention, senses map[string][]string) (func(a, b string) float64, error) {
	e, err := encoding.Open(ctx, dir, model.Int8)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	vectors := map[string]vector.Dense{}
	var texts []string
	add := func(s string) {
		if _, ok := vectors[s]; !ok {
			vectors[s] = nil
			texts = append(texts, s)
		}
	}
	for _, m := range mentions {
		add(m.Sentence())
		for _, long := range senses[m.Acronym] {
			add(long)
		}
	}
	i := 0
	for v, err := range encoding.Short(e)(ctx, slices.Values(texts)) {
		if err != nil {
			return nil, err
		}
		d, ok := v.(vector.Dense)
		if !ok {
			return nil, flags.Usagef("--model: the model in %s makes no dense vectors", dir)
		}
		vectors[texts[i]], _ = d.Unit()
		i++
	}
	return func(a, b string) float64 { return float64(vectors[a].Dot(vectors[b])) }, nil
}

func (c *Console) keyphrasesCommand() *cobra.Command {
	var (
		documents string
		part      int
		asJSON    bool
	)
	cmd := &cobra.Command{
		Use:   "keyphrases --documents F",
		Short: "Compare the phrases that are found in texts with those that people gave",
		Long: `keyphrases finds the phrases that say what texts are about and compares them with
those that people gave: F1 among the first 5 and 10 after stemming, against all that were
given, those too that do not stand in the text. Beside it plain forms of YAKE, TextRank
and TF-IDF; TF-IDF and "with the corpus" know how rare words are in the documents.`,
		Example: "  tamis eval keyphrases --documents inspec.jsonl.gz --part 2",
		Args:    flags.Exact(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := required(cmd, "documents"); err != nil {
				return err
			}
			if part < 0 || part > 2 {
				return flags.Usagef("--part is %d: use 0 for all documents, 1 or 2 for every other one", part)
			}
			docs, err := files.Read(documents, words.ReadKeyed)
			if err != nil {
				return err
			}
			report, err := words.Keyphrases(docs, part)
			if err != nil {
				return err
			}
			return c.show(report, asJSON)
		},
	}
	f := cmd.Flags()
	f.StringVar(&documents, "documents", "", "texts, JSON Lines of id, text, keyphrases")
	f.IntVar(&part, "part", 0, "1 for the documents in odd places alone, 2 for the others")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
