// Package talk reads what was said: WebVTT and SubRip subtitles, transcripts with
// speakers and times, and chats that were exported.
//
// What one speaker says is a run of turns, one a sentence as far as sentences can be
// told, each with the second at which it begins; the first bears the name:
//
//	Ann: The meeting is on Tuesday.
//	It is in the small hall.
//
//	Bob: Who brings the cake?
//
// WebVTT: a file begins with "WEBVTT"; cues are parted by blank lines and have an
// optional identifier, a line "start --> end settings", and text with tags (<v Ann>
// is a voice, <00:01.000> a time) and entities. Blocks that begin with NOTE, STYLE or
// REGION are none. SubRip: cues are a number, a line "start --> end" with decimal
// commas, and text.
package talk

import (
	"context"
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/charset"
	"github.com/tamis-search/tamis/corpus/read/format"
)

const (
	longTurn   = 240 // bytes: a sentence without an end ends with the cue
	pause      = 4.0 // seconds: so much silence parts what is said
	mostCues   = 1 << 20
	fewestRoll = 8 // cues by which captions that roll are told
)

// VTT reads WebVTT files.
var VTT = format.Costly("vtt", "", decode, format.Cost{Byte: 2, Each: 100, Mark: "\n"}, readVTT, nil)

// SRT reads SubRip files.
var SRT = format.Costly("srt", "", decode, format.Cost{Byte: 2, Each: 100, Mark: "\n"}, readSRT, nil)

func decode(s string) string {
	t, _ := charset.Decode(s, "")
	return t
}

// said is a piece of text of one speaker with its time.
type said struct {
	speaker string
	text    string
	at, end float64
	from    int // bytes of the file
	to      int
}

func readVTT(ctx context.Context, d *corpus.Document, text string) error {
	head, _, _ := strings.Cut(text, "-->")
	for line := range strings.Lines(head) {
		if key, value, ok := strings.Cut(line, ":"); ok && key == "Language" {
			format.State(d).Language(value)
		}
		if strings.TrimSpace(line) == "" {
			break
		}
	}
	return readCues(ctx, d, text)
}

func readSRT(ctx context.Context, d *corpus.Document, text string) error {
	return readCues(ctx, d, text)
}

var timing = regexp.MustCompile(`^\s*((?:\d+:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)\s*-->\s*((?:\d+:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)`)

// readCues reads cues of either format.
func readCues(ctx context.Context, d *corpus.Document, text string) error {
	var cues []said
	open := false
	var lines []string
	closeCue := func() {
		if open && len(lines) > 0 {
			cues[len(cues)-1].text = strings.Join(lines, "\n")
		}
		open, lines = false, nil
	}
	for at, n := 0, 0; at < len(text) && len(cues) < mostCues; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		end, next := lineEnd(text, at)
		line := text[at:end]
		switch m := timing.FindStringSubmatch(line[:min(len(line), 200)]); {
		case m != nil:
			closeCue()
			cues = append(cues, said{at: seconds(m[1]), end: seconds(m[2]), from: at, to: end})
			open = true
		case strings.TrimSpace(line) == "":
			closeCue()
		case open:
			lines = append(lines, line)
			cues[len(cues)-1].to = end
		}
		at = next
	}
	closeCue()
	if len(cues) == 0 && !strings.HasPrefix(text, "WEBVTT") { // by its name only
		d.Source = text
		return nil
	}
	cues = unroll(cues)
	turns(d, speakers(cues))
	return nil
}

// lineEnd is where the line at i ends and the next begins: "\n", "\r\n" or "\r".
func lineEnd(s string, i int) (end, next int) {
	n := strings.IndexAny(s[i:], "\r\n")
	if n < 0 {
		return len(s), len(s)
	}
	end = i + n
	next = end + 1
	if s[end] == '\r' && next < len(s) && s[next] == '\n' {
		next++
	}
	return end, next
}

// seconds reads "1:02:03.450", "02:03,4" and "02:03".
func seconds(s string) float64 {
	t := 0.0
	for part := range strings.SplitSeq(strings.ReplaceAll(s, ",", "."), ":") {
		v, _ := strconv.ParseFloat(part, 64)
		t = t*60 + v
	}
	return t
}

// unroll takes the lines of captions that roll, each of which begins with the line
// that the cue before ended with, once. That most cues of a file do so is no chance.
func unroll(cues []said) []said {
	roll := 0
	last := ""
	for _, c := range cues {
		first, _, _ := strings.Cut(plain(c.text), "\n")
		if last != "" && first == last {
			roll++
		}
		if t := plain(c.text); t != "" {
			last = t[strings.LastIndexByte(t, '\n')+1:]
		}
	}
	if len(cues) < fewestRoll || 2*roll < len(cues) {
		return cues
	}
	out, last := cues[:0], ""
	for _, c := range cues {
		t := plain(c.text)
		if t == "" {
			continue
		}
		first, rest, _ := strings.Cut(t, "\n")
		if c.text = t; first == last {
			c.text = rest
		}
		last = t[strings.LastIndexByte(t, '\n')+1:]
		if c.text != "" {
			out = append(out, c)
		}
	}
	return out
}

var (
	voice = regexp.MustCompile(`<v(?:\.[^\s>]*)?\s+([^>\n]{1,80})>`)
	tags  = regexp.MustCompile(`</?[A-Za-z][^<>\n]{0,200}>|<\d[\d:.]{0,20}>|\{\\[^{}\n]{0,80}\}`)
)

