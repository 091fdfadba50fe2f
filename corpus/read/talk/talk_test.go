package talk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/readtest"
)

// outline has the turns of a document with their seconds and lines.
func outline(d corpus.Document) string {
	var b strings.Builder
	for _, x := range d.Blocks {
		at := "-"
		if x.Place != nil && x.Place.Seconds != nil {
			at = fmt.Sprint(*x.Place.Seconds)
		}
		fmt.Fprintf(&b, "%s %s\n", at, strings.ReplaceAll(d.Source[x.Start:x.End], "\n", "⏎"))
	}
	return b.String()
}

func TestVTT(t *testing.T) {
	docs, _ := readtest.Read(t, VTT, "a.vtt", `WEBVTT - a talk
Kind: captions
Language: de-AT

NOTE nobody says
this

STYLE
::cue { color: red }

intro
00:01.000 --> 00:04.000 align:start
<v.loud Ann Smith>Hello &amp; <b>welcome</b>. Today we
<00:03.000>speak of tea, which</v>

00:00:04.500 --> 00:00:06.000
<v Ann Smith>Dr. Lee brought. It is green.

00:00:07.000 --> 00:00:08.000
<v Bob>- Thanks!
next
01:00:10.250 --> 01:00:12.000
<v Bob>After an hour
`)
	if got, want := outline(docs[0]), `1 Ann Smith: Hello & welcome.
1 Today we speak of tea, which Dr. Lee brought.
4.5 It is green.
7 Bob: Thanks! next
3610.25 After an hour
`; got != want || docs[0].Lang != "de" || docs[0].Type != "vtt" {
		t.Errorf("%s, %s:\n%swant\n%s", docs[0].Lang, docs[0].Type, got, want)
	}
	if docs[0].Blocks[2].Place.Line != 17 {
		t.Errorf("the third turn is at line %d", docs[0].Blocks[2].Place.Line)
	}
	if s := docs[0].Source; !strings.Contains(s, "welcome.\nToday") || !strings.Contains(s, "green.\n\nBob") {
		t.Errorf("source %q", s)
	}
}

func TestSRT(t *testing.T) {
	docs, _ := readtest.Read(t, SRT, "a.srt", "1\r\n00:00:01,500 --> 00:00:02,000\r\n{\\an8}<i>- Who is it?</i>\r\n- It's me.\r\n\r\n2\r\nno time\r\n\r\n3\r\n00:00:20,000 --> 00:00:21,000\r\nfew <3 words\r\n")
	if got, want := outline(docs[0]), "1.5 Who is it?\n1.5 It's me.\n20 few <3 words\n"; got != want {
		t.Errorf("%swant\n%s", got, want)
	}
	// Names that come back are speakers; what comes once is not one.
	var b strings.Builder
	for i, s := range []string{"ANN: One.", "Two.", "BOB: Three.", "Remember: no tea.", "ANN: Four.", "BOB: Five."} {
		fmt.Fprintf(&b, "%d\n00:00:%02d,000 --> 00:00:%02d,500\n%s\n\n", i, i, i, s)
	}
	docs, _ = readtest.Read(t, SRT, "a.srt", b.String())
	if got, want := outline(docs[0]), "0 ANN: One.\n1 Two.\n2 BOB: Three.\n3 Remember: no tea.\n4 ANN: Four.\n5 BOB: Five.\n"; got != want {
		t.Errorf("%swant\n%s", got, want)
	}
}

// TestRoll: captions that show each line twice say it once.
func TestRoll(t *testing.T) {
	var b strings.Builder
	b.WriteString("WEBVTT\n\n")
	lines := strings.Fields("one two three four five six seven eight nine ten")
	for i := 1; i < len(lines); i++ {
		fmt.Fprintf(&b, "00:%02d.000 --> 00:%02d.000\n%s\n<c>%s</c>\n\n", i, i+1, lines[i-1], lines[i])
	}
	docs, _ := readtest.Read(t, VTT, "a.vtt", b.String())
	if got := docs[0].Source; got != strings.Join(lines, " ") {
		t.Errorf("said %q", got)
	}
	// That two cues begin with the same line is no such thing.
	docs, _ = readtest.Read(t, VTT, "a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\nno\n\n00:02.000 --> 00:03.000\nno\nyes\n")
	if got := docs[0].Source; got != "no no yes" {
		t.Errorf("said %q", got)
	}
}

func TestCuesEncoded(t *testing.T) {
	docs, _ := readtest.Read(t, SRT, "a.srt", "1\n00:00:01,000 --> 00:00:02,000\nD\xe9j\xe0 vu, mon fr\xe8re.\n")
	if got := docs[0].Source; got != "Déjà vu, mon frère." {
		t.Errorf("%q", got)
	}
	if _, skipped := readtest.Read(t, VTT, "a.vtt", "WEBVTT\n\nNOTE nothing is said\n"); len(skipped) != 1 || !strings.Contains(skipped[0], "no text") {
		t.Errorf("skipped %q", skipped)
	}
	if docs, _ := readtest.Read(t, SRT, "a.srt", "Some text.\n"); docs[0].Source != "Some text.\n" || !docs[0].Verbatim {
		t.Errorf("%+v", docs[0])
	}
}

func FuzzCues(f *testing.F) {
	f.Add("WEBVTT\n\n00:01.000 --> 00:04.000\n<v A>x. Y</v>\n- z\n")
	f.Add("1\r\n00:00:01,5 --> 99:99:99,9\r\n&lt;\r\n\r\n--> \n")
	f.Add("00:01 --> 00:02\nA: b\n00:01 --> 00:02\nA: c\n")
	f.Fuzz(func(t *testing.T, s string) {
		readtest.Read(t, VTT, "a.vtt", s)
		readtest.Read(t, SRT, "a.srt", s)
	})
}
