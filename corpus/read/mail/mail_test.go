package mail

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/readtest"
)

const letterOf = `Received: from a by b;
	Mon, 1 Jan 2024 10:00:00 +0000
From: =?utf-8?q?J=C3=BCrgen?= Muster <jm@example.org>
To: "Smith, Ann" <ann@example.org>, bob@example.org
Cc: <carl@example.org>
Subject: =?iso-8859-1?q?Caf=E9?= on
 Tuesday
Date: Mon, 1 Jan 2024 10:00:00 -0500 (EST)
Message-ID: <1@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

not shown
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

Dear Ann,

the caf=E9 is open from nine; we meet =
there.

- bring the list
- and the key

Ann wrote:
> When do we meet?
> And where?

--=20
J=FCrgen
--inner
Content-Type: text/html

<p>HTML is not shown.</p>
--inner--
--outer
Content-Type: text/csv; name="../../list.csv"
Content-Disposition: attachment; filename*=utf-8''%6Cist%20%C3%A4.csv
Content-Transfer-Encoding: base64

YSxiCjEsMgo=
--outer
Content-Type: image/png; name=pic.png
Content-Transfer-Encoding: base64

AAAA
--outer
Content-Type: message/rfc822

From: Eve <eve@example.org>
Subject: The key

It lies under the mat.
--outer--
after
`

func TestMail(t *testing.T) {
	for _, body := range []string{letterOf, strings.ReplaceAll(letterOf, "\n", "\r\n"), "From jm Mon Jan 1 2024\n" + letterOf} {
		docs, skipped := readtest.Read(t, EML, "a.eml", body)
		want := "Café on Tuesday\n\nFrom: Jürgen Muster <jm@example.org>\nTo: \"Smith, Ann\" <ann@example.org>, bob@example.org\nCc: carl@example.org\nDate: Mon, 01 Jan 2024 10:00:00 -0500\n\n" +
			"Dear Ann,\n\nthe café is open from nine; we meet there.\n\n- bring the list\n- and the key\n\nAnn wrote:\n> When do we meet?\n> And where?\n\n-- \nJürgen\n\nThe key\n\nFrom: Eve <eve@example.org>\n\nIt lies under the mat."
		if len(docs) != 2 || len(skipped) > 0 || docs[0].Source != want {
			t.Fatalf("%d documents, skipped %q:\n%s\nwant\n%s", len(docs), skipped, docs[0].Source, want)
		}
		d := docs[0]
		if d.Title != "Café on Tuesday" || d.Metadata["date"] != "2024-01-01T10:00:00-05:00" || d.Metadata["message_id"] != "<1@example.org>" || d.ID != "" || d.Type != "mail" {
			t.Errorf("%+v", d)
		}
		if fmt.Sprint(d.Attachments) != "[list ä.csv pic.png]" || docs[1].ID != "/a.eml!/list ä.csv" || docs[1].Source != "a,b\n1,2\n" || docs[1].Metadata["mail"] != "/a.eml" || docs[1].Metadata["subject"] != d.Title {
			t.Errorf("%v %+v", d.Attachments, docs[1])
		}
		kinds := ""
		for _, b := range d.Blocks {
			kinds += fmt.Sprint(int(b.Kind))
		}
		if kinds != "100000022060100" && kinds != "10000002206100" && kinds != "1000000220060100" {
			t.Errorf("kinds %s", kinds)
		}
	}
}

func TestHTMLMail(t *testing.T) {
	docs, _ := readtest.Read(t, EML, "a.eml", "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<html><body><p>Hello&nbsp;Ann</p><ul><li>one<li>two</ul><blockquote>old</blockquote></body></html>")
	if got := docs[0].Source; got != "x\n\nHello Ann\n\n- one\n- two\n\nold" && got != "x\n\nHello Ann\n\none\ntwo\n\nold" {
		t.Errorf("%q", got)
	}
}

func TestOriginal(t *testing.T) {
	docs, _ := readtest.Read(t, EML, "a.eml", "Subject: x\n\nYes.\n\n-----Original Message-----\nFrom: Bob\n\nIs it so?\n")
	d := docs[0]
	if b := d.Blocks[len(d.Blocks)-1]; b.Kind != corpus.Quote || d.Source[b.Start:b.End] != "Is it so?" {
		t.Errorf("%q %+v", d.Source, b)
	}
	if d.Blocks[len(d.Blocks)-1].Place.Line != 8 {
		t.Errorf("at line %d", d.Blocks[len(d.Blocks)-1].Place.Line)
	}
}

func TestMbox(t *testing.T) {
	box := "From a@b Mon Jan 1 10:00:00 2024\nSubject: One\n\nFrom here on it goes.\n>From the start.\n\nFrom b@c Tue Jan 2 10:00:00 2024\nSubject: Two\nContent-Type: text/plain; name=n.txt\nContent-Disposition: attachment\n\nBody\n"
	docs, skipped := readtest.Read(t, Mbox, "a.mbox", box)
	if len(docs) != 3 || len(skipped) > 0 || docs[0].ID != "/a.mbox!/1" || docs[1].ID != "/a.mbox!/2" || docs[2].ID != "/a.mbox!/2/n.txt" {
		t.Fatalf("%+v, skipped %q", docs, skipped)
	}
	if docs[0].Source != "One\n\nFrom here on it goes.\n>From the start." && docs[0].Source != "One\n\nFrom here on it goes.\n\n>From the start." {
		t.Errorf("%q", docs[0].Source)
	}
	if docs[1].Blocks[0].Place.Line != 8 && docs[1].Blocks[0].Place.Line != 7 {
		t.Errorf("the second begins at line %d", docs[1].Blocks[0].Place.Line)
	}
	docs, skipped = readtest.Read(t, Mbox, "a.mbox", "From a@b Mon Jan 1 10:00:00 2024\nSubject: big\n\n"+strings.Repeat("a line\n", 200000)+"\nFrom b@c Tue Jan 2 10:00:00 2024\nSubject: Two\n\nx\n")
	if len(docs) != 1 || docs[0].Title != "Two" || len(skipped) != 1 || !strings.Contains(skipped[0], "larger than the limit") {
		t.Errorf("%d documents, skipped %q", len(docs), skipped)
	}
}

