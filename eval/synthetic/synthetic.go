// Package synthetic makes long texts with questions whose answering bytes are known,
// from a seed and nothing else: the suites by which long contexts are measured,
// rebuilt with text of its own.
//
// The shapes are those of RULER (Hsieh et al., COLM 2024), NoLiMa (Modarressi et al.,
// ICML 2025), Lost in the Middle (Liu et al., TACL 2024), Needle Threading (Roberts et
// al., ICLR 2025), NeedleChain, PI-LLM, KITAB, ETHIC and ImpliRet. No sentence of theirs
// is in it, so that what a model has seen of them does not help it.
package synthetic

import (
	"fmt"
	"hash/fnv"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/text/tokens"
)

// Item is one question over documents made for it.
type Item struct {
	ID, Task  string
	Documents []corpus.Document
	Question  string
	// Answers are all that a reply must name; one of them is enough where Any is set.
	Answers []string
	Any     bool
	// Derived says that the answers must be worked out and stand nowhere, but by chance.
	Derived bool
	// Evidence are the bytes that answer: the needles.
	Evidence []eval.Span
	// Others, where the item asks for a list, are what stands beside the answers in the same
	// list and is not asked for.
	List   bool
	Others []string
	// Near are the documents that meet a part of the filter: books by the author, of other
	// years.
	Near []string
	// Filter says what the question asks in the language of package filter, where the
	// documents' metadata can answer it.
	Filter string
	// Length is the one that was asked for, 0 where the task has its own; Tokens are
	// those of the documents.
	Length, Tokens int
	// X is where on the task's axis the item stands.
	X float64
	// Depth is where in the documents the evidence lies, 0 at their beginning, 1 at
	// their end: the mean of its spans.
	Depth float64
	// Scope is the share of the documents' bytes that is evidence. Diffusion is the
	// share of its spans that no telling word of the question leads to: a word is
	// telling when it stands in the evidence more often than in all the rest. (The two
	// axes are those of Goldman et al., EMNLP 2024.)
	Scope, Diffusion float64
}

// Set is the item as an evidence set of one question.
func (it *Item) Set() (*eval.EvidenceSet, error) {
	docs := make([]eval.Document, len(it.Documents))
	for i, d := range it.Documents {
		docs[i] = eval.Document{ID: d.ID, Title: d.Title, Text: d.Source}
	}
	return eval.NewEvidence(docs, []eval.Question{{ID: it.ID, Text: it.Question, Answers: it.Answers, Evidence: it.Evidence}})
}

// Labels are the words for Diffusion and Scope that reports count items by.
func (it *Item) Labels() (diffusion, scope string) {
	diffusion, scope = "low", "low"
	if it.Diffusion >= .5 {
		diffusion = "high"
	}
	if it.Scope >= .1 {
		scope = "high"
	}
	return diffusion, scope
}

// Task makes items of one kind.
type Task struct {
	Name, Suite, About string
	// Own says that the size of an item is the task's own and lengths do not apply.
	Own bool
	// Axis names what the values in Xs are; a task without has one kind of item only.
	Axis string
	Xs   []float64
	// Labels name the values of Xs where numbers say nothing.
	Labels []string

	make func(m *maker) error
	// questions says that it needs Options.Questions; together, that items which
	// differ in X alone are made from the same draw.
	questions, together bool
}

// Options say what is made.
type Options struct {
	Seed uint64
	// Lengths are the tokens that an item may have, by Counter.
	Lengths []int
	// Items is how many are made for each length and each value of a task's axis.
	Items   int
	Counter tokens.Counter
	// Haystack is where filling text is from; nil stands for sentences of this
	// package's own.
	Haystack *Haystack
	// Questions are those of the tasks that ask a user's own; nil where there are none.
	Questions *eval.EvidenceSet
}

// ErrShort is wrapped where a haystack does not fill an item.
type ErrShort struct{ Has, Needs int }

func (e *ErrShort) Error() string {
	return fmt.Sprintf("the haystack has %d tokens of text and an item needs %d: name a larger one, or smaller --lengths", e.Has, e.Needs)
}

// Named returns the tasks of suites and single tasks by their names, each once, in the
// order of All; "all" is every one. Those that need questions are left out of a suite
// where has is false, and are an error where they are named.
func Named(names []string, has bool) ([]Task, error) {
	all := All()
	want := map[string]bool{}
	for _, name := range names {
		found := name == "all"
		for _, t := range all {
			switch {
			case t.Name == name && t.questions && !has:
				return nil, fmt.Errorf("%s asks your own questions: name them with --documents F --questions F", name)
			case t.Name == name, (t.Suite == name || name == "all") && (has || !t.questions):
				want[t.Name], found = true, true
			}
		}
		if !found {
			return nil, fmt.Errorf("unknown suite or task %q; suites are all, %s; tasks are %s", name, strings.Join(Suites(), ", "), strings.Join(taskNames(), ", "))
		}
	}
	return slices.DeleteFunc(all, func(t Task) bool { return !want[t.Name] }), nil
}

// Suites lists the names of the suites.
func Suites() (names []string) {
	for _, t := range All() {
		if !slices.Contains(names, t.Suite) {
			names = append(names, t.Suite)
		}
	}
	return names
}

func taskNames() (names []string) {
	for _, t := range All() {
		names = append(names, t.Name)
	}
	return names
}

// All lists the tasks.
func All() []Task {
	return slices.Concat(rulerTasks(), overlapTasks(), threadTasks(), chainTasks(), positionTasks(), streamTasks(), bookTasks(), implicitTasks(), robustTasks())
}

