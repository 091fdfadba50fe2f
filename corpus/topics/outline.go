package topics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/internal/portable"
	"github.com/tamis-search/tamis/text"
)

// Chapter is a part of a document. The chapters of a document tile it, from the
// first byte with text to the last.
type Chapter struct {
	// Title is the heading that begins the chapter, the name of the declaration,
	// or, where there is none, up to three phrases of the chapter itself that
	// are frequent in it and rare around it, with commas between.
	Title string `json:"title"`
	// Found says that the chapter was found by its topic and Title made of
	// phrases.
	Found bool `json:"found,omitempty"`
	// Level is 1 for the outermost.
	Level int `json:"level"`
	// Start and End are bytes of the stored source.
	Start int `json:"start"`
	End   int `json:"end"`
	// Time is that of the chapter's first line that begins with one, as it
	// stands there ("1:02:30"), or that of its place; empty when there is none.
	Time string `json:"time,omitempty"`
	// Sentence is the sentence that has most of what sets the chapter apart: an
	// exact range of the source; empty ranges when there is no sentence.
	Sentence      string `json:"sentence"`
	SentenceStart int    `json:"sentence_start"`
	SentenceEnd   int    `json:"sentence_end"`
}

// Version of how chapters are made; to be counted up with every change of what they are.
const Version = 1

// madeMark begins a heading that no source has.
const madeMark = "≈ "

// Heading is the chapter as a heading over its passages: its time and title, marked as made
// where it was found.
func (c *Chapter) Heading() string {
	s := c.Title
	if !c.Found {
		return s
	}
	if c.Time != "" {
		s = c.Time + " " + s
	}
	return madeMark + s
}

// Made is the title of a heading, without the mark and the time of one that Heading made,
// which ok says.
func Made(heading string) (title string, ok bool) {
	title, ok = strings.CutPrefix(heading, madeMark)
	if ok {
		_, n := clock(title)
		title = title[n:]
	}
	return title, ok
}

// longSection is the fewest sentences of a section, or of a document without
// headings, that is looked through for topics.
const longSection = 60

// OutlineOf is Outline with the analyzer of the document's language; the words of code
// are looked at as prose, which titles need.
func OutlineOf(d *corpus.Document) ([]Chapter, error) {
	lang := d.Lang
	if len(lang) != 2 {
		lang = text.DetectLanguage(d.Source)
	}
	an, err := text.NewAnalyzer(text.AnalyzerName("", lang))
	if err != nil {
		return nil, err
	}
	return Outline(d, an), nil
}

// Outline divides a document into chapters: at its headings; without any, code at
// its declarations; and what is still long, by topic. A document without text
// has none.
func Outline(d *corpus.Document, an *text.Analyzer) []Chapter {
	var units []corpus.Sentence
	for _, p := range split.Split(d, split.Options{}) {
		units = append(units, p.Sentences...)
	}
	if len(units) == 0 {
		return nil
	}
	o := &outliner{doc: d, src: d.Source, an: an, units: units}
	texts := make([]string, len(units))
	for i, u := range units {
		texts[i] = o.content(u)
	}
	o.bags = Analyse(an, texts)
	o.count()
	o.spread()
	chapters := o.sections(landmarks(d))
	for i := range chapters {
		c := &chapters[i]
		if i+1 < len(chapters) {
			c.End = chapters[i+1].Start
		} else {
			c.End = units[len(units)-1].End
		}
	}
	return chapters
}

// landmarks are the blocks that begin chapters.
func landmarks(d *corpus.Document) []corpus.Block {
	var headings, declarations []corpus.Block
	for _, b := range d.Blocks {
		switch {
		case b.Kind == corpus.Heading:
			headings = append(headings, b)
		case b.Kind == corpus.Code && b.Label != "":
			declarations = append(declarations, b)
		}
	}
	if len(headings) == 0 && (d.Type == "go" || d.Type == "code") {
		return declarations
	}
	return headings
}

type outliner struct {
	doc   *corpus.Document
	src   string
	an    *text.Analyzer
	units []corpus.Sentence
	bags  *Bags
	tf    []int     // of each term in the document
	size  int       // terms of the document
	rare  []float64 // of each term: how few blocks of the document have it, at most 1
}

// A chapter is not about "right" or "okay", however often it has them: words are
// told apart by the share of the document's blocks that have them.
const (
	blockTerms = 100 // terms of a block
	fewBlocks  = 8   // the fewest that tell words apart
)

// spread sets rare: 1 for a term in up to every third block (of e, to be exact),
// 0 for one in all.
func (o *outliner) spread() {
	o.rare = make([]float64, len(o.bags.terms))
	last := make([]int, len(o.bags.terms)) // block, from 1
	having := make([]int, len(o.bags.terms))
	seen := 0
	for _, u := range o.bags.units {
		for _, t := range u {
			if block := 1 + seen/blockTerms; last[t] != block {
				last[t] = block
				having[t]++
			}
			seen++
		}
	}
	blocks := 1 + max(seen-1, 0)/blockTerms
	for t, n := range having {
		o.rare[t] = 1
		if blocks >= fewBlocks && n > 0 {
			o.rare[t] = min(1, portable.Log(float64(blocks)/float64(n)))
		}
	}
}

