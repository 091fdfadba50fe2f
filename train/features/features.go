// Package features gives an index features with names: directions of its dense vectors that a
// sparse autoencoder finds (package encode/autoencoder), each named by the terms that mark the
// passages in which it fires, with these passages as examples. How well names tell where
// features fire is measured on documents that neither were learned from. A search can be
// steered along a feature. No language model is needed.
package features

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/encode/autoencoder"
	"github.com/tamis-search/tamis/engine"
	"github.com/tamis-search/tamis/internal/replace"
	"github.com/tamis-search/tamis/text"
	"github.com/tamis-search/tamis/vector"
)

// Set is the features of a field of vectors.
type Set struct {
	Field    string    `json:"field"`
	Analyzer string    `json:"analyzer"`
	Learned  Learned   `json:"learned"`
	Features []Feature `json:"features"` // by their number

	model *autoencoder.Model
}

// Learned is how a set was learned, and what it is worth on passages of documents held out.
type Learned struct {
	Passages  int       `json:"passages"` // that were learned from
	HeldOut   int       `json:"held_out"`
	Width     int       `json:"width"`
	Active    int       `json:"active"`
	Rounds    int       `json:"rounds"`
	Seed      uint64    `json:"seed"`
	Explained float64   `json:"explained"`          // share of variance, of what was learned from
	Unseen    float64   `json:"explained_held_out"` // of passages held out
	Dead      int       `json:"dead"`               // features that fire in no passage
	Names     Detection `json:"names"`
}

// Feature is one direction.
type Feature struct {
	Number int    `json:"feature"`
	Name   string `json:"name"` // "" where it fires too rarely to be named
	Terms  []Term `json:"terms"`
	// Fires is in how many passages it does, Share of all, Mean how strongly where it does.
	Fires    int       `json:"fires"`
	Share    float64   `json:"share"`
	Mean     float64   `json:"mean"`
	Examples []Example `json:"examples"`
}

// Term marks the passages of a feature: Weight is its log-odds there, in standard deviations.
type Term struct {
	Text   string  `json:"term"` // as it is written most often
	Weight float64 `json:"weight"`

	key string // as the analysis makes it, words with spaces between
}

// Example is a passage in which a feature fires strongly.
type Example struct {
	Doc    string  `json:"doc"`
	Start  int     `json:"start"` // bytes of its source
	End    int     `json:"end"`
	Weight float64 `json:"weight"`
	Digest string  `json:"digest"` // of the text, by which it is known again
}

// Vectored is an index whose vectors can be read.
type Vectored interface {
	VectorFields(ctx context.Context) (map[string]tamis.VectorField, error)
	VectorsApart(ctx context.Context, id string, scope tamis.Scope) (own, attached map[string]tamis.Vector, err error)
}

// Options of Learn.
type Options struct {
	autoencoder.Options
	// Field is that of the vectors; "" is the only dense one.
	Field string
	// Seen is what is learned from.
	Seen tamis.Scope
	// Most is how many passages are learned from at most, about: of more, documents are left
	// out, evenly. 0 is DefaultMost.
	Most int
	// Checkpoint, where not "", is a file that keeps a training each minute and where it is
	// stopped, and with which the next one goes on.
	Checkpoint string
	// Progress, where not nil, is told how many steps of how many are done.
	Progress func(done, all int)
}

// ErrField is wrapped where an index has no dense vectors, or those of several fields.
var ErrField = errors.New("no field of dense vectors to learn features of")

// passage is a vector with the text that it stands for.
type passage struct {
	doc        string
	start, end int
	text       string
	v          vector.Dense
	held       bool
}

// DefaultMost is how many passages are learned from, where Options name nothing else.
const DefaultMost = 100_000

// keptEach is how long a training goes on until it is kept again.
const keptEach = time.Minute

// heldOut is one document of so many, which only measures.
const heldOut = 10

