package mail

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
	"github.com/tamis-search/tamis/corpus/read/markup"
)

// document makes a document of a letter. text is what the ranges of its pieces count,
// which begins at a line.
func (l *letter) document(ctx context.Context, text string, line int) (*corpus.Document, error) {
	d := &corpus.Document{Type: "mail", Title: l.subject}
	set := func(key, v string) {
		if v != "" {
			if d.Metadata == nil {
				d.Metadata = map[string]any{}
			}
			d.Metadata[key] = v
		}
	}
	set("from", l.from)
	set("to", l.to)
	set("cc", l.cc)
	set("message_id", l.id)
	set("in_reply_to", l.replyTo)
	if !l.when.IsZero() {
		set("date", l.when.Format(time.RFC3339))
	}
	var x format.Extract
	if err := l.write(ctx, &x, 0, 1); err != nil {
		return nil, err
	}
	x.Put(d)
	if text != "" {
		format.Number(d.Blocks, text, line)
	}
	for _, a := range l.attached {
		d.Attachments = append(d.Attachments, a.name)
	}
	return d, nil
}

// write adds the lines of a letter and what it says.
func (l *letter) write(ctx context.Context, x *format.Extract, at int, level uint8) error {
	x.Add(corpus.Block{Kind: corpus.Heading, Level: min(level, 6), FileStart: at, FileEnd: at}, l.subject)
	first := true
	for _, f := range [][2]string{{"From", l.from}, {"To", l.to}, {"Cc", l.cc}, {"Date", l.date}} {
		if f[1] == "" {
			continue
		}
		b := corpus.Block{FileStart: at, FileEnd: at}
		if first {
			x.Add(b, f[0]+": "+f[1])
		} else {
			x.Continue(b, f[0]+": "+f[1])
		}
		first = false
	}
	for _, p := range l.body {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch {
		case p.forwarded != nil:
			if err := p.forwarded.write(ctx, x, p.at, level+1); err != nil {
				return err
			}
		case p.html:
			x.Part()
			var page corpus.Document
			if err := markup.Whole(ctx, &page, p.text); err != nil {
				return err
			}
			for _, b := range page.Blocks {
				text := page.Source[b.Start:b.End]
				b.FileStart, b.FileEnd, b.Place = p.at, p.end, nil
				if b.Kind == corpus.TableRow && !strings.ContainsAny(text, "\t|") { // a frame, not a table
					b.Kind = corpus.Paragraph
				}
				if b.Kind == corpus.Heading {
					b.Level = min(b.Level+level, 6)
				}
				x.Add(b, text)
			}
		default:
			x.Part()
			plain(x, p)
		}
	}
	return nil
}

var (
	item = regexp.MustCompile(`^\s*(?:[-*+•·–] |\(?\d{1,3}[.)] )\S`)
	// What stands above an older message that is quoted without marks.
	original = regexp.MustCompile(`(?i)^\s*(?:[-_]{2,} ?(?:original message|original appointment|forwarded message|forwarded by .*|ursprüngliche nachricht|weitergeleitete nachricht|message d.origine|message transféré|mensaje original|messaggio originale|oorspronkelijk bericht|исходное сообщение)\b.*|_{20,})\s*$`)
	sender   = regexp.MustCompile(`(?i)^\s*(?:from|von|de|da|van|от):\s`)
)

// plain adds the paragraphs, items and quotations of a plain text.
func plain(x *format.Extract, p piece) {
	s := strings.ReplaceAll(p.text, "\t", "    ")
	same := p.same && len(s) == len(p.text)
	kind, start, end := corpus.Paragraph, -1, 0
	old := false // an older message goes on to the end
	goesOn := false
	flush := func() {
		if start < 0 {
			return
		}
		b := corpus.Block{Kind: kind, FileStart: p.at, FileEnd: p.at}
		if same {
			b.FileStart, b.FileEnd = p.at+start, p.at+end
		}
		if goesOn {
			x.Continue(b, clean(s[start:end]))
		} else {
			x.Add(b, clean(s[start:end]))
		}
		start, goesOn = -1, false
	}
	for i := 0; i < len(s); {
		stop, next := lineEnd(s, i)
		line := s[i:stop]
		quoted := strings.HasPrefix(strings.TrimLeft(line, " "), ">")
		k := corpus.Paragraph
		switch {
		case strings.TrimSpace(line) == "", quoted && strings.Trim(line, "> ") == "":
			flush()
			goesOn = false
			i = next
			continue
		case quoted:
			k = corpus.Quote
		case original.MatchString(line):
			flush()
			_, after := lineEnd(s, next)
			old = old || !strings.HasPrefix(strings.TrimSpace(line), "_") || sender.MatchString(s[min(next, len(s)):min(after, len(s))])
		case item.MatchString(line):
			k = corpus.ListItem
		case start >= 0 && kind == corpus.ListItem && line[0] == ' ':
			k = corpus.ListItem // an item goes on
		}
		if old {
			k = corpus.Quote
		}
		sig := strings.TrimRight(line, " ") == "--"
		if k != kind || k == corpus.ListItem && item.MatchString(line) || sig {
			again := start >= 0 || goesOn // no blank line stands between
			flush()
			goesOn = again && !sig
		}
		if start < 0 {
			start, kind = i, k
		}
		end = stop
		i = next
		// The lines of a letter's head and foot are lines.
		if short := len(line) < 60 && !quoted && !old && k == corpus.Paragraph; short && lineAlone(line) {
			flush()
			goesOn = true
		}
	}
	flush()
}

// lineAlone says that a short line is not the beginning of the next: a greeting, a
// name with a colon.
func lineAlone(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasSuffix(line, ",") && len(line) < 40 || strings.HasSuffix(line, ":") && len(line) < 40
}

// clean is a text with line feeds only.
func clean(s string) string { return strings.ReplaceAll(s, "\r", "") }