// TestHostile: mails that are made to hurt are read in little time, or left out.
func TestHostile(t *testing.T) {
	nested := func(n int) string {
		var b strings.Builder
		b.WriteString("Subject: x\n")
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		return b.String() + "\ntext\n"
	}
	for name, body := range map[string]string{
		"nested":        nested(5000),
		"forwarded":     strings.Repeat("Content-Type: message/rfc822\n\n", 20000) + "x",
		"same boundary": "Subject: x\n" + strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", 5000),
		"many parts":    "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 100000),
		"header flood":  strings.Repeat("X-A: b\n", 100000) + "\nx",
		"other headers": func() string {
			var b strings.Builder
			for i := range 100000 {
				fmt.Fprintf(&b, "X-%d: b\n", i)
			}
			return b.String() + "\nx"
		}(),
		"long header":     "Subject: " + strings.Repeat("=?utf-8?q?a?= ", 50000) + "\n\nx",
		"folded":          "Subject: a\n" + strings.Repeat(" b\n", 200000) + "\nx",
		"addresses":       "To: " + strings.Repeat("<a@b>,", 20000) + "\n\nx",
		"brackets":        "To: " + strings.Repeat("(", 60000) + "\n\nx",
		"boundary prefix": "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--bb", 200000),
		"empty boundary":  "Content-Type: multipart/mixed; boundary=\"\"\n\n--\nx\n--\n",
		"no end":          "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\n\n" + strings.Repeat("QUFB", 100000),
		"equals":          "Subject: x\nContent-Transfer-Encoding: quoted-printable\n\n" + strings.Repeat("=", 500000),
		"quotes":          "Subject: x\n\n" + strings.Repeat("> ", 400000),
		"tags":            "Subject: x\nContent-Type: text/html\n\n" + strings.Repeat("<div>", 100000) + "x",
		"parameters":      "Subject: x\nContent-Type: text/plain; " + strings.Repeat("a*0*=utf-8''%41;", 4000) + "\n\nx",
	} {
		start := time.Now()
		docs, skipped := readtest.Read(t, EML, "a.eml", body)
		if len(docs)+len(skipped) == 0 {
			t.Errorf("%s: neither read nor left out", name)
		}
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		readtest.Read(t, Mbox, "a.mbox", "From a@b Mon Jan 1 10:00:00 2024\n"+body)
	}
}

func TestRTF(t *testing.T) {
	if p := unwrapRTF(`{\rtf1\ansi\ansicpg1251\fromhtml1 {\fonttbl{\f0 Arial;}}{\*\htmltag64 <p>}\htmlrtf {\htmlrtf0 Caf\u233?s \'e0 {\*\htmltag84 &nbsp;}\htmlrtf \par}\htmlrtf0 {\*\htmltag72 </p>}}`); !p.html || p.text != "<p>Cafés а &nbsp;</p>" {
		t.Errorf("%+v", p)
	}
	if p := unwrapRTF(`{\rtf1\ansi{\fonttbl{\f0 Arial;}}{\*\generator x;}One\par two \{three\}}`); p.html || p.text != "One\ntwo {three}" {
		t.Errorf("%+v", p)
	}
	s, err := inflateRTF("\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125\x42\x32\x0a\xf3 hel\x09\x00\x20bw\x05\xb0ld\x7d\x0a\x80\x0f\xa0")
	if want := "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"; err != nil || s != want {
		t.Errorf("%q, %v", s, err)
	}
}

func FuzzMail(f *testing.F) {
	f.Add(letterOf)
	f.Add("From a@b 2024\nContent-Type: multipart/related; boundary=b\n\n--b\nContent-Transfer-Encoding: base64\nContent-Type: message/rfc822\n\n" + base64.StdEncoding.EncodeToString([]byte(letterOf)) + "\n--b--")
	f.Add("Subject: =?x?q?=ff?=\nContent-Type: text/html; charset=utf-16\n\n\xff<p>\x00")
	f.Fuzz(func(t *testing.T, s string) {
		readtest.Read(t, EML, "a.eml", s)
		readtest.Read(t, Mbox, "a.mbox", s)
	})
}

func FuzzMSG(f *testing.F) {
	f.Add("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"+strings.Repeat("\x00", 600), `{\rtf1\fromhtml1{\*\htmltag <p>}\'e9\u233?}`)
	f.Add("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"+strings.Repeat("\x01", 2000), "\x2d\x00\x00\x00\x2b\x00\x00\x00LZFu\xf1\xc5\xc7\xa7\x03\x00\x0a\x00rcpg125")
	f.Fuzz(func(t *testing.T, s, rtf string) {
		readtest.Read(t, MSG, "a.msg", s)
		_ = unwrapRTF(rtf)
		_, _ = inflateRTF(rtf)
	})
}
