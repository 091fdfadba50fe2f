package questions

import (
	"regexp"
	"strings"

	"github.com/tamis-search/tamis/corpus"
)

var (
	reply    = regexp.MustCompile(`(?i)^\s*(?:\[[^\]]{1,30}\]\s*)?(?:(?:re|fwd?|aw|wg|antw|sv|vs|tr|rv)\s*(?:\[\d+\])?:\s*)+`)
	greeting = regexp.MustCompile(`(?i)^(?:hi|hello|hey|dear|hallo|liebe[r]?|sehr geehrte|bonjour|hola|thanks|thank you|good (?:morning|day|evening)|greetings|on .{5,80} wrote:|-- ?$|begin forwarded|sent from|from:|to:|cc:|date:|subject:|>)`)
)

// letter asks what somebody wrote about a subject.
func (m *maker) letter(d *corpus.Document) {
	if !m.wanted[Letter] {
		return
	}
	from, _ := d.Metadata["from"].(string)
	from, _, _ = strings.Cut(from, "<")
	from = strings.Trim(strings.TrimSpace(from), `"'`)
	subject := strings.TrimSpace(reply.ReplaceAllString(strings.Trim(d.Title, "[]"), ""))
	if from == "" || subject == "" || len(m.analyzer.Terms(nil, subject)) == 0 || len(subject) > 110 {
		return
	}
	if i := strings.IndexByte(from, '@'); i > 0 {
		from = from[:i]
	}
	for i := range d.Blocks {
		b := &d.Blocks[i]
		t := d.Source[b.Start:b.End]
		if b.Kind != corpus.Paragraph || greeting.MatchString(t) || len(strings.Fields(t)) < fewest {
			continue
		}
		x, ok := statements(d, b, 2)
		if !ok || strings.Count(d.Source[x.start:x.end], "http") > 1 {
			continue
		}
		q := "What did " + from + " write about “" + subject + "”?"
		if date, _ := d.Metadata["date"].(string); len(date) >= 10 {
			q = "What did " + from + " write on " + date[:10] + " about “" + subject + "”?"
		}
		m.add(d, candidate{kind: Letter, subject: from + "\x00" + subject + "\x00" + q, text: q}, x.start, x.end)
		return
	}
}
