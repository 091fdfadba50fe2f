package talk

import (
	"context"
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// Transcript reads texts of turns with their times: exported chats of WhatsApp
// ("31.12.23, 21:15 - Ann: …", "[31.12.23, 21:15:00] Ann: …") and transcripts of
// recordings ("[00:01:02] Ann: …", or "Ann 00:01:02" above what she says). A line without
// a time goes on with the turn before.
var Transcript = format.Costly("transcript", "", decode, format.Cost{Byte: 2, Each: 200, Mark: "\n"}, readTranscript, nil)

const (
	fewestTurns = 3
	looked      = 200 // lines
	turnsOf     = 25  // per cent of them
)

var (
	clock   = `\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[\s\x{202f}]?[APap]\.?[Mm]\.?)?`
	day     = `\d{1,4}[./-]\d{1,2}[./-]\d{1,4}`
	chatted = regexp.MustCompile(`^[\x{200e}\x{202a}]*(?:\[(` + day + `,? ` + clock + `)\]|(` + day + `,? ` + clock + `) -) ([^:\n]{1,60}): (.*)$`)
	noted   = regexp.MustCompile(`^[\x{200e}\x{202a}]*(?:\[` + day + `,? ` + clock + `\]|` + day + `,? ` + clock + ` -) `)
	timed   = regexp.MustCompile(`^[\[(]?((?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)[\])]?\s*(?:-\s*)?(\p{Lu}[^:\n]{0,58}): (.*)$`)
	headed  = regexp.MustCompile(`^(\p{Lu}[\p{L}\p{M}\d .'’-]{0,50}?)\s*[\[(]?((?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?)[\])]?:?\s*$`)
)

// IsTranscript says whether a text begins as one of them does.
func IsTranscript(head []byte) bool {
	lines, turns := 0, 0
	for line := range strings.Lines(string(head)) {
		line = strings.TrimSpace(strings.TrimPrefix(line, format.BOM))
		if line == "" || lines == looked {
			continue
		}
		lines++
		if _, ok := turnOf(line); ok {
			turns++
		}
	}
	return turns >= fewestTurns && turns*100 >= lines*turnsOf
}

// turnOf is the turn that a line begins.
func turnOf(line string) (said, bool) {
	if len(line) < 6 {
		return said{}, false
	}
	if m := chatted.FindStringSubmatch(line); m != nil {
		return said{speaker: "[" + m[1] + m[2] + "] " + m[3], text: m[4], at: -1}, true
	}
	if m := timed.FindStringSubmatch(line); m != nil {
		return said{speaker: m[2], text: m[3], at: seconds(m[1])}, true
	}
	if m := headed.FindStringSubmatch(line); m != nil {
		return said{speaker: strings.TrimSpace(m[1]), at: seconds(m[2])}, true
	}
	return said{}, false
}

func readTranscript(ctx context.Context, d *corpus.Document, text string) error {
	var x format.Extract
	var open *said
	flush := func() {
		if open == nil {
			return
		}
		b := corpus.Block{Kind: corpus.Turn, FileStart: open.from, FileEnd: open.to}
		if at := open.at; at >= 0 {
			b.Place = &corpus.Place{Seconds: &at}
		}
		if open.speaker != "" {
			open.text = open.speaker + ": " + open.text
		} else {
			b.Kind = corpus.Paragraph
		}
		x.Add(b, open.text)
		open = nil
	}
	for at, n := 0, 0; at < len(text); n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		end, next := lineEnd(text, at)
		line := strings.TrimSpace(text[at:end])
		turn, ok := turnOf(line)
		switch {
		case ok:
			flush()
			open = &turn
			open.from, open.to = at, end
		case line == "":
		case open == nil || noted.MatchString(line): // what stands before, and notes of the program
			flush()
			open = &said{text: line, at: -1, from: at, to: end}
			flush()
		default:
			open.text = strings.TrimSpace(open.text + "\n" + line)
			open.to = end
		}
		at = next
	}
	flush()
	x.Put(d)
	return nil
}
