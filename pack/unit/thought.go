package unit

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
)

// How large a thought may get by joining, in bytes.
const (
	thoughtCode  = 300 // lines of code
	thoughtItem  = 300 // sentences of one item, of an option with its paragraph
	thoughtShort = 600 // what is joined because one part is short
	thoughtTurn  = 500 // a statement and what takes some of it back
	fewWords     = 4   // fewer join their neighbour
	aloneWords   = 5   // fewer are not kept alone
)

// thoughts joins the sentences of a passage that say nothing without each other:
// a heading with what follows it, a term with its definition, the sentences of one
// item, the lines of one piece of code, a statement with its exception, and what
// has few words with its neighbour. A thought is one unit. It lies
// within one passage.
func thoughts(p *gather.Passage, how joining) []corpus.Sentence {
	out := make([]corpus.Sentence, 0, len(p.Sentences))
	last := corpus.Sentence{} // of the thought that is open
	for _, s := range p.Sentences {
		if s.Start < p.Start || s.End > p.End || s.Start >= s.End {
			continue
		}
		if n := len(out); n > 0 && last.End <= s.Start && how.joins(p, out[n-1], last, s) {
			out[n-1].End, out[n-1].Kind = s.End, s.Kind
		} else {
			out = append(out, s)
		}
		last = s
	}
	return out
}

// What a context is made of: units that are kept or left out whole.
const (
	// Thought, the default: a sentence, with those that say nothing without each other.
	Thought = "thought"
	// Sentence is a sentence, an item, a row, a line of code by itself.
	Sentence = "sentence"
	// Paragraph is the sentences between which no line is empty.
	Paragraph = "paragraph"
	// Passage is a passage of about 200 tokens whole.
	Passage = "passage"
)

// Kinds lists them, the finest first.
func Kinds() []string { return []string{Sentence, Thought, Paragraph, Passage} }

// joining is how sentences become thoughts.
type joining struct {
	kind   string // one of Kinds
	apart  bool   // headings are units of their own
	nested bool   // of data only a comment is joined, to what it is about
	letter bool   // the lines of the head of a mail stand alone
}

// explains says whether a comment is about the entry that follows it.
func explains(p *gather.Passage, thought, last, next corpus.Sentence) bool {
	breaks := strings.Count(p.Text[last.End-p.Start:next.Start-p.Start], "\n")
	return last.Kind == corpus.Code && next.Kind == corpus.Code && breaks == 1 && next.End-thought.Start <= thoughtCode && IsComment(p.Text[last.Start-p.Start:last.End-p.Start])
}

// joins says whether a sentence belongs to the thought that ends in last.
func (how joining) joins(p *gather.Passage, thought, last, next corpus.Sentence) bool {
	if how.nested {
		return explains(p, thought, last, next)
	}
	at := func(s corpus.Sentence) string { return p.Text[s.Start-p.Start : s.End-p.Start] }
	a, b := at(last), at(next)
	heading := how.apart && (last.Kind == corpus.Heading || next.Kind == corpus.Heading)
	breaks := strings.Count(p.Text[last.End-p.Start:next.Start-p.Start], "\n")
	size := next.End - thought.Start
	switch {
	case how.kind == Sentence:
		return false
	case how.kind == Paragraph:
		return !heading && (breaks <= 1 || last.Kind == corpus.Heading)
	case how.kind == Passage:
		return !heading
	case next.Kind == corpus.Heading || next.Kind == corpus.Term:
		return false
	case how.letter && (letterLine(a) || letterLine(b)):
		return false
	case last.Kind == corpus.Heading:
		return !how.apart
	case last.Kind == corpus.Term:
		return true
	case last.Kind == corpus.Code && next.Kind == corpus.Code:
		return breaks <= 1 && goesOn(a, b) && (size <= thoughtCode || size <= thoughtShort && opens(a))
	case next.Kind == corpus.Code && last.Kind == corpus.Paragraph && announces(a) && breaks <= 2 && size <= thoughtCode:
		return true
	case last.Kind == corpus.Code && next.Kind == corpus.Paragraph && thought.Start < last.Start:
		return false // it has its words: those that announced it
	case last.Kind == corpus.ListItem && next.Kind == corpus.ListItem && breaks <= 1 && size <= thoughtItem && !(breaks == 1 && bullet(b)):
		return true
	case last.Kind == next.Kind && breaks <= 1 && size <= thoughtTurn && takesBack.MatchString(b):
		return true
	}
	if size > thoughtShort || last.Kind == corpus.TableRow || last.Kind == corpus.Turn {
		return false
	}
	return fragment(a, last.Kind, fewWords) && breaks <= 2 || fragment(b, next.Kind, fewWords) && breaks <= 1 && next.Kind == last.Kind
}

