package role

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// What content tells. Shares are per cent.
const (
	sampled = 16 << 10 // bytes of a document that are looked at
	header  = 2 << 10  // of them those in which a generator names itself

	longLine      = 500 // bytes: nobody writes code in lines of this length
	inLongLines   = 50  // of the bytes
	fewSpaces     = 8   // of the bytes: prose has twice as many
	tableLines    = 150 // so many lines make a table
	oneShape      = 75  // of the lines
	muchSign      = 15  // of the bytes that are no spaces: code and markup have more, prose 5
	mostlyComment = 85  // of the bytes
	enoughComment = 1500

	fewestVersions = 3
	versionsOf     = 60 // of the headings beside them
	versionLines   = 2  // of the lines of a text without headings
	belowVersions  = 90 // of the bytes
	eventLines     = 50 // of the lines
	fewestEvents   = 5
)

// sample is the part of a text that is looked at.
func sample(s string) string {
	if len(s) <= sampled {
		return s
	}
	n := sampled
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// marked says that a generator names itself in a comment at the start.
func marked(s string) bool {
	var b strings.Builder
	for line := range strings.Lines(s[:min(len(s), header)]) {
		if line = strings.TrimSpace(line); commented(line) {
			b.WriteString(strings.ToLower(line))
			b.WriteByte('\n')
		}
	}
	comments := b.String()
	if !strings.Contains(comments, "generated") && !strings.Contains(comments, "do not edit") && !strings.Contains(comments, "do not modify") {
		return false // as most are
	}
	return generatorMark.MatchString(comments)
}

// A mark names the file or forbids to edit it: comments speak of what is generated
// in many ways.
var generatorMark = regexp.MustCompile(`code generated|@generated|file (?:is |was |has been )?generated|` +
	`(?m:^\W*(?:this \w+ (?:is |was |has been ))?auto(?:-?|matically )generated(?: by| from| file| using|\W|$))|` +
	`(?:generated|created|produced) (?:by|from|with) .{0,80}\s?do not (?:edit|modify)|` +
	`do not (?:edit|modify)\W.{0,80}\s?(?:generated|created|produced)|generated from '?[\w./-]+\.\w+`)

// commented says that a trimmed line is a comment in some language.
func commented(line string) bool {
	for _, mark := range []string{"//", "#", "/*", "*", "--", ";", "<!--", `"""`, "'''", "%", "(*", "{-"} {
		if strings.HasPrefix(line, mark) {
			return !strings.HasPrefix(line, "#include") && !strings.HasPrefix(line, "#define")
		}
	}
	return false
}

// bundled says that a compiler or a bundler made the code.
func bundled(lang, s, whole string) bool {
	if lang != "javascript" {
		return false
	}
	last := strings.TrimRight(whole, " \t\r\n")
	last = last[strings.LastIndexByte(last, '\n')+1:]
	if strings.HasPrefix(last, "//# sourceMappingURL=") {
		return true
	}
	for _, mark := range []string{
		`Object.defineProperty(exports, "__esModule"`, `Object.defineProperty(exports, '__esModule'`, "var __create = Object.create", "var __defProp = Object.defineProperty",
		"\n/******/", "define.amd",
	} {
		if i := strings.Index(s, mark); i >= 0 && strings.TrimLeft(s[strings.LastIndexByte(s[:i], '\n')+1:i], " \t") != "//" {
			return true
		}
	}
	return false
}

// shape is what the lines of a text look like.
type shape struct {
	bytes, spaces int
	wide          int // bytes of letters beyond ASCII
	signs         int // bytes that are neither letters nor digits nor spaces
	long          int // bytes in long lines
	comment       int // bytes in lines that are comments
	lines, common int // those of some length, and those of the shape that most have
}

func lines(s string) shape {
	var l shape
	var shapes [251]int // by the hash of the shape, a few of which share a place
	comment := false    // one that is open
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		n := len(line)
		if n == 0 {
			continue
		}
		l.bytes += n
		if n > longLine {
			l.long += n
		}
		form := l.count(line)
		in := comment
		switch {
		case comment:
			comment = !strings.Contains(line, "*/")
		case strings.HasPrefix(line, "/*"):
			end := strings.Index(line, "*/")
			in, comment = end < 0 || end+2 == n, end < 0
		default:
			in = strings.HasPrefix(line, "//") || strings.HasPrefix(line, "# ")
		}
		if in {
			l.comment += n
			continue
		}
		if n < 6 || n > longLine {
			continue
		}
		l.lines++
		if form != words {
			shapes[form%251]++
			l.common = max(l.common, shapes[form%251])
		}
	}
	return l
}

// words is the shape of a line of nothing but words.
const words = 'a'

