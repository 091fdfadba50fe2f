package score

import (
	"context"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/pack/unit"
)

func TestDefined(t *testing.T) {
	for question, want := range map[string]string{
		"What is APT?":                                         "APT",
		"what is a virtual package":                            "virtual package",
		"What's an “idempotent request”?":                      "idempotent request",
		"Who is Grace Hopper?":                                 "Grace Hopper",
		"what does EAFP stand for":                             "EAFP",
		"What does the term `fast-forward` mean?":              "fast-forward",
		"definition of quorum":                                 "quorum",
		"and what exactly is pinning?":                         "pinning",
		"what is the default port?":                            "",
		"What is the capital of France?":                       "",
		"What is starvation mode of a mutex":                   "",
		"what does the zsh option AUTO_CD do":                  "AUTO_CD",
		"What does --persist-tun do?":                          "--persist-tun",
		"what does the `AllowOverride` directive do?":          "AllowOverride",
		"what does the crop tool do":                           "crop tool",
		"What does the server do when it is full?":             "",
		"what does it do":                                      "",
		"What is Ada's dog?":                                   "",
		"What is it?":                                          "",
		"what is wrong with this build":                        "",
		"How is a RAID array created?":                         "",
		"What are the rules?":                                  "",
		"what is a very long name that is not one of a thing?": "",
		"": "",
	} {
		if got := defined(question); got != want {
			t.Errorf("%q asks for %q, want %q", question, got, want)
		}
	}
}

func TestDefinition(t *testing.T) {
	for _, c := range []struct {
		question, text string
		kind           corpus.BlockKind
		want           float64
	}{
		{"What is APT?", "APT is the abbreviation for Advanced Packaging Tool.", corpus.Paragraph, 1},
		{"What is APT?", "5.1 Tools\n\nAPT (Advanced Package Tool) is a vast project.", corpus.Paragraph, 1},
		{"What is APT?", "It is old. APT stands for Advanced Packaging Tool.", corpus.Paragraph, 1},
		{"what is apt", "apt - command-line interface", corpus.Paragraph, 1},
		{"What is a merge?", "Merges are a way to join histories.", corpus.Paragraph, 1},
		{"What is dpkg?", "dpkg is, above all, the tool for installing a package.", corpus.Paragraph, 1},
		{"What is pinning?", "pinning\nPrefers the packages of a source.", corpus.Paragraph, 1},
		{"What does AUTO_CD do?", "AUTO_CD (-J) <D>\nIf a command cannot be executed, it is changed to.", corpus.Term, 1},
		{"what does the --verbose flag do", "-v LEVEL, --verbose\nSay more.", corpus.Term, 1},
		{"What does AUTO_CD do?", "See also AUTO_CD\nand others.", corpus.Term, 0},
		{"What is APT?", "One of the aspects of APT is the management of priorities.", corpus.Paragraph, 0},
		{"What is APT?", "APT is configured to use them.", corpus.Paragraph, 0},
		{"What is APT?", "APTITUDE is a front end.", corpus.Paragraph, 0},
		{"What is LVM?", "LVM, the Logical Volume Manager, is another approach to abstracting volumes.", corpus.Paragraph, 1},
		{"What is debconf?", "debconf was created to resolve a recurring problem.", corpus.Paragraph, 1},
		{"What is C++?", "C++ is a language.", corpus.Paragraph, 1},
		{"What is APT?", "APT\tis a tool", corpus.TableRow, 0},
		{"How does APT work?", "APT is a tool.", corpus.Paragraph, 0},
	} {
		units := &unit.Set{Units: []unit.Unit{{Text: c.text, Kind: c.kind}}}
		out := make([]Features, 1)
		if err := (definition{}).Score(context.Background(), &Question{Text: c.question}, units, out); err != nil {
			t.Fatal(err)
		}
		if out[0][Defines] != c.want {
			t.Errorf("%q, %q: %v", c.question, c.text, out[0][Defines])
		}
	}
}
