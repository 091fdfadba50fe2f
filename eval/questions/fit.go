package questions

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/role"
)

// What a piece of evidence may be, in words and bytes.
const (
	fewest, most = 6, 90
	mostBytes    = 700
	// newWords is how many terms evidence must have that the question lacks.
	newWords = 4
	// repeated is the greatest share of the evidence's terms that its question may have.
	repeated = .5
)

// legal are phrases of licences and notices.
var legal = regexp.MustCompile(`(?i)copyright (?:\(c\)|©|\d{4})|all rights reserved|hereby granted|without (?:any )?warranty|redistribution and use|permission notice|licensed under|general public license|warranties of|free documentation license|creative commons|spdx-license|trademarks? of`)

// stale are phrases of notes about versions, of empty places, and of what only points
// elsewhere.
var stale = regexp.MustCompile(`(?i)^(?:new in version|changed in version|deprecated|added in|removed in|availability:|source code:|see (?:also|the|section)|todo\b|fixme|xxx\b|last updated|return to|back to|next:|previous:|up:|table of contents|click |for more information|for (?:more )?details|refer to|obsolete)|lorem ipsum|under construction|coming soon|do not edit`)

// meta are sentences that say what a text is going to say.
var meta = regexp.MustCompile(`(?i)^(?:this|the (?:following|preceding|previous|last|above)|in this|the next|below|here|we|let[’']s|let us|you)\b.{0,40}\b(?:section|chapter|page|document|documentation|tutorial|appendix|guide|article|paragraph|manual|part|list|table|example|explains?|describes?|outlines?|discuss|show|look|see)\b|\bthis (?:section|chapter|document|page|how-?to|tutorial|guide|manual|appendix|article|part)\b|\bis (?:shown|described|listed|given|discussed) (?:below|above|in)\b|\bas follows\b|\bthe following\b.{0,30}:$`)

// elsewhere are words of statements that need what follows them.
var elsewhere = regexp.MustCompile(`(?i)\b(?:following|below)\b`)

// unfit says in a few words why a text is no evidence for a question, "" where it is.
func (m *maker) unfit(question, quote, kind string) string {
	words := strings.Fields(quote)
	switch {
	case len(words) < fewest && kind != Table, len(words) < 4:
		return "too short"
	case len(words) > most, len(quote) > mostBytes:
		return "too long"
	case legal.MatchString(quote):
		return "licence text"
	case stale.MatchString(quote):
		return "notes on versions and pointers elsewhere"
	case kind != Table && meta.MatchString(quote):
		return "text about the text"
	}
	letters, all := 0, 0
	for _, r := range quote {
		if !unicode.IsSpace(r) {
			all++
			if unicode.IsLetter(r) {
				letters++
			}
		}
	}
	if letters*10 < all*6 {
		return "more signs than letters"
	}
	if n := len([]rune(question)); n > 220 || n < 12 {
		return "no question of a usual length"
	}
	asked := m.analyzer.Terms(nil, question)
	said := m.analyzer.Terms(nil, quote)
	slices.Sort(said)
	said = slices.Compact(said)
	both := 0
	for _, t := range said {
		if slices.Contains(asked, t) {
			both++
		}
	}
	least := newWords
	if kind == Table {
		least = 2
	}
	if len(said)-both < least || float64(both) > repeated*float64(len(said)) {
		return "evidence that the question repeats"
	}
	return ""
}

// asks says whether questions are made of a document: not of tests, what programs wrote,
// logs, copies, licences and lists of names.
func asks(d *corpus.Document) bool {
	switch d.Role {
	case role.Test, role.Generated, role.Log, role.Copy, role.Declaration:
		return false
	}
	name := strings.ToLower(path.Base(strings.ReplaceAll(d.Path, "\\", "/")))
	stem := strings.TrimSuffix(name, path.Ext(name))
	for _, s := range []string{"license", "licence", "copying", "copyright", "notice", "authors", "contributors", "patents", "changelog", "changes", "news", "maintainers", "thanks", "credits",
		"genindex", "searchindex", "search", "toc", "sitemap", "glossary-index", "py-modindex"} {
		if stem == s || strings.HasPrefix(stem, s+"-") || strings.HasPrefix(stem, "genindex") {
			return false
		}
	}
	if strings.HasSuffix(stem, "_test") || strings.HasPrefix(stem, "example_") || strings.Contains(d.Path, "/_") && isCode(d) {
		return false
	}
	return !strings.HasPrefix(stem, "release") && !strings.HasPrefix(stem, "whatsnew") && !strings.Contains(d.Path, "/whatsnew/") && !strings.Contains(d.Path, "/changelog/") && !strings.Contains(strings.ToLower(d.Path), "relnotes")
}