// count counts the signs of a line and returns its shape: a hash of it with each run of
// words and numbers made one.
func (l *shape) count(line string) (form uint32) {
	word := false
	for i := range len(line) {
		switch c := line[i]; class[c] {
		case letter:
			if c >= utf8.RuneSelf {
				l.wide++
			}
			if !word {
				form, word = form*16777619^words, true
			}
		case space:
			l.spaces++
		default:
			l.signs++
			form, word = form*16777619^uint32(c), false
		}
	}
	return form
}

// The classes of bytes.
const (
	sign = iota
	letter
	space
)

var class = func() (t [256]uint8) {
	for c := range t {
		switch {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_', c >= utf8.RuneSelf:
			t[c] = letter
		case c == ' ', c == '\t':
			t[c] = space
		}
	}
	return
}()

// endless says that the lines are too long for code that was written by hand.
func (l *shape) endless() bool { return l.bytes > 2*longLine && l.long*100 >= l.bytes*inLongLines }

// explains says that code is comment for the most part.
func (l *shape) explains() bool {
	return l.comment >= enoughComment && l.comment*100 >= l.bytes*mostlyComment
}

// dense says that there are too few spaces for prose, in a script that has them.
func (l *shape) dense() bool {
	return l.bytes > longLine && l.spaces*100 < l.bytes*fewSpaces && l.wide*4 < l.bytes
}

// table says that most lines have one shape.
func (l *shape) table() bool {
	return l.lines >= tableLines && l.common*100 >= l.lines*oneShape
}

// changes says that a text tells what changed from version to version.
func (f *file) changes(d *corpus.Document, s string) bool {
	flat := strings.NewReplacer("-", "", "_", "", " ", "").Replace(f.stem)
	switch flat {
	case "changelog", "changelogs", "releasenotes", "relnotes", "whatsnew":
		return true
	}
	if f.in("changelog changelogs changes release-notes release_notes releasenotes relnotes whatsnew") {
		return true
	}
	title := strings.ToLower(strings.ReplaceAll(d.Title, "’", "'"))
	if strings.HasPrefix(title, "changelog") || strings.HasPrefix(title, "what's new in ") {
		return true
	}
	fewest := fewestVersions
	if flat == "changes" || flat == "history" || flat == "news" || flat == "releases" {
		fewest = 1
	}
	if d.Blocks == nil {
		n, all := 0, 1
		for line := range strings.Lines(s) {
			all++
			if line[0] > ' ' && version(strings.TrimSpace(line)) {
				n++
			}
		}
		return n >= fewest && n*100 >= all*versionLines
	}
	var all, versions, first [7]int // headings by level, and where their first version stands
	for i := range d.Blocks {
		b := &d.Blocks[i]
		if b.Kind != corpus.Heading {
			continue
		}
		all[b.Level]++
		if version(b.Label) {
			if versions[b.Level]++; versions[b.Level] == 1 {
				first[b.Level] = b.Start
			}
		}
	}
	for level, n := range versions {
		if n >= fewest && n*100 >= all[level]*versionsOf && (len(d.Source)-first[level])*100 >= len(d.Source)*belowVersions {
			return true
		}
	}
	return false
}

// version says that a heading or a line is a version, with the name of what it is
// of and a date; not the number of a section and its title.
func version(s string) bool {
	return len(s) <= 80 && strings.IndexByte(s, '.') > 0 && versionHeading.MatchString(s)
}

var versionHeading = regexp.MustCompile(`^\W*(?:[A-Za-z]\S* ){0,2}[\[(]?v?\d+\.\d+[\w.+~:-]*[\])]?:?(?: ?\([^)]*\)| (?:final|alpha|beta|rc|candidate)\b.*)?(?:\W.*\b(?:19|20)\d\d\b.*)?\W*$`)

func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// events says that most lines begin with a date or with a time and a level.
func events(s string) bool {
	all, n := 0, 0
	for line := range strings.Lines(s) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		all++
		if event(line[:min(len(line), 64)]) {
			n++
		}
	}
	return n >= fewestEvents && n*100 >= all*eventLines
}

// event says that the start of a line has a clock time, and a date or a level.
func event(line string) bool {
	clock := -1
	for i := 0; i+8 <= len(line); i++ {
		if line[i+2] == ':' && line[i+5] == ':' && digits(line[i:]) == 2 && digits(line[i+3:]) == 2 && digits(line[i+6:]) >= 2 {
			clock = i
			break
		}
	}
	if clock < 0 {
		return false
	}
	for _, level := range []string{"DEBUG", "INFO", "WARN", "ERROR", "FATAL", "TRACE", "debug", "info", "warn", "error"} {
		if strings.Contains(line, level) {
			return true
		}
	}
	return digits(strings.ReplaceAll(strings.Trim(line[:clock], "[( "), "-", "")) >= 6 || // 2024-01-31
		clock >= 7 && strings.ContainsAny(line[:clock], "/") || // 31/Jan/2024
		clock >= 6 && clock <= 7 && line[3] == ' ' // Jan 31
}
