package split

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/tamis-search/tamis/corpus"
)

// failer is what testing.TB and rapid.T have in common.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// check fails unless the passages keep what corpus.Passage promises.
func check(t failer, d *corpus.Document, o Options) []corpus.Passage {
	t.Helper()
	ps := Split(d, o)
	checkPassages(t, d, o, ps)
	for _, window := range []int{1, 7, 40} {
		parts := inParts(t, d, o, window)
		checkPassages(t, d, o, parts)
		want, got := flat(ps), flat(parts)
		if !slices.EqualFunc(want, got, func(a, b flatSentence) bool {
			return a.Sentence == b.Sentence && slices.Equal(a.headings, b.headings)
		}) {
			t.Fatalf("in parts of %d units: sentences %v, want %v", window, got, want)
		}
	}
	return ps
}

// inParts are the passages of a document that is packed in parts.
func inParts(t failer, d *corpus.Document, o Options, window int) (ps []corpus.Passage) {
	t.Helper()
	if d.Source == "" {
		return nil
	}
	if err := each(d, o, window, func(p corpus.Passage) error {
		ps = append(ps, p)
		return nil
	}); err != nil {
		t.Fatalf("%v", err)
	}
	return ps
}

type flatSentence struct {
	corpus.Sentence
	headings []string
}

// flat are the sentences of passages, each with its heading path.
func flat(ps []corpus.Passage) (all []flatSentence) {
	for _, p := range ps {
		for _, s := range p.Sentences {
			all = append(all, flatSentence{s, p.Headings})
		}
	}
	return all
}

// allPlain are the blocks of a plain text.
func allPlain(s string) (all []corpus.Block) {
	plainBlocks(s, func(b corpus.Block) bool {
		all = append(all, b)
		return true
	})
	return all
}

// checkPassages is check for given passages.
func checkPassages(t failer, d *corpus.Document, o Options, ps []corpus.Passage) {
	t.Helper()
	o = o.withDefaults()
	at, covered := 0, 0
	if strings.HasPrefix(d.Source, bom) {
		covered = len(bom)
	}
	for i, p := range ps {
		if p.Start != at || p.End < p.Start || p.End > len(d.Source) {
			t.Fatalf("passage %d is [%d,%d), want start %d", i, p.Start, p.End, at)
		}
		at = p.End
		text := false
		last := p.Start
		for j, s := range p.Sentences {
			if s.Start < last || s.End <= s.Start || s.End > p.End {
				t.Fatalf("passage %d [%d,%d): sentence %d is [%d,%d) after %d", i, p.Start, p.End, j, s.Start, s.End, last)
			}
			body := d.Source[s.Start:s.End]
			if strings.TrimSpace(body) != body {
				t.Fatalf("sentence %q has white space at an end", body)
			}
			if !utf8.ValidString(body) {
				t.Fatalf("sentence %q is cut inside a rune", body)
			}
			if len(body) > max(o.maxBytes(), 16) {
				t.Fatalf("sentence of %d bytes", len(body))
			}
			if d.Blocks == nil {
				if gap := strings.TrimSpace(d.Source[max(covered, last):s.Start]); gap != "" {
					t.Fatalf("text %q is in no sentence", gap)
				}
			}
			if s.Kind == corpus.Heading && text {
				t.Fatalf("heading %q inside passage %d", body, i)
			}
			text = text || s.Kind != corpus.Heading
			last, covered = s.End, s.End
		}
	}
	if at != len(d.Source) {
		t.Fatalf("passages end at %d of %d", at, len(d.Source))
	}
	if d.Blocks == nil && strings.TrimFunc(d.Source[covered:], unicode.IsSpace) != "" {
		t.Fatalf("text %q is in no sentence", d.Source[covered:])
	}
}

