package code

// words makes a table of keywords: those before "|" hold members, those after it
// do not.
func words(holders, leaves string) map[string]what {
	m := map[string]what{}
	for w := range set(holders) {
		m[w] = holder
	}
	for w := range set(leaves) {
		m[w] = leaf
	}
	return m
}

var (
	slashes = []string{"//"}
	triple  = []string{`"""`}
	inC     = syntax{line: slashes, block: "/*", until: "*/", quotes: `"`, chars: true, macros: true}
	inCpp   = syntax{line: slashes, block: "/*", until: "*/", quotes: `"`, chars: true, macros: true, raw: rawCpp}
	inJava  = syntax{line: slashes, block: "/*", until: "*/", quotes: `"`, chars: true, long: triple}
	inJS    = syntax{line: slashes, block: "/*", until: "*/", quotes: `"'`, regexps: true, raw: rawTick}
)

// grammars of the languages whose bodies stand in braces.
var grammars = map[string]*grammar{
	"c":    {syntax: inC, words: words("", "struct union enum"), shorts: set("typedef"), calls: true, protos: true, join: "."},
	"cpp":  {syntax: inCpp, words: words("class struct namespace", "union enum concept"), shorts: set("typedef using"), calls: true, protos: true, access: true, join: "::"},
	"objc": {syntax: inC, words: words("@interface @implementation @protocol", "struct union enum"), shorts: set("typedef"), calls: true, protos: true, objc: true, join: "."},
	"csharp": {syntax: syntax{line: slashes, block: "/*", until: "*/", quotes: `"`, chars: true, macros: true, raw: rawAt, long: triple},
		words: words("class struct interface record namespace", "enum delegate"), shorts: set("delegate"), calls: true, protos: true, join: "."},
	"java":       {syntax: inJava, words: words("class interface record enum @interface", ""), calls: true, protos: true, join: "."},
	"groovy":     {syntax: syntax{line: slashes, block: "/*", until: "*/", quotes: `"'`, long: []string{`"""`, "'''"}}, words: words("class interface trait enum", "def"), calls: true, newline: true, join: "."},
	"javascript": {syntax: inJS, words: words("class", "function"), weak: set("const let var"), calls: true, newline: true, literals: true, join: "."},
	"typescript": {syntax: inJS, words: words("class interface namespace module", "function enum"), shorts: set("type function"), weak: set("const let var"), calls: true, protos: true, fields: true, newline: true, literals: true, join: "."},
	"php": {syntax: syntax{line: []string{"//", "#"}, block: "/*", until: "*/", quotes: `"'`, raw: rawHeredo, tags: true},
		words: words("class interface trait enum namespace", "function"), shorts: set("function"), weak: set("const"), join: "::"},
	"rust": {syntax: syntax{line: slashes, block: "/*", until: "*/", nested: true, quotes: `"`, chars: true, raw: rawRust},
		words: words("impl trait mod", "fn struct enum union macro_rules!"), shorts: set("fn struct type"), weak: set("const static"), join: "::"},
	"kotlin": {syntax: syntax{line: slashes, block: "/*", until: "*/", nested: true, quotes: `"`, chars: true, long: triple},
		words: words("class interface object", "fun"), shorts: set("fun typealias class object"), weak: set("val var const"), own: set("init constructor"), newline: true, join: "."},
	"swift": {syntax: syntax{line: slashes, block: "/*", until: "*/", nested: true, quotes: `"`, long: triple},
		words: words("class struct enum protocol extension actor", "func var"), shorts: set("func typealias"), weak: set("let var case"), own: set("init deinit subscript"), newline: true, join: "."},
	"scala": {syntax: syntax{line: slashes, block: "/*", until: "*/", nested: true, quotes: `"`, chars: true, long: triple},
		words: words("class object trait enum extension", "def given"), shorts: set("def type class object"), weak: set("val var"), newline: true, join: "."},
	"dart": {syntax: syntax{line: slashes, block: "/*", until: "*/", nested: true, quotes: `"'`, long: []string{`"""`, "'''"}},
		words: words("class mixin extension", "enum get set"), shorts: set("typedef get set"), weak: set("const final"), calls: true, protos: true, join: "."},
	"protobuf": {syntax: syntax{line: slashes, block: "/*", until: "*/", quotes: `"'`}, words: words("message service", "enum rpc"), shorts: set("rpc"), join: "."},
	"thrift":   {syntax: syntax{line: []string{"//", "#"}, block: "/*", until: "*/", quotes: `"'`}, words: words("", "struct union exception enum service"), shorts: set("typedef"), join: "."},
	"graphql":  {syntax: syntax{line: []string{"#"}, quotes: `"`, long: triple}, words: words("", "type input interface enum"), newline: true, join: "."},
	"solidity": {syntax: syntax{line: slashes, block: "/*", until: "*/", quotes: `"'`}, words: words("contract interface library", "function modifier struct enum"), shorts: set("function event error"), own: set("constructor"), join: "."},
	"zig":      {syntax: syntax{line: slashes, quotes: `"`, chars: true}, words: words("", "fn"), shorts: set("fn"), join: "."},
	"d":        {syntax: syntax{line: slashes, block: "/*", until: "*/", quotes: `"`, chars: true}, words: words("class struct interface template", "enum union"), calls: true, protos: true, access: true, join: "."},
	"r":        {syntax: syntax{line: []string{"#"}, quotes: `"'`}, words: words("", ""), newline: true, literals: true, join: "."},
	"go":       {syntax: syntax{line: slashes, block: "/*", until: "*/", quotes: `"`, chars: true}, words: words("", "func type"), newline: true, join: "."},
	"awk":      {syntax: syntax{line: []string{"#"}, quotes: `"`}, words: words("", "function func"), newline: true, join: "."},
}

func init() {
	grammars["cuda"] = grammars["cpp"]
}
