package code

import "strings"

// declared reads a line that begins with a keyword and a name. Names are of letters,
// digits and the signs of more.
func declared(line, more string, table map[string]what) (word, name string, is what) {
	for range 6 {
		n := 0
		for n < len(line) && (wordByte(line[n]) || line[n] == '-' && n > 0 && strings.Contains(more, "-")) {
			n++
		}
		word = line[:n]
		rest := strings.TrimLeft(line[n:], " \t")
		if is = table[word]; is == nothing {
			if !modifiers[word] || rest == line[n:] {
				return "", "", nothing
			}
			line = rest
			continue
		}
		if rest == line[n:] && rest != "" {
			return "", "", nothing
		}
		n = 0
		for n < len(rest) && (wordByte(rest[n]) || strings.IndexByte(more, rest[n]) >= 0) {
			n++
		}
		if name = strings.TrimRight(rest[:n], ".:"); name == "" {
			return "", "", nothing
		}
		return word, name, is
	}
	return "", "", nothing
}

var modifiers = set("async local private public protected static export abstract pub inline recursive pure elemental global partial shared friend overridable overrides rec mutable private_class_method public_class_method")

// outlines of the languages that are read by their indent.
var outlines = map[string]*outline{
	"python": {comment: "#", long: []string{`"""`, "'''"}, bodies: true, docs: true, join: ".", match: matcher("", words("class", "def"))},
	"ruby": {comment: "#", block: [2]string{"=begin", "=end"}, heredoc: "<<", join: ".", close: "end rescue ensure else elsif when then",
		match: matcher(".?!=:[]+-*/<>~%&|^", words("class module", "def"))},
	"lua": {comment: "--", long: nil, block: [2]string{"--[[", "]]"}, join: ".", close: "end else elseif until", match: matchLua},
	"elixir": {comment: "#", long: triple, join: ".", close: "end else rescue catch after",
		match: matcher(".?!", words("defmodule defprotocol defimpl", "def defp defmacro defmacrop defguard defdelegate defstruct"))},
	"julia": {comment: "#", long: triple, join: ".", close: "end else elseif catch finally", match: matcher(".!", words("module baremodule", "function macro struct mutable abstract primitive"))},
	"perl":  {comment: "#", block: [2]string{"=", "\n=cut"}, pod: true, heredoc: "<<", join: "::", close: "else elsif", match: matcher(":'", words("", "sub package"))},
	"shell": {comment: "#", heredoc: "<<", join: ".", close: "fi done esac else elif then do", match: matchShell},
	"powershell": {comment: "#", block: [2]string{"<#", "#>"}, join: ".", close: "else elseif catch finally end process begin",
		match: matcher("-:", words("class", "function filter Function enum"))},
	"tcl":     {comment: "#", join: "::", match: matcher(":", words("", "proc"))},
	"vim":     {comment: `"`, join: ".", close: "endfunction endfunc endif endwhile endfor else elseif", match: matchVim},
	"haskell": {comment: "--", block: [2]string{"{-", "-}"}, bodies: true, margin: true, join: ".", match: matchHaskell},
	"erlang":  {comment: "%", margin: true, final: ".", join: ".", match: matchErlang},
	"ocaml":   {comment: "", block: [2]string{"(*", "*)"}, margin: true, close: "and in end", join: ".", match: matcher("'", words("", "let type module exception val external class"))},
	"fsharp":  {comment: "//", block: [2]string{"(*", "*)"}, margin: true, join: ".", bodies: true, match: matcher("'.", words("", "let type module member"))},
	"nim":     {comment: "#", bodies: true, docs: false, join: ".", match: matcher("", words("", "proc func method iterator template macro converter"))},
	"lisp":    {comment: ";", margin: true, bodies: true, join: ".", match: matchLisp},
	"sql":     {comment: "--", long: []string{"$$"}, block: [2]string{"/*", "*/"}, margin: true, final: ";", join: ".", match: matchSQL},
	"fortran": {comment: "!", join: ".", close: "end contains else END CONTAINS", match: matcher("", words("module program MODULE PROGRAM", "subroutine function SUBROUTINE FUNCTION"))},
	"vb":      {comment: "'", join: ".", close: "End Else ElseIf Case Catch", match: matcher("", words("Class Module", "Sub Function Structure Enum Property Interface"))},
}

func init() {
	for _, l := range []string{"clojure", "scheme", "racket"} {
		outlines[l] = outlines["lisp"]
	}
}

func matcher(more string, table map[string]what) func(string) (string, string, what) {
	return func(line string) (string, string, what) { return declared(line, more, table) }
}

var luaWords = words("", "function")

func matchLua(line string) (string, string, what) {
	if word, name, is := declared(line, ".:", luaWords); is != nothing {
		return word, name, is
	}
	left, right, ok := strings.Cut(line, "=")
	left = strings.TrimPrefix(strings.TrimSpace(left), "local ")
	if !ok || !strings.HasPrefix(strings.TrimSpace(right), "function") || !isName(left, ".:") {
		return "", "", nothing
	}
	return "function", left, leaf
}

