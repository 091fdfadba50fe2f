package surroundings

import (
	"testing"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/pack/render"
)

const useSource = `package keep

func (w *Window) tidy(n int, p *Piece) int {
	a := 1
	b := 2
	c := 3
	d := 4
	e := 5
	f := 6
	g := 7
	h := 8
	i := 9
	w.room -= Fold(p.size, w.missing) // the line that is asked about
	j := 10
	k := 11
	l := 12
	m := 13
	return a
}
`

const declaredSource = `package keep

// Window is what is shown.
type Window struct {
	room int
}

// Fold folds.
func Fold(n, m int) int { return n }

type Piece struct{ size int }

type Other struct{ room int }
`

// TestGoCases: what a line needs is where its own types have the members that it names, and the
// first line of comments that begin with a name of it.
func TestGoCases(t *testing.T) {
	m := maker{cases: map[string][]Case{}, spelled: map[string][]render.Range{}, unspelt: map[string][]render.Range{}, declared: map[string]map[string][]place{},
		comments: map[string]map[string][]render.Range{}, members: map[string]map[string][]render.Range{},
		about: map[string][]render.Range{}, named: map[string][]render.Range{}}
	sources := map[string]string{"/k/use.go": useSource, "/k/declared.go": declaredSource}
	for _, path := range []string{"/k/use.go", "/k/declared.go"} {
		m.document(&corpus.Document{ID: path, Path: path, Type: "go", Source: sources[path]})
	}
	m.rest()
	got := map[string]int{}
	for kind, cases := range m.cases {
		for _, c := range cases {
			for _, n := range c.Needs {
				got[kind+": "+sources[n.Doc][n.Start:n.End]]++
				if n.Start > 0 && kind == Member && sources[n.Doc][n.Start-1] != '\t' && sources[n.Doc][n.Start-1] != ' ' {
					t.Errorf("%s: %q", kind, sources[n.Doc][n.Start-1:n.End])
				}
			}
		}
	}
	for what, n := range map[string]int{
		Declaration + ": tidy": 1, Member + ": room": 1, Member + ": size": 1, Comment + ": // Fold folds.": 1, IdentifierElsewhere + ": Fold": 1, Member + ": missing": 0,
	} {
		if got[what] != n {
			t.Errorf("%s: %d, want %d; all: %v", what, got[what], n, got)
		}
	}
}
