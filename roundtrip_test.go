package tamis_test

import (
	"archive/zip"
	"bufio"
	"compress/gzip"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read"
	"github.com/tamis-search/tamis/corpus/split"
	"github.com/tamis-search/tamis/internal/evaldata"
)

// original says whether the place that a sentence names holds it, in a file that
// is opened without any reader of this repository.
type original func(place corpus.Place, sentence string) error

// roundTrips are the formats whose sentences have places, how their originals are
// opened, and the least share of sentences that must be found there. The rest
// are sentences that programs read in different ways.
var roundTrips = map[string]struct {
	open  func(t *testing.T, item docItem) original
	least float64
}{
	"pdf":  {openPages, .99},
	"xlsx": {openSheets, .99},
	"pptx": {openSlides, .99},
	"docx": {openParagraphs("word/document.xml", "w:p"), .99},
	"odt":  {openParagraphs("content.xml", "text:p", "text:h"), .99},
	"ods":  {openTables, .99},
	"odp":  {openPageElements, .99},
	"epub": {openBook, .99},
	"rtf":  {openRichText, .99},
	"vtt":  {openCues, .99},
	"srt":  {openCues, .99},
	"csv":  {openLines, .99},
	"tsv":  {openLines, .99},
}

type docItem struct {
	ID, File, Format, Expect, Password string
	Refs                               []struct {
		Name, Path, Role string
		Paged            bool
	}
	dir string
}

