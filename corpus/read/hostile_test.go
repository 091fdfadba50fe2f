//go:build unix

package read

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shapes are what makes careless parsers of a format slow, or deep, when it is repeated.
type shapes struct {
	ext, before string
	repeated    []string
}

var hostile = []shapes{
	{".txt", "", []string{"a", " ", "\n", "\n\n", "a ", "A: b\n", "é", "\xe9", "[00:01] a: b\n", "- a\n"}},
	{".md", "", []string{"> 1. ", "*", "_", "**a", "[", "]", "(", "![", "`", "``", "<", ">", "<a", "&", "\\", "#", "# ", "> ", "- ", "1. ", "  ", "    ", "|", "|a|b|\n", "|-|-|\n", "\n", "a", "a\n", "---\n", "```\n", "~~~\n", "[a]: b\n", "[a][", "<!--", "-->", "http://a", "www.a", "~~", "$", "$$\n", "***", "a*", "*a", "_a_", "[a](b", "[^a]", "[^a]: b\n", "- [ ] a\n", "<div>\n", "\t", "a@b.c ", "!", "=", "===\n", "\"", "'", "--", "...", ":a:"}},
	{".html", "<html><body>", []string{"<p>", "<div>", "</div>", "<b>", "</b>", "<i>", "<a href=x>", "</a>", "<table>", "<tr>", "<td>", "<table><tr><td>", "</table>", "<li>", "<ul><li>", "<ul>", "</ul>", "<span>", "<!--", "<", "&", "&amp;", "<h1>", "<pre>", "<code>", "a", " ", "\n", "a<br>", "<script>", "<style>", "<svg>", "<math>", "<select>", "<option>", "<form>", "<nobr>", "<font>", "<template>", "<a", " a=b", "<dl><dt>", "<dd>", "<p>a, b, c. ", "<blockquote>", "<article>", "<title>", "<img alt=a>", "<td rowspan=9>", "<td colspan=999>a", "<tr><td rowspan=999>a"}},
	{".rst", "", []string{"1. *", "*", "**", "`", "``", "`a`_", "|", "a_", "a\n", "===\n", "---\n", "- ", "- a\n", "1. ", "  ", "::\n", ".. a::\n", ".. ", ".. _a: b\n", ".. |a| b\n", "+--+\n", "|a|\n", "== ==\n", ":a: b\n", ":a:`", "[1]_", ".. [1] a\n", "\n", "a\n\n", "   a\n", " ", "_", "__", "\\", "<", ">`_", ">>> a\n", "a\n=\n", "   :a: b\n", ".. include:: a\n", ".. csv-table::\n\n   a,b\n", ".. list-table::\n\n   * - a\n"}},
	{".adoc", "", []string{"`+", "`*", "*", "_", "`", "+", "++", "#", "^", "~", "[", "]", "[[", "<<", ">>", "{", "}", "{a}", ":a: {a}{a}\n", "=", "= a\n", "== a\n", "|===\n", "|a", "----\n", "....\n", "====\n", "****\n", "--\n", "* a\n", "** a\n", ". a\n", "a:: b\n", "link:a[", "image::a[]\n", "http://a[", "+\n", "\n", "a", "a\n", "'", "\"`", "footnote:[", "pass:[", "ifdef::a[]\n", "include::a[]\n", "[source]\n", "////\n", "//a\n", "(((", "((", "a|b\n", "menu:a[", "kbd:[", " "}},
	{".org", "", []string{"*", "* a\n", "** a\n", "/", "_", "=", "~", "+", "[[", "]]", "[", "]", "[fn:1]", "[fn:1] a\n", "#+begin_src\n", "#+end_src\n", "#+begin_quote\n", "|a|b|\n", "|-\n", "- a\n", "  - a\n", ":a:\n", ":END:\n", "#+a: b\n", "<<", "<2020-01-01", "\n", "a", "a\n", "\\(", "$", "{{{a}}}", "# a\n", ": a\n", " "}},
	{".tex", "\\begin{document}", []string{"\\", "{", "}", "[", "]", "$", "$$", "\\[", "\\(", "\\a", "\\a{", "\\begin{a}", "\\end{a}", "\\begin{itemize}\\item ", "\\item ", "\\section{", "\\textbf{", "\\footnote{", "\\newcommand{\\a}{\\b\\b}", "\\def\\a{\\a\\a}", "\\a ", "%", "%a\n", "&", "\\\\", "\\begin{tabular}{", "\\hline", "\\verb|", "\\begin{verbatim}", "\\input{a}", "\\cite{a}", "~", "``", "''", "\n", "\n\n", "a", " ", "\\if", "\\fi", "\\iffalse", "\\multicolumn{9}{c}{", "#", "^", "_", "\\begin{equation}", "\\url{", "\\caption{"}},
	{".man", ".TH a 1\n", []string{".SH a\n", ".B a\n", ".I a\n", ".PP\n", ".TP\n", ".IP a\n", ".RS\n", ".RE\n", ".nf\n", ".fi\n", ".TS\n", ".TE\n", "\\f", "\\fB", "\\(", "\\[", "\\*", "\\*[a]", "\\n", "\\s", "\\", "\\\"", ".de a\n", "..\n", ".a\n", ".ds a \\*a\\*a\n", ".if a\n", ".ie a \\{\n", ".el \\{\n", "\\}\n", ".Bl\n", ".El\n", ".It a\n", ".Nm\n", ".Fl a Ar b\n", ".Xo\n", ".Xc\n", "a", "a\n", "\n", " ", "'", ".", "\"", "l l\n", "a\tb\n", "T{\n", "T}\n", ".so a\n", ".rn a b\n", ".am a\n"}},
	{".csv", "", []string{"\"", "\"\"", ",", "\n", "a", "a,", "\"a\n", "\"a,b\"", ";", "\t", "|", "\r", "\",", "\"\n", "a,b\n", " ", "'"}},
	{".tsv", "", []string{"\"", "\"\"", "\t", "\n", "a", "a\t", "\"a\n", "\r"}},
	{".json", "", []string{"[", "{", "]", "}", "{\"a\":", "[1,", "\"", "\"a\",", "\\", "1", "1,", "{\"a\":1},", "{\"a\":{\"b\":", "\n", " ", "\"a\":1,", "[[", "[{", "null,", "//a\n", "[{\"a\":1},", "é"}},
	{".yaml", "", []string{"a: b\n...\n", "-", "- ", "- a\n", "a: ", "a:\n", " ", "  a:\n", "[", "{", "]", "}", "\"", "'", "|", ">", "&a ", "*a ", "!", "!!a ", "#", "? ", ": ", "---\n", "...\n", "%", "\n", "a", "a\n", "a: b\n", "- - ", "[a,", "{a: ", "<<: *a\n", "\t", "- &a b\n", "\\", "a: |\n  b\n", ",", "? a\n"}},
	{".toml", "", []string{"[a]\n", "[[a]]\n", "[a.", "[", "a=1\n", "a.b=1\n", "a.", "\"", "\"\"\"", "'", "'''", "{a=", "[1,", "#", "\n", "=", "a", "a={", "]", "}", "[[a.b]]\n", "[a.a.a.a]\n"}},
	{".xml", "<r>", []string{"<a>", "</a>", "<a b='c'>", "<a/>", "<!--", "-->", "<![CDATA[", "]]>", "<?a", "?>", "&", "&amp;", "&a;", "<", ">", "a", " ", "\n", "<a ", "b='c' ", "<!DOCTYPE a [", "<!ENTITY a \"&b;&b;\">", "]", "<a:b xmlns:a='c'>", "<a><b>c</b></a>"}},
	{".ipynb", `{"nbformat":4,"nbformat_minor":2,"metadata":{},"cells":[`, []string{`{"cell_type":"markdown","source":["a"]},`, `{"cell_type":"code","source":["a"],"outputs":[{"output_type":"stream","text":["a"]}]},`, "[", "{", "\"", `{"cell_type":"code","source":["`, "\"a\",", `{"cell_type":"markdown","source":`, "\\u001b[", `{"cell_type":"code","outputs":[{"data":{"text/html":"<p>`}},
	{".jsonl", "", []string{"{\"text\":\"a\"}\n", "{", "[", "{\"a\":", "\"", "\n", "{\"id\":\"a\",\"text\":\"b\"}\n", "{\"text\":\""}},
	{".eml", "From: a@b.c\nSubject: x\n", []string{"X: a\n", " a\n", "\n", "a\n", "> ", "> a\n", ">", "-- \n", "From: a\n", "Content-Type: multipart/mixed; boundary=a\n\n", "--a\n", "--a--\n", "--", "=?utf-8?q?a?= ", "=?utf-8?", "=?utf-8?b?", "=", "(", "<", "\"", ",", "a@b, ", "Content-Type: message/rfc822\n\n", "To: ", "begin 644 a\n", "On a wrote:\n", "-----Original Message-----\n", "a", " ", ";", "; a=b", "Content-Transfer-Encoding: base64\n", "Content-Type: text/html\n\n<p>", "From: a\nTo: b\nSubject: c\nDate: d\n\n", "Received: a\n"}},
	{".eml", "From: a@b.c\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"a\"\n\n--a\n", []string{"--a\n", "--a\n\nb\n", "--a\nContent-Type: multipart/mixed; boundary=\"b\"\n\n--b\n", "--b\n", "--a\nContent-Type: message/rfc822\n\nFrom: a\n\n", "--a\nContent-Type: text/html\n\n<p>a", "--a\nContent-Disposition: attachment; filename=a.txt\n\na\n", "Content-Type: multipart/mixed; boundary=\"a\"\n\n--a\n", "a\n", "--a\nContent-Type: multipart/alternative; boundary=\"a\"\n\n"}},
	{".mbox", "From a@b Mon Jan  2 15:04:05 2006\nFrom: a@b\n\n", []string{"From a@b Mon Jan  2 15:04:05 2006\n", "From a@b Mon Jan  2 15:04:05 2006\nFrom: a\n\na\n\n", "\n", "a\n", ">From a\n", "From ", "\nFrom a@b Mon Jan  2 15:04:05 2006\n", "X: a\n", " a\n"}},
	{".vtt", "WEBVTT\n\n", []string{"00:01.000 --> 00:02.000\n", "00:01.000 --> 00:02.000\na\n\n", "<v a>", "<", ">", "</v>", "<c.a>", "&", "NOTE a\n", "STYLE\n", "a\n", "\n", "-->", "00:", "<00:01.000>", "<v A>b ", "00:01.000 --> 00:02.000\n<v A>b\n\n", "- a\n", "a ", "[a] "}},
	{".srt", "1\n00:00:01,000 --> 00:00:02,000\na\n\n", []string{"1\n00:00:01,000 --> 00:00:02,000\na\n\n", "<i>", "</i>", "{", "{\\an8}", "a\n", "\n", "-->", "1\n", "- A: b\n", "A: b\n"}},
	{".txt", "", []string{"A: b\n", "[10:00] A: b\n", "12/31/20, 10:00 - A: b\n", "[1/1/20, 10:00:00] A: b\n", "a\n", "\n", "A:\n", "00:00:01 A\nb\n\n", "A (00:01): b\n"}},
	{".json", `[{"type":"message","user":"a","ts":"1.0","text":"b"},`, []string{`{"type":"message","user":"a","ts":"1.0","text":"b"},`, `{"type":"message","ts":"1","text":"<@a> <`, "<", "&amp;", `{"mapping":{"a":{"id":"a","parent":"b","children":["a"],`, "["}},
	{".json", `[{"title":"a","mapping":{"r":{"id":"r","parent":null,"children":["a"]},`, []string{`"a":{"id":"a","parent":"r","children":["b"],"message":{"author":{"role":"user"},"content":{"parts":["x"]}}},`, `"b":{"id":"b","parent":"a","children":["a"]},`}},
	{".rtf", "{\\rtf1\\ansi ", []string{"{", "}", "\\", "\\par ", "\\b ", "{\\b a", "\\'", "\\'e9", "\\u233?", "\\u", "{\\*\\a ", "{\\field{\\*\\fldinst a}{\\fldrslt b}}", "{\\fonttbl{\\f0 a;}}", "{\\stylesheet{\\s1 a;}}", "\\trowd\\cellx1 ", "a\\cell\\row ", "\\bin9999999 ", "{\\pict ", "\\uc9 ", "\\uc999999999 \\u1 ", "a", " ", "\n", "{\\footnote a}", "\\intbl a\\cell ", "\\nestcell ", "\\itap9 ", "\\pard\\plain ", "\\listtext ", "{\\pntext a}", "\\deff0", "\\ls1 ", "{\\v ", "\\cellx"}},
	{".mhtml", "From: a\nSubject: b\nMIME-Version: 1.0\nContent-Type: multipart/related; boundary=\"a\"\n\n--a\nContent-Type: text/html\n\n<p>a\n", []string{"--a\n", "--a\nContent-Type: text/html\nContent-Location: a\n\n<p>b\n", "--a\nContent-Type: multipart/related; boundary=\"b\"\n\n--b\n", "a\n", "<iframe src=a>", "X: a\n", "=\n"}},
	{".warc", "WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 5\r\n\r\nabcde\r\n\r\n", []string{"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a/b\r\nContent-Length: 40\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: a\r\n\r\n<p>ab\r\n\r\n", "WARC/1.0\r\n", "a: b\r\n", "\r\n", "WARC/1.0\r\nContent-Length: 0\r\n\r\n", "a", "WARC/1.0\r\nContent-Length: 99999999999\r\n\r\n"}},
}

