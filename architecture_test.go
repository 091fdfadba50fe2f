package tamis_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/internal/evaldata"
)

const module = "github.com/tamis-search/tamis"

// floors is the house, from the top down: a package may import packages of
// the floors above its own, never of its own or below. "internal/…" stands for
// every package under internal.
var floors = [][]string{
	{"internal/…"},
	{"text"},
	{"text/excerpt", "text/tokens"},
	{"vector", "vector/npy"},
	{"stream"},
	{"corpus"},
	{"corpus/around", "corpus/role"},
	{"corpus/read/charset", "corpus/read/pdf/pdfium"},
	{"corpus/read/format"},
	{"corpus/read/readtest"},
	{"corpus/read/archive", "corpus/read/code", "corpus/read/manuscript", "corpus/read/markdown", "corpus/read/markup", "corpus/read/pdf", "corpus/read/talk"},
	{"corpus/read/office/numfmt", "corpus/read/office/parts"},
	{"corpus/read/book", "corpus/read/office/crypt", "corpus/read/nested", "corpus/read/office/legacy", "corpus/read/office/odf", "corpus/read/office/ooxml", "corpus/read/office/rtf"},
	{"corpus/read/latex", "corpus/read/mail", "corpus/read/office", "corpus/read/record", "corpus/read/web"},
	{"corpus/read", "corpus/split"},
	{"corpus/acronym", "corpus/dates", "corpus/keyphrase", "corpus/topics"},
	{"model/hub", "model/weights"},
	{"model/tokenizer"},
	{"model/pruner"},
	{"model"},
	{"model/attention"},
	{"model/decoder", "model/induction"},
	{"model/compress"},
	{"model/train"},
	{"encode"},
	{"encode/autoencoder", "encode/lsi"},
	{"llm"},
	{"llm/schema"},
	{"llm/local"},
	{"filter"},
	{"index", "index/columns"},
	{"ingest"},
	{"index/dense", "index/impact"},
	{"index/segment"},
	{"store/disk", "store/record"},
	{"store/head", "store/kv"},
	{"store/manifest", "store/names", "store/prepare"},
	{"store/view"},
	{"store/derived", "store/policy"},
	{"store"},
	{"embed"},
	{"search"},
	{"search/plan"},
	{"search/lists"},
	{"gather"},
	{"pack/unit"},
	{"pack/score", "pack/render"},
	{"pack"},
	{"pack/needs"},
	{"compose"},
	{""}, // package tamis
	{"engine"},
	{"engine/enginetest", "engine/opensearch/address", "engine/opensearch/client"},
	{"engine/opensearch/generations", "engine/opensearch/metadata", "engine/opensearch/termfreq", "engine/opensearch/vectors"},
	{"engine/opensearch/mapping", "engine/opensearch/records"},
	{"engine/opensearch/writing"},
	{"engine/opensearch"},
	{"about", "link", "session/turn"},
	{"attest", "classify", "session", "session/entities"},
	{"classify/learned"},
	{"ask", "review", "session/suggest"},
	{"eval/files", "eval/figures"},
	{"eval", "eval/trec"},
	{"eval/baselines", "eval/conversation", "eval/draw", "eval/judge", "eval/ring", "eval/shrink", "eval/synthetic", "eval/fuse", "eval/segmentation", "eval/shapes", "eval/sparse"},
	{"eval/arms", "eval/attend", "eval/lens", "eval/rules", "eval/streams", "eval/system", "eval/questions"},
	{"eval/suite", "train/asked", "eval/labels", "eval/words", "eval/subjects", "eval/links", "eval/surroundings", "eval/trainingdata", "eval/tune", "train"},
	{"eval/scorecard", "train/features", "train/projection", "train/pruner"},
	{"server/access"},
	{"server/library", "server/sessions"},
	{"server/labels"},
	{"server/guard", "server/metrics"},
	{"server/api/results", "server/api/tree"},
	{"server/api/explained", "server/api/surrounding"},
	{"server/api", "server/mcp", "server/web"},
	{"server"},
	{"cmd/tamis/config", "cmd/tamis/flags", "cmd/tamis/install", "cmd/tamis/receipt"},
	{"cmd/tamis/attending", "cmd/tamis/encoding", "cmd/tamis/reading", "cmd/tamis/streaming"},
	{"cmd/tamis/measure", "cmd/tamis/shaping"},
	{"cmd/tamis/classifying"},
	{"cmd/tamis/conversing", "cmd/tamis/demo", "cmd/tamis/reviewing", "cmd/tamis/serving", "cmd/tamis/showing", "cmd/tamis/training"},
	{"cmd/tamis/featuring", "cmd/tamis/outlining", "cmd/tamis/packing"},
	{"cmd/tamis"},
}

