package manuscript

import (
	"testing"

	"github.com/tamis-search/tamis/corpus/read/readtest"
)

func TestRST(t *testing.T) {
	readtest.Expect(t, RST, `=====
Sieve
=====

.. |name| replace:: the *fine* one
.. _site: http://example.org
.. a comment
   of two lines

A |name| with **bold**, ''quotes'', `+"``code *x*``"+`, :func:`+"`~a.b.open`"+` and `+"`a link <http://x.org>`_"+`,
a site_ and a\ part, 2 * 3 [1]_.

Uses
----

- one
  goes on

  - inner
- two

1. first
#. second

term : kind
    What it is.

-v, --verbose  say more

Code::

  a  b
   c

.. code-block:: go
   :linenos:

   x := 1

.. note:: Mind
   this.

So it is said:

  Quoted.

+-----+-----+
| a   | b c |
+=====+=====+
| 1   | 2   |
|     | 3   |
+-----+-----+

=====  ====
left   n
=====  ====
x      1
=====  ====

.. list-table::

   * - k
     - v
   * - 1
     - 2

:Date: today

.. [1] A note.

.. image:: x.png
   :alt: no
`, `
h1 2 "Sieve"
p 10 "A the fine one with bold, ''quotes'', code *x*, open and a link, a site and apart, 2 * 3 [1]."
h2 13 "Uses"
li 16 "one goes on"
li 19 "inner"
li 20 "two"
li 22 "1. first"
li 23 "second"
dt 25 "term (kind)"
li 26 "What it is."
dt 28 "-v, --verbose"
li 28 "say more"
p 30 "Code:"
code 32 "a  b\n c"
code 38 "x := 1"
p 40 "Note"
p 40 "Mind this."
p 43 "So it is said:"
q 45 "Quoted."
tr 48 "a\tb c"
tr 50 "1\t2 3"
tr 55 "left\tn"
tr 57 "x\t1"
tr 62 "k\tv"
tr 64 "1\t2"
li 67 "Date: today"
p 69 "[1] A note."
`)
}

func TestAsciiDoc(t *testing.T) {
	readtest.Expect(t, AsciiDoc, `= Sieve
A. Cook
:tool: tamis
// a comment

The {tool} is *fine*, _very_ fine: `+"`a *b*`"+`, don't, link:x.html[a link], https://x.org[site^], see <<_uses>>.

ifdef::none[]
Not this.
endif::[]
== Uses

* one
goes on
** inner
+
attached
* [x] two

. first
. second

flour:: what is +
sieved
water:: wet

.A title
[source,go]
----
x := 1 // <1>
// kept
----
<1> a callout

NOTE: Mind this.

[quote, A. Cook]
____
Sieve!
____

[cols="1,1"]
|===
|a |b

|1 | 2
2+|both
|===

image::x.png[]
`, `
h1 1 "Sieve"
p 2 "A. Cook"
p 6 "The tamis is fine, very fine: a *b*, don’t, a link, site, see Uses."
h2 11 "Uses"
li 13 "one goes on"
li 15 "inner"
p 17 "attached"
li 18 "two"
li 20 "first"
li 21 "second"
dt 23 "flour"
li 23 "what is\nsieved"
dt 25 "water"
li 25 "wet"
p 27 "A title"
code 30 "x := 1\n// kept"
li 33 "a callout"
p 35 "Note"
p 35 "Mind this."
q 39 "Sieve!"
p 40 "— A. Cook"
tr 44 "a\tb"
tr 46 "1\t2"
tr 47 "both"
`)
}

func TestOrg(t *testing.T) {
	readtest.Expect(t, Org, `#+TITLE: Sieve
#+AUTHOR: A. Cook
# a comment
* TODO Uses :kitchen:
:PROPERTIES:
:ID: 7
:END:
The *fine* /one/ =a *b*= in [[http://x.org][a link]] and 2*3, \alpha[fn:1].
- one
  goes on
  1. inner
- [X] two
- flour :: what is sieved
#+begin_src go
x := 1
#+end_src
#+begin_quote
Sieve!
#+end_quote
| a | b |
|---+---|
| 1 |   |
: fixed
[fn:1] A note.
`, `
h1 1 "Sieve"
h1 4 "TODO Uses"
p 8 "The fine one a *b* in a link and 2*3, α[1]."
li 9 "one goes on"
li 11 "1. inner"
li 12 "two"
dt 13 "flour"
li 13 "what is sieved"
code 15 "x := 1"
q 18 "Sieve!"
tr 20 "a\tb"
tr 22 "1"
code 23 "fixed"
p 24 "[1] A note."
`)
}

