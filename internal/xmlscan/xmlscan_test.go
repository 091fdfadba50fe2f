package xmlscan

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// tokens are those of a document, text joined.
func tokens(r io.Reader, canon map[string]string) (string, error) {
	var b strings.Builder
	s := New(r, canon)
	for s.Next() {
		switch s.Kind {
		case Start:
			fmt.Fprintf(&b, "\n<%s a=%q>", s.Name(), s.Attr("a"))
		case End:
			fmt.Fprintf(&b, "\n</%s>", s.Name())
		case Text:
			b.Write(s.Text())
		}
	}
	return b.String(), s.Err()
}

// oracle is what encoding/xml makes of it.
func oracle(src string) (string, error) {
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(src))
	root := false
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			if !root {
				return "", errors.New("no root")
			}
			return b.String(), nil
		}
		if err != nil {
			return b.String(), err
		}
		name := func(n xml.Name) string {
			if n.Space != "" {
				return n.Space + ":" + n.Local
			}
			return n.Local
		}
		switch t := t.(type) {
		case xml.StartElement:
			root = true
			a := ""
			for _, x := range t.Attr {
				if x.Name.Local == "a" && x.Name.Space == "" {
					a = strings.NewReplacer("\n", " ").Replace(x.Value)
					break
				}
			}
			fmt.Fprintf(&b, "\n<%s a=%q>", name(t.Name), a)
		case xml.EndElement:
			fmt.Fprintf(&b, "\n</%s>", name(t.Name))
		case xml.CharData:
			b.Write(t)
		}
	}
}

var documents = []string{
	`<?xml version="1.0"?><a a="1"><b/>x &amp; &#x41;&#66;<c a='&lt;"'>y</c><!-- <z> --><![CDATA[<&>]]></a>`,
	`<!DOCTYPE a [<!ENTITY x "y"><!-- > -->]><a>t</a>`,
	"<a>one\r\ntwo\rthree</a>",
	"<a a = \"x\ny\"\n  b='>'>é\u4e00</a>",
	`<a><b></b ></a>`,
	"<a>" + strings.Repeat("long text &amp; more é ", 20000) + "</a>",
	"<a a='" + strings.Repeat("x", 200000) + "'/>",
}

// TestOracle: tokens are those of encoding/xml, however the bytes come.
func TestOracle(t *testing.T) {
	for _, src := range documents {
		want, err := oracle(src)
		if err != nil {
			t.Fatal(err)
		}
		for name, r := range map[string]io.Reader{"whole": strings.NewReader(src), "by byte": iotest.OneByteReader(strings.NewReader(src)), "by half": iotest.HalfReader(strings.NewReader(src)), "with its end": iotest.DataErrReader(strings.NewReader(src))} {
			got, err := tokens(r, nil)
			if got != want || err != nil {
				t.Errorf("%.60s, %s: %.200q, want %.200q, %v", src, name, got, want, err)
			}
		}
	}
}

// TestPrefixes: names are known by their namespace, not by how a file writes them.
func TestPrefixes(t *testing.T) {
	canon := map[string]string{"urn:w": "w", "urn:main": ""}
	for src, want := range map[string]string{
		`<w:a xmlns:w="urn:w"><w:b/></w:a>`:                               "w:a w:b",
		`<x:a xmlns:x="urn:w"><x:b/></x:a>`:                               "w:a w:b",
		`<a xmlns="urn:w"><b xmlns="urn:main"/><c/></a>`:                  "w:a b w:c",
		`<m:a xmlns:m="urn:main"><m:b/></m:a>`:                            "a b",
		`<a xmlns="urn:main"><w:b xmlns:w="urn:other"/></a>`:              "a _w:b",
		`<a xmlns="urn:main"><b xmlns="urn:other"><c/></b><d/></a>`:       "a _:b _:c d",
		`<o:a xmlns:o="urn:o" xmlns:x="urn:w"><x:b x:v="1"/><o:c/></o:a>`: "o:a w:b w:v=1 o:c",
		`<a xmlns="urn:main" xmlns:w="urn:w"><b w:v="2"/><b><c/></b></a>`: "a b w:v=2 b c",
	} {
		var got []string
		s := New(strings.NewReader(src), canon)
		for s.Next() {
			if s.Kind == Start {
				got = append(got, string(s.Name()))
				if v, ok := s.Lookup("w:v"); ok {
					got = append(got, "w:v="+v)
				}
			}
		}
		if g := strings.Join(got, " "); g != want || s.Err() != nil {
			t.Errorf("%s: %s, want %s, %v", src, g, want, s.Err())
		}
	}
}

