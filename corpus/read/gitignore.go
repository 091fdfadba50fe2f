package read

import (
	"iter"
	"os"
	"path/filepath"
	"strings"
)

// ignoreRules are the patterns of one .gitignore file and, through up, of those
// in the folders above it. The patterns and their order of precedence are those
// of gitignore(5): the last pattern that matches decides, deeper files come
// before higher ones, and nothing below an ignored folder can be taken back
// (the walker never enters it).
type ignoreRules struct {
	up       *ignoreRules
	base     string // folder of the file, as the walker names it
	patterns []pattern
}

type pattern struct {
	segments []string // of a path relative to base; "**" stands for any number
	negated  bool
	dirOnly  bool
}

// maxIgnoreBytes bounds how much of a .gitignore file is read.
const maxIgnoreBytes = 1 << 20

// with returns the rules of the file at path, which governs the folder base, on
// top of up. A file that cannot be read adds none.
func (up *ignoreRules) with(path, base string) *ignoreRules {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || info.Size() > maxIgnoreBytes {
		return up
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return up
	}
	return up.withLines(strings.Lines(strings.TrimPrefix(string(data), bom)), base)
}

// withLines returns the rules of lines on top of up.
func (up *ignoreRules) withLines(lines iter.Seq[string], base string) *ignoreRules {
	r := &ignoreRules{up: up, base: base}
	for line := range lines {
		if p, ok := parsePattern(line); ok {
			r.patterns = append(r.patterns, p)
		}
	}
	if len(r.patterns) == 0 {
		return up
	}
	return r
}

// ignoreAbove returns the rules that hold for a folder from above: those of the
// git repository around it, if there is one. path is the walker's name of the
// folder whose real path is real.
func ignoreAbove(real, path string) *ignoreRules {
	top := ""
	for d := real; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil {
			top = d
			break
		}
		if d == filepath.Dir(d) {
			return nil
		}
	}
	// The walker may name the folder through a link: name the ones above by the
	// same prefix, so that relative paths come out right.
	name := func(d string) string {
		rel, err := filepath.Rel(real, d)
		if err != nil {
			return d
		}
		if real == path {
			return d
		}
		if rel == "." {
			return path
		}
		return filepath.Join(path, rel)
	}
	if real != path && top != real {
		// ".." above a link is not the folder above its target: such rules are
		// matched against real paths, which the walker does not have. They are
		// left out.
		return nil
	}
	rules := (*ignoreRules)(nil).with(filepath.Join(top, ".git", "info", "exclude"), name(top))
	var chain []string
	for d := filepath.Dir(real); len(d) >= len(top) && real != top; d = filepath.Dir(d) {
		chain = append(chain, d)
		if d == top {
			break
		}
	}
	for i := len(chain) - 1; i >= 0; i-- {
		rules = rules.with(filepath.Join(chain[i], ".gitignore"), name(chain[i]))
	}
	return rules
}

// ignored says whether the walker leaves path out.
func (r *ignoreRules) ignored(path string, isDir bool) bool {
	for ; r != nil; r = r.up {
		rel, ok := strings.CutPrefix(path, r.base)
		if !ok {
			continue
		}
		parts := strings.Split(filepath.ToSlash(strings.TrimPrefix(rel, string(filepath.Separator))), "/")
		for i := len(r.patterns) - 1; i >= 0; i-- {
			p := &r.patterns[i]
			if p.dirOnly && !isDir {
				continue
			}
			if matchSegments(p.segments, parts) {
				return !p.negated
			}
		}
	}
	return false
}

