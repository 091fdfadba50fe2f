package local

import (
	"sort"
	"strings"
)

// leastPart is how many tokens a paragraph has that is a document by itself; what is shorter, as a heading,
// belongs to the next.
const leastPart = 16

// parts are where what all documents share ends in a prompt, and each document, in tokens, and how many
// tokens the question has: the last paragraph of the last message and what the template writes behind it.
// Documents are the paragraphs between the first and that. starts are where tokens begin. Where the
// last message has no such form there are no documents.
func parts(prompt, last string, starts []int) (ends []int, asked int) {
	at := strings.LastIndex(prompt, last)
	if at < 0 {
		return nil, 0
	}
	token := func(at int) int { return sort.SearchInts(starts, at) }
	question := strings.LastIndex(last, "\n\n")
	if question < 0 {
		return nil, len(starts) - token(at)
	}
	question = token(at + question + 2)
	asked = len(starts) - question
	for from := 0; ; {
		next := strings.Index(last[from:], "\n\n")
		if next < 0 {
			break
		}
		from += next + 2
		end := token(at + from)
		if n := len(ends); n > 0 && end-ends[n-1] < leastPart && end < question {
			continue
		}
		if n := len(ends); n == 0 || end > ends[n-1] {
			ends = append(ends, end)
		}
	}
	if len(ends) < 2 || ends[len(ends)-1] != question {
		return nil, asked
	}
	return ends, asked
}