// TestSentences gives each text with "|" where a sentence ends; the bars are
// taken out before splitting.
func TestSentences(t *testing.T) {
	for _, want := range []string{
		// Abbreviations and titles.
		"Dr. Smith came.| He left.",
		"I met Mr. and Mrs. Jones. | They smiled.",
		"See e.g. Smith, i.e. the first.| Then stop.",
		"Use fruit, e.g. Apples or pears.| Done.",
		"The U.S. Army arrived.| It stayed.",
		"He lives in the U.S.| He likes it.",
		"Jones et al. Found nothing new et al. (2004) say.| The end.",
		"As shown by Lee et al.| The result holds.",
		"See Fig. 3 and Figs. 4A.| They agree.",
		"In Eq. (2) we set x.| Then y.",
		"J. R. R. Tolkien wrote it.| C. S. Lewis read it.",
		"The approach of Hans-J. Boehm and J.-P. Sartre won.| Good.",
		"George W. Bush spoke.| People left.",
		"Items 1, 2, etc. are done.| Apples, pears, etc.| We ate them.",
		"He works at Apple Inc. Tim agrees.| It is big.",
		"He works at Apple Inc.| The firm is big.",
		"On Jan. 5 it began.| On Feb. 3 it ended.",
		"Born in St. Louis, Mo. in 1900.| Died later.",
		"Approx. Ten men came.| No. 5 is alive.",
		"The answer is no.| We go on.",
		"It rose vs. Last year it fell.| Fine.",
		"At 5 p.m. on Monday we met.| At 6 p.m.| We left.",
		"Martin Luther King Jr. Day is a holiday.| Fine.",
		"She has a Ph.D. in biology.| He has none.",
		"Gen. Grant met Lt. Col. Brown.| Both were tired.",
		"Op. 27 No. 2 is by Beethoven.| It is slow.",
		// Numbers, names with stops.
		"Pi is 3.14 or so.| Version v1.2.3 is out.",
		"It cost $1.50.| We paid.",
		"In 1999.| The year ended.",
		"There were 5. | They left.",
		"See https://example.com/a.b?c=d.e! for more.| Go.",
		"Open www.example.com. | Then click.",
		"Call fmt.Println or os.Open.| Then close it.",
		"Node.js and ASP.NET are fine.| So is .NET Core.",
		"Mail a.b@example.org.| Wait.",
		"Read README.md.| Then main.go.",
		"1. First do this. Then do that.",
		// Ellipses, several stops, quotes, brackets.
		"Wait... what did you say?| Nothing.",
		"He paused... | Then he left.",
		"Really?!| Yes!| No way.",
		"\"Stop!\" he said.| She stopped.",
		"He said \"Stop.\"| She stopped.",
		"He said “Stop.”| She stopped.",
		"(It was late.)| We left.",
		"We left (it was late).| Nobody cried.",
		"She left.| (Nobody cried.)| He stayed.",
		"It was late.[12]| We left.",
		"It was late.[1][a]| We left.",
		"A cause of disease.5,6| However it heals.",
		"It ended.| \"Why?\" asked Tom.",
		"It ended.| 'Tis true.",
		"*Stop.*| Then go.",
		"Is it? it is.",
		"It ended well.|The next began.",
		"Did he?|Yes, he did.",
		// Words that start small, no capitals at all.
		"We tested cells.| mRNA was low.| p53 was not.",
		"It binds well.| α-synuclein does not.",
		"costs rose by $320 million (see note).| operating income fell.| sales of e.g. cigars rose in 2022.| that is all there is.",
		"First one.  second one.",
		// Tokenised text.
		"Released in January in Japan .| It is the third game .| Next .",
		"See Naoyuki , lit . Valkyria of St . Louis .| It is long .",
		"I guess .| Yeah .| Check one .",
		// Escaped line breaks and records.
		`Here are two:\n\n|1. Iceland is cold.\n|2. Spain is not.`,
		`[{'role': 'user'},| {'role': 'bot'}]`,
		// Other languages.
		"Er kam am 3. Oktober an.| Dann ging er.",
		"Das gilt z.B. Kindern bzw. Eltern.| Das ist alles.",
		"Im 19. Jahrhundert war das so.| Heute nicht.",
		"Voir p.ex. Paris.| Mme. Dupont est là.| Bien.",
		"¿Qué pasa?| ¡Nada!| El Sr. García vino.",
		"これは本です。|あれはペンです。|はい！|いいえ？|そう。",
		"他说：“你好。”|然后走了。",
		"यह एक वाक्य है।| यह दूसरा है।",
		"هل هذا صحيح؟| نعم.| انتهى.",
		"Он родился в 1900 г. в Москве.| Потом уехал.",
		"А. С. Пушкин писал стихи.| Их читают.",
		"Το βιβλίο είναι εδώ.| Πού είναι;",
		"Il Sig. Rossi arriva.| Va bene.",
		// Line breaks.
		"This is a line that has been wrapped\nat about forty columns by hand.\n|And this is the second sentence of it.",
		"> The gates of the wall are opened at noon by\n> whoever is there, `as a rule`.| Check\n> them all before you go to the sea with a boat.",
		"Install it\n|Run it\n|Remove it",
		"Intro\n|This is a much longer line of text that a web page had as one paragraph of its own, and so it is wide, which says that nothing here was wrapped at all by an editor\n|Next",
		"market: Quern and its fields\n|stalls: about forty in a good summer\n|rent: a copper a day for each stall,\n  more for the corner ones.",
		"He took the road that leads to\nnote: it is long. |Nobody came along with him.",
		"First paragraph\n\n|second paragraph",
		"Head:\n|- one thing. And more.\n|- another\n  that goes on\n|3. third\n|(b) fourth",
		"a\tb\tc\n|1\t2\t3\n|After the table",
		"\ufeffAfter a mark.| Next.",
		"CRLF lines here.\r\n\r\n|Second one.\r\n",
	} {
		text := strings.ReplaceAll(want, "|", "")
		var got strings.Builder
		d := &corpus.Document{Source: text}
		at := 0
		for _, p := range check(t, d, Options{}) {
			for _, s := range p.Sentences {
				if at > 0 {
					got.WriteString("|")
				}
				got.WriteString(strings.TrimSpace(text[at:s.Start]) + text[s.Start:s.End])
				at = s.End
			}
		}
		norm := func(s string) string {
			parts := strings.Split(s, "|")
			for i := range parts {
				parts[i] = strings.TrimSpace(parts[i])
			}
			return strings.Join(parts, "|")
		}
		if norm(got.String()) != norm(want) {
			t.Errorf("got  %q\nwant %q", norm(got.String()), norm(want))
		}
	}
}

