package link

import (
	"testing"

	"github.com/tamis-search/tamis"
)

func TestResolve(t *testing.T) {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	docs := map[string]string{
		"printf.1":          "printf - format and print data. The command prints its arguments in a shell, by a format.",
		"printf.3":          "printf - formatted output conversion of the C library. The function writes to stdout and returns an int.",
		"shell/intro.txt":   "In a shell, printf printf printf is used more than echo; printf is a command.",
		"math/bits/bits.go": "package bits\n\n// OnesCount counts the bits of x.\nfunc OnesCount(x uint) int { return 0 }\n",
		"text/bits_test.go": "package text\n\nfunc TestBits() { bits.OnesCount(1); bits.OnesCount(2); bits.OnesCount(3) }\n",
		"secret/printf.8":   "printf - what nobody is to see of printf in a shell.",
	}
	_, err = ix.Add(t.Context(), func(yield func(tamis.Document, error) bool) {
		for _, id := range []string{"printf.1", "printf.3", "shell/intro.txt", "math/bits/bits.go", "text/bits_test.go", "secret/printf.8"} {
			d := tamis.Document{ID: id, Source: docs[id]}
			if id == "secret/printf.8" {
				d.Metadata = map[string]any{"groups": []any{"board"}}
			}
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		Mention
		want string
	}{
		{Mention{Text: "printf", Context: "a command of the shell that prints its arguments"}, "printf.1"},
		{Mention{Text: "printf", Context: "the function of the C library that writes to stdout"}, "printf.3"},
		{Mention{Text: "printf", Context: "the shell", Doc: "printf.1"}, "printf.3"},
		{Mention{Text: "`bits.OnesCount()`"}, "math/bits/bits.go"},
		{Mention{Text: "nowhere"}, ""},
		{Mention{Text: " ?! "}, ""},
		{Mention{}, ""},
	} {
		found, err := Resolve(t.Context(), ix, c.Mention, Default, tamis.Scope{Groups: []string{}}, 3)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(found) > 0 {
			got = found[0].Doc
		}
		if got != c.want {
			t.Errorf("%q means %q, want %q: %+v", c.Mention, got, c.want, found)
		}
	}
}

func TestNames(t *testing.T) {
	for s, want := range map[string][2]string{
		"fmt.Sprintf": {"Sprintf", "fmt"}, "std::vec::Vec": {"Vec", "vec"}, "fs.open()": {"open", "fs"}, "kubelet": {"kubelet", ""}, "a. b": {"a. b", ""}, "x.": {"x.", ""}, "": {"", ""},
	} {
		if name, inside := apartFrom(s); name != want[0] || inside != want[1] {
			t.Errorf("%q is %q in %q, want %q", s, name, inside, want)
		}
	}
	for title, is := range map[string]bool{"tar": true, "tar - store files": true, "Tar": true, "tar(1)": true, "tar: files": true, "star": false, "tar and gzip": false, "": false} {
		if called("tar", title) != is {
			t.Errorf("%q is called tar: %v", title, !is)
		}
	}
	if stem("man/printf.3.gz") != "printf" || stem(".profile") != ".profile" {
		t.Errorf("stems %q %q", stem("man/printf.3.gz"), stem(".profile"))
	}
}
