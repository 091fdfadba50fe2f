// Package excerpt shows people where the words of a query stand in what was
// found.
package excerpt

import (
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/text"
)

// Matcher finds the words of a query in what was found.
type Matcher struct {
	analyzers []*text.Analyzer
	wanted    []map[string]bool // terms of the query, by each of them
}

// New is that of a query, as analyzers of these names read it.
func New(analyzers []string, query string) *Matcher {
	m := &Matcher{}
	for _, name := range analyzers {
		an, err := text.NewAnalyzer(name)
		if err != nil {
			continue
		}
		wanted := map[string]bool{}
		for _, t := range an.QueryTerms(nil, query) {
			wanted[t] = true
		}
		m.analyzers, m.wanted = append(m.analyzers, an), append(m.wanted, wanted)
	}
	return m
}

// matches are the byte ranges of words that the query has, ascending; at each
// place the longest.
func (m *Matcher) matches(s string) [][2]int {
	longest := map[int]int{}
	for k, an := range m.analyzers {
		an.Each(s, func(term string, start, end int) {
			if m.wanted[k][term] {
				longest[start] = max(longest[start], end)
			}
		})
	}
	var out [][2]int
	for at := 0; at < len(s); at++ {
		if end, ok := longest[at]; ok && end > at {
			out = append(out, [2]int{at, end})
			at = end - 1
		}
	}
	return out
}

// Highlight marks the words of the query where w shows colours.
func (m *Matcher) Highlight(w io.Writer, s string) string {
	var b strings.Builder
	at := 0
	for _, r := range m.matches(s) {
		b.WriteString(s[at:r[0]] + screen.Style(w, screen.Match, s[r[0]:r[1]]))
		at = r[1]
	}
	return b.String() + s[at:]
}

// Excerpt is about limit bytes of a text on one line, from where the most words of
// the query stand.
func (m *Matcher) Excerpt(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= limit {
		return s
	}
	// The window that begins at a match, or at the beginning, and has the most.
	found := m.matches(s)
	from, most := 0, 0
	for k := -1; k < len(found); k++ {
		start := 0
		if k >= 0 {
			start = found[k][0]
		}
		n := 0
		seen := map[string]bool{}
		for _, r := range found {
			if word := strings.ToLower(s[r[0]:r[1]]); r[0] >= start && r[1] <= start+limit && !seen[word] {
				seen[word] = true
				n++
			}
		}
		if n > most {
			from, most = start, n
		}
	}
	if from > 0 { // a few words before it
		from = max(0, min(from-limit/8, len(s)-limit))
		if n := strings.IndexByte(s[from:], ' '); from > 0 && n >= 0 && n < limit/8 {
			from += n + 1
		}
	}
	to := min(from+limit, len(s))
	if to < len(s) {
		if n := strings.LastIndexByte(s[from:to], ' '); n > 0 {
			to = from + n
		}
	}
	for from < to && !utf8.RuneStart(s[from]) {
		from++
	}
	for to > from && to < len(s) && !utf8.RuneStart(s[to]) {
		to--
	}
	out := s[from:to]
	if from > 0 {
		out = "… " + out
	}
	if to < len(s) {
		out += " …"
	}
	return out
}
