package eval

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"

	"github.com/tamis-search/tamis/eval/files"
)

// Span is the bytes [Start, End) of a document's text.
type Span struct {
	Doc   string `json:"doc"`
	Start int    `json:"start"`
	End   int    `json:"end"`
}

// Document is one document of an evidence set. Group is that of the questions
// asked of it, empty when every question is asked of all documents.
type Document struct{ ID, Title, Text, Group string }

// Question is one question of an evidence set, asked of the documents of its
// Group only, or of all when that is empty.
type Question struct {
	ID, Text, Group string
	Answers         []string
	Evidence        []Span
	// Copies, where not nil, are other places where the same stands as in each piece of
	// Evidence: what is kept of one of them counts as much as what is kept of that.
	Copies [][]Span

	gold    map[string][]extent // document → joined evidence
	bytes   int                 // of all gold
	answers []string            // folded, those that can be looked for
	copied  bool                // some evidence has copies
}

// EvidenceSet is documents with questions whose gold evidence is known.
type EvidenceSet struct {
	Documents []Document
	Questions []Question

	byID map[string]int
}

// Document returns a document by its id.
func (s *EvidenceSet) Document(id string) (*Document, bool) {
	i, ok := s.byID[id]
	if !ok {
		return nil, false
	}
	return &s.Documents[i], true
}

// trivial answers prove nothing when they occur in a context.
var trivial = map[string]bool{"yes": true, "no": true, "true": true, "false": true, "support": true, "contradict": true, "supports": true,
	"refutes": true, "none": true, "unknown": true, "n/a": true, "not mentioned": true}

var (
	errNoDocument = errors.New("evidence in a document that is not there")
	errSpan       = errors.New("evidence that is no range of characters of its document")
)

// ReadEvidence reads documents {"id" or "_id", "title", "text", "group"?} and
// questions {"id", "question", "answers", "evidence": [{"doc", "start",
// "end"}], "group"?}, both JSON Lines; start and end count UTF-8 bytes. A
// document without a stated group belongs to that of the questions whose
// evidence lies in it, else to the group its id begins with ("g" for "g-7").
// Errors name the file and line.
func ReadEvidence(documentsName string, documents io.Reader, questionsName string, questions io.Reader) (*EvidenceSet, error) {
	b := newBuilder()
	err := files.Lines(documentsName, documents, func(r *files.Record) error {
		id, err := r.ID()
		if err != nil {
			return err
		}
		group, _ := files.Scalar(r.Group)
		return b.document(Document{id, r.Title, r.Text, group})
	})
	if err != nil {
		return nil, err
	}
	err = files.Lines(questionsName, questions, func(r *files.Record) error {
		id, err := r.ID()
		if err != nil {
			return err
		}
		q := Question{ID: id, Text: r.Question}
		q.Group, _ = files.Scalar(r.Group)
		for _, e := range r.Evidence {
			q.Evidence = append(q.Evidence, Span{e.Doc, e.Start, e.End})
			var also []Span
			for _, c := range e.Also {
				also = append(also, Span{c.Doc, c.Start, c.End})
			}
			q.Copies = append(q.Copies, also)
		}
		for _, raw := range r.Answers {
			if a, ok := files.Scalar(raw); ok {
				q.Answers = append(q.Answers, a)
			}
		}
		return b.question(q)
	})
	if err != nil {
		return nil, err
	}
	if len(b.set.Questions) == 0 {
		return nil, fmt.Errorf("%s: holds no question", questionsName)
	}
	return b.done(), nil
}

// NewEvidence makes a set of documents and questions, as ReadEvidence does.
func NewEvidence(documents []Document, questions []Question) (*EvidenceSet, error) {
	b := newBuilder()
	for _, d := range documents {
		if err := b.document(d); err != nil {
			return nil, err
		}
	}
	for _, q := range questions {
		if err := b.question(q); err != nil {
			return nil, err
		}
	}
	return b.done(), nil
}

// builder gathers a set.
type builder struct {
	set    *EvidenceSet
	groups map[string]bool
	seen   map[string]bool   // questions
	folded map[string]string // documents that hold evidence
}

func newBuilder() *builder {
	return &builder{&EvidenceSet{byID: map[string]int{}}, map[string]bool{}, map[string]bool{}, map[string]string{}}
}

// Put adds a document that contexts may cite, to a set that has its questions.
func (s *EvidenceSet) Put(d Document) error {
	if _, dup := s.byID[d.ID]; dup {
		return fmt.Errorf("document %q comes twice", d.ID)
	}
	s.byID[d.ID] = len(s.Documents)
	s.Documents = append(s.Documents, d)
	return nil
}

func (b *builder) document(d Document) error { return b.set.Put(d) }

