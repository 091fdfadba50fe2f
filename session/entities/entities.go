// Package entities is a small store of what a user asks about by name, in a file that they
// name and can read, edit and delete. It steers what is suggested; nothing is kept unless a
// file was named.
package entities

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/session/turn"
)

// Entity is a name that a user used.
type Entity struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
	// Last is the number of the question that had it last, from 1 on.
	Last int `json:"last"`
}

// Store is the entities of a user.
type Store struct {
	Questions int      `json:"questions"`
	Entities  []Entity `json:"entities"`
}

// most entities are kept; those used least lately are forgotten for others.
const most = 200

// Load reads a store; one that is not there is empty.
func Load(file string) (*Store, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return &Store{Entities: []Entity{}}, nil
	}
	s := &Store{}
	if err == nil {
		if err = json.Unmarshal(b, s); err != nil {
			err = fmt.Errorf("%s is no store of entities: %w; delete it, or name another", file, err)
		}
	}
	return s, err
}

// Save writes a store, for its user's eyes alone.
func (s *Store) Save(file string) error {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return replace.File(file, append(b, '\n'))
}

// Note keeps the names of a question.
func (s *Store) Note(question string) {
	s.Questions++
	for _, name := range turn.Names(question) {
		i := slices.IndexFunc(s.Entities, func(e Entity) bool { return strings.EqualFold(e.Name, name) })
		if i < 0 {
			i = len(s.Entities)
			s.Entities = append(s.Entities, Entity{Name: name})
		}
		s.Entities[i].Count++
		s.Entities[i].Last = s.Questions
	}
	slices.SortStableFunc(s.Entities, func(a, b Entity) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(b.Last, a.Last), strings.Compare(a.Name, b.Name))
	})
	for len(s.Entities) > most {
		oldest := 0
		for i, e := range s.Entities {
			if e.Last < s.Entities[oldest].Last {
				oldest = i
			}
		}
		s.Entities = slices.Delete(s.Entities, oldest, oldest+1)
	}
}

// Delete forgets a name, whatever its case, and says whether it was there.
func (s *Store) Delete(name string) bool {
	n := len(s.Entities)
	s.Entities = slices.DeleteFunc(s.Entities, func(e Entity) bool { return strings.EqualFold(e.Name, name) })
	return len(s.Entities) < n
}
