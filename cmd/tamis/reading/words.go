package reading

import (
	"fmt"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/corpus/keyphrase"
	"github.com/tamis-search/tamis/text"
)

// FindWords adds the n phrases that say most of what a document is about, and the acronyms
// that it defines.
func (d *Document) FindWords(n int) error {
	if d.Status != "ok" || n == 0 {
		return nil
	}
	lang := d.Lang
	if lang == "" {
		lang = text.DetectLanguage(d.Text)
	}
	a, err := text.NewAnalyzer(text.AnalyzerName("", lang))
	if err != nil {
		return err
	}
	prose := []byte(d.Text)
	for _, b := range d.Blocks {
		if b.Kind == corpus.Code.String() {
			copy(prose[b.Start:b.End], strings.Repeat("\n", b.End-b.Start))
		}
	}
	d.Keyphrases = keyphrase.Extract(a, string(prose), n, nil)
	seen := map[string]bool{}
	for _, x := range acronym.Find(d.Text) {
		if key := x.Short + "\x00" + strings.ToLower(x.Long); !seen[key] {
			seen[key] = true
			d.Acronyms = append(d.Acronyms, x)
		}
	}
	return nil
}

// words are these for people.
func (d *Document) words() string {
	var b strings.Builder
	for _, p := range d.Keyphrases {
		fmt.Fprintf(&b, "  %-3d %s\n", p.Count, p.Text)
	}
	for _, x := range d.Acronyms {
		fmt.Fprintf(&b, "  %s = %s\n", x.Short, x.Long)
	}
	return b.String()
}
