// Package about says what a corpus is about: a handful of topics, each with the words and
// phrases that set it apart, the documents that stand for it, the folder where most of it
// lies, and how well its words belong together. No model is needed, and the same documents
// in the same order make the same topics, bit for bit.
package about

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Text is a document that topics are found of.
type Text struct {
	ID, Title, Text string
	Lang            string // an ISO 639-1 code, or empty
}

// Method is how documents are grouped.
type Method string

// Methods. Which is the default was chosen by coherence: see docs/benchmarks.md.
const (
	// Factors is non-negative matrix factorisation of the weights of words in documents.
	Factors Method = "nmf"
	// Words is spherical k-means over these weights.
	Words Method = "words"
	// Latent is spherical k-means over vectors of latent semantic indexing.
	Latent Method = "lsi"
	// Dealt is no method: texts in turn. It is here to be compared with.
	Dealt Method = "dealt"
)

// Methods are all of them, the default first.
var Methods = []Method{Factors, Words, Latent, Dealt}

// Options of Find.
type Options struct {
	// Topics is how many are wanted; 0 goes by the number of documents, 12 at most.
	Topics int
	// Method is how documents are grouped; empty is the default.
	Method Method
}

const (
	// Sampled is how many bytes of a text are read: its first ones.
	Sampled = 6 << 10
	// MostTopics is how many topics may be asked for.
	MostTopics = 100
	usual      = 12
	fewest     = 4 // documents
	examples   = 3
	topWords   = 10
)

// ErrSmall is wrapped where there is too little text to find topics in.
var ErrSmall = errors.New("too little text to find topics in")

// Report is what a corpus is about.
type Report struct {
	// All is how many documents an index has of which topics were found: Of reads every second,
	// third … of very many.
	All int `json:"of,omitempty"`
	// Documents is how many were read, Empty how many of them have no words that count.
	Documents int `json:"documents"`
	Empty     int `json:"empty"`
	// Coherence is the mean of the topics', and CV that of their C_V.
	Coherence float64 `json:"coherence_npmi"`
	CV        float64 `json:"coherence_cv"`
	Topics    []Topic `json:"topics"`
	// Of is the place among Topics of each document that was read, -1 for an empty one.
	Of []int `json:"-"`
}

// Topic is one of them. The largest is the first.
type Topic struct {
	// Label is up to three phrases, with commas between.
	Label   string   `json:"label"`
	Phrases []string `json:"phrases"`
	Words   []string `json:"words"`
	// Documents is how many are in the topic, Share which part of all that have words.
	Documents int     `json:"documents"`
	Share     float64 `json:"share"`
	// Folder is the deepest that holds half of the topic at least, and not all of the corpus.
	Folder      string  `json:"folder,omitempty"`
	FolderShare float64 `json:"folder_share,omitempty"`
	// Coherence is the mean normalised pointwise mutual information of two of Words in ten
	// words with content: from -1, never together, to 1, never apart.
	Coherence float64   `json:"coherence_npmi"`
	CV        float64   `json:"coherence_cv"`
	Examples  []Example `json:"examples"`
	// Members are the ids of the topic's documents, the most typical first.
	Members []string `json:"-"`
}

// Example is a document that stands for its topic.
type Example struct {
	ID    string `json:"id"`
	Title string `json:"title,omitempty"`
}

// Find finds the topics of texts.
func Find(ctx context.Context, texts iter.Seq2[Text, error], o Options) (*Report, error) {
	if o.Topics < 0 || o.Topics > MostTopics {
		return nil, fmt.Errorf("%d topics: ask for 1 to %d", o.Topics, MostTopics)
	}
	c, err := read(ctx, texts)
	if err != nil {
		return nil, err
	}
	c.keep()
	full := 0
	for _, row := range c.rows {
		if len(row) > 0 {
			full++
		}
	}
	if full < fewest {
		return nil, fmt.Errorf("%w: %d documents have words in common with others; %d are the least", ErrSmall, full, fewest)
	}
	k := cmp.Or(o.Topics, min(usual, int(math.Sqrt(float64(full)/2))))
	g, err := c.grouped(ctx, cmp.Or(o.Method, Methods[0]), min(k, full))
	if err != nil {
		return nil, err
	}
	return c.report(g, full), nil
}

