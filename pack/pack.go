// Package pack makes the smallest cited context out of candidate documents and
// passages: it scores sentences against the question at several granularities,
// fills a hard token budget, and writes a receipt from which the text can be
// rebuilt byte for byte.
//
// # What comes in
//
// The caller has searched: it hands over the passages that were hit with some
// neighbours, and the first passages of the best documents. Pack reads that text
// once, and everything it does is linear in it but for sorting. Measured, the 60
// best passages with two neighbours on either side and six passages of each of
// the ten best documents lose nothing against several times as many; a large
// budget needs enough of them to be filled.
//
// # What comes out
//
// A Context is text and receipt in one. The text is made of exact byte ranges
// of stored sources. Documents follow each other by their best sentence, or in
// another of the Orders; each starts on a line of its own with a label such as
// "[1] ", or is set off as one of the Renderings does; its ranges stand in the
// order of the source, and where something was left out between two ranges
// there is a line break, or a blank where only words of a sentence were. Nothing
// else is added. No kept range contains anything
// of the form of a label: if "[7]" occurs in one, the labels of that context
// are "[#1]", "[#2]" …, and so on with more number signs.
package pack

import (
	"context"
	"errors"
	"fmt"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/text/tokens"
)

var (
	// ErrNoTerms: the question has no word that could be searched for.
	ErrNoTerms = errors.New("the question has no word to search for besides stop words")
	// ErrBudget: the budget is zero, negative, or too small for one sentence of
	// the candidates. The error in hand may be a *BudgetError, which says what
	// would be enough.
	ErrBudget = errors.New("the token budget is too small")
	// ErrUnknown: an order, a rendering or a cut that does not exist. The message
	// lists those that do.
	ErrUnknown = errors.New("unknown choice")
	// ErrChanged: a source is not what it was when the receipt was written. The
	// error in hand is a *ChangedError.
	ErrChanged = errors.New("a cited source has changed")
)

// BudgetError says that not even one sentence fits. It is ErrBudget.
type BudgetError struct {
	Budget int // what was asked for
	Need   int // a budget that is enough for the cheapest sentence; 0 when the budget is not positive
}

func (e *BudgetError) Error() string {
	if e.Need == 0 {
		return fmt.Sprintf("a budget of %d tokens is too small; it must be positive", e.Budget)
	}
	return fmt.Sprintf("a budget of %d tokens is too small for one sentence; %d would do", e.Budget, e.Need)
}

// Unwrap returns ErrBudget.
func (e *BudgetError) Unwrap() error { return ErrBudget }

// Question is what the context must answer.
type Question struct {
	Text string
	// Terms are the analysed question terms, each once, in question order, for
	// every analyzer that the documents have: the terms that were searched.
	// None at all is ErrNoTerms.
	Terms []string
	// IDF is the inverse document frequency of a term among the passages of the
	// whole visible index: ln(1 + (N - df + .5)/(df + .5)). It is asked for
	// question terms and for names that occur in the best sentences.
	IDF func(term string) float64
	// Drafts are analysed terms of draft answers, from a model that has seen less
	// or nothing: what overlaps with one of them scores higher, by the weight of
	// the feature Draft.
	Drafts [][]string
}

// Document is a candidate.
type Document struct {
	ID, Path, Title string
	// Place is that of the document among all, for DocumentOrder.
	Place uint64
	// Analyzer made the document's terms; it is used by one goroutine at a time.
	Analyzer *text.Analyzer
	// Score is the document's own search score (BM25F over the whole document),
	// 0 when it was not among the document hits.
	Score float64
	// Passages are ascending and do not overlap: hits and their neighbours.
	// Adjacent ones give each other context.
	Passages []Passage
}

// Passage is a candidate passage with its text.
type Passage struct {
	corpus.Passage
	Text string // the bytes Start to End of the stored source
}