func isName(s, more string) bool {
	for i := range len(s) {
		if !wordByte(s[i]) && strings.IndexByte(more, s[i]) < 0 {
			return false
		}
	}
	return s != ""
}

// matchShell takes "name()" and "function name".
func matchShell(line string) (string, string, what) {
	rest, word := strings.CutPrefix(line, "function ")
	rest = strings.TrimLeft(rest, " ")
	n := 0
	for n < len(rest) && (wordByte(rest[n]) || strings.IndexByte("-.:", rest[n]) >= 0) {
		n++
	}
	after := strings.TrimLeft(rest[n:], " ")
	if n == 0 || !word && (!strings.HasPrefix(after, "(") || !strings.HasPrefix(strings.TrimLeft(after[1:], " "), ")")) {
		return "", "", nothing
	}
	return "function", rest[:n], leaf
}

func matchVim(line string) (string, string, what) {
	for _, w := range []string{"function! ", "function ", "fu! ", "fun! ", "func! ", "func ", "def "} {
		if rest, ok := strings.CutPrefix(line, w); ok {
			n := strings.IndexByte(rest, '(')
			if n > 0 && isName(rest[:n], ":#.<>") {
				return "function", rest[:n], leaf
			}
		}
	}
	return "", "", nothing
}

var haskellWords = words("", "data newtype type class instance module")

func matchHaskell(line string) (string, string, what) {
	if word, name, is := declared(line, "'.", haskellWords); is != nothing {
		if word == "instance" || word == "class" { // a constraint may stand before the name
			rest := strings.TrimSpace(line[len(word):])
			if _, of, ok := strings.Cut(rest, "=> "); ok {
				rest = of
			}
			rest, _, _ = strings.Cut(rest, " where")
			name = rest
		}
		return word, name, is
	}
	n := 0
	for n < len(line) && (wordByte(line[n]) || line[n] == '\'') {
		n++
	}
	if n == 0 || line[0] < 'a' && line[0] != '_' || line[0] > 'z' {
		return "", "", nothing
	}
	switch line[:n] {
	case "import", "infixl", "infixr", "infix", "deriving", "where", "foreign", "default":
		return "", "", nothing
	}
	rest := strings.TrimLeft(line[n:], " ")
	if strings.HasPrefix(rest, "::") || strings.Contains(rest, "=") || strings.Contains(rest, "|") || rest == "" {
		return "", line[:n], leaf
	}
	return "", "", nothing
}

func matchErlang(line string) (string, string, what) {
	for _, w := range []string{"-record(", "-define(", "-type ", "-spec ", "-opaque ", "-module("} {
		if rest, ok := strings.CutPrefix(line, w); ok {
			n := 0
			for n < len(rest) && wordByte(rest[n]) {
				n++
			}
			if n == 0 || w == "-module(" {
				return "", "", nothing
			}
			return strings.TrimRight(w, " ("), rest[:n], leaf
		}
	}
	n := 0
	for n < len(line) && (wordByte(line[n]) || line[n] == '@') {
		n++
	}
	if n == 0 || n == len(line) || line[n] != '(' || line[0] < 'a' || line[0] > 'z' {
		return "", "", nothing
	}
	return "", line[:n], leaf
}

func matchLisp(line string) (string, string, what) {
	rest, ok := strings.CutPrefix(line, "(")
	if !ok || !strings.HasPrefix(rest, "def") && !strings.HasPrefix(rest, "cl-def") {
		return "", "", nothing
	}
	word, rest, _ := strings.Cut(rest, " ")
	rest = strings.TrimLeft(rest, " (")
	if strings.HasPrefix(rest, "^") { // ^:private name
		_, rest, _ = strings.Cut(rest, " ")
	}
	n := strings.IndexAny(rest, " ()\t[]{}\"")
	if n < 0 {
		n = len(rest)
	}
	if n == 0 {
		return "", "", nothing
	}
	return word, rest[:n], leaf
}

var sqlThings = set("TABLE VIEW FUNCTION PROCEDURE TRIGGER INDEX TYPE SEQUENCE SCHEMA DOMAIN AGGREGATE EVENT DATABASE ROLE EXTENSION")

func matchSQL(line string) (string, string, what) {
	f := strings.Fields(line[:min(len(line), 300)])
	if len(f) < 3 || !strings.EqualFold(f[0], "create") {
		return "", "", nothing
	}
	for i := 1; i+1 < len(f) && i < 8; i++ {
		if w := strings.ToUpper(f[i]); sqlThings[w] {
			name := f[i+1]
			if strings.EqualFold(name, "if") && i+4 < len(f) {
				name = f[i+4]
			}
			name, _, _ = strings.Cut(name, "(")
			name = strings.Trim(name, "`\"[];")
			if name == "" {
				return "", "", nothing
			}
			return w, name, leaf
		}
	}
	return "", "", nothing
}
