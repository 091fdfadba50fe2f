// Command phrases measures phrase vectors: the answer to a question is looked for among all
// runs of words of a corpus, each of which has a vector of its own, made of the states that a
// model has of its tokens in their context (Seo et al. 2019, Lee et al. 2021: dense phrases;
// sparse ones are words of what stands around a phrase). Beside it the usual way: read the
// best passage, then extract from it. The model has seen no answers. The weight of words was
// chosen on the first half of the paragraphs, the second half is reported.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/tamis-search/tamis/bench/internal/peer"
	"github.com/tamis-search/tamis/encode"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/internal/simd"
	"github.com/tamis-search/tamis/model"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

const longest = 6 // words of a phrase

// phrase is a run of words of a document.
type phrase struct{ doc, start, end, sentence int }

// corpus is documents, their sentences and phrases.
type corpus struct {
	set       *eval.EvidenceSet
	sentences []sentence
	phrases   []phrase
	rows      []byte // of phrases, float32
	width     int
	idf       map[string]float64 // by sentence
	docs      []map[string]bool  // terms
}

type sentence struct {
	doc, start, end, first, last int // its phrases
	terms                        map[string]bool
}

func main() {
	dir := flag.String("model", "", "`folder` of a model of dense vectors that are means")
	flag.Parse()
	if err := run(context.Background(), *dir); err != nil {
		fmt.Fprintln(os.Stderr, "phrases:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) error {
	at, err := peer.Dir()
	if err != nil {
		return err
	}
	data := filepath.Join(at, "..", "..", "shared", "data", "evidence", "squad-xquad-en")
	set, err := eval.LoadEvidence(filepath.Join(data, "documents.jsonl.gz"), filepath.Join(data, "questions.jsonl"))
	if err != nil {
		return err
	}
	e, err := encode.Open(dir, model.Int8)
	if err != nil {
		return err
	}
	defer e.Close()
	an, err := new(text.Pool).Get("english")
	if err != nil {
		return err
	}
	began := time.Now()
	c, err := read(ctx, set, e, an)
	if err != nil {
		return err
	}
	bytes := 0
	for _, d := range set.Documents {
		bytes += len(d.Text)
	}
	fmt.Printf("%d paragraphs, %d phrases, %.0f bytes a byte of text, %.0f s\n", len(set.Documents), len(c.phrases), float64(len(c.rows))/float64(bytes), time.Since(began).Seconds())
	return c.measure(ctx, e, an)
}

// read makes phrases of all documents, and their vectors.
func read(ctx context.Context, set *eval.EvidenceSet, e *encode.Encoder, an *text.Analyzer) (*corpus, error) {
	c := &corpus{set: set, idf: map[string]float64{}}
	var runs []encode.Run
	for i, d := range set.Documents {
		r := encode.Run{Text: d.Text}
		c.docs = append(c.docs, map[string]bool{})
		for _, s := range sentencesOf(d.Text) {
			s.doc, s.first, s.terms = i, len(c.phrases), map[string]bool{}
			an.EachContent(d.Text[s.start:s.end], func(t string, _, _ int) { s.terms[t], c.docs[i][t] = true, true })
			for t := range s.terms {
				c.idf[t]++
			}
			for _, p := range runsOf(d.Text, s.start, s.end) {
				c.phrases = append(c.phrases, phrase{i, p[0], p[1], len(c.sentences)})
				r.Passages = append(r.Passages, p)
			}
			s.last = len(c.phrases)
			c.sentences = append(c.sentences, s)
		}
		runs = append(runs, r)
	}
	for t, n := range c.idf {
		c.idf[t] = math.Log(float64(len(c.sentences)) / n)
	}
	for v, err := range e.Late(ctx, slices.Values(runs)) {
		if err != nil {
			return nil, err
		}
		d := v.(vector.Dense)
		c.width = len(d)
		for _, x := range unit(d) {
			c.rows = binary.LittleEndian.AppendUint32(c.rows, math.Float32bits(x))
		}
	}
	return c, nil
}

func unit(v []float32) []float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	out := make([]float32, len(v))
	for i, x := range v {
		out[i] = x / float32(math.Sqrt(sum))
	}
	return out
}

// sentencesOf cuts at full stops before a capital: enough for encyclopaedic prose.
func sentencesOf(s string) (all []sentence) {
	start := 0
	for i := 0; i+2 < len(s); i++ {
		if strings.IndexByte(".!?", s[i]) >= 0 && s[i+1] == ' ' && (s[i+2] >= 'A' && s[i+2] <= 'Z' || s[i+2] >= '0' && s[i+2] <= '9') {
			all = append(all, sentence{start: start, end: i + 1})
			start = i + 2
		}
	}
	return append(all, sentence{start: start, end: len(s)})
}

// runsOf are the runs of up to longest words of a part of s, ascending.
func runsOf(s string, start, end int) (all [][2]int) {
	var words [][2]int
	for i := start; i < end; {
		for i < end && s[i] == ' ' {
			i++
		}
		j := i
		for j < end && s[j] != ' ' {
			j++
		}
		from, to := i, j
		for from < to && strings.IndexByte("\"'([,", s[from]) >= 0 {
			from++
		}
		for to > from && strings.IndexByte(".,;:!?\"')]", s[to-1]) >= 0 {
			to--
		}
		if from < to {
			words = append(words, [2]int{from, to})
		}
		i = j
	}
	for i := range words {
		for n := 1; n <= longest && i+n <= len(words); n++ {
			all = append(all, [2]int{words[i][0], words[i+n-1][1]})
		}
	}
	return all
}

// asked is a question with what is known of it.
type asked struct {
	terms map[string]bool
	cos   []float32 // of all phrases
	kind  string    // of what is asked for: name, number, or ""
	own   bool      // of the half that is reported
}

func (c *corpus) measure(ctx context.Context, e *encode.Encoder, an *text.Analyzer) error {
	var texts []string
	for _, q := range c.set.Questions {
		texts = append(texts, q.Text)
	}
	vectors, err := e.Encode(ctx, texts, encode.Query)
	if err != nil {
		return err
	}
	weights := []float64{0, .1, .2, .4, .8}
	ways := []string{"phrases", "passage, then phrases", "sentence, then phrases"}
	em, f1, found, took, n := map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]time.Duration{}, map[bool]float64{}
	for i, q := range c.set.Questions {
		a := asked{terms: map[string]bool{}, cos: make([]float32, len(c.phrases))}
		an.EachContent(q.Text, func(t string, _, _ int) { a.terms[t] = true })
		if m := asksFor.FindStringSubmatch(q.Text); m != nil {
			a.kind = "number"
			if m[1] != "" {
				a.kind = "name"
			}
		}
		place := slices.IndexFunc(c.set.Documents, func(d eval.Document) bool { return d.ID == q.Evidence[0].Doc })
		a.own = place >= len(c.set.Documents)/2
		n[a.own]++
		began := time.Now()
		simd.DotFloat(a.cos, unit(vectors[i].(vector.Dense)), c.rows)
		scan := time.Since(began)
		for k, way := range ways {
			for _, w := range weights {
				began := time.Now()
				got := c.best(&a, k, w)
				spent := time.Since(began)
				if k == 0 {
					spent += scan
				}
				p := c.phrases[got]
				exact, f := judge(c.set.Documents[p.doc].Text[p.start:p.end], q.Answers)
				key := fmt.Sprint(way, w, a.own)
				em[key] += exact
				if x := c.sentences[p.sentence]; slices.ContainsFunc(q.Evidence, func(e eval.Span) bool {
					return e.Doc == c.set.Documents[p.doc].ID && e.Start < x.end && x.start < e.End
				}) {
					found[key]++
				}
				f1[key] += f
				took[key] += spent
			}
		}
	}
	for _, way := range ways {
		best := slices.MaxFunc(weights, func(x, y float64) int {
			return int(math.Copysign(1, f1[fmt.Sprint(way, x, false)]-f1[fmt.Sprint(way, y, false)]))
		})
		for _, w := range []float64{0, best} {
			key := fmt.Sprint(way, w, true)
			line, _ := json.Marshal(map[string]any{"way": way, "words": w, "em": math.Round(1000*em[key]/n[true]) / 10, "f1": math.Round(1000*f1[key]/n[true]) / 10, "sentence": math.Round(1000*found[key]/n[true]) / 10, "us": int(took[key].Microseconds()) / int(n[true])})
			fmt.Println(string(line))
		}
	}
	return nil
}

