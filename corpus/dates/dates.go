// Package dates says which days are meant by words such as "yesterday", "last Tuesday" and "in
// two weeks", by the date of the document that has them. English, German and French are
// known.
//
// What may mean several things is left alone: "on Tuesday", "the next day", "he did it in two
// weeks". "Last Tuesday" is the latest before the document's day, "next Tuesday" the first after
// it; a week goes from Monday to Sunday. Lines that quote another letter have its date, which
// nobody knows, and are left alone too.
package dates

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// Version of what Find finds. It is to be counted up with every change of that.
const Version = 1

// Found are words that mean days.
type Found struct {
	// Start and End are the range of bytes of the words.
	Start, End int
	// First and Last are the first and the last day that is meant, at midnight UTC.
	First, Last time.Time
}

// String is a day, a month or a year as ISO 8601 has it, or two days with a slash between them.
func (f Found) String() string {
	switch {
	case f.First.Equal(f.Last):
		return f.First.Format(time.DateOnly)
	case f.First.Day() == 1 && f.Last.Equal(f.First.AddDate(0, 1, -1)):
		return f.First.Format("2006-01")
	case f.First.YearDay() == 1 && f.Last.Equal(f.First.AddDate(1, 0, -1)):
		return f.First.Format("2006")
	}
	return f.First.Format(time.DateOnly) + "/" + f.Last.Format(time.DateOnly)
}

// Words are the days as people write them in a language, and as String has them: what is to
// be found by.
func (f Found) Words(lang string) string {
	l := languages[lang]
	if l == nil {
		l = languages["en"]
	}
	month := func(t time.Time) string { return l.names[t.Month()-1] }
	switch s := f.String(); len(s) {
	case len("2006"):
		return s
	case len("2006-01"):
		return fmt.Sprintf("%s %d %s", month(f.First), f.First.Year(), s)
	case len(time.DateOnly):
		return fmt.Sprintf("%d %s %d %s", f.First.Day(), month(f.First), f.First.Year(), s)
	default:
		return fmt.Sprintf("%d %s – %d %s %d %s", f.First.Day(), month(f.First), f.Last.Day(), month(f.Last), f.Last.Year(), strings.ReplaceAll(s, "/", " "))
	}
}

// dateKeys are what documents state their date under, the surest first.
var dateKeys = []string{"date", "sent", "published", "created"}

var layouts = []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly, time.RFC1123Z, time.RFC1123,
	"Mon, 2 Jan 2006 15:04:05 -0700", "2 January 2006", "2 Jan 2006", "January 2, 2006", "Jan 2, 2006", "Monday, January 2, 2006", "2.1.2006", "2006/01/02"}

// Of is the day that a document states as its own in its metadata: that a file was changed
// then says nothing.
func Of(d *corpus.Document) (day time.Time, ok bool) {
	for _, key := range dateKeys {
		s, _ := d.Metadata[key].(string)
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		for _, layout := range layouts {
			if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
				return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC), true
			}
		}
	}
	return time.Time{}, false
}

// Find finds what a text of a language, by its ISO 639-1 code, means by words that count from a day, in the order of
// the text.
func Find(text, lang string, day time.Time) (all []Found) {
	l := languages[lang]
	if l == nil {
		return nil
	}
	s := &scan{l: l, text: text, day: day, words: wordsOf(text)}
	for i := 0; i < len(s.words); {
		n, first, last := s.at(i)
		if n == 0 {
			i++
			continue
		}
		f := Found{s.words[i].start, s.words[i+n-1].end, first, last}
		if !quoted(text, f.Start) && first.Year() > 0 && last.Year() < 10000 {
			all = append(all, f)
		}
		i += n
	}
	return all
}

// quoted says that a place is in a line that quotes another letter.
func quoted(text string, at int) bool {
	line := text[strings.LastIndexByte(text[:at], '\n')+1 : at]
	return strings.HasPrefix(strings.TrimLeft(line, " \t"), ">")
}

// word is one, in lower case; joined says that nothing but white space stands between the one
// before and it, and no empty line.
type word struct {
	s          string
	start, end int
	joined     bool
}

func wordsOf(text string) (all []word) {
	in := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '\'' || r == '’' || r == '-' || r == '_'
	}
	for at := 0; at < len(text); {
		r, n := utf8.DecodeRuneInString(text[at:])
		if !in(r) {
			at += n
			continue
		}
		end := at
		for end < len(text) {
			r, n := utf8.DecodeRuneInString(text[end:])
			if !in(r) {
				break
			}
			end += n
		}
		w := word{s: text[at:end], start: at, end: end}
		for _, mark := range []string{"'s", "’s"} { // yesterday's
			if strings.HasSuffix(w.s, mark) && len(w.s) > len(mark) {
				w.s, w.end = strings.TrimSuffix(w.s, mark), w.end-len(mark)
			}
		}
		if k := len(all); k > 0 {
			gap := text[all[k-1].end:at]
			w.joined = strings.TrimSpace(gap) == "" && strings.Count(gap, "\n") < 2
		}
		all = append(all, w)
		at = end
	}
	return all
}

// unit is what is counted.
type unit int

const (
	days unit = iota + 1
	weeks
	months
	years
)