// groups are documents by topic.
type groups struct {
	of   []int     // -1 for none
	near []float64 // to the centre of its topic
	n    int
}

func (c *texts) report(g *groups, full int) *Report {
	r := &Report{Documents: len(c.texts), Empty: len(c.texts) - full, Of: make([]int, len(c.texts))}
	members := make([][]int, g.n)
	for d, t := range g.of {
		if t >= 0 {
			members[t] = append(members[t], d)
		}
	}
	members = slices.DeleteFunc(members, func(m []int) bool { return len(m) == 0 })
	slices.SortStableFunc(members, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	for d := range r.Of {
		r.Of[d] = -1
	}
	for t, m := range members {
		for _, d := range m {
			r.Of[d] = t
		}
	}
	near := c.typical(r.Of, len(members))
	words := c.telling(r.Of, len(members))
	for _, m := range members {
		slices.SortStableFunc(m, func(a, b int) int { return cmp.Compare(near[b], near[a]) })
	}
	names := c.names(members, words)
	coherence := c.coherence(words)
	top := commonFolder(c.texts)
	for t, m := range members {
		topic := Topic{Documents: len(m), Share: round(float64(len(m)) / float64(full)), Phrases: names[t].phrases, Words: names[t].words,
			Coherence: round(coherence[t].npmi), CV: round(coherence[t].cv)}
		topic.Label = strings.Join(topic.Phrases, ", ")
		topic.Folder, topic.FolderShare = folder(c.texts, m, top)
		for _, d := range m {
			topic.Members = append(topic.Members, c.texts[d].ID)
		}
		topic.Examples = c.examples(m)
		r.Coherence += topic.Coherence / float64(len(members))
		r.CV += topic.CV / float64(len(members))
		r.Topics = append(r.Topics, topic)
	}
	r.Coherence, r.CV = round(r.Coherence), round(r.CV)
	return r
}

// examples are the most typical documents that have not the same title, or name, as another.
func (c *texts) examples(members []int) (all []Example) {
	seen := map[string]bool{}
	for _, again := range []bool{false, true} {
		for _, d := range members {
			t := c.texts[d]
			name := cmp.Or(t.Title, t.ID[strings.LastIndexByte(t.ID, '/')+1:])
			if len(all) == examples || seen[name] != again || slices.ContainsFunc(all, func(e Example) bool { return e.ID == t.ID }) {
				continue
			}
			seen[name] = true
			all = append(all, Example{t.ID, t.Title})
		}
	}
	return all
}

func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }

// commonFolder is the folder that all texts are in, with a slash at its end.
func commonFolder(all []Text) string {
	top := all[0].ID
	for _, t := range all {
		n := 0
		for n < min(len(top), len(t.ID)) && top[n] == t.ID[n] {
			n++
		}
		top = top[:n]
	}
	return top[:strings.LastIndexByte(top, '/')+1]
}

// folder is the deepest that has half of some texts at least; none where that is where all
// of the corpus is.
func folder(all []Text, members []int, top string) (string, float64) {
	count := map[string]int{}
	for _, d := range members {
		id := all[d].ID
		for i := len(top); i < len(id); i++ {
			if id[i] == '/' {
				count[id[:i]]++
			}
		}
	}
	best := ""
	for f, n := range count {
		if 2*n >= len(members) && (len(f) > len(best) || len(f) == len(best) && f < best) {
			best = f
		}
	}
	if best == "" {
		return "", 0
	}
	return best, round(float64(count[best]) / float64(len(members)))
}

// head is the first n bytes of a text, in whole runes.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