// best is the best phrase of all (0), of the paragraph that has most of the question (1), or
// of the sentence that does (2): by its vector, and the share of the question's words in its
// sentence, so many times; a phrase with a word of the question is no answer to it.
func (c *corpus) best(a *asked, way int, weight float64) int {
	first, last := 0, len(c.sentences)
	share := func(terms map[string]bool) float64 {
		has, all := 0.0, 0.0
		for t := range a.terms {
			all += c.idf[t]
			if terms[t] {
				has += c.idf[t]
			}
		}
		return has / max(all, 1e-9)
	}
	within, most := -1, -1.0
	if way == 1 {
		for d, terms := range c.docs {
			if s := share(terms); s > most {
				within, most = d, s
			}
		}
	}
	if way == 2 {
		for i := range c.sentences {
			if s := share(c.sentences[i].terms); s > most {
				first, last, most = i, i+1, s
			}
		}
	}
	best, top := 0, math.Inf(-1)
	for i := first; i < last; i++ {
		s := &c.sentences[i]
		if way == 1 && s.doc != within {
			continue
		}
		words := 0.0
		if weight > 0 {
			words = weight * share(s.terms)
		}
		for k := s.first; k < s.last; k++ {
			if x := float64(a.cos[k]) + words; x > top && (weight == 0 || c.mayAnswer(k, a)) {
				best, top = k, x
			}
		}
	}
	return best
}