// office are the same in XML parts of packages, by what surrounds them.
var officeShapes = []string{"<a:p>", "<w:p>", "<w:p/>", "<w:r>", "<w:t>a</w:t>", "<w:tbl>", "<w:tr>", "<w:tc>", "<w:tbl><w:tr><w:tc>", "<w:sdt><w:sdtContent>", "<w:hyperlink>", "<w:fldChar w:fldCharType='begin'/>", "<w:ins>", "<w:gridSpan w:val='999999'/>",
	"<row>", "<row><c r='Z1'><v>1</v></c></row>", "<c><is><t>a</t></is></c>", "<mergeCell ref='A1:XFD1048576'/>", "<text:p>a</text:p>", "<text:list><text:list-item>", "<table:table>", "<table:table-row table:number-rows-repeated='999999'><table:table-cell table:number-columns-repeated='999999'>a</table:table-cell></table:table-row>",
	"<text:span>", "<text:s text:c='999999999'/>", "<p:sp>", "<p:grpSp>", "<a:tbl>", "<!--", "&amp;", "<![CDATA[a]]>", "<x:a xmlns:x='b'>"}

func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestHostile: readers take time in proportion to their bytes, whatever these are: of what
// takes long, by the processor's clock, eight times as much takes about eight times as long.
// Every fourth shape; with TAMIS_HEAVY=full all of them.
func TestHostileShapes(t *testing.T) {
	every, seen := 4, 0
	if os.Getenv("TAMIS_HEAVY") == "full" {
		every = 1
	}
	dir := t.TempDir()
	took := func(ext, body string) time.Duration {
		path := filepath.Join(dir, "f"+ext)
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
		start := used()
		readAll(t, Options{}, dir, path)
		return used() - start
	}
	try := func(ext, shape string, body func(n int) string) {
		const size = 32 << 10
		if seen++; seen%every != 0 {
			return
		}
		for range 3 { // readers look so many bytes ahead at most: of more, twice takes twice
			d := took(ext, body(size/len(shape)))
			if d < 100*time.Millisecond || took(ext, body(8*size/len(shape))) < 24*d {
				return
			}
		}
		t.Errorf("%s: 256 KiB of %q take more than 24 times what 32 KiB take", ext, shape)
	}
	for _, f := range hostile {
		for _, s := range f.repeated {
			try(f.ext, s, func(n int) string { return f.before + strings.Repeat(s, n) })
		}
	}
	for _, ext := range slices.Sorted(maps.Keys(officeParts)) {
		parts := officeParts[ext]
		for _, s := range officeShapes {
			try(ext, s, func(n int) string {
				files := append([]string{}, parts...)
				for i := range files {
					files[i] = strings.Replace(files[i], "BODY", strings.Repeat(s, n), 1)
				}
				return archived(t, files...)
			})
		}
	}
}

// officeParts are the files of packages, the text of which is BODY.
var officeParts = map[string][]string{
	".docx": {"[Content_Types].xml", "<Types/>", "_rels/.rels", relations("word/document.xml"), "word/document.xml",
		`<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>a</w:t></w:r></w:p>BODY`},
	".xlsx": {"[Content_Types].xml", "<Types/>", "_rels/.rels", relations("xl/workbook.xml"), "xl/workbook.xml",
		`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels", `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="sheet.xml"/></Relationships>`,
		"xl/sheet.xml", `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>BODY`},
	".odt": {"mimetype", "application/vnd.oasis.opendocument.text", "content.xml",
		`<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:text><text:p>a</text:p>BODY`},
	".ods": {"mimetype", "application/vnd.oasis.opendocument.spreadsheet", "content.xml",
		`<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet><table:table table:name="a">BODY`},
	".epub": {"mimetype", "application/epub+zip", "META-INF/container.xml", `<container><rootfiles><rootfile full-path="a.opf"/></rootfiles></container>`,
		"a.opf", `<package><manifest><item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>`, "a.xhtml", `<html><body><p>a</p>BODY`},
}

func relations(target string) string {
	return fmt.Sprintf(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="%s"/></Relationships>`, target)
}