// Options say how much context, and how it is made.
type Options struct {
	Budget  int            // tokens, separators and labels included
	Counter tokens.Counter // counts them; must be exact
	// Named finds documents by name, for questions whose answer takes two steps:
	// names are runs of analysed terms that stand capitalised in the best
	// sentences. It returns documents that may bear one of them as title, with
	// their passages (the first eight are enough); pack drops those that do not
	// and joins those it has. A search of the few best documents for each name
	// will do. Nil means no second step.
	Named func(ctx context.Context, names [][]string) ([]Document, error)
	// KeepDuplicates lets near-duplicates of kept sentences in. Evaluations want
	// them: marked evidence may occur twice.
	KeepDuplicates bool
	// Order, Render and Cut are one of Orders, Renderings and Cuts; "" stands for
	// Order, Plain and no cut.
	Order, Render, Cut string
	// Guards are some of Guards; nil means DefaultGuards.
	Guards []string
	// MostOf, where between 0 and 1, is the most that is kept of each document: this
	// share of the bytes of its candidates, and one unit in any case. What guards
	// bring is not held to it.
	MostOf float64
	// Shrink leaves out this share of the words of each kept sentence, those that
	// say least; 0, the default, leaves sentences whole. ShrinkByQuestion keeps the
	// words of the question and those beside them.
	Shrink           float64
	ShrinkByQuestion bool
	// Window, where not nil, is what the context is added to.
	Window *Window
	// Weights of the features; nil means DefaultWeights.
	Weights *Weights
	// Trace, where not nil, is shown every unit that was scored, in the order in
	// which they were read: for tuning weights and for learning scorers.
	Trace func([]Unit)
}

// Unit is a sentence, turn, row or line that was scored.
type Unit struct {
	Doc        string
	Start, End int  // bytes of the stored source
	Tokens     int  // of its text alone
	Follows    bool // it adjoins the unit before it
	Features   Features
	Score      float64
}

// Span is a kept byte range.
type Span struct {
	Cite   int     `json:"cite"`           // number of the label above it, from 1
	Doc    string  `json:"doc"`            // document id
	Path   string  `json:"path"`           // file that holds the document
	Start  int     `json:"start"`          // bytes of the stored source, end exclusive
	End    int     `json:"end"`            //
	Score  float64 `json:"score"`          // of its best sentence
	Digest string  `json:"digest"`         // SHA-256 of its bytes, in hexadecimal
	// Place is where in its original the range begins. Who knows fills it in.
	Place *corpus.Place `json:"place,omitempty"`
	// Level is for the rendering Structured: from 1 for a heading; 0 for a point;
	// NoHeading for a point that begins a group without one.
	Level int `json:"level,omitempty"`
	// Inline: it follows the range before it on the same line, after a blank. Words
	// between the two were left out.
	Inline bool `json:"inline,omitempty"`
}

// Drop is a sentence that was scored and not kept.
type Drop struct {
	Doc    string  `json:"doc"`
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Score  float64 `json:"score"`
	Reason string  `json:"reason"` // "budget", "no question term", "after the cut: RULE", "duplicate of DOC:START-END", "shown under label N", "looks like a label" or "share of its document"
}

// Context is the packed text and its receipt.
type Context struct {
	Question  string   `json:"question"`
	Budget    int      `json:"budget"`
	Tokens    int      `json:"tokens"` // of Text, by Tokenizer; never more than Budget
	Tokenizer string   `json:"tokenizer"`
	Text      string   `json:"text"`
	Spans     []Span   `json:"spans"` // in the order of Text
	Dropped   []Drop   `json:"dropped"`
	Order     string   `json:"order"`  // one of Orders
	Render    string   `json:"render"` // one of Renderings; "" is Plain
	Cut       string   `json:"cut,omitempty"`
	CutRecall float64  `json:"cut_recall,omitempty"` // what was measured of the cut: see Recall
	Guards    []string `json:"guards,omitempty"`     // some of Guards
	// MostOf is the share of each document that may be kept, where one was set.
	MostOf float64 `json:"most_of,omitempty"`
	// Shrink is the share of the words that was left out of sentences.
	Shrink           float64 `json:"shrink,omitempty"`
	ShrinkByQuestion bool    `json:"shrink_by_question,omitempty"`
	// Drafts are the draft answers that it was looked for with.
	Drafts []string `json:"drafts,omitempty"`
	Label  string   `json:"label"`  // form of the labels, as for fmt: "[%d]", "[#%d]" …; a fence or a tag in other renderings
	Digest string   `json:"digest"` // SHA-256 of Text, in hexadecimal
	// Incomplete counts documents that could not be found, because their part of
	// the index was being built anew.
	Incomplete int `json:"incomplete,omitempty"`

	texts []string // of the spans
}
