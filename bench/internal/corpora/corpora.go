// Package corpora makes the JSON Lines files that the peers read.
package corpora

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/internal/gosrc"
)

// gosrcQuestions is the number of queries on gosrc.
const gosrcQuestions = 200

// Corpus names two JSON Lines files; the documents are indexed Repeat times.
type Corpus struct {
	Name, Docs, Queries string
	Repeat              int
}

// Make writes the files of a corpus into out. "gosrc" is made from the Go
// installation; "nfx100" is nfcorpus a hundred times, "nfx1" once, and so on.
func Make(name, data, out string) (Corpus, error) {
	c := Corpus{
		Name: name, Repeat: 1,
		Docs: filepath.Join(out, name+".docs.jsonl"), Queries: filepath.Join(out, name+".queries.jsonl"),
	}
	if name == "gosrc" {
		return c, makeGosrc(c)
	}
	n, err := strconv.Atoi(strings.TrimPrefix(name, "nfx"))
	if !strings.HasPrefix(name, "nfx") || err != nil || n < 1 {
		return c, errors.New(`unknown corpus: it is "gosrc" or "nfx" and a number`)
	}
	set := filepath.Join(data, "retrieval", "nfcorpus")
	c.Docs, c.Queries, c.Repeat = filepath.Join(set, "corpus.jsonl.gz"), filepath.Join(set, "queries.jsonl"), n
	if _, err := os.Stat(c.Docs); err != nil {
		return c, fmt.Errorf("%w: set -data or TAMIS_DATA to the evaluation data", err)
	}
	return c, nil
}

func makeGosrc(c Corpus) error {
	root, err := gosrc.Root()
	if err != nil {
		return err
	}
	var docs, queries []peer.Record
	for p, err := range gosrc.Pieces(root) {
		if err != nil {
			return err
		}
		file, _, _ := strings.Cut(p.ID, "#")
		docs = append(docs, peer.Record{ID: p.ID, Text: p.Text, Name: path.Base(file)})
	}
	questions, err := gosrc.Questions(root, gosrcQuestions)
	if err != nil {
		return err
	}
	for i, q := range questions {
		queries = append(queries, peer.Record{ID: strconv.Itoa(i + 1), Text: q})
	}
	return errors.Join(peer.WriteRecords(c.Docs, docs), peer.WriteRecords(c.Queries, queries))
}