// TestHeadings holds the heading path and the place of headings.
func TestHeadings(t *testing.T) {
	src := "Book\n\nOne\n\nFirst text.\n\nOne A\n\nSecond text.\n\nTwo\n\nTwo A\n\nThird text.\n\nEnd"
	d := &corpus.Document{Title: "Book", Source: src}
	block := func(k corpus.BlockKind, level uint8, text string) {
		at := strings.Index(src, text+"\n")
		if text == "End" {
			at = len(src) - 3
		}
		d.Blocks = append(d.Blocks, corpus.Block{Kind: k, Level: level, Start: at, End: at + len(text), Label: text})
	}
	block(corpus.Heading, 1, "Book")
	block(corpus.Heading, 2, "One")
	block(corpus.Paragraph, 0, "First text.")
	block(corpus.Heading, 3, "One A")
	block(corpus.Paragraph, 0, "Second text.")
	block(corpus.Heading, 2, "Two")
	block(corpus.Heading, 3, "Two A")
	block(corpus.Paragraph, 0, "Third text.")
	block(corpus.Heading, 2, "End")
	var got []string
	for _, p := range check(t, d, Options{}) {
		line := strings.Join(p.Headings, ">") + ":"
		for _, s := range p.Sentences {
			line += " " + src[s.Start:s.End]
		}
		got = append(got, line)
	}
	want := []string{"One: Book One First text.", "One>One A: One A Second text.", "Two>Two A: Two Two A Third text.", "End: End"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
