package review

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Markdown writes a report: claims with their evidence, contradictions side by side, what was
// searched and read, and the bibliography. Steps has every intermediate shown.
func (rep *Report) Markdown(w io.Writer, steps bool) error {
	m := &markdown{rep: rep, numbers: map[string]int{}}
	kind := "Review"
	if rep.Check {
		kind = "Check"
	}
	m.line("# %s: %s", kind, oneLine(rep.Question))
	m.line("")
	m.summary()
	if rep.Check {
		for _, s := range []struct{ stance, title string }{{"for", "For it"}, {"against", "Against it"}, {"unclear", "On the subject"}} {
			m.claims(s.title, s.stance)
		}
	} else {
		m.claims("What the sources say", "")
	}
	m.conflicts()
	m.rest()
	if steps {
		m.steps()
	}
	m.how()
	m.bibliography()
	_, err := io.WriteString(w, strings.TrimRight(m.b.String(), "\n")+"\n")
	return err
}

type markdown struct {
	rep     *Report
	b       strings.Builder
	numbers map[string]int // of documents, as they are cited
	order   []Evidence
}

func (m *markdown) line(format string, args ...any) { fmt.Fprintf(&m.b, format+"\n", args...) }

// cite is the number of a document, in the order of first citation.
func (m *markdown) cite(e Evidence) string {
	n, ok := m.numbers[e.Doc]
	if !ok {
		m.order = append(m.order, e)
		n = len(m.order)
		m.numbers[e.Doc] = n
	}
	return fmt.Sprintf("[%d]", n)
}

func (m *markdown) cites(c *Claim) string {
	var out []string
	for _, e := range c.Evidence {
		if s := m.cite(e); !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "")
}

func (m *markdown) summary() {
	rep := m.rep
	if len(rep.Claims) == 0 {
		m.line("Nothing was found: %d documents are indexed, %d were read, and no sentence of theirs bears on the question.", rep.Indexed, len(rep.Read))
		m.line("")
		return
	}
	if rep.Check {
		count := map[string]int{}
		for _, c := range rep.Claims {
			count[c.Stance] += len(c.Evidence)
		}
		verdict := "The words of the sources do not decide it."
		switch f, a := count["for"], count["against"]; {
		case f > 0 && a == 0:
			verdict = "What was found that takes a side is for it."
		case a > 0 && f == 0:
			verdict = "What was found that takes a side is against it."
		case f > 0 && a > 0:
			verdict = "The sources contradict each other."
		}
		m.line("%s For it: %d, against it: %d, on the subject without a side: %d. Sides are taken by words alone (negation, direction, numbers): read the evidence.", verdict, count["for"], count["against"], count["unclear"])
	} else {
		m.line("%d claims of %d documents are below, of %d found in %d documents that were read; %d pairs contradict each other, by their words.",
			len(rep.Kept), len(m.docs(rep.Kept)), len(rep.Claims), len(rep.Read), len(rep.Conflicts))
	}
	m.line("")
}

// docs are those of claims.
func (m *markdown) docs(claims []int) map[string]bool {
	out := map[string]bool{}
	for _, i := range claims {
		for _, e := range m.rep.Claims[i].Evidence {
			out[e.Doc] = true
		}
	}
	return out
}

// claims are those that are kept, the best first, each with its evidence word for word.
func (m *markdown) claims(title, stance string) {
	var list []int
	for _, i := range m.rep.Kept {
		if m.rep.Claims[i].Stance == stance {
			list = append(list, i)
		}
	}
	if len(list) == 0 {
		return
	}
	m.line("## %s", title)
	m.line("")
	for n, i := range list {
		c := &m.rep.Claims[i]
		if c.Phrased != "" {
			m.line("%d. %s %s", n+1, oneLine(c.Phrased), m.cites(c))
		} else {
			m.line("%d. **%s** %s", n+1, oneLine(c.Evidence[0].Title), m.cites(c))
		}
		m.line("")
		m.quote(c.Evidence[0])
		if len(c.Evidence) > 1 {
			m.line("   The same in nearly the same words: %s.", m.cites(&Claim{Evidence: c.Evidence[1:]}))
			m.line("")
		}
		if c.Refused != "" {
			m.line("   (What the model wrote was refused: %s.)", oneLine(c.Refused))
			m.line("")
		}
	}
}