// TestImportsPointUp holds the direction of dependency that DESIGN fixes, for
// the code that is built; tests may reach further.
func TestImportsPointUp(t *testing.T) {
	imports := productImports(t)
	for pkg, list := range imports {
		at := floorOf(pkg)
		if at < 0 {
			t.Errorf("package %q has no place in the house: add it to floors and to ARCHITECTURE.md", pkg)
			continue
		}
		for _, imp := range list {
			if to := floorOf(imp); to >= at && !(strings.HasPrefix(pkg, "internal/") && strings.HasPrefix(imp, "internal/")) {
				t.Errorf("package %q imports %q, which is not above it", pkg, imp)
			}
		}
	}
}

// TestFaceKnowsNoEngine: package tamis builds rankers and shows hits; how vectors
// are searched is below package search.
func TestFaceKnowsNoEngine(t *testing.T) {
	if slices.Contains(productImports(t)[""], "index/impact") {
		t.Error("package tamis imports index/impact: what it asks of vectors goes through package search")
	}
}

// TestJudgesKnowNoSystem: who judges rankings and contexts does not know how they
// are made.
func TestJudgesKnowNoSystem(t *testing.T) {
	imports := productImports(t)
	for _, judge := range []string{"eval", "eval/trec"} {
		for _, system := range []string{"", "gather", "index", "pack", "search", "store"} {
			if slices.ContainsFunc(imports[judge], func(imp string) bool {
				return imp == system || system != "" && strings.HasPrefix(imp, system+"/")
			}) {
				t.Errorf("package %q imports %q, which it judges", judge, system)
			}
		}
	}
}

// TestArchitectureNamesEveryPackage keeps ARCHITECTURE.md true.
func TestArchitectureNamesEveryPackage(t *testing.T) {
	root := evaldata.Root(t)
	text, err := os.ReadFile(filepath.Join(root, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for pkg := range productImports(t) {
		if pkg != "" && !strings.Contains(string(text), "`"+pkg+"`") {
			t.Errorf("ARCHITECTURE.md does not mention `%s`", pkg)
		}
	}
	for _, m := range regexp.MustCompile("`([a-z0-9_./]+/[a-z0-9_.]+)`").FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(m[1]))); err != nil {
			t.Errorf("ARCHITECTURE.md names %s, which does not exist", m[1])
		}
	}
}

func floorOf(pkg string) int {
	return slices.IndexFunc(floors, func(floor []string) bool {
		return slices.ContainsFunc(floor, func(p string) bool {
			if dir, ok := strings.CutSuffix(p, "…"); ok {
				return strings.HasPrefix(pkg, dir)
			}
			return p == pkg
		})
	})
}

// productImports maps each package of the module to those it imports from the
// module, without its tests.
func productImports(t *testing.T) map[string][]string {
	t.Helper()
	imports := map[string][]string{}
	productFiles(t, func(pkg, file string) {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name.Name == "main" && !strings.HasPrefix(pkg, "cmd/") {
			return // generators
		}
		list := imports[pkg]
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			if name == module {
				list = append(list, "")
			} else if rest, ok := strings.CutPrefix(name, module+"/"); ok {
				list = append(list, rest)
			}
		}
		imports[pkg] = list
	})
	return imports
}
