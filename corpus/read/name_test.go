package read

import (
	"os"
	"testing"
	"unicode/utf8"
)

// TestName: each path has a name of its own that leads back to it.
func TestName(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("names are UTF-16 here")
	}
	for path, want := range map[string]string{
		"/a/b.txt": "/a/b.txt", "/caf\xe9/a.txt": `/caf\xE9/a.txt`, "/é\xff\xfe": `/é\xFF\xFE`, "/\xe6\x9d": `/\xE6\x9D`,
		`/a\b`: `/a\b`, `/a\xff`: `/a\xff`, `/a\xFF`: `/a\x5CxFF`, `/a\x5C`: `/a\x5Cx5C`, "/a\\\xff": `/a\\xFF`, "/a\\x\xff": `/a\x\xFF`, "/%FF": "/%FF", `/\x41`: `/\x5Cx41`,
		"\uFFFD": "\uFFFD",
	} {
		if got := Name(path); got != want || PathOf(got) != path {
			t.Errorf("%q is named %q, want %q, which leads to %q", path, got, want, PathOf(got))
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("/a\xff", `/a\xFF`)
	f.Fuzz(func(t *testing.T, a, b string) {
		if os.PathSeparator == '\\' {
			t.Skip()
		}
		n := Name(a)
		if !utf8.ValidString(n) || PathOf(n) != a {
			t.Fatalf("%q is named %q, which leads to %q", a, n, PathOf(n))
		}
		if a != b && n == Name(b) {
			t.Fatalf("%q and %q are both named %q", a, b, n)
		}
	})
}