// announces says whether a sentence leads in what follows: it ends in a colon, or nowhere.
func announces(s string) bool {
	end, _ := utf8.DecodeLastRuneInString(s)
	return endsInColon(s) || unicode.IsLetter(end) || unicode.IsDigit(end)
}

// goesOn says whether a line of code goes on with the one before: a comment goes
// with what stands below it, and one of some words begins anew, as does what follows the
// lines that name what a file needs.
func goesOn(a, b string) bool {
	return (!IsComment(b) || wordsOf(a) < fewWords) && (!imports(a) || imports(b))
}

// imports says whether lines of code do nothing but name files and packages that others are
// needed of, in one of the common languages.
func imports(code string) bool {
	inside := false // of brackets
	for line := range strings.Lines(code) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case inside:
			inside = !strings.ContainsAny(line, ")}")
		case !imported.MatchString(line):
			return false
		default:
			inside = strings.HasSuffix(line, "(") || strings.HasSuffix(line, "{")
		}
	}
	return true
}

var imported = regexp.MustCompile(`^(?:import\b|#include\b|from\s.+\simport\b|using\s[\w.:]+;|use\s[\w:\\]+|package\s[\w.]+;?$|export\s.+\sfrom\s|(?:const|var|let)\s.+=\s*require\()`)

// opens says whether a line of code opens what the next one stands in: it says little
// without it.
func opens(line string) bool { return strings.HasSuffix(line, "{") || strings.HasSuffix(line, "(") }

// takesBack begins a sentence that limits what the one before says.
var takesBack = regexp.MustCompile(`^(?:(?:However|Unless|Except|Otherwise|Nevertheless|Conversely|Exceptions?|In that case|Instead|Deprecated|Note that|By default|The default)\b|But )`)

// Fragment says that unit i says nothing alone: it has few words, no number and no end of a
// sentence, and is no turn or row, which may be short; or it names what a file of code needs.
func (all *Set) Fragment(i int) bool {
	u := &all.Units[i]
	return u.Kind != corpus.Turn && u.Kind != corpus.TableRow && !all.Docs[u.Doc].Nested() && (fragment(u.Text, u.Kind, aloneWords) && !strings.ContainsAny(u.Text, "0123456789") || u.Kind == corpus.Code && imports(u.Text))
}

// fragment says that a text has fewer than so many words and is no whole sentence.
func fragment(s string, kind corpus.BlockKind, few int) bool {
	if wordsOf(s) >= few {
		return false
	}
	end, _ := utf8.DecodeLastRuneInString(strings.TrimRight(s, "\"')”’»」 "))
	return kind == corpus.Code || !strings.ContainsRune(".!?。！？…", end)
}

func bullet(s string) bool {
	for _, mark := range []string{"* ", "- ", "+ ", "• ", "· ", "– "} {
		if strings.HasPrefix(s, mark) {
			return true
		}
	}
	return false
}

// wordsOf counts the words of s, no further than aloneWords.
func wordsOf(s string) int {
	n, in := 0, false
	for len(s) > 0 && n < aloneWords {
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		letter := unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_'
		if letter && (!in || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)) {
			n++
		}
		in = letter
	}
	return n
}
