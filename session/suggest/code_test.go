package suggest

import "testing"

func TestSays(t *testing.T) {
	for code, want := range map[string]string{
		"// Stop prevents the timer from firing. It returns true\n// if so.\nfunc (t *Timer) Stop() bool {\n": "Stop prevents the timer from firing",
		"// split the table into two,\n// installing the new ones.\nfunc split() {}\n":                        "split the table into two, installing the new ones",
		"/* Frees a node, e.g. of a list. */\nvoid free_node(node *n);\n":                                     "Frees a node, e.g. of a list",
		"/**\n * Opens a file.\n * @param name its name\n */\nopen(name)\n":                                   "Opens a file",
		"# Reads a line.\ndef read\n":                                          "Reads a line",
		"def read(f):\n    \"\"\"Read a line\"\"\"\n    return f.readline()\n": "Read a line",
		"def read(f):\n    r'''\n    Read a line. Or not.\n    '''\n":          "Read a line",
		"// TODO\n\nfunc f() {}\n":                                             "",
		"func f() {\n\t// Now it is done. Really.\n}\n":                        "",
		"":                       "",
		"x = '''":                "",
		"def f():\n    \"\"\"\n": "",
	} {
		said, start, end := says(code)
		if said != want || start < 0 || end > len(code) || start > end {
			t.Errorf("%q: %q at %d to %d, want %q", code, said, start, end, want)
		}
	}
}
