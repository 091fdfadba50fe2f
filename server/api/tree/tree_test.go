package tree

import (
	"errors"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/search/plan"
)

func TestPlanTrees(t *testing.T) {
	for _, c := range []struct{ tree, want string }{
		{`"text"`, "text"},
		{`"rrf(text, dense)"`, "rrf(text, dense)"},
		{`{"list":"text","unit":"document"}`, "text/document"},
		{`{"fuse":{"rrf":{"k":60}},"of":["text","dense"]}`, "rrf(text, dense, k=60)"},
		{`{"fuse":{"linear":{"norm":"median","depth":50}},"of":[{"list":"text","weight":0.4},{"list":"dense","weight":0.6}]}`, "linear(0.4*text, 0.6*dense, norm=median, depth=50)"},
		{`{"rerank":{"n":50},"of":[{"fuse":{"rrf":{}},"of":["text","dense"]},"multi"]}`, "rerank(rrf(text, dense), multi, n=50)"},
		{`{"boost":{"where":"role = \"it's\"","by":0.5},"of":["text"]}`, `boost(text, 'role = "it\u0027s"', by=0.5)`},
		{`{"aggregate":"max","of":[{"smooth":{"by":0.2},"of":["dense"]}]}`, "max(smooth(dense, by=0.2))"},
		{`{"recent":{"days":365},"of":[{"feedback":{"docs":5,"terms":20},"of":["text"]}]}`, "recent(feedback(text, docs=5, terms=20), days=365)"},
	} {
		got, err := Plan{[]byte(c.tree)}.Expression()
		if err != nil {
			t.Errorf("%s: %v", c.tree, err)
			continue
		}
		n, err := plan.Parse(got)
		if err != nil || n.String() != c.want {
			t.Errorf("%s is %s (%v), want %s", c.tree, n, err, c.want)
		}
	}
	for _, c := range []struct{ tree, field string }{
		{`7`, "plan"}, {`{}`, "plan.of"}, {`{"of":["text"]}`, "plan"},
		{`{"list":"te(xt"}`, "plan.list"}, {`{"list":"text","units":"x"}`, "plan.units"}, {`{"list":"text","weight":2}`, "plan.weight"},
		{`{"fuse":{"rrf":{"kk":1}},"of":["text"]}`, "plan.fuse.rrf.kk"}, {`{"fuse":{"max":{}},"of":["text"]}`, "plan.fuse"},
		{`{"fuse":{"rrf":{}},"of":["text",{"boost":{"where":"=","by":1},"of":["text"]}]}`, "plan.of[1].boost.where"},
		{`{"smooth":{"by":"x"},"of":["text"]}`, "plan.smooth.by"}, {`{"smooth":{"by":7},"of":["text"]}`, "plan"},
		{`{"smooth":{},"of":[{"list":"text","weight":1}]}`, "plan.of[0].weight"}, {`{"magic":{},"of":["text"]}`, "plan.magic"},
	} {
		_, err := Plan{[]byte(c.tree)}.Expression()
		var wrong *tamis.InvalidError
		if !errors.As(err, &wrong) || wrong.Field != c.field {
			t.Errorf("%s: %v at %q, want %q", c.tree, err, wrong, c.field)
		}
	}
}

// FuzzPlanTree: what a tree becomes is an expression that is read, or the tree is refused
// with its place.
func FuzzPlanTree(f *testing.F) {
	f.Add([]byte(`{"fuse":{"rrf":{"k":60}},"of":["text",{"list":"dense","weight":1e-9}]}`))
	f.Add([]byte(`{"boost":{"where":"a = 'b'","by":0.5},"of":["text"]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		text, err := Plan{data}.Expression()
		if err != nil && !errors.Is(err, tamis.ErrInvalid) {
			t.Fatal(err)
		}
		if err == nil && text != "" && len(data) > 0 && data[0] == '{' {
			if _, err := plan.Parse(text); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
		}
	})
}