// scan is one text that is looked through.
type scan struct {
	l     *language
	text  string
	day   time.Time
	words []word
}

// at is how many words from i on mean days, and which; 0 for none.
func (s *scan) at(i int) (n int, first, last time.Time) {
	for _, rule := range s.l.rules {
		if n, first, last = rule(s, i); n > 0 {
			return n, first, last
		}
	}
	return 0, first, last
}

// is says that the words from i on are those of a phrase.
func (s *scan) is(i int, phrase ...string) bool {
	for k, p := range phrase {
		if s.word(i+k) != p || k > 0 && !s.words[i+k].joined {
			return false
		}
	}
	return true
}

// word is one in lower case; "" where there is none.
func (s *scan) word(i int) string {
	if i < 0 || i >= len(s.words) {
		return ""
	}
	return strings.ToLower(s.words[i].s)
}

// joined are the words i to j with white space alone between them.
func (s *scan) joined(i, j int) bool {
	if j >= len(s.words) {
		return false
	}
	for k := i + 1; k <= j; k++ {
		if !s.words[k].joined {
			return false
		}
	}
	return true
}

// before is the word before i, where it belongs to the same sentence.
func (s *scan) before(i int) string {
	if i == 0 || !s.words[i].joined {
		return ""
	}
	return s.word(i - 1)
}

// number is what a word counts: 1 to 999.
func (s *scan) number(i int) int {
	w := s.word(i)
	if n, ok := s.l.numbers[w]; ok {
		return n
	}
	n := 0
	for _, r := range w {
		if r < '0' || r > '9' || n > 99 {
			return 0
		}
		n = 10*n + int(r-'0')
	}
	return n
}

// away is n units from the document's day: a day for days and weeks, a whole month, a whole
// year.
func (s *scan) away(n int, u unit) (first, last time.Time) {
	switch u {
	case days:
		first = s.day.AddDate(0, 0, n)
		return first, first
	case weeks:
		first = s.day.AddDate(0, 0, 7*n)
		return first, first
	case months:
		first = time.Date(s.day.Year(), s.day.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		return first, first.AddDate(0, 1, -1)
	}
	first = time.Date(s.day.Year()+n, 1, 1, 0, 0, 0, 0, time.UTC)
	return first, first.AddDate(1, 0, -1)
}

// period is the week, month or year n after that of the document's day.
func (s *scan) period(n int, u unit) (first, last time.Time) {
	if u == weeks {
		first = s.day.AddDate(0, 0, 7*n-int(s.day.Weekday()+6)%7)
		return first, first.AddDate(0, 0, 6)
	}
	return s.away(n, u)
}

// weekday is the latest before the document's day, the first after it, or that of its week.
func (s *scan) weekday(d time.Weekday, n int) time.Time {
	ahead := (int(d-s.day.Weekday()) + 7) % 7
	switch {
	case n > 0 && ahead == 0:
		ahead = 7
	case n < 0:
		ahead -= 7
	case n == 0:
		ahead = int(d+6)%7 - int(s.day.Weekday()+6)%7
	}
	return s.day.AddDate(0, 0, ahead)
}

// month is the latest before the document's month, or the first after it, or that of its year.
func (s *scan) month(m time.Month, n int) (first, last time.Time) {
	year := s.day.Year()
	switch {
	case n < 0 && m >= s.day.Month():
		year--
	case n > 0 && m <= s.day.Month():
		year++
	}
	first = time.Date(year, m, 1, 0, 0, 0, 0, time.UTC)
	return first, first.AddDate(0, 1, -1)
}

// mostSentence bounds what is looked at of a sentence.
const mostSentence = 300

// sentence is what stands before word i in its sentence, in lower case.
func (s *scan) sentence(i int) string {
	before := s.text[:s.words[i].start]
	if at := strings.LastIndexAny(before, ".!?;:"); at >= 0 {
		before = before[at+1:]
	}
	return strings.ToLower(strings.ToValidUTF8(before[max(0, len(before)-mostSentence):], ""))
}

// In is Find for a part of a document that states its date; nothing for others. A text that is
// too short for its language to be known is read as English.
func In(d *corpus.Document, text string) []Found {
	lang := cmp.Or(d.Lang, "en")
	if languages[lang] == nil {
		return nil
	}
	day, ok := Of(d)
	if !ok {
		return nil
	}
	return Find(text, lang, day)
}

// Mark says which days words of a document mean. It stands beside the text, never in it.
type Mark struct {
	Start int    `json:"start"` // bytes of the stored source, end exclusive
	End   int    `json:"end"`
	Text  string `json:"text"`
	Date  string `json:"date"` // see Found.String
}

// Line says on one line which days words mean, each once: "yesterday = 2024-03-04"; "" for
// no marks.
func Line(marks []Mark) string {
	var all []string
	for _, m := range marks {
		if s := strings.Join(strings.Fields(m.Text), " ") + " = " + m.Date; !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return strings.Join(all, ", ")
}

// Marks are those of a part of a document, which begins at start; none where the document
// states no date.
func Marks(d *corpus.Document, text string, start int) (marks []Mark) {
	for _, f := range In(d, text) {
		marks = append(marks, Mark{start + f.Start, start + f.End, text[f.Start:f.End], f.String()})
	}
	return marks
}
