package vector_test

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/tamis-search/tamis/vector"
)

func TestParseNamed(t *testing.T) {
	got, err := vector.ParseNamed([]byte(` {"hotel": 1.5, "a\u0062" : 2e0 ,"17":0.25} `))
	if err != nil || !reflect.DeepEqual(got, vector.Named{"hotel": 1.5, "ab": 2, "17": .25}) || got.Validate() != nil {
		t.Fatal(got, err)
	}
	for in, want := range map[string]error{
		`{}`:                 vector.ErrEmpty,
		`{"a":1,"a":2}`:      vector.ErrRepeated,
		`{"a":1,"\u0061":2}`: vector.ErrRepeated,
		`{"a":0}`:            vector.ErrWeight,
		`{"a":-1}`:           vector.ErrWeight,
		`{"a":1e99}`:         vector.ErrWeight,
		`{"a":"1"}`:          vector.ErrWeight,
		`{"a":NaN}`:          vector.ErrWeight,
		`[1]`:                vector.ErrKind,
		` [ ]`:               vector.ErrKind,
		`[ [1],[2]]`:         vector.ErrKind,
		`"a"`:                vector.ErrFormat,
		`7`:                  vector.ErrFormat,
		`{"a":1`:             vector.ErrFormat,
		``:                   vector.ErrFormat,
	} {
		if _, err := vector.ParseNamed([]byte(in)); !errors.Is(err, want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %v", in, err, want)
		}
	}
}

func TestNamedValidate(t *testing.T) {
	for _, w := range []float32{0, -1, float32(math.NaN()), float32(math.Inf(1))} {
		err := vector.Named{"z": w, "b": w, "c": 1}.Validate()
		if !errors.Is(err, vector.ErrWeight) || !strings.Contains(err.Error(), `"b"`) {
			t.Errorf("weight %g: %v", w, err)
		}
	}
	if err := (vector.Named{}).Validate(); !errors.Is(err, vector.ErrEmpty) {
		t.Error(err)
	}
}