// parsePattern reads one line of a .gitignore file.
func parsePattern(line string) (p pattern, ok bool) {
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	// Trailing spaces go unless they are quoted by a backslash.
	for strings.HasSuffix(line, " ") && !strings.HasSuffix(line, `\ `) {
		line = line[:len(line)-1]
	}
	if line == "" || line[0] == '#' {
		return p, false
	}
	if line[0] == '!' {
		p.negated = true
		line = line[1:]
	}
	if strings.HasSuffix(line, "/") {
		p.dirOnly = true
		line = line[:len(line)-1]
	}
	if line == "" {
		return p, false
	}
	anchored := strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return p, false
	}
	p.segments = strings.Split(line, "/")
	if !anchored {
		p.segments = []string{"**", line}
	}
	return p, true
}

// matchSegments matches a pattern's segments against a path's. Leading and
// inner "**" match any number of folders, a last one everything below.
func matchSegments(pat, path []string) bool {
	// Iterative with one point of return, as for "*" in a string: the last "**"
	// takes one segment more each time the rest does not match.
	p, s, starP, starS := 0, 0, -1, 0
	for s < len(path) {
		switch {
		case p < len(pat) && pat[p] == "**":
			if p == len(pat)-1 {
				return true
			}
			starP, starS = p, s
			p++
		case p < len(pat) && matchName(pat[p], path[s]):
			p++
			s++
		case starP >= 0:
			starS++
			p, s = starP+1, starS
		default:
			return false
		}
	}
	return p == len(pat)
}

// matchName matches one segment: "*", "?", "[a-z]", "[!a]", "\x". Two stars in
// a segment are one. As in git, "?" and "[…]" stand for one byte.
func matchName(pat, name string) bool {
	p, s, starP, starS := 0, 0, -1, 0
	for s < len(name) {
		if p < len(pat) {
			switch c := pat[p]; c {
			case '*':
				starP, starS = p, s
				p++
				continue
			case '?':
				p++
				s++
				continue
			case '[':
				if in, width := matchClass(pat[p:], name[s]); in {
					p += width
					s++
					continue
				}
			default:
				width := 1
				if c == '\\' && p+1 < len(pat) {
					c, width = pat[p+1], 2
				}
				if c == name[s] {
					p += width
					s++
					continue
				}
			}
		}
		if starP < 0 {
			return false
		}
		starS++
		p, s = starP+1, starS
	}
	for p < len(pat) && pat[p] == '*' {
		p++
	}
	return p == len(pat)
}

// matchClass matches c against the bracket expression at the start of pat and
// returns its length. One that is not closed matches nothing, as in git.
func matchClass(pat string, c byte) (in bool, width int) {
	i := 1
	negated := false
	if i < len(pat) && (pat[i] == '!' || pat[i] == '^') {
		negated = true
		i++
	}
	next := func() byte {
		if pat[i] == '\\' && i+1 < len(pat) {
			i++
		}
		i++
		return pat[i-1]
	}
	for first := true; i < len(pat) && (pat[i] != ']' || first); first = false {
		if strings.HasPrefix(pat[i:], "[:") {
			// As in git, the name goes to the next bracket; "[:]" is no name.
			name := pat[i+2:]
			if e := strings.IndexByte(name, ']'); e > 0 && name[e-1] == ':' {
				in = in || inNamedClass(name[:e-1], c)
				i += 2 + e + 1
				continue
			}
		}
		lo := next()
		hi := lo
		if i+1 < len(pat) && pat[i] == '-' && pat[i+1] != ']' {
			i++
			hi = next()
		}
		in = in || lo <= c && c <= hi
	}
	if i >= len(pat) {
		return false, 0
	}
	return in != negated, i + 1
}

func inNamedClass(name string, c byte) bool {
	lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
	switch name {
	case "alpha":
		return lower || upper
	case "digit":
		return digit
	case "alnum":
		return lower || upper || digit
	case "lower":
		return lower
	case "upper":
		return upper
	case "space":
		return c == ' ' || c >= '\t' && c <= '\r'
	case "punct":
		return c > ' ' && c < 0x7F && !lower && !upper && !digit
	case "xdigit":
		return digit || 'a' <= c|0x20 && c|0x20 <= 'f'
	}
	return false
}