func (b *builder) question(q Question) error {
	s := b.set
	if b.seen[q.ID] {
		return fmt.Errorf("question %q comes twice", q.ID)
	}
	b.seen[q.ID] = true
	q.gold, q.bytes, q.answers, q.copied = map[string][]extent{}, 0, nil, false
	if q.Group != "" {
		b.groups[q.Group] = true
	}
	for i, e := range q.Evidence {
		places := q.places(i)
		q.copied = q.copied || len(places) > 1
		for _, p := range places {
			i, ok := s.byID[p.Doc]
			if !ok {
				return fmt.Errorf("question %q: %w: %q", q.ID, errNoDocument, p.Doc)
			}
			if !borders(s.Documents[i].Text, p.Start, p.End) {
				return fmt.Errorf("question %q: %w: bytes %d to %d of %q, which has %d", q.ID, errSpan, p.Start, p.End, p.Doc, len(s.Documents[i].Text))
			}
			if q.Group != "" {
				s.Documents[i].Group = q.Group
			}
		}
		q.gold[e.Doc] = append(q.gold[e.Doc], extent{e.Start, e.End})
	}
	for d, v := range q.gold {
		q.gold[d] = union(v)
		for _, x := range q.gold[d] {
			q.bytes += x.end - x.start
		}
	}
	for _, a := range q.Answers {
		f := fold(a)
		if utf8.RuneCountInString(f) < 3 || trivial[f] {
			continue
		}
		for d := range q.gold {
			if _, ok := b.folded[d]; !ok {
				b.folded[d] = fold(s.Documents[s.byID[d]].Text)
			}
			if strings.Contains(b.folded[d], f) {
				q.answers = append(q.answers, f)
				break
			}
		}
	}
	s.Questions = append(s.Questions, q)
	return nil
}

// done gives documents without a group the one that their id begins with.
func (b *builder) done() *EvidenceSet {
	names := slices.Sorted(maps.Keys(b.groups))
	for i := range b.set.Documents {
		if d := &b.set.Documents[i]; d.Group == "" {
			if g := slices.IndexFunc(names, func(g string) bool { return strings.HasPrefix(d.ID, g+"-") }); g >= 0 {
				d.Group = names[g]
			}
		}
	}
	return b.set
}

// LoadEvidence reads the two files, gzipped or not.
func LoadEvidence(documents, questions string) (*EvidenceSet, error) {
	d, err := files.Open(documents)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	q, err := files.Open(questions)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	return ReadEvidence(documents, d, questions, q)
}

// borders says whether [start, end) is a range of whole characters of s.
func borders(s string, start, end int) bool {
	return 0 <= start && start < end && end <= len(s) && utf8.RuneStart(s[start]) && (end == len(s) || utf8.RuneStart(s[end]))
}

type extent struct{ start, end int }

// union joins extents that overlap or touch, ascending.
func union(v []extent) []extent {
	v = slices.Clone(v)
	slices.SortFunc(v, func(a, b extent) int { return a.start - b.start })
	out := v[:0]
	for _, x := range v {
		if n := len(out); n > 0 && x.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, x.end)
		} else if x.end > x.start {
			out = append(out, x)
		}
	}
	return out
}

// overlap counts the bytes that two unions share.
func overlap(u, v []extent) (n int) {
	for i, j := 0, 0; i < len(u) && j < len(v); {
		n += max(0, min(u[i].end, v[j].end)-max(u[i].start, v[j].start))
		if u[i].end < v[j].end {
			i++
		} else {
			j++
		}
	}
	return n
}

// fold makes texts comparable: full Unicode case folding, white space runs as
// one blank. White space includes U+001C to U+001F, as for the independent judge.
func fold(s string) string {
	s = cases.Fold().String(s)
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		switch {
		case '\t' <= r && r <= '\r', 0x1c <= r && r <= ' ', r == 0x85, r == 0xa0, r == 0x1680, 0x2000 <= r && r <= 0x200a,
			r == 0x2028, r == 0x2029, r == 0x202f, r == 0x205f, r == 0x3000:
			return true
		}
		return false
	}), " ")
}

// LoadEvidenceSets reads every set below dir: the folders that hold
// documents.jsonl or documents.jsonl.gz and questions.jsonl, in the order of
// their names.
func LoadEvidenceSets(dir string) (names []string, sets []*EvidenceSet, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		questions := filepath.Join(dir, e.Name(), "questions.jsonl")
		documents := filepath.Join(dir, e.Name(), "documents.jsonl")
		if _, err := os.Stat(documents); err != nil {
			documents += ".gz"
		}
		if _, err := os.Stat(documents); err != nil {
			continue
		}
		s, err := LoadEvidence(documents, questions)
		if err != nil {
			return nil, nil, err
		}
		names, sets = append(names, e.Name()), append(sets, s)
	}
	if len(sets) == 0 {
		return nil, nil, fmt.Errorf("%s: no folder in it holds documents.jsonl(.gz) and questions.jsonl", dir)
	}
	return names, sets, nil
}