func (o *outliner) count() {
	o.tf = make([]int, len(o.bags.terms))
	for _, u := range o.bags.units {
		for _, t := range u {
			o.tf[t]++
			o.size++
		}
	}
}

// content is a unit without the name and time that begin a turn.
func (o *outliner) content(u corpus.Sentence) string {
	s := o.src[u.Start:u.End]
	return s[o.prefix(u):]
}

func (o *outliner) prefix(u corpus.Sentence) int {
	s := o.src[u.Start:u.End]
	n := 0
	if t, length := clock(s); t != "" {
		n = length
	}
	if u.Kind == corpus.Turn {
		if i := strings.Index(s[n:min(len(s), n+44)], ": "); i >= 0 {
			n += i + 2
		}
	}
	return n
}

// sections makes chapters of landmarks and of what lies before the first.
func (o *outliner) sections(marks []corpus.Block) []Chapter {
	var chapters []Chapter
	at := func(pos int) int {
		i, _ := slices.BinarySearchFunc(o.units, pos, func(u corpus.Sentence, pos int) int { return cmp.Compare(u.Start, pos) })
		return i
	}
	outermost := 6
	for _, b := range marks {
		outermost = min(outermost, max(1, int(b.Level)))
	}
	first := len(o.units)
	if len(marks) > 0 {
		first = at(marks[0].Start)
	}
	if first > 0 {
		chapters = o.topics(chapters, 0, first, 1, len(marks) == 0)
	}
	for i, b := range marks {
		from, to := at(b.Start), len(o.units)
		if i+1 < len(marks) {
			to = at(marks[i+1].Start)
		}
		title := b.Label
		if title == "" {
			title = strings.TrimSpace(o.src[b.Start:b.End])
		}
		if from >= to || title == "" {
			continue
		}
		level := max(1, int(b.Level)) - outermost + 1
		c := o.chapter(from, to, level)
		c.Title, c.Found = title, false
		if from == 0 {
			c.Start = b.Start
		}
		chapters = append(chapters, c)
		if to-from >= longSection {
			if parts := o.topics(nil, from, to, level+1, false); len(parts) > 1 {
				chapters = append(chapters, parts[1:]...)
			}
		}
	}
	return chapters
}

// topics appends the topical chapters of units [from, to).
func (o *outliner) topics(chapters []Chapter, from, to, level int, whole bool) []Chapter {
	var bounds []int
	if to-from >= longSection {
		part := o.bags
		if !whole {
			part = &Bags{units: o.bags.units[from:to], terms: o.bags.terms}
		}
		bounds = Segment(part)
	}
	start := from
	for _, b := range append(bounds, to-from) {
		chapters = append(chapters, o.chapter(start, from+b, level))
		start = from + b
	}
	return chapters
}

// chapter describes units [from, to).
func (o *outliner) chapter(from, to, level int) Chapter {
	c := Chapter{Level: level, Start: o.units[from].Start, Found: true}
	for _, u := range o.units[from:min(to, from+3)] {
		if c.Time, _ = clock(o.src[u.Start:u.End]); c.Time != "" {
			break
		}
	}
	if p := o.doc.PlaceOf(c.Start); c.Time == "" && p.Seconds != nil {
		at := int(*p.Seconds)
		c.Time = fmt.Sprintf("%d:%02d:%02d", at/3600, at/60%60, at%60)
	}
	weights := o.weights(from, to)
	best := 0.0
	for i := from; i < to; i++ {
		if o.units[i].Kind == corpus.Heading {
			continue
		}
		sum := 0.0
		seen := make(map[int32]bool, len(o.bags.units[i]))
		for _, t := range o.bags.units[i] {
			if !seen[t] {
				seen[t] = true
				sum += weights[t]
			}
		}
		// A long sentence has more of everything.
		if s := sum / math.Sqrt(float64(len(o.bags.units[i])+8)); s > best || c.SentenceEnd == 0 {
			best, c.SentenceStart, c.SentenceEnd = s, o.units[i].Start, o.units[i].End
		}
	}
	c.Sentence = o.src[c.SentenceStart:c.SentenceEnd]
	c.Title = strings.Join(o.phrases(from, to, weights), ", ")
	if c.Title == "" {
		c.Title = short(c.Sentence)
	}
	return c
}

// weights says how much each term sets units [from, to) apart from the rest of
// the document: its frequency there times the logarithm of how much more
// frequent it is there than everywhere.
func (o *outliner) weights(from, to int) map[int32]float64 {
	tf := make(map[int32]int)
	size := 0
	for _, u := range o.bags.units[from:to] {
		for _, t := range u {
			tf[t]++
			size++
		}
	}
	w := make(map[int32]float64, len(tf))
	for t, n := range tf {
		w[t] = float64(n)
		if size < o.size {
			w[t] *= o.rare[t] * max(0, portable.Log(float64(n)*float64(o.size)/(float64(o.tf[t])*float64(size))))
		}
	}
	return w
}

