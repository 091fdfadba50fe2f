// Package rules asks whether a language model that is shown examples follows the rule behind them, or the
// examples that are most like what it is asked about (Dasgupta, Grant and Griffiths 2022, Chan et al. 2022).
//
// Things have two words, such as a colour and a shape; one of the two alone decides what they are called. Of
// the four kinds of things three are shown and the fourth is asked for. By the rule its name is certain. By
// likeness it is not: the examples that share one of its words have the one name, those that share the other
// have the other name, and where there are more of the latter they outvote the rule. So the share of the rule's
// name tells the two apart. A model that reads sources so follows the majority of what looks alike, not
// what the sources say in sum.
package rules

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"text/tabwriter"

	"github.com/tamis-search/tamis/eval/figures"
	"github.com/tamis-search/tamis/model/decoder"
)

// Ask is how probable each of some words is after a prompt, as any numbers that order them.
type Ask func(ctx context.Context, prompt string, words []string) ([]float64, error)

// Condition is what is shown.
type Condition struct {
	Name string `json:"condition"`
	// Shown are how many examples there are: of the deciding word that is not asked about with each other
	// word; of the one asked about with the word not asked about; and of the very thing that is asked for.
	Apart, Like, Own, Same int
}

// Conditions: all four kinds are shown, so that a model need only look up; three are, as often; three are, and
// those that share the word that does not decide are three times as many as those that share the one that does.
var Conditions = []Condition{
	{"all shown", 2, 2, 2, 2},
	{"one kind held back", 2, 2, 2, 0},
	{"examples disagree", 2, 6, 2, 0},
}

// Row is how often the rule's name was chosen.
type Row struct {
	Condition string  `json:"condition"`
	Questions int     `json:"questions"`
	Rule      float64 `json:"rule"` // share
	Low       float64 `json:"low"`  // of its 95 % interval
	High      float64 `json:"high"`
}

// Report is a row for each condition.
type Report struct {
	Model string `json:"model,omitempty"`
	Rows  []Row  `json:"rows"`
}

var (
	first  = []string{"red", "green", "blue", "black", "white", "yellow", "pink", "grey", "brown", "purple", "orange", "golden"}
	second = []string{"circle", "box", "star", "table", "chair", "lamp", "house", "boat", "cup", "ring", "door", "tree"}
	names  = []string{"A", "B", "C", "D", "K", "M", "P", "R", "T", "X"}
)

// Run asks so many questions in each condition, the same for a seed.
func Run(ctx context.Context, ask Ask, questions int, seed uint64) (*Report, error) {
	r := &Report{}
	for i, c := range Conditions {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		var right []float64
		for range questions {
			prompt, by, other := c.prompt(random)
			p, err := ask(ctx, prompt, []string{by, other})
			if err != nil {
				return nil, err
			}
			switch {
			case p[0] > p[1]:
				right = append(right, 1)
			case p[0] == p[1]:
				right = append(right, .5)
			default:
				right = append(right, 0)
			}
		}
		low, high := figures.Interval(right)
		r.Rows = append(r.Rows, Row{c.Name, questions, figures.Mean(right), low, high})
	}
	return r, nil
}

// prompt is a question with its examples, the name by the rule, and the other.
func (c Condition) prompt(random *rand.Rand) (prompt, by, other string) {
	pick := func(from []string) (a, b string) {
		i := random.Perm(len(from))
		return from[i[0]], from[i[1]]
	}
	var decides, rest [2]string // the word that is asked about, and the other one
	decides[0], decides[1] = pick(first)
	rest[0], rest[1] = pick(second)
	by, other = pick(names)
	flipped := random.IntN(2) == 1 // the second word decides
	if flipped {
		decides, rest = rest, decides
	}
	thing := func(d, o int) string {
		if flipped {
			return rest[o] + " " + decides[d]
		}
		return decides[d] + " " + rest[o]
	}
	var lines []string
	show := func(n, d, o int, name string) {
		for range n {
			lines = append(lines, thing(d, o)+": "+name+"\n")
		}
	}
	show(c.Apart, 1, 1, other)
	show(c.Like, 1, 0, other)
	show(c.Own, 0, 1, by)
	show(c.Same, 0, 0, by)
	random.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return strings.Join(lines, "") + thing(0, 0) + ":", by, other
}

// Of is how a language model is asked: by the logit of the last token of each word after a blank, which is the word itself in
// the tokenizers of the field.
func Of(d *decoder.Decoder) Ask {
	return func(ctx context.Context, prompt string, words []string) ([]float64, error) {
		ids := append([]int32(nil), d.Tokenizer.Before...)
		for _, t := range d.Tokenizer.Encode(prompt, -1) {
			ids = append(ids, t.ID)
		}
		logits, err := d.Read(ctx, d.NewCache(), ids)
		if err != nil {
			return nil, err
		}
		out := make([]float64, len(words))
		for i, w := range words {
			tokens := d.Tokenizer.Encode(" "+w, -1)
			if len(tokens) == 0 {
				return nil, fmt.Errorf("the model's tokenizer has no token for %q", w)
			}
			out[i] = float64(logits[tokens[len(tokens)-1].ID])
		}
		return out, nil
	}
}

// WriteTable writes the shares.
func (r *Report) WriteTable(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "examples\tquestions\tthe rule's name")
	for _, x := range r.Rows {
		fmt.Fprintf(w, "%s\t%d\t%.1f %% [%.1f, %.1f]\n", x.Condition, x.Questions, 100*x.Rule, 100*x.Low, 100*x.High)
	}
	return w.Flush()
}