// TestRoundTrip takes up to 1,000 sentences of each format at random and looks
// whether the place of each opens the original at it. Files of more than 64 KiB take
// part with TAMIS_EVAL alone.
func TestRoundTrip(t *testing.T) {
	dir := evaldata.Dir(t, "documents")
	byFormat := map[string][]docItem{}
	f, err := os.Open(filepath.Join(dir, "manifest.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for d := json.NewDecoder(f); d.More(); {
		i := docItem{dir: dir}
		if err := d.Decode(&i); err != nil {
			t.Fatal(err)
		}
		if i.Expect == "text" && i.Password == "" {
			byFormat[i.Format] = append(byFormat[i.Format], i)
		}
	}
	for format, trip := range roundTrips {
		t.Run(format, func(t *testing.T) {
			var all []placed
			for _, i := range byFormat[format] {
				if held, err := os.Stat(filepath.Join(dir, i.File)); os.Getenv("TAMIS_EVAL") == "" && err == nil && held.Size() > 64<<10 {
					continue
				}
				all = append(all, sentencesOf(t, i, trip.open)...)
			}
			if len(all) == 0 {
				t.Fatal("no sentences")
			}
			rng := rand.New(rand.NewPCG(1, 16))
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			all = all[:min(len(all), 1000)]
			wrong := 0
			for _, s := range all {
				if err := s.open(s.place, s.text); err != nil {
					if wrong++; wrong <= 10 {
						t.Logf("%s: %+v: %v: %.80q", s.id, s.place, err, s.text)
					}
				}
			}
			share := 1 - float64(wrong)/float64(len(all))
			t.Logf("%d sentences, %.4f at their places", len(all), share)
			if share < trip.least {
				t.Errorf("%.4f of the sentences stand at their places, at least %.3f must", share, trip.least)
			}
		})
	}
}

type placed struct {
	id, text string
	place    corpus.Place
	open     original
}

func sentencesOf(t *testing.T, i docItem, open func(*testing.T, docItem) original) []placed {
	r := read.New(read.Options{})
	var all []placed
	for f, err := range r.Files(filepath.Join(i.dir, i.File)) {
		if err != nil {
			t.Fatal(err)
		}
		for d, err := range r.Documents(t.Context(), f) {
			if err != nil || strings.Contains(d.ID, "!/") { // attachments have places of their own files
				continue
			}
			at := open(t, i)
			for _, p := range split.Split(&d, split.Options{}) {
				for _, s := range p.Sentences {
					if text := d.Source[s.Start:s.End]; len(squeeze(text)) > 0 {
						all = append(all, placed{i.ID, text, d.PlaceOf(s.Start), at})
					}
				}
			}
		}
	}
	return all
}

// squeeze leaves the letters and digits of a text, so that spacing, hyphens and
// ligatures do not matter.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKC.String(s))
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(norm.NFKC.String(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// openPages: the page of a PDF file as another program reads it. Programs differ on
// order and on spaces, so the words of the sentence must be on it, four in five,
// and no other page may hold many more of them.
func openPages(t *testing.T, i docItem) original {
	var readings [][]string // squeezed pages
	for _, r := range i.Refs {
		if r.Paged {
			pages := strings.Split(gunzip(t, filepath.Join(i.dir, r.Path)), "\f")
			for n := range pages {
				pages[n] = squeeze(pages[n])
			}
			readings = append(readings, pages)
		}
	}
	return func(place corpus.Place, sentence string) error {
		ws := words(sentence)
		held := func(page string) float64 {
			n := 0
			for _, w := range ws {
				if strings.Contains(page, w) {
					n++
				}
			}
			return float64(n) / float64(len(ws))
		}
		here, best := 0.0, 0.0
		for _, pages := range readings {
			for n, page := range pages {
				share := held(page)
				best = max(best, share)
				if n+1 != place.Page {
					continue
				}
				here = max(here, share)
				if n+1 < len(pages) && share > .1 && held(pages[n+1]) < .9 && strings.Contains(page, ws[0]) {
					here = max(here, held(page+" "+pages[n+1])) // it begins here and ends on the next
				}
			}
		}
		if len(readings) > 0 && (here < .8 && best >= .8 || here < best-.2) {
			return fmt.Errorf("the page holds %.2f of its words, another %.2f", here, best)
		}
		if place.Page < 1 {
			return fmt.Errorf("no page")
		}
		return nil
	}
}

// openCues: a cue that begins within a millisecond of the stated second holds the
// beginning of the sentence, or a cue after it that the same turn goes on in.
func openCues(t *testing.T, i docItem) original {
	data, err := os.ReadFile(filepath.Join(i.dir, i.File))
	if err != nil {
		t.Fatal(err)
	}
	stamp := regexp.MustCompile(`^(?:(\d+):)?(\d\d):(\d\d)[.,](\d{3})\s+-->`)
	tag := regexp.MustCompile(`<[^>]*>`)
	type cue struct {
		at   float64
		text string
	}
	var cues []cue
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\r", "")) {
		if m := stamp.FindStringSubmatch(line); m != nil {
			h, _ := strconv.Atoi("0" + m[1])
			minute, _ := strconv.Atoi(m[2])
			s, _ := strconv.ParseFloat(m[3]+"."+m[4], 64)
			cues = append(cues, cue{at: float64(h*3600+minute*60) + s})
		} else if n := len(cues); n > 0 && strings.Trim(line, "0123456789\n") != "" { // no number of the next cue
			cues[n-1].text += tag.ReplaceAllString(line, " ")
		}
	}
	return func(place corpus.Place, sentence string) error {
		if place.Seconds == nil {
			return fmt.Errorf("no second")
		}
		ws := words(sentence)
		want := strings.Join(ws[len(ws)-min(len(ws), 2):], "")
		for n, c := range cues {
			if c.at < *place.Seconds-.001 || c.at > *place.Seconds+.001 {
				continue
			}
			var turn strings.Builder
			for _, next := range cues[n:min(n+60, len(cues))] {
				turn.WriteString(squeeze(next.text))
			}
			if strings.Contains(turn.String(), want) {
				return nil
			}
		}
		return fmt.Errorf("no cue there holds it")
	}
}

// openLines: the line of a text file, or the next that its record goes on in.
func openLines(t *testing.T, i docItem) original {
	data, err := os.ReadFile(filepath.Join(i.dir, i.File))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	return func(place corpus.Place, sentence string) error {
		if place.Line < 1 || place.Line > len(lines) {
			return fmt.Errorf("no such line")
		}
		first, _, _ := strings.Cut(strings.TrimSpace(sentence), "\t")
		if norm.NFKC.String(first) != first || !isASCII(data) { // the file's encoding is not ours to know
			return nil
		}
		text := squeeze(strings.Join(lines[place.Line-1:min(place.Line+2, len(lines))], ""))
		if !strings.Contains(text, squeeze(first)) {
			return fmt.Errorf("the line is %.60q", lines[place.Line-1])
		}
		return nil
	}
}

func isASCII(b []byte) bool { return !slices.ContainsFunc(b, func(c byte) bool { return c >= 0x80 }) }

// openSlides: the slide's XML and that of its notes hold the letters of the sentence.
func openSlides(t *testing.T, i docItem) original {
	parts := unzip(t, filepath.Join(i.dir, i.File))
	rels := relations(parts, "ppt/presentation.xml")
	var slides []string
	for _, m := range regexp.MustCompile(`<p:sldId [^>]*r:id="([^"]+)"`).FindAllStringSubmatch(parts["ppt/presentation.xml"], -1) {
		name := rels[m[1]]
		text := chardata(parts[name])
		for _, target := range relations(parts, name) {
			text += " " + chardata(parts[target])
		}
		slides = append(slides, squeeze(text))
	}
	return func(place corpus.Place, sentence string) error {
		if place.Slide < 1 || place.Slide > len(slides) {
			return fmt.Errorf("no such slide of %d", len(slides))
		}
		for _, w := range words(sentence) {
			if !strings.Contains(slides[place.Slide-1], w) {
				return fmt.Errorf("%q is not on the slide", w)
			}
		}
		return nil
	}
}

// openSheets: the cell of that name on that sheet begins the row. Numbers and dates are
// shown by their formats, so that only texts are compared; a number must be one.
func openSheets(t *testing.T, i docItem) original {
	parts := unzip(t, filepath.Join(i.dir, i.File))
	var shared []string
	for _, m := range regexp.MustCompile(`(?s)<(?:\w+:)?si>(.*?)</(?:\w+:)?si>`).FindAllStringSubmatch(parts["xl/sharedStrings.xml"], -1) {
		shared = append(shared, chardata(m[1]))
	}
	rels := relations(parts, "xl/workbook.xml")
	sheets := map[string]map[string]string{}
	cell := regexp.MustCompile(`(?s)<(?:\w+:)?c r="([A-Z]+\d+)"([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)`)
	value := regexp.MustCompile(`(?s)<(?:\w+:)?v[^>]*>(.*?)</(?:\w+:)?v>`)
	for _, m := range regexp.MustCompile(`<(?:\w+:)?sheet [^>]*>`).FindAllString(parts["xl/workbook.xml"], -1) {
		name, id := attribute(m, "name"), attribute(m, "r:id")
		cells := map[string]string{}
		for _, c := range cell.FindAllStringSubmatch(parts[rels[id]], -1) {
			switch v := value.FindStringSubmatch(c[3]); {
			case strings.Contains(c[2], `t="s"`) && v != nil:
				if n, err := strconv.Atoi(v[1]); err == nil && n < len(shared) {
					cells[c[1]] = shared[n]
				}
			case strings.Contains(c[2], `t="inlineStr"`):
				cells[c[1]] = chardata(c[3])
			case strings.Contains(c[2], `t="str"`) && v != nil:
				cells[c[1]] = chardata("<v>" + v[1] + "</v>")
			case v != nil:
				cells[c[1]] = "\x00" // a number, a date, true or false
			}
		}
		sheets[name] = cells
	}
	return func(place corpus.Place, sentence string) error {
		cells, ok := sheets[place.Sheet]
		if !ok {
			return fmt.Errorf("no such sheet")
		}
		if place.Cell == "" { // the sheet's name, what a drawing says
			return nil
		}
		first, _, _ := strings.Cut(strings.TrimLeft(sentence, "\t "), "\t")
		// A row's place is its first cell; one that is empty leads to the first that is not.
		name, row := strings.TrimRight(place.Cell, "0123456789"), strings.TrimLeft(place.Cell, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		got := cells[name+row]
		switch {
		case got == "\x00":
			return nil
		case got != "" && strings.HasPrefix(squeeze(got), squeeze(firstLine(first))):
			return nil
		case got != "" && strings.HasPrefix(squeeze(first), squeeze(got)): // the head of a table, in one row
			return nil
		case strings.Contains(squeeze(got), squeeze(firstLine(first))): // a sentence in the middle of a cell
			return nil
		}
		for at, v := range cells { // a sentence that begins in a later cell of the row
			if strings.HasSuffix(at, row) && strings.TrimLeft(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == row && (v == "\x00" || strings.Contains(squeeze(v), squeeze(firstLine(first)))) {
				return nil
			}
		}
		return fmt.Errorf("the cell holds %.40q", got)
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

func gunzip(t *testing.T, name string) string {
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func unzip(t *testing.T, name string) map[string]string {
	z, err := zip.OpenReader(name)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	parts := map[string]string{}
	for _, f := range z.File {
		if strings.HasSuffix(f.Name, ".xml") || strings.HasSuffix(f.Name, ".rels") || strings.HasSuffix(f.Name, "html") || strings.HasSuffix(f.Name, ".htm") {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			parts[strings.TrimPrefix(f.Name, "/")] = string(b)
		}
	}
	return parts
}

// relations of a part: ids to the parts that they name.
func relations(parts map[string]string, name string) map[string]string {
	ids := map[string]string{}
	dir, base := path.Split(name)
	for _, m := range regexp.MustCompile(`<Relationship [^>]*>`).FindAllString(parts[dir+"_rels/"+base+".rels"], -1) {
		target := attribute(m, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(dir, target)
		}
		ids[attribute(m, "Id")] = strings.TrimPrefix(target, "/")
	}
	return ids
}

func attribute(tag, name string) string {
	m := regexp.MustCompile(`\s` + regexp.QuoteMeta(name) + `="([^"]*)"`).FindStringSubmatch(tag)
	if m == nil {
		return ""
	}
	return chardata("<a>" + m[1] + "</a>")
}

// chardata is the text between the tags of some XML.
func chardata(s string) string {
	var b strings.Builder
	for d := xml.NewDecoder(strings.NewReader("<x>" + strings.TrimPrefix(s, "<?xml") + "</x>")); ; {
		d.Strict = false
		token, err := d.RawToken()
		if err != nil {
			return b.String()
		}
		if c, ok := token.(xml.CharData); ok {
			b.Write(c)
		}
	}
}