// phrase is a run of words that stand next to each other.
type phrase struct {
	text  string // as it stands, the first time
	terms []string
	times int
	sum   float64 // the weight of its terms, each by its own frequency
	at    int
}

const (
	titlePhrases = 3
	phraseWords  = 3
)

// phrases returns the phrases for a title, best first, as they stand in the
// text. A phrase counts what its words weigh as often as they stand together.
func (o *outliner) phrases(from, to int, weights map[int32]float64) []string {
	number := make(map[string]int32, len(weights))
	tf := make(map[int32]float64, len(weights))
	for _, u := range o.bags.units[from:to] {
		for _, t := range u {
			number[o.bags.terms[t]] = t
			tf[t]++
		}
	}
	found := make(map[string]*phrase)
	type word struct {
		term       string
		start, end int
	}
	for i := from; i < to; i++ {
		s := o.content(o.units[i])
		var run []word
		o.an.EachContent(s, func(term string, start, end int) {
			if len(run) > 0 {
				last := run[len(run)-1]
				if start < last.end { // a part of the same word
					return
				}
				if gap := s[last.end:start]; gap != " " && gap != "-" {
					run = run[:0]
				}
			}
			run = append(run, word{term, start, end})
			if len(run) > phraseWords {
				run = run[1:]
			}
			key, sum := "", 0.0
			for n := 1; n <= len(run); n++ {
				w := run[len(run)-n]
				key = w.term + " " + key
				t, known := number[w.term]
				if !known || !nameable(s[w.start:w.end]) || mark(s, w.start, w.end) || strings.Count(key, w.term+" ") > 1 {
					return
				}
				sum += weights[t] / tf[t]
				p := found[key]
				if p == nil {
					p = &phrase{text: s[w.start:end], sum: sum, at: len(found)}
					for _, r := range run[len(run)-n:] {
						p.terms = append(p.terms, r.term)
					}
					found[key] = p
				}
				p.times++
			}
		})
	}
	var list []*phrase
	for _, p := range found {
		if p.sum > 0 && (p.times > 1 || len(p.terms) == 1) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b *phrase) int {
		return cmp.Or(cmp.Compare(float64(b.times)*b.sum, float64(a.times)*a.sum), cmp.Compare(a.at, b.at))
	})
	var out []string
	used := make(map[string]bool)
	for _, p := range list {
		if len(out) == titlePhrases {
			break
		}
		if slices.ContainsFunc(p.terms, func(t string) bool { return used[t] }) {
			continue
		}
		for _, t := range p.terms {
			used[t] = true
		}
		out = append(out, p.text)
	}
	return out
}

// mark says whether a word stands alone in brackets, as what a transcriber
// heard beside the words does: "{laugh}", "<noise>", "[pause]".
func mark(s string, start, end int) bool {
	if start == 0 || end == len(s) {
		return false
	}
	switch s[start-1] {
	case '{':
		return s[end] == '}'
	case '<':
		return s[end] == '>'
	case '[':
		return s[end] == ']'
	}
	return false
}

// nameable says whether a word may stand in a title: not a number, not one or
// two Latin letters.
func nameable(w string) bool {
	letters := 0
	for i := range len(w) {
		switch c := w[i]; {
		case c >= 0x80, 'a' <= c|0x20 && c|0x20 <= 'z':
			letters++
		}
	}
	return letters >= 3
}

// short cuts a sentence for a title at a word, at most 60 bytes.
func short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= 60 {
		return s
	}
	cut := strings.LastIndexByte(s[:61], ' ')
	if cut <= 0 {
		for cut = 60; cut > 0 && s[cut]&0xC0 == 0x80; cut-- {
		}
	}
	return s[:cut] + "…"
}

// clock reads a time at the beginning of a line, "[1:02:30] ", "00:02 " or
// "(02:30)", and returns it with its length, brackets and blanks included.
func clock(s string) (time string, length int) {
	i := 0
	if s != "" && (s[0] == '[' || s[0] == '(') {
		i = 1
	}
	start, digits, colons := i, 0, 0
	for ; i < len(s) && i-start < 12; i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
			continue
		case c == ':' && digits > 0 && digits <= 2:
			colons++
			digits = 0
			continue
		case (c == '.' || c == ',') && colons > 0 && i+1 < len(s) && '0' <= s[i+1] && s[i+1] <= '9':
			digits = -1 // a fraction of a second: two or three more
			continue
		}
		break
	}
	end := i
	if colons < 1 || colons > 2 || digits != 2 {
		return "", 0
	}
	if start == 1 {
		if i == len(s) || s[i] != ']' && s[i] != ')' {
			return "", 0
		}
		i++
	}
	if i < len(s) && s[i] != ' ' && s[i] != '\t' && s[i] != '\n' && s[i] != '-' {
		return "", 0
	}
	for i < len(s) && s[i] <= ' ' {
		i++
	}
	return s[start:end], i
}
