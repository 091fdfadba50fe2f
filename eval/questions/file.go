package questions

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/eval"
	"github.com/tamis-search/tamis/eval/files"
)

// line is a question in a file: what tamis eval context takes, with the kind and the
// texts of the evidence, by which people read it and it is found again.
type line struct {
	ID       string   `json:"id"`
	Kind     string   `json:"kind,omitempty"`
	Question string   `json:"question"`
	Answers  []string `json:"answers"`
	Evidence []place  `json:"evidence"`
}

type place struct {
	eval.Span
	Text string      `json:"text"`
	Also []eval.Span `json:"also,omitempty"`
}

// Write writes questions as JSON Lines.
func Write(w io.Writer, all []Question) error {
	b := bufio.NewWriter(w)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	for i := range all {
		q := &all[i]
		l := line{ID: q.ID, Kind: q.Kind, Question: q.Text, Answers: append([]string{}, q.Answers...)}
		for k, x := range q.Evidence {
			p := place{Span: x}
			if k < len(q.Quotes) {
				p.Text = q.Quotes[k]
			}
			if k < len(q.Copies) {
				p.Also = q.Copies[k]
			}
			l.Evidence = append(l.Evidence, p)
		}
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return b.Flush()
}

// Stale is a question of a file whose evidence does not stand in its documents any more.
type Stale struct{ ID, Reason string }

// Load reads questions that Write wrote or somebody did, over documents of these ids. Of
// evidence with a text the bytes need not be given, and are looked for where they do not
// hold it, so that a set outlives changes of its documents; a document that is not there
// by its id is the one whose id ends alike, so that it outlives a move. Questions whose
// evidence is gone are told apart.
func Load(path string, ids []string, text func(id string) (string, error)) (all []Question, stale []Stale, err error) {
	f, err := files.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	known, seen := map[string]bool{}, map[string]bool{}
	for _, id := range ids {
		known[id] = true
	}
	err = files.Lines(path, f, func(r *files.Record) error {
		q := Question{Kind: r.Kind}
		if q.ID, _ = r.ID(); q.ID == "" {
			q.ID = name("own", r.Question, "")
		}
		q.Text = r.Question
		switch {
		case strings.TrimSpace(r.Question) == "":
			return fmt.Errorf("question %q has no text under \"question\"", q.ID)
		case seen[q.ID]:
			return fmt.Errorf("question %q comes twice", q.ID)
		case len(r.Evidence) == 0:
			return fmt.Errorf("question %q has no evidence", q.ID)
		}
		seen[q.ID] = true
		for _, raw := range r.Answers {
			if a, ok := files.Scalar(raw); ok {
				q.Answers = append(q.Answers, a)
			}
		}
		for _, e := range r.Evidence {
			x, quote, reason, err := locate(e, known, ids, text)
			if err != nil {
				return err
			}
			if reason != "" {
				stale = append(stale, Stale{q.ID, reason})
				return nil
			}
			q.Evidence, q.Quotes = append(q.Evidence, x), append(q.Quotes, quote)
			var also []eval.Span
			for _, c := range e.Also {
				if c.Text == "" {
					c.Text = quote
				}
				// A copy may be wrapped in other lines: it counts where it holds the same words.
				if id := moved(c.Doc, known, ids); id != "" {
					s, err := text(id)
					if err != nil {
						return err
					}
					if c.Start >= 0 && c.End <= len(s) && c.Start < c.End && same(s[c.Start:c.End], quote) {
						also = append(also, eval.Span{Doc: id, Start: c.Start, End: c.End})
					}
				}
			}
			q.Copies = append(q.Copies, also)
		}
		all = append(all, q)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		if len(stale) > 0 {
			return nil, stale, fmt.Errorf("%s: no question's evidence stands in these documents; first, %s: %s", path, stale[0].ID, stale[0].Reason)
		}
		return nil, nil, fmt.Errorf("%s: holds no question", path)
	}
	return all, stale, nil
}

// same says that two texts have the same words.
func same(a, b string) bool {
	var v []uint64
	words(a, func(w word) bool { v = append(v, w.hash); return true })
	words(b, func(w word) bool {
		if len(v) == 0 || v[0] != w.hash {
			v = []uint64{0}
			return false
		}
		v = v[1:]
		return true
	})
	return len(v) == 0
}

// locate finds a piece of evidence; reason says in a clause why it is not there.
func locate(e files.Range, known map[string]bool, ids []string, text func(string) (string, error)) (x eval.Span, quote, reason string, err error) {
	id := moved(e.Doc, known, ids)
	if id == "" {
		return x, "", fmt.Sprintf("there is no document %s", e.Doc), nil
	}
	s, err := text(id)
	if err != nil {
		return x, "", "", err
	}
	if inside := 0 <= e.Start && e.Start < e.End && e.End <= len(s); inside && (e.Text == "" || s[e.Start:e.End] == e.Text) {
		return eval.Span{Doc: id, Start: e.Start, End: e.End}, s[e.Start:e.End], "", nil
	}
	if e.Text == "" {
		return x, "", fmt.Sprintf("%s has no bytes %d to %d", id, e.Start, e.End), nil
	}
	at := strings.Index(s, e.Text)
	if at < 0 {
		return x, "", fmt.Sprintf("%s does not hold its text any more", id), nil
	}
	// Of several places the one that is nearest to where it was.
	for i := at; ; {
		k := strings.Index(s[i+1:], e.Text)
		if k < 0 {
			break
		}
		i += 1 + k
		if abs(i-e.Start) < abs(at-e.Start) {
			at = i
		}
	}
	return eval.Span{Doc: id, Start: at, End: at + len(e.Text)}, e.Text, "", nil
}

func abs(n int) int { return max(n, -n) }

// moved is the id of a document that is meant, "" for none: its own, else the only one
// that has most parts of its path in common with it at the end.
func moved(id string, known map[string]bool, ids []string) string {
	if known[id] {
		return id
	}
	for tail := id; tail != ""; {
		found := slices.IndexFunc(ids, func(s string) bool { return s == tail || strings.HasSuffix(s, "/"+tail) })
		if found >= 0 {
			if slices.ContainsFunc(ids[found+1:], func(s string) bool { return s == tail || strings.HasSuffix(s, "/"+tail) }) {
				return "" // there are several
			}
			return ids[found]
		}
		i := strings.IndexByte(tail, '/')
		if i < 0 {
			return ""
		}
		tail = tail[i+1:]
	}
	return ""
}
