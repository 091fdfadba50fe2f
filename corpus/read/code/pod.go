package code

import (
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// podBlocks appends the blocks of Perl's documentation: =head1 to =head6, =item, and
// paragraphs, which are examples where they are indented.
func podBlocks(blocks []corpus.Block, text string, start, end int) []corpus.Block {
	for at := start; at < end; {
		// A paragraph ends at an empty line.
		stop := at
		for stop < end {
			n := min(lineEnd(text, stop), end)
			if strings.TrimSpace(text[stop:n]) == "" {
				break
			}
			stop = n + 1
		}
		stop = min(stop, end)
		b := corpus.Block{Kind: corpus.Paragraph, Start: at, End: stop}
		para := text[at:stop]
		if strings.HasPrefix(para, "=") {
			word, _, _ := strings.Cut(para, "\n")
			word, rest, _ := strings.Cut(word, " ")
			b.Start = at + len(word)
			switch {
			case strings.HasPrefix(word, "=head") && len(word) == 6 && '1' <= word[5] && word[5] <= '6':
				b.Kind, b.Level, b.Label = corpus.Heading, word[5]-'0', podPlain(strings.TrimSpace(para[len(word):]))
			case word == "=item":
				b.Kind = corpus.Term
				if strings.Trim(rest, "* ") == "" || len(strings.TrimSpace(rest)) > 80 {
					b.Kind = corpus.ListItem
				}
			default: // =over, =back, =cut, =for
				b.Start = b.End
			}
		} else if para != "" && (para[0] == ' ' || para[0] == '\t') {
			b.Kind = corpus.Code
		}
		if b.Start < b.End {
			blocks = format.AppendTrimmed(blocks, b, text)
		}
		at = stop
		for at < end && blankByte(text[at]) && !(text[at] != '\n' && indented(text, at)) {
			at++
		}
	}
	return blocks
}

// indented says whether a line with text begins at i.
func indented(t string, i int) bool {
	return (i == 0 || t[i-1] == '\n') && strings.TrimSpace(t[i:lineEnd(t, i)]) != ""
}

// podPlain is a heading without its formatting codes: C<code>.
func podPlain(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case i+1 < len(s) && s[i+1] == '<' && 'A' <= s[i] && s[i] <= 'Z':
			i++
		case s[i] == '>' && !(i > 0 && s[i-1] == '-'):
		case s[i] == '\n':
			b.WriteByte(' ')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
