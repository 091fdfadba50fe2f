package eval

import "fmt"

// Pool puts the documents of all sets into one corpus, of which every question
// is asked, and returns it once for each set, with that set's questions. Ids
// begin with the name of the set; groups are gone. It asks more of finding:
// what answers stands among the texts of all the others.
func Pool(names []string, sets []*EvidenceSet) ([]*EvidenceSet, error) {
	if len(names) != len(sets) || len(sets) == 0 {
		return nil, fmt.Errorf("pool: %d names for %d sets", len(names), len(sets))
	}
	var documents []Document
	byID := map[string]int{}
	for i, s := range sets {
		for _, d := range s.Documents {
			d.ID, d.Group = names[i]+"/"+d.ID, ""
			if _, dup := byID[d.ID]; dup {
				return nil, fmt.Errorf("pool: two sets have the document %q: give each set its own name", d.ID)
			}
			byID[d.ID] = len(documents)
			documents = append(documents, d)
		}
	}
	pooled := make([]*EvidenceSet, len(sets))
	for i, s := range sets {
		pooled[i] = &EvidenceSet{Documents: documents, byID: byID}
		for _, q := range s.Questions {
			evidence, gold := q.Evidence, q.gold
			q.ID, q.Group = names[i]+"/"+q.ID, ""
			q.Evidence, q.gold = make([]Span, len(evidence)), make(map[string][]extent, len(gold))
			for k, e := range evidence {
				e.Doc = names[i] + "/" + e.Doc
				q.Evidence[k] = e
			}
			copies := q.Copies
			q.Copies = make([][]Span, len(copies))
			for k := range copies {
				for _, e := range copies[k] {
					e.Doc = names[i] + "/" + e.Doc
					q.Copies[k] = append(q.Copies[k], e)
				}
			}
			for d, x := range gold {
				q.gold[names[i]+"/"+d] = x
			}
			pooled[i].Questions = append(pooled[i].Questions, q)
		}
	}
	return pooled, nil
}
