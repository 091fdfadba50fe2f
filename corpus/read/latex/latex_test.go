package latex

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// document reads a text; nil where there is none in it.
func document(t testing.TB, read format.Func, src string) *corpus.Document {
	t.Helper()
	f := &format.File{Path: "a", Name: "a", Size: int64(len(src)), ReaderAt: format.Memory(src)}
	var d *corpus.Document
	err := read(t.Context(), f, &format.Options{}, func(got corpus.Document, err error) bool {
		d = &got
		return err == nil
	})
	if _, skipped := err.(*format.SkipError); err != nil && !skipped {
		t.Fatal(err)
	}
	return d
}

var letters = map[corpus.BlockKind]string{corpus.Paragraph: "p", corpus.ListItem: "li", corpus.TableRow: "tr", corpus.Code: "code", corpus.Quote: "q", corpus.Term: "dt"}

// outline is a line for each block: its kind, its line in the file, its text.
func outline(d *corpus.Document) string {
	var b strings.Builder
	for _, x := range d.Blocks {
		kind := letters[x.Kind]
		if x.Kind == corpus.Heading {
			kind = fmt.Sprint("h", x.Level)
		}
		fmt.Fprintf(&b, "%s %d %q\n", kind, x.Place.Line, d.Source[x.Start:x.End])
	}
	return b.String()
}

func expect(t *testing.T, read format.Func, src, want string) {
	t.Helper()
	if got, want := outline(document(t, read, src)), strings.TrimLeft(want, "\n"); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestLaTeX(t *testing.T) {
	src := `\documentclass{article}
\newcommand{\tool}[1]{the \emph{#1} sieve}
\title{On \textbf{Sieves}}
\begin{document}
\maketitle
\section{Uses}\label{uses} % a comment
Take \tool{fine} one~--- ` + "``always''" + `, 50\% of na\"{\i}ve caf\'es\footnote{Not all.}
use it: $a < b$, \verb|x_1|, \href{http://x.org}{a link}; see Section~\ref{uses}.

\begin{itemize}
\item one
  \begin{enumerate}
  \item inner
  \end{enumerate}
\item two
\end{itemize}
\begin{description}\item[flour] what is sieved\end{description}
\begin{verbatim}
a  \b
\end{verbatim}
\begin{quote}Sieve!\end{quote}
\[ x^2 \]
\begin{table}\caption{Weights}
\begin{tabular}{l|r}
\hline a & b \\ \hline
1 & 2 \& 3 \\
\multicolumn{2}{c}{both} \\
\end{tabular}\end{table}
\end{document}
Not this.
`
	expect(t, Read, src, `
h1 5 "On Sieves"
h1 6 "Uses"
p 7 "Take the fine sieve one — “always”, 50% of naïve cafés use it: a < b, x_1, a link; see Section ."
p 7 "Not all."
li 11 "one"
li 13 "1. inner"
li 15 "two"
dt 17 "flour"
li 17 "what is sieved"
code 18 "a  \\b"
q 21 "Sieve!"
code 22 "x^2"
p 23 "Weights"
tr 25 "a\tb"
tr 26 "1\t2 & 3"
tr 27 "both"
`)
	if d := document(t, Read, src); d.Title != "On Sieves" {
		t.Errorf("title %q", d.Title)
	}
}

// held fails where a document is not as the contract of readers has it.
func held(t *testing.T, d *corpus.Document, src string) {
	t.Helper()
	if d == nil {
		return
	}
	if !utf8.ValidString(d.Source) {
		t.Fatalf("not UTF-8: %q", d.Source)
	}
	at, file := 0, 0
	for i, b := range d.Blocks {
		if b.Start < at || b.End <= b.Start || b.End > len(d.Source) || b.FileStart < file || b.FileEnd < b.FileStart || b.FileEnd > len(src) {
			t.Fatalf("block %d is %+v of %d bytes of text and %d of the file", i, b, len(d.Source), len(src))
		}
		if gap := d.Source[at:b.Start]; strings.TrimSpace(gap) != "" {
			t.Fatalf("%q is in no block", gap)
		}
		if !utf8.ValidString(d.Source[b.Start:b.End]) {
			t.Fatalf("block %d begins or ends inside a sign", i)
		}
		at, file = b.End, b.FileStart
	}
}

func fuzz(f *testing.F, read format.Func, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		held(t, document(t, read, s), s)
	})
}

func FuzzLaTeX(f *testing.F) {
	fuzz(f, Read, "\\begin{document}a\\section{b}\\end{document}", "\\newcommand{\\a}[1]{#1\\a{#1#1}}\\begin{document}\\a{b}", "\\begin{itemize}\\item[a] b\\begin{tabular}{l}a&b\\\\c\\end{itemize}\\end{tabular}", "$a$ \\[b\\] $$c", "\\'{\\i}\\\"o\\c c", "\\begin{verbatim}a", "\\footnote{\\footnote{a}\\begin{quote}}", "\\multicolumn{99}{c}{\\item}", "%a\n\\verb|a", "\\def\\a{\\a\\a}\\a", "{\\caption[a]{b}", "\\begin{frame}{a}\\begin{Highlighting}[]\na\\end{Highlighting}", "\\begin{tabular}{l}\\begin{tabular}{l}a\\end{tabular}&b\\end{tabular}", "\\texorpdfstring{a}{b}\\url{c\\_d}\\item")
}
