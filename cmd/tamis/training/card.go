package training

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/encode/lsi"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/train"
)

// writeCard writes the card of a model, README.md of its folder.
func writeCard(dir string, m *lsi.Model, g *train.Gain) error {
	var b strings.Builder
	title, by := "Vectors of one corpus", "vectors"
	if m.Expansion() != nil {
		title, by = "Vectors and lent terms of one corpus", "expansion"
	}
	fmt.Fprintf(&b, `# %s

Made by `+"`tamis train %s`"+`: latent semantic indexing of %d passages, %d terms, %d numbers a
vector, analysis %s, seed %d. It holds words of the texts that it was learned from and which of
them stand together: who may not see these texts should not get it, and their licence is its own.

`, title, by, m.Passages, m.Terms(), m.Width(), m.Analyzer, m.Seed)
	if x := m.Expansion(); x != nil {
		fmt.Fprintf(&b, `%d of the passages lend terms to those that are most like them; expansion.bin holds their terms.

`, x.Passages())
	}
	if g == nil {
		b.WriteString("Not examined: the corpus has too few headings and titles to ask by.\n")
	} else {
		d := g.Difference
		fmt.Fprintf(&b, `Examined by a model that saw four documents of five: %d questions made of headings and titles of
the fifth ones, over %d passages without these: nDCG@10 %.4f by words, %.4f by words and what was learned
(difference %+.4f, 95%% of %+.4f to %+.4f, p %.4f).
`, g.Questions, g.Passages, g.Words, g.Both, d.Mean, d.Low, d.High, d.P)
	}
	return replace.File(filepath.Join(dir, "README.md"), []byte(b.String()))
}
