package book

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// A verse is a short line of a stanza; books mark it up as a block of its own.
const (
	longestVerse = 90
	mostVerses   = 200
)

// beside is what stands between two blocks that follow one another in the same
// element: the end of the one, the start of the other, and what says nothing about
// blocks.
var beside = regexp.MustCompile(`^(?:\s|</?(?:span|a|i|em|b|strong|sup|small|br|tt|cite)\b[^>]*>|<!--[^<]*?-->)*</(div|p)>(?:\s|<!--[^<]*?-->)*<(div|p)\b([^>]*)>(?:\s|<(?:span|a|i|em|b|strong|sup|small|tt|cite)\b[^>]*>|&\w+;)*$`)

// named is how books call a line of a stanza.
var named = regexp.MustCompile(`(?i)class\s*=\s*["'][^"']*\b(?:verse|line|stanza|poem|poetry|l)(?:\b|[-_0-9])`)

// verses counts the blocks from the one at i on that are lines of one stanza: short
// blocks beside each other that are called so, or that are no paragraphs and mostly
// end within a sentence.
func verses(d *corpus.Document, src string, i int) int {
	first := &d.Blocks[i]
	if first.Kind != corpus.Paragraph && first.Kind != corpus.Quote {
		return 1
	}
	n, called, ends := 0, 0, 0
	tag := ""
	for ; i+n < len(d.Blocks) && n < mostVerses; n++ {
		x := &d.Blocks[i+n]
		text := d.Source[x.Start:x.End]
		if x.Kind != first.Kind || utf8.RuneCountInString(text) > longestVerse || strings.Contains(text, "\n") {
			break
		}
		if n > 0 {
			from := d.Blocks[i+n-1].FileEnd
			if from > x.FileStart || x.FileStart-from > 1000 {
				break
			}
			m := beside.FindStringSubmatch(src[from:x.FileStart])
			if m == nil || m[1] != m[2] || tag != "" && m[1] != tag {
				break
			}
			tag = m[1]
			if named.MatchString(m[3]) {
				called++
			}
		}
		if strings.ContainsAny(text[len(text)-1:], ".!?") {
			ends++
		}
	}
	if n > 1 && (called == n-1 || tag == "div" && 2*ends <= n) {
		return n
	}
	return 1
}