func (m *markdown) quote(e Evidence) {
	for line := range strings.Lines(e.Text) {
		m.line("   > %s", strings.TrimRight(line, "\n"))
	}
	m.line("   >")
	m.line("   > %s bytes %d–%d", m.cite(e), e.Start, e.End)
	m.line("")
}

func (m *markdown) conflicts() {
	if len(m.rep.Conflicts) == 0 {
		return
	}
	m.line("## Side by side: what contradicts each other, by its words")
	m.line("")
	m.line("| one says | the other says | they differ in |")
	m.line("|---|---|---|")
	for _, c := range m.rep.Conflicts {
		a, b := m.rep.Claims[c.A].Evidence[0], m.rep.Claims[c.B].Evidence[0]
		m.line("| %s %s | %s %s | %s |", cell(a.Text), m.cite(a), cell(b.Text), m.cite(b), c.Kind)
	}
	m.line("")
}

// rest lists where claims come from that are not shown.
func (m *markdown) rest() {
	var left []string
	seen := map[string]bool{}
	for i := range m.rep.Claims {
		c := &m.rep.Claims[i]
		if slices.Contains(m.rep.Kept, i) {
			continue
		}
		for _, e := range c.Evidence {
			if !seen[e.Doc] {
				seen[e.Doc] = true
				left = append(left, m.cite(e))
			}
		}
	}
	if len(left) > 0 {
		m.line("%d more claims add little to these, or did not fit: %s.", len(m.rep.Claims)-len(m.rep.Kept), strings.Join(left, ""))
		m.line("")
	}
}

func (m *markdown) steps() {
	m.line("## Every step")
	m.line("")
	for _, s := range m.rep.Searches {
		m.line("- searched (%s): %s", s.Why, oneLine(s.Query))
		for _, h := range s.Hits[:min(len(s.Hits), 5)] {
			m.line("  - %.2f %s", h.Score, oneLine(titleOf(h.Title, h.Doc)))
		}
	}
	for _, d := range m.rep.Read {
		m.line("- read %s: %d tokens, it has %.0f %% of the question, %d claims", oneLine(titleOf(d.Title, d.Doc)), d.Tokens, 100*d.Meets, len(d.Claims))
	}
	for _, k := range m.rep.Looks {
		m.line("- kept %d claims, %d of %d tokens: they have %.0f %% of the question; the next would add %.2f%s", len(k.Claims), k.Tokens, k.Budget, 100*k.Coverage, k.Next, map[bool]string{true: ": that suffices", false: ""}[k.Suffices])
	}
	m.line("")
}

func (m *markdown) how() {
	rep := m.rep
	m.line("## How it was made")
	m.line("")
	for _, s := range rep.Searches {
		m.line("- search (%s): %s — %d found, %d of them new", s.Why, oneLine(s.Query), len(s.Hits), s.New)
	}
	m.line("- %d documents were read whole, %d tokens; %d ranges of evidence were read again from their sources and are as quoted", len(rep.Read), rep.Tokens, rep.Replayed)
	if len(rep.Looks) > 0 {
		k := rep.Looks[len(rep.Looks)-1]
		why := "the budget is used"
		if k.Suffices {
			why = "more would add little"
		}
		m.line("- claims were kept in %d looks, %d tokens: %s", len(rep.Looks), k.Tokens, why)
	}
	if rep.In > 0 {
		m.line("- the model took %d tokens and wrote %d%s", rep.In, rep.Out, map[bool]string{true: fmt.Sprintf(": %.4f by the price", rep.Cost), false: ""}[rep.Cost > 0])
	}
	for _, e := range rep.Ended {
		m.line("- %s", oneLine(e))
	}
	m.line("")
}

func (m *markdown) bibliography() {
	if len(m.order) == 0 {
		return
	}
	m.line("## Bibliography")
	m.line("")
	for i, e := range m.order {
		m.line("%d. %s (%s)", i+1, oneLine(titleOf(e.Title, e.Doc)), oneLine(e.Doc))
	}
}

func titleOf(title, doc string) string {
	if title == "" {
		return doc
	}
	return title
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// cell is a text in a table.
func cell(s string) string { return strings.ReplaceAll(oneLine(s), "|", `\|`) }

// JSON writes the report with all that was found.
func (rep *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(rep)
}
