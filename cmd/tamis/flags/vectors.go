package flags

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis"
	"github.com/tamis-search/tamis/vector"
)

// VectorFile is what --vectors and its companions say.
type VectorFile struct {
	Path, Field string
	bits        int
	most        float32
	metric      string
}

// Add makes the flags.
func (v *VectorFile) Add(f *pflag.FlagSet) {
	f.StringVar(&v.Path, "vectors", "", "give documents the vectors of this file, by id: JSON Lines, CIFF or CSR")
	f.StringVar(&v.Field, "field", tamis.DefaultField, "the field of the vectors")
	f.IntVar(&v.bits, "bits", 0, "how a new field stores numbers: 8, 16 or 32 (default) bits")
	f.StringVar(&v.metric, "metric", "dot", "what a new field compares dense vectors by: dot or cosine")
	f.Float32Var(&v.most, "max-weight", 0, "with --bits 8 or 16, what the greatest step stands for (default: found in --vectors)")
}

// Fields says how the field is stored, where that is said.
func (v *VectorFile) Fields(f *pflag.FlagSet) (map[string]tamis.VectorField, error) {
	switch {
	case v.metric != "dot" && v.metric != "cosine":
		return nil, Usagef("--metric is %q: use dot or cosine", v.metric)
	case !f.Changed("bits") && !f.Changed("max-weight") && v.metric == "dot":
		return nil, nil
	case f.Changed("bits") && v.bits != 8 && v.bits != 16 && v.bits != 32:
		return nil, Usagef("--bits is %d: use 8, 16 or 32", v.bits)
	case f.Changed("max-weight") && (!(v.most > 0) || v.bits == 32):
		return nil, Usagef("--max-weight is %g: give a positive weight, and --bits 8 or 16", v.most)
	}
	field := tamis.VectorField{Bits: v.bits, Max: v.most}
	if v.metric == "cosine" {
		field.Kind, field.Similarity = vector.KindDense, vector.Cosine
	}
	return map[string]tamis.VectorField{v.Field: field}, nil
}

// VectorQuery is a search by vector.
type VectorQuery struct {
	object, file, field string
	recall              float32
	vector              tamis.Vector
}

// Add makes the flags.
func (v *VectorQuery) Add(f *pflag.FlagSet) {
	f.StringVar(&v.object, "vector", "", `rank by a vector: learned sparse, as {"term": 1.5}, or dense, as [0.5, -1]`)
	f.StringVar(&v.file, "vector-file", "", "the same from a file, or - for standard input; a record with a vector will do")
	f.StringVar(&v.field, "field", tamis.DefaultField, "the field of vectors that is searched")
	f.Float32Var(&v.recall, "recall", 1, "search vectors faster, for at least this recall of the best 10")
}

// Given says that there is a vector to search by.
func (v *VectorQuery) Given() bool { return v.object != "" || v.file != "" }

// Fill makes a query of it, after Read.
func (v *VectorQuery) Fill(q *tamis.Query) { q.Vector, q.Field, q.Recall = v.vector, v.field, v.recall }

// Field is the field that is named, "" for none.
func (v *VectorQuery) Field(f *pflag.FlagSet) string {
	if f.Changed("field") {
		return v.field
	}
	return ""
}

// Read parses the vector that the flags give. made says that a model makes one of the
// query.
func (v *VectorQuery) Read(in io.Reader, f *pflag.FlagSet, made bool) error {
	if !v.Given() && !made && (f.Changed("recall") || f.Changed("field")) {
		return Usagef("--recall and --field are for searches by vector: give --vector, --vector-file or --model")
	}
	if v.object != "" && v.file != "" || v.Given() && made {
		return Usagef("--vector, --vector-file and --model exclude each other: give one of them")
	}
	if !(v.recall > 0 && v.recall <= 1) {
		return Usagef("--recall is %g: give a share such as 0.95", v.recall)
	}
	if !v.Given() {
		return nil
	}
	var err error
	if v.object != "" {
		if v.vector, err = vector.Parse([]byte(v.object)); err != nil {
			return Usagef("--vector: %w", err)
		}
		return nil
	}
	var data []byte
	if v.file == "-" {
		data, err = io.ReadAll(in)
	} else {
		data, err = os.ReadFile(v.file)
	}
	if err != nil {
		return fmt.Errorf("--vector-file: %w", err)
	}
	var record struct{ Vector json.RawMessage }
	if json.Unmarshal(data, &record) == nil && len(record.Vector) > 0 {
		data = record.Vector
	}
	if v.vector, err = vector.Parse(data); err != nil {
		return fmt.Errorf("--vector-file %s: %w", v.file, err)
	}
	return nil
}
