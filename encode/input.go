package encode

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tamis-search/tamis/internal/screen"
)

// Input is what of its document a passage is encoded with.
type Input struct {
	Title    bool // stands before it
	Headings bool // those above it, behind the title
	Previous bool // the sentence before it, behind these
	// Late has a model read as much of the document as it takes at once, and makes the
	// vector of a passage of the states of its own tokens (Günther et al. 2024).
	Late bool
}

// DefaultInput is the title alone.
var DefaultInput = Input{Title: true}

var inputs = []string{"title", "headings", "previous", "late"}

func (in *Input) part(name string) *bool {
	return []*bool{&in.Title, &in.Headings, &in.Previous, &in.Late}[slices.Index(inputs, name)]
}

// ParseInput reads a list of title, headings, previous and late; none is nothing.
func ParseInput(list string) (in Input, err error) {
	if list == "none" {
		return in, nil
	}
	for _, name := range strings.Split(list, ",") {
		if !slices.Contains(inputs, name) {
			return in, fmt.Errorf("%s: a passage is encoded with some of %s, or none", screen.Name(name), strings.Join(inputs, ", "))
		}
		*in.part(name) = true
	}
	return in, nil
}

// String is what ParseInput reads.
func (in Input) String() string {
	var names []string
	for _, name := range inputs {
		if *in.part(name) {
			names = append(names, name)
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ",")
}

// Text is what is encoded of a passage.
func (in Input) Text(title string, headings []string, previous, text string) string {
	before := ""
	if in.Title {
		before = title
	}
	if in.Headings {
		for _, h := range headings {
			if h != title { // as a document's first heading often is
				before = Text(before, h)
			}
		}
	}
	if in.Previous && previous != "" {
		text = previous + " " + text
	}
	return Text(before, text)
}

// FieldInput is the Input of the vectors in the field of a name, and that of their model.
func FieldInput(field string) (model string, in Input) {
	model, list, ok := strings.Cut(field, inputMark)
	if !ok {
		return model, DefaultInput
	}
	in, _ = ParseInput(list)
	return model, in
}

// inputMark stands between the name of a model and of an Input that is not the default.
const inputMark = "+"

func named(model string, in Input) string {
	if model == "" || in == DefaultInput {
		return model
	}
	return model + inputMark + in.String()
}