// TestRefused: what is not whole, nests without end or asks for more than is there.
func TestRefused(t *testing.T) {
	for src, want := range map[string]string{
		"":                    "too early",
		"<a>":                 "too early",
		"<a":                  "in a tag",
		"<a></b>":             "</b> where <a> is open",
		"<a/><b/>":            "behind the end",
		"<a/>x":               "outside",
		"x<a/>":               "outside",
		"<a>&x;</a>":          "not known",
		"<a>&#xFFFFFFFF;</a>": "no character",
		"<a b></a>":           "no value",
		"<a b=c></a>":         "not quoted",
		"<!DOCTYPE a [":       "does not end",
		`<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>`: "not known",
		strings.Repeat("<a>", 5000):                                        "deep",
	} {
		if _, err := tokens(strings.NewReader(src), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", src, err, want)
		}
	}
	bad := errors.New("bad disk")
	if _, err := tokens(io.MultiReader(strings.NewReader("<a>"), iotest.ErrReader(bad)), nil); !errors.Is(err, bad) {
		t.Error(err)
	}
}

func TestSkip(t *testing.T) {
	s := New(strings.NewReader("<a><b><b/>x</b><b/><c/></a>"), nil)
	var got []string
	for s.Next() {
		if s.Kind == Start && string(s.Name()) == "b" {
			s.Skip()
		} else if s.Kind == Start {
			got = append(got, fmt.Sprint(string(s.Name()), s.Depth))
		}
	}
	if g := strings.Join(got, " "); g != "a1 c2" || s.Err() != nil {
		t.Error(g, s.Err())
	}
}

// FuzzScanner: nothing panics, and what is accepted encoding/xml reads as the same.
func FuzzScanner(f *testing.F) {
	for _, src := range documents[:5] {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		got, err := tokens(strings.NewReader(src), nil)
		if err != nil {
			return
		}
		slow, _ := tokens(iotest.OneByteReader(strings.NewReader(src)), nil)
		if slow != got {
			t.Fatalf("%q byte by byte, %q at once", slow, got)
		}
		if want, err := oracle(src); err == nil && strings.TrimSpace(want) != strings.TrimSpace(got) && !strings.Contains(src, "xmlns") {
			t.Fatalf("%q, encoding/xml has %q", got, want)
		}
	})
}

// BenchmarkScan is a sheet of cells, as spreadsheets write them, beside encoding/xml.
func BenchmarkScan(b *testing.B) {
	var sheet strings.Builder
	sheet.WriteString(`<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`)
	for r := range 2000 {
		fmt.Fprintf(&sheet, `<row r="%d">`, r)
		for c := range 10 {
			fmt.Fprintf(&sheet, `<c r="%c%d" s="3" t="s"><v>%d</v></c>`, 'A'+c, r, r*c)
		}
		sheet.WriteString("</row>")
	}
	sheet.WriteString("</sheetData></worksheet>")
	src := sheet.String()
	b.Run("here", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			s := New(strings.NewReader(src), nil)
			for s.Next() {
			}
			if err := s.Err(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/xml", func(b *testing.B) {
		b.SetBytes(int64(len(src)))
		for b.Loop() {
			d := xml.NewDecoder(strings.NewReader(src))
			for {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
