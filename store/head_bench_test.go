package store

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// BenchmarkSmallCommit commits one small document at a time.
func BenchmarkSmallCommit(b *testing.B) {
	s, err := Open(filepath.Join(b.TempDir(), "ix"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	n := 0
	for b.Loop() {
		if err := commitStep(s, model{fmt.Sprint("d", n): "a small text of a few words"}); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

// BenchmarkOpen opens an index that was closed, and one that was killed with
// 4 MiB in its log.
func BenchmarkOpen(b *testing.B) {
	for _, how := range []string{"closed", "killed"} {
		for _, readOnly := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/readonly=%v", how, readOnly), func(b *testing.B) {
				dir := filepath.Join(b.TempDir(), "ix")
				s, err := Open(dir, Options{})
				if err != nil {
					b.Fatal(err)
				}
				for i := range 400 {
					if err := commitStep(s, model{fmt.Sprint("d", i): string(make([]byte, 200)) + fmt.Sprint(i)}); err != nil {
						b.Fatal(err)
					}
				}
				killed := filepath.Join(b.TempDir(), "killed")
				if ok, err := vfs.Clone(vfs.Default, vfs.Default, dir, killed); !ok || err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				from := dir
				if how == "killed" {
					from = killed
				}
				for b.Loop() {
					b.StopTimer()
					at := filepath.Join(b.TempDir(), "copy")
					if err := os.RemoveAll(at); err != nil {
						b.Fatal(err)
					}
					if ok, err := vfs.Clone(vfs.Default, vfs.Default, from, at); !ok || err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
					s, err := Open(at, Options{ReadOnly: readOnly, leaveMissing: true})
					if err != nil {
						b.Fatal(err)
					}
					b.StopTimer()
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			})
		}
	}
}