func TestInfo(t *testing.T) {
	readtest.Expect(t, Info, "This is sieve.info, produced by makeinfo version 6.8 from sieve.texi.\n"+`
Free to copy.

INFO-DIR-SECTION Kitchen
START-INFO-DIR-ENTRY
* Sieve: (sieve).               What falls through.
END-INFO-DIR-ENTRY

`+"\x1f"+`
File: sieve.info,  Node: Top,  Next: Uses,  Up: (dir)

Sieves
******

   A sieve has holes.  What is
smaller falls through (*note Uses::).  See *note the flour: (mill)Flour.

* Menu:

* Uses::                What they are
                        good for.
* Concept Index::

 -- The Detailed Node Listing --

Uses

* Flour::

`+"\x1f\x0c"+`
File: sieve.info,  Node: Uses,  Prev: Top,  Up: Top

1 Uses
======

'-v'
'--verbose'
     Say more.  For example:

          sieve -v flour

     And more.

 -- Function: shake SIEVE
     Shakes it.

   * one
     goes on

     and on
   * two

Then:

     sieve < flour
       | cake

     A quotation is set apart as an example is, and yet there are more words
     in its lines than an example has, and it ends as sentences do.

`+"\x00\x08[image src=\"a.png\" alt=\"A sieve\"\x00\x08]"+`

`+"\x1f"+`
File: sieve.info,  Node: Concept Index,  Prev: Uses,  Up: Top

Concept Index
*************

`+"\x00\x08[index\x00\x08]"+`
* Menu:

* holes:                 Uses.                   (line 6)

`+"\x1f"+`
Tag Table:
Node: Top`+"\x7f"+`200
`+"\x1f"+`
End Tag Table
`, `
p 3 "Free to copy."
h1 13 "Sieves"
p 16 "A sieve has holes. What is smaller falls through (see Uses). See the flour."
h2 34 "1 Uses"
dt 37 "'-v'"
dt 38 "'--verbose'"
li 39 "Say more. For example:"
code 41 "sieve -v flour"
li 43 "And more."
dt 45 "Function: shake SIEVE"
li 46 "Shakes it."
li 48 "one goes on"
li 51 "and on"
li 52 "two"
p 54 "Then:"
code 56 "sieve < flour\n  | cake"
q 59 "A quotation is set apart as an example is, and yet there are more words in its lines than an example has, and it ends as sentences do."
p 62 "A sieve"
`)
	docs, _ := readtest.Read(t, Info, "a", "This is a.info, produced by makeinfo.\nSTART-INFO-DIR-ENTRY\n* A: (a).  Letters.\nEND-INFO-DIR-ENTRY\n\nFirst.\n")
	if len(docs) != 1 || docs[0].Title != "A: Letters" {
		t.Errorf("%+v", docs)
	}
}

func TestIsInfo(t *testing.T) {
	for head, want := range map[string]bool{
		"This is a.info, produced by makeinfo version 6.8 from a.texi.\n":              true,
		"This is Info file a, produced by Makeinfo-1.63 from the input file a.texi.\n": true,
		"A.\n\x1f\nFile: a.info,  Node: Top,  Up: (dir)\n":                             true,
		"This is a text on what is produced by many.\n":                                false,
		"a\x00b": false,
	} {
		if got := IsInfo([]byte(head)); got != want {
			t.Errorf("%q: %t", head, got)
		}
	}
}

