package role

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	longEntry    = 120 // bytes
	fewEntries   = 4
	inEntries    = 70 // of the lines
	sampledLines = 60
)

// entriesTitle is what people call an index of a book or its table of contents.
var entriesTitle = regexp.MustCompile(`(?i)(?:^|[^\pL])(?:index|indices|table of contents|\pL+(?:register|verzeichnis)|table des mati[eè]res|[ií]ndice|inhoudsopgave|оглавление|указатель)(?:[^\pL]|$)|^(?:contents|register|inhalt|sommaire|contenidos?|sum[aá]rio|inhoud|содержание)$|目次|目录|目錄|索引`)

// Entries says that a part of a document is what a book is looked up in: it stands under a
// title of an index or a table of contents, and its lines are short and end with where what
// they name is: a number of a page or a section. There is nothing to be read in it, and all
// words of the book are there.
func Entries(titles []string, text string) bool {
	named := false
	for _, t := range titles {
		named = named || len(t) < longEntry && entriesTitle.MatchString(t)
	}
	if !named {
		return false
	}
	lines, entries := 0, 0
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); utf8.RuneCountInString(l) < 2 {
			continue // the letter that a part of an index has in common
		}
		if lines++; len(l) <= longEntry && entryEnd.MatchString(l) {
			entries++
		}
		if lines == sampledLines {
			break
		}
	}
	return entries >= fewEntries && 100*entries >= inEntries*lines
}

// entryEnd is where an entry leads to: pages, or a section with its number and title, which
// stands in a column of its own.
var entryEnd = regexp.MustCompile(`(?:^|[\s.,…·]|\pL, )(?:[A-Z]?\d[\d.–-]*|[ivxlc]+)(?:, ?(?:[A-Z]?\d[\d.–-]*|[ivxlc]+))*\.?$|\t[A-Z]?\d[\d.]* +\S.*$`)
