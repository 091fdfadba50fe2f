package session_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/pack/render"
	"github.com/tamis-search/tamis/pack/unit"
	"github.com/tamis-search/tamis/session"
	"github.com/tamis-search/tamis/text/tokens"
)

// indexed is an index in memory of these sources, by id.
func indexed(t testing.TB, sources map[string]string) *tamis.Index {
	t.Helper()
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ix.Close() })
	put(t, ix, sources)
	return ix
}

func put(t testing.TB, ix *tamis.Index, sources map[string]string) {
	t.Helper()
	var ids []string
	for id := range sources {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var docs iter.Seq2[tamis.Document, error] = func(yield func(tamis.Document, error) bool) {
		for _, id := range ids {
			if !yield(tamis.Document{ID: id, Source: sources[id]}, nil) {
				return
			}
		}
	}
	report, err := ix.Add(context.Background(), docs)
	if err != nil || len(report.Skipped) > 0 {
		t.Fatal(report.Skipped, err)
	}
}

var labels = map[string]*regexp.Regexp{
	render.Plain: regexp.MustCompile(`\[##\d+\]`), render.Markdown: regexp.MustCompile("`````"), render.XML: regexp.MustCompile("(?i)source__"),
}

// sessionCheck holds a session against everything that it promises.
func sessionCheck(t *testing.T, ix *tamis.Index, s *session.Session, o session.Options, counter tokens.Counter) *tamis.Context {
	t.Helper()
	w := s.Window()
	if n := counter.Count(w.Text); n > o.Tokens || n != w.Tokens {
		t.Fatalf("the window has %d tokens, states %d, may have %d", n, w.Tokens, o.Tokens)
	}
	if again, err := ix.Replay(t.Context(), w, tamis.Scope{}); err != nil || again != w.Text {
		t.Fatalf("%v\nreplayed %q\nwindow   %q", err, again, w.Text)
	}
	type at struct {
		doc string
		pos int
	}
	seen := map[at]bool{}
	for k, span := range w.Spans {
		for i := span.Start; i < span.End; i++ {
			if seen[at{span.Doc, i}] {
				t.Fatalf("byte %d of %s is shown twice", i, span.Doc)
			}
			seen[at{span.Doc, i}] = true
		}
		if labels[o.Render].MatchString(w.Texts()[k]) {
			t.Fatalf("span %q looks like a label", w.Texts()[k])
		}
	}
	return w
}

// TestSessionHoldsItsPromises does random things to sessions.
func TestSessionHoldsItsPromises(t *testing.T) {
	n := 60
	if os.Getenv("TAMIS_HEAVY") == "full" {
		n = 2000
	}
	words := strings.Fields("owls mice hunt night river bridge salt tide engine delta [1] [#2] [##3] source__ ````` 猫 Vienna 1969 and they the of")
	for seed := range uint64(n) {
		r := rand.New(rand.NewPCG(seed, 7))
		sources := map[string]string{}
		for d := range 2 + r.IntN(5) {
			var b strings.Builder
			for range 1 + r.IntN(30) {
				for range 1 + r.IntN(12) {
					b.WriteString(words[r.IntN(len(words))] + " ")
				}
				b.WriteString([]string{". ", ".\n", "\n\n", "? ", "\n- ", "\n\n[12:30] "}[r.IntN(6)])
			}
			sources[fmt.Sprint("d", d)] = b.String()
		}
		ix := indexed(t, sources)
		counters := tokens.Names()
		o := session.Options{Tokens: 20 + r.IntN(200), Turn: r.IntN(60), Counter: counters[r.IntN(len(counters))],
			Render: render.Growing()[r.IntN(len(render.Growing()))], Keep: r.IntN(3) == 0}
		if o.Counter == "bytes" {
			o.Tokens, o.Turn = 5*o.Tokens, 5*o.Turn
		}
		counter, err := tokens.New(o.Counter)
		if err != nil {
			t.Fatal(err)
		}
		s, err := session.New(ix, o)
		if err != nil {
			t.Fatal(err)
		}
		for range 25 {
			before := s.Window()
			grown := func(added string) {
				want := before.Text + "\n" + added
				if before.Text == "" || added == "" {
					want = before.Text + added
				}
				if got := s.Window().Text; got != want {
					t.Fatalf("seed %d: the window is %q, want %q", seed, got, want)
				}
			}
			id := 1 + r.IntN(12)
			switch r.IntN(8) {
			case 0, 1, 2:
				turn, err := s.Context(t.Context(), words[r.IntN(10)]+" "+words[r.IntN(10)], tamis.Budget{}, tamis.Lab{KeepDuplicates: r.IntN(2) == 0},
					tamis.Layout{Guards: [][]string{nil, unit.Guards()}[r.IntN(2)], Shrink: float64(max(r.IntN(8)-5, 0)) / 4, MostOf: float64(r.IntN(2)) / 2})
				if err != nil {
					if !errors.Is(err, tamis.ErrBudget) {
						t.Fatal(err)
					}
					grown("")
					break
				}
				if len(turn.Folded) == 0 {
					grown(turn.Text)
				} else if !strings.HasSuffix(s.Window().Text, turn.Text) {
					t.Fatalf("%q does not end in %q", s.Window().Text, turn.Text)
				}
				if again, err := ix.Replay(t.Context(), turn.Context, tamis.Scope{}); err != nil || again != turn.Text {
					t.Fatal(again, err)
				}
			case 3:
				if err := s.Fold(id); err != nil {
					grown("")
				}
			case 4:
				added, err := s.Restore(id)
				if err != nil {
					grown("")
					break
				}
				grown(added.Text)
			case 5:
				s.Pin(id, r.IntN(2) == 0)
				grown("")
			case 6:
				for _, f := range s.Find(words[r.IntN(10)]) {
					if src := sources[f.Doc]; !slices.Contains(words, strings.ToLower(src[f.Start:f.End])) {
						t.Fatalf("found %q", src[f.Start:f.End])
					}
				}
			case 7:
				state, err := json.Marshal(s)
				if err != nil {
					t.Fatal(err)
				}
				if s, err = session.Resume(t.Context(), ix, state, tamis.Scope{}); err != nil {
					t.Fatalf("seed %d: %v", seed, err)
				}
				again, err := json.Marshal(s)
				if err != nil || string(again) != string(state) {
					t.Fatalf("%v\n%s\n%s", err, state, again)
				}
				grown("")
			}
			sessionCheck(t, ix, s, o, counter)
		}
	}
}

func TestSession(t *testing.T) {
	sources := map[string]string{
		"ops":    "The service runs on three machines. Backups are rotated every nine days. Backups are kept in Vienna.",
		"garden": "Tomatoes want sun. Water tomatoes in the morning. See [##3] for backups.",
	}
	ix := indexed(t, sources)
	o := session.Options{Tokens: 60, Turn: 20, Counter: "words"}
	s, err := session.New(ix, o)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(question string) *session.Turn {
		t.Helper()
		turn, err := s.Context(t.Context(), question, tamis.Budget{})
		if err != nil {
			t.Fatal(err)
		}
		return turn
	}
	first := ask("how often are backups rotated")
	if !strings.Contains(first.Text, "[##1] ") || !strings.Contains(first.Text, "nine days") || strings.Contains(first.Text, "[##3]") {
		t.Fatal(first.Text)
	}
	if !slices.ContainsFunc(first.Dropped, func(d render.Drop) bool { return d.Doc == "garden" && d.Reason == "looks like a label" }) {
		t.Fatalf("%+v", first.Dropped)
	}
	second := ask("how often are backups rotated")
	if strings.Contains(second.Text, "nine days") {
		t.Fatalf("sent again: %s", second.Text)
	}
	if !slices.ContainsFunc(second.Dropped, func(d render.Drop) bool { return d.Reason == "shown under label 1" }) {
		t.Fatalf("%+v", second.Dropped)
	}
	if err := s.Pin(1, true); err != nil {
		t.Fatal(err)
	}
	if err := s.Fold(1); !errors.Is(err, session.ErrPinned) {
		t.Fatal(err)
	}
	for _, err := range []error{s.Fold(99), s.Pin(99, true)} {
		if !errors.Is(err, session.ErrNoPiece) {
			t.Fatal(err)
		}
	}
	s.Pin(1, false)
	if err := s.Fold(1); err != nil {
		t.Fatal(err)
	}
	if f := s.Find("NINE days"); len(f) != 1 || !f[0].Folded || sources["ops"][f[0].Start:f[0].End] != "nine days" {
		t.Fatalf("%+v", f)
	}
	if strings.Contains(s.Window().Text, "nine days") {
		t.Fatal(s.Window().Text)
	}
	// What was folded may be sent again, and is not restored beside itself.
	third := ask("how often are backups rotated")
	if !strings.Contains(third.Text, "nine days") {
		t.Fatal(third.Text)
	}
	if _, err := s.Restore(1); !errors.Is(err, session.ErrNoPiece) {
		t.Fatal(err)
	}
	if err := s.Fold(third.Spans[0].Cite); err != nil {
		t.Fatal(err)
	}
	back, err := s.Restore(1)
	if err != nil || back.Text != first.Text {
		t.Fatal(back, err)
	}
	// A state outlives its sources' changes only where they are not shown.
	state, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	put(t, ix, map[string]string{"ops": strings.Replace(sources["ops"], "nine", "ten", 1)})
	var changed *render.ChangedError
	if _, err := session.Resume(t.Context(), ix, state, tamis.Scope{}); !errors.As(err, &changed) || changed.Doc != "ops" {
		t.Fatal(err)
	}
	// The living session shows what is new, and only that.
	if text := ask("how often are backups rotated").Text; !strings.Contains(text, "ten days") {
		t.Fatal(text)
	}
	for _, bad := range []string{"", "{}", `{"version":2}`, `{"version":1,"options":{"tokens":9},"next":1,"pieces":[{"id":1}]}`,
		`{"version":1,"options":{"tokens":9},"next":1,"pieces":[],"digest":"0"}`} {
		if _, err := session.Resume(t.Context(), ix, []byte(bad), tamis.Scope{}); err == nil {
			t.Errorf("resumed from %s", bad)
		}
	}
	for _, bad := range []session.Options{{}, {Tokens: 9, Render: render.JSON}, {Tokens: 9, Counter: "stones"}} {
		if _, err := session.New(ix, bad); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestSessionMakesRoom(t *testing.T) {
	sources := map[string]string{}
	for _, w := range strings.Fields("owls mice foxes bears wolves hares") {
		sources[w] = strings.Repeat("The "+w+" walk through the wood at night and rest by day. ", 2)
	}
	ix := indexed(t, sources)
	for _, keep := range []bool{false, true} {
		s, err := session.New(ix, session.Options{Tokens: 40, Turn: 15, Counter: "words", Keep: keep})
		if err != nil {
			t.Fatal(err)
		}
		full := false
		for i, w := range strings.Fields("owls mice foxes bears wolves hares") {
			turn, err := s.Context(t.Context(), w, tamis.Budget{})
			if err != nil {
				if !keep || !errors.Is(err, tamis.ErrBudget) {
					t.Fatal(err)
				}
				full = true
				continue
			}
			if i == 0 {
				s.Pin(1, true)
			}
			if slices.Contains(turn.Folded, 1) {
				t.Fatal("a pinned piece was folded")
			}
			if !strings.Contains(turn.Text, w) || keep && len(turn.Folded) > 0 {
				t.Fatalf("%d: folded %v for %q", i, turn.Folded, turn.Text)
			}
		}
		if full != keep {
			t.Fatalf("keep %v: full %v", keep, full)
		}
		if !strings.Contains(s.Window().Text, "owls") {
			t.Fatal("a pinned piece is gone")
		}
	}
}

// TestSessionShowsHeadsOnce: the time above a caption is not sent twice, and
// does not keep its sentence from being sent.
func TestSessionShowsHeadsOnce(t *testing.T) {
	ix := indexed(t, map[string]string{"film": "[00:01:02] The keeper walks to the northern lighthouse. The owls hunt.\n\n[00:01:09] Stones lie still. They fall."})
	s, err := session.New(ix, session.Options{Tokens: 100})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"[##1] [00:01:02] …\nThe owls hunt.", "[##2] The keeper walks to the northern lighthouse."}
	for i, question := range []string{"owls hunt", "where does the keeper walk"} {
		turn, err := s.Context(t.Context(), question, tamis.Budget{Tokens: []int{24, 16}[i]})
		if err != nil {
			t.Fatal(err)
		}
		if turn.Text != want[i] {
			t.Errorf("%q, want %q", turn.Text, want[i])
		}
	}
}

// TestSessionOutlivesItsIndex resumes a session after the index was changed,
// closed, opened and merged; receipts of every form replay there too.
func TestSessionOutlivesItsIndex(t *testing.T) {
	dir := t.TempDir()
	ix, err := tamis.Open(dir, tamis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, ix, map[string]string{"a": "Owls hunt at night. Mice fear owls.", "b": "Owls sleep by day."})
	s, err := session.New(ix, session.Options{Tokens: 200})
	if err != nil {
		t.Fatal(err)
	}
	turn, err := s.Context(t.Context(), "when do owls hunt", tamis.Budget{})
	if err != nil {
		t.Fatal(err)
	}
	state, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var receipts []*tamis.Context
	for _, render := range render.Renderings() {
		for _, shrink := range []float64{0, .5} {
			c, err := ix.Context(t.Context(), "when do owls hunt", tamis.Budget{Tokens: 100}, tamis.Layout{Render: render, Shrink: shrink, Guards: unit.Guards()})
			if err != nil {
				t.Fatal(err)
			}
			receipts = append(receipts, c)
		}
	}
	for i := range 8 {
		put(t, ix, map[string]string{fmt.Sprint("c", i): fmt.Sprintf("Owls number %d fly.", i)})
	}
	if err := ix.Close(); err != nil {
		t.Fatal(err)
	}
	if ix, err = tamis.Open(dir, tamis.Options{}); err != nil {
		t.Fatal(err)
	}
	defer ix.Close()
	if err := ix.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range receipts {
		if text, err := ix.Replay(t.Context(), c, tamis.Scope{}); err != nil || text != c.Text {
			t.Fatalf("%s: %v", c.Render, err)
		}
	}
	again, err := session.Resume(t.Context(), ix, state, tamis.Scope{})
	if err != nil || again.Window().Text != turn.Text {
		t.Fatalf("%v, %v", again, err)
	}
	more, err := again.Context(t.Context(), "when do owls hunt and fly", tamis.Budget{})
	if err != nil || strings.Contains(more.Text, "hunt") || !strings.Contains(more.Text, "fly") {
		t.Fatalf("%v, %v", more, err)
	}
}

func ExampleSession() {
	ix, err := tamis.Open("", tamis.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ix.Close()
	ctx := context.Background()
	if _, err := ix.Add(ctx, documents()); err != nil {
		fmt.Println(err)
		return
	}
	s, err := session.New(ix, session.Options{Tokens: 200, Turn: 14})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, question := range []string{"How often are backups rotated?", "On how many machines are the backups?"} {
		turn, err := s.Context(ctx, question, tamis.Budget{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(turn.Text)
	}
	s.Fold(2)
	fmt.Println(s.Find("three machines"))
	fmt.Println(s.Window().Text)
	// Output:
	// [##1] Backups are rotated every nine days.
	// [##2] The service runs on three machines.
	// [{2 ops 20 34 true}]
	// [##1] Backups are rotated every nine days.
}

func documents() iter.Seq2[tamis.Document, error] {
	return func(yield func(tamis.Document, error) bool) {
		yield(tamis.Document{ID: "ops", Title: "Operations", Source: "The service runs on three machines. Backups are rotated every nine days."}, nil)
	}
}
