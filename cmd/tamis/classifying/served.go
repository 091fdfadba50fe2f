package classifying

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/tamis-search/tamis/classify"
	"github.com/tamis-search/tamis/classify/learned"
	"github.com/tamis-search/tamis/cmd/tamis/flags"
	"github.com/tamis-search/tamis/eval/files"
	"github.com/tamis-search/tamis/internal/screen"
	"github.com/tamis-search/tamis/server/labels"
)

// Served says by which examples a server gives texts labels.
type Served struct{ file, field, none string }

// Add adds the flags; where says how labels are asked for.
func (l *Served) Add(f *pflag.FlagSet, where string) {
	f.StringVar(&l.file, "classify", "", "give texts labels ("+where+") by the examples of this file: JSON Lines of text and label")
	f.StringVar(&l.field, "label-field", "", "metadata field that holds the labels; without --classify the documents that have it are the examples")
	f.StringVar(&l.none, "label-none", "", "label of examples that have none of the others")
}

// Giver learns of the file that was named, or has the documents of collections learned of
// when somebody asks; nil where neither was named. Of lo it takes the library, the encoder
// that was named and the models of indexes.
func (l *Served) Giver(ctx context.Context, lo labels.Options, warn func(format string, args ...any)) (*labels.Giver, error) {
	lo.Field, lo.None = l.field, l.none
	lo.Keep = learned.Keep{Folder: learned.Folder(), Warn: warn}
	switch {
	case l.file == "-":
		return nil, flags.Usagef("--classify names a file: a server has no standard input to read")
	case l.file != "":
		examples, err := files.Read(l.file, func(name string, in io.Reader) ([]classify.Example, error) {
			return classify.Read(filepath.Base(name), in, cmp.Or(l.field, "label"), l.none, false)
		})
		if err != nil {
			return nil, fmt.Errorf("--classify: %w", err)
		}
		if lo.Of, err = learned.Learn(ctx, lo.Keep, lo.Encoder, examples); err != nil {
			return nil, fmt.Errorf("--classify %s: %w", screen.Name(l.file), err)
		}
	case l.field == "" && l.none != "":
		return nil, flags.Usagef("--label-none is for --classify FILE or --label-field FIELD")
	case l.field == "":
		return nil, nil
	}
	return labels.New(ctx, lo), nil
}

// Args are the flags as they were given, for another start of the program.
func (l *Served) Args() (args []string, err error) {
	if l.file != "" {
		path, err := filepath.Abs(l.file)
		if err != nil {
			return nil, err
		}
		args = append(args, "--classify", path)
	}
	if l.field != "" {
		args = append(args, "--label-field", l.field)
	}
	if l.none != "" {
		args = append(args, "--label-none", l.none)
	}
	return args, nil
}