// plain is the text of a cue without tags and entities, its lines trimmed and those
// without text left out.
func plain(s string) string {
	if strings.ContainsAny(s, "<{") {
		s = tags.ReplaceAllString(s, "")
	}
	if strings.Contains(s, "&") {
		s = html.UnescapeString(s)
	}
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// label is the name of a speaker before what is said.
var label = regexp.MustCompile(`^(?:>> ?)?(\p{Lu}[\p{L}\p{M}\d .'’&()-]{0,40}): `)

// speakers splits cues by their voices, by the dashes of dialogues and by labels
// that come back.
func speakers(cues []said) []said {
	names := map[string]int{}
	for _, c := range cues {
		for line := range strings.SplitSeq(plain(c.text), "\n") {
			if m := label.FindStringSubmatch(line); m != nil && strings.Count(m[1], " ") < 5 {
				names[m[1]]++
			}
		}
	}
	again := 0
	for _, n := range names {
		if n > 1 {
			again += n
		}
	}
	var out []said
	for _, c := range cues {
		for _, v := range voices(c) {
			for i, line := range strings.Split(plain(v.text), "\n") {
				if line == "" {
					continue
				}
				p := v
				p.text = line
				// A name that comes once is one among names that come back.
				if m := label.FindStringSubmatch(line); m != nil && (names[m[1]] > 1 || again >= 6 && names[m[1]] > 0) {
					p.speaker, p.text = m[1], line[len(m[0]):]
				} else if dash := strings.TrimLeft(line, "-–—"); len(dash) < len(line) && strings.HasPrefix(line, "-") || strings.HasPrefix(line, "–") {
					p.text = strings.TrimSpace(dash)
					if p.speaker == "" {
						p.speaker = "-" // whoever it is, not the one before
					}
				} else if i > 0 && len(out) > 0 {
					last := &out[len(out)-1]
					last.text += " " + line
					continue
				}
				out = append(out, p)
			}
		}
	}
	// Where names stand only at changes, what follows is the last one's.
	if again > 0 {
		for i := 1; i < len(out); i++ {
			if out[i].speaker == "" {
				out[i].speaker = out[i-1].speaker
			}
		}
	}
	return out
}

// voices splits a cue by its <v> tags.
func voices(c said) []said {
	marks := voice.FindAllStringSubmatchIndex(c.text, 64)
	if marks == nil {
		return []said{c}
	}
	var out []said
	if before := c.text[:marks[0][0]]; plain(before) != "" {
		p := c
		p.text = before
		out = append(out, p)
	}
	for i, m := range marks {
		end := len(c.text)
		if i+1 < len(marks) {
			end = marks[i+1][0]
		}
		p := c
		p.speaker, p.text = strings.TrimSpace(html.UnescapeString(c.text[m[2]:m[3]])), c.text[m[1]:end]
		out = append(out, p)
	}
	return out
}

// turns joins what one speaker says without a pause and cuts it into sentences, each
// a block with its time.
func turns(d *corpus.Document, all []said) {
	var x format.Extract
	var open strings.Builder
	var first said // of the open sentence
	named := true  // the speaker's name is due
	goesOn := false
	flush := func(to int) {
		text := open.String()
		open.Reset()
		if strings.TrimSpace(text) == "" {
			return
		}
		name := ""
		if named && first.speaker != "" && first.speaker != "-" {
			name = first.speaker + ": "
		}
		at := first.at
		b := corpus.Block{Kind: corpus.Turn, FileStart: first.from, FileEnd: to, Place: &corpus.Place{Seconds: &at}}
		if goesOn {
			x.Continue(b, name+text)
		} else {
			x.Add(b, name+text)
		}
		named, goesOn = false, true
	}
	for i, s := range all {
		if i > 0 {
			last := all[i-1]
			switch change := s.speaker != last.speaker || s.speaker == "-"; {
			case change:
				flush(last.to)
				named, goesOn = true, false
			case s.at-last.end >= pause:
				flush(last.to)
				goesOn = false
			case open.Len() > longTurn:
				flush(last.to)
			}
		}
		for rest := s.text; rest != ""; {
			n := sentence(rest)
			if open.Len() == 0 {
				first = s
			} else {
				open.WriteByte(' ')
			}
			open.WriteString(strings.TrimSpace(rest[:n]))
			if n < len(rest) || ends(rest) {
				flush(s.to)
			}
			rest = strings.TrimSpace(rest[n:])
		}
	}
	if len(all) > 0 {
		flush(all[len(all)-1].to)
	}
	x.Put(d)
}

var closing = `"'”’»)]`

// sentence is the length of the first sentence of a text, or of all of it: it ends
// before white space and a capital, a digit or a quotation mark.
func sentence(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if !strings.ContainsRune(".!?…。！？", r) {
			continue
		}
		for i < len(s) {
			q, n := utf8.DecodeRuneInString(s[i:])
			if !strings.ContainsRune(closing+".!?…。！？", q) {
				break
			}
			i += n
		}
		if strings.ContainsRune("。！？", r) {
			return i
		}
		if i == len(s) || s[i] != ' ' {
			continue
		}
		next, _ := utf8.DecodeRuneInString(s[i+1:])
		if short := strings.LastIndexByte(s[:i], ' '); r == '.' && i-short <= 4 && i-short > 1 && unicode.IsUpper(rune(s[short+1])) {
			continue // Dr. Who, J. Doe
		}
		if unicode.IsUpper(next) || unicode.IsDigit(next) || strings.ContainsRune(`"'“‘«([¿¡-`, next) {
			return i
		}
	}
	return len(s)
}

// ends says that a text ends with a sentence.
func ends(s string) bool {
	s = strings.TrimRight(s, closing)
	r, _ := utf8.DecodeLastRuneInString(s)
	return strings.ContainsRune(".!?。！？", r) && !strings.HasSuffix(s, "...")
}
