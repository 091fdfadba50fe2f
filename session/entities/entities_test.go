package entities

import (
	"os"
	"path/filepath"
	"testing"
)

// TestStore: names are counted, can be read again and deleted; a store never grows without end.
func TestStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mine.json")
	s, err := Load(file)
	if err != nil {
		t.Fatal(err)
	}
	s.Note("Is LVM better than ext4?")
	s.Note("Does lvm resize? Does LVM shrink?")
	if err := s.Save(file); err != nil {
		t.Fatal(err)
	}
	if s, err = Load(file); err != nil || len(s.Entities) != 2 || s.Entities[0] != (Entity{"LVM", 2, 2}) {
		t.Fatalf("%+v %v", s, err)
	}
	if !s.Delete("lvm") || s.Delete("LVM") || len(s.Entities) != 1 {
		t.Errorf("%+v", s)
	}
	for i := range 1000 {
		s.Note("What is host" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "-9?")
	}
	if len(s.Entities) != most {
		t.Errorf("%d entities", len(s.Entities))
	}
	if err := os.WriteFile(file, []byte("[1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(file); err == nil {
		t.Error("no error for a file that is no store")
	}
}
