package code

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
)

// units are a text of each language, and the declarations in it: how deep, and how
// they are called.
var units = map[string]struct{ text, want string }{
	"c": {"/* Gates. */\n#include <a.h>\n#ifdef X\nint shut(int n) {\n#else\nint shut(void) {\n#endif\n\treturn '}';\n}\nstruct gate { int n; };\nstruct gate *open_gate(const char *s)\n{\n\tif (s) { puts(\"{\"); }\n\treturn 0;\n}\nint lift(int);\n#define MAX(a, b) \\\n\t((a) > (b))\ntypedef struct { int x; } tide_t;\nstatic const int table[] = {1, 2};\n",
		"1 shut|1 struct gate|1 open_gate|1 lift|1 #define MAX"},
	"cpp":        {"namespace sea {\ntemplate <class T>\nclass Gate : public Base {\npublic:\n  Gate(int n) : n_{n}, m_(n) { open(); }\n  ~Gate();\n  bool operator==(const Gate& o) const { return true; }\nprivate:\n  int n_;\n" + wide + "};\nint Tide::height() const { return R\"(})\"; }\n} // namespace sea\n", "1 namespace sea|2 class sea::Gate|3 sea::Gate::Gate|3 sea::Gate::~Gate|3 sea::Gate::operator==|2 sea::Tide::height"},
	"java":       {"package a;\n\n/** A gate. */\n@Deprecated(since = \"1\")\npublic final class Gate<T> extends Base implements Shut {\n  private int n = 1;\n  public Gate(int n) { this.n = n; }\n  @Override public <R> R open(Map<String, R> m) throws IOException { if (n > 0) { return null; } return null; }\n  abstract void lift();\n  enum Tide { LOW, HIGH }\n" + wide + "}\n", "1 class Gate|2 Gate.Gate|2 Gate.open|2 Gate.lift|2 enum Gate.Tide"},
	"csharp":     {"namespace Sea\n{\n  [Obsolete(\"x\")]\n  public class Gate : Base\n  {\n    public int N { get; set; }\n    public Gate(int n) : base(n) { }\n    public async Task<int> Open(string s = @\"a\"\"}\") { return 1; }\n  }\n" + wide + "}\n", "1 namespace Sea|2 class Sea.Gate"},
	"javascript": {"'use strict';\n/** Opens. */\nfunction open(a, {b, c} = {}) { return `${a ? '}' : `x`}`; }\nconst shut = async (x) => {\n  return /[/}]/.test(x);\n};\nexports.lift = function () {};\nclass Gate extends Base {\n  #n = 1;\n  constructor() { super(); }\n  get n() { return 1; }\n  static async *all() {}\n" + wide + "}\nmodule.exports = {\n  tide() { return 1; },\n  wave: function () {},\n};\n", "1 function open|1 function shut|1 function exports.lift|1 class Gate|2 Gate.constructor|2 Gate.n|2 Gate.all|1 tide|1 function wave"},
	"typescript": {"export interface Gate<T> {\n  /** How wide it is. */\n  width?: number;\n  open(n: number): { ok: boolean };\n" + wide + "}\nexport type Tide = 'low' | 'high';\nexport declare function lift(a: string): void;\nexport default class Wall { shut(a: { b: string }): { c: number } { return { c: 1 }; } }\n", "1 interface Gate|2 Gate.width|2 Gate.open|1 type Tide|1 function lift|1 class Wall"},
	"php":        {"<html>{<?php\nnamespace Sea;\n// Opens {.\nfunction open(int $n): ?string { return <<<E\n}\nE;\n}\nfinal class Gate {\n  #[Pure]\n  public static function shut($a) { return '}'; }\n" + wide + "}\n?>}\n", "1 namespace Sea|1 function open|1 class Gate|2 function Gate::shut"},
	"rust":       {"//! Gates.\n\n/// Opens.\n#[inline]\npub fn open<'a>(s: &'a str) -> char { '{' }\nimpl<T: Copy> Shut for Gate<T> where T: X {\n    fn shut(&self) -> &'static str { r#\"}\"# }\n" + wide + "}\npub struct Tide { n: u8 }\nmacro_rules! lift { () => {} }\n", "1 fn open|1 impl Shut for Gate|2 fn Gate::shut|1 struct Tide|1 macro_rules! lift"},
	"kotlin":     {"data class Tide(val n: Int)\n\nclass Gate(val n: Int) : Base() {\n    init { open() }\n    fun open(s: String = \"{\"): Int = 1\n    companion object {\n        fun of() = Gate(1)\n    }\n" + wide + "}\nfun String.lift() {\n}\n", "1 class Tide|1 class Gate|2 Gate.init|2 fun Gate.open|2 object Gate|1 fun String.lift"},
	"swift":      {"/// A gate.\npublic final class Gate: Base {\n    init(n: Int) { }\n    func open(_ n: Int) -> String { return \"\"\"\n    }\n    \"\"\" }\n" + wide + "}\nextension Gate: Shut { func shut() {} }\n", "1 class Gate|2 Gate.init|2 func Gate.open|1 extension Gate"},
	"scala":      {"object Sea {\n  case class Tide(n: Int)\n  def open(n: Int): Int = { n }\n  trait Gate { def shut(): Unit }\n" + wide + "}\n", "1 object Sea|2 class Sea.Tide|2 def Sea.open|2 trait Sea.Gate"},
	"dart":       {"/// A gate.\nclass Gate extends Base {\n  Gate(this.n);\n  int open(String s) { return 1; }\n  int get width => 1;\n" + wide + "}\nvoid main() { }\n", "1 class Gate|2 Gate.open|2 get Gate.width|1 main"},
	"objc":       {"#import <A/A.h>\n@interface Gate : NSObject\n- (void)open:(int)n;\n" + wide + "@end\n@implementation Gate\n- (void)open:(int)n {\n  [self shut];\n}\nstatic int lift(int n) { return n; }\n" + wide + "@end\n", "1 @interface Gate|2 - Gate.open|1 @implementation Gate|2 - Gate.open|2 Gate.lift"},
	"python":     {"#!/usr/bin/python\n\"\"\"Gates.\"\"\"\n\n@deco(\n    1)\nclass Gate(Base):\n    '''A gate of the wall, which opens where somebody asks for it.\n\n    It shuts by itself.\n    '''\n    @property\n    async def open(self,\n          n=(1, 2)):\n        def inner():\n            pass\n        return \"\"\"\ndef not_this():\n\"\"\"\n\n    # Shuts.\n    def shut(self): return 1\n" + strings.Repeat("    x = 1\n", 40) + "def lift():\n    pass\n", "1 class Gate|2 def Gate.open|2 def Gate.shut|1 def lift"},
	"ruby":       {"# A gate.\nmodule Sea\n  class Gate < Base\n    attr_reader :n\n    # Opens.\n    def open?(n)\n      if n\n        1\n      end\n    rescue Error\n      2\n    end\n    def self.lift = 1\n" + strings.Repeat("    foo :bar\n", 40) + "  end\nend\n", "1 module Sea|2 class Sea.Gate|3 def Sea.Gate.open?|3 def Sea.Gate.self.lift"},
	"lua":        {"-- Opens.\nlocal function open(n)\n  if n then\n    return 1\n  end\nend\nfunction M.shut() end\nM.lift = function(a)\n  return a\nend\n", "1 function open|1 function M.shut|1 function M.lift"},
	"elixir":     {"defmodule Sea.Gate do\n  @doc \"\"\"\n  def not_this\n  \"\"\"\n  def open(n) do\n    n\n  end\n\n  defp shut(n), do: n\n" + strings.Repeat("  use Wall\n", 50) + "end\n", "1 defmodule Sea.Gate|2 def Sea.Gate.open|2 defp Sea.Gate.shut"},
	"perl":       {"package Gate;\nuse strict;\n\n=head1 NAME\n\nGate - a C<gate>\n\n=cut\n\n# Opens.\nsub open {\n    my $s = q{ } . \"}\";\n    if ($s =~ /{/) {\n        print <<EOT;\n}\nEOT\n    }\n}\n\nsub shut { 1 }\n", "1 package Gate|1 sub open|1 sub shut"},
	"shell":      {"#!/bin/sh\n# Opens.\nopen_gate() {\n  case $1 in\n    a) echo '}' ;;\n  esac\n}\nfunction shut {\n  cat <<EOF\n}\nEOF\n}\nopen_gate\n", "1 function open_gate|1 function shut"},
	"sql":        {"-- Gates of the wall.\nCREATE TABLE IF NOT EXISTS gate (\n  n int\n);\n\ncreate or replace function lift(n int) returns int as $$\nbegin\n  return 1;\nend;\n$$ language plpgsql;\nSELECT 1;\n", "1 TABLE gate|1 FUNCTION lift"},
	"r":          {"# Opens.\nopen <- function(n, m = 2) {\n  if (n) { 1 }\n}\nshut = function(x) {\n  x\n}\n", "1 function open|1 function shut"},
	"haskell":    {"module Sea where\n\n-- | Opens.\nopen :: Int -> Int\nopen 0 = 1\nopen n = go n\n  where go = id\n\ndata Gate = Gate Int\n  deriving Show\ninstance Show Tide where\n  show _ = \"\"\n", "1 module Sea|1 open|1 data Gate|1 instance Show Tide"},
	"erlang":     {"-module(sea).\n\n%% Opens.\nopen(0) ->\n    1;\nopen(N) ->\n    N.\n\nshut() -> ok.\n", "1 open|1 shut"},
	"clojure":    {"(ns sea.gate)\n\n(defn open\n  \"Opens.\"\n  [n]\n  n)\n(def ^:private tide 1)\n", "1 defn open|1 def tide"},
	"protobuf":   {"message Gate {\n  int32 n = 1;\n}\nservice Sea {\n  rpc Open(Gate) returns (Gate);\n}\n", "1 message Gate|1 service Sea"},
}

// wide makes a type too long to be one unit.
var wide = strings.Repeat("  // The wall goes on for a while here.\n\n", 10)

func TestUnits(t *testing.T) {
	for lang, u := range units {
		d := read(t, lang, u.text)
		var got []string
		for _, b := range d.Blocks {
			if b.Label != "" && b.Kind == corpus.Code {
				got = append(got, fmt.Sprint(b.Level, " ", b.Label))
			}
		}
		if s := strings.Join(got, "|"); s != u.want {
			t.Errorf("%s:\n got %s\nwant %s", lang, s, u.want)
		}
	}
}
