package read

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tamis-search/tamis/corpus"
	"github.com/tamis-search/tamis/corpus/read/format"
)

// slow reads a file whose text is how long it takes: a duration, or "forever".
func slow(ctx context.Context, f *format.File, o *format.Options, yield func(corpus.Document, error) bool) error {
	text, err := f.Text(nil)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil {
		<-ctx.Done()
		return ctx.Err()
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
		return ctx.Err()
	}
	yield(corpus.Document{Type: "slow", Source: text}, nil)
	return nil
}

// TestLate: a reader that hangs is one skipped file, in an archive too, and the others are
// read; time that the caller takes is not the reader's.
func TestLate(t *testing.T) {
	byExtension[".slow"] = &row{name: "slow", read: slow}
	defer delete(byExtension, ".slow")
	slowly := []string{"0.txt", "first"}
	for _, name := range []string{"1", "2", "3", "4", "5", "6"} {
		slowly = append(slowly, name+".slow", "119s")
	}
	dir := tree(t, map[string]string{
		"a.slow": "1m", "b.slow": "forever", "c.txt": "text", "d.zip": archived(t, "a.slow", "forever", "b.slow", "90s", "c.txt", "text"), "e.gz": zipped("text"),
		"f.zip": archived(t, append(slowly, "last.txt", "last")...),
	})
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := New(Options{})
		var got []string
		for f, err := range r.Files(dir) {
			if err != nil {
				t.Fatal(err)
			}
			d, early := r.Ahead(t.Context(), f, 1<<20)
			if name := strings.TrimPrefix(f.Path, dir+"/"); early != (name == "a.slow" || name == "c.txt" || name == "e.gz") {
				t.Errorf("%s is read ahead: %v, %q", name, early, d.Source)
			}
			for d, err := range r.Documents(t.Context(), f) {
				time.Sleep(time.Hour)
				if err != nil {
					got = append(got, strings.TrimPrefix(err.Error(), dir+"/"))
				} else {
					got = append(got, strings.TrimPrefix(d.ID, dir+"/"))
				}
			}
		}
		want := `a.slow
b.slow: given up: to read it takes longer than 2m0s
c.txt
d.zip!/a.slow: given up: to read it takes longer than 2m0s
d.zip!/b.slow
d.zip!/c.txt
e.gz
f.zip!/0.txt
f.zip!/1.slow
f.zip!/2.slow
f.zip!/3.slow
f.zip!/4.slow
f.zip!/5.slow
f.zip!/6.slow
f.zip: to read the files in it takes longer than 11m54s: no more of them are read`
		if s := strings.Join(got, "\n"); s != want {
			t.Errorf("got\n%s\nwant\n%s", s, want)
		}
		if d := time.Since(began) - time.Duration(len(got))*time.Hour; d > 40*time.Minute {
			t.Errorf("it took %v", d)
		}
	})
}

// TestLateEnds: where the caller's own context ends, that is what is said.
func TestLateEnds(t *testing.T) {
	byExtension[".slow"] = &row{name: "slow", read: slow}
	defer delete(byExtension, ".slow")
	dir := tree(t, map[string]string{"a.zip": archived(t, "a.slow", "forever")})
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r := New(Options{})
		for f, err := range r.Files(dir) {
			if err != nil {
				t.Fatal(err)
			}
			for _, err := range r.Documents(ctx, f) {
				if ctx.Err() == nil || !errors.Is(err, ctx.Err()) {
					t.Errorf("error %v, want %v", err, ctx.Err())
				}
			}
		}
	})
}
