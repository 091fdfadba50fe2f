// Package code reads source code: functions, methods, types and classes are blocks
// of kind Code, whose Label is what they are and their whole name ("def Gate.open",
// "fn Gate::shut"). A long type is its head and its members, one level deeper. Comments
// before a declaration and strings of documentation below its head are paragraphs, items
// and examples, unless all of it is short; the stored source is the file's own text.
//
// Go is parsed. Languages with braces (grammars) go through one lexer, which puts
// blanks in place of strings, comments and macros, and one pass that looks at the
// head of each statement. The others (outlines) are read by their indent: a
// declaration ends before the next line that is indented no more, or with the
// word or brace that stands under its beginning. Both take linear time and no
// more memory than some times the text. What is neither, and languages without either, is cut
// at empty lines.
package code

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// languages names the language of a lower-case file extension.
var languages = pairs(`c:c h:c cc:cpp cpp:cpp cxx:cpp hpp:cpp hh:cpp hxx:cpp inl:cpp cu:cuda m:objc mm:objc cs:csharp fs:fsharp vb:vb
	java:java kt:kotlin kts:kotlin scala:scala groovy:groovy gradle:groovy clj:clojure cljs:clojure
	py:python pyi:python pyx:python rb:ruby rake:ruby pl:perl pm:perl php:php lua:lua r:r jl:julia
	js:javascript mjs:javascript cjs:javascript jsx:javascript ts:typescript mts:typescript cts:typescript tsx:typescript
	vue:vue svelte:svelte dart:dart swift:swift rs:rust zig:zig nim:nim v:v d:d pas:pascal f90:fortran f95:fortran f:fortran
	hs:haskell ml:ocaml mli:ocaml elm:elm ex:elixir exs:elixir erl:erlang hrl:erlang lisp:lisp el:lisp scm:scheme rkt:racket
	sh:shell bash:shell zsh:shell fish:shell ps1:powershell bat:batch cmd:batch awk:awk tcl:tcl vim:vim
	sql:sql proto:protobuf thrift:thrift graphql:graphql gql:graphql s:assembly asm:assembly wat:wasm
	css:css scss:css sass:css less:css json5:json ini:ini cfg:ini conf:ini properties:ini
	xsl:xml svg:xml tf:terraform hcl:terraform nix:nix cmake:cmake mk:make mod:gomod sum:gomod
	tmpl:template gotmpl:template sol:solidity vhd:vhdl sv:verilog`, ".")

// fileNames names the language of a lower-case file name.
var fileNames = pairs(`makefile:make gnumakefile:make dockerfile:docker containerfile:docker cmakelists.txt:cmake rakefile:ruby gemfile:ruby
	jenkinsfile:groovy build:starlark workspace:starlark justfile:make .gitignore:ignore .dockerignore:ignore .bashrc:shell
	.profile:shell .editorconfig:ini`, "")

func pairs(list, prefix string) map[string]string {
	m := make(map[string]string)
	for _, p := range strings.Fields(list) {
		k, v, _ := strings.Cut(p, ":")
		m[prefix+k] = v
	}
	return m
}

// Language names the programming language of a file by its name, else by the first
// line of a script; "" where neither says.
func Language(name string, head []byte) string {
	ext := strings.ToLower(filepath.Ext(name))
	lang := languages[ext]
	if lang == "" {
		lang = fileNames[strings.ToLower(filepath.Base(name))]
	}
	if lang == "" && ext == "" && bytes.HasPrefix(head, []byte("#!")) {
		lang = shebang(head)
	}
	return lang
}

// Extensions of the files of a language, by language.
func Extensions() map[string][]string {
	all := map[string][]string{}
	for ext, lang := range languages {
		all[lang] = append(all[lang], ext)
	}
	return all
}

// Read is the reader of a language.
func Read(lang string) format.Func {
	if lang == "go" {
		return format.Costly("go", "go", nil, format.Cost{Byte: 40}, readGo, whole)
	}
	parse := Lines
	if g := grammars[lang]; g != nil {
		parse = readBraces(g)
	} else if o := outlines[lang]; o != nil {
		parse = readOutline(o)
	}
	return format.Costly("code", lang, nil, format.Cost{Byte: 8, Each: 200, Mark: "\n"}, parse, whole)
}

func readBraces(g *grammar) format.Parse {
	return func(ctx context.Context, d *corpus.Document, text string) error {
		b := &braces{lexed: lex(text, &g.syntax), g: g}
		decls := b.find()
		d.Source, d.Blocks = text, emit(text, decls, b.comments, nil, g.join)
		return ctx.Err()
	}
}

func readOutline(o *outline) format.Parse {
	return func(ctx context.Context, d *corpus.Document, text string) error {
		out := &outliner{outline: o, text: text}
		out.find()
		d.Source, d.Blocks = text, emit(text, out.decls, out.comments, out.pods, o.join)
		return ctx.Err()
	}
}

// shebang names the language of a script by its first line.
func shebang(head []byte) string {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	fields := strings.Fields(string(line[2:]))
	if len(fields) == 0 {
		return ""
	}
	name := filepath.Base(fields[0])
	if name == "env" && len(fields) > 1 {
		name = fields[len(fields)-1]
	}
	name = strings.TrimRight(name, "0123456789.")
	switch name {
	case "python", "ruby", "perl", "php", "lua", "awk":
		return name
	case "node", "deno", "bun":
		return "javascript"
	case "sh", "bash", "zsh", "dash", "ksh", "fish":
		return "shell"
	}
	return ""
}