// Learn learns the features of an index's vectors and names them.
func Learn(ctx context.Context, ix engine.Index, o Options) (*Set, error) {
	s := &Set{}
	all, err := s.read(ctx, ix, o)
	if err != nil {
		return nil, err
	}
	var seen, unseen []vector.Dense
	for _, p := range all {
		if p.held {
			unseen = append(unseen, p.v)
		} else {
			seen = append(seen, p.v)
		}
	}
	t, err := trained(ctx, seen, &o)
	if err != nil {
		return nil, err
	}
	s.model = t.Model()
	c := s.model.Config
	s.Learned = Learned{Passages: len(seen), HeldOut: len(unseen), Width: c.Width, Active: c.Active, Rounds: cmp.Or(o.Rounds, autoencoder.DefaultRounds), Seed: o.Seed}
	if s.Learned.Explained, err = s.model.Explained(seen); err == nil {
		s.Learned.Unseen, err = s.model.Explained(unseen)
	}
	if err == nil {
		err = s.name(ctx, all)
	}
	if err == nil && o.Checkpoint != "" {
		if err = os.Remove(o.Checkpoint); errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
	}
	return s, err
}

// trained trains, or goes on with a training that was stopped.
func trained(ctx context.Context, vs []vector.Dense, o *Options) (*autoencoder.Training, error) {
	t, err := autoencoder.Start(vs, o.Options)
	if err != nil {
		return nil, err
	}
	if o.Checkpoint != "" {
		b, err := os.ReadFile(o.Checkpoint)
		if err == nil {
			if t, err = autoencoder.Resume(vs, o.Options, b); err != nil {
				return nil, fmt.Errorf("%s: %w; remove it to begin anew", o.Checkpoint, err)
			}
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	keep := func() error {
		if o.Checkpoint == "" {
			return nil
		}
		b, err := t.Bytes()
		if err == nil {
			err = replace.File(o.Checkpoint, b)
		}
		return err
	}
	kept := time.Now()
	err = t.Run(ctx, func() (err error) {
		if o.Progress != nil {
			o.Progress(t.Steps())
		}
		if time.Since(kept) > keptEach {
			err = keep()
			kept = time.Now()
		}
		return err
	})
	if err != nil {
		err = errors.Join(err, keep())
	}
	return t, err
}

// read reads the passages of an index that have vectors in the field.
func (s *Set) read(ctx context.Context, ix engine.Index, o Options) ([]passage, error) {
	from, ok := ix.(Vectored)
	if !ok {
		return nil, fmt.Errorf("%w: this engine does not give vectors back", engine.ErrLacks)
	}
	fields, err := from.VectorFields(ctx)
	if err != nil {
		return nil, err
	}
	if s.Field, err = fieldOf(fields, o.Field); err != nil {
		return nil, err
	}
	if s.Analyzer, err = prose(ix); err != nil {
		return nil, err
	}
	of := fields[s.Field]
	_, passages, err := ix.Count(o.Seen)
	if err != nil {
		return nil, err
	}
	most := cmp.Or(o.Most, DefaultMost)
	every := uint64(max(1, (passages+most-1)/most))
	var all []passage
	for page := (tamis.Page{Limit: 500}); ; {
		list, next, err := ix.Documents(ctx, page, o.Seen)
		if err != nil {
			return nil, err
		}
		for _, l := range list {
			if drawn(l.ID, o.Seed)>>32%every != 0 {
				continue
			}
			own, attached, err := from.VectorsApart(ctx, l.ID, o.Seen)
			if errors.Is(err, tamis.ErrNotFound) {
				continue // somebody deleted it meanwhile
			}
			if err != nil {
				return nil, err
			}
			v, ok := attached[s.Field]
			if !ok {
				if v, ok = own[s.Field]; !ok {
					continue
				}
			}
			source, err := ix.Source(ctx, l.ID, o.Seen)
			if err != nil {
				return nil, err
			}
			all = parts(all, l.ID, source, v, of)
		}
		if page.After = next; next == "" {
			break
		}
	}
	for i := range all {
		all[i].held = drawn(all[i].doc, o.Seed)%heldOut == 0
	}
	return all, nil
}

// mostText is how much of a document's text counts where one vector stands for all of it.
const mostText = 4 << 10

// parts are the passages of a document.
func parts(all []passage, doc, source string, v vector.Value, of vector.Field) []passage {
	add := func(start, end int, v vector.Value) {
		if d, ok := of.Compared(v).(vector.Dense); ok && len(d) > 0 && end <= len(source) {
			all = append(all, passage{doc: doc, start: start, end: end, text: source[start:end], v: d})
		}
	}
	if ps, ok := v.(vector.Parts); ok {
		for _, p := range ps {
			add(p.Start, p.End, p.Vector)
		}
		return all
	}
	end := len(source)
	if end > mostText {
		end = strings.LastIndexByte(source[:mostText], ' ') + 1
	}
	add(0, end, v)
	return all
}

// fieldOf is the dense field that is meant.
func fieldOf(fields map[string]vector.Field, name string) (string, error) {
	var dense []string
	for f, x := range fields {
		if x.Kind == vector.KindDense {
			dense = append(dense, f)
		}
	}
	slices.Sort(dense)
	switch {
	case name != "" && slices.Contains(dense, name):
		return name, nil
	case name != "":
		return "", fmt.Errorf("%w: %q is none of %s", ErrField, name, cmp.Or(strings.Join(dense, ", "), "the index's fields"))
	case len(dense) == 0:
		return "", fmt.Errorf("%w: make one with tamis index --model DIR or tamis train vectors", ErrField)
	case len(dense) > 1:
		return "", fmt.Errorf("%w: there are several, name one: %s", ErrField, strings.Join(dense, ", "))
	}
	return dense[0], nil
}

// prose is the analysis of an index's texts: the first that is no code's.
func prose(ix engine.Index) (string, error) {
	names, err := ix.Analyzers()
	if err != nil {
		return "", err
	}
	for _, n := range names {
		if n != "code" {
			return n, nil
		}
	}
	return "code", nil
}

// drawn is a number by which documents are chosen, the same on every machine.
func drawn(id string, seed uint64) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %s", seed, id)
	x := h.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	return x ^ x>>33
}

const magic = "tamis named features 1\n"

// ErrFile is wrapped where a file is none of features, or is damaged.
var ErrFile = errors.New("no file of features, or damaged: tamis train features makes one")

// Save writes a set into a file, whole or not at all: its magic, the length of the names as
// JSON and that, the model, and a digest.
func (s *Set) Save(path string) error {
	said, err := json.Marshal(s)
	if err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint64([]byte(magic), uint64(len(said)))
	if b, err = s.model.AppendBinary(append(b, said...)); err != nil {
		return err
	}
	return replace.File(path, binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b)))
}

