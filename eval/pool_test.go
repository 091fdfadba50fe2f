package eval

import (
	"strings"
	"testing"
)

// owlSet has one question of two documents.
func owlSet(t *testing.T) *EvidenceSet {
	t.Helper()
	s, err := ReadEvidence("d", strings.NewReader(`{"id":"a","title":"Owls","text":"Owls hunt at night. Mice sleep by day. Owls eat mice and voles."}
{"id":"b","title":"Mice","text":"Mice eat seeds. Owls are rare here. Voles dig holes."}
`), "q", strings.NewReader(`{"id":"1","question":"What do owls eat?","answers":[],"evidence":[{"doc":"a","start":39,"end":63}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// twoSets share ids: of documents, of questions and of a group.
func twoSets(t *testing.T) ([]string, []*EvidenceSet) {
	t.Helper()
	grouped, err := ReadEvidence("d", strings.NewReader(`{"id":"a","title":"Kites","text":"Kites fly in the wind. Children hold the string.","group":"x"}
{"id":"b","title":"Boats","text":"Boats sail before the wind. Owls never sail.","group":"y"}
`), "q", strings.NewReader(`{"id":"1","question":"Who holds the string?","answers":["Children"],"evidence":[{"doc":"a","start":23,"end":48}],"group":"x"}
{"id":"2","question":"What sails before the wind?","answers":["Boats"],"evidence":[{"doc":"b","start":0,"end":27}],"group":"y"}
`))
	if err != nil {
		t.Fatal(err)
	}
	return []string{"owls", "wind"}, []*EvidenceSet{owlSet(t), grouped}
}

func TestPool(t *testing.T) {
	names, sets := twoSets(t)
	pooled, err := Pool(names, sets)
	if err != nil {
		t.Fatal(err)
	}
	if len(pooled) != 2 || len(pooled[0].Documents) != 4 || &pooled[0].Documents[0] != &pooled[1].Documents[0] {
		t.Fatalf("%d sets of %d documents", len(pooled), len(pooled[0].Documents))
	}
	for i, s := range pooled {
		for k, q := range s.Questions {
			was := sets[i].Questions[k]
			if q.ID != names[i]+"/"+was.ID || q.Group != "" || q.bytes != was.bytes || len(q.answers) != len(was.answers) {
				t.Errorf("%+v was %+v", q, was)
			}
			// What answered alone answers here, and only that.
			for j, e := range q.Evidence {
				d, ok := s.Document(e.Doc)
				old, _ := sets[i].Document(was.Evidence[j].Doc)
				if !ok || d.Text != old.Text || d.Group != "" {
					t.Errorf("%s: %+v", e.Doc, d)
				}
			}
			if j := s.Judge(&q, &Context{Text: sets[i].text(was.Evidence[0]), Spans: q.Evidence[:1]}, nil); j.EvidenceRecall != 1 || j.Verbatim != 0 {
				t.Errorf("%s: %+v", q.ID, j)
			}
			if was.Evidence[0].Doc == sets[i].Questions[k].Evidence[0].Doc && strings.Contains(was.Evidence[0].Doc, "/") {
				t.Error("the set that was pooled has changed")
			}
		}
	}
	if _, err := Pool([]string{"a", "a"}, []*EvidenceSet{sets[0], sets[0]}); err == nil || !strings.Contains(err.Error(), `two sets have the document "a/a"`) {
		t.Error(err)
	}
	if _, err := Pool(nil, nil); err == nil {
		t.Error("nothing is pooled")
	}
}

func (s *EvidenceSet) text(x Span) string {
	d, _ := s.Document(x.Doc)
	return d.Text[x.Start:x.End]
}
