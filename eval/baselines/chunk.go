package baselines

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/text/tokens"
)

type extent struct{ start, end int }

// trim takes the white space off both ends of an extent.
func trim(s string, x extent) extent {
	t := s[x.start:x.end]
	x.start += len(t) - len(strings.TrimLeftFunc(t, unicode.IsSpace))
	x.end -= len(t) - len(strings.TrimRightFunc(t, unicode.IsSpace))
	if x.end < x.start {
		x.end = x.start
	}
	return x
}

// fixedChunks cuts a text into chunks of size tokens, each beginning overlap
// tokens before the one before it ends. Borders lie between words (white space
// goes with the word after it), where byte-pair encodings cut as well; a word of
// more than 256 bytes is cut into pieces of that.
func fixedChunks(s string, size, overlap int, counter tokens.Counter) []extent {
	type word struct{ start, tokens int }
	var words []word
	known := map[string]int{}
	for i := 0; i < len(s); {
		j := i
		for inside := false; j < len(s) && j-i < 256; {
			r, n := utf8.DecodeRuneInString(s[j:])
			if !unicode.IsSpace(r) {
				inside = true
			} else if inside {
				break
			}
			j += n
		}
		w := s[i:j]
		n, ok := known[w]
		if !ok {
			n = counter.Count(w)
			known[w] = n
		}
		words = append(words, word{i, n})
		i = j
	}
	var out []extent
	for i := 0; i < len(words); {
		j, n := i, 0
		for j < len(words) && (j == i || n+words[j].tokens <= size) {
			n += words[j].tokens
			j++
		}
		end := len(s)
		if j < len(words) {
			end = words[j].start
		}
		if x := trim(s, extent{words[i].start, end}); x.end > x.start {
			out = append(out, x)
		}
		if j == len(words) {
			break
		}
		k := j
		for n := 0; k > i+1 && n+words[k-1].tokens <= overlap; k-- {
			n += words[k-1].tokens
		}
		i = k
	}
	return out
}

// recursiveChunks cuts as LangChain's RecursiveCharacterTextSplitter does with
// its defaults but for the sizes: at "\n\n", else at "\n", else at " ", else
// anywhere, the separator kept at the start of a piece; pieces are joined again
// up to size characters, the next chunk beginning with the last pieces of the
// one before that make at most overlap characters; white space at the ends is
// dropped.
func recursiveChunks(s string, size, overlap int) []extent {
	var out []extent
	recursive(s, extent{0, len(s)}, []string{"\n\n", "\n", " ", ""}, size, overlap, &out)
	return out
}

func recursive(s string, x extent, separators []string, size, overlap int, out *[]extent) {
	t := s[x.start:x.end]
	sep, rest := "", separators[len(separators):]
	for i, p := range separators {
		if p == "" || strings.Contains(t, p) {
			sep, rest = p, separators[i+1:]
			break
		}
	}
	var pieces []extent
	if sep == "" {
		for i, r := range t {
			pieces = append(pieces, extent{x.start + i, x.start + i + utf8.RuneLen(r)})
		}
	} else {
		for i := 0; i < len(t); {
			from := i
			if strings.HasPrefix(t[i:], sep) {
				from += len(sep)
			}
			j := strings.Index(t[from:], sep)
			if j < 0 {
				j = len(t)
			} else {
				j += from
			}
			pieces = append(pieces, extent{x.start + i, x.start + j})
			i = j
		}
	}
	var good []extent
	for _, p := range pieces {
		if utf8.RuneCountInString(s[p.start:p.end]) < size {
			good = append(good, p)
			continue
		}
		merge(s, good, size, overlap, out)
		good = good[:0]
		if len(rest) == 0 {
			*out = append(*out, p)
		} else {
			recursive(s, p, rest, size, overlap, out)
		}
	}
	merge(s, good, size, overlap, out)
}

// merge joins neighbouring pieces to chunks.
func merge(s string, pieces []extent, size, overlap int, out *[]extent) {
	first, total := 0, 0
	length := func(p extent) int { return utf8.RuneCountInString(s[p.start:p.end]) }
	emit := func(end int) {
		if end > first {
			if x := trim(s, extent{pieces[first].start, pieces[end-1].end}); x.end > x.start {
				*out = append(*out, x)
			}
		}
	}
	for i, p := range pieces {
		n := length(p)
		if total+n > size {
			emit(i)
			for first < i && (total > overlap || total+n > size) {
				total -= length(pieces[first])
				first++
			}
		}
		total += n
	}
	emit(len(pieces))
}

// passages and sentences are tamis's own units of a plain text.
func passages(s string) []extent {
	var out []extent
	for _, p := range splitText(s) {
		if x := trim(s, extent{p.Start, p.End}); x.end > x.start {
			out = append(out, x)
		}
	}
	return out
}

func sentences(s string) []extent {
	var out []extent
	for _, p := range splitText(s) {
		for _, t := range p.Sentences {
			out = append(out, extent{t.Start, t.End})
		}
	}
	return out
}

func splitText(s string) []corpus.Passage {
	return split.Split(&corpus.Document{ID: "eval", Type: "text", Source: s}, split.Options{})
}
