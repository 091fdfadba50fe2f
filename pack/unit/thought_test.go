package unit

import (
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/gather"
)

// passageOf is a passage of the pieces, each of one kind, with what stands between
// them: a kind, a colon and the text.
func passageOf(pieces ...string) *gather.Passage {
	kinds := map[byte]corpus.BlockKind{'p': corpus.Paragraph, 'h': corpus.Heading, 'l': corpus.ListItem, 'r': corpus.TableRow, 'c': corpus.Code, 't': corpus.Term, 'u': corpus.Turn}
	p := &gather.Passage{}
	for _, piece := range pieces {
		if kind, ok := kinds[piece[0]]; ok && piece[1] == ':' {
			s := corpus.Sentence{Start: len(p.Text), End: len(p.Text) + len(piece) - 2, Kind: kind}
			p.Sentences = append(p.Sentences, s)
			piece = piece[2:]
		}
		p.Text += piece
	}
	p.End = len(p.Text)
	return p
}

func TestThoughts(t *testing.T) {
	long := "p:The gates are opened at noon by whoever is there."
	for _, c := range []struct {
		name string
		p    *gather.Passage
		want []string
	}{
		{"sentences stand alone", passageOf(long, " ", "p:Nobody opens them at night."), []string{long[2:], "Nobody opens them at night."}},
		{"a heading goes with what follows", passageOf("h:# Gates", "\n\n", long, "\n\n", "h:# Tides"), []string{"# Gates\n\n" + long[2:], "# Tides"}},
		{"a term goes with its definition", passageOf("t:--noon", "\n", "l:Opens the gates at noon, as a rule."), []string{"--noon\nOpens the gates at noon, as a rule."}},
		{"an item goes on", passageOf("l:- The northern gate opens first.", " ", "l:It is the oldest.", "\n", "l:- The southern gate opens last."),
			[]string{"- The northern gate opens first. It is the oldest.", "- The southern gate opens last."}},
		{"a statement with its exception", passageOf(long, " ", "p:However, storms keep them shut.", " ", "p:Boats wait outside the wall then."),
			[]string{long[2:] + " However, storms keep them shut.", "Boats wait outside the wall then."}},
		{"lines of code", passageOf("c:// Open opens.", "\n", "c:func Open() {", "\n\t", "c:turn(wheel)", "\n", "c:}", "\n\n", "c:func Shut() {", "\n", "c:}"),
			[]string{"// Open opens.\nfunc Open() {\n\tturn(wheel)\n}", "func Shut() {\n}"}},
		{"a comment of some words begins anew", passageOf("c:count := len(all.gates) + other", "\n", "c:// The wheel is turned twice now."),
			[]string{"count := len(all.gates) + other", "// The wheel is turned twice now."}},
		{"what opens goes with what stands in it", passageOf("c:"+strings.Repeat("turn(wheel); ", 20)+"\n\tif the.gate.is(open) && the.tide.is(high) {", "\n\t\t", "c:wait(for.the(tide), and.for(the.boats))", "\n\t", "c:shut(the.gate.of(the.harbour), again)"),
			[]string{strings.Repeat("turn(wheel); ", 20) + "\n\tif the.gate.is(open) && the.tide.is(high) {\n\t\twait(for.the(tide), and.for(the.boats))", "shut(the.gate.of(the.harbour), again)"}},
		{"code goes with what announces it", passageOf("p:To open them at noon, turn the wheel twice:", "\n\n", "c:turn wheel", "\n\n", long),
			[]string{"To open them at noon, turn the wheel twice:\n\nturn wheel", long[2:]}},
		{"and with what ends nowhere", passageOf("p:The second thing to do at noon is to say", "\n", "c:turn(wheel, 2)\nshut(gate)", "\n", long),
			[]string{"The second thing to do at noon is to say\nturn(wheel, 2)\nshut(gate)", long[2:]}},
		{"not with what does not", passageOf(long, "\n\n", "c:turn(the, wheel, twice)", "\n\n", long), []string{long[2:], "turn(the, wheel, twice)", long[2:]}},
		{"few words go with the next", passageOf("p:See also:", "\n", long), []string{"See also:\n" + long[2:]}},
		{"a short sentence is a sentence", passageOf("p:Boats wait.", " ", long), []string{"Boats wait.", long[2:]}},
		{"rows and turns stand alone", passageOf("r:| gate |", "\n", "r:| north |", "\n\n", "u:Ann: Noon.", "\n", "u:Bob: Now?"), []string{"| gate |", "| north |", "Ann: Noon.", "Bob: Now?"}},
	} {
		var got []string
		for _, s := range thoughts(c.p, joining{}) {
			got = append(got, c.p.Text[s.Start:s.End])
		}
		if strings.Join(got, "¶") != strings.Join(c.want, "¶") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	apart := thoughts(passageOf("h:# Gates", "\n\n", long), joining{apart: true})
	if len(apart) != 2 {
		t.Errorf("headings apart: %v", apart)
	}
}

// TestThoughtsKeepEveryByte: sentences are joined, none is lost, cut or moved, and
// a piece of code or a list does not grow without end.
func TestThoughtsKeepEveryByte(t *testing.T) {
	var pieces []string
	for i := range 400 {
		pieces = append(pieces, []string{"c:x := y", "l:- item of four words", "p:Some words.", "t:term", "h:# head", "c:// note"}[i*i%6], []string{"\n", " ", "\n\n"}[i%3])
	}
	p := passageOf(pieces...)
	k := 0
	for _, s := range thoughts(p, joining{}) {
		if s.Start != p.Sentences[k].Start {
			t.Fatalf("a thought begins at %d, the sentence at %d", s.Start, p.Sentences[k].Start)
		}
		for k < len(p.Sentences) && p.Sentences[k].End <= s.End {
			k++
		}
		if p.Sentences[k-1].End != s.End {
			t.Fatalf("a thought ends at %d, the sentence at %d", s.End, p.Sentences[k-1].End)
		}
		if s.End-s.Start > thoughtShort+thoughtTurn {
			t.Errorf("a thought of %d bytes", s.End-s.Start)
		}
	}
	if k != len(p.Sentences) {
		t.Errorf("%d of %d sentences", k, len(p.Sentences))
	}
}

func TestImports(t *testing.T) {
	for code, want := range map[string]bool{
		"import { A } from \"a\";\nimport type { B } from './b.js';": true,
		"import (\n\t\"fmt\"\n\t\"os\"\n)":                           true,
		"#include <stdio.h>\n#include \"a.h\"":                       true,
		"from os import path":                                        true,
		"const fs = require('fs');":                                  true,
		"package gather":                                             true,
		"import \"fmt\"\nfunc main() {}":                             false,
		"importer.run(1)":                                            false,
		"from now on everything is else":                             false,
		"use the force":                                              true, // as Rust has it; only code is asked about
		"export class A {":                                           false,
		"package main\n\nvar a = 1":                                  false,
	} {
		if got := imports(code); got != want {
			t.Errorf("%q: %v", code, got)
		}
	}
}