// Open reads what Save wrote.
func Open(path string) (*Set, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no features at %s: make them with tamis train features, or name a file with --features", path)
	}
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok || len(rest) < 16 || xxhash.Sum64(b[:len(b)-8]) != binary.LittleEndian.Uint64(b[len(b)-8:]) {
		return nil, fmt.Errorf("%s: %w", path, ErrFile)
	}
	n := binary.LittleEndian.Uint64(rest)
	if rest = rest[8 : len(rest)-8]; n > uint64(len(rest)) {
		return nil, fmt.Errorf("%s: %w", path, ErrFile)
	}
	s := &Set{model: &autoencoder.Model{}}
	if err := json.Unmarshal(rest[:n], s); err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrFile, err)
	}
	if err := s.model.UnmarshalBinary(rest[n:]); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(s.Features) != s.model.Features {
		return nil, fmt.Errorf("%s: %w: %d names of %d features", path, ErrFile, len(s.Features), s.model.Features)
	}
	an, err := text.NewAnalyzer(s.Analyzer)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range s.Features {
		for j := range s.Features[i].Terms {
			t := &s.Features[i].Terms[j]
			t.key = strings.Join(an.Terms(nil, t.Text), " ")
		}
	}
	return s, nil
}

// Model is the autoencoder whose features these are.
func (s *Set) Model() *autoencoder.Model { return s.model }
