// Package vectors has the vectors of an index in a cluster: how each field keeps them, as
// what they are indexed, what is read back, and the queries that rank by them.
//
// A sparse vector is indexed as features (rank_features), which need no plugin. Such a
// feature keeps nine significant bits of its weight, so a weight is as many features as it
// takes, each what the one before left over: one for 8 bits, two for 16, three for 32. A
// score is the sum of their products with the query's weights, so that it is that of
// exhaustive scoring but for the rounding of a float32.
//
// A dense vector is a knn_vector of the engine lucene, which the plugin opensearch-knn
// brings; compared exactly by its script, or over its graph where less than full recall is
// asked. It keeps the 32 bits of its numbers, whatever the field says. A multi-vector is not
// indexed: a script of that plugin compares those that pass the filters, from their records.
package vectors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tamis-search/tamis/vector"
)

// Stored is a vector as it is read back: one of these.
type Stored struct {
	Sparse vector.Named `json:"s,omitempty"`
	Dense  []byte       `json:"d,omitempty"` // float32, little-endian
	Multi  vector.Multi `json:"m,omitempty"` // as numbers: a script of the cluster reads them
	// Attached says that the vector came without the document, and stays while the document
	// is added as it was.
	Attached bool `json:"a,omitempty"`
}

// Store is a vector as it is stored, of a document that came with it or was given it later.
func Store(v vector.Value, attached bool) Stored {
	s := Stored{Attached: attached}
	switch v := v.(type) {
	case vector.Named:
		s.Sparse = v
	case vector.Dense:
		b := make([]byte, 0, 4*len(v))
		for _, x := range v {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
		}
		s.Dense = b
	case vector.Multi:
		s.Multi = v
	}
	return s
}

// Value is the vector.
func (s Stored) Value() vector.Value {
	switch {
	case s.Multi != nil:
		return s.Multi
	case s.Dense == nil:
		return s.Sparse
	}
	d := make(vector.Dense, len(s.Dense)/4)
	for i := range d {
		d[i] = math.Float32frombits(binary.LittleEndian.Uint32(s.Dense[4*i:]))
	}
	return d
}

// Canonical are valid vectors of a document by the names of their terms, and bytes that
// differ where they do. The error says what is wrong with them.
func Canonical(all map[string]vector.Value) (map[string]vector.Value, []byte, error) {
	out := map[string]vector.Value{}
	written := map[string]any{}
	for field, v := range all {
		if v == nil {
			return nil, nil, fmt.Errorf("field %q: %w", field, vector.ErrEmpty)
		}
		if err := v.Validate(); err != nil {
			return nil, nil, fmt.Errorf("field %q: %w", field, err)
		}
		v = Named(v, nil)
		out[field] = v
		if parts, ok := v.(vector.Parts); ok {
			var list []any
			for _, p := range parts {
				list = append(list, p.Start, p.End, Store(p.Vector, false))
			}
			written[field] = list
		} else {
			written[field] = Store(v, false)
		}
	}
	b, err := json.Marshal(written)
	return out, b, err
}

// Named gives terms that have numbers names: those of a vocabulary, or where that is nil
// their decimal ones.
func Named(v vector.Value, of *vector.Vocabulary) vector.Value {
	switch v := v.(type) {
	case vector.Sparse:
		n := make(vector.Named, v.Len())
		for i, t := range v.Terms {
			name := strconv.FormatUint(uint64(t), 10)
			if of != nil {
				name = of.Term(t)
			}
			n[name] = v.Weights[i]
		}
		return n
	case vector.Parts:
		out := make(vector.Parts, len(v))
		for i, p := range v {
			p.Vector = Named(p.Vector, of)
			out[i] = p
		}
		return out
	}
	return v
}

// Property is what vectors of a field are indexed as.
func Property(name string, k vector.Kind) string {
	sum := sha256.Sum256([]byte(name))
	return k.String()[:1] + hex.EncodeToString(sum[:8])
}

// dots keeps the name of a feature from being taken for a path.
var dots = strings.NewReplacer("%", "%25", ".", "%2E")

// mostFeature is how many bytes a feature's name may have: Lucene takes 32,766.
const mostFeature = 8 << 10

// feature is a term as the name of a feature, of which piece is the first digit.
func feature(term string, piece int) string {
	s := dots.Replace(term)
	if len(s) > mostFeature {
		sum := sha256.Sum256([]byte(s))
		s = hex.EncodeToString(sum[:])
	}
	return strconv.Itoa(piece) + s
}

// pieces is how many features a weight of a field may take.
func pieces(f vector.Field) int {
	switch f.Bits {
	case 8:
		return 1
	case 16:
		return 2
	}
	return 3
}

// least is the smallest weight of a feature.
const least = 0x1p-126

// Indexed is a vector as its property holds it.
func Indexed(f vector.Field, v vector.Value) any {
	switch v := v.(type) {
	case vector.Dense:
		return []float32(f.Compared(v).(vector.Dense))
	case vector.Named:
		out := make(map[string]float32, pieces(f)*len(v))
		for term, w := range v {
			if f.Bits != 32 {
				w = float32(min(max(math.Round(float64(w)/float64(f.Step())), 1), float64(f.Steps())))
			}
			for i := 0; w >= least; i++ {
				cut := math.Float32frombits(math.Float32bits(w) &^ (1<<15 - 1))
				out[feature(term, i)] = cut
				w -= cut
			}
		}
		return out
	}
	return nil
}

// Record are vectors of one record: what is indexed by property, and what is read back
// by field.
type Record struct {
	// Fields are the properties of the fields that the record has, also of those whose
	// model says nothing of it.
	Fields  []string
	Indexed map[string]any
	Stored  map[string]Stored
	// Near has sparse vectors indexed for approximate search too.
	Near bool
}

// Put adds the vector of a field.
func (r *Record) Put(name string, f vector.Field, s Stored) {
	r.Mark(name, f)
	if r.Stored == nil {
		r.Indexed, r.Stored = map[string]any{}, map[string]Stored{}
	}
	if indexed := Indexed(f, s.Value()); indexed != nil {
		r.Indexed[Property(name, f.Kind)] = indexed
	}
	if r.Near && s.Sparse != nil {
		r.Indexed[near(name)] = tokens(s.Sparse)
	}
	r.Stored[name] = s
}

// Mark notes that the record has been given what there is of a field, if only nothing.
func (r *Record) Mark(name string, f vector.Field) {
	if p := Property(name, f.Kind); !slices.Contains(r.Fields, p) {
		r.Fields = append(r.Fields, p)
	}
}

// UnfitError says that a vector cannot be one of its field, or its field cannot be in this
// cluster.
type UnfitError struct{ Err error }

func (e *UnfitError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UnfitError) Unwrap() error { return e.Err }

func unfit(format string, args ...any) error { return &UnfitError{fmt.Errorf(format, args...)} }