func TestMan(t *testing.T) {
	src := `.\" a comment
.TH SIEVE 1 2020-01-01
.de XX
not this
..
.SH NAME
sieve \- a \fIfine\fP tool
.SH OPTIONS
.BR sieve ( 1 )
takes
.IR "a file" .
.TP
.BI \-v " level"
Say more
.br
and more.
.IP \(bu 2
an item
.PP
Then:
.nf
a  b
 c\e
.fi
.TS
tab(;);
l l.
a;b
1;T{
two
lines
T}
.TE
`
	readtest.Expect(t, Man, src, `
h1 6 "NAME"
p 7 "sieve - a fine tool"
h1 8 "OPTIONS"
p 9 "sieve(1) takes a file."
dt 13 "-v level"
li 14 "Say more\nand more."
li 18 "an item"
p 20 "Then:"
code 22 "a  b\n c\\"
tr 28 "a\tb"
tr 29 "1\ttwo lines"
`)
	if d := readtest.Document(t, Man, src); d.Title != "SIEVE(1)" {
		t.Errorf("title %q", d.Title)
	}
	readtest.Expect(t, Man, `.Dd January 1, 2020
.Dt SIEVE 1
.Sh NAME
.Nm sieve
.Nd a tool
.Sh SYNOPSIS
.Nm
.Op Fl v Ar level
.Bl -tag
.It Fl v Ns = Ns Ar level
Say more; see
.Xr tamis 1 .
.El
`, `
h1 3 "NAME"
p 4 "sieve – a tool"
h1 6 "SYNOPSIS"
p 7 "sieve [-v level]"
dt 10 "-v=level"
li 11 "Say more; see tamis(1)."
`)
}

func FuzzRST(f *testing.F) {
	readtest.Fuzz(f, RST, "a\n=\n\n- b\n\n  - c\n", ".. code:: x\n\n  y\n", "+--+--+\n|a |b |\n+--+--+\n", "== ==\na  b\n== ==\nc  d\n== ==\n", ".. list-table::\n\n  * - a\n    - b\n", "a ``b`` :c:`d <e>` *f* |g|_\n", "a::\n\n> b\n", ".. csv-table::\n\n  a,\"b\n", "1. a\n\n   b\n", ":a: b\n c\n", "| a\n| b\n", "a\n b\n", "-x  y\n", ">>> a\n", ".. |a| replace:: |a|\n\n|a|")
}

func FuzzAsciiDoc(f *testing.F) {
	readtest.Fuzz(f, AsciiDoc, "= a\nb\n:c: d\n\n{c}\n", "* a\n** b\n+\n----\nc\n----\n", "a:: b\n", "|===\n|a|b\n\n|c 2+|d\n|===\n", "[source]\na\n", "____\n====\na\n====\n____\n", "ifdef::a[]\nb\nendif::[]\n", "NOTE: a\n", "`a` +b+ *c* \"`d`\" <<e,f>> link:g[h]", ",===\na,\"b\n,===\n", "////\na\n", ":a: {a}{a}\n\n{a}", "[cols=\"99999999999*\"]\n|===\n9999999*|a\n|===\n")
}

func FuzzOrg(f *testing.F) {
	readtest.Fuzz(f, Org, "* a :b:\n:C:\nd\n:END:\n", "- a\n  - b :: c\n", "#+begin_src\n,* a\n#+end_src\n", "| a | b |\n|--|\n", ": a\n", "[fn:1] a[fn:2]\n", "*a* /b/ =c= [[d][e]] \\alpha{}", "#+begin_quote\n#+begin_quote\na\n", "1) a\n\n\n b\n", "\\begin{a}\nb\n")
}

func FuzzMan(f *testing.F) {
	readtest.Fuzz(f, Man, ".TH a 1\n.SH b\n.TP\n.B c\nd\n", ".nf\na\n.fi\n.IP\n", ".TS\ntab(;);\nl l.\na;T{\nb\nT}\n.TE\n", ".Sh a\n.Bl -tag\n.It Fl a Ns Op b\n.El\n", ".de a\n..\n.if n \\{\\\n.a\n.\\}\n", "\\fBa\\fP \\(bu \\[u2014] \\*(lq \\e \\\" b", ".Dd\n.Nm a\n.Xr b 1\n.Ap\n.Pf\n", ".BR \"a\"\"b\" c\\", ".It Ta\n.El\n.Bl -column\n.It a Ta b", ".TS\n.TE\n.TS\nx")
}

func FuzzInfo(f *testing.F) {
	readtest.Fuzz(f, Info, "\x1f\nFile: a, Node: b\n\nc\n=\n\nd\n", "\x1f\nFile: a\n'-v'\n     b\n\n          c\n -- F: x\n     y\n", "* Menu:\n\n* a::  b\n      c\nd\n", "\x00\x08[index\x00\x08]\n* Menu:\n", "   * a\n     b\n\n     c\n", "*note a: (b)c.\n*Note d::", "\x00\x08[image alt=\"é\"\x00\x08]")
}