// Count is how many items Each makes of tasks.
func Count(tasks []Task, o Options) (n int) {
	for _, t := range tasks {
		k := o.Items * max(1, len(t.Xs))
		if !t.Own {
			k *= len(o.Lengths)
		}
		n += k
	}
	return n
}

// Each makes the items of tasks one after another, those of all tasks at one length
// before the next length. It ends with the first error.
func Each(tasks []Task, o Options) iter.Seq2[*Item, error] {
	return func(yield func(*Item, error) bool) {
		lengths := slices.Clone(o.Lengths)
		for at, length := range append(lengths, 0) {
			for k := range tasks {
				t := &tasks[k]
				if t.Own != (at == len(lengths)) {
					continue
				}
				for i := range o.Items * max(1, len(t.Xs)) {
					it, err := t.item(&o, length, i)
					if err != nil {
						err = fmt.Errorf("%s: %w", t.Name, err)
					}
					if !yield(it, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// item makes the i-th item of a length.
func (t *Task) item(o *Options, length, i int) (*Item, error) {
	m := &maker{o: o, task: t, i: i / max(1, len(t.Xs)), used: map[string]bool{}}
	id := fmt.Sprintf("%s/%d", t.Name, i)
	if !t.Own {
		id = fmt.Sprintf("%s/%d/%d", t.Name, length, i)
	}
	m.item = Item{ID: id, Task: t.Name, Length: length}
	if len(t.Xs) > 0 {
		m.item.X = t.Xs[i%len(t.Xs)]
	}
	h := fnv.New64a()
	draw := i
	if t.together {
		draw = m.i
	}
	fmt.Fprintf(h, "%s/%d/%d", t.Name, length, draw)
	m.Rand = rand.New(rand.NewPCG(o.Seed, h.Sum64()))
	if err := t.make(m); err != nil {
		return nil, err
	}
	m.finish()
	if length > 0 && m.item.Tokens > length {
		return nil, fmt.Errorf("an item of %d tokens does not fit %d: give larger --lengths", m.item.Tokens, length)
	}
	return &m.item, nil
}

// maker makes one item.
type maker struct {
	*rand.Rand
	o    *Options
	task *Task
	item Item
	i    int // which of the items that have the same length and X
	used map[string]bool
}

// room is what is left of the length beside what the item must hold. A hundredth is
// kept back: counts of parts are not quite those of the whole.
func (m *maker) room(parts ...string) int {
	n := m.item.Length
	for _, p := range parts {
		n -= m.o.Counter.Count(p) + 1
	}
	return n - m.item.Length/100
}

// depth is that of the item among those of its kind: of 40 even steps from 0 to 1.
func (m *maker) depth() float64 {
	if m.o.Items < 2 {
		return .5
	}
	return float64(m.i*39/(m.o.Items-1)) / 39
}

// doc is a document in the making.
type doc struct {
	id, title string
	meta      map[string]any
	b         strings.Builder
	gold      []eval.Span
}

// add appends a piece; gold marks what of it is no white space as evidence.
func (d *doc) add(s string, gold bool) {
	if t := strings.TrimSpace(s); gold && t != "" {
		at := d.b.Len() + strings.Index(s, t)
		d.gold = append(d.gold, eval.Span{Doc: d.id, Start: at, End: at + len(t)})
	}
	d.b.WriteString(s)
}

// keep makes documents those of the item.
func (m *maker) keep(docs ...*doc) {
	for _, d := range docs {
		m.item.Documents = append(m.item.Documents, corpus.Document{ID: d.id, Title: d.title, Source: d.b.String(), Type: "jsonl", Metadata: d.meta})
		m.item.Evidence = append(m.item.Evidence, d.gold...)
	}
}

// finish counts and labels what was made.
func (m *maker) finish() {
	it := &m.item
	size, before := 0, map[string]int{}
	for _, d := range it.Documents {
		before[d.ID] = size
		size += len(d.Source)
		it.Tokens += m.o.Counter.Count(d.Source)
	}
	gold, depth := 0, 0.
	for _, e := range it.Evidence {
		gold += e.End - e.Start
		depth += float64(before[e.Doc]+e.Start) / float64(size)
	}
	if n := len(it.Evidence); n > 0 {
		it.Depth = depth / float64(n)
	}
	it.Scope = float64(gold) / float64(max(size, 1))
	it.Diffusion = diffusion(it)
}

// diffusion is Item.Diffusion.
func diffusion(it *Item) float64 {
	if len(it.Evidence) == 0 {
		return 1
	}
	source := map[string]string{}
	for _, d := range it.Documents {
		source[d.ID] = d.Source
	}
	named := make([]bool, len(it.Evidence))
	for _, w := range words(it.Question) {
		in, all := 0, 0
		for _, d := range it.Documents {
			all += strings.Count(d.Source, w)
		}
		holds := make([]bool, len(it.Evidence))
		for i, e := range it.Evidence {
			n := strings.Count(source[e.Doc][e.Start:e.End], w)
			in, holds[i] = in+n, n > 0
		}
		if 2*in <= all {
			continue
		}
		for i := range named {
			named[i] = named[i] || holds[i]
		}
	}
	lost := 0
	for _, n := range named {
		if !n {
			lost++
		}
	}
	return float64(lost) / float64(len(named))
}

// words are those of at least four letters or digits, without what stands around them.
func words(s string) (out []string) {
	for w := range strings.FieldsSeq(s) {
		if w = strings.Trim(w, `.,;:?!"'()“”`); len(w) > 3 && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}