var (
	asksFor  = regexp.MustCompile(`(?i)\b(?:(who|whose|whom|which (?:person|country|city|team))|when|what year|how (?:many|much|old|long|far))\b`)
	function = regexp.MustCompile(`^(?:a|an|and|as|at|be|but|by|for|from|had|has|have|he|her|his|if|in|into|is|it|its|no|not|of|on|or|she|so|such|than|that|the|their|them|then|there|these|they|this|to|was|we|were|which|while|who|whose|will|with|would)$`)
	number   = regexp.MustCompile(`\d|^(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|half|both)\b`)
)

// mayAnswer says that a phrase begins and ends with words that say something, says no word of
// the question, and is of the kind that is asked for.
func (c *corpus) mayAnswer(k int, a *asked) bool {
	p := c.phrases[k]
	words := strings.Fields(c.set.Documents[p.doc].Text[p.start:p.end])
	if function.MatchString(strings.ToLower(words[0])) && words[0] != "the" || function.MatchString(strings.ToLower(words[len(words)-1])) {
		return false
	}
	kind := a.kind != "number"
	for _, w := range words {
		low := strings.TrimFunc(strings.ToLower(w), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for t := range a.terms {
			if len(t) > 2 && strings.HasPrefix(low, t) {
				return false
			}
		}
		if a.kind == "name" && low == strings.Trim(w, ".,;:()\"'") && !function.MatchString(low) {
			return false
		}
		kind = kind || number.MatchString(low)
	}
	return kind
}

// judge is exact match and F1 of words, as SQuAD counts them.
func judge(got string, answers []string) (exact, f1 float64) {
	g := normal(got)
	for _, a := range answers {
		w := normal(a)
		if slices.Equal(g, w) {
			exact = 1
		}
		rest, same := slices.Clone(w), 0.0
		for _, x := range g {
			if i := slices.Index(rest, x); i >= 0 {
				rest = slices.Delete(rest, i, i+1)
				same++
			}
		}
		if same > 0 {
			f1 = max(f1, 2*same/float64(len(g)+len(w)))
		}
	}
	return exact, f1
}

func normal(s string) (out []string) {
	for _, w := range strings.Fields(strings.Map(func(r rune) rune {
		if unicode.IsPunct(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)) {
		if w != "a" && w != "an" && w != "the" {
			out = append(out, w)
		}
	}
	return out
}
