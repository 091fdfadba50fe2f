package latex

import (
	"testing"

	"github.com/tamis-search/tamis/corpus/read/readtest"
)

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
	readtest.Expect(t, Read, src, `
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
	if d := readtest.Document(t, Read, src); d.Title != "On Sieves" {
		t.Errorf("title %q", d.Title)
	}
}

func FuzzLaTeX(f *testing.F) {
	readtest.Fuzz(f, Read, "\\begin{document}a\\section{b}\\end{document}", "\\newcommand{\\a}[1]{#1\\a{#1#1}}\\begin{document}\\a{b}", "\\begin{itemize}\\item[a] b\\begin{tabular}{l}a&b\\\\c\\end{itemize}\\end{tabular}", "$a$ \\[b\\] $$c", "\\'{\\i}\\\"o\\c c", "\\begin{verbatim}a", "\\footnote{\\footnote{a}\\begin{quote}}", "\\multicolumn{99}{c}{\\item}", "%a\n\\verb|a", "\\def\\a{\\a\\a}\\a", "{\\caption[a]{b}", "\\begin{frame}{a}\\begin{Highlighting}[]\na\\end{Highlighting}", "\\begin{tabular}{l}\\begin{tabular}{l}a\\end{tabular}&b\\end{tabular}", "\\texorpdfstring{a}{b}\\url{c\\_d}\\item")
}
