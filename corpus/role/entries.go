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
	if !numbered(text) { // most texts are told apart so, and titles cost more to look at
		return false
	}
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

// numbered says that some lines end with a digit, or have one behind their last tab.
func numbered(text string) bool {
	some := 0
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, " \t\r\n.")
		end := len(l) - 1
		if end < 0 {
			continue
		}
		if tab := strings.LastIndexByte(l, '\t'); isDigit(l[end]) || tab >= 0 && (isDigit(l[tab+1]) || tab+2 <= end && isDigit(l[tab+2])) {
			if some++; 2*some == fewEntries { // the others may lead to Roman numbers
				return true
			}
		}
	}
	return false
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// entryEnd is where an entry leads to: pages, or a section with its number and title, which
// stands in a column of its own.
var entryEnd = regexp.MustCompile(`(?:^|[\s.,…·]|\pL, )(?:[A-Z]?\d[\d.–-]*|[ivxlc]+)(?:, ?(?:[A-Z]?\d[\d.–-]*|[ivxlc]+))*\.?$|\t[A-Z]?\d[\d.]* +\S.*$`)
