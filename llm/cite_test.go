package llm

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func upTo(n int) func(int) bool { return func(i int) bool { return 1 <= i && i <= n } }

func check(s string, sources int) (string, []int, []int) {
	c := NewCitations(upTo(sources))
	return c.Next(s) + c.Rest(), c.Cited(), c.Unknown()
}

func TestCitations(t *testing.T) {
	for _, x := range []struct {
		in, want       string
		cited, unknown []int
	}{
		{"plain", "plain", nil, nil},
		{"It is so [2].", "It is so [2].", []int{2}, nil},
		{"so [1][9]", "so [1][9?]", []int{1}, []int{9}},
		{"so [1, 9; 3]", "so [1, 9?; 3]", []int{1, 3}, []int{9}},
		{"so [ 2 ] and [ 8 ]", "so [ 2 ] and [ 8? ]", []int{2}, []int{8}},
		{"so [1-3]", "so [1-3]", []int{1, 2, 3}, nil},
		{"so [2–5], yes", "so [2–5?], yes", []int{2, 3}, []int{4, 5}},
		{"[3-1]", "[3-1]", []int{1, 3}, nil},
		{"[0]", "[0?]", nil, []int{0}},
		{"[[1]] [[9]]", "[[1]] [[9?]]", []int{1}, []int{9}},
		{"year[2]", "year[2]", []int{2}, nil},
		{"[1", "[1", nil, nil},
		{"[1,]", "[1,]", nil, nil},
		{"[-1] [a] [] [ ] [1 2] [1.5] [x9]", "[-1] [a] [] [ ] [1 2] [1.5] [x9]", nil, nil},
		{"[9\n]", "[9\n]", nil, nil},
		{`\[9\] \[9]`, `\[9\] \[9]`, nil, nil},
		{"[12345678]", "[12345678]", nil, nil},
		{"see `a[9]` and [9]", "see `a[9]` and [9?]", nil, []int{9}},
		{"``a`[9]`` [9]", "``a`[9]`` [9?]", nil, []int{9}},
		{"a stray ` here\nthen [9]", "a stray ` here\nthen [9?]", nil, []int{9}},
		{"x\n```go\na[9]\n```\n[9]", "x\n```go\na[9]\n```\n[9?]", nil, []int{9}},
		{"~~~\na[9] ```\n[9]\n~~~~ \r\n[9]", "~~~\na[9] ```\n[9]\n~~~~ \r\n[9?]", nil, []int{9}},
		{"````\n```\n[9]\n````\n[2]", "````\n```\n[9]\n````\n[2]", []int{2}, nil},
		{"``` a[9] ``` [9]", "``` a[9] ``` [9?]", nil, []int{9}},
		{"a ~~~ [9]", "a ~~~ [9?]", nil, []int{9}},
		{"[" + strings.Repeat(" ", 100) + "1]", "[" + strings.Repeat(" ", 100) + "1]", nil, nil},
		{"[1-999999]", "[1-999999?]", []int{1}, []int{999999}},
	} {
		got, cited, unknown := check(x.in, 3)
		if got != x.want || !slices.Equal(cited, x.cited) || !slices.Equal(unknown, x.unknown) {
			t.Errorf("%q: %q %v %v, want %q %v %v", x.in, got, cited, unknown, x.want, x.cited, x.unknown)
		}
	}
}

func TestCitationsMark(t *testing.T) {
	c := NewCitations(upTo(1))
	c.Mark = " (no such source)"
	if got := c.Next("so [4]."); got != "so [4 (no such source)]." {
		t.Error(got)
	}
}

func TestCitationsHoldBackLittle(t *testing.T) {
	c := NewCitations(upTo(3))
	if got := c.Next("so it is [1"); got != "so it is " {
		t.Errorf("%q", got)
	}
	if got := c.Next("] and `x[2"); got != "[1] and `x[2" {
		t.Errorf("%q", got)
	}
	in := "[" + strings.Repeat("1,", 1000)
	c = NewCitations(upTo(3))
	if got := c.Next(in); len(got) < len(in)-maxBracket {
		t.Errorf("%d of %d bytes held back", len(in)-len(got), len(in))
	}
}

// FuzzCitations: how a reply is cut never changes the result; without code the
// result is that of one regular expression; removing the marks gives the reply.
func FuzzCitations(f *testing.F) {
	f.Add("so [1][9] `a[9]` [1-3]\n```\n[4]\n```\n[2, 8]", uint8(3))
	f.Add("[[1]] \\[2] [1;2] ~~~\n[9]", uint8(1))
	f.Add("a ` [9]\r\n[9]", uint8(2))
	plain := regexp.MustCompile(`\[ *[0-9]{1,6} *(?:(?:-|–) *[0-9]{1,6} *)?(?:[,;] *[0-9]{1,6} *(?:(?:-|–) *[0-9]{1,6} *)?)*\]`)
	f.Fuzz(func(t *testing.T, s string, step uint8) {
		want, cited, unknown := check(s, 3)
		c := NewCitations(upTo(3))
		var got strings.Builder
		for i, n := 0, int(step)%7+1; i < len(s); i += n {
			got.WriteString(c.Next(s[i:min(i+n, len(s))]))
		}
		got.WriteString(c.Rest())
		if got.String() != want || !slices.Equal(c.Cited(), cited) || !slices.Equal(c.Unknown(), unknown) {
			t.Fatalf("in pieces %q %v %v, at once %q %v %v", got.String(), c.Cited(), c.Unknown(), want, cited, unknown)
		}
		c = NewCitations(upTo(3))
		c.Mark = ""
		if same := c.Next(s) + c.Rest(); same != s {
			t.Fatalf("without a mark %q becomes %q", s, same)
		}
		if strings.ContainsAny(s, "`~\\") {
			return
		}
		oracle := plain.ReplaceAllStringFunc(s, func(m string) string {
			if len(m) > maxBracket {
				return m
			}
			return regexp.MustCompile(`[0-9]+(?: *(?:-|–) *[0-9]+)?`).ReplaceAllStringFunc(m, func(r string) string {
				ends := regexp.MustCompile(`[0-9]+`).FindAllString(r, -1)
				lo, _ := strconv.Atoi(ends[0])
				hi, _ := strconv.Atoi(ends[len(ends)-1])
				if ok := upTo(3); ok(lo) && ok(hi) {
					return r
				}
				return r + "?"
			})
		})
		if len(s) < 60 && oracle != want {
			t.Fatalf("%q: the expression gives %q, the stream %q", s, oracle, want)
		}
	})
}

func ExampleCitations() {
	c := NewCitations(func(n int) bool { return n <= 2 })
	for _, piece := range []string{"Yes [1], and no [", "7]."} {
		fmt.Print(c.Next(piece))
	}
	fmt.Println(c.Rest(), c.Unknown())
	// Output: Yes [1], and no [7?]. [7]
}
