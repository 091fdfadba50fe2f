package browser

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// zipped is a file of parts.
func zipped(t *testing.T, parts ...[2]string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, p := range parts {
		w, err := z.Create(p[0])
		if err == nil {
			_, err = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?>` + p[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	kinds     = `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>%s</Types>`
	relations = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	of        = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
)

func relation(id, kind, target string) string {
	return fmt.Sprintf(`<Relationship Id="%s" Type="%s/%s" Target="%s"/>`, id, of, kind, target)
}

// workbook is a sheet whose table begins at B3.
func workbook(t *testing.T, name string, rows [][]string) string {
	var data strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&data, `<row r="%d">`, i+3)
		for k, cell := range row {
			fmt.Fprintf(&data, `<c r="%c%d" t="inlineStr"><is><t>%s</t></is></c>`, 'B'+k, i+3, cell)
		}
		data.WriteString(`</row>`)
	}
	const main = "application/vnd.openxmlformats-officedocument.spreadsheetml."
	return zipped(t,
		[2]string{"[Content_Types].xml", fmt.Sprintf(kinds, `<Override PartName="/xl/workbook.xml" ContentType="`+main+`sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="`+main+`worksheet+xml"/>`)},
		[2]string{"_rels/.rels", fmt.Sprintf(relations, relation("rId1", "officeDocument", "xl/workbook.xml"))},
		[2]string{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="` + of + `"><sheets><sheet name="` + name + `" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		[2]string{"xl/_rels/workbook.xml.rels", fmt.Sprintf(relations, relation("rId1", "worksheet", "worksheets/sheet1.xml"))},
		[2]string{"xl/worksheets/sheet1.xml", `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + data.String() + `</sheetData></worksheet>`})
}

// presentation is slides with a title and a line each.
func presentation(t *testing.T, slides [][2]string) string {
	const main = "application/vnd.openxmlformats-officedocument.presentationml."
	over := `<Override PartName="/ppt/presentation.xml" ContentType="` + main + `presentation.main+xml"/>`
	var list, rels string
	var parts [][2]string
	for i, s := range slides {
		n := i + 1
		over += fmt.Sprintf(`<Override PartName="/ppt/slides/slide%d.xml" ContentType="%sslide+xml"/>`, n, main)
		list += fmt.Sprintf(`<p:sldId id="%d" r:id="rId%d"/>`, 255+n, n)
		rels += relation(fmt.Sprintf("rId%d", n), "slide", fmt.Sprintf("slides/slide%d.xml", n))
		shape := func(id int, holds, text string) string {
			return fmt.Sprintf(`<p:sp><p:nvSpPr><p:cNvPr id="%d" name="%d"/><p:cNvSpPr/><p:nvPr>%s</p:nvPr></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>%s</a:t></a:r></a:p></p:txBody></p:sp>`, id, id, holds, text)
		}
		parts = append(parts, [2]string{fmt.Sprintf("ppt/slides/slide%d.xml", n), `<p:sld xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"><p:cSld><p:spTree>` +
			shape(2, `<p:ph type="title"/>`, s[0]) + shape(3, `<p:ph idx="1"/>`, s[1]) + `</p:spTree></p:cSld></p:sld>`})
	}
	return zipped(t, append([][2]string{
		{"[Content_Types].xml", fmt.Sprintf(kinds, over)},
		{"_rels/.rels", fmt.Sprintf(relations, relation("rId1", "officeDocument", "ppt/presentation.xml"))},
		{"ppt/presentation.xml", `<p:presentation xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" xmlns:r="` + of + `"><p:sldIdLst>` + list + `</p:sldIdLst></p:presentation>`},
		{"ppt/_rels/presentation.xml.rels", fmt.Sprintf(relations, rels)},
	}, parts...)...)
}

// Slides, cells, mail and what was said are shown as their files have them.
func TestForms(t *testing.T) {
	needs(t)
	folder := write(t, t.TempDir(), map[string]string{
		"talks/greenhouse.pptx": presentation(t, [][2]string{{"The greenhouse in 2026", "These are the plans of the garden club for the year, as the members have voted for them in the cold hall in March."}, {"Shade", "Orchids need forty percent shade in July."}, {"Costs", "A net costs 120 euro, and a roller for it costs as much again, which nobody had foreseen in the years before."}}),
		"stock.xlsx":            workbook(t, "Stock", [][]string{{"plant", "pots", "house"}, {"Hibiscus", "12", "North"}, {"Fern", "7", "South"}, {"Agave", "31", "North"}}),
		"mail/tapes.eml":        "From: Ada Brook <ada@example.org>\r\nTo: Ben Cole <ben@example.org>\r\nDate: Tue, 3 Mar 2026 10:15:00 +0000\r\nSubject: Moving the tape library\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear Ben,\r\n\r\nthe couriers bring the tapes to Hall 2 on Friday.\r\n\r\nAda\r\n",
		"talks/meeting.vtt":     "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\n<v Ada>Welcome to the meeting of the watermen.\n\n00:01:05.000 --> 00:01:09.500\n<v Ben>The sluice is opened at half past nine.\n\n00:02:00.000 --> 00:02:04.000\n<v Ada>Then we row at ten.\n",
		"harbour.html":          "<html><head><title>Harbour</title></head><body><h1>Harbour rules</h1><p>Ships over forty metres take a pilot aboard.</p><p>Nobody anchors in the fairway.</p><ul><li>Lights are on at dusk.</li></ul></body></html>\n",
	})
	p := open(t, serve(t, t.TempDir(), []string{folder})+"#budget=64")
	find := func(question, file, holds string) {
		t.Helper()
		p.ask(question)
		p.until(`[...document.querySelectorAll(".doc .name")].some((e) => e.title.endsWith(` + quoted(file) + `))`)
		p.get(`[...document.querySelectorAll(".doc .name")].find((e) => e.title.endsWith(`+quoted(file)+`)).click()`, nil)
		p.until(holds)
	}
	find("how much shade do orchids need?", ".pptx", `document.querySelector(".slidesheet mark")`)
	p.sees("slide 2 of 3")
	p.state("slides")
	p.click("Next slide")
	p.until(`document.querySelector(".slidesheet").innerText.includes("A net costs")`)
	p.press(kb.Escape)

	find("how many pots of hibiscus are there?", ".xlsx", `document.querySelector("#source .grid .kept")`)
	var cells []string
	p.get(`[...document.querySelectorAll("#source .grid thead th"), ...[...document.querySelectorAll("#source .grid tr.kept")].find((e) => e.innerText.includes("Hibiscus")).children].map((e) => e.innerText)`, &cells)
	if got := strings.Join(cells, " "); !strings.HasPrefix(got, "B C D ") || !strings.Contains(got, "4 Hibiscus 12 North") {
		t.Errorf("the sheet shows %q", got)
	}
	p.state("sheet")
	p.press(kb.Escape)

	find("when do the couriers bring the tapes?", ".eml", `document.querySelector("#source .mailhead")`)
	p.until(`[...document.querySelectorAll("#source mark")].some((e) => e.innerText.includes("couriers")) && !document.querySelector("#source .lines").innerText.includes("From: ")`)
	p.state("mail")
	p.press(kb.Escape)

	find("when is the sluice opened?", ".vtt", `document.querySelector("#source .talk mark")`)
	p.until(`[...document.querySelectorAll("#source .talk tr")].some((e) => e.querySelector("th").innerText === "00:01:05" && e.querySelector("mark")?.innerText.includes("sluice"))`)
	p.state("talk")
	p.press(kb.Escape)

	find("which ships take a pilot?", ".html", `document.querySelector("#source mark")`)
	var numbers []string
	p.get(`[...document.querySelectorAll("#source .lines th")].map((e) => e.innerText).filter(Boolean)`, &numbers)
	if len(numbers) != 1 {
		t.Errorf("a file of one line has the numbers %v", numbers)
	}
}

// Folders that the server watches are shown, with what of them cannot be read, and changes
// come in by themselves.
func TestWatched(t *testing.T) {
	needs(t)
	folder := write(t, t.TempDir(), map[string]string{"garden/quince.md": "# Quince\n\nQuinces are picked in October.\n", "garden/deep/pear.md": "# Pear\n\nPears ripen indoors.\n", "scan.pdf": "%PDF-1.4 this is none"})
	p := open(t, serve(t, t.TempDir(), nil, "--watch", folder)+"#view=documents")
	p.sees("Watched")
	p.sees(folder)
	p.sees("up to date since")
	p.sees("1 file cannot be read")
	p.click("1 file cannot be read")
	p.sees("scan.pdf")
	p.until(`document.querySelectorAll("tr.folder").length === 2`)
	if err := os.WriteFile(filepath.Join(folder, "garden", "medlar.md"), []byte("# Medlar\n\nMedlars are soft.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.until(`[...document.querySelectorAll(".list .name")].some((e) => e.title.endsWith("medlar.md"))`)
	p.sees("1 document changed then")
	p.sees("1 file cannot be read")
	p.state("watched")
	p.click("deep")
	p.until(`document.querySelectorAll(".list .name").length === 1`)
	p.click("garden")
	p.until(`document.querySelectorAll(".list .name").length === 3`)
}
