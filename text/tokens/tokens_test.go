package tokens

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tiktoken-go/tokenizer"
)

func counter(t testing.TB, name string) Counter {
	t.Helper()
	c, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != name {
		t.Fatalf("New(%q).Name() = %q", name, c.Name())
	}
	return c
}

func TestNew(t *testing.T) {
	for _, name := range Names() {
		counter(t, name)
	}
	_, err := New("gpt")
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "o200k_base, cl100k_base, words, bytes") {
		t.Errorf("New(gpt): %v", err)
	}
}

func TestKnownCounts(t *testing.T) {
	for _, tt := range []struct {
		text                      string
		o200k, cl100k, words, len int
	}{
		{"", 0, 0, 0, 0},
		{"hello world", 2, 2, 2, 11},
		{" \t\n", 1, 1, 0, 3},
		{"don't", 1, 2, 1, 5},
		{"a\u00a0b\u3000c", 5, 5, 3, 8},
		{"\xff", 1, 1, 1, 1},
	} {
		for name, want := range map[string]int{"o200k_base": tt.o200k, "cl100k_base": tt.cl100k, "words": tt.words, "bytes": tt.len} {
			if got := counter(t, name).Count(tt.text); got != want {
				t.Errorf("%s.Count(%q) = %d, want %d", name, tt.text, got, want)
			}
		}
	}
}

// oracles are the libraries' codecs, which match regular expressions.
func oracles(t testing.TB) map[string]tokenizer.Codec {
	t.Helper()
	m := map[string]tokenizer.Codec{}
	for _, name := range []tokenizer.Encoding{tokenizer.O200kBase, tokenizer.Cl100kBase} {
		c, err := tokenizer.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		m[string(name)] = c
	}
	return m
}

func compare(t *testing.T, name string, oracle tokenizer.Codec, s string) {
	t.Helper()
	want, err := oracle.Count(s)
	if err != nil {
		t.Fatal(err)
	}
	got := counter(t, name).Count(s)
	if got == want {
		return
	}
	// Shrink to the first piece that differs, for a readable report.
	for i := range s {
		w, _ := oracle.Count(s[:i])
		if g := counter(t, name).Count(s[:i]); g != w {
			t.Fatalf("%s: Count(%q) = %d, the library counts %d", name, s[max(0, i-60):i], g, w)
		}
	}
	t.Fatalf("%s: Count of %d bytes = %d, the library counts %d: …%q", name, len(s), got, want, s[max(0, len(s)-60):])
}

// TestGoSources compares counts on files of the Go installation.
func TestGoSources(t *testing.T) {
	o := oracles(t)
	files, _ := filepath.Glob(filepath.Join(runtime.GOROOT(), "src", "*", "*.go"))
	total := 0
	for i, f := range files {
		if i%9 != 0 {
			continue
		}
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 60_000 || strings.Contains(f, "tables") {
			continue
		}
		s := strings.ToValidUTF8(string(data), "?")
		for name, codec := range o {
			compare(t, name, codec, s)
		}
		if total += len(s); total > 1_000_000 {
			break
		}
	}
	if total == 0 {
		t.Skip("no Go sources under " + runtime.GOROOT())
	}
	t.Logf("%d bytes compared", total)
}

// FuzzCount compares with the libraries' regular expressions and merging.
func FuzzCount(f *testing.F) {
	for _, s := range []string{
		"Hello, world! It's 12345.", "ABあCD\u0301e'LLx 'S", "a\r\n \t\u2028 b  \n", "!\u0301\u0301a //\r\n/x", "\u0301A", "Ǆž ǅA ʰA",
		"x'ſ", "你好，世界。", "  \u00a0 x", "1234٣٤٥²", "🙂🙂‍↔️", strings.Repeat("ab", 80), "<|endoftext|>", "İIıi'D'Re",
	} {
		f.Add(s)
	}
	o := oracles(f)
	f.Fuzz(func(t *testing.T, s string) {
		if strings.Contains(s, "ſ") || len(s) > 2000 {
			// The library does not fold the long s; the published expression does.
			return
		}
		s = strings.ToValidUTF8(s, "\uFFFD")
		for name, codec := range o {
			compare(t, name, codec, s)
		}
	})
}
