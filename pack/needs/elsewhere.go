package needs

import (
	"cmp"
	"context"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/acronym"
	"github.com/tamis-search/tamis/internal/topk"
)

// How much is looked at in other documents.
const (
	passagesEach    = 20  // for a name
	passagesCode    = 200 // for one of code
	passagesAcronym = 100 // for an acronym, whose senses are weighed
	mostOthers      = 4   // documents that are kept
)

// elsewhere picks where other documents introduce names.
func (p *picker) elsewhere(ctx context.Context, names []name) error {
	docs := map[topk.Row]bool{}
	for _, n := range names {
		if err := ctx.Err(); err != nil {
			return err
		}
		in, x, err := p.other(n)
		if err != nil {
			return err
		}
		if in == nil || len(docs) == mostOthers && !docs[in.row] {
			continue
		}
		docs[in.row] = true
		p.introduce(in, x, n, elsewhere)
	}
	return nil
}

// other is where another document introduces a name best; nil without one.
func (p *picker) other(n name) (*part, introduction, error) {
	terms, err := p.Terms(n.text)
	if err != nil || len(terms) == 0 {
		return nil, introduction{}, err
	}
	k := passagesEach
	switch n.kind {
	case short:
		k = passagesAcronym
	case identifier:
		k = passagesCode
	}
	hits := p.from.BestPassages(terms, k)
	rows := make([]topk.Row, len(hits))
	for i, h := range hits {
		rows[i] = h.Row
	}
	p.from.Ahead(rows)
	var parts []*part
	for _, row := range rows {
		doc := p.from.DocumentOf(row)
		if doc == p.Doc {
			continue
		}
		in, err := p.part(doc, row.Row, row.Row+1)
		if err != nil {
			return nil, introduction{}, err
		}
		parts = append(parts, in)
	}
	if n.kind == short {
		in, x := p.sense(n, parts)
		return in, x, nil
	}
	slices.SortStableFunc(parts, func(a, b *part) int { return cmp.Compare(p.nearness(b, n), p.nearness(a, n)) })
	for _, in := range parts {
		if n.kind == identifier && p.nearness(in, n) == 0 {
			break
		}
		if x, _ := p.introduced(in, n); x.strength >= strong && (n.kind != identifier || n.of != "" || x.grouped || p.atMargin(in, x.at)) {
			return in, x, nil
		}
	}
	return p.titled(parts, n)
}

// titled is the beginning of a document that is called as a name is.
func (p *picker) titled(parts []*part, n name) (*part, introduction, error) {
	for _, in := range parts {
		title, _, _ := strings.Cut(in.Title, " (")
		if n.kind != proper || !strings.EqualFold(strings.TrimSpace(title), n.text) {
			continue
		}
		first, end := p.from.PassageRows(in.row)
		top, err := p.part(in.row, first, min(end, first+2))
		if err != nil {
			return nil, introduction{}, err
		}
		for k, s := range top.sentences {
			if s.Kind == corpus.Paragraph || s.Kind == corpus.Quote {
				return top, introduction{sentence: k, strength: medium, what: "what the document about " + n.text + " begins with"}, nil
			}
		}
	}
	return nil, introduction{}, nil
}

// nearness says how likely a name of the range means what a document calls so: what stands in
// a place of the name's package before what lies in the same folder, before a name that is
// hardly that of several things.
func (p *picker) nearness(in *part, n name) int {
	switch {
	case n.of != "" && in.under(n.of):
		return 3
	case n.of != "" && p.own.imports(n.of):
		return 0
	case filepath.Dir(in.Path) == filepath.Dir(p.own.Path):
		return 2
	case n.of == "" && distinct(n.text):
		return 1
	}
	return 0
}

// distinct says that an identifier is hardly that of several things.
func distinct(s string) bool { return innerCapital(s) || strings.ContainsAny(s, "_-") }

// under says that a document is one of a package or a type.
func (d *part) under(of string) bool {
	return slices.Contains(strings.FieldsFunc(d.Path+" "+d.ID, func(r rune) bool { return strings.ContainsRune("/\\. !:", r) }), of)
}

// sense is the passage that says what an acronym stands for, where texts give it several
// senses that which the words of the range speak for.
func (p *picker) sense(n name, parts []*part) (*part, introduction) {
	an, err := p.words.Get(p.own.Analyzer)
	if err != nil {
		return nil, introduction{}
	}
	d := acronym.NewDictionary(an)
	for _, in := range parts {
		if slices.ContainsFunc(in.definitions(), func(f acronym.Definition) bool { return f.Short == n.text }) {
			d.LearnText(in.text)
		}
	}
	passage := p.from.Passage(topk.Row{Segment: p.Doc.Segment, Row: p.own.sentences[p.first].passage})
	senses := d.Resolve(n.text, acronym.Context{Text: p.text(), Section: p.own.slice(max(passage.Start, p.own.start), min(passage.End, p.own.end()))})
	for _, s := range senses {
		for _, in := range parts {
			for _, f := range in.definitions() {
				if k, held := in.sentenceAt(in.start + f.LongStart); held && f.Short == n.text && strings.EqualFold(strings.TrimSuffix(f.Long, "s"), strings.TrimSuffix(s.Long, "s")) {
					return in, introduction{sentence: k, strength: strong, what: "what " + n.text + " stands for"}
				}
			}
		}
	}
	return nil, introduction{}
}
