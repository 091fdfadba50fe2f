package render

import "testing"

// A piece of code does not begin with the mark of a comment alone.
func TestBareLines(t *testing.T) {
	for code, want := range map[string]string{
		"//\n\t\t// If the request has a nil channel\n\t\t//\n\t\t// then ask.": "// If the request has a nil channel\n\t\t//\n\t\t// then ask.",
		" *\n *\n * Set to 0.\n */": "* Set to 0.\n */",
		"#\nimport os":              "import os",
		"// One.\n//\n// Two.":      "// One.\n//\n// Two.",
		"\tx := 1":                  "\tx := 1",
		"//\n//":                    "//\n//",
		"":                          "",
	} {
		if got := code[bareLines(code):]; got != want {
			t.Errorf("%q becomes %q, want %q", code, got, want)
		}
	}
}
